"""Feedback: what a visitor says of a reply is kept with the reply, within bounds, and becomes test queries."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

import app
from bot.evaluation.queries import parse_queries
from bot.reply import Reply, reply_to_json
from bot.web.feedback import FeedbackFile
from index.document import Document
from tests.web.examples import REMARKS, abstention, answer, citation, courtesy
from tests.web.site import PARAGRAPH, TEXT, Scripted, api

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
LONG = {"index": 1, "document_id": "a", "paragraph": 1, "sentence": 1, "cited_text": "x" * 3500}
ANSWER = answer(("So it is.", (1,)), citations=(citation(1),))
# The paragraph that is cited is the twelfth; the eleven before it are empty.
DOCUMENTS = {"remarks-2019": Document(REMARKS, TEXT, (*[PARAGRAPH] * 11, PARAGRAPH))}


@pytest.fixture
def path(tmp_path) -> Path:
    """Where the feedback goes."""
    return tmp_path / "feedback.jsonl"


def judge(path: Path, reply: Reply, verdict: str, note: str = "", **more: object):
    """Send a judgement as the widget does, and return the response."""
    with api(Scripted(), FeedbackFile(path, lambda: NOON)) as client:
        return client.post("/api/feedback", json={"verdict": verdict, "note": note, "reply": reply_to_json(reply), **more})


def test_a_judgement_is_kept_with_its_reply(path):
    """What was asked and answered, by which index, and nothing of who judged."""
    assert judge(path, ANSWER, "wrong_source", "It is another speech.").json() == {"kept": True}
    (line,) = path.read_text(encoding="utf-8").splitlines()
    kept = json.loads(line)
    assert (kept["time"], kept["verdict"], kept["note"]) == ("2026-11-21T12:00:00+00:00", "wrong_source", "It is another speech.")
    assert (kept["reply"]["question"], kept["reply"]["answer"], kept["reply"]["id"]) == (
        "Is it so?",
        ANSWER.text,
        reply_to_json(ANSWER)["id"],
    )
    assert kept["reply"]["citations"][0]["cited_text"] == "So it is."
    assert set(kept) == {"time", "verdict", "note", "reply"}
    assert "testclient" not in line


@pytest.mark.parametrize(
    ("reply", "verdict", "answerability", "golds"),
    [
        (ANSWER, "good", "answerable", 1),
        (abstention(), "good", "unanswerable", 0),
        (courtesy(), "good", "conversational", 0),
        (ANSWER, "not_in_documents", "unanswerable", 0),
        (ANSWER, "wrong_answer", "answerable", 0),
        (abstention(), "wrong_answer", "answerable", 0),
    ],
)
def test_feedback_becomes_test_queries(path, reply, verdict, answerability, golds):
    """The evaluation reads every row; a good answer's citations are what is to be found."""
    judge(path, reply, verdict, "A note")
    rows = [json.dumps(row) for row in FeedbackFile(path).queries()]
    (query,) = parse_queries("feedback.jsonl", "\n".join(rows).encode(), DOCUMENTS, 10).queries
    assert (query.question, query.answerability, len(query.gold)) == (reply.question, answerability, golds)
    assert query.note == f"{verdict.replace('_', ' ')}. A note"


def test_each_sentence_of_a_good_answer_is_to_be_found_at_one_of_its_citations(path):
    """Citations of one sentence are alternatives; every sentence is needed."""
    cited = (citation(1), citation(2, sentence=2, also=True), citation(3, sentence=3))
    judge(path, answer(("So it is.", (1, 2)), ("So it is too.", (3,)), citations=cited), "good")
    (row,) = FeedbackFile(path).queries()
    assert [gold["facet"] for gold in row["gold"]] == [1, 1, 2]


def test_a_full_file_becomes_the_one_before_it_and_no_more_is_kept(path):
    """The newest judgements stay, whatever is sent."""
    file = FeedbackFile(path, lambda: NOON, max_bytes=2_000)
    with api(Scripted(), file) as client:
        for number in range(20):
            client.post("/api/feedback", json={"verdict": "good", "note": f"{number}", "reply": reply_to_json(ANSWER)})
    assert sum(each.stat().st_size for each in path.parent.iterdir()) <= 4_000
    notes = [row["note"] for row in file.queries()]
    assert notes[-1] == "good. 19"
    assert notes == [f"good. {number}" for number in range(20 - len(notes), 20)]


def test_a_damaged_line_is_passed_over(path):
    """The others are read all the same."""
    judge(path, ANSWER, "good")
    path.write_bytes(b'{"time": 1}\n\xff\xfe\n[]\n{"time": "x", "verdict": "good"}\n' + path.read_bytes() + b'{"verdict"')
    assert len(list(FeedbackFile(path).queries())) == 1


@pytest.mark.parametrize(
    "body",
    [
        {"verdict": "splendid"},
        {"reply": {}},
        {"reply": {"question": "x" * 3000}},
        {"reply": {"question": "A?", "citations": [{}] * 60}},
        {"reply": {"question": "A?", "answer": "x" * 4001}},
        {"reply": {"question": "A?", "citations": [LONG] * 10}},
        {"note": "x" * 3000},
        {"address": "here"},
    ],
    ids=["unknown verdict", "no question", "long question", "many citations", "long answer", "long line", "long note", "unknown field"],
)
def test_what_is_no_judgement_is_not_kept(path, body):
    """Nor is a part of it."""
    whole = {"verdict": "good", "reply": {"question": "A?"}, **body}
    with api(Scripted(), FeedbackFile(path)) as client:
        assert client.post("/api/feedback", json=whole).status_code == 422
    assert not path.exists()


def test_a_file_that_cannot_be_written_is_said(tmp_path):
    """The visitor does not believe it kept."""
    response = judge(tmp_path / "missing" / "feedback.jsonl", ANSWER, "good")
    assert (response.status_code, response.json()["error"]["code"]) == (503, "not_kept")


def test_a_server_without_a_file_takes_no_feedback():
    """And says so."""
    with api(Scripted()) as client:
        assert client.post("/api/feedback", json={"verdict": "good", "reply": {"question": "A?"}}).status_code == 404


def test_the_command_prints_the_test_queries(path, monkeypatch, capsys):
    """One JSON object a line, from the folder of the index."""
    judge(path, ANSWER, "good")
    monkeypatch.setenv("SCO_INDEX_DIR", str(path.parent))
    assert app.main(["feedback"]) == 0
    assert json.loads(capsys.readouterr().out)["question"] == "Is it so?"
