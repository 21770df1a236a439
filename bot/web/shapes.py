"""The forms of what the API takes and gives, as its description publishes them. Knows nothing of how they come about.

What is given is made elsewhere (bot.reply for replies); the forms here only describe it, and docs/reply.md tells what it means.
"""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema
from pydantic.json_schema import JsonSchemaValue

from bot.conversation import MAX_TURN_LENGTH
from bot.filters import Scope
from bot.question import MAX_QUESTION_LENGTH
from index.filters import Filters, first_day, last_day

MAX_HISTORY = 200  # messages; the last MAX_TURNS of them are read
MAX_LIMIT = 50  # passages of a search
Text = str  # of a message; what exceeds MAX_TURN_LENGTH is not read, and the body is bounded
_QUESTION_FORM: JsonSchemaValue = {
    "type": "string",
    "maxLength": MAX_QUESTION_LENGTH,
    "pattern": r"[^\W_]",
    "description": "what is asked, in words",
}
QuestionText = Annotated[str, WithJsonSchema(_QUESTION_FORM)]  # check_question holds it to that, in words of its own


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


def _existing(text: str) -> str:
    first_day(text)
    return text


_DAY_FORM: JsonSchemaValue = {
    "anyOf": [{"type": "string", "format": "date"}, {"type": "string", "pattern": "^[12][0-9]{3}(-(0[1-9]|1[0-2]))?$"}]
}
Day = Annotated[str, AfterValidator(_existing), WithJsonSchema(_DAY_FORM)]  # or a month or year
Names = Annotated[list[Annotated[str, Field(min_length=1, max_length=200)]], Field(max_length=20)]


class FiltersShape(_Taken):
    """Which documents are meant: all filters must be met; of several speakers, kinds or documents any one."""

    since: Annotated[Day | None, Field(description="documents of this day, month or year, or later")] = None
    until: Annotated[Day | None, Field(description="documents of this day, month or year, or earlier")] = None
    speakers: Annotated[Names, Field(description="words of the speaker's name")] = []
    kinds: Annotated[Names, Field(description="kinds of documents, in any case")] = []
    documents: Annotated[Names, Field(description="ids of documents")] = []
    latest: Annotated[bool, Field(description="the newest documents that answer; in a search, the newest first")] = False

    def given(self) -> Filters:
        """Return them as the index takes them."""
        return Filters(
            since=first_day(self.since) if self.since else None,
            until=last_day(self.until) if self.until else None,
            speakers=tuple(self.speakers),
            kinds=tuple(self.kinds),
            document_ids=tuple(self.documents),
            latest=self.latest,
        )


class ChatFilters(FiltersShape):
    """Filters of a question, whose own words may add to them."""

    from_words: Annotated[bool, Field(description="whether words of the question are read as filters")] = True

    def scope(self) -> Scope:
        """Return them as the assistant takes them."""
        return Scope(self.given(), self.from_words)


class ChatRequest(_Taken):
    """A question after the turns of a conversation."""

    question: QuestionText
    history: Annotated[list[Message | Exchanged], Field(max_length=MAX_HISTORY, description="what was said before, oldest first")] = []
    filters: Annotated[ChatFilters, Field(description="which documents are asked; all, where it is left out")] = ChatFilters()
    stream: Annotated[bool, Field(description="send the reply as server-sent events, sentence by sentence")] = False
    conversation: Annotated[
        str | None, Field(max_length=64, description="a name that the client made up for this conversation, for its rate alone")
    ] = None
    language: Annotated[
        Literal["en", "ru", "zh"] | None, Field(description="the language of the page that asks; the reply is in the question's own")
    ] = None


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
    document_language: str
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
    page: int | None
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
    page: int | None
    text: str
    sentence_text: str
    score: float
    address: str


class FilterShape(_Given):
    """One filter: given, or read from words of the question."""

    field: Literal["since", "until", "speaker", "kind", "document", "latest"]
    value: str
    words: str | None


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
    filters: list[FilterShape]
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


# --- search and documents


class SearchRequest(_Taken):
    """What to search for, without answering it."""

    question: QuestionText
    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT, description="how many passages at most")] = 10
    filters: Annotated[FiltersShape, Field(description="which documents are searched; all, where it is left out")] = FiltersShape()


class PassageShape(DocumentFacts):
    """A paragraph that was found, with how well it meets the question; scores are comparable within one search only."""

    rank: int
    score: float
    paragraph_id: str
    paragraph: int
    printed_number: str | None
    page: int | None
    text: str
    address: str


class SearchShape(_Given):
    """The passages that were found, best first."""

    question: str
    filters: list[FilterShape]
    unmet: list[FilterShape]
    passages: list[PassageShape]
    index_fingerprint: str


class DocumentShape(_Given):
    """What is known of a document; the date is a day, a month or a year."""

    document_id: str
    title: str
    kind: str
    date: str | None
    speaker: str | None
    event: str | None
    place: str | None
    language: str
    url: str | None
    address: str


class DocumentList(_Given):
    """Every document, ordered by id."""

    documents: list[DocumentShape]
    index_fingerprint: str


class SpanShape(_Given):
    """A sentence of a paragraph: the span of its text."""

    id: str
    number: int
    start: int
    end: int


class ParagraphShape(_Given):
    """A paragraph, verbatim: `start` is where its text begins in the document's text."""

    id: str
    number: int
    printed_number: str | None
    page: int | None
    role: str
    start: int
    text: str
    sentences: list[SpanShape]
    address: str


class WholeDocument(DocumentShape):
    """A document with all its paragraphs."""

    paragraphs: list[ParagraphShape]


# --- feedback


class _Kept(BaseModel):
    """What of a reply is kept with a judgement: the named fields, bounded; what else is sent is passed over."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class JudgedSentence(_Kept):
    """A sentence of the reply, by the markers that it carries."""

    citations: Annotated[tuple[int, ...], Field(max_length=20)] = ()


class JudgedCitation(_Kept):
    """A citation of the reply, by its place and words."""

    index: int
    document_id: Annotated[str, Field(max_length=200)]
    paragraph: Annotated[int, Field(ge=1)]
    sentence: Annotated[int, Field(ge=1)]
    cited_text: Annotated[str, Field(max_length=MAX_TURN_LENGTH)]


class JudgedReply(_Kept):
    """The reply that is judged, as the API gave it."""

    id: Annotated[str, Field(max_length=32, pattern=r"^[0-9a-f]*$")] = ""
    kind: Literal["answer", "abstention", "courtesy"] = "answer"
    question: Annotated[str, Field(max_length=MAX_QUESTION_LENGTH)]
    standalone_question: Annotated[str, Field(max_length=2 * MAX_QUESTION_LENGTH)] = ""
    answer: Annotated[str, Field(max_length=MAX_TURN_LENGTH)] = ""
    reason: Annotated[str | None, Field(max_length=40)] = None
    mode: Annotated[str | None, Field(max_length=40)] = None
    probability: Annotated[float | None, Field(ge=0, le=1)] = None
    sentences: Annotated[tuple[JudgedSentence, ...], Field(max_length=50)] = ()
    citations: Annotated[tuple[JudgedCitation, ...], Field(max_length=50)] = ()
    index_fingerprint: Annotated[str, Field(max_length=32)] = ""


class FeedbackRequest(_Taken):
    """What a visitor thinks of a reply."""

    verdict: Literal["good", "wrong_answer", "wrong_source", "not_in_documents"]
    note: Annotated[str, Field(max_length=MAX_QUESTION_LENGTH)] = ""
    reply: JudgedReply


class KeptShape(_Given):
    """That a judgement was kept."""

    kept: bool


# --- OpenAI's form


class Part(_Kept):
    """One part of a message; only text is read."""

    type: Annotated[str, Field(max_length=40)]
    text: Text = ""


class Prompt(_Kept):
    """One message of a chat completion request."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: Text | Annotated[list[Part], Field(max_length=50)] | None = None

    @property
    def text(self) -> str:
        """The text of all its parts."""
        if isinstance(self.content, str):
            return self.content
        return "\n".join(part.text for part in self.content or () if part.type == "text")


class StreamOptions(_Kept):
    """What a stream holds besides the completion."""

    include_usage: bool | None = None


class CompletionRequest(_Kept):
    """A chat completion request; the last message is the question. Clients send null for what they leave out."""

    messages: Annotated[list[Prompt], Field(min_length=1, max_length=MAX_HISTORY)]
    model: Annotated[str | None, Field(max_length=200)] = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None


class CitedUrl(_Given):
    """Which part of the message rests on which address."""

    start_index: int
    end_index: int
    url: str
    title: str


class Annotation(_Given):
    """A citation in OpenAI's form."""

    type: Literal["url_citation"]
    url_citation: CitedUrl


class CompletionMessage(_Given):
    """The reply as a message."""

    role: Literal["assistant"]
    content: str
    annotations: list[Annotation]


class Choice(_Given):
    """The one choice that there is."""

    index: int
    message: CompletionMessage
    finish_reason: Literal["stop"]


class Usage(_Given):
    """The tokens of a completion: none are counted."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class CompletionShape(_Given):
    """A chat completion, with the whole reply beside it."""

    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: list[Choice]
    usage: Usage
    sco_reply: ReplyShape


class ModelShape(_Given):
    """A model that can be named."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: str


class ModelList(_Given):
    """All models that can be named."""

    object: Literal["list"]
    data: list[ModelShape]
