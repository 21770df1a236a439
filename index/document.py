"""The values that everything else speaks of: documents, their numbered paragraphs and sentences, and passages.

Knows nothing of files, models or search. All values are frozen; all offsets count Unicode characters.
"""

import re
from dataclasses import dataclass, field
from typing import Literal

Role = Literal["title", "heading", "salutation", "body", "closing"]

# Letters and digits of any script joined by hyphens: safe as a file name, in a URL path and as a TREC id without quoting.
DOCUMENT_ID = re.compile(r"[^\W_]+(?:-[^\W_]+)*")


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence as a span of its paragraph: ``paragraph.text[start:end]`` is its text, exactly."""

    number: int  # 1-based within the paragraph
    start: int
    end: int
    page: int | None = None  # that it begins on, if its paragraph begins on one before


@dataclass(frozen=True, slots=True)
class Paragraph:
    """The unit that is embedded and cited: one block of a document, verbatim.

    ``number`` is 1-based and stable; ``start`` is the offset of ``text`` in the document's text; ``printed_number`` is
    the number of the point that the block belongs to in the document's own numbering, or None; ``page`` is the page that
    it begins on, counted from 1, where the format has pages.
    """

    document_id: str
    number: int
    start: int
    text: str
    role: Role
    printed_number: str | None
    sentences: tuple[Sentence, ...]
    page: int | None = None

    @property
    def paragraph_id(self) -> str:
        """``document/p12``."""
        return f"{self.document_id}/p{self.number}"

    def sentence_id(self, sentence: Sentence) -> str:
        """``document/p12/s3``."""
        return f"{self.paragraph_id}/s{sentence.number}"

    def sentence_text(self, sentence: Sentence) -> str:
        """Return the verbatim text of *sentence*."""
        return self.text[sentence.start : sentence.end]

    def page_of(self, sentence: Sentence) -> int | None:
        """Return the page that *sentence* begins on, where the format has pages."""
        return self.page if sentence.page is None else sentence.page


@dataclass(frozen=True, slots=True)
class Description:
    """What is known of a document besides its text; ``date`` is ISO 8601, possibly only a year or year and month."""

    document_id: str
    title: str
    kind: str
    date: str | None = None
    speaker: str | None = None
    event: str | None = None
    place: str | None = None
    language: str = "en"
    url: str | None = None
    provenance: tuple[tuple[str, str], ...] = ()  # further front matter, e.g. ("date_source", "dated by the report")


@dataclass(frozen=True, slots=True)
class Document:
    """One text in one language: its description, its whole text, and the paragraphs as spans of that text."""

    description: Description
    text: str = field(repr=False)
    paragraphs: tuple[Paragraph, ...] = field(repr=False)

    @property
    def document_id(self) -> str:
        """The slug that ids and permanent addresses start with."""
        return self.description.document_id


@dataclass(frozen=True, slots=True)
class Passage:
    """A paragraph as retrieved for one question: its score (no unit, higher is better) and 1-based rank."""

    paragraph: Paragraph
    score: float
    rank: int
