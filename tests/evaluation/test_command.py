"""The command measures the parts apart, writes what is wanted, and is well only if nothing is faulty, altered or lost."""

import dataclasses
import io
import json

import pytest

from app import main
from bot.assistant import Assistant
from bot.evaluation.command import Outputs, evaluate
from bot.evaluation.public import write_dataset
from bot.evaluation.queries import QueryError, QuerySet, read_queries
from bot.evaluation.runs import RunError, read_run
from index.build import build
from index.corpus import find_files, read_document
from index.store import open_generation
from tests.evaluation.values import DOCUMENTS, DRUGS, RIGHT, SILENT, SPEECH, ListedReplies, answer, citation, query
from tests.fakes import WordEmbeddings

PARTED = [query(f"{split}-{number}", gold=(DRUGS,), split=split) for split in ("dev", "test") for number in range(6)]
QUERIES = QuerySet((*PARTED, query("own", "unanswerable", question="Oil?")), ())


class Printed:
    """What a run printed, and whether it was well."""

    def __init__(self, split="all", replies=None, queries=QUERIES, **outputs):
        output, errors = io.StringIO(), io.StringIO()
        assistant = ListedReplies(replies or {"Drugs?": RIGHT, "Oil?": SILENT})
        self.well = evaluate(queries, split, DOCUMENTS, lambda: assistant, {"model": "words"}, Outputs(**outputs), output, errors)
        self.output, self.errors = output.getvalue(), errors.getvalue()


def test_the_parts_are_measured_apart():
    """Development, test and a query of no part each have their table."""
    printed = Printed()
    assert printed.well
    assert [line for line in printed.output.splitlines() if line.endswith(" queries")] == [
        "dev: 6 queries",
        "test: 6 queries",
        "all: 1 queries",
    ]


def test_one_part_can_be_measured_alone():
    """Who tunes on dev never sees test."""
    assert "test" not in Printed("dev").output


def test_a_part_without_queries_is_an_error():
    """Nothing was measured, which must not pass for a good run."""
    with pytest.raises(QueryError, match="No query has the split 'dev'"):
        Printed("dev", queries=QuerySet((query(),), ()))


def test_faults_are_told_and_make_it_unwell():
    """The good queries are still measured."""
    printed = Printed("dev", queries=dataclasses.replace(QUERIES, faults=("a.jsonl line 3: bad",)))
    assert not printed.well
    assert "a.jsonl line 3: bad" in printed.errors
    assert "dev: 6 queries" in printed.output


def test_an_altered_quote_makes_it_unwell():
    """Quote fidelity is no score to trade but a promise: the query is named."""
    true = answer(citation(1, SPEECH, 1, 1))
    false = dataclasses.replace(true, citations=(dataclasses.replace(true.citations[0], start=0, end=5),))
    printed = Printed("dev", {"Drugs?": false})
    assert not printed.well
    assert "dev-0" in printed.errors


def test_a_run_against_its_own_record_is_well(tmp_path):
    """Nothing changed, nothing lost; the record says what was run."""
    assert Printed(run=tmp_path / "run.json").well
    assert read_run(tmp_path / "run.json").about == {"index": "f" * 16, "model": "words"}
    printed = Printed(baseline=tmp_path / "run.json")
    assert printed.well
    assert "LOST" not in printed.output


def test_a_loss_against_the_baseline_makes_it_unwell(tmp_path):
    """Twelve answers became abstentions."""
    Printed(run=tmp_path / "run.json")
    printed = Printed(replies={"Drugs?": SILENT, "Oil?": SILENT}, baseline=tmp_path / "run.json")
    assert not printed.well
    assert "facet recall                   1.000    0.000   -1.000  0.000    12  LOST" in printed.output.splitlines()


def test_a_page_is_written_for_each_part(tmp_path):
    """So that the page of dev shows nothing of test."""
    Printed(report=tmp_path / "report", export=("csv", tmp_path / "csv"))
    assert sorted(path.name for path in (tmp_path / "report").iterdir()) == ["all.html", "dev.html", "test.html"]
    assert "test-0" not in (tmp_path / "report" / "dev.html").read_text()
    assert (tmp_path / "csv" / "results.csv").exists()


@pytest.mark.parametrize("outputs", [{"export": ("xml", None)}, {"baseline": "none.json"}, {"report": "file/report"}])
def test_what_cannot_be_read_or_written_is_an_error(tmp_path, outputs):
    """An unknown format, a missing baseline and a file in the folder's way are errors of use, not tracebacks."""
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError):
        Printed("dev", **{name: tmp_path / value if isinstance(value, str) else value for name, value in outputs.items()})


def test_a_public_data_set_goes_through_the_whole_walk(tmp_path):
    """Converted, indexed, asked of the real assistant (over vectors that count words) and measured: every quote is true."""
    context = "Rollo led the Normans. They came to France in 911. Harvests were poor that year."
    asked = [
        {"id": "when", "question": "When did the Normans come to France?", "answers": [{"answer_start": 46}]},
        {"id": "who", "question": "Who led the Normans?", "answers": [{"answer_start": 0}]},
        {"id": "cost", "question": "Qu'est-ce?", "is_impossible": True},
    ]
    data = tmp_path / "squad.json"
    data.write_text(json.dumps({"data": [{"title": "Normans", "paragraphs": [{"context": context, "qas": asked}]}]}))
    write_dataset("squad", data, tmp_path / "set", None)
    documents = {document.document_id: document for document in map(read_document, find_files(tmp_path / "set" / "corpus"))}
    build(tmp_path / "set" / "corpus", tmp_path / "index", WordEmbeddings(), lambda done, total: None)
    assistant = Assistant(open_generation(tmp_path / "index"), WordEmbeddings())
    queries = read_queries(tmp_path / "set" / "queries.jsonl", documents)
    output = io.StringIO()
    assert evaluate(queries, "all", documents, lambda: assistant, {}, Outputs(run=tmp_path / "run.json"), output, io.StringIO())
    scores = read_run(tmp_path / "run.json").scores
    assert scores["when"]["R@1"] == scores["who"]["sentence@1"] == 1
    assert all(row.get("quote fidelity", 1) == 1 for row in scores.values())


def test_the_command_line_names_what_is_missing(tmp_path, capsys):
    """A file of queries that is not there is told before any model is loaded, with exit status 1."""
    assert main(["evaluate", "--queries", str(tmp_path / "none.jsonl")]) == 1
    assert "none.jsonl cannot be read" in capsys.readouterr().err
