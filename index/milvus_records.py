"""Turns what a generation holds into records of Milvus collections, and such records back. Knows nothing of servers.

Three collections make a generation: paragraphs, sentences, and texts, which are documents, files, the manifest, and the
pieces of whatever text is longer than Milvus takes. All text is ASCII: JSON, or base64 of arrays and files.
"""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.document import Description, Paragraph
from index.embedding import Vectors
from index.encoded import PackedStates, StoredVectors, unpacked
from index.entries import ParagraphRow, description_of, paragraph_of
from index.manifest import Manifest
from index.milvus import Field, Record
from index.nearest import EXACT
from index.reader import SentenceStates

Ints = NDArray[np.int32]
LAYOUT = 1  # raised whenever these records change: a generation published in another layout is published anew
PARAGRAPHS, SENTENCES, TEXTS = "paragraphs", "sentences", "texts"
LONGEST = 65_000  # characters of a text: Milvus takes 65,535 bytes

_ROW, _TEXT = Field("id", "id"), Field("text", "text")
_FILLER = Field("filler", "vector", 2)  # Milvus makes no collection without a vector
TEXT_FIELDS = (Field("id", "name"), _TEXT, _FILLER)
_FILLED: Mapping[str, Vectors] = {"filler": np.zeros(2, dtype=np.float32)}


@dataclass(frozen=True, slots=True)
class Names:
    """How the collections of one generation are called: the prefix, the fingerprint of its manifest, the layout, the kind."""

    prefix: str
    fingerprint: str
    layout: int = LAYOUT

    def of(self, kind: str) -> str:
        """Return the name of the collection of that *kind*."""
        return f"{self.prefix}_{self.fingerprint}_{self.layout}_{kind}"


def current(prefix: str) -> str:
    """Return the alias of the texts of the generation in use: the one name that a switch moves."""
    return f"{prefix}_current"


def named(prefix: str, collection: str) -> Names | None:
    """Return the names of the generation that *collection* belongs to; None if it is not one of ours."""
    found = re.fullmatch(rf"{re.escape(prefix)}_([0-9a-f]{{16}})_(\d+)_[a-z]+", collection)
    return Names(prefix, found[1], int(found[2])) if found else None


def vector_field(manifest: Manifest) -> Field:
    """Return the field of the paragraphs' vectors; as many as are not all compared in a folder are searched by a graph."""
    return Field("vector", "vector", manifest.dimension, indexed=manifest.paragraphs > EXACT)


def terms_field() -> Field:
    """Return the field of the paragraphs' BM25 weights."""
    return Field("terms", "terms")


def fields(manifest: Manifest) -> dict[str, tuple[Field, ...]]:
    """Return the fields of each collection."""
    return {
        PARAGRAPHS: (_ROW, vector_field(manifest), terms_field(), Field("document", "number", indexed=True), _TEXT),
        SENTENCES: (_ROW, _TEXT, Field("states", "text"), _FILLER),
        TEXTS: TEXT_FIELDS,
    }


@dataclass(frozen=True, slots=True, eq=False)
class PublishedParagraph:
    """A paragraph as its record has it: what the text store knows of it, and the ids of its terms, repeats kept."""

    document_id: str
    first_sentence: int  # its row
    row: ParagraphRow
    terms: Ints

    @property
    def paragraph(self) -> Paragraph:
        """The paragraph."""
        return paragraph_of(self.document_id, self.row)

    @property
    def text(self) -> str:
        """The record's text."""
        return json.dumps([self.document_id, self.first_sentence, _joined(self.terms), *self.row])


def paragraph_record(row: int, document: int, paragraph: PublishedParagraph, vector: StoredVectors, weights: Mapping[int, float]) -> Record:
    """Return the record of the *paragraph* at *row*, of the document of that number, with the BM25 weights of its terms."""
    return {"id": row, "document": document, "vector": vector.astype(np.float32), "terms": weights, "text": paragraph.text}


def paragraph_in(text: str) -> PublishedParagraph:
    """Return the paragraph in a record's *text*."""
    document_id, first_sentence, terms, *values = json.loads(text)
    (ids,) = _parts(terms, 1)
    return PublishedParagraph(document_id, first_sentence, ParagraphRow(*values), np.frombuffer(ids, np.int32))


def sentence_record(row: int, vector: StoredVectors, terms: Ints, tokens: Ints, states: PackedStates) -> Record:
    """Return the record of the sentence at *row*: the ids of its terms, and of its tokens with their states.

    Nobody searches for its vector, so that is a text, which lies on the server's disk.
    """
    kept = _joined(np.array(states.shape[1:], dtype=np.int32), tokens.astype(np.int32), states)
    return {"id": row, "text": _joined(vector.astype(np.float16), terms), "states": kept, **_FILLED}


def sentence_in(text: str) -> tuple[Vectors, Ints]:
    """Return the vector and the ids of the terms in a sentence record's *text*."""
    vector, terms = _parts(text, 2)
    return np.frombuffer(vector, np.float16).astype(np.float32), np.frombuffer(terms, np.int32)


def states_in(text: str) -> SentenceStates:
    """Return the token states in a sentence record's *text*."""
    width, tokens, states = _parts(text, 3)
    shape = (-1, int(np.frombuffer(width, np.int32)[0]))
    return SentenceStates(np.frombuffer(tokens, np.int32), unpacked(np.frombuffer(states, np.uint8).reshape(shape)))


def document_key(number: int) -> str:
    """Return the key of the text of the document of that *number*."""
    return f"document/{number}"


def file_key(name: str) -> str:
    """Return the key of the text of the file of that *name*."""
    return f"file/{name}"


def document_text(description: str, tail: str, first_paragraph: int, paragraphs: int) -> str:
    """Return the text of a document, whose paragraphs are so many rows from the first one on."""
    return json.dumps([description, tail, first_paragraph, paragraphs])


def document_in(text: str) -> tuple[Description, str, range]:
    """Return the description in a document's *text*, the text after its last paragraph, and its paragraphs' rows."""
    description, tail, first, paragraphs = json.loads(text)
    return description_of(description), tail, range(first, first + paragraphs)


def text_record(key: str, text: str) -> Record:
    """Return the record of an ASCII *text* of its own."""
    return {"id": key, "text": text, **_FILLED}


def _joined(*arrays: NDArray[np.generic]) -> str:
    """Return the bytes of *arrays* in one text, after their lengths, in base64."""
    lengths = np.array([array.nbytes for array in arrays], dtype=np.uint32)
    return base64.b64encode(b"".join(array.tobytes() for array in (lengths, *arrays))).decode("ascii")


def _parts(text: str, arrays: int) -> list[bytes]:
    """Return the bytes of that number of *arrays*, which `_joined` wrote."""
    content = base64.b64decode(text)
    ends = 4 * arrays + np.cumsum(np.frombuffer(content, np.uint32, arrays), dtype=np.int64)
    return [content[start:end] for start, end in zip([4 * arrays, *ends[:-1].tolist()], ends.tolist(), strict=True)]


def in_pieces(record: Record, owner: str) -> tuple[Record, list[Record]]:
    """Return *record* with its texts short enough, and the records of their pieces, whose keys begin with *owner*."""
    short, pieces = dict(record), list[Record]()
    for name, value in record.items():
        if isinstance(value, str) and len(value) > LONGEST:
            parts = [value[start : start + LONGEST] for start in range(0, len(value), LONGEST)]
            short[name] = mark = f"#{owner}/{name}/{len(parts)}"
            pieces += [text_record(key, part) for key, part in zip(piece_keys(mark), parts, strict=True)]
    return short, pieces


def piece_keys(text: str) -> list[str]:
    """Return the keys of the pieces for which a record's *text* stands; none if it stands for itself."""
    if not text.startswith("#"):  # which begins neither JSON nor base64
        return []
    owner, _, number = text[1:].rpartition("/")
    return [f"{owner}/{at}" for at in range(int(number))]
