"""One generation of the index on disk: paragraphs (SQLite), vectors (FAISS), terms (BM25) and a manifest of digests.

Writes a generation complete, opens it only if every file has the digest that the manifest gives, and reads it.
Knows nothing of models (it gets vectors), of questions or of ranking. Nothing is pickled.
"""

import hashlib
import json
import math
import os
import shutil
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import bm25s
import faiss
import numpy as np
from numpy.typing import NDArray

from index.document import Description, Document, Paragraph, Sentence
from index.embedding import Vectors
from index.errors import IndexUnusableError
from index.reader import SentenceStates
from index.terms import terms
from index.vocabulary import Vocabulary, vocabulary_of

FORMAT_VERSION = 3  # raised whenever parsing, terms or the files below change: older generations are rebuilt
REBUILD = "Rebuild it with: python app.py index"
_CURRENT = "CURRENT"  # the pointer file: holds the name of the generation in use
_MANIFEST = "manifest.json"

_SCHEMA = """
CREATE TABLE documents (document_id TEXT PRIMARY KEY, description TEXT NOT NULL, tail TEXT NOT NULL);
CREATE TABLE paragraphs (row INTEGER PRIMARY KEY, document_id TEXT NOT NULL, number INTEGER NOT NULL, start INTEGER NOT NULL,
  gap TEXT NOT NULL, text TEXT NOT NULL, role TEXT NOT NULL, printed_number TEXT, first_sentence INTEGER NOT NULL,
  sentences TEXT NOT NULL, UNIQUE (document_id, number));
"""  # gap: the white space before a paragraph, tail: after the last one, so that the document's text joins back exactly


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a generation was built from and what it holds; ``files`` maps a file's name to its sha256 (hex)."""

    format_version: int
    corpus_fingerprint: str
    model: str
    model_digest: str
    dimension: int
    reader_digest: str  # of the reader that the sentences' token states are kept for, or empty
    documents: int
    paragraphs: int
    sentences: int
    files: dict[str, str]

    @property
    def index_fingerprint(self) -> str:
        """16 hex digits that differ whenever anything that decides an answer's sources differs."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Moments:
    """Mean and covariance of a set of vectors: they give the mean and spread of its cosines to any question without a scan."""

    mean: NDArray[np.float32]  # (dimension,)
    covariance: NDArray[np.float32]  # (dimension, dimension)

    def standardise(self, question: Vectors, cosines: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return how many standard deviations each cosine stands above the mean of all; zeros where all are alike."""
        centre = float(question @ self.mean)
        spread = math.sqrt(max(float(question @ self.covariance @ question), 0.0))
        return (cosines - centre) / spread if spread > 1e-6 else np.zeros_like(cosines)


def write_generation(
    folder: Path,
    documents: Sequence[Document],
    paragraph_vectors: Vectors,
    sentence_vectors: Vectors,
    *,
    corpus_fingerprint: str,
    model: str,
    model_digest: str,
    reader_digest: str = "",
    sentence_states: Sequence[SentenceStates] = (),
) -> Manifest:
    """Write a complete generation into *folder*, make it the current one, and remove older ones.

    Rows of the vectors follow the documents' paragraphs and their sentences in order. Until the last step (one atomic
    rename of the pointer file) readers see the generation before.
    """
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f"draft-{os.getpid()}"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    paragraphs = [paragraph for document in documents for paragraph in document.paragraphs]
    sentences = [paragraph.sentence_text(sentence) for paragraph in paragraphs for sentence in paragraph.sentences]
    _write_sqlite(draft / "corpus.sqlite", documents)
    for name, vectors, texts in (
        ("paragraphs", paragraph_vectors, [p.text for p in paragraphs]),
        ("sentences", sentence_vectors, sentences),
    ):
        index = faiss.IndexFlatIP(vectors.shape[1])
        index.add(vectors)
        faiss.write_index(index, str(draft / f"{name}.faiss"))
        covariance = np.cov(vectors, rowvar=False, bias=True) if len(vectors) > 1 else np.zeros((vectors.shape[1],) * 2)
        np.save(draft / f"{name}-mean.npy", vectors.mean(axis=0).astype(np.float32), allow_pickle=False)
        np.save(draft / f"{name}-covariance.npy", covariance.astype(np.float32), allow_pickle=False)
        lexical = bm25s.BM25()  # Lucene's formula, k1 1.5, b 0.75
        lexical.index([terms(text) or ["\0"] for text in texts], show_progress=False)  # an empty corpus of terms is refused
        lexical.save(str(draft / f"{name}-terms"), show_progress=False)
    vocabulary = vocabulary_of(paragraph.text for paragraph in paragraphs)
    (draft / "vocabulary.json").write_text(json.dumps(asdict(vocabulary), ensure_ascii=False), encoding="utf-8")
    if sentence_states:
        ends = np.cumsum([len(one.ids) for one in sentence_states])
        np.save(draft / "token-ends.npy", ends, allow_pickle=False)
        np.save(draft / "token-ids.npy", np.concatenate([one.ids for one in sentence_states]), allow_pickle=False)
        np.save(draft / "token-states.npy", np.concatenate([one.states for one in sentence_states]), allow_pickle=False)
    files = sorted(path for path in draft.rglob("*") if path.is_file())
    manifest = Manifest(
        format_version=FORMAT_VERSION,
        corpus_fingerprint=corpus_fingerprint,
        model=model,
        model_digest=model_digest,
        dimension=int(paragraph_vectors.shape[1]),
        reader_digest=reader_digest,
        documents=len(documents),
        paragraphs=len(paragraphs),
        sentences=len(sentences),
        files={path.relative_to(draft).as_posix(): _sha256(path) for path in files},
    )
    _write_synced(draft / _MANIFEST, json.dumps(asdict(manifest), indent=1, sort_keys=True))
    for path in (*files, *{path.parent for path in files}):
        _sync(path)
    name = _name(manifest)
    if not (folder / name).exists():
        draft.rename(folder / name)
    else:  # the same generation, perhaps damaged: put the fresh one in its place
        shutil.rmtree(folder / name)
        draft.rename(folder / name)
    _write_synced(folder / f"{_CURRENT}.new", name)
    (folder / f"{_CURRENT}.new").replace(folder / _CURRENT)
    _sync(folder)
    for other in folder.iterdir():
        if other.is_dir() and other.name != name and other.name.startswith(("generation-", "draft-")):
            shutil.rmtree(other, ignore_errors=True)
    return manifest


def read_manifest(folder: Path) -> tuple[Path, Manifest] | None:
    """Return the current generation's folder and manifest, or None where none of this format was ever built.

    Raises IndexUnusableError if there is one but its pointer or manifest cannot be read, or was altered.
    """
    pointer = folder / _CURRENT
    if not pointer.exists():
        return None
    file = pointer
    try:
        generation = folder / pointer.read_text(encoding="ascii").strip()
        file = generation / _MANIFEST
        fields = json.loads(file.read_text(encoding="utf-8"))
        if fields["format_version"] != FORMAT_VERSION:
            return None
        manifest = Manifest(**fields)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise IndexUnusableError(f"{file} cannot be read ({error}). {REBUILD}") from error
    if generation.name != _name(manifest):
        raise IndexUnusableError(f"{file} was altered since it was built. {REBUILD}")
    return generation, manifest


class Generation:
    """An opened generation: its manifest, its documents and paragraphs, its vectors and its term indexes.

    Opening verifies every file against the manifest. Raises IndexUnusableError naming the file that differs.
    Reading is safe from several threads.
    """

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        for name, digest in manifest.files.items():
            path = folder / name
            if not path.is_file():
                raise IndexUnusableError(f"{path} is missing. {REBUILD}")
            if _sha256(path) != digest:
                raise IndexUnusableError(f"{path} was altered or cut short since it was built. {REBUILD}")
        self.manifest = manifest
        self._database = sqlite3.connect(
            f"{(folder / 'corpus.sqlite').absolute().as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False
        )
        self.paragraph_vectors = faiss.read_index(str(folder / "paragraphs.faiss"))
        self.sentence_vectors = faiss.read_index(str(folder / "sentences.faiss"))
        self.paragraph_moments, self.sentence_moments = (
            Moments(*(np.load(folder / f"{name}-{part}.npy", allow_pickle=False) for part in ("mean", "covariance")))
            for name in ("paragraphs", "sentences")
        )
        self.vocabulary = Vocabulary(**json.loads((folder / "vocabulary.json").read_text(encoding="utf-8")))
        self._tokens = (
            tuple(np.load(folder / f"token-{part}.npy", mmap_mode="r", allow_pickle=False) for part in ("ends", "ids", "states"))
            if manifest.reader_digest
            else None
        )
        self._paragraph_terms = bm25s.BM25.load(str(folder / "paragraphs-terms"))
        self._sentence_terms = bm25s.BM25.load(str(folder / "sentences-terms"))

    def paragraph_term_scores(self, question_terms: Sequence[str]) -> NDArray[np.float32]:
        """Return every paragraph's BM25 score for the terms, in row order; zeros where nothing matches."""
        return _term_scores(self._paragraph_terms, question_terms, self.manifest.paragraphs)

    def known_terms(self, question_terms: Sequence[str]) -> frozenset[str]:
        """Return those of the terms that occur anywhere in the index."""
        return frozenset(term for term in question_terms if term in self._paragraph_terms.vocab_dict)

    def sentence_term_scores(self, question_terms: Sequence[str]) -> NDArray[np.float32]:
        """Return every sentence's BM25 score for the terms, in row order; zeros where nothing matches."""
        return _term_scores(self._sentence_terms, question_terms, self.manifest.sentences)

    def sentence_states(self, rows: Sequence[int]) -> tuple[SentenceStates, ...]:
        """Return what was kept for reading the sentences at *rows*, in that order; nothing if the index keeps none."""
        if self._tokens is None:
            return ()
        ends, ids, states = self._tokens
        spans = [slice(int(ends[row - 1]) if row else 0, int(ends[row])) for row in rows]
        return tuple(SentenceStates(np.asarray(ids[span]), np.asarray(states[span])) for span in spans)

    def paragraphs(self, rows: Sequence[int]) -> tuple[tuple[Paragraph, int], ...]:
        """Return the paragraphs at *rows*, in that order, each with the row of its first sentence."""
        marks = ",".join("?" * len(rows))
        found = self._database.execute(f"SELECT * FROM paragraphs WHERE row IN ({marks})", [int(row) for row in rows]).fetchall()  # noqa: S608  # only marks
        by_row = {values[0]: (_paragraph(values), int(values[8])) for values in found}
        return tuple(by_row[int(row)] for row in rows)

    def paragraph_of_sentence(self, sentence_row: int) -> int:
        """Return the row of the paragraph that holds the sentence at *sentence_row*."""
        query = "SELECT row FROM paragraphs WHERE first_sentence <= ? ORDER BY first_sentence DESC, row DESC LIMIT 1"
        return int(self._database.execute(query, (int(sentence_row),)).fetchone()[0])

    def descriptions(self) -> tuple[Description, ...]:
        """Return what is known of every document, ordered by document id."""
        rows = self._database.execute("SELECT description FROM documents ORDER BY document_id").fetchall()
        return tuple(_description(row[0]) for row in rows)

    def document(self, document_id: str) -> Document | None:
        """Return the whole document, or None if the index has none of that id."""
        row = self._database.execute("SELECT description, tail FROM documents WHERE document_id = ?", (document_id,)).fetchone()
        if row is None:
            return None
        rows = self._database.execute("SELECT * FROM paragraphs WHERE document_id = ? ORDER BY number", (document_id,)).fetchall()
        text = "".join(f"{values[4]}{values[5]}" for values in rows) + row[1]
        return Document(_description(row[0]), text, tuple(_paragraph(values) for values in rows))


def open_generation(folder: Path) -> Generation:
    """Open the current generation of *folder*. Raises IndexUnusableError if there is none or it does not verify."""
    current = read_manifest(folder)
    if current is None:
        raise IndexUnusableError(f"No built index in {folder}. Build it with: python app.py index")
    return Generation(*current)


def _name(manifest: Manifest) -> str:
    """Return the folder of a generation, which says what its manifest must be."""
    return f"generation-{manifest.index_fingerprint}"


def _write_sqlite(path: Path, documents: Sequence[Document]) -> None:
    database = sqlite3.connect(path)
    database.executescript(_SCHEMA)
    row = first_sentence = 0
    for document in documents:
        end = 0
        for paragraph in document.paragraphs:
            spans = json.dumps([(sentence.start, sentence.end) for sentence in paragraph.sentences])
            gap = document.text[end : paragraph.start]
            database.execute(
                "INSERT INTO paragraphs VALUES (?,?,?,?,?,?,?,?,?,?)",
                (row, paragraph.document_id, paragraph.number, paragraph.start, gap, paragraph.text, paragraph.role,
                 paragraph.printed_number, first_sentence, spans),
            )  # fmt: skip
            row, first_sentence, end = row + 1, first_sentence + len(paragraph.sentences), paragraph.start + len(paragraph.text)
        description = json.dumps(asdict(document.description), ensure_ascii=False)
        database.execute("INSERT INTO documents VALUES (?,?,?)", (document.document_id, description, document.text[end:]))
    database.execute("CREATE INDEX first_sentences ON paragraphs (first_sentence)")
    database.commit()
    database.close()


def _paragraph(values: tuple[int, str, int, int, str, str, str, str | None, int, str]) -> Paragraph:
    _, document_id, number, start, _, text, role, printed_number, _, spans = values
    sentences = tuple(Sentence(at, left, right) for at, (left, right) in enumerate(json.loads(spans), start=1))
    return Paragraph(document_id, number, start, text, role, printed_number, sentences)  # type: ignore[arg-type]  # role: as written


def _description(text: str) -> Description:
    fields = json.loads(text)
    return Description(**{**fields, "provenance": tuple((key, value) for key, value in fields["provenance"])})


def _term_scores(lexical: bm25s.BM25, question_terms: Sequence[str], count: int) -> NDArray[np.float32]:
    known = [term for term in question_terms if term in lexical.vocab_dict]
    return np.asarray(lexical.get_scores(known), dtype=np.float32) if known else np.zeros(count, dtype=np.float32)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write_synced(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
