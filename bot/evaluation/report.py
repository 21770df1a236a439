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
from bot.evaluation.words import words
from bot.languages import Voice
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
    title: str,
    results: Sequence[Result],
    documents: Mapping[str, Document],
    about: Mapping[str, str],
    ask_address: str = "",
    language: Voice = "en",
) -> str:
    """Return the page about *results* in *language*; *about* says what was run, by name.

    *ask_address* is the address of a chat up to the question, such as ``./?q=``: with it every failure can be asked again,
    and the page leads back to the site.
    """
    said, names, meanings = words("report", language), words("names", language), words("meanings", language)
    figures = {**by_measure(results), **over_all(results)}
    page = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    page.globals |= {"cell": cell, "short": short, "interval_bar": interval_bar}
    return page.get_template("report.html").render(
        title=title,
        language=language,
        said=said,
        names={name: names.get(name, name) for name in figures},
        meanings={measure.name: meanings.get(measure.name, measure.meaning) for measure in MEASURES},
        about=about,
        ask_address=ask_address,
        count=len(results),
        headline=[(name, figures[name]) for name in HEADLINE if name in figures],
        groups=_groups(figures),
        over_all=over_all(results),
        class_measures=[name for name in CLASS_MEASURES if name in figures],
        classes=[(name, len(group), by_measure(group)) for name, group in by_class(results).items()],
        charts=_charts(results, said),
        latency=latency(results),
        failures=failures(results, documents).items(),
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


def _charts(results: Sequence[Result], said: Mapping[str, str]) -> list[tuple[str, str, Markup]]:
    """Return title, explanation and picture of every chart that *results* allow, in the words *said*."""
    charts = [(said["latency_title"], said["latency_about"], _latency_chart(results, said))]
    if "Brier score" in over_all(results):
        reliability = _reliability_chart(*probabilities_and_outcomes(results), said)
        charts.insert(0, (said["risk_title"], said["risk_about"], _risk_chart(results, said)))
        charts.insert(1, (said["reliability_title"], said["reliability_about"], reliability))
    return charts


def _risk_chart(results: Sequence[Result], said: Mapping[str, str]) -> Markup:
    risks = risk_coverage(results)
    judged = [result for result in results if result.right is not None]
    answered = sum(isinstance(result.reply, Answer) for result in judged)
    chart = Chart(said["risk_chart"], Axis(said["share_answered"], 1, "{:.0%}"), Axis(said["share_wrong"], 1, "{:.0%}"))
    marks = [chart.line([(k / len(risks), risk) for k, risk in enumerate(risks, start=1)])]
    if answered:
        coverage, risk = answered / len(judged), float(risks[answered - 1])
        note = said["risk_dot"].format(coverage=f"{coverage:.0%}", risk=f"{risk:.0%}")
        marks += [chart.dot(coverage, risk, note), chart.text(coverage, risk, f"{risk:.0%}")]
    return chart.render(*marks)


def _reliability_chart(probabilities: Floats, right: Floats, said: Mapping[str, str]) -> Markup:
    chart = Chart(said["reliability_chart"], Axis(said["probability_given"], 1, "{:.1f}"), Axis(said["share_right"], 1, "{:.1f}"))
    marks = [chart.line([(0, 0), (1, 1)], "diagonal")]
    bins = np.minimum((probabilities * BINS).astype(int), BINS - 1)
    for held in sorted(set(bins.tolist())):
        inside = bins == held
        count, hits, mean = int(inside.sum()), int(right[inside].sum()), float(probabilities[inside].mean())
        low, high = wilson(hits, count)
        note = said["reliability_dot"].format(hits=hits, count=count, low=f"{low:.2f}", high=f"{high:.2f}")
        marks.append(chart.line([(mean, low), (mean, high)], "whisker"))
        marks.append(chart.dot(mean, hits / count, note))
    return chart.render(*marks)


def _latency_chart(results: Sequence[Result], said: Mapping[str, str]) -> Markup:
    milliseconds = np.array([result.seconds * 1000 for result in results])
    longest = _round_up(float(np.percentile(milliseconds, 99)))  # the last hundredth would flatten all others
    counts, edges = np.histogram(np.minimum(milliseconds, longest), bins=25, range=(0, longest))
    most = _round_up(float(counts.max()))
    chart = Chart(said["latency_chart"], Axis(said["in_milliseconds"], longest, "{:.0f}"), Axis(said["questions"], most, "{:.0f}"))
    return chart.render(
        *(
            chart.bar(left, right, count, said["latency_bar"].format(count=count, left=f"{left:.0f}", right=f"{right:.0f}"))
            for left, right, count in zip(edges[:-1].tolist(), edges[1:].tolist(), counts.tolist(), strict=True)
        )
    )


def _round_up(value: float) -> float:
    """Return the end of an axis that holds *value* and whose five ticks are whole numbers easy to read."""
    step = 5 * 10 ** max(math.floor(math.log10(max(value, 1) / 5)), 0)
    return float(step * max(math.ceil(value / step), 1))
