"""Turns a question and its reply into an exchange: plain data that the visitor's page keeps and sends back.

What comes back is checked here and never taken for markup. Knows nothing of HTML or HTTP.
"""

from collections.abc import Sequence
from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from bot.conversation import Conversation
from bot.filters import Filter, Scope, combined, phrases
from bot.languages import Voice, language_of, voice
from bot.messages import in_words
from bot.question import MAX_QUESTION_LENGTH
from bot.reply import Abstention, Answer, Citation, Courtesy, NearestPassage, Reply, names_itself, permanent_address
from bot.web.labels import labels
from index.document import DOCUMENT_ID, Description
from index.filters import EVERYTHING

MAX_EXCHANGES = 40  # the last ones are kept; rendering them all takes a few milliseconds


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Place(_Frozen):
    """A sentence of a document: how a reader names it, where it stands, and its words."""

    marker: int = Field(default=0, ge=0)  # 0: a nearest passage, which no answer rests on
    also: bool = False
    title: str
    point: str
    date: str | None
    document_id: str = Field(pattern=f"^{DOCUMENT_ID.pattern}$")
    paragraph: int = Field(ge=1)
    sentence: int = Field(ge=1)
    quote: str

    @property
    def address(self) -> str:
        """The permanent address, made of the ids alone, so that it cannot lead to another site."""
        return permanent_address(self.document_id, self.paragraph, self.sentence)

    @property
    def label(self) -> str:
        """``<title>, point 10, 2019-04-24``."""
        return ", ".join(part for part in (self.title, self.point, self.date) if part)


class Said(_Frozen):
    """One piece of a reply and the markers it carries."""

    text: str
    markers: tuple[int, ...] = ()
    opens_paragraph: bool = False
    status: Literal["", "verbatim", "supported"] = ""  # how it was verified, where a chat model worded it


class Condition(_Frozen):
    """One filter: its field and value."""

    field: Literal["since", "until", "speaker", "kind", "document", "latest"]
    value: str

    @model_validator(mode="after")
    def _holds_a_day(self) -> "Condition":
        if self.field in ("since", "until"):
            date.fromisoformat(self.value)
        return self


class Narrowing(_Frozen):
    """What chose among the documents: as a reader is told of it, and its filters, which go together when it is taken away."""

    text: str
    conditions: tuple[Condition, ...]


class Exchange(_Frozen):
    """A question and what was said to it; a notice is a word of the page itself, such as that an error happened."""

    question: str = Field(max_length=MAX_QUESTION_LENGTH)
    kind: Literal["answer", "abstention", "courtesy", "notice"]
    language: Voice = "en"  # of the question, and of all that is not the documents'
    said: tuple[Said, ...]
    places: tuple[Place, ...] = ()
    understood: str = ""  # the question that was answered, where it differs from what was typed
    note: str = ""  # how the answer was worded, where that needs saying
    suggestions: tuple[str, ...] = ()  # questions to ask next
    narrowed: tuple[Narrowing, ...] = ()  # which documents were asked, where not all

    @property
    def removals(self) -> tuple[str, ...]:
        """The names of the buttons that take one narrowing away each."""
        return tuple(labels(self.language)["without"].format(filter=one.text) for one in self.narrowed)

    def without(self, removal: object) -> Scope | None:
        """Return the documents to ask when the button named *removal* is pressed, or None if there is none of that name."""
        if removal not in self.removals:
            return None
        left = [one for name, one in zip(self.removals, self.narrowed, strict=True) if name != removal]
        filters = [Filter(part.field, part.value) for one in left for part in one.conditions]
        return Scope(combined(EVERYTHING, filters), from_words=False)

    @property
    def text(self) -> str:
        """What was said, without markers."""
        return " ".join(piece.text for piece in self.said)


_EXCHANGES = TypeAdapter(tuple[Exchange, ...])


def exchange(reply: Reply) -> Exchange:
    """Return the exchange that *reply* makes with its question."""
    language = voice(language_of(reply.question))
    if isinstance(reply, Courtesy):
        return Exchange(question=reply.question, kind="courtesy", language=language, said=(Said(text=reply.text),))
    if isinstance(reply, Abstention):
        nearest = tuple(_nearest(passage, language) for passage in reply.nearest)
        said = (Said(text=reply.text),)
        return Exchange(
            question=reply.question,
            kind="abstention",
            language=language,
            said=said,
            places=nearest,
            understood=_understood(reply),
            suggestions=reply.suggestions,
            narrowed=_narrowed(reply, language),
        )
    starts = [0, *(sentence.end for sentence in reply.sentences)]
    return Exchange(
        question=reply.question,
        kind="answer",
        language=language,
        said=tuple(
            Said(
                text=sentence.text,
                markers=sentence.markers,
                opens_paragraph="\n\n" in reply.text[before : sentence.start],
                status=sentence.status if reply.mode == "llm" else "",
            )
            for before, sentence in zip(starts, reply.sentences, strict=False)
        ),
        places=tuple(_cited(citation, language) for citation in reply.citations),
        understood=_understood(reply),
        note=reply.note or (labels(language)["worded"] if reply.mode == "llm" else ""),
        suggestions=reply.suggestions,
        narrowed=_narrowed(reply, language),
    )


def _narrowed(reply: Answer | Abstention, language: Voice) -> tuple[Narrowing, ...]:
    return tuple(
        Narrowing(text=text, conditions=tuple(Condition(field=one.field, value=one.value) for one in phrase))
        for text, phrase in zip(in_words(reply.filters, language), phrases(reply.filters), strict=True)
    )


def _understood(reply: Answer | Abstention) -> str:
    return "" if reply.standalone_question == reply.question else reply.standalone_question


def notice(question: str, text: str) -> Exchange:
    """Return the exchange in which the page itself, not the documents, has something to say about *question*."""
    return Exchange(question=question, kind="notice", said=(Said(text=text),))


def unanswered(question: str) -> Exchange:
    """Return the exchange in which nothing was said to *question* yet."""
    return Exchange(question=question, kind="notice", said=())


def read_exchanges(sent: object) -> tuple[Exchange, ...]:
    """Return the exchanges a browser sent back, the last MAX_EXCHANGES; none at all if anything in them is not ours."""
    try:
        return _EXCHANGES.validate_python(sent)[-MAX_EXCHANGES:]
    except ValidationError:
        return ()


def write_exchanges(exchanges: Sequence[Exchange]) -> list[dict[str, object]]:
    """Return the exchanges as the JSON values that `read_exchanges` reads."""
    return [one.model_dump(mode="json") for one in exchanges[-MAX_EXCHANGES:]]


def last_answer(exchanges: Sequence[Exchange]) -> Exchange | None:
    """Return the last exchange that holds an answer, or None."""
    return next((one for one in reversed(exchanges) if one.kind == "answer"), None)


def conversation(exchanges: Sequence[Exchange]) -> Conversation:
    """Return the turns that a next question follows; notices are none."""
    turns = Conversation()
    for one in exchanges:
        if one.kind != "notice":
            turns = turns.plus("user", one.question).plus("assistant", one.text)
    return turns


def _cited(citation: Citation, language: Voice) -> Place:
    where = _point(citation.printed_number, citation.paragraph_number, citation.page, language)
    return _place(citation.description, where, citation.paragraph_number, citation.sentence_number, citation.quote).model_copy(
        update={"marker": citation.marker, "also": citation.also}
    )


def _nearest(nearest: NearestPassage, language: Voice) -> Place:
    paragraph, sentence = nearest.passage.paragraph, nearest.sentence
    where = _point(paragraph.printed_number, paragraph.number, paragraph.page_of(sentence), language)
    return _place(nearest.description, where, paragraph.number, sentence.number, paragraph.sentence_text(sentence))


def _point(printed_number: str | None, number: int, page: int | None, language: Voice) -> str:
    words = labels(language)
    if printed_number is not None and names_itself(printed_number):
        place = printed_number
    else:
        place = words["paragraph" if printed_number is None else "point"].format(number=printed_number or number)
    return place if page is None else f"{place}, {words['page'].format(number=page)}"


def _place(description: Description, where: str, paragraph: int, sentence: int, quote: str) -> Place:
    return Place(
        title=description.title,
        point=where,
        date=description.date,
        document_id=description.document_id,
        paragraph=paragraph,
        sentence=sentence,
        quote=quote,
    )
