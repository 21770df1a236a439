"""Turns a question and one sentence, read together, into a number: how strongly the sentence answers the question.

Slower and surer than index/reader.py, whose best sentence, or best two, it reads once more. It is the encoder trained further: what
changed in the lower layers comes with the project as thin matrices, the upper layers as a graph, for one encoder alone.
Knows nothing of indexes, documents or thresholds.
"""

import hashlib
import io
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from index.embedding import Encoder, LowerChanges
from index.runtime import open_session, shipped

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

_WEIGHTS = Path(__file__).with_name("cross_encoder.npz")
ASKED_TOKENS = 50  # read of a question, with the two marks around it: two messages and a question
TOLD_TOKENS = 65  # read of a sentence, with the mark at its end; 1 sentence of 30 is longer


@dataclass(frozen=True, slots=True, eq=False)
class CrossEncoder:
    """The upper layers as a graph, and what is added to the lower ones."""

    graph: "InferenceSession" = field(repr=False)
    changes: LowerChanges = field(repr=False)

    def read(self, embeddings: Encoder, question: str, sentence: str) -> float:
        """Return the logit of *sentence* answering *question*: above 0 it more likely does than not."""
        ids, of_sentence = pair_of(embeddings.token_ids(question), embeddings.token_ids(sentence))
        inputs = {"lower": embeddings.lower_states(ids)[None], "of_sentence": of_sentence[None]}
        return float(self.graph.run(["logits"], inputs)[0][0])


def pair_of(question: NDArray[np.int64], sentence: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the token ids of both, each given with its marks, as one text, and 1 for those of the sentence, else 0; shapes ``(n,)``.

    What is cut is cut before the mark at the end.
    """
    end = question[-1:]
    asked = np.concatenate([question[:-1][: ASKED_TOKENS - 1], end])
    told = np.concatenate([sentence[1:-1][: TOLD_TOKENS - 1], end])
    return np.concatenate([asked, told]), np.repeat(np.array([0, 1]), [len(asked), len(told)])


@cache
def open_cross_encoder(model_digest: str) -> CrossEncoder | None:
    """Return the cross-encoder, or None if it was trained on another encoder than that of *model_digest*, or cannot be used."""
    content = shipped(_WEIGHTS)
    if content is None:
        return None
    encoder, cross_encoder = load_cross_encoder(content)
    return cross_encoder if encoder == model_digest else None


def load_cross_encoder(content: bytes) -> tuple[str, CrossEncoder]:
    """Return the digest of the encoder that the weights in *content*, a file such as cross_encoder.npz, are for, and the cross-encoder."""
    digest = hashlib.sha256(content).hexdigest()
    with np.load(io.BytesIO(content), allow_pickle=False) as stored:
        names = [name.removesuffix(".down") for name in stored.files if name.endswith(".down")]
        matrices = {name: (stored[f"{name}.down"].astype(np.float32), stored[f"{name}.up"].astype(np.float32)) for name in names}
        cross_encoder = CrossEncoder(open_session(stored["graph"].tobytes()), LowerChanges(matrices, digest))
        return str(stored["encoder"]), cross_encoder
