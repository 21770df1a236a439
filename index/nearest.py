"""Turns vectors into files in which those nearest to a question are found, and finds them there.

Up to EXACT vectors a question is compared with each of them. More are shared out among lists too, and a question is
compared with those in the lists nearest to it: with as many lists as it took, when they were written, to find RECALL
of the nearest. All of it stays on the disk until it is read. Knows nothing of texts.
"""

from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import faiss
import numpy as np
from numpy.typing import NDArray

from index.embedding import Vectors
from index.encoded import StoredVectors

EXACT = 200_000  # vectors; to compare a question with so many takes one core some 18 ms (docs/scaling.md)
# Of the NEAR nearest to sentences of the documents, in how many lists they are found; and how many times as many are looked in.
# Questions lie less near to their paragraphs: at a million made-up vectors 47 lists found 0.996 for sentences, and 0.93 for the first
# ten words of others; 141 lists found 0.980 for those, 188 lists 0.99.
RECALL, MARGIN = 0.995, 4
NEAR = 10
QUESTIONS = 200  # sentences by which that is measured: to within 0.002
_FILE, _LISTS = "paragraphs.faiss", "paragraphs-lists.faiss"
_TRAINED_ON = 64  # vectors a list; FAISS asks for 39 at least
_KEPT = 2  # times as many as are asked for come from the lists, which hold a byte a number, to be compared in full
_BLOCK = 2**16  # vectors taken at a time, which bounds the memory
_ROUNDING = 1e-5  # by which a cosine differs when it is computed among others

Rows = NDArray[np.int64]  # ascending


@dataclass(frozen=True, slots=True)
class Probing:
    """In how many lists a question is looked for, 0 for a comparison with every vector, and the share in [0, 1] of the nearest found."""

    probes: int = 0
    recall: float = 1.0


class NearestWriter:
    """Writes vectors into a folder so that they can be compared with a question; no vectors, no file."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / _FILE
        self._index: faiss.IndexScalarQuantizer | None = None

    def __enter__(self) -> Self:
        return self

    def append(self, block: NDArray[np.generic]) -> None:
        """Take the rows of *block* in, after those before."""
        if self._index is None:
            self._index = faiss.IndexScalarQuantizer(block.shape[1], faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
        self._index.add(block.astype(np.float32))

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._index is not None and error is None:
            _write(self._index, self._path)


def write_lists(folder: Path, questions: Vectors) -> Probing:
    """Share the vectors in *folder* out among lists there if they are more than EXACT; *questions* tell how many to look in."""
    vectors = Nearest(folder).vectors
    if len(vectors) <= EXACT:
        return Probing()
    count, dimension = vectors.shape
    lists = max(min(int(count**0.5), count // _TRAINED_ON), 1)
    index = faiss.IndexIVFScalarQuantizer(
        faiss.IndexFlatIP(dimension), dimension, lists, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT, False
    )
    trained_on = min(count, _TRAINED_ON * lists)
    index.train(vectors[np.arange(trained_on) * count // trained_on].astype(np.float32))
    for start in range(0, count, _BLOCK):
        index.add(vectors[start : start + _BLOCK].astype(np.float32))
    _write(index, folder / _LISTS)
    floors = _nearest_cosines(vectors, questions)[:, -1]
    probes = 0
    while probes < lists and _recall(folder, probes, questions, floors) < RECALL:
        probes += 1 + probes // 4
    probes = min(MARGIN * probes, lists)
    return Probing(probes, round(_recall(folder, probes, questions, floors), 4))


def _recall(folder: Path, probes: int, questions: Vectors, floors: Vectors) -> float:
    """Return the share in [0, 1] of the nearest, whose cosines are at least *floors*, that are found in so many lists."""
    if not probes:
        return 0.0
    opened = Nearest(folder, probes)
    cosines = [opened.vectors[opened.rows(question, NEAR)].astype(np.float32) @ question for question in questions]
    return float(np.mean([(found >= floor - _ROUNDING).mean() for found, floor in zip(cosines, floors, strict=True)]))


class Nearest:
    """The vectors in a folder, of which the nearest are asked for. Safe in several threads."""

    def __init__(self, folder: Path, probes: int = 0) -> None:
        """Look in so many lists for a question, or compare it with every vector if *probes* is 0.

        Raises OSError, ValueError or RuntimeError if the files cannot be read.
        """
        self._index = _mapped(folder / _FILE)
        size = 2 * self._index.ntotal * self._index.d  # bytes of the vectors, which FAISS writes last
        start = (folder / _FILE).stat().st_size - size
        stored = np.memmap(folder / _FILE, np.float16, "r", start, (self._index.ntotal, self._index.d))
        self.vectors: StoredVectors = np.asarray(stored)
        self._lists = _mapped(folder / _LISTS) if probes else None
        if self._lists is not None:
            faiss.ParameterSpace().set_index_parameter(self._lists, "nprobe", probes)

    def rows(self, vector: Vectors, count: int, allowed: Rows | None = None) -> list[int]:
        """Return the rows of the *count* vectors nearest to the unit *vector*, the nearest first; of *allowed*, if given.

        Those are compared with it one by one: lists are of no use for a few of many.
        """
        if self._lists is not None and allowed is None:
            near = np.sort(_searched(self._lists, vector, _KEPT * count, None))
            cosines = self.vectors[near].astype(np.float32) @ vector
            return [int(row) for row in near[np.argsort(-cosines, kind="stable")[:count]]]
        options = None
        if allowed is not None:
            marks = np.zeros(len(self.vectors), dtype=np.bool_)
            marks[allowed] = True
            bits = np.packbits(marks, bitorder="little")  # held by this name: FAISS keeps no copy
            options = faiss.SearchParameters(sel=faiss.IDSelectorBitmap(bits))  # type: ignore[call-arg, arg-type]  # the stubs tell of C++
        return [int(row) for row in _searched(self._index, vector, min(count, len(self.vectors)), options)]


def _searched(index: faiss.Index, vector: Vectors, count: int, options: faiss.SearchParameters | None) -> Rows:
    _, rows = index.search(vector[None, :], count, params=options)
    found: Rows = rows[0][rows[0] >= 0]  # FAISS pads missing hits with -1, which would be the last paragraph
    return found


def _nearest_cosines(vectors: StoredVectors, questions: Vectors) -> Vectors:
    """Return the NEAR highest cosines of *vectors* to each of *questions*, the highest first."""
    cosines = np.zeros((len(questions), 0), dtype=np.float32)
    for start in range(0, len(vectors), _BLOCK):
        block = questions @ vectors[start : start + _BLOCK].astype(np.float32).T
        cosines = -np.sort(-np.concatenate([cosines, block], axis=1), axis=1)[:, :NEAR]
    return cosines


def _write(index: faiss.Index, path: Path) -> None:
    with path.open("wb") as file:
        # Its own writer overlooks a full disk; the stubs lack this one.
        faiss.write_index(index, faiss.PyCallbackIOWriter(file.write))  # type: ignore[attr-defined]


def _mapped(path: Path) -> faiss.Index:
    return faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)  # the other flag for mapping reads all into memory
