"""Turns a question and the sentences found for it into one number each: how strongly the sentence answers the question.

A small transformer over the encoder's token states: the sentences' states are computed and stored when the index is
built, so that a question costs one pass of the encoder and a few thin layers, run by onnxruntime. Its weights, reader.npz,
are for one encoder alone. Knows nothing of indexes, documents or thresholds.
"""

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from index.embedding import TokenStates
from index.runtime import open_session, shipped

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

_WEIGHTS = Path(__file__).with_name("reader.npz")
QUESTION_TOKENS = 48  # tokens read of a question, as in training: two messages and a question
SENTENCE_TOKENS = 52  # tokens read of a sentence, as in training; 1 sentence of 20 is longer
BATCH_TOKENS = 25  # whose reading costs as much as beginning another batch: 0.3 ms; a third batch would save no more than that
PADDING = -1  # in the place of a token's id

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class SentenceStates:
    """What the index keeps of a sentence for reading: its token ids ``(n,)`` and thin states ``(n, width)``, float16."""

    ids: NDArray[np.int32]
    states: NDArray[np.float16]


@dataclass(frozen=True, slots=True, eq=False)
class Reader:
    """The reader's weights: a projection with a normalisation, the tokens' information, and the layers as a graph.

    ``digest`` (hex sha256) stands for all of them.
    """

    projection: tuple[Floats, Floats]  # (width, state width), (width,)
    scale: tuple[Floats, Floats]  # (width,) each: what the normalised numbers are multiplied by, and what is added
    information: Floats  # (vocabulary,), in [0, 1]
    graph: "InferenceSession" = field(repr=False)
    digest: str

    def thin(self, tokens: TokenStates) -> Floats:
        """Return the token states as the reader keeps them, shape ``(n, width)``."""
        values = tokens.states @ self.projection[0].T + self.projection[1]
        centred = values - values.mean(axis=-1, keepdims=True)
        spread = np.sqrt((centred * centred).mean(axis=-1, keepdims=True) + np.float32(1e-5))  # as torch's LayerNorm does
        thin: Floats = centred / spread * self.scale[0] + self.scale[1]
        return thin

    def sentence(self, tokens: TokenStates) -> SentenceStates:
        """Return what is to be stored of a sentence; its first token stands for no word and is left out."""
        return SentenceStates(tokens.ids[1:SENTENCE_TOKENS].astype(np.int32), self.thin(tokens)[1:SENTENCE_TOKENS].astype(np.float16))

    def read(self, question: TokenStates, sentences: Sequence[SentenceStates], cosines: Floats) -> Floats:
        """Return one logit a sentence, shape ``(len(sentences),)``: above 0 it more likely answers than not.

        *cosines* are those of the sentences' vectors to the question's. Sentences of like length are read in one batch.
        """
        ids, states = question.ids[:QUESTION_TOKENS], self.thin(question)[:QUESTION_TOKENS]
        logits = np.zeros(len(sentences), dtype=np.float32)
        for batch in batches([len(sentence.ids) for sentence in sentences], len(ids)):
            logits[batch] = self._read([sentences[at] for at in batch], ids, states, cosines[batch])
        return logits

    def _read(self, sentences: Sequence[SentenceStates], ids: NDArray[np.int64], states: Floats, cosines: Floats) -> Floats:
        """Return the logits of *sentences* to the question whose tokens are *ids* with their thin *states*, read in one batch."""
        count, asked = len(sentences), len(ids)
        told = np.full((count, max(len(sentence.ids) for sentence in sentences)), PADDING, dtype=np.int64)
        thin = np.zeros((count, asked + told.shape[1], states.shape[1]), dtype=np.float32)
        thin[:, :asked] = states
        for row, sentence in enumerate(sentences):
            told[row, : len(sentence.ids)] = sentence.ids
            thin[row, asked : asked + len(sentence.ids)] = sentence.states
        used, same = told != PADDING, ids[:, None] == told[:, None, :]
        informing = np.where(used, self.information[told], np.float32(0))
        pairs: dict[str, NDArray[np.generic]] = {
            "states": thin,
            "of_sentence": np.concatenate([np.zeros((count, asked)), used], axis=1).astype(np.int64),
            "shared": np.concatenate([same.any(axis=2), same.any(axis=1)], axis=1).astype(np.float32),  # on the other side too
            "information": np.concatenate([np.broadcast_to(self.information[ids], (count, asked)), informing], axis=1),
            "used": np.concatenate([np.ones((count, asked), dtype=np.bool_), used], axis=1),
            "cosines": cosines.astype(np.float32),
        }
        logits: Floats = self.graph.run(["logits"], pairs)[0]
        return logits


def batches(lengths: Sequence[int], asked: int) -> list[list[int]]:
    """Return the places of sentences of these *lengths* in tokens, read beside a question of *asked*, as one batch or two.

    Whatever is shorter than the longest of its batch is padded: the shorter ones are read apart where that is less work.
    """
    order = sorted(range(len(lengths)), key=lengths.__getitem__)
    cuts = [[order[:cut], order[cut:]] for cut in range(1, len(order))]
    ways = [[order]] * bool(order) + cuts

    def work(way: list[list[int]]) -> int:
        return sum(BATCH_TOKENS + len(batch) * (asked + lengths[batch[-1]]) for batch in way)

    return min(ways, key=work, default=[])


@cache
def open_reader(model_digest: str) -> Reader | None:
    """Return the reader, or None if it was trained on another encoder than that of *model_digest*, or cannot be used."""
    content = shipped(_WEIGHTS)
    if content is None:
        return None
    encoder, reader = load_reader(content)
    return reader if encoder == model_digest else None


def load_reader(content: bytes) -> tuple[str, Reader]:
    """Return the digest of the encoder that the reader in *content*, a file such as reader.npz, is for, and the reader."""
    with np.load(io.BytesIO(content), allow_pickle=False) as stored:
        arrays = {name: stored[name].astype(np.float32) for name in stored.files if name not in ("encoder", "graph")}
        graph = open_session(stored["graph"].tobytes())
        projection, scale = ((arrays[f"{name}.weight"], arrays[f"{name}.bias"]) for name in ("proj", "norm"))
        digest = hashlib.sha256(content).hexdigest()
        return str(stored["encoder"]), Reader(projection, scale, arrays["information"], graph, digest)
