"""Every export is read back, by the field's own reader where there is one, into what was measured."""

import csv
import json

import ir_measures
import pytest

from bot.evaluation.exports import FORMATS, export
from bot.evaluation.queries import plain_cell
from bot.evaluation.results import ask_all
from bot.evaluation.runs import RunError
from tests.evaluation.values import BLOC, DOCUMENTS, DRUGS, RIGHT, SILENT, TOURISM, TURNS, ListedReplies, query, result

FOLLOW_UP = query("talk-1::2", question="and drugs?", rewrite="What of drugs?", turns=TURNS, gold=(DRUGS, TOURISM, BLOC))
OIL = query("oil", "unanswerable", "far", question="=1+1")
RESULTS = [
    result(asked=FOLLOW_UP, ranking=("speech-2019/p1", "report-2020/p1"), scores={"facet recall": 0.5}),
    result(asked=OIL, reply=SILENT, ranking=("report-2020/p1",), scores={"false answer": 0.0}),
]


def lines(path):
    """Return the objects of a JSON Lines file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_beir_holds_corpus_queries_and_judgments(tmp_path):
    """Three paragraphs, two queries of which the follow-up stands alone, two judgments with their grades."""
    export("beir", RESULTS, DOCUMENTS, tmp_path)
    corpus = {row["_id"]: (row["title"], row["text"]) for row in lines(tmp_path / "corpus.jsonl")}
    assert corpus.keys() == {"speech-2019/p1", "speech-2019/p2", "report-2020/p1"}
    assert corpus["speech-2019/p2"] == ("A speech", "2. The bloc threatens nobody.")
    assert lines(tmp_path / "queries.jsonl") == [{"_id": "talk-1::2", "text": "What of drugs?"}, {"_id": "oil", "text": "=1+1"}]
    with (tmp_path / "qrels" / "test.tsv").open() as file:
        judged = list(csv.DictReader(file, delimiter="\t"))
    assert judged == [
        {"query-id": "talk-1::2", "corpus-id": "speech-2019/p1", "score": "2"},
        {"query-id": "talk-1::2", "corpus-id": "speech-2019/p2", "score": "1"},
    ]


def test_trec_files_give_the_same_measures(tmp_path):
    """Read by ir-measures, one of two relevant paragraphs is found first."""
    export("trec", RESULTS, DOCUMENTS, tmp_path)
    judged = list(ir_measures.read_trec_qrels(str(tmp_path / "qrels.txt")))
    run = list(ir_measures.read_trec_run(str(tmp_path / "run.txt")))
    assert {(row.query_id, row.doc_id, row.relevance) for row in judged} == {
        ("talk-1::2", "speech-2019/p1", 2),
        ("talk-1::2", "speech-2019/p2", 1),
    }
    assert ir_measures.calc_aggregate([ir_measures.R @ 5, ir_measures.RR], judged, run) == {ir_measures.R @ 5: 0.5, ir_measures.RR: 1.0}


def test_mtrag_predictions_keep_conversation_and_contexts(tmp_path):
    """The conversation's id, its turns with the question last, the paragraphs found and what was said."""
    export("mtrag", RESULTS, DOCUMENTS, tmp_path)
    task, _ = lines(tmp_path / "predictions.jsonl")
    assert (task["conversation_id"], task["task_id"]) == ("talk-1", "talk-1::2")
    assert [turn["text"] for turn in task["input"]] == ["What about tourism?", "Tourism grows. [1]", "and drugs?"]
    assert [(context["document_id"], context["score"]) for context in task["contexts"]] == [("speech-2019/p1", 1), ("report-2020/p1", 0.5)]
    assert task["contexts"][0]["text"].startswith("1. Drugs are a grave")
    assert task["predictions"] == [{"text": RIGHT.text}]


def test_ragas_samples_have_the_fields_of_a_single_turn(tmp_path):
    """Ids and texts of what was found, ids of what is relevant, the required quotes as reference."""
    export("ragas", RESULTS, DOCUMENTS, tmp_path)
    sample, empty = lines(tmp_path / "samples.jsonl")
    assert sample["user_input"] == "What of drugs?"
    assert sample["retrieved_context_ids"] == ["speech-2019/p1", "report-2020/p1"]
    assert len(sample["retrieved_contexts"]) == 2
    assert sample["reference_context_ids"] == ["speech-2019/p1", "speech-2019/p2"]
    assert (sample["response"], sample["reference"]) == (RIGHT.text, "Drugs are a grave and growing danger. Tourism grows.")
    assert empty["reference"] == ""


def test_csv_cells_are_no_formulas_and_read_back(tmp_path):
    """The question "=1+1" is written as text; a measure that does not apply is an empty cell."""
    export("csv", RESULTS, DOCUMENTS, tmp_path)
    with (tmp_path / "results.csv").open(encoding="utf-8-sig", newline="") as file:
        first, second = csv.DictReader(file)
    assert second["question"] == "'=1+1"
    assert plain_cell(second["question"]) == "=1+1"
    assert (first["reply"], first["cited"], first["facet recall"]) == (RIGHT.text, "speech-2019/p1/s1 report-2020/p1/s1", "0.5")
    assert (second["outcome"], second["facet recall"], second["false answer"]) == ("abstention", "", "0.0")


@pytest.mark.parametrize("form", FORMATS)
def test_real_results_can_be_exported(tmp_path, form):
    """Replies of every kind, and a question refused unread, go through each format."""
    results = ask_all(ListedReplies({"and drugs?": RIGHT}), [FOLLOW_UP, OIL], DOCUMENTS, list)
    export(form, results, DOCUMENTS, tmp_path / "deep" / form)
    assert any((tmp_path / "deep" / form).iterdir())


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path):
    """A file in the way is named."""
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="cannot be written"):
        export("beir", RESULTS, DOCUMENTS, tmp_path / "file")
