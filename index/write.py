"""Writes a generation of the index complete, verifies it, and makes it the current one in one step.

A generation is a folder: paragraphs (SQLite), vectors (FAISS), terms (BM25), arrays and a manifest of digests, the same
bytes for the same entries. What grows with the entries goes to the disk as it comes, but the paragraphs' vectors and all
terms, which are held once. Knows nothing of models, of where entries come from, or of questions. Nothing is pickled.
"""

import json
import sqlite3
from collections.abc import Iterable, Set
from contextlib import closing
from dataclasses import asdict
from itertools import accumulate
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self, cast

import numpy as np
from numpy.typing import NDArray

from index.embedding import Vectors
from index.encoded import StoredVectors
from index.entries import Entry, Texts, named_of
from index.errors import IndexUnusableError
from index.files import digest_of_blocks, remove, replace_synced, sync, sync_tree, write_synced
from index.manifest import CURRENT, FORMAT_VERSION, GENERATION, MANIFEST, Manifest, faults, manifest_of
from index.nearest import QUESTIONS, Nearest, NearestWriter, write_lists
from index.postings import TermRows, join, save_terms
from index.store import VECTORS, Generation
from index.vocabulary import Named, vocabulary_of

DRAFT = "draft"  # how the names of folders begin that hold nothing complete
SAVED_PARTS = "encoded-"  # and of those that hold what a build saves on its way
_BLOCK = 4096  # rows multiplied at a time: their products stay in the processor's cache

_SCHEMA = """
CREATE TABLE documents (document_id TEXT PRIMARY KEY, source TEXT NOT NULL, text_digest TEXT NOT NULL, description TEXT NOT NULL,
  tail TEXT NOT NULL, named TEXT NOT NULL);
CREATE TABLE paragraphs (row INTEGER PRIMARY KEY, document_id TEXT NOT NULL, first_sentence INTEGER NOT NULL, number INTEGER NOT NULL,
  start INTEGER NOT NULL, gap TEXT NOT NULL, text TEXT NOT NULL, role TEXT NOT NULL, printed_number TEXT, page INTEGER,
  sentence_count INTEGER NOT NULL, sentences TEXT NOT NULL, UNIQUE (document_id, number));
"""  # from number on, the fields of ParagraphRow


def write_generation(
    folder: Path,
    entries: Iterable[Entry],
    *,
    corpus_fingerprint: str,
    model: str,
    model_digest: str,
    reader_digest: str = "",
    engine: str = "",
    kept: str = "",
) -> Manifest:
    """Write a complete generation of *entries* into *folder*, verify it, make it the current one, and keep that named *kept*.

    Until the last step (one atomic rename of the pointer file) readers see the generation before. Whoever calls this holds
    the folder's `build_lock`. Raises IndexUnusableError if the folder cannot be written, or does not give back what was written.
    """
    draft = folder / DRAFT
    try:
        draft.mkdir()
        manifest = _write_draft(draft, entries, corpus_fingerprint, model, model_digest, reader_digest, engine)
        Generation(draft, manifest).check()
        _switch(folder, draft, manifest)
        tidy(folder, {manifest.generation, kept})
    except (OSError, sqlite3.Error) as error:
        raise unwritable(folder, error) from error
    finally:
        remove(draft)
    return manifest


def unwritable(folder: Path, error: Exception) -> IndexUnusableError:
    """Return what to raise when *error* kept *folder* from being written."""
    reason = getattr(error, "strerror", None) or error
    return IndexUnusableError(f"The index folder {folder} cannot be written ({reason}). Make room or name another: SCO_INDEX_DIR")


def tidy(folder: Path, kept: Set[str]) -> None:
    """Remove generations, drafts and saved parts from *folder*, but those named in *kept*. Whoever calls this holds the `build_lock`."""
    for path in folder.iterdir():
        if path.name.startswith((GENERATION, DRAFT, SAVED_PARTS)) and path.name not in kept:
            remove(path)


def _switch(folder: Path, draft: Path, manifest: Manifest) -> None:
    """Make the verified *draft* the current generation."""
    name = manifest.generation
    if (folder / name).exists() and not _is_whole(folder / name, manifest):
        (folder / name).rename(folder / f"{DRAFT}-damaged")
    if not (folder / name).exists():
        draft.rename(folder / name)
    sync(folder)
    replace_synced(folder / CURRENT, name.encode())


def _is_whole(generation: Path, manifest: Manifest) -> bool:
    """Tell whether the folder *generation* is just what *manifest* says."""
    try:
        return manifest_of(generation) == manifest and not any(faults(generation, manifest))
    except IndexUnusableError:
        return False


def _write_draft(
    draft: Path, entries: Iterable[Entry], corpus_fingerprint: str, model: str, model_digest: str, reader_digest: str, engine: str
) -> Manifest:
    """Write every file of a generation into the empty folder *draft*, and return its manifest, of what can be read back."""
    lengths: list[NDArray[np.int32]] = []  # of the sentences, in tokens
    named: list[Named] = []
    with (
        closing(_new_database(draft / "corpus.sqlite")) as database,
        _Rows(draft, "paragraphs", NearestWriter(draft)) as paragraphs,
        _Rows(draft, "sentences", _ArrayWriter(draft / VECTORS)) as sentences,
        _ArrayWriter(draft / "token-ids.npy") as ids,
        _ArrayWriter(draft / "token-states.npy") as states,
    ):
        for entry in entries:
            _insert(database, entry, len(paragraphs), len(sentences))
            paragraphs.add(entry.paragraphs)
            sentences.add(entry.sentences)
            named.append(named_of(entry.named))
            lengths.append(entry.sentences.encoded.lengths)
            ids.append(entry.sentences.encoded.ids)
            states.append(entry.sentences.encoded.states)
        database.commit()
    sentence_vectors = np.load(draft / VECTORS, mmap_mode="r", allow_pickle=False)
    paragraphs.finish(Nearest(draft).vectors)
    sentences.finish(sentence_vectors)
    asked = np.arange(min(QUESTIONS, len(sentences))) * len(sentences) // min(QUESTIONS, len(sentences))
    probing = write_lists(draft, sentence_vectors[asked].astype(np.float32))  # sentences lie among paragraphs as questions do
    if reader_digest:
        ends = np.concatenate([[0], np.cumsum(np.concatenate(lengths), dtype=np.int64)])
        np.save(draft / "token-ends.npy", ends, allow_pickle=False)
    vocabulary = json.dumps(asdict(vocabulary_of(named)), ensure_ascii=False)
    (draft / "vocabulary.json").write_text(vocabulary, encoding="utf-8")
    sync_tree(draft)
    manifest = Manifest(
        format_version=FORMAT_VERSION,
        corpus_fingerprint=corpus_fingerprint,
        model=model,
        model_digest=model_digest,
        dimension=sentence_vectors.shape[1],
        reader_digest=reader_digest,
        documents=len(named),
        paragraphs=len(paragraphs),
        sentences=len(sentences),
        engine=engine,
        probes=probing.probes,
        recall=probing.recall,
        files={path.relative_to(draft).as_posix(): digest_of_blocks(path) for path in sorted(draft.rglob("*")) if path.is_file()},
    )
    write_synced(draft / MANIFEST, manifest.text.encode())
    sync(draft)
    return manifest


class _ArrayWriter:
    """Writes an array whose number of rows nobody knows yet, block by block, as numpy would save it; no rows, no file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO | None = None
        self._rows = 0
        self._kind: tuple[str, tuple[int, ...]] = ("", ())

    def __enter__(self) -> Self:
        return self

    def append(self, block: NDArray[np.generic]) -> None:
        """Write the rows of *block* after those before."""
        if not len(block):
            return
        if self._file is None:
            self._file = self._path.open("wb")
            self._kind = (block.dtype.str, block.shape[1:])
            self._write_header()
        self._file.write(np.ascontiguousarray(block).data)
        self._rows += len(block)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._file is not None:
            self._file.seek(0)
            self._write_header()
            self._file.close()

    def _write_header(self) -> None:
        descr, width = self._kind  # numpy leaves room in the header for the first number to grow
        header = {"descr": descr, "fortran_order": False, "shape": (self._rows, *width)}
        np.lib.format.write_array_header_1_0(cast(BinaryIO, self._file), header)


class _Rows:
    """The texts of a generation as they come in, entry by entry: vectors and keys go to their files, terms are kept until the end."""

    def __init__(self, folder: Path, name: str, vectors: _ArrayWriter | NearestWriter) -> None:
        self._folder, self._name = folder, name
        self._vectors, self._keys = vectors, _ArrayWriter(folder / f"{name}-keys.npy")
        self._terms: list[TermRows] = []
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __enter__(self) -> Self:
        return self

    def add(self, texts: Texts) -> None:
        """Take the texts of the next entry in."""
        self._count += len(texts.encoded.keys)
        self._vectors.append(texts.encoded.vectors)
        self._keys.append(texts.encoded.keys)
        self._terms.append(texts.terms)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._keys.__exit__(kind, error, trace)
        self._vectors.__exit__(kind, error, trace)

    def finish(self, vectors: StoredVectors) -> None:
        """Write what can be computed only of all texts, *vectors* being theirs."""
        mean, covariance = _moments(vectors)
        np.save(self._folder / f"{self._name}-mean.npy", mean, allow_pickle=False)
        np.save(self._folder / f"{self._name}-covariance.npy", covariance, allow_pickle=False)
        save_terms(self._folder / f"{self._name}-terms", join(self._terms), searched=self._name == "paragraphs")


def _moments(vectors: StoredVectors) -> tuple[Vectors, Vectors]:
    """Return the mean and the covariance of the rows of *vectors*."""
    blocks = range(0, len(vectors), _BLOCK)
    total = np.sum([vectors[start : start + _BLOCK].sum(axis=0, dtype=np.float64) for start in blocks], axis=0)
    mean = (total / len(vectors)).astype(np.float32)
    covariance = np.zeros((vectors.shape[1],) * 2, dtype=np.float64)
    for start in blocks:
        centred = vectors[start : start + _BLOCK].astype(np.float32) - mean
        covariance += centred.T @ centred
    return mean, (covariance / len(vectors)).astype(np.float32)


def _new_database(path: Path) -> sqlite3.Connection:
    """Return an empty database at *path* without a journal: what is cut short is never opened, and all is synced at the end."""
    database = sqlite3.connect(path)
    database.execute("PRAGMA journal_mode = OFF")
    database.execute("PRAGMA synchronous = OFF")
    database.executescript(_SCHEMA)
    return database


def _insert(database: sqlite3.Connection, entry: Entry, row: int, sentence: int) -> None:
    """Insert *entry*; *row* and *sentence* are the places of its first paragraph and of its first sentence among all."""
    about = (entry.document_id, entry.source, entry.text_digest, entry.description, entry.tail, entry.named)
    database.execute("INSERT INTO documents VALUES (?,?,?,?,?,?)", about)
    firsts = accumulate((paragraph.sentence_count for paragraph in entry.rows), initial=sentence)
    values = (
        (row + place, entry.document_id, first, *entry.rows[place]) for place, first in zip(range(len(entry.rows)), firsts, strict=False)
    )
    database.executemany("INSERT INTO paragraphs VALUES (?,?,?,?,?,?,?,?,?,?,?,?)", values)
