"""Turns texts into rows of terms, and rows of terms into an index of BM25 scores: the same bytes from the same texts.

The rows are kept beside the scores, so that adding a text to many costs the counting of its own terms and one pass over
numbers. Knows nothing of documents or questions.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import bm25s
import numpy as np
from numpy.typing import NDArray

from index.terms import terms

K1, B = 1.5, 0.75  # of Lucene's formula, as everywhere
NO_TERM = "\0"  # stands for a text of stop words alone: an empty row would be refused, and no question has this term


@dataclass(frozen=True, slots=True, eq=False)
class TermRows:
    """The terms of texts: ``lengths[n]`` ids of text n follow those of text n - 1; an id is a position in ``vocabulary``."""

    ids: NDArray[np.int32]
    lengths: NDArray[np.int32]
    vocabulary: Sequence[str]


def term_rows(texts: Iterable[str]) -> TermRows:
    """Return the terms of *texts*, repeats kept."""
    places: dict[str, int] = {}
    rows = [[places.setdefault(term, len(places)) for term in terms(text) or [NO_TERM]] for text in texts]
    ids = np.fromiter((place for row in rows for place in row), dtype=np.int32)
    return TermRows(ids, np.array([len(row) for row in rows], dtype=np.int32), tuple(places))


def join(parts: Sequence[TermRows]) -> TermRows:
    """Return the rows of all *parts* in order, over one sorted vocabulary that holds nothing else."""
    shared: dict[int, list[TermRows]] = {}  # the parts of one vocabulary together: most have the one that was stored
    for part in parts:
        shared.setdefault(id(part.vocabulary), []).append(part)
    used = {same: np.unique(np.concatenate([part.ids for part in together])) for same, together in shared.items()}
    words = sorted({shared[same][0].vocabulary[place] for same, places in used.items() for place in places})
    at = {word: place for place, word in enumerate(words)}
    tables = {same: np.zeros(len(together[0].vocabulary), dtype=np.int32) for same, together in shared.items()}
    for same, places in used.items():
        tables[same][places] = [at[shared[same][0].vocabulary[place]] for place in places]
    ids = [tables[id(part.vocabulary)][part.ids] for part in parts]
    return TermRows(np.concatenate(ids), np.concatenate([part.lengths for part in parts]), words)


def score_index(rows: TermRows) -> bm25s.BM25:
    """Return the index of the rows' BM25 scores by Lucene's formula, as bm25s would make it, but in a fixed order of terms."""
    count, lengths = len(rows.lengths), rows.lengths.astype(np.float64)
    owners = np.repeat(np.arange(count, dtype=np.int64), rows.lengths)
    places, frequency = np.unique(rows.ids.astype(np.int64) * count + owners, return_counts=True)  # by term, then by text
    term, text = places // count, places % count
    holding = np.bincount(term, minlength=len(rows.vocabulary))
    rarity = np.log(1 + (count - holding + 0.5) / (holding + 0.5)).astype(np.float32)
    saturation = frequency / (K1 * (1 - B + B * lengths[text] / lengths.mean()) + frequency)
    lexical = bm25s.BM25(k1=K1, b=B)
    lexical.scores = {
        "data": (rarity[term] * saturation).astype(np.float32),
        "indices": text.astype(np.int32),
        "indptr": np.concatenate([[0], np.cumsum(holding)]),
        "num_docs": count,
    }
    lexical.vocab_dict = {word: place for place, word in enumerate(rows.vocabulary)}
    lexical.nonoccurrence_array = None
    return lexical


def save_terms(folder: Path, rows: TermRows) -> None:
    """Write the rows and the index of their scores into the new *folder*. Raises OSError if it cannot be written."""
    score_index(rows).save(str(folder), show_progress=False)
    np.save(folder / "ids.npy", rows.ids, allow_pickle=False)
    np.save(folder / "lengths.npy", rows.lengths, allow_pickle=False)


def load_scores(folder: Path) -> bm25s.BM25:
    """Return the index that `save_terms` wrote."""
    return bm25s.BM25.load(str(folder))


def load_rows(folder: Path) -> TermRows:
    """Return the rows that `save_terms` wrote; the ids stay on disk until they are read."""
    vocabulary: dict[str, int] = json.loads((folder / "vocab.index.json").read_text(encoding="utf-8"))
    ids = np.load(folder / "ids.npy", mmap_mode="r", allow_pickle=False)
    return TermRows(ids, np.load(folder / "lengths.npy", allow_pickle=False), tuple(vocabulary))


def scores(lexical: bm25s.BM25, question_terms: Sequence[str], count: int) -> NDArray[np.float32]:
    """Return the BM25 score of each of *count* texts for the terms, in row order; zeros where nothing matches."""
    known = [term for term in question_terms if term in lexical.vocab_dict]
    return np.asarray(lexical.get_scores(known), dtype=np.float32) if known else np.zeros(count, dtype=np.float32)
