"""Turns queries and an assistant into results, and results into figures with intervals. Knows nothing of files."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from bot.assistant import Assistant, Trace
from bot.conversation import Conversation
from bot.errors import QuestionError
from bot.evaluation.measures import (
    MEASURES,
    facet_recall,
    relevant_paragraphs,
    score_rankings,
    score_reply,
    score_sentences,
    states,
)
from bot.evaluation.queries import Query
from bot.reply import Abstention, Answer, Reply
from index.document import Document
from index.errors import EmptyQuestionError, UserError

CONFIDENCE = 0.95
RESAMPLES = 2_000  # of the bootstrap: its interval's ends then move by less than .01 from seed to seed
SEED = 20_190_424
DEPTH = 50  # ranks kept of a ranking; measures look at 10
CLASS_MEASURES = (
    "R@5",
    "facet recall",
    "citation recall",
    "citation precision",
    "first right",
    "false answer",
    "false abstention",
    "handled",
)


@dataclass(frozen=True, slots=True)
class Result:
    """What one query got: the reply (None if the question was refused, with the reason), the ranking and the scores.

    ``right`` tells whether the sentence that leads, or would have led, states what was asked; ``probability`` is the
    reply's, 0 where a reply has none.
    """

    query: Query
    reply: Reply | None
    refusal: str
    ranking: tuple[str, ...]
    right: bool
    seconds: float
    scores: Mapping[str, float]

    @property
    def outcome(self) -> str:
        """``answer``, ``abstention``, ``courtesy`` or ``refused``."""
        return type(self.reply).__name__.lower() if self.reply is not None else "refused"

    @property
    def probability(self) -> float:
        """That the evidence answers the question, in [0, 1]."""
        return self.reply.probability if isinstance(self.reply, (Answer, Abstention)) else 0.0


@dataclass(frozen=True, slots=True)
class Figure:
    """One measure over some queries: mean, 95% interval (None where the values do not tell), and how many had a value."""

    mean: float
    interval: tuple[float, float] | None
    count: int


def ask_all(
    assistant: Assistant, queries: Sequence[Query], documents: Mapping[str, Document], progress: Callable[[], None]
) -> tuple[Result, ...]:
    """Return the result of every query in order, calling *progress* after each; *documents* are the files' own."""
    assistant.trace(queries[0].question if queries[0].question.strip() else "warm-up", Conversation())  # so that every timing is a warm one
    asked = []
    for query in queries:
        asked.append(_ask(assistant, query, documents))
        progress()
    relevant = {query.query_id: grades for query in queries if (grades := relevant_paragraphs(query, documents))}
    ranked = score_rankings(relevant, {result.query.query_id: result.ranking for result in asked if result.query.gold})
    return tuple(replace(result, scores={**ranked.get(result.query.query_id, {}), **result.scores}) for result in asked)


def _ask(assistant: Assistant, query: Query, documents: Mapping[str, Document]) -> Result:
    conversation = Conversation()
    for message in query.turns:
        conversation = conversation.plus("user" if message.speaker == "user" else "assistant", message.text)
    begun = time.perf_counter()
    trace = _trace(assistant, query.question, conversation)
    seconds = time.perf_counter() - begun
    reply, found = (trace.reply, trace.found) if isinstance(trace, Trace) else (None, None)
    scores = score_reply(query, reply, documents)
    if query.gold:
        scores |= score_sentences(relevant_paragraphs(query, documents), found)
    if query.turns and query.rewrite and query.facets:
        rewritten = _trace(assistant, query.rewrite, Conversation())
        scores["rewrite facet recall"] = facet_recall(query, rewritten.reply if isinstance(rewritten, Trace) else None)
        scores["follow-up loss"] = scores["rewrite facet recall"] - scores["facet recall"]
    leading = reply.sentences[0].text if isinstance(reply, Answer) else found.sentences[0].text if found and found.sentences else ""
    return Result(
        query=query,
        reply=reply,
        refusal="" if isinstance(trace, Trace) else f"{trace}",
        ranking=tuple(passage.paragraph.paragraph_id for passage in found.passages[:DEPTH]) if found else (),
        right=states(leading, query),
        seconds=seconds,
        scores=scores,
    )


def _trace(assistant: Assistant, question: str, conversation: Conversation) -> Trace | UserError:
    """Return the trace, or the error of a question that the assistant rightly refuses to read (blank, too long)."""
    try:
        return assistant.trace(question, conversation)
    except (QuestionError, EmptyQuestionError) as error:
        return error


def figures(results: Sequence[Result]) -> dict[str, Figure]:
    """Return the figure of every measure that has a value for some of *results*, in the order of MEASURES."""
    values = {measure.name: [result.scores[measure.name] for result in results if measure.name in result.scores] for measure in MEASURES}
    return {name: figure(found) for name, found in values.items() if found}


def figure(values: Sequence[float]) -> Figure:
    """Return mean, interval and count of *values*: Wilson's interval where all are 0 or 1, else the BCa bootstrap's."""
    count, mean = len(values), float(np.mean(values))
    if set(values) <= {0.0, 1.0}:
        return Figure(mean, _wilson(round(sum(values)), count), count)
    if len(set(values)) == 1:
        return Figure(mean, None, count)
    low, high = stats.bootstrap(
        (np.asarray(values),), np.mean, confidence_level=CONFIDENCE, n_resamples=RESAMPLES, method="BCa", rng=SEED
    ).confidence_interval
    return Figure(mean, (float(low), float(high)), count)


def _wilson(hits: int, count: int) -> tuple[float, float]:
    interval = stats.binomtest(hits, count).proportion_ci(CONFIDENCE, method="wilson")
    return float(interval.low), float(interval.high)


def by_class(results: Sequence[Result]) -> dict[str, tuple[Result, ...]]:
    """Return the results of every class of queries, by its name."""
    names = sorted({result.query.query_class for result in results})
    return {name: tuple(result for result in results if result.query.query_class == name) for name in names}


def judged(results: Sequence[Result]) -> tuple[Result, ...]:
    """Return the results of queries that are to be answered or not answered, leaving out small talk and unclear ones."""
    return tuple(result for result in results if result.query.answerability in ("answerable", "partial", "unanswerable"))


def auroc(results: Sequence[Result]) -> Figure | None:
    """Return how probable it is that an answerable query gets a higher probability than an unanswerable one, ties half.

    The area under the ROC curve, which is Mann and Whitney's U over the number of pairs; None if one kind is missing.
    """
    answerable = np.array([result.probability for result in judged(results) if result.query.facets])
    unanswerable = np.array([result.probability for result in judged(results) if not result.query.facets])
    if len(answerable) < 2 or len(unanswerable) < 2:  # the bootstrap needs two of each
        return None
    low, high = stats.bootstrap(
        (answerable, unanswerable), _area, confidence_level=CONFIDENCE, n_resamples=RESAMPLES, method="percentile", rng=SEED
    ).confidence_interval
    return Figure(float(_area(answerable, unanswerable)), (float(low), float(high)), len(answerable) + len(unanswerable))


def _area(higher: NDArray[np.float64], lower: NDArray[np.float64], axis: int = -1) -> NDArray[np.float64]:
    u = stats.mannwhitneyu(higher, lower, method="asymptotic", axis=axis).statistic
    return np.asarray(u / (higher.shape[axis] * lower.shape[axis]))


def risk_coverage(results: Sequence[Result]) -> NDArray[np.float64]:
    """Return, for every number k of most probable queries answered, the share of them led by a wrong sentence.

    Shape ``(len(judged(results)),)``; its mean is the area under the risk-coverage curve. Among equal probabilities
    errors are spread evenly, so that the order of the file does not matter.
    """
    probabilities = np.array([result.probability for result in judged(results)])
    wrong = np.array([not result.right for result in judged(results)])
    order = np.argsort(-probabilities, kind="stable")
    errors = np.cumsum(wrong[order])
    last = np.flatnonzero(np.append(np.diff(probabilities[order]) != 0, True))  # of each run of equal probabilities
    answered = np.arange(1, len(order) + 1)
    return np.asarray(np.interp(answered, np.append(0, last + 1), np.append(0, errors[last])) / answered)


def latency(results: Sequence[Result]) -> tuple[float, float]:
    """Return the 50th and the 95th percentile of the seconds that a reply took."""
    middle, high = np.percentile([result.seconds for result in results], (50, 95))
    return float(middle), float(high)


def table(results: Sequence[Result]) -> str:
    """Return the figures as text: overall, then by class."""
    lines = [f"{'measure':22} {'mean':>6}  {'95% interval':15} {'n':>5}"]
    lines += [_line(name, found) for name, found in figures(results).items()]
    if area := auroc(results):
        lines.append(_line("AUROC", area))
        lines.append(_line("risk-coverage area", figure(risk_coverage(results).tolist()), interval=False))
        brier = figure([(result.probability - result.right) ** 2 for result in judged(results)])
        lines.append(_line("Brier score", brier))
    middle, high = latency(results)
    lines.append(f"{'latency':22} p50 {middle * 1000:.0f} ms, p95 {high * 1000:.0f} ms")
    shown = [name for name in CLASS_MEASURES if name in figures(results)]
    lines += ["", f"{'class':15} {'n':>5} " + "".join(f"{name:>19}" for name in shown)]
    for name, group in by_class(results).items():
        found = figures(group)
        lines.append(f"{name:15} {len(group):5} " + "".join(f"{cell(found[m]) if m in found else '':>19}" for m in shown))
    return "\n".join(lines)


def cell(found: Figure) -> str:
    """Return ``.85 [.80-.90]``, the interval left out where there is none."""
    interval = f" [{_short(found.interval[0])}-{_short(found.interval[1])}]" if found.interval else ""
    return _short(found.mean) + interval


def _short(value: float) -> str:
    return f"{value:.2f}".replace("0.", ".", 1) if abs(value) < 1 else f"{value:.3g}"


def _line(name: str, found: Figure, *, interval: bool = True) -> str:
    bounds = f"{found.interval[0]:.3f} - {found.interval[1]:.3f}" if found.interval and interval else ""
    return f"{name:22} {found.mean:6.3f}  {bounds:15} {found.count:5}"
