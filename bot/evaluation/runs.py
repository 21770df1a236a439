"""Turns results into a run record on disk, and two records into the measures that were lost. Knows nothing of replies' making.

A record is small enough for version control: what was run, and every query's measures. Beside it lie the same run in
TREC's format (``.trec``) and the replies (``.replies.jsonl``). Records are read strictly and hold plain numbers.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import stats

from bot.evaluation.figures import SEED, Floats
from bot.evaluation.measures import MEASURES
from bot.evaluation.results import Result
from bot.reply import reply_to_json
from index.errors import UserError

RECORD_FORMAT = 1
SIGNIFICANT = 0.05  # p below which a difference is not chance
NEGLIGIBLE = 0.005  # a mean may fall by so much: one query in 200 changing its mind
PERMUTATIONS = 9_999
DIGITS = 4  # kept of every value: far finer than any interval
TAG = "sco-documents-chatbot"  # names the system in a TREC run file


class RunError(UserError):
    """A run record cannot be written, read or compared."""


@dataclass(frozen=True, slots=True)
class Run:
    """What was run (names and digests) and the scores of every query, by query id and measure."""

    about: Mapping[str, str]
    scores: Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class Difference:
    """One measure in a run and in its baseline, over the queries that have it in both; ``p`` is two-sided."""

    name: str
    before: float
    after: float
    count: int
    p: float
    lost: bool


def run_of(results: Sequence[Result], about: Mapping[str, str]) -> Run:
    """Return the run that *results* are."""
    scores = {result.query.query_id: {name: round(value, DIGITS) for name, value in result.scores.items()} for result in results}
    return Run(about, scores)


def write_run(path: Path, results: Sequence[Result], about: Mapping[str, str]) -> None:
    """Write the record of *results* to *path*, and the TREC run and the replies beside it. Raises RunError if it cannot."""
    run = run_of(results, about)
    names = [measure.name for measure in MEASURES]
    rows = (f"{json.dumps(query)}: {json.dumps([scores.get(name) for name in names])}" for query, scores in run.scores.items())
    body = ",\n".join(rows)  # a query a line, so that two records can be compared by eye
    head = f'"format": {RECORD_FORMAT},\n"about": {json.dumps(run.about, indent=1)},\n"measures": {json.dumps(names)}'
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'{{{head},\n"queries": {{\n{body}\n}}}}\n', encoding="utf-8")
        path.with_suffix(".trec").write_text("".join(trec_run(results)), encoding="utf-8")
        replies = (json.dumps(_reply(result), ensure_ascii=False) for result in results)
        path.with_suffix(".replies.jsonl").write_text("".join(f"{reply}\n" for reply in replies), encoding="utf-8")
    except OSError as error:
        raise RunError(f"The run cannot be written to {path} ({error.strerror}). Name a file in a folder you may write to.") from error


def trec_run(results: Sequence[Result]) -> list[str]:
    """Return the lines of TREC's run format, ``query Q0 paragraph rank score tag``; the score is 1 / rank."""
    return [
        f"{result.query.query_id} Q0 {paragraph} {rank} {1 / rank:.6f} {TAG}\n"
        for result in results
        for rank, paragraph in enumerate(result.ranking, start=1)
    ]


def _reply(result: Result) -> dict[str, object]:
    """Return the whole reply object, as every face gives it, with what evaluation adds."""
    said = reply_to_json(result.reply) if result.reply is not None else {"answer": result.refusal}
    measured = {"outcome": result.outcome, "seconds": round(result.seconds, DIGITS), "ranking": result.ranking}
    return {**said, "id": result.query.query_id, **measured}


def read_run(path: Path) -> Run:
    """Return the run recorded in *path*. Raises RunError if it cannot be read or is not a record."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        if record["format"] != RECORD_FORMAT:
            raise ValueError(f"format {record['format']}, not {RECORD_FORMAT}")
        names = record["measures"]
        scores = {
            query: {name: float(value) for name, value in zip(names, values, strict=True) if value is not None}
            for query, values in record["queries"].items()
        }
        return Run(dict(record["about"]), scores)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise RunError(f"{path} is no run record ({error!r}). Write one with: python app.py evaluate --run {path}") from error


def compare(before: Run, after: Run) -> tuple[Difference, ...]:
    """Return how every measure that has a better side changed, paired by query, with a permutation test.

    Lost is what got worse by more than NEGLIGIBLE with p < SIGNIFICANT. Raises RunError if no query is in both runs.
    """
    shared = sorted(set(before.scores) & set(after.scores))
    if not shared:
        raise RunError("The run and its baseline share no query. Measure the queries that the baseline was made of.")
    differences = []
    for measure in MEASURES:
        pairs = [
            (before.scores[query][measure.name], after.scores[query][measure.name])
            for query in shared
            if measure.name in before.scores[query] and measure.name in after.scores[query]
        ]
        if pairs and measure.higher_is_better is not None:
            old, new = np.array(pairs).T
            loss = float(old.mean() - new.mean()) * (1 if measure.higher_is_better else -1)
            p = paired_p(new, old)
            differences.append(
                Difference(measure.name, float(old.mean()), float(new.mean()), len(pairs), p, p < SIGNIFICANT and loss > NEGLIGIBLE)
            )
    return tuple(differences)


def paired_p(first: Floats, second: Floats) -> float:
    """Return how probable a mean difference at least this large would be if each pair's order were chance (two-sided)."""
    if np.array_equal(first, second):
        return 1.0
    found = stats.permutation_test(
        (first, second), _mean_difference, permutation_type="samples", vectorized=True, n_resamples=PERMUTATIONS, rng=SEED
    )
    return float(found.pvalue)


def _mean_difference(first: Floats, second: Floats, axis: int = -1) -> Floats:
    return np.asarray(np.mean(first - second, axis=axis))


def comparison_table(differences: Sequence[Difference]) -> str:
    """Return the differences as text, the lost ones marked."""
    lines = [f"{'measure':27} {'baseline':>8} {'now':>8} {'change':>8} {'p':>6} {'n':>5}"]
    for found in differences:
        verdict = "  LOST" if found.lost else ""
        change = f"{found.after - found.before:+8.3f}"
        lines.append(f"{found.name:27} {found.before:8.3f} {found.after:8.3f} {change} {found.p:6.3f} {found.count:5}{verdict}")
    return "\n".join(lines)
