"""Reads a published generation from a Milvus server: search and filters are done there, and what is found comes by its row.

Nothing of it lies on this machine but the vocabulary, the statistics of terms and vectors, and what is known of documents.
Knows nothing of models, of questions or of ranking.
"""

import base64
import json
import tempfile
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import cast

import numpy as np

from index.document import Description, Document
from index.embedding import Vectors
from index.errors import IndexUnreachableError, IndexUnusableError, NewerIndexError
from index.files import digest_of_blocks
from index.manifest import FORMAT_VERSION, MANIFEST, Manifest
from index.milvus import Record, Server
from index.milvus_records import (
    LAYOUT,
    PARAGRAPHS,
    SENTENCES,
    TEXTS,
    Ints,
    Names,
    current,
    document_in,
    document_key,
    file_key,
    named,
    paragraph_in,
    piece_keys,
    sentence_in,
    states_in,
    terms_field,
    vector_field,
)
from index.postings import STATISTICS, TermStatistics, load_statistics
from index.reader import SentenceStates
from index.store import NAMES
from index.stores import Found, Moments, TermScores
from index.vocabulary import Vocabulary

PUBLISH = "Publish it with: SCO_STORE=milvus python app.py index"
BEFORE, COUNT = "before", "count"  # keys of texts: the collection that was in use before; how many texts there are
_KEPT = 2  # times as many as asked for are compared by their terms, of which many are equal: equals come by row


class Published:
    """Where generations are published: tells which is in use, and opens it."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def mark(self) -> str:
        """Return the name of the collection that tells of the generation in use, or an empty text. Raises IndexUnreachableError."""
        return self._server.pointed(current(self._server.address.prefix))

    def in_use(self) -> str:
        """Return the name of the generation in use, or an empty text. Raises IndexUnreachableError."""
        names = named(self._server.address.prefix, self.mark())
        return f"generation-{names.fingerprint}" if names else ""

    def open(self) -> "PublishedGeneration":
        """Open the generation in use.

        Raises IndexUnusableError if there is none, or if it is incomplete or altered, NewerIndexError if only a newer version of
        the program can read it, IndexUnreachableError if the server does not answer.
        """
        address = self._server.address
        names = named(address.prefix, self.mark())
        if names is None:
            raise IndexUnusableError(f"No index is published on Milvus at {address.shown} as {address.prefix!r}. {PUBLISH}")
        return PublishedGeneration(self._server, names)


class PublishedGeneration:
    """An opened generation on a Milvus server. Reading is safe from several threads.

    Everything that is asked of it raises IndexUnreachableError if the server does not answer in time.
    """

    def __init__(self, server: Server, names: Names) -> None:
        """Raise as `Published.open` does."""
        self._server, self._names = server, names
        self.where = f"The index {names.fingerprint} on Milvus at {server.address.shown}"
        if names.layout > LAYOUT:
            raise NewerIndexError(f"{self.where} was published by a newer version of the program. Update this one.")
        if names.layout < LAYOUT:
            raise IndexUnusableError(f"{self.where} was published by an older version of the program. {PUBLISH}")
        self.manifest = self._manifest()
        expected = {PARAGRAPHS: self.manifest.paragraphs, SENTENCES: self.manifest.sentences, TEXTS: int(self._texts([COUNT])[0])}
        for kind, count in expected.items():
            if (held := server.count(names.of(kind))) != count:
                raise IndexUnusableError(f"{self.where} holds {held:,} of {count:,} {kind}. {PUBLISH}")
        self._vector, self._terms = vector_field(self.manifest), terms_field()
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            self._fetch_files(folder)
            self.vocabulary = Vocabulary(**json.loads((folder / "vocabulary.json").read_text(encoding="utf-8")))
            self.paragraph_moments, self.sentence_moments = (
                Moments(*(np.load(folder / f"{name}-{part}.npy", allow_pickle=False) for part in ("mean", "covariance"))) for name in NAMES
            )
            self._paragraph_terms, self._sentence_terms = (load_statistics(folder / f"{name}-terms") for name in NAMES)
        known = self._texts([document_key(number) for number in range(self.manifest.documents)])
        described = sorted((document_in(text)[0].document_id, number, text) for number, text in enumerate(known))
        self._numbers = {document_id: number for document_id, number, _ in described}
        self._descriptions = tuple(document_in(text)[0] for _, _, text in described)

    def nearest(self, vector: Vectors, count: int, within: Collection[str] | None = None) -> list[int]:
        """Return the rows of the *count* paragraphs nearest to the unit *vector*, the nearest first; fewer where there are no more."""
        chosen = self._filter(within)
        if chosen is None:
            return []
        return [row for row, _ in self._server.nearest(self._names.of(PARAGRAPHS), self._vector, vector, count, chosen)]

    def matching(self, terms: Sequence[str], count: int, within: Collection[str] | None = None) -> list[int]:
        """Return the rows of at most *count* paragraphs with the highest BM25 scores for *terms*, above 0, the highest first."""
        chosen = self._filter(within)
        asked = {place: float(times) for place, times in self._paragraph_terms.asked(terms).items()}
        if chosen is None or not asked:
            return []
        hits = self._server.nearest(self._names.of(PARAGRAPHS), self._terms, asked, _KEPT * count, chosen)
        return [row for row, score in hits[:count] if score > 0]

    def found(self, rows: Sequence[int], *terms: Sequence[str]) -> Found:
        """Return the paragraphs at *rows*, in that order, with vectors, sentences and, for each of the *terms* of texts, BM25 scores."""
        records = self._records(PARAGRAPHS, rows, ("vector", "text"))
        read = [paragraph_in(_text(record, "text")) for record in records]
        sentences = [row for one in read for row in range(one.first_sentence, one.first_sentence + one.row.sentence_count)]
        parts = [sentence_in(text) for text in self._fields(SENTENCES, "text", sentences)]
        none = np.zeros((0, self.manifest.dimension), dtype=np.float32)
        return Found(
            paragraphs=tuple(one.paragraph for one in read),
            first_sentences=tuple(one.first_sentence for one in read),
            vectors=np.array([record["vector"] for record in records], dtype=np.float32) if records else none,
            sentence_vectors=np.stack([vector for vector, _ in parts]) if parts else none,
            terms=tuple(_scores(self._paragraph_terms, of_text, [one.terms for one in read]) for of_text in terms),
            sentence_terms=tuple(_scores(self._sentence_terms, of_text, [ids for _, ids in parts]) for of_text in terms),
        )

    def known_terms(self, terms: Sequence[str]) -> frozenset[str]:
        """Return those of *terms* that occur anywhere in the index."""
        return frozenset(term for term in terms if self._paragraph_terms.words.place(term) is not None)

    def sentence_states(self, rows: Sequence[int]) -> tuple[SentenceStates, ...]:
        """Return what was kept for reading the sentences at *rows*, in that order; nothing if the index keeps none."""
        if not self.manifest.reader_digest:
            return ()
        return tuple(states_in(text) for text in self._fields(SENTENCES, "states", rows))

    def descriptions(self) -> tuple[Description, ...]:
        """Return what is known of every document, ordered by document id."""
        return self._descriptions

    def document(self, document_id: str) -> Document | None:
        """Return the whole document, or None if the index has none of that id."""
        number = self._numbers.get(document_id)
        if number is None:
            return None
        description, tail, rows = document_in(*self._texts([document_key(number)]))
        read = [paragraph_in(text) for text in self._fields(PARAGRAPHS, "text", rows)]
        text = "".join(f"{one.row.gap}{one.row.text}" for one in read) + tail
        return Document(description, text, tuple(one.paragraph for one in read))

    def close(self) -> None:
        """Do nothing: the connection is the server's, and the next generation's."""

    def _filter(self, within: Collection[str] | None) -> str | None:
        """Return the expression for the documents *within*; None if there are none of them."""
        if within is None:
            return ""
        numbers = sorted(self._numbers[one] for one in within if one in self._numbers)
        return f"document in {numbers}" if numbers else None

    def _manifest(self) -> Manifest:
        """Return the manifest, if this program can read what it describes."""
        (text,) = self._texts([MANIFEST])
        try:
            fields = json.loads(text)
            if fields["format_version"] > FORMAT_VERSION:
                raise NewerIndexError(f"{self.where} was published by a newer version of the program. Update this one.")
            if fields["format_version"] == FORMAT_VERSION and (manifest := Manifest(**fields)).index_fingerprint == self._names.fingerprint:
                return manifest
        except (ValueError, TypeError, KeyError) as error:
            raise IndexUnusableError(f"{self.where} was altered ({error}). {PUBLISH}") from error
        raise IndexUnusableError(f"{self.where} was altered, or published by an older version of the program. {PUBLISH}")

    def _fetch_files(self, folder: Path) -> None:
        """Write the files that were published into *folder*; they must be what the manifest says."""
        names = published_files(self.manifest)
        for name, text in zip(names, self._texts([file_key(name) for name in names]), strict=True):
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_bytes(base64.b64decode(text))
            if digest_of_blocks(folder / name) != self.manifest.files[name]:
                raise IndexUnusableError(f"{self.where} was altered since it was published: {name}. {PUBLISH}")

    def _texts(self, keys: Sequence[str]) -> list[str]:
        """Return the texts of these *keys*, in that order, whole."""
        return self._fields(TEXTS, "text", keys)

    def _fields(self, kind: str, field: str, keys: Sequence[int] | Sequence[str]) -> list[str]:
        """Return that text *field* of the records of these *keys*, in that order, whole."""
        return [_text(record, field) for record in self._records(kind, keys, (field,))]

    def _records(self, kind: str, keys: Sequence[int] | Sequence[str], fields: Sequence[str]) -> list[Record]:
        """Return these *fields* of the records of these *keys*, in that order, their texts whole."""
        found = self._fetch(kind, keys, fields)
        wanted = [key for record in found for value in record.values() if isinstance(value, str) for key in piece_keys(value)]
        pieces = iter(self._fetch(TEXTS, wanted, ("text",)))
        return [
            {
                name: "".join(_text(next(pieces), "text") for _ in piece_keys(value)) or value if isinstance(value, str) else value
                for name, value in record.items()
            }
            for record in found
        ]

    def _fetch(self, kind: str, keys: Sequence[int] | Sequence[str], fields: Sequence[str]) -> list[Record]:
        """Return these *fields* of the records of these *keys*, in that order, as they lie there."""
        found = self._server.get(self._names.of(kind), keys, fields)
        if missing := [key for key in keys if key not in found]:
            raise IndexUnreachableError(f"{self.where} lacks {len(missing)} of its {kind}, {missing[0]} among them. {PUBLISH}")
        return [found[key] for key in keys]


def published_files(manifest: Manifest) -> list[str]:
    """Return the names of those files of a generation that are published as they are: what every question needs, and no text's own."""
    small = {"vocabulary.json", *(f"{name}-{part}.npy" for name in NAMES for part in ("mean", "covariance"))}
    small |= {f"{name}-terms/{part}" for name in NAMES for part in STATISTICS}
    return sorted(small & set(manifest.files))


def _text(record: Record, field: str) -> str:
    return cast(str, record[field])


def _scores(statistics: TermStatistics, question_terms: Sequence[str], texts: Sequence[Ints]) -> TermScores:
    """Return the BM25 scores of *texts*, each given as the ids of its terms."""
    ids = np.concatenate([np.zeros(0, dtype=np.int32), *texts])
    return statistics.scores(statistics.asked(question_terms), ids, np.array([len(one) for one in texts], dtype=np.int32))
