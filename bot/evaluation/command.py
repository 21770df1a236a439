"""What `app.py evaluate` does once queries and assistant are at hand: ask, print, write, compare. Knows nothing of settings."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from tqdm import tqdm

from bot.assistant import Assistant
from bot.evaluation.exports import FORMATS, export
from bot.evaluation.figures import table
from bot.evaluation.queries import Query, QueryError, QuerySet
from bot.evaluation.report import render_report
from bot.evaluation.results import Result, ask_all
from bot.evaluation.runs import RunError, compare, comparison_table, read_run, run_of, write_run
from index.document import Document

PARTS = {"dev": ("dev",), "test": ("test",), "all": ("dev", "test", None)}  # a query without a split counts in "all" alone


@dataclass(frozen=True, slots=True)
class Outputs:
    """What is wanted besides the printed table; None where it is not."""

    report: Path | None = None
    run: Path | None = None
    baseline: Path | None = None
    export: tuple[str, Path] | None = None  # (format, folder)


def evaluate(
    query_set: QuerySet,
    split: str,
    documents: Mapping[str, Document],
    open_assistant: Callable[[], Assistant],
    settings: Mapping[str, str],
    outputs: Outputs,
    output: TextIO,
    errors: TextIO,
) -> bool:
    """Measure the queries of *split* (a key of PARTS), part by part, and tell whether all is well.

    It is not if a query is faulty, a quote is not verbatim, or a measure was lost against the baseline. Raises QueryError
    if the split holds no query, RunError for a record, folder or export format that cannot be used.
    """
    if outputs.export and outputs.export[0] not in FORMATS:
        raise RunError(f"There is no export format {outputs.export[0]!r}. Known are: {', '.join(FORMATS)}.")
    baseline = read_run(outputs.baseline) if outputs.baseline else None  # before the minutes that asking may take
    parts = {part: [query for query in query_set.queries if query.split == part] for part in PARTS[split]}
    parts = {part: queries for part, queries in parts.items() if queries}
    for fault in query_set.faults:
        errors.write(f"{fault}\n")
    if not parts:
        raise QueryError(f"No query has the split {split!r}. Add some, or measure another part with --split.")
    assistant = open_assistant()
    about = {"index": assistant.index_fingerprint, **settings}
    results: list[Result] = []
    for part, queries in parts.items():
        found = _ask(assistant, queries, documents, part or "queries", errors)
        results += found
        output.write(f"\n{part or 'all'}: {len(queries)} queries\n{table(found)}\n\n")
        if outputs.report:
            _write_report(outputs.report / f"{part or 'all'}.html", part or "all", found, documents, about)
    well = not query_set.faults
    if altered := [result.query.query_id for result in results if result.scores.get("quote fidelity", 1) < 1]:
        errors.write(f"Quotes that do not stand where they claim, in the replies to: {', '.join(altered)}\n")
        well = False
    if outputs.run:
        write_run(outputs.run, results, about)
    if outputs.export:
        export(outputs.export[0], results, documents, outputs.export[1])
    if baseline:
        differences = compare(baseline, run_of(results, about))
        output.write(f"{comparison_table(differences)}\n")
        well = well and not any(difference.lost for difference in differences)
    return well


def _ask(
    assistant: Assistant, queries: Sequence[Query], documents: Mapping[str, Document], name: str, errors: TextIO
) -> tuple[Result, ...]:
    with tqdm(total=len(queries), desc=name, unit=" queries", file=errors, disable=None) as bar:
        return ask_all(assistant, queries, documents, bar.update)


def _write_report(path: Path, part: str, results: Sequence[Result], documents: Mapping[str, Document], about: Mapping[str, str]) -> None:
    page = render_report(f"Evaluation: {part}", results, documents, about)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        raise RunError(f"The report cannot be written to {path} ({error.strerror}). Name a folder you may write to.") from error
