"""Values for specifications of measuring: two short documents, replies made of their sentences, an assistant with listed replies."""

from collections.abc import Mapping, Sequence

from bot.assistant import Trace
from bot.conversation import Conversation
from bot.errors import QuestionError
from bot.evaluation.queries import Gold, Message, Query
from bot.evaluation.results import WARM_UP, Result
from bot.reply import Abstention, Answer, AnswerSentence, Citation, Courtesy, NearestPassage, Reply
from index.document import Description, Document, Passage
from index.parse import parse_document

SPEECH = parse_document(
    Description("speech-2019", "A speech", "speech"),
    "1. Drugs are a grave and growing danger. Tourism grows.\n\n2. The bloc threatens nobody.",
)
REPORT = parse_document(Description("report-2020", "A report", "report"), "He called drugs a grave and growing danger. It rained.")
DOCUMENTS: Mapping[str, Document] = {document.document_id: document for document in (REPORT, SPEECH)}

DRUGS = Gold("speech-2019", 1, "Drugs are a grave and growing danger.")
DRUGS_TOLD = Gold("report-2020", 1, "He called drugs a grave and growing danger.")
TOURISM = Gold("speech-2019", 1, "Tourism grows.", facet=2)
BLOC = Gold("speech-2019", 2, "The bloc threatens nobody.", facet=0, grade=1)


def query(query_id: str = "q-1", answerability: str = "answerable", query_class: str = "direct", **fields: object) -> Query:
    """Return a query whose other fields do not matter."""
    return Query(**{"query_id": query_id, "question": "Drugs?", "answerability": answerability, "query_class": query_class, **fields})


def citation(marker: int, document: Document, paragraph: int, sentence: int, *, also: bool = False) -> Citation:
    """Return the citation of that sentence."""
    held = document.paragraphs[paragraph - 1]
    span = held.sentences[sentence - 1]
    start = held.start + span.start
    return Citation(
        marker, document.description, paragraph, sentence, held.printed_number, held.sentence_text(span), start,
        start + span.end - span.start, 0, 1, also,
    )  # fmt: skip


def answer(*citations: Citation, probability: float = 0.9) -> Answer:
    """Return the extract that shows the quotes of *citations* in order; those of a further document only stand behind them."""
    text, sentences = "", []
    for cited in citations:
        if not cited.also:
            text += " " if text else ""
            span = len(text), len(text) + len(cited.quote)
            sentences.append(AnswerSentence(cited.quote, *span, "verbatim", (cited.marker,)))
            text += f"{cited.quote} [{cited.marker}]"
    return Answer("Drugs?", "Drugs?", text, tuple(sentences), citations, probability, "f" * 16)


def abstention(*nearest: tuple[Document, int, int], probability: float = 0.1) -> Abstention:
    """Return an abstention beside which these sentences (document, paragraph, sentence) stand."""
    passages = tuple(
        NearestPassage(
            document.description, Passage(document.paragraphs[at - 1], 0.0, 1), document.paragraphs[at - 1].sentences[number - 1]
        )
        for document, at, number in nearest
    )
    return Abstention("Drugs?", "Drugs?", "Not found.", "no_evidence", passages, probability, "f" * 16)


COURTESY = Courtesy("hi", "Hello.", "f" * 16)
RIGHT = answer(citation(1, SPEECH, 1, 1), citation(2, REPORT, 1, 1, also=True))
WRONG = answer(citation(1, SPEECH, 2, 1))
SILENT = abstention((SPEECH, 1, 1))


def result(
    query_id: str = "q-1",
    scores: Mapping[str, float] | None = None,
    *,
    reply: Reply | None = RIGHT,
    right: bool | None = None,
    asked: Query | None = None,
    ranking: Sequence[str] = (),
    seconds: float = 0.01,
) -> Result:
    """Return a result whose other parts do not matter."""
    return Result(asked or query(query_id), reply, "" if reply else "It holds no words.", tuple(ranking), right, seconds, scores or {})


class ListedReplies:
    """Stands in for the assistant: gives each question its listed reply, and remembers what it was asked after which turns."""

    index_fingerprint = "f" * 16

    def __init__(self, replies: Mapping[str, Reply]) -> None:
        self.replies = replies
        self.asked: list[tuple[str, Conversation]] = []

    def trace(self, question: str, conversation: Conversation) -> Trace:
        """Return the listed reply, found by no search."""
        if question == WARM_UP:
            return Trace(SILENT, None)
        self.asked.append((question, conversation))
        if question not in self.replies:
            raise QuestionError("It holds no words.")
        return Trace(self.replies[question], None)


TURNS = (Message("user", "What about tourism?"), Message("agent", "Tourism grows. [1]"))
