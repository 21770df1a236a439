"""Turns queries and an assistant into results: what each query got, how long it took, and its scores. Knows nothing of files."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.assistant import Assistant, Trace
from bot.conversation import Conversation
from bot.errors import QuestionError
from bot.evaluation.measures import facet_recall, relevant_paragraphs, score_rankings, score_reply, score_sentences, states
from bot.evaluation.queries import Query
from bot.reply import Abstention, Answer, Reply
from index.document import Document
from index.errors import EmptyQuestionError, UserError

DEPTH = 10  # ranks kept of a ranking: no measure looks further
WARM_UP = "What is said about cooperation?"  # asked first, so that every timing is one of a warm assistant


@dataclass(frozen=True, slots=True)
class Result:
    """What one query got: the reply (None if the question was refused, with the reason), the ranking and the scores.

    ``right`` tells whether the leading sentence - the answer's first, or the nearest beside an abstention - states what
    was asked; it is None where that cannot be judged. ``probability`` is the reply's, 0 where a reply has none.
    """

    query: Query
    reply: Reply | None
    refusal: str
    ranking: tuple[str, ...]  # ids of the best DEPTH paragraphs
    right: bool | None
    seconds: float
    scores: Mapping[str, float]

    @property
    def outcome(self) -> str:
        """``answer``, ``abstention``, ``courtesy`` or ``refused``."""
        return type(self.reply).__name__.lower() if self.reply is not None else "refused"

    @property
    def text(self) -> str:
        """What was said: the reply's text, or why the question was refused."""
        return self.reply.text if self.reply is not None else self.refusal

    @property
    def probability(self) -> float:
        """That the evidence answers the question, in [0, 1]."""
        return self.reply.probability if isinstance(self.reply, (Answer, Abstention)) else 0.0


def ask_all(
    assistant: Assistant, queries: Sequence[Query], documents: Mapping[str, Document], progress: Callable[[], object]
) -> tuple[Result, ...]:
    """Return the result of every query in order, calling *progress* after each.

    *documents* are read from the corpus files, not from the index, so that quotes are checked against the originals.
    """
    assistant.trace(WARM_UP, Conversation())
    relevant = {query.query_id: relevant_paragraphs(query, documents) for query in queries if query.gold}
    asked = []
    for query in queries:
        asked.append(_ask(assistant, query, documents, relevant.get(query.query_id, {})))
        progress()
    ranked = score_rankings(relevant, {result.query.query_id: result.ranking for result in asked if result.query.gold})
    return tuple(replace(result, scores={**ranked.get(result.query.query_id, {}), **result.scores}) for result in asked)


def _ask(assistant: Assistant, query: Query, documents: Mapping[str, Document], relevant: Mapping[str, int]) -> Result:
    before = query.before
    begun = time.perf_counter()
    trace = _trace(assistant, query.question, before)
    seconds = time.perf_counter() - begun
    reply, found = (trace.reply, trace.found) if isinstance(trace, Trace) else (None, None)
    scores = score_reply(query, reply, documents)
    if relevant:
        scores |= score_sentences(relevant, found)
    if query.turns and query.rewrite and query.facets:
        rewritten = _trace(assistant, query.rewrite, Conversation())
        scores["rewrite facet recall"] = facet_recall(query, rewritten.reply if isinstance(rewritten, Trace) else None)
        scores["follow-up loss"] = scores["rewrite facet recall"] - scores["facet recall"]
    return Result(
        query=query,
        reply=reply,
        refusal="" if isinstance(trace, Trace) else f"{trace}",
        ranking=tuple(passage.paragraph.paragraph_id for passage in found.passages[:DEPTH]) if found else (),
        right=states(_leading(reply), query) if query.facets or query.answerability == "unanswerable" else None,
        seconds=seconds,
        scores=scores,
    )


def _trace(assistant: Assistant, question: str, conversation: Conversation) -> Trace | UserError:
    """Return the trace, or the error with which a question that cannot be read (blank, too long) is refused."""
    try:
        return assistant.trace(question, conversation)
    except (QuestionError, EmptyQuestionError) as error:
        return error


def _leading(reply: Reply | None) -> str:
    if isinstance(reply, Answer):
        return reply.sentences[0].text
    if isinstance(reply, Abstention) and reply.nearest:
        nearest = reply.nearest[0]
        return nearest.passage.paragraph.sentence_text(nearest.sentence)
    return ""
