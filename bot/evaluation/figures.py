"""Turns results into figures with 95% intervals, overall and by class, and figures into a table.

All statistics are scipy's, which is loaded where they are made: 60 MB that a server needs for nothing else.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bot.evaluation.measures import MEASURES
from bot.evaluation.results import Result

CONFIDENCE = 0.95
RESAMPLES = 2_000  # of the bootstrap: an interval's ends then move by less than .01 from seed to seed
SEED = 20_190_424
CLASS_MEASURES = (  # few enough to stand side by side
    "R@5",
    "facet recall",
    "citation recall",
    "citation precision",
    "first right",
    "false answer",
    "false abstention",
    "handled",
)

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Figure:
    """One measure over some queries: mean, 95% interval (None where the values do not tell), and how many had a value."""

    mean: float
    interval: tuple[float, float] | None
    count: int


def by_measure(results: Sequence[Result]) -> dict[str, Figure]:
    """Return the figure of every measure that has a value for some of *results*, in the order of MEASURES."""
    values = {measure.name: [result.scores[measure.name] for result in results if measure.name in result.scores] for measure in MEASURES}
    return {name: figure(found) for name, found in values.items() if found}


def by_class(results: Sequence[Result]) -> dict[str, tuple[Result, ...]]:
    """Return the results of every class of queries, by its name."""
    names = sorted({result.query.query_class for result in results})
    return {name: tuple(result for result in results if result.query.query_class == name) for name in names}


def figure(values: Sequence[float]) -> Figure:
    """Return mean, interval and count of *values*: Wilson's interval where all are 0 or 1, else the BCa bootstrap's."""
    from scipy import stats

    count, mean = len(values), float(np.mean(values))
    if set(values) <= {0.0, 1.0}:
        return Figure(mean, wilson(round(sum(values)), count), count)
    if len(set(values)) == 1:
        return Figure(mean, None, count)
    found = stats.bootstrap((np.asarray(values),), np.mean, confidence_level=CONFIDENCE, n_resamples=RESAMPLES, method="BCa", rng=SEED)
    return Figure(mean, (float(found.confidence_interval.low), float(found.confidence_interval.high)), count)


def wilson(hits: int, count: int) -> tuple[float, float]:
    """Return Wilson's 95% interval of the share *hits* / *count*."""
    from scipy import stats

    interval = stats.binomtest(hits, count).proportion_ci(CONFIDENCE, method="wilson")
    return float(interval.low), float(interval.high)


def auroc(results: Sequence[Result]) -> Figure | None:
    """Return how probable it is that an answerable query gets a higher probability than an unanswerable one, ties half.

    The area under the ROC curve, which is Mann and Whitney's U over the number of pairs; None if there are fewer than
    two of either kind.
    """
    from scipy import stats

    answerable = np.array([result.probability for result in results if result.query.is_answerable])
    unanswerable = np.array([result.probability for result in results if result.query.answerability == "unanswerable"])
    if min(len(answerable), len(unanswerable)) < 2:
        return None
    found = stats.bootstrap(
        (answerable, unanswerable), _area, confidence_level=CONFIDENCE, n_resamples=RESAMPLES, method="percentile", rng=SEED
    )
    interval = float(found.confidence_interval.low), float(found.confidence_interval.high)
    return Figure(float(_area(answerable, unanswerable)), interval, len(answerable) + len(unanswerable))


def _area(higher: Floats, lower: Floats, axis: int = -1) -> Floats:
    from scipy import stats

    u = stats.mannwhitneyu(higher, lower, method="asymptotic", axis=axis).statistic
    return np.asarray(u / (higher.shape[axis] * lower.shape[axis]))


def risk_coverage(results: Sequence[Result]) -> Floats:
    """Return, for every k, the share of the k most probable queries whose leading sentence is wrong.

    One value for each result that can be judged; their mean is the area under the risk-coverage curve. Among equal
    probabilities errors are spread evenly, so that the order of the queries does not matter.
    """
    probabilities, right = probabilities_and_outcomes(results)
    order = np.argsort(-probabilities, kind="stable")
    errors = np.cumsum(1 - right[order])
    last = np.flatnonzero(np.append(np.diff(probabilities[order]) != 0, True))  # of each run of equal probabilities
    taken = np.arange(1, len(order) + 1)
    return np.asarray(np.interp(taken, np.append(0, last + 1), np.append(0, errors[last])) / taken)


def probabilities_and_outcomes(results: Sequence[Result]) -> tuple[Floats, Floats]:
    """Return the probability of every result that can be judged, and 1 where its leading sentence is right, else 0."""
    judged = [result for result in results if result.right is not None]
    return np.array([result.probability for result in judged], float), np.array([result.right for result in judged], float)


def over_all(results: Sequence[Result]) -> dict[str, Figure]:
    """Return the figures that need all results together: AUROC, the area under the risk-coverage curve, Brier's score.

    The last two need required facets, to tell a right leading sentence; all need answerable and unanswerable queries.
    """
    area = auroc(results)
    found = {"AUROC": area} if area else {}
    if area and any(result.query.facets for result in results):
        risks = risk_coverage(results)
        probabilities, right = probabilities_and_outcomes(results)
        found["risk-coverage area"] = Figure(float(risks.mean()), None, len(risks))
        found["Brier score"] = figure(((probabilities - right) ** 2).tolist())
    return found


def latency(results: Sequence[Result]) -> tuple[float, float]:
    """Return the 50th and the 95th percentile of the seconds that a reply took."""
    middle, high = np.percentile([result.seconds for result in results], (50, 95))
    return float(middle), float(high)


def table(results: Sequence[Result]) -> str:
    """Return the figures as text: overall, then by class."""
    figures = by_measure(results)
    middle, high = latency(results)
    lines = [f"{'measure':27} {'mean':>6}  {'95% interval':15} {'n':>5}"]
    lines += [_line(name, found) for name, found in {**figures, **over_all(results)}.items()]
    lines += [f"{'latency':27} p50 {middle * 1000:.0f} ms, p95 {high * 1000:.0f} ms", ""]
    shown = [name for name in CLASS_MEASURES if name in figures]
    lines.append(f"{'class':20} {'n':>5} " + "".join(f"{name:>20}" for name in shown))
    for name, group in by_class(results).items():
        lines.append(f"{name[:20]:20} {len(group):5} " + "".join(f"{cell(by_measure(group).get(measure)):>20}" for measure in shown))
    return "\n".join(lines)


def cell(found: Figure | None) -> str:
    """Return ``.85 [.80-.90]``; without an interval only the mean, without a figure nothing."""
    if found is None:
        return ""
    return short(found.mean) + (f" [{short(found.interval[0])}-{short(found.interval[1])}]" if found.interval else "")


def short(value: float) -> str:
    """Return *value* with two decimals and without a zero before the point."""
    return f"{value:.2f}".replace("0.", ".", 1)


def _line(name: str, found: Figure) -> str:
    interval = f"{found.interval[0]:.3f} - {found.interval[1]:.3f}" if found.interval else ""
    return f"{name:27} {found.mean:6.3f}  {interval:15} {found.count:5}"
