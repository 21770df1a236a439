"""Turns a question and the sentences found for it into one number each: how strongly the sentence answers the question.

A small transformer over the encoder's token states: the sentences' states are computed and stored when the index is
built, so that a question costs one pass of the encoder and two thin layers. Its weights, reader.npz, are for one encoder
alone. Knows nothing of indexes, documents or thresholds.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.embedding import TokenStates
from index.errors import ModelError

_WEIGHTS = Path(__file__).with_name("reader.npz")
_DIGEST = Path(__file__).with_name("reader.sha256")  # in the format of sha256sum
HEADS = 4
QUESTION_TOKENS = 32  # tokens read of a question, as in training; 1 question of 100 is longer
SENTENCE_TOKENS = 52  # tokens read of a sentence, as in training; 1 sentence of 20 is longer

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class SentenceStates:
    """What the index keeps of a sentence for reading: its token ids ``(n,)`` and thin states ``(n, width)``, float16."""

    ids: NDArray[np.int32]
    states: NDArray[np.float16]


@dataclass(frozen=True, slots=True)
class Reader:
    """The reader's weights by name; ``digest`` (hex sha256) stands for all of them."""

    weights: dict[str, Floats]
    digest: str

    def thin(self, tokens: TokenStates) -> Floats:
        """Return the token states as the reader keeps them, shape ``(n, width)``."""
        return self._norm("norm", tokens.states @ self.weights["proj.weight"].T + self.weights["proj.bias"])

    def sentence(self, tokens: TokenStates) -> SentenceStates:
        """Return what is to be stored of a sentence; its first token stands for no word and is left out."""
        return SentenceStates(tokens.ids[1:SENTENCE_TOKENS].astype(np.int32), self.thin(tokens)[1:SENTENCE_TOKENS].astype(np.float16))

    def read(self, question: TokenStates, sentences: Sequence[SentenceStates], cosines: Floats) -> Floats:
        """Return one logit a sentence, shape ``(len(sentences),)``: above 0 it more likely answers than not.

        *cosines* are those of the sentences' vectors to the question's. All sentences are read in one batch.
        """
        if not sentences:
            return np.zeros(0, dtype=np.float32)
        ids, states = question.ids[:QUESTION_TOKENS], self.thin(question)[:QUESTION_TOKENS]
        asked, longest = len(ids), len(ids) + max(len(sentence.ids) for sentence in sentences)
        batch, width = len(sentences), states.shape[1]
        hidden = np.zeros((batch, longest, width), dtype=np.float32)
        features = np.zeros((batch, longest, 2), dtype=np.float32)  # is the token on the other side too; its information
        used = np.zeros((batch, longest), dtype=bool)
        information = self.weights["information"]
        for row, sentence in enumerate(sentences):
            end = asked + len(sentence.ids)
            hidden[row, :asked], hidden[row, asked:end] = states, sentence.states
            same = ids[:, None] == sentence.ids
            features[row, :asked, 0], features[row, asked:end, 0] = same.any(axis=1), same.any(axis=0)
            features[row, :asked, 1], features[row, asked:end, 1] = information[ids], information[sentence.ids]
            used[row, :end] = True
        nearest, likeness = _nearest(hidden, used, asked, information[ids])
        features = np.concatenate([nearest[:, :, None], features], axis=2)
        side = np.repeat(self.weights["seg.weight"], [asked, longest - asked], axis=0)
        hidden = hidden + side + features @ self.weights["feat.weight"].T + self.weights["feat.bias"]
        for layer in range(sum(name.endswith("norm1.weight") for name in self.weights)):
            hidden = self._layer(f"enc.layers.{layer}.", hidden, used)
        hidden = self._norm("out", hidden)
        of_sentence = used[:, asked:, None]
        pooled = [hidden[:, :asked].mean(axis=1), (hidden[:, asked:] * of_sentence).sum(axis=1) / of_sentence.sum(axis=1)]
        head = np.concatenate([*pooled, cosines[:, None], likeness[:, None]], axis=1) @ self.weights["head.0.weight"].T
        logits: Floats = _gelu(head + self.weights["head.0.bias"]) @ self.weights["head.2.weight"].T + self.weights["head.2.bias"]
        return logits[:, 0]

    def _layer(self, name: str, hidden: Floats, used: NDArray[np.bool_]) -> Floats:
        """One pre-norm transformer layer, shape kept: attention, then two linear maps with a ReLU between."""
        batch, length, width = hidden.shape
        joint = self._norm(f"{name}norm1", hidden) @ self.weights[f"{name}self_attn.in_proj_weight"].T
        joint = (joint + self.weights[f"{name}self_attn.in_proj_bias"]).reshape(batch, length, 3, HEADS, width // HEADS)
        queries, keys, values = (joint[:, :, part].transpose(0, 2, 1, 3) for part in range(3))
        scores = queries @ keys.transpose(0, 1, 3, 2) / np.float32((width // HEADS) ** 0.5)
        scores = np.where(used[:, None, None, :], scores, np.float32(-1e9))
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        mixed = (scores / scores.sum(axis=-1, keepdims=True)) @ values
        mixed = mixed.transpose(0, 2, 1, 3).reshape(batch, length, width) @ self.weights[f"{name}self_attn.out_proj.weight"].T
        hidden = hidden + mixed + self.weights[f"{name}self_attn.out_proj.bias"]
        inner = self._norm(f"{name}norm2", hidden) @ self.weights[f"{name}linear1.weight"].T + self.weights[f"{name}linear1.bias"]
        inner = np.maximum(inner, 0) @ self.weights[f"{name}linear2.weight"].T
        result: Floats = hidden + inner + self.weights[f"{name}linear2.bias"]
        return result

    def _norm(self, name: str, values: Floats) -> Floats:
        centred = values - values.mean(axis=-1, keepdims=True)
        scaled = centred / np.sqrt((centred * centred).mean(axis=-1, keepdims=True) + np.float32(1e-5))
        result: Floats = scaled * self.weights[f"{name}.weight"] + self.weights[f"{name}.bias"]
        return result


def _nearest(hidden: Floats, used: NDArray[np.bool_], asked: int, information: Floats) -> tuple[Floats, Floats]:
    """Return each token's greatest cosine to the other side ``(batch, length)``, and the question's mean of them by information."""
    unit = hidden / np.maximum(np.linalg.norm(hidden, axis=-1, keepdims=True), np.float32(1e-12))
    cosines = unit[:, :asked] @ unit[:, asked:].transpose(0, 2, 1)
    of_question = np.where(used[:, None, asked:], cosines, -1).max(axis=2)
    of_sentence = np.where(used[:, asked:], cosines.max(axis=1), -1)
    likeness = (of_question @ information) / max(float(information.sum()), 1e-6)
    return np.concatenate([of_question, of_sentence], axis=1, dtype=np.float32), likeness.astype(np.float32)


def _gelu(values: Floats) -> Floats:
    from scipy.special import erf

    result: Floats = (values * 0.5 * (1.0 + erf(values / np.sqrt(2.0)))).astype(np.float32)
    return result


@cache
def open_reader(model_digest: str) -> Reader | None:
    """Return the reader for the encoder of *model_digest*, or None if the reader was not trained on that encoder.

    Raises ModelError if the weights are missing or were altered.
    """
    expected = _DIGEST.read_text(encoding="ascii").split()[0]
    try:
        content = _WEIGHTS.read_bytes()
    except OSError as error:
        raise ModelError(f"The reader's weights {_WEIGHTS} cannot be read ({error.strerror}). Restore them from the project.") from error
    if hashlib.sha256(content).hexdigest() != expected:
        raise ModelError(f"{_WEIGHTS} was altered. Restore it from the project: git checkout -- {_WEIGHTS.name}")
    with np.load(_WEIGHTS, allow_pickle=False) as stored:
        if str(stored["encoder"]) != model_digest:
            return None
        return Reader({name: stored[name].astype(np.float32) for name in stored.files if name != "encoder"}, expected)
