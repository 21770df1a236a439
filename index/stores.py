"""What search and the assistant ask of a store: an opened generation of an index, wherever it lies.

Nothing that is asked for grows with the index: no array over all its paragraphs crosses this line, so that an engine on
another machine can answer too. Knows nothing of files, of engines or of ranking.
"""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from index.document import Description, Document, Paragraph
from index.embedding import Vectors
from index.manifest import Manifest
from index.reader import SentenceStates
from index.vocabulary import Vocabulary

Floats = NDArray[np.float32]
_SPREAD = 1e-6  # scores that spread less than this are all alike, but for rounding


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Mean and covariance of a set of vectors: they give the mean and spread of its cosines to any question without a scan."""

    mean: Floats  # (dimension,)
    covariance: Floats  # (dimension, dimension)

    def standardise(self, question: Vectors, cosines: Floats) -> Floats:
        """Return how many standard deviations each cosine stands above the mean of all; zeros where all are alike."""
        centre = float(question @ self.mean)
        spread = math.sqrt(max(float(question @ self.covariance @ question), 0.0))
        return _standard(cosines, centre, spread)


@dataclass(frozen=True, slots=True, eq=False)
class TermScores:
    """BM25 scores of some texts for a question's terms, with the mean and the standard deviation of those of all texts in the index."""

    scores: Floats
    mean: float
    spread: float

    @property
    def standard(self) -> Floats:
        """How many standard deviations each stands above the mean; zeros where all texts are alike."""
        return _standard(self.scores, self.mean, self.spread)


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """Paragraphs as a store holds them, and their sentences, those of one paragraph after those of the one before."""

    paragraphs: tuple[Paragraph, ...]
    first_sentences: tuple[int, ...]  # the row of each paragraph's first sentence among all sentences of the index
    vectors: Vectors  # (paragraphs, dimension)
    sentence_vectors: Vectors  # (their sentences, dimension)
    terms: tuple[TermScores, ...]  # of the paragraphs, one a text
    sentence_terms: tuple[TermScores, ...]  # of their sentences, likewise


class Store(Protocol):
    """An opened generation. Paragraphs and sentences are named by their rows, 0, 1, 2 and so on in the order of documents.

    *within*, wherever it is taken, holds ids of documents, to which the answer is confined; None stands for all.
    Safe in several threads.
    """

    @property
    def manifest(self) -> Manifest:
        """What the generation was built from and what it holds."""

    @property
    def vocabulary(self) -> Vocabulary:
        """The words of the documents."""

    @property
    def paragraph_moments(self) -> Moments:
        """Those of all paragraphs' vectors."""

    @property
    def sentence_moments(self) -> Moments:
        """Those of all sentences' vectors."""

    def nearest(self, vector: Vectors, count: int, within: Collection[str] | None = None) -> list[int]:
        """Return the rows of the *count* paragraphs nearest to the unit *vector*, the nearest first; fewer where there are no more."""

    def matching(self, terms: Sequence[str], count: int, within: Collection[str] | None = None) -> list[int]:
        """Return the rows of at most *count* paragraphs with the highest BM25 scores for *terms*, above 0, the highest first."""

    def found(self, rows: Sequence[int], *terms: Sequence[str]) -> Found:
        """Return the paragraphs at *rows*, in that order, with vectors, sentences and, for each of the *terms* of texts, BM25 scores."""

    def sentence_states(self, rows: Sequence[int]) -> tuple[SentenceStates, ...]:
        """Return what was kept for reading the sentences at *rows*, in that order; nothing if the index keeps none."""

    def known_terms(self, terms: Sequence[str]) -> frozenset[str]:
        """Return those of *terms* that occur anywhere in the index."""

    def descriptions(self) -> tuple[Description, ...]:
        """Return what is known of every document, ordered by document id."""

    def document(self, document_id: str) -> Document | None:
        """Return the whole document, or None if the index has none of that id."""

    def close(self) -> None:
        """Give back what was opened; nothing is asked for after that."""


def _standard(values: Floats, mean: float, spread: float) -> Floats:
    return (values - np.float32(mean)) / np.float32(spread) if spread > _SPREAD else np.zeros_like(values)
