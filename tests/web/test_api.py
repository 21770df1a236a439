"""The API: a question in JSON gets the reply object, whole or as it grows; whatever cannot be done is said in one form."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families

from bot.filters import Scope
from bot.reply import reply_to_json
from index.filters import Filters
from tests.web.examples import REMARKS, abstention, answer, courtesy
from tests.web.site import EXTRACT, TWO_CITATIONS, TWO_SENTENCES, Scripted, api, events, site


@pytest.fixture(scope="module")
def scripted() -> Scripted:
    """What the server under test asks."""
    return Scripted()


@pytest.fixture(scope="module")
def client(scripted: Scripted) -> Iterator[TestClient]:
    """The site."""
    with site(scripted) as client:
        yield client


def refusal(response, status: int) -> dict[str, str]:
    """Return what the refusal says, which is readable, after a look at its status."""
    assert response.status_code == status
    said = response.json()["error"]
    assert set(said) == {"code", "message", "what_to_do"}
    assert all(said.values())
    return said


# --- asking


@pytest.mark.parametrize(
    ("question", "reply"),
    [
        ("Is it so?", answer(*TWO_SENTENCES, citations=TWO_CITATIONS)),
        ("Why?", abstention()),
        ("Hi", courtesy()),
    ],
    ids=["answer", "abstention", "courtesy"],
)
def test_a_question_gets_the_reply_object_of_every_face(client, question, reply):
    """Field for field what bot.reply makes."""
    response = client.post("/api/chat", json={"question": question})
    assert response.status_code == 200
    assert response.json() == reply_to_json(reply)
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("history", "turns"),
    [
        ([{"role": "user", "content": "A?"}, {"role": "assistant", "content": "B. [1]"}], [("user", "A?"), ("assistant", "B.")]),
        ([{"question": "A?", "answer": "B."}, {"question": "C?"}], [("user", "A?"), ("assistant", "B."), ("user", "C?")]),
        ([], []),
    ],
    ids=["messages", "questions with answers", "none"],
)
def test_the_history_is_sent_as_messages_or_as_questions_with_answers(client, scripted, history, turns):
    """The assistant sees the same turns, without markers."""
    assert client.post("/api/chat", json={"question": "And so?", "history": history}).status_code == 200
    assert [(turn.role, turn.content) for turn in scripted.asked[-1][1].turns] == turns


def test_a_stream_tells_every_citation_before_the_sentence_that_names_it(client):
    """The sentences come one by one, each once, and the whole reply ends the stream."""
    response = client.post("/api/chat", json={"question": "grow", "stream": True})
    assert response.headers["content-type"].startswith("text/event-stream")
    told = events(response.text)
    assert [event["type"] for event in told] == ["start", "citation", "sentence", "citation", "sentence", "end"]
    assert (told[0]["question"], told[0]["standalone_question"]) == ("grow", "grow")
    assert [event["index"] for event in told if event["type"] == "citation"] == [1, 2]
    assert [(event["number"], event["text"], event["markers"]) for event in told if event["type"] == "sentence"] == [
        (1, "One.", [1]),
        (2, "Two.", [2, 1]),
    ]
    whole = told[-1]["reply"]
    assert whole == reply_to_json(answer(*TWO_SENTENCES, citations=TWO_CITATIONS, question="grow"))
    assert [whole["answer"][event["start"] : event["end"]] for event in told if event["type"] == "sentence"] == ["One.", "Two."]


def test_a_stream_whose_answer_is_replaced_begins_anew(client):
    """Sentences of two answers never stand in one, and every marker has the citation of its own answer."""
    told = events(client.post("/api/chat", json={"question": "break", "stream": True}).text)
    begun, anew = ["citation", "sentence"], ["citation", "sentence"] * 2
    assert [event["type"] for event in told] == ["start", *begun, "restart", *anew, "end"]
    after = told[4:-1]
    assert [(event["number"], event["text"]) for event in after if event["type"] == "sentence"] == [(1, "Alpha."), (2, "Beta.")]
    cited = {event["index"]: event["id"] for event in after if event["type"] == "citation"}
    assert cited == {citation.marker: citation.sentence_id for citation in EXTRACT.citations}


@pytest.mark.parametrize(("question", "types"), [("why", ["start", "abstain"]), ("hi", ["start", "end"])])
def test_a_stream_without_an_answer_ends_with_the_reply_alone(client, question, types):
    """There is no sentence to tell."""
    told = events(client.post("/api/chat", json={"question": question, "stream": True}).text)
    assert [event["type"] for event in told] == types
    assert told[-1]["reply"]["question"] == question


# --- which documents are asked


@pytest.mark.parametrize(
    ("filters", "scope"),
    [
        ({}, Scope()),
        ({"since": "2019-02", "until": "2019-02", "from_words": False}, Scope(Filters(date(2019, 2, 1), date(2019, 2, 28)), False)),
        (
            {"speakers": ["Norov"], "kinds": ["speech"], "documents": ["a-1"], "latest": True},
            Scope(Filters(None, None, ("Norov",), ("speech",), ("a-1",), True)),
        ),
    ],
    ids=["none", "a month, and no words", "the others"],
)
def test_filters_are_sent_with_a_question(client, scripted, filters, scope):
    """A month is meant whole."""
    assert client.post("/api/chat", json={"question": "Is it so?", "filters": filters}).status_code == 200
    assert scripted.scopes[-1] == scope


def test_a_search_keeps_to_its_filters_and_tells_them(client, scripted):
    """As they were understood."""
    found = client.post("/api/search", json={"question": "so", "filters": {"kinds": ["speech"], "since": "2019"}}).json()
    assert scripted.scopes[-1] == Scope(Filters(since=date(2019, 1, 1), kinds=("speech",)))
    assert found["filters"] == [
        {"field": "since", "value": "2019-01-01", "words": None},
        {"field": "kind", "value": "speech", "words": None},
    ]
    assert (found["unmet"], len(found["passages"])) == ([], 2)


def test_a_search_whose_filters_no_document_meets_names_them(client, scripted):
    """Nothing is searched, and the missing passages are no statement on what documents hold."""
    asked = len(scripted.asked)
    found = client.post("/api/search", json={"question": "so", "filters": {"kinds": ["treaty", "letter"], "since": "2019"}}).json()
    assert [(one["field"], one["value"]) for one in found["unmet"]] == [("kind", "treaty"), ("kind", "letter")]
    assert (found["passages"], len(scripted.asked)) == ([], asked)


@pytest.mark.parametrize(
    ("filters", "says"),
    [
        ({"since": "24 April"}, "since"),
        ({"until": "2019-02-30"}, "until"),
        ({"kinds": "speech"}, "kinds"),
        ({"speaker": "Norov"}, "speaker"),
    ],
)
def test_filters_of_another_form_are_refused_by_name(client, filters, says):
    """A filter that is silently not applied would answer from documents that were not meant."""
    said = refusal(client.post("/api/chat", json={"question": "Is it so?", "filters": filters}), 422)
    assert f"filters.{says}" in said["message"]


# --- what cannot be done


def test_a_failure_is_told_without_its_details(client, caplog):
    """The caller learns that it failed, the log learns why; in a stream the failure is its last event."""
    assert refusal(client.post("/api/chat", json={"question": "fail"}), 500)["code"] == "failed"
    told = events(client.post("/api/chat", json={"question": "fail", "stream": True}).text)
    assert [(event["type"], event["code"]) for event in told] == [("error", "failed")]
    assert "secret detail" in caplog.text


@pytest.mark.parametrize("path", ["/api/chat", "/api/search"])
@pytest.mark.parametrize(
    ("question", "says"),
    [
        ("???", "holds no words"),
        ("\N{GRINNING FACE}", "holds no words"),
        ("", "holds no words"),
        ("\ud800", "holds no words"),
        ("x" * 2001, "2,001 characters"),
    ],
    ids=["marks", "a face", "nothing", "half a character", "too long"],
)
def test_a_question_that_cannot_be_asked_is_told_why_in_words(client, path, question, says):
    """Not by the pattern that it should match."""
    body = json.dumps({"question": question})
    said = refusal(client.post(path, content=body, headers={"content-type": "application/json"}), 422)
    assert said["code"] == "question_refused"
    assert says in said["message"]


class Switched(Scripted):
    """Finds passages of a document that was not there when the documents were listed."""

    def descriptions(self):
        """Return another document than that of the passages."""
        return (replace(REMARKS, document_id="older-2018"),)


def test_a_search_while_the_index_is_switched_is_no_failure():
    """Passages of documents that were not listed are left out."""
    with api(Switched()) as switched:
        assert switched.post("/api/search", json={"question": "so"}).json()["passages"] == []


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({}, "question"),
        ({"question": 7}, "valid string"),
        ({"question": "A?", "histroy": []}, "histroy"),
        ({"question": "A?", "history": "B"}, "history"),
        ({"question": "A?", "history": [{"role": "system", "content": "B"}]}, "history.0"),
        ({"question": "A?", "language": "de"}, "language"),
        ([], "body"),
    ],
    ids=["nothing", "a number", "misspelt", "no list", "unknown role", "unknown language", "no object"],
)
def test_a_request_of_another_form_is_told_what_is_wrong(client, body, says):
    """The message names the field."""
    said = refusal(client.post("/api/chat", content=json.dumps(body), headers={"content-type": "application/json"}), 422)
    assert said["code"] == "invalid_request"
    assert says in said["message"]


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/chat", 405, "method_not_allowed"),
        ("POST", "/healthz", 405, "method_not_allowed"),
        ("GET", "/api/nothing", 404, "not_found"),
        ("GET", "/v1/nothing", 404, "not_found"),
        ("GET", "/nothing", 404, "not_found"),
    ],
)
def test_an_address_or_method_that_is_not_there_is_said_in_the_same_form(client, method, path, status, code):
    """No refusal is a page or an empty body."""
    assert refusal(client.request(method, path, json={}), status)["code"] == code


@pytest.mark.parametrize("header", ["host", "x-forwarded-host"])
@pytest.mark.parametrize("value", ["::", "http://[", "a b", "[::1]:99999", "[:::]", "x/y", "a@b"])
def test_a_header_that_names_no_host_is_refused(client, header, value):
    """Gradio makes an address of either, and would fail; x-forwarded-host: :: was met among 20,000 fuzzed requests."""
    assert refusal(client.get("/config", headers={header: value}), 400)["code"] == "bad_host"


# --- health


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_and_readiness_name_the_index(client, path):
    """A site that is built is ready."""
    assert client.get(path).json()["index_fingerprint"] == "0" * 16


# --- searching and reading


def test_a_search_gives_passages_with_their_scores_and_no_answer(client):
    """As many as are wanted, best first, each with its permanent address."""
    found = client.post("/api/search", json={"question": "drugs", "limit": 1}).json()
    (passage,) = found["passages"]
    assert (passage["rank"], passage["score"], passage["paragraph_id"]) == (1, 1.25, "remarks-2019/p12")
    assert passage["address"] == "/documents/remarks-2019#p12"
    assert (passage["document_title"], passage["document_language"]) == ("Remarks at the conference", "en")
    assert len(client.post("/api/search", json={"question": "drugs"}).json()["passages"]) == 2


def test_every_document_is_listed_and_can_be_read_whole(client):
    """The spans of a document's sentences cut its paragraphs' texts exactly."""
    (listed,) = client.get("/api/documents").json()["documents"]
    assert (listed["title"], listed["date"], listed["address"]) == ("Remarks at the conference", "2019-04-24", "/documents/remarks-2019")
    (paragraph,) = client.get("/api/documents/remarks-2019").json()["paragraphs"]
    sentences = [paragraph["text"][sentence["start"] : sentence["end"]] for sentence in paragraph["sentences"]]
    assert sentences == ["So it is.", "And so it stays."]
    assert [sentence["id"] for sentence in paragraph["sentences"]] == ["remarks-2019/p12/s1", "remarks-2019/p12/s2"]


def test_a_document_that_is_not_there_is_said(client):
    """With where to find those that are."""
    assert "/api/documents" in refusal(client.get("/api/documents/nothing"), 404)["what_to_do"]


# --- what is counted


def test_requests_and_replies_are_counted_by_names_of_ours(client):
    """What a visitor makes up never becomes a name; Prometheus' own parser reads the counts."""
    client.post("/api/chat", json={"question": "hi"})
    client.get("/api/documents/made-up-by-a-visitor")
    client.get("/made-up-by-a-visitor")
    text = client.get("/metrics").text
    assert "made-up" not in text
    samples = {
        (one.name, *sorted(one.labels.values())): one.value for family in text_string_to_metric_families(text) for one in family.samples
    }
    assert samples["sco_requests_total", "/api/chat", "200"] >= 1
    assert samples["sco_requests_total", "/api/documents/{document_id}", "404"] >= 1
    assert samples["sco_requests_total", "404", "other"] >= 1
    assert samples["sco_replies_total", "courtesy"] >= 1
    assert samples["sco_reply_seconds_count",] >= 1
