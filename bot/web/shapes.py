"""The forms of what the API takes and gives, as its description publishes them. Knows nothing of how they come about.

What is given is made elsewhere (bot.reply for replies); the forms here only describe it, and docs/reply.md tells what it means.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from bot.conversation import MAX_TURN_LENGTH
from bot.question import MAX_QUESTION_LENGTH

MAX_HISTORY = 200  # messages; the last MAX_TURNS of them are read
MAX_LIMIT = 50  # passages of a search
Text = Annotated[str, Field(max_length=10 * MAX_TURN_LENGTH)]  # of a message; what exceeds MAX_TURN_LENGTH is not read
QuestionText = Annotated[str, Field(max_length=MAX_QUESTION_LENGTH, pattern=r"[^\W_]", description="what is asked, in words")]


class _Taken(BaseModel):
    """What is sent to the API: nothing but the named fields, so that a misspelt one is told."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class _Given(BaseModel):
    """What the API gives; further fields may be added."""

    model_config = ConfigDict(extra="allow")


class Message(_Taken):
    """One message before the question."""

    role: Literal["user", "assistant"]
    content: Text


class Exchanged(_Taken):
    """One question before this one, with what was answered."""

    question: Text
    answer: Text | None = None


class ChatRequest(_Taken):
    """A question after the turns of a conversation."""

    question: QuestionText
    history: Annotated[list[Message | Exchanged], Field(max_length=MAX_HISTORY, description="what was said before, oldest first")] = []
    stream: Annotated[bool, Field(description="send the reply as server-sent events, sentence by sentence")] = False
    language: Annotated[Literal["en", "ru", "zh"] | None, Field(description="the language of the assistant's own words")] = None


class Fault(_Given):
    """Why a request is not answered: a code for programs, what happened, and what to do."""

    code: str
    message: str
    what_to_do: str


class Refused(_Given):
    """A request that is not answered."""

    error: Fault


class Sentence(_Given):
    """A sentence of an answer: where it stands in the answer, how it was verified, and the markers of its citations."""

    text: str
    start_index: int
    end_index: int
    status: Literal["verbatim", "supported"]
    citations: list[int]


class DocumentFacts(_Given):
    """What a citation says of its document."""

    document_id: str
    document_title: str
    document_date: str | None
    document_kind: str
    document_speaker: str | None
    document_url: str | None


class CitationShape(DocumentFacts):
    """One marker resolved: the cited sentence, its place in the document, and the part of the answer that rests on it."""

    type: Literal["char_location"]
    index: int
    id: str
    paragraph_id: str
    paragraph: int
    sentence: int
    printed_number: str | None
    cited_text: str
    start_char_index: int
    end_char_index: int
    start_index: int
    end_index: int
    also: bool
    address: str


class Nearest(DocumentFacts):
    """A passage beside an abstention: the nearest there is, which is not an answer."""

    paragraph_id: str
    sentence_id: str
    printed_number: str | None
    text: str
    sentence_text: str
    score: float
    address: str


class ReplyShape(_Given):
    """The reply object, the same on every face of the assistant."""

    id: str
    kind: Literal["answer", "abstention", "courtesy"]
    abstained: bool
    reason: str | None
    probability: float | None
    mode: Literal["extractive", "llm"] | None
    note: str | None
    draft: str | None
    question: str
    standalone_question: str
    answer: str
    sentences: list[Sentence]
    citations: list[CitationShape]
    nearest: list[Nearest]
    suggestions: list[str]
    index_fingerprint: str


class EmbeddingShape(_Given):
    """Whether pages of an origin may use the assistant."""

    origin: str
    allowed: bool
    message: str


class HealthShape(_Given):
    """That the server answers, and from which index."""

    status: str
    index_fingerprint: str
