"""Reads one generation of the index: paragraphs (SQLite), vectors (FAISS, arrays), terms (BM25), all verified as it is opened.

Vectors, terms and states stay on disk until they are read.

Knows nothing of models, of questions or of ranking.
"""

import json
import sqlite3
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from index.document import Description, Document, Paragraph
from index.embedding import Vectors
from index.encoded import EncodedTexts, PackedStates, unpacked
from index.entries import Entry, ParagraphRow, StoredTexts, Texts, description_of, paragraph_of
from index.errors import IndexUnusableError
from index.manifest import GENERATION, REBUILD, Manifest, faults, manifest_of, pointed, read_manifest
from index.nearest import Nearest, Rows
from index.postings import StoredTerms, best, load_postings
from index.reader import SentenceStates
from index.stores import Found, Moments
from index.vocabulary import Vocabulary

Item = TypeVar("Item")

NAMES = ("paragraphs", "sentences")  # of the files that hold a row for each
VECTORS = "sentences-vectors.npy"
REMEMBERED = 2_000  # paragraphs, some 8 MB: the same ones are found for many questions
REMEMBERED_STATES = 1_000  # sentences, some 8 MB: the same ones are read for many questions
_LOADING = threading.Lock()  # numpy reads headers with Python's parser, which in 3.11 fails when two threads enter it at once
_ROUNDING = 1e-3  # by which a vector's cosine to itself may fall short of its length's square


class Generation:
    """An opened generation: its manifest, its documents and paragraphs, its vectors and its term indexes.

    Whoever opens one has compared its files with its manifest, as `open_verified` does. Reading is safe from several
    threads. Raises IndexUnusableError if a file cannot be read.
    """

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.folder = folder
        self.manifest = manifest
        try:
            with _LOADING:
                self._load()
        except (OSError, ValueError, RuntimeError, sqlite3.Error) as error:  # removed since, or out of memory
            raise IndexUnusableError(f"The index in {folder} cannot be read ({error}). {REBUILD}") from error

    def _load(self) -> None:
        folder = self.folder
        self._database = sqlite3.connect(
            f"{(folder / 'corpus.sqlite').absolute().as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False
        )
        self._read: dict[int, tuple[Paragraph, int]] = {}  # paragraphs by row, each with the row of its first sentence
        self._unpacked: dict[int, SentenceStates] = {}  # by the sentence's row
        self._nearest = Nearest(folder, self.manifest.probes)
        self._vectors = self._nearest.vectors, np.asarray(np.load(folder / VECTORS, mmap_mode="r", allow_pickle=False))
        self.paragraph_moments, self.sentence_moments = (
            Moments(*(np.load(folder / f"{name}-{part}.npy", allow_pickle=False) for part in ("mean", "covariance"))) for name in NAMES
        )
        self.vocabulary = Vocabulary(**json.loads((folder / "vocabulary.json").read_text(encoding="utf-8")))
        self._terms = StoredTerms(folder / "paragraphs-terms"), StoredTerms(folder / "sentences-terms")
        self._postings = load_postings(folder / "paragraphs-terms")
        self._keys = tuple(np.load(folder / f"{name}-keys.npy", mmap_mode="r", allow_pickle=False) for name in NAMES)
        if self.manifest.reader_digest:
            self._ids, self._states, self._token_ends = (
                np.asarray(np.load(folder / f"token-{part}.npy", mmap_mode="r", allow_pickle=False)) for part in ("ids", "states", "ends")
            )

    def nearest(self, vector: Vectors, count: int, within: Collection[str] | None = None) -> list[int]:
        """Return the rows of the *count* paragraphs nearest to the unit *vector*, the nearest first; fewer where there are no more."""
        return self._nearest.rows(vector, count, None if within is None else self.rows_of(within)[0])

    def matching(self, terms: Sequence[str], count: int, within: Collection[str] | None = None) -> list[int]:
        """Return the rows of at most *count* paragraphs with the highest BM25 scores for *terms*, above 0, the highest first."""
        allowed = None if within is None else self.rows_of(within)[0]
        return best(self._postings, self._terms[0].statistics.asked(terms), self.manifest.paragraphs, count, allowed)

    def found(self, rows: Sequence[int], *terms: Sequence[str]) -> Found:
        """Return the paragraphs at *rows*, in that order, with vectors, sentences and, for each of the *terms* of texts, BM25 scores."""
        read = self.paragraphs(rows)
        sentences = [row for paragraph, first in read for row in range(first, first + len(paragraph.sentences))]
        vectors, sentence_vectors = (kept[at].astype(np.float32) for kept, at in zip(self._vectors, (list(rows), sentences), strict=True))
        return Found(
            paragraphs=tuple(paragraph for paragraph, _ in read),
            first_sentences=tuple(first for _, first in read),
            vectors=vectors,
            sentence_vectors=sentence_vectors,
            terms=tuple(self._terms[0].scores(of_text, rows) for of_text in terms),
            sentence_terms=tuple(self._terms[1].scores(of_text, sentences) for of_text in terms),
        )

    def known_terms(self, terms: Sequence[str]) -> frozenset[str]:
        """Return those of *terms* that occur anywhere in the index."""
        words = self._terms[0].statistics.words
        return frozenset(term for term in terms if words.place(term) is not None)

    def sentence_states(self, rows: Sequence[int]) -> tuple[SentenceStates, ...]:
        """Return what was kept for reading the sentences at *rows*, in that order; nothing if the index keeps none."""
        if not self.manifest.reader_digest:
            return ()
        return _remembered(rows, self._unpacked, REMEMBERED_STATES, self._unpack)

    def _unpack(self, rows: Sequence[int]) -> dict[int, SentenceStates]:
        """Return what was kept for reading the sentences at *rows*, at least one."""
        spans = [slice(int(self._token_ends[row]), int(self._token_ends[row + 1])) for row in rows]
        states = unpacked(np.concatenate([self._states[span] for span in spans]))  # at once: one by one takes three times as long
        ends = np.cumsum([span.stop - span.start for span in spans])[:-1]
        return {row: SentenceStates(self._ids[span], part) for row, span, part in zip(rows, spans, np.split(states, ends), strict=True)}

    def paragraphs(self, rows: Sequence[int]) -> tuple[tuple[Paragraph, int], ...]:
        """Return the paragraphs at *rows*, in that order, each with the row of its first sentence."""
        return _remembered([int(row) for row in rows], self._read, REMEMBERED, self._select)

    def _select(self, rows: Sequence[int]) -> dict[int, tuple[Paragraph, int]]:
        """Return the paragraphs at *rows* by their row, each with the row of its first sentence."""
        marks = ",".join("?" * len(rows))
        found = self._database.execute(f"SELECT * FROM paragraphs WHERE row IN ({marks})", rows).fetchall()  # noqa: S608  # only marks
        return {values[0]: (paragraph_of(values[1], ParagraphRow(*values[3:])), int(values[2])) for values in found}

    def rows_of(self, document_ids: Collection[str]) -> tuple[Rows, Rows]:
        """Return the rows of the paragraphs, and those of the sentences, of the documents of these ids; unknown ids have none."""
        wanted = [span for document_id, span in self._spans.items() if document_id in document_ids]
        paragraphs, sentences = ([np.arange(*span[kind], dtype=np.int64) for span in wanted] for kind in (0, 1))
        none = [np.empty(0, dtype=np.int64)]
        return np.concatenate(paragraphs or none), np.concatenate(sentences or none)

    @cached_property
    def _spans(self) -> Mapping[str, tuple[tuple[int, int], tuple[int, int]]]:
        """The first row and the row after the last one, of every document's paragraphs and of its sentences, in the order of rows."""
        query = "SELECT document_id, MIN(row), MIN(first_sentence) FROM paragraphs GROUP BY document_id ORDER BY MIN(row)"
        starts = self._database.execute(query).fetchall()
        ends = [*(start[1:] for start in starts[1:]), (self.manifest.paragraphs, self.manifest.sentences)]
        return {
            document_id: ((row, end_row), (sentence, end_sentence))
            for (document_id, row, sentence), (end_row, end_sentence) in zip(starts, ends, strict=True)
        }

    def descriptions(self) -> tuple[Description, ...]:
        """Return what is known of every document, ordered by document id."""
        rows = self._database.execute("SELECT description FROM documents ORDER BY document_id").fetchall()
        return tuple(description_of(row[0]) for row in rows)

    def document(self, document_id: str) -> Document | None:
        """Return the whole document, or None if the index has none of that id."""
        row = self._database.execute("SELECT description, tail FROM documents WHERE document_id = ?", (document_id,)).fetchone()
        if row is None:
            return None
        rows = self._rows(document_id)
        text = "".join(f"{paragraph.gap}{paragraph.text}" for paragraph in rows) + row[1]
        return Document(description_of(row[0]), text, tuple(paragraph_of(document_id, paragraph) for paragraph in rows))

    def close(self) -> None:
        """Close the database; nothing is asked for after that."""
        self._database.close()

    def text_digests(self) -> dict[str, str]:
        """Return the digest of the text of each document, by document id."""
        return dict(self._database.execute("SELECT document_id, text_digest FROM documents").fetchall())

    def sources(self) -> dict[str, str]:
        """Return the digest of the file of each document, by document id."""
        return dict(self._database.execute("SELECT document_id, source FROM documents").fetchall())

    def entry(self, document_id: str) -> Entry:
        """Return the entry of a document that the index holds, as it was written."""
        query = "SELECT source, text_digest, description, tail, named FROM documents WHERE document_id = ?"
        source, text_digest, description, tail, named = self._database.execute(query, (document_id,)).fetchone()
        paragraphs, sentences = (stored.part(*span) for stored, span in zip(self._stored, self._spans[document_id], strict=True))
        return Entry(document_id, source, text_digest, description, tail, named, self._rows(document_id), paragraphs, sentences)

    def encoded(self) -> tuple[EncodedTexts, ...]:
        """Return what was computed of all paragraphs, and of all sentences."""
        return tuple(stored.texts.encoded for stored in self._stored)

    def check(self) -> None:
        """Raise IndexUnusableError if the files do not belong together: other numbers of rows, or texts not found by their own vectors."""
        about = self.manifest
        counts = (about.paragraphs, about.sentences)
        held = self._database.execute("SELECT count(*), sum(sentence_count), count(DISTINCT document_id) FROM paragraphs").fetchone()
        whole = tuple(held) == (*counts, about.documents)
        for keys, vectors, terms, count in zip(self._keys, self._vectors, self._terms, counts, strict=True):
            whole = whole and len(keys) == len(vectors) == len(terms) == count
        for row in sorted({0, about.paragraphs // 2, about.paragraphs - 1}) if whole else ():
            own = self._vectors[0][row].astype(np.float32)
            (found,) = self._nearest.rows(own, 1)
            whole = whole and bool(self._vectors[0][found].astype(np.float32) @ own >= own @ own - _ROUNDING)
        if not whole:
            raise IndexUnusableError(f"The files of {self.folder} do not belong together. {REBUILD}")

    def _rows(self, document_id: str) -> tuple[ParagraphRow, ...]:
        fields = ", ".join(ParagraphRow._fields)
        query = f"SELECT {fields} FROM paragraphs WHERE document_id = ? ORDER BY number"  # noqa: S608  # names of our own
        return tuple(ParagraphRow(*values) for values in self._database.execute(query, (document_id,)))

    @cached_property
    def _stored(self) -> tuple[StoredTexts, ...]:
        """What the index keeps of paragraphs and of sentences, to be copied into another generation."""
        stored = []
        for name, keys, vectors, terms in zip(NAMES, self._keys, self._vectors, self._terms, strict=True):
            tokens: tuple[NDArray[np.int32], NDArray[np.int32], PackedStates]
            if name == "sentences" and self.manifest.reader_digest:
                tokens = (np.diff(self._token_ends).astype(np.int32), self._ids, self._states)
            else:
                tokens = (np.zeros(len(keys), dtype=np.int32), np.zeros(0, dtype=np.int32), np.zeros((0, 0), dtype=np.uint8))
            stored.append(StoredTexts(Texts(EncodedTexts(keys, vectors, *tokens), terms.rows())))
        return tuple(stored)


def _remembered(
    rows: Sequence[int], kept: dict[int, Item], most: int, read: Callable[[Sequence[int]], dict[int, Item]]
) -> tuple[Item, ...]:
    """Return the items of *rows*, in that order, of those *kept*, and of what *read* returns for the others, which is then kept.

    When they come to more than *most*, all are forgotten and begun anew.
    """
    known = {row: item for row in rows if (item := kept.get(row)) is not None}
    missing = [row for row in rows if row not in known]
    if missing:
        new = read(missing)
        if len(kept) + len(new) > most:
            kept.clear()
        kept.update(new)
        known |= new
    return tuple(known[row] for row in rows)


def open_verified(generation: Path, manifest: Manifest) -> Generation:
    """Open the folder *generation* if every file has the digest that *manifest* gives.

    Raises IndexUnusableError naming the first that differs.
    """
    for fault in faults(generation, manifest):
        raise IndexUnusableError(f"{fault} {REBUILD}")
    return Generation(generation, manifest)


def verify(folder: Path) -> tuple[str, ...]:
    """Return a sentence for each fault of the generation in use in *folder*; none if it is whole."""
    try:
        current = read_manifest(folder)
        if current is None:
            return (f"No built index in {folder}.",)
        found = tuple(faults(*current))
        if not found:
            Generation(*current).check()
        return found
    except IndexUnusableError as error:
        return (str(error).removesuffix(f" {REBUILD}"),)


def open_generation(folder: Path) -> Generation:
    """Open the current generation of *folder*, even while another becomes it.

    Raises IndexUnusableError if there is none, or if it does not verify.
    """
    while True:
        name = pointed(folder)
        try:
            manifest = manifest_of(folder / name) if name else None
            if manifest is None:
                raise IndexUnusableError(f"No built index in {folder}. Build it with: python app.py index")
            return open_verified(folder / name, manifest)
        except IndexUnusableError:
            if pointed(folder) == name:  # else it was replaced, and perhaps removed, while it was being opened
                raise


def complete_generations(folder: Path) -> list[Path]:
    """Return the folders of the complete generations in *folder*, whole or damaged, the newest first."""
    return sorted(folder.glob(f"{GENERATION}*"), key=lambda path: path.stat().st_mtime_ns, reverse=True)


def open_last_good(folder: Path) -> Generation | None:
    """Open the newest generation of *folder* that verifies, in use or not; None if there is none."""
    for generation in complete_generations(folder):
        try:
            manifest = manifest_of(generation)
            if manifest is not None:
                return open_verified(generation, manifest)
        except IndexUnusableError:
            continue
    return None
