"""A public data set becomes documents and queries of our own form, its gold sentence the one that holds the answer."""

import json
import os
from pathlib import Path

import pytest

from bot.evaluation.public import write_dataset
from bot.evaluation.queries import Query, QueryError, read_queries
from index.corpus import find_files, read_document
from index.document import Document

CONTEXTS = ("The Normans came in 911.\nThey spoke French.", "Rollo was their leader. He was a Viking.")
SQUAD = {
    "data": [
        {
            "title": "Normans: a <history>",
            "paragraphs": [
                {
                    "context": CONTEXTS[0],
                    "qas": [
                        {"id": "a", "question": "When?", "is_impossible": False, "answers": [{"answer_start": 20}]},
                        {"id": "b", "question": "Who paid?", "is_impossible": True, "answers": []},
                    ],
                },
                {
                    "context": CONTEXTS[1],
                    "qas": [
                        {
                            "id": "c",
                            "question": "What was he?",
                            "answers": [{"text": "Viking", "answer_start": 33}, {"text": "Rollo", "answer_start": 0}],
                        }
                    ],
                },
            ],
        }
    ]
}
QUESTION = {"speaker": "user", "text": "On Sunday?"}
MTRAG = {
    "documents": [
        {"document_id": "7_1-2", "title": "Law library", "text": "Law library\nOpen to all."},
        {"document_id": "7_3-4", "title": "Law library", "text": "Closed on Sunday."},
    ],
    "tasks": [
        {
            "task_id": "x<::>2",
            "Collection": "govt",
            "Answerability": ["PARTIAL"],
            "contexts": [{"document_id": "7_3-4"}, {"document_id": "kept elsewhere"}],
            "input": [{"speaker": "user", "text": "Hi"}, {"speaker": "agent", "text": "Yes?"}, QUESTION],
        },
        {
            "task_id": "x<::>3",
            "Collection": "govt",
            "Answerability": ["UNANSWERABLE"],
            "contexts": [],
            "input": [{"speaker": "user", "text": "Why?"}],
        },
    ],
}


def converted(folder: Path, form: str, data: object, limit: int | None = None) -> tuple[dict[str, Document], dict[str, Query]]:
    """Return the documents and the queries, by id, that *data* becomes."""
    folder.mkdir(exist_ok=True)
    path = folder / "data.json"
    path.write_text(json.dumps(data))
    write_dataset(form, path, folder / "out", limit)
    documents = {document.document_id: document for document in map(read_document, find_files(folder / "out" / "corpus"))}
    found = read_queries(folder / "out" / "queries.jsonl", documents)
    assert found.faults == ()
    return documents, {query.query_id: query for query in found.queries}


def test_a_squad_article_is_a_document_and_a_context_a_paragraph(tmp_path):
    """A line break inside a context is a space, so that it stays one paragraph."""
    documents, _ = converted(tmp_path, "squad", SQUAD)
    (document,) = documents.values()
    assert document.description.title == "Normans: a <history>"
    assert [paragraph.text for paragraph in document.paragraphs] == [CONTEXTS[0].replace("\n", " "), CONTEXTS[1]]


def test_the_gold_of_a_squad_question_is_the_sentence_that_answers(tmp_path):
    """Answers of several annotators in two sentences are alternatives; an impossible question has none."""
    _, queries = converted(tmp_path, "squad", SQUAD)
    assert [gold.quote for gold in queries["a"].gold] == ["The Normans came in 911."]
    assert [(gold.paragraph, gold.quote, gold.facet) for gold in queries["c"].gold] == [
        (2, "Rollo was their leader.", 1),
        (2, "He was a Viking.", 1),
    ]
    assert (queries["b"].answerability, queries["b"].gold) == ("unanswerable", ())
    assert (queries["a"].answerability, queries["a"].query_class) == ("answerable", "Normans: a <history>")


def test_an_mtrag_passage_is_a_document_and_a_task_a_follow_up(tmp_path):
    """The passages judged relevant are gold without a facet; those that are not in the file are left out."""
    documents, queries = converted(tmp_path, "mtrag", MTRAG)
    assert [document.paragraphs[0].text for document in documents.values()] == ["Law library Open to all.", "Closed on Sunday."]
    task = queries["x<::>2"]
    assert (task.question, task.answerability, task.query_class) == ("On Sunday?", "partial", "govt")
    assert [(message.speaker, message.text) for message in task.turns] == [("user", "Hi"), ("agent", "Yes?")]
    assert [(gold.quote, gold.facet, gold.grade) for gold in task.gold] == [("Closed on Sunday.", 0, 1)]
    assert queries["x<::>3"].answerability == "unanswerable"


def test_an_mtrag_passage_that_repeats_another_is_that_other(tmp_path):
    """A build indexes it once, so a judgment of either is one of the document that is there."""
    again = {"document_id": "8_1-2", "title": "Law library, again", "text": "Closed on  Sunday."}
    task = {**MTRAG["tasks"][0], "contexts": [{"document_id": "8_1-2"}, {"document_id": "7_3-4"}]}
    documents, queries = converted(tmp_path, "mtrag", {"documents": [*MTRAG["documents"], again], "tasks": [task]})
    assert len(documents) == 2
    assert [gold.quote for gold in queries["x<::>2"].gold] == ["Closed on Sunday."]


def test_a_limit_takes_the_same_sample_each_time(tmp_path):
    """Two of three questions, the same two in two runs."""
    _, first = converted(tmp_path / "first", "squad", SQUAD, limit=2)
    _, second = converted(tmp_path / "second", "squad", SQUAD, limit=2)
    assert len(first) == 2
    assert first.keys() == second.keys()


@pytest.mark.parametrize(
    ("form", "data", "limit"),
    [
        pytest.param("squad", MTRAG, None, id="another form"),
        pytest.param("mtrag", {"documents": [], "tasks": [{}]}, None, id="a task without fields"),
        pytest.param("squad", SQUAD, 0, id="no question wanted"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path, form, data, limit):
    """The message says what was wrong instead of measuring nothing."""
    with pytest.raises(QueryError, match=r"(cannot be read as|leaves no question)"):
        converted(tmp_path, form, data, limit)


def test_a_missing_file_is_refused(tmp_path):
    """The message names the file."""
    with pytest.raises(QueryError, match=r"none\.json cannot be read as squad"):
        write_dataset("squad", tmp_path / "none.json", tmp_path / "out", None)


@pytest.mark.parametrize("form", ["squad", "xquad", "mtrag"])
def test_a_whole_public_file_converts(tmp_path, form):
    """Every question finds its gold; docs/evaluation.md says where to get the files."""
    variable = f"{form.upper()}_FILE"
    if variable not in os.environ:
        pytest.skip(f"{variable} does not name the data set's file")
    _, queries = converted(tmp_path, form, json.loads(Path(os.environ[variable]).read_text(encoding="utf-8")))
    assert all(query.gold for query in queries.values() if query.is_answerable)
