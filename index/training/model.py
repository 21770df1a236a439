"""The reader as a torch module: turns a batch of question-sentence pairs into one logit each.

Knows nothing of where pairs come from or how weights are found.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from index.reader import QUESTION_TOKENS, SENTENCE_TOKENS
from index.training.states import EncodedTexts

WIDTH = 128  # of a thin state: what the index keeps of a token is 256 bytes
LAYERS = 2
HEADS = 4
INNER = 256  # width between the two maps of a layer
DROPOUT = 0.1  # in training, of the thin states and within the layers: without it .03 of AUROC on the speeches was lost
PAIR_FEATURES = 2  # cosine of the vectors, likeness of the words


@dataclass(frozen=True, slots=True)
class Batch:
    """Pairs side by side, each the question's tokens, then the sentence's without its first, then padding."""

    states: Tensor  # (pairs, tokens, state width)
    of_sentence: Tensor  # (pairs, tokens): 1 for a token of the sentence, else 0
    shared: Tensor  # (pairs, tokens): 1 for a token that stands on the other side too
    information: Tensor  # (pairs, tokens), in [0, 1]
    used: Tensor  # (pairs, tokens), False for padding
    cosines: Tensor  # (pairs,)


class ReaderModule(nn.Module):
    """A pre-norm transformer over thin token states, whose features are what each token has in common with the other side."""

    def __init__(self, state_width: int) -> None:
        super().__init__()
        self.proj = nn.Linear(state_width, WIDTH)
        self.norm = nn.LayerNorm(WIDTH)
        self.seg = nn.Embedding(2, WIDTH)
        self.feat = nn.Linear(3, WIDTH)
        layer = nn.TransformerEncoderLayer(WIDTH, HEADS, INNER, dropout=DROPOUT, activation="relu", batch_first=True, norm_first=True)
        self.enc = nn.TransformerEncoder(layer, LAYERS, enable_nested_tensor=False)
        self.out = nn.LayerNorm(WIDTH)
        self.head = nn.Sequential(nn.Linear(2 * WIDTH + PAIR_FEATURES, WIDTH), nn.GELU(), nn.Linear(WIDTH, 1))
        self.drop = nn.Dropout(DROPOUT)

    def forward(self, batch: Batch) -> Tensor:
        """Return one logit a pair, shape ``(pairs,)``."""
        thin = self.norm(self.proj(batch.states))
        return self.read(thin, batch.of_sentence, batch.shared, batch.information, batch.used, batch.cosines)

    def read(self, thin: Tensor, of_sentence: Tensor, shared: Tensor, information: Tensor, used: Tensor, cosines: Tensor) -> Tensor:
        """Return the logits of pairs whose states are already thin, as `Batch` has them."""
        nearest = _nearest(thin, of_sentence, used)
        asked, told = ((used & (of_sentence == side)).unsqueeze(-1) for side in (0, 1))
        weight = information * asked.squeeze(-1)
        likeness = (weight * nearest).sum(1) / weight.sum(1).clamp(min=1e-6)
        features = torch.stack([nearest, shared, information], dim=2)
        hidden = thin + self.seg(of_sentence) + self.feat(features)
        hidden = self.out(self.enc(self.drop(hidden), src_key_padding_mask=~used))
        pooled = [(hidden * side).sum(1) / side.sum(1).clamp(min=1) for side in (asked, told)]
        logits: Tensor = self.head(torch.cat([*pooled, torch.stack([cosines, likeness], dim=1)], dim=1))
        return logits[:, 0]


def _nearest(thin: Tensor, of_sentence: Tensor, used: Tensor) -> Tensor:
    """Return each token's greatest cosine to a token of the other side, shape ``(pairs, tokens)``."""
    unit = functional.normalize(thin, dim=-1)
    across = (of_sentence.unsqueeze(1) != of_sentence.unsqueeze(2)) & used.unsqueeze(1)
    return (unit @ unit.transpose(1, 2)).masked_fill(~across, -1).amax(2)


def collate(encoded: EncodedTexts, information: np.ndarray[tuple[int], np.dtype[np.float32]], pairs: Sequence[tuple[int, int]]) -> Batch:
    """Return *pairs* of a question's and a sentence's row in *encoded* as one batch."""
    question_ids = [encoded.ids[question][:QUESTION_TOKENS] for question, _ in pairs]
    sentence_ids = [encoded.ids[sentence][1:SENTENCE_TOKENS] for _, sentence in pairs]
    shape = len(pairs), max(len(asked) + len(told) for asked, told in zip(question_ids, sentence_ids, strict=True))
    states = np.zeros((*shape, encoded.states[0].shape[1]), dtype=np.float32)
    of_sentence, used = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=bool)
    shared, informing = np.zeros(shape, dtype=np.float32), np.zeros(shape, dtype=np.float32)
    for at, ((question, sentence), asked, told) in enumerate(zip(pairs, question_ids, sentence_ids, strict=True)):
        middle, end = len(asked), len(asked) + len(told)
        states[at, :middle] = encoded.states[question][:QUESTION_TOKENS]
        states[at, middle:end] = encoded.states[sentence][1:SENTENCE_TOKENS]
        of_sentence[at, middle:end], used[at, :end] = 1, True
        shared[at, :middle], shared[at, middle:end] = np.isin(asked, told), np.isin(told, asked)
        informing[at, :middle], informing[at, middle:end] = information[asked], information[told]
    cosines = np.array([encoded.vectors[question] @ encoded.vectors[sentence] for question, sentence in pairs], dtype=np.float32)
    return Batch(*(torch.from_numpy(values) for values in (states, of_sentence, shared, informing, used, cosines)))
