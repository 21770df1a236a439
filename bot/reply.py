"""The values that a question ends in: an answer with citations, an abstention with its reason, or a courtesy.

Knows nothing of how they come about or are shown. One function gives their JSON, the same for every face.
"""

import hashlib
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote as url_quote

from bot.filters import Filter
from index.document import Description, Paragraph, Passage, Sentence

AbstentionReason = Literal["no_evidence", "out_of_scope", "unsupported_draft", "unclear_question", "no_document", "other_language"]
SentenceStatus = Literal["verbatim", "supported"]


@dataclass(frozen=True, slots=True)
class Citation:
    """One marker resolved: which sentence of which document, verbatim, and which part of the answer rests on it.

    ``start`` and ``end`` are offsets of ``quote`` in the document's text; ``answer_start`` and ``answer_end`` are those
    of the answer's sentence in the answer's text. ``also`` marks a citation of a second document that says the same.
    """

    marker: int
    description: Description
    paragraph_number: int
    sentence_number: int
    printed_number: str | None
    quote: str
    start: int
    end: int
    answer_start: int
    answer_end: int
    also: bool = False
    page: int | None = None  # on which the paragraph begins, counted from 1, where the format has pages

    @property
    def paragraph_id(self) -> str:
        """``document/p12``."""
        return f"{self.description.document_id}/p{self.paragraph_number}"

    @property
    def sentence_id(self) -> str:
        """``document/p12/s3``."""
        return f"{self.paragraph_id}/s{self.sentence_number}"

    @property
    def address(self) -> str:
        """The permanent address of the cited sentence, relative to the server's root."""
        return permanent_address(self.description.document_id, self.paragraph_number, self.sentence_number)


@dataclass(frozen=True, slots=True)
class AnswerSentence:
    """One sentence of an answer: its span in the answer's text, how it was verified, and its markers."""

    text: str
    start: int
    end: int
    status: SentenceStatus
    markers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class NearestPassage:
    """A passage shown beside an abstention, as what comes nearest and no more; ``sentence`` is its nearest sentence."""

    description: Description
    passage: Passage
    sentence: Sentence

    @property
    def address(self) -> str:
        """The permanent address of the nearest sentence."""
        return permanent_address(self.description.document_id, self.passage.paragraph.number, self.sentence.number)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer: sentences that were each verified, with at least one citation."""

    question: str
    standalone_question: str
    text: str
    sentences: tuple[AnswerSentence, ...]
    citations: tuple[Citation, ...]
    probability: float  # that the evidence answers the question, in [0, 1]
    index_fingerprint: str
    mode: Literal["extractive", "llm"] = "extractive"
    note: str = ""  # why the wording is not the chat model's, where it should have been; shown beside the answer
    draft: str = ""  # what the chat model wrote, unverified; kept for the record, never shown
    suggestions: tuple[str, ...] = ()  # next questions, each of which is answered
    filters: tuple[Filter, ...] = ()  # which documents the question was put to, where not to all


@dataclass(frozen=True, slots=True)
class Abstention:
    """A refusal to answer: why, in words and as a reason code, and the nearest passages."""

    question: str
    standalone_question: str
    text: str
    reason: AbstentionReason
    nearest: tuple[NearestPassage, ...]
    probability: float
    index_fingerprint: str
    suggestions: tuple[str, ...] = ()  # questions to ask instead, each of which is answered
    filters: tuple[Filter, ...] = ()  # which documents the question was put to, where not to all


@dataclass(frozen=True, slots=True)
class Courtesy:
    """A reply to a greeting, thanks or a question about the bot: it claims nothing about the documents' subjects."""

    question: str
    text: str
    index_fingerprint: str


Reply = Answer | Abstention | Courtesy


def permanent_address(document_id: str, paragraph: int, sentence: int | None = None) -> str:
    """Return ``/documents/<document_id>#p12s3``."""
    fragment = f"p{paragraph}" if sentence is None else f"p{paragraph}s{sentence}"
    return f"/documents/{url_quote(document_id)}#{fragment}"


def point(paragraph: Paragraph | Citation) -> str:
    """Return how a reader names the place: "point 10" or "Article 3" by the document's own number, else "paragraph 3"; with its page."""
    printed = paragraph.printed_number
    number = paragraph.paragraph_number if isinstance(paragraph, Citation) else paragraph.number
    place = f"paragraph {number}" if printed is None else printed if names_itself(printed) else f"point {printed}"
    return place if paragraph.page is None else f"{place}, p. {paragraph.page}"


def names_itself(printed_number: str) -> bool:
    """Tell a number that comes with its name, as "Article 3" and "第三条" do, from a bare one."""
    return " " in printed_number or printed_number.startswith("第")


def reply_to_json(reply: Reply) -> dict[str, object]:
    """Return the reply as plain JSON values; the fields are described in docs/reply.md."""
    answer = reply if isinstance(reply, Answer) else None
    abstention = reply if isinstance(reply, Abstention) else None
    standalone = reply.question if isinstance(reply, Courtesy) else reply.standalone_question
    identity = f"{reply.index_fingerprint}\0{reply.question}\0{standalone}\0{reply.text}"
    return {
        "id": hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()[:16],
        "kind": type(reply).__name__.lower(),
        "abstained": abstention is not None,
        "reason": abstention.reason if abstention else None,
        "probability": None if isinstance(reply, Courtesy) else round(reply.probability, 4),
        "mode": answer.mode if answer else None,
        "note": answer.note or None if answer else None,
        "draft": answer.draft or None if answer else None,
        "question": reply.question,
        "standalone_question": standalone,
        "filters": [] if isinstance(reply, Courtesy) else [filter_to_json(one) for one in reply.filters],
        "answer": reply.text,
        "sentences": [_sentence_to_json(sentence) for sentence in answer.sentences] if answer else [],
        "citations": [_citation_to_json(citation) for citation in answer.citations] if answer else [],
        "nearest": [_nearest_to_json(nearest) for nearest in abstention.nearest] if abstention else [],
        "suggestions": [] if isinstance(reply, Courtesy) else list(reply.suggestions),
        "index_fingerprint": reply.index_fingerprint,
    }


def filter_to_json(one: Filter) -> dict[str, object]:
    """Return a filter as plain JSON values, the same in replies and in searches."""
    return {"field": one.field, "value": one.value, "words": one.words or None}


def _sentence_to_json(sentence: AnswerSentence) -> dict[str, object]:
    return {
        "text": sentence.text,
        "start_index": sentence.start,
        "end_index": sentence.end,
        "status": sentence.status,
        "citations": list(sentence.markers),
    }


def document_to_json(description: Description) -> dict[str, object]:
    """Return what a citation says of its document as plain JSON values, the same in replies and in searches."""
    return {
        "document_id": description.document_id,
        "document_title": description.title,
        "document_date": description.date,
        "document_kind": description.kind,
        "document_speaker": description.speaker,
        "document_language": description.language,
        "document_url": description.url,
    }


def _citation_to_json(citation: Citation) -> dict[str, object]:
    return {
        "type": "char_location",
        "index": citation.marker,
        "id": citation.sentence_id,
        **document_to_json(citation.description),
        "paragraph_id": citation.paragraph_id,
        "paragraph": citation.paragraph_number,
        "sentence": citation.sentence_number,
        "printed_number": citation.printed_number,
        "page": citation.page,
        "cited_text": citation.quote,
        "start_char_index": citation.start,
        "end_char_index": citation.end,
        "start_index": citation.answer_start,
        "end_index": citation.answer_end,
        "also": citation.also,
        "address": citation.address,
    }


def _nearest_to_json(nearest: NearestPassage) -> dict[str, object]:
    paragraph = nearest.passage.paragraph
    return {
        **document_to_json(nearest.description),
        "paragraph_id": paragraph.paragraph_id,
        "sentence_id": paragraph.sentence_id(nearest.sentence),
        "printed_number": paragraph.printed_number,
        "page": paragraph.page_of(nearest.sentence),
        "text": paragraph.text,
        "sentence_text": paragraph.sentence_text(nearest.sentence),
        "score": round(nearest.passage.score, 4),
        "address": nearest.address,
    }
