"""Turns results into one HTML page that needs nothing else: figures, charts, and every failure with its passages.

Knows nothing of how results came about. The page is report.html, in which every text is escaped.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from bot.evaluation.charts import Axis, Chart, interval_bar
from bot.evaluation.figures import (
    CLASS_MEASURES,
    Figure,
    Floats,
    by_class,
    by_measure,
    cell,
    latency,
    over_all,
    probabilities_and_outcomes,
    risk_coverage,
    short,
    wilson,
)
from bot.evaluation.measures import MEASURES, Measure
from bot.evaluation.results import Result
from bot.reply import Answer
from index.document import Document

BINS = 10  # of the reliability diagram
SHOWN_PASSAGES = 3  # beside a failure: enough to see what was found instead
HEADLINE = ("truthfulness", "facet recall", "citation precision", "quote fidelity", "false answer", "false abstention", "AUROC")
FAILING = (  # a result is listed under the first of these that it fails
    "quote fidelity",
    "must-not said",
    "false answer",
    "false abstention",
    "handled",
    "facet recall",
    "first right",
)
_BY_NAME = {measure.name: measure for measure in MEASURES}


@dataclass(frozen=True, slots=True)
class Failure:
    """One result that fails a measure, with the texts of the passages found for it, best first."""

    result: Result
    passages: tuple[tuple[str, str], ...]  # (paragraph id, text)


def render_report(
    title: str, results: Sequence[Result], documents: Mapping[str, Document], about: Mapping[str, str], ask_address: str = ""
) -> str:
    """Return the page about *results*; *about* says what was run, by name.

    *ask_address* is the address of a chat up to the question, such as ``/?q=``: with it every failure can be asked again.
    """
    figures = {**by_measure(results), **over_all(results)}
    page = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    page.globals |= {"cell": cell, "short": short, "interval_bar": interval_bar}
    return page.get_template("report.html").render(
        title=title,
        about=about,
        ask_address=ask_address,
        count=len(results),
        headline=[(name, figures[name]) for name in HEADLINE if name in figures],
        groups=_groups(figures),
        over_all=over_all(results),
        class_measures=[name for name in CLASS_MEASURES if name in figures],
        classes=[(name, len(group), by_measure(group)) for name, group in by_class(results).items()],
        charts=_charts(results),
        latency=latency(results),
        failures=[(name, _BY_NAME[name].meaning, found) for name, found in failures(results, documents).items()],
    )


def _groups(figures: Mapping[str, Figure]) -> dict[str, list[tuple[Measure, Figure]]]:
    groups: dict[str, list[tuple[Measure, Figure]]] = {}
    for measure in MEASURES:
        if measure.name in figures:
            groups.setdefault(measure.group, []).append((measure, figures[measure.name]))
    return groups


def failures(results: Sequence[Result], documents: Mapping[str, Document]) -> dict[str, list[Failure]]:
    """Return the results that fail, each once, by the measure of FAILING that it fails first."""
    texts = {paragraph.paragraph_id: paragraph.text for document in documents.values() for paragraph in document.paragraphs}
    found: dict[str, list[Failure]] = {}
    for result in results:
        failed = next((name for name in FAILING if name in result.scores and _fails(name, result.scores[name])), None)
        if failed:
            passages = tuple((paragraph, texts[paragraph]) for paragraph in result.ranking[:SHOWN_PASSAGES])
            found.setdefault(failed, []).append(Failure(result, passages))
    return {name: found[name] for name in FAILING if name in found}


def _fails(name: str, value: float) -> bool:
    return value < 1 if _BY_NAME[name].higher_is_better else value > 0


def _charts(results: Sequence[Result]) -> list[tuple[str, str, Markup]]:
    """Return title, explanation and picture of every chart that *results* allow."""
    charts = [("Time to a reply", "Warm, in this process, one question at a time.", _latency_chart(results))]
    if "Brier score" in over_all(results):
        risk = "Share of wrong leading sentences if only the most probable questions were answered. The dot is where the assistant stands."
        reliable = "How often the leading sentence is right, by the probability that the reply gives. On the diagonal, it can be trusted."
        charts.insert(0, ("Risk and coverage", risk, _risk_chart(results)))
        charts.insert(1, ("Reliability of the probability", reliable, _reliability_chart(*probabilities_and_outcomes(results))))
    return charts


def _risk_chart(results: Sequence[Result]) -> Markup:
    risks = risk_coverage(results)
    judged = [result for result in results if result.right is not None]
    answered = sum(isinstance(result.reply, Answer) for result in judged)
    chart = Chart("Risk-coverage curve", Axis("share answered", 1, "{:.0%}"), Axis("share wrong", 1, "{:.0%}"))
    marks = [chart.line([(k / len(risks), risk) for k, risk in enumerate(risks, start=1)])]
    if answered:
        coverage, risk = answered / len(judged), float(risks[answered - 1])
        marks += [chart.dot(coverage, risk, f"{coverage:.0%} answered, {risk:.0%} wrong"), chart.text(coverage, risk, f"{risk:.0%}")]
    return chart.render(*marks)


def _reliability_chart(probabilities: Floats, right: Floats) -> Markup:
    chart = Chart("Reliability diagram", Axis("probability given", 1, "{:.1f}"), Axis("share right", 1, "{:.1f}"))
    marks = [chart.line([(0, 0), (1, 1)], "diagonal")]
    bins = np.minimum((probabilities * BINS).astype(int), BINS - 1)
    for held in sorted(set(bins.tolist())):
        inside = bins == held
        count, hits, mean = int(inside.sum()), int(right[inside].sum()), float(probabilities[inside].mean())
        low, high = wilson(hits, count)
        marks.append(chart.line([(mean, low), (mean, high)], "whisker"))
        marks.append(chart.dot(mean, hits / count, f"{hits} of {count} right, 95% interval {low:.2f} to {high:.2f}"))
    return chart.render(*marks)


def _latency_chart(results: Sequence[Result]) -> Markup:
    milliseconds = np.array([result.seconds * 1000 for result in results])
    longest = _round_up(float(np.percentile(milliseconds, 99)))  # the last hundredth would flatten all others
    counts, edges = np.histogram(np.minimum(milliseconds, longest), bins=25, range=(0, longest))
    chart = Chart(
        "Histogram of times", Axis("milliseconds", longest, "{:.0f}"), Axis("questions", _round_up(float(counts.max())), "{:.0f}")
    )
    return chart.render(
        *(
            chart.bar(left, right, count, f"{count} questions took {left:.0f} to {right:.0f} ms")
            for left, right, count in zip(edges[:-1].tolist(), edges[1:].tolist(), counts.tolist(), strict=True)
        )
    )


def _round_up(value: float) -> float:
    """Return the end of an axis that holds *value* and whose five ticks are whole numbers easy to read."""
    step = 5 * 10 ** max(math.floor(math.log10(max(value, 1) / 5)), 0)
    return float(step * max(math.ceil(value / step), 1))
