"""Turns texts into what the encoder makes of them, each distinct text once: token ids, token states and a vector.

Knows nothing of questions, answers or training.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.embedding import BATCH, Encoder, ModelFiles, TokenStates, Vectors
from index.reader import QUESTION_TOKENS, SENTENCE_TOKENS

MOST_USUAL = 7.5  # on Zipf's scale, about that of "the": a word so usual tells nothing

Progress = Callable[[int, int], None]  # called with texts encoded so far and in all


@dataclass(frozen=True, slots=True)
class EncodedTexts:
    """Texts by row: token ids ``(n,)``, token states ``(n, width)`` as float16, and one unit vector a row."""

    rows: dict[str, int]
    ids: list[NDArray[np.int64]]
    states: list[NDArray[np.float16]]
    vectors: Vectors

    def tokens(self, row: int) -> TokenStates:
        """Return the text of *row* as the encoder gives it."""
        return TokenStates(self.ids[row], self.states[row].astype(np.float32))


def encode_texts(embeddings: Encoder, texts: Iterable[str], progress: Progress) -> EncodedTexts:
    """Return *texts* encoded, each with no more tokens than the reader reads. About 40 KB of memory a sentence."""
    distinct = sorted(set(texts), key=lambda text: (len(text), text))  # like lengths together spare padding
    kept = max(QUESTION_TOKENS, SENTENCE_TOKENS)
    ids: list[NDArray[np.int64]] = []
    states: list[NDArray[np.float16]] = []
    vectors: list[Vectors] = []
    for start in range(0, len(distinct), BATCH):
        batch = distinct[start : start + BATCH]
        batch_vectors, tokens = embeddings.encode_tokens(batch)
        vectors.append(batch_vectors)
        ids += [one.ids[:kept].astype(np.int64) for one in tokens]
        states += [one.states[:kept].astype(np.float16) for one in tokens]
        progress(min(start + BATCH, len(distinct)), len(distinct))
    return EncodedTexts({text: row for row, text in enumerate(distinct)}, ids, states, np.concatenate(vectors))


def token_information(model: ModelFiles) -> NDArray[np.float32]:
    """Return how much each token of *model*'s vocabulary tells, in [0, 1]: 0 for the most usual and for marks such as [CLS].

    The frequencies are those of English words in wordfreq; a token that is no word counts as the rarest.
    """
    from wordfreq import zipf_frequency

    tokens = (model.folder / "vocab.txt").read_text(encoding="utf-8").rstrip("\n").split("\n")
    told = [0.0 if token.startswith("[") else MOST_USUAL - zipf_frequency(token.removeprefix("##"), "en") for token in tokens]
    return np.array([max(0.0, information) / MOST_USUAL for information in told], dtype=np.float32)
