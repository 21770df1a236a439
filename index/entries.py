"""Turns a document into its entry: all that a generation of the index holds of it, ready to be written, or copied unread.

And rows of the database back into paragraphs and descriptions. Knows nothing of files.
"""

import json
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from index.corpus import text_digest
from index.document import Description, Document, Paragraph, Role, Sentence
from index.encoded import EncodedTexts, KnownTexts
from index.postings import TermRows, term_rows
from index.vocabulary import Named, named_in


class ParagraphRow(NamedTuple):
    """A paragraph as it lies in the database, without its place among all; ``gap`` is the white space before it."""

    number: int
    start: int
    gap: str
    text: str
    role: Role
    printed_number: str | None
    page: int | None
    sentence_count: int
    sentences: str  # JSON: the start and end of each, and its page if that is not the paragraph's


@dataclass(frozen=True, slots=True, eq=False)
class Texts:
    """What the index keeps of a run of texts for finding them: vectors and token states, and terms."""

    encoded: EncodedTexts
    terms: TermRows


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """One document in the index; ``source`` is the digest of the file that it was read from, ``tail`` the text after the last paragraph."""

    document_id: str
    source: str
    text_digest: str  # equal for texts that repeat one another
    description: str  # JSON
    tail: str
    named: str  # JSON: the words and names in it
    rows: tuple[ParagraphRow, ...]
    paragraphs: Texts
    sentences: Texts


def sentence_texts(document: Document) -> list[str]:
    """Return the texts of all sentences of *document*, in order."""
    return [paragraph.sentence_text(sentence) for paragraph in document.paragraphs for sentence in paragraph.sentences]


def enter(document: Document, source: str, known: KnownTexts, with_states: bool) -> Entry:
    """Return the entry of *document*, read from a file of the digest *source*; *known* has all its texts encoded."""
    rows, end = [], 0
    for paragraph in document.paragraphs:
        spans = json.dumps([_span(sentence) for sentence in paragraph.sentences])
        gap = document.text[end : paragraph.start]
        found = (paragraph.number, paragraph.start, gap, paragraph.text, paragraph.role, paragraph.printed_number, paragraph.page)
        rows.append(ParagraphRow(*found, len(paragraph.sentences), spans))
        end = paragraph.start + len(paragraph.text)
    paragraphs, sentences = [paragraph.text for paragraph in document.paragraphs], sentence_texts(document)
    return Entry(
        document_id=document.document_id,
        source=source,
        text_digest=text_digest([document.text]),
        description=json.dumps(asdict(document.description), ensure_ascii=False),
        tail=document.text[end:],
        named=json.dumps(asdict(named_in(paragraphs)), ensure_ascii=False),
        rows=tuple(rows),
        paragraphs=Texts(known.rows(paragraphs, with_states=False), term_rows(paragraphs)),
        sentences=Texts(known.rows(sentences, with_states), term_rows(sentences)),
    )


def _span(sentence: Sentence) -> tuple[int, ...]:
    return (sentence.start, sentence.end) if sentence.page is None else (sentence.start, sentence.end, sentence.page)


@lru_cache(maxsize=2_000)  # paragraphs, some 8 MB: the same ones are found for many questions
def paragraph_of(document_id: str, row: ParagraphRow) -> Paragraph:
    """Return the paragraph that *row* of the document holds."""
    sentences = tuple(Sentence(at, *span) for at, span in enumerate(json.loads(row.sentences), start=1))
    return Paragraph(document_id, row.number, row.start, row.text, row.role, row.printed_number, sentences, row.page)


def description_of(text: str) -> Description:
    """Return the description that an entry's JSON *text* holds."""
    fields = json.loads(text)
    return Description(**{**fields, "provenance": tuple((key, value) for key, value in fields["provenance"])})


def named_of(text: str) -> Named:
    """Return the words and names that an entry's JSON *text* holds."""
    return Named(**json.loads(text))


class StoredTexts:
    """Texts as they lie in a generation, of which any run of rows can be taken."""

    def __init__(self, texts: Texts) -> None:
        self.texts = texts
        self._token_ends, self._term_ends = (
            np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]).tolist() for lengths in (texts.encoded.lengths, texts.terms.lengths)
        )

    def part(self, first: int, last: int) -> Texts:
        """Return the texts from row *first* up to row *last*."""
        encoded, terms = self.texts.encoded, self.texts.terms
        tokens = slice(self._token_ends[first], self._token_ends[last])
        return Texts(
            EncodedTexts(
                encoded.keys[first:last],
                encoded.vectors[first:last],
                encoded.lengths[first:last],
                encoded.ids[tokens],
                encoded.states[tokens],
            ),
            TermRows(terms.ids[self._term_ends[first] : self._term_ends[last]], terms.lengths[first:last], terms.vocabulary),
        )
