"""The server: headers on every response, only the paths the page needs, no failure that shows as one."""

import asyncio
import json
import re
import socket
from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from app import EXAMPLES
from bot.assistant import Assistant, Trace
from bot.conversation import Conversation
from bot.errors import ServerError
from bot.filters import ALL_DOCUMENTS, Scope
from bot.languages import translated
from bot.question import MAX_QUESTION_LENGTH
from bot.web.exchange import read_exchanges
from bot.web.guard import MAX_BODY
from bot.web.labels import labels
from bot.web.server import build_server
from bot.web.serving import listen, serve
from index.errors import IndexUnreachableError
from tests.web.examples import Parsed, answer, citation
from tests.web.site import PLENTY

CANNABIS = "What is the SCO's position on legalising cannabis?"


class Recorder:
    """The assistant, remembering what it was asked, and failing where it is asked to fail."""

    def __init__(self, assistant: Assistant) -> None:
        self.examples, self.index_fingerprint = assistant.examples, assistant.index_fingerprint
        self.descriptions, self.document = assistant.descriptions, assistant.document
        self.asked: list[tuple[str, Conversation]] = []
        self._assistant = assistant

    def traces(self, question: str, conversation: Conversation, scope: Scope = ALL_DOCUMENTS) -> Iterator[Trace]:
        """Yield what the assistant yields; fail on the question "fail", and let the answer to "grow" grow."""
        self.asked.append((question, conversation))
        if question == "fail":
            raise RuntimeError("secret detail")
        if question == "severed":
            raise IndexUnreachableError("The index does not answer.")
        if question == "grow":
            sentences = (("One.", (1,)), ("Two.", (1,)))
            yield from (Trace(answer(*sentences[:count], citations=(citation(1),), question="grow"), None) for count in (1, 2))
            return
        yield from self._assistant.traces(question, conversation, scope)


@pytest.fixture(scope="module")
def recorder(assistant: Assistant) -> Recorder:
    """What the server under test asks."""
    return Recorder(assistant)


@pytest.fixture(scope="module")
def client(recorder: Recorder) -> Iterator[TestClient]:
    """The server in this process, without a port; a failure in it would come back as a response, as it would outside."""

    async def built() -> FastAPI:  # outside a running loop Gradio makes loops of its own and leaves them open
        return build_server(recorder, access=PLENTY)

    with TestClient(asyncio.run(built()), raise_server_exceptions=False) as client:
        yield client


def function(client: TestClient, name: str) -> dict[str, object]:
    """Return what the page knows of one of its functions."""
    return next(one for one in client.get("/config").json()["dependencies"] if one["api_name"] == name)


def run_all(client: TestClient, name: str, data: list[object], session: str = "s1", **extra: object) -> list[dict[str, object]]:
    """Call a function of the page as the page does, and return the messages of the stream up to the completing one."""
    body = {"data": data, "fn_index": function(client, name)["id"], "session_hash": session, **extra}
    assert client.post("/gradio_api/queue/join", json=body).status_code == 200
    with client.stream("GET", f"/gradio_api/queue/data?session_hash={session}") as stream:
        messages = [json.loads(line[6:]) for line in stream.iter_lines() if line.startswith("data: ")]
    return [message for message in messages if message["msg"] != "close_stream"]


def run(client: TestClient, name: str, data: list[object], session: str = "s1", **extra: object) -> dict[str, object]:
    """Call a function of the page as the page does, and return the message that completes it."""
    return run_all(client, name, data, session, **extra)[-1]


def ask(client: TestClient, question: object, held: object = (), session: str = "s1") -> dict[str, object]:
    """Ask as the page does, and return what is held, the chat's texts and what the box then shows."""
    done = run(client, "answer", [question, held], session)
    assert done["success"], done
    data = done["output"]["data"]
    return {"held": data[0], "chat": data[1], "copied": data[2], "box": data[6]}


def texts(chat: list[dict[str, object]]) -> list[str]:
    """Return the markup of every message."""
    return [message["content"][0]["text"] for message in chat]


# --- what every response carries


@pytest.mark.parametrize(
    ("path", "status"),
    [("/", 200), ("/healthz", 200), ("/page.js", 200), ("/documents", 200), ("/documents/nix", 404), ("/nix", 404), ("/config", 200)],
)
def test_every_response_has_the_security_headers(client, path, status):
    """Pages, files, refusals and Gradio's own responses alike."""
    response = client.get(path)
    assert response.status_code == status
    policy = dict(part.strip().split(" ", 1) for part in response.headers["content-security-policy"].split(";"))
    assert policy["script-src"] == "'self'"
    assert policy["default-src"] == "'self'"
    assert policy["frame-ancestors"] == "'self'"
    assert policy["object-src"] == policy["form-action"] == "'none'"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("origin", ["https://elsewhere.example", "null", "http://testserver.elsewhere.example"])
@pytest.mark.parametrize("path", ["/", "/config", "/gradio_api/queue/join", "/documents"])
def test_no_other_site_may_read_or_call(client, origin, path):
    """Neither a request nor a preflight from another origin is let in, also not off localhost."""
    headers = {"origin": origin, "host": "sco.example", "access-control-request-method": "POST"}
    for response in (client.get(path, headers=headers), client.options(path, headers=headers)):
        assert "access-control-allow-origin" not in response.headers


def test_the_front_page_holds_no_inline_script(client):
    """The policy would block it, and the browser's console would fill with complaints."""
    page = client.get("/").text
    assert page.count("<script") == page.count("src=") - page.count("<iframe")
    assert "gradio_config" not in page
    assert "<h1>Ask the SCO documents</h1>" in page


def test_the_files_that_the_front_page_names_are_served(client):
    """Gradio's script and style keep their hashed names only until its next version."""
    for address in re.findall(r'(?:src|href)="(\.?/[^"]*)"', client.get("/").text):
        assert client.get(address.removeprefix(".")).status_code == 200, address


def test_a_health_check_names_the_index(client, assistant):
    """Enough to see that the server answers, and from what."""
    assert client.get("/healthz").json() == {"status": "ok", "index_fingerprint": assistant.index_fingerprint}


# --- what is shut


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/file=/etc/passwd",
        "/gradio_api/proxy=http://elsewhere.example/",
        "/gradio_api/call/answer",
        "/gradio_api/run/answer",
        "/gradio_api/openapi.json",
        "/gradio_api/upload_progress",
        "/gradio_api/deep_link",
        "/gradio_api/runs",
        "/gradio_api/token",
        "/gradio_api/vibe-code",
        "/static/fonts/../../index.html",
        "/static/fonts/%2e%2e/%2e%2e/index.html",
        "/assets/..%2findex.html",
        "/monitoring",
        "/login",
        "/docs",
        "/redoc",
        "/robots.txt",
        "/documents/a/b",
        "/documents/..%2f..%2fetc%2fpasswd",
    ],
)
def test_what_the_page_does_not_need_is_not_there(client, path):
    """Files, proxies, direct calls and descriptions of the server are shut, for GET and POST."""
    assert client.get(path).status_code == 404
    assert client.post(path, json={}).status_code in (404, 405)


def test_uploads_are_closed(client):
    """No file of a visitor reaches the disk."""
    assert client.post("/gradio_api/upload", files={"files": ("a.txt", b"x" * 100)}).status_code == 404


def test_a_body_that_is_too_large_is_refused_unread(client):
    """The length is judged before the content."""
    headers = {"content-length": f"{MAX_BODY + 1}", "content-type": "application/json"}
    assert client.post("/gradio_api/queue/join", content=b"{}", headers=headers).status_code == 413


def test_a_body_of_unknown_length_is_refused(client):
    """Otherwise the limit could be passed by."""
    assert client.post("/gradio_api/queue/join", content=iter([b"{", b"}"])).status_code == 411


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_a_body_in_pieces_is_refused_whatever_else_is_said_of_its_length(client, method):
    """Whoever reads by pieces would take any number of them."""
    headers = {"content-length": "2", "transfer-encoding": "chunked"}
    assert client.request(method, "/gradio_api/queue/join", content=b"{}", headers=headers).status_code == 411


def test_a_length_of_too_many_digits_is_refused(client):
    """Zeroes in front hide nothing."""
    assert client.post("/gradio_api/queue/join", content=b"{}", headers={"content-length": f"{'0' * 20}9{'0' * 9}"}).status_code == 413


JUNK = (None, True, -1, 0, 99999, 1e300, "x", "", [], {}, [[]], {"a": 1}, [None] * 50, "\ud800", "[" * 100_000)
BODIES = (
    [b"", b"{", b"[]", b"null", b"\xff\xfe", b'"x"', b"[" * 100_000, b"{}", b'{"data": NaN}']
    + [json.dumps({"data": junk, "fn_index": 0, "session_hash": "f"}).encode() for junk in JUNK]
    + [json.dumps({"data": [], "fn_index": junk, "session_hash": "f"}).encode() for junk in JUNK]
    + [json.dumps({"data": [], "fn_index": 0, "session_hash": junk}).encode() for junk in JUNK]
    + [json.dumps({"data": [junk, junk], "fn_index": 0, "session_hash": "f", "event_data": junk}).encode() for junk in JUNK]
    + [json.dumps({"data": [junk], "fn_index": 1, "session_hash": "f", "event_data": junk, "trigger_id": junk}).encode() for junk in JUNK]
    + [json.dumps({"event_id": junk, "session_hash": junk, "fn_index": junk}).encode() for junk in JUNK]
)


@pytest.mark.parametrize("path", ["queue/join", "cancel"])
@pytest.mark.parametrize("content_type", ["application/json", "text/plain"])
def test_no_malformed_call_is_a_failure_of_the_server(client, path, content_type):
    """What cannot be understood is the sender's error, never ours."""
    for body in BODIES:
        response = client.post(f"/gradio_api/{path}", content=body, headers={"content-type": content_type})
        assert response.status_code < 500, body[:100]
        assert "Traceback" not in response.text


@pytest.mark.parametrize("query", ["", "?session_hash=", "?session_hash=unknown", "?session_hash=%00", "?session_hash=a&session_hash=b"])
def test_no_malformed_stream_is_a_failure_of_the_server(client, query):
    """Asking for the stream of a session that is not there ends at once."""
    with client.stream("GET", f"/gradio_api/queue/data{query}") as response:
        assert response.status_code < 500


def test_after_all_that_it_still_answers(client):
    """Malformed calls leave nothing broken behind."""
    assert 'class="answer"' in texts(ask(client, CANNABIS)["chat"])[-1]


# --- asking


def test_a_question_gets_its_cited_answer_and_the_browser_holds_the_exchange(client):
    """The chat shows question and answer; what is held is plain data with the place cited."""
    done = ask(client, CANNABIS)
    question, answer = (Parsed(text).text for text in texts(done["chat"]))
    assert question == CANNABIS
    assert "raises serious concerns. [1]" in answer
    (held,) = read_exchanges(done["held"])
    assert (held.question, held.kind, held.places[0].point) == (CANNABIS, "answer", "point 10")


def test_the_conversation_comes_from_the_browser_alone(client, recorder):
    """A second visitor's question follows no turns of the first; the first one's follows its own."""
    held = ask(client, CANNABIS, session="one")["held"]
    ask(client, "Is the SCO a military bloc?", session="two")
    assert recorder.asked[-1][1].turns == ()
    ask(client, "And heroin?", held, session="three")
    assert [turn.role for turn in recorder.asked[-1][1].turns] == ["user", "assistant"]
    assert recorder.asked[-1][1].turns[0].content == CANNABIS


def test_markup_sent_back_as_history_is_not_shown(client):
    """What a browser sends is data that is checked; markup in it is text."""
    held = ask(client, CANNABIS)["held"]
    held[0]["said"][0]["text"] = "<b onclick=alert(1)>forged</b>"
    shown = texts(ask(client, "Is the SCO a military bloc?", held)["chat"])
    assert len(shown) == 4
    assert "<b onclick" not in "".join(shown)


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("", "no words"),
        ("  \n ", "no words"),
        ("?!", "no words"),
        ("x" * (MAX_QUESTION_LENGTH + 1), "at most 2&#44;000"),
        (None, "no words"),
    ],
    ids=["empty", "blank", "no word", "too long", "nothing"],
)
def test_a_question_that_cannot_be_asked_gets_a_notice_and_stays_in_the_box(client, question, said):
    """The notice says what to do; nothing is asked, nothing typed is lost, and the conversation goes on as it was."""
    held = ask(client, CANNABIS)["held"]
    done = ask(client, question, held)
    assert len(done["chat"]) == 3
    assert 'class="notice"' in texts(done["chat"])[-1]
    assert said in texts(done["chat"])[-1]
    assert done["box"] == {"__type__": "update"}
    assert done["held"] == {"__type__": "update"}


def test_an_unexpected_error_is_logged_and_the_question_comes_back(client, caplog):
    """The visitor learns that it went wrong, not why; the log learns why."""
    done = ask(client, "fail")
    assert done["box"] == "fail"
    assert "Something went wrong on our side" in texts(done["chat"])[-1]
    assert "secret detail" not in json.dumps(done)
    assert "secret detail" in caplog.text


def test_while_the_index_is_out_of_reach_the_page_says_so_and_the_question_comes_back(client, caplog):
    """It says that nothing was looked up, which is another thing than that nothing was found."""
    done = ask(client, "severed")
    assert done["box"] == "severed"
    assert "so nothing was looked up" in texts(done["chat"])[-1]
    assert "The index does not answer." in caplog.text


@pytest.mark.parametrize("value", [CANNABIS, {"text": CANNABIS}], ids=["suggestion", "example"])
def test_a_question_that_is_clicked_is_asked(client, recorder, value):
    """It is asked as if it had been typed."""
    done = run(client, "answer_chosen", [[]], event_data={"index": 1, "value": value})
    assert done["success"]
    assert recorder.asked[-1][0] == CANNABIS


def test_an_answer_that_grows_is_shown_as_it_grows_and_held_once(client, monkeypatch):
    """Every state that stands for a while is shown; what the browser holds in the end is one exchange with the whole answer."""
    monkeypatch.setattr("bot.web.page.SETTLED_S", 0.0)
    states = run_all(client, "answer", ["grow", []])
    assert len([state for state in states if state["msg"] == "process_generating"]) >= 3
    (held,) = read_exchanges(states[-1]["output"]["data"][0])
    assert held.text == "One. Two."


def test_a_reply_that_comes_at_once_is_sent_at_once(client, monkeypatch):
    """It is all that is sent: neither that it is awaited nor how it grew."""
    monkeypatch.setattr("bot.web.page.SETTLED_S", 60.0)
    states = run_all(client, "answer", ["grow", []])
    assert len([state for state in states if state["msg"] == "process_generating"]) == 1
    assert states[-1]["output"]["data"][6] == ""  # the box


def test_a_request_to_clear_leaves_nothing(client):
    """Neither on the page nor in the browser."""
    held = ask(client, CANNABIS)["held"]
    cleared = ask(client, "Start over!", held)
    assert (cleared["held"], cleared["chat"]) == ([], [])


def test_suggested_questions_are_offered_with_the_last_reply(client):
    """They come as options of the message, as plain text."""
    message = ask(client, CANNABIS)["chat"][-1]
    assert message["options"]
    assert all(isinstance(option["value"], str) and "<" not in option["value"] for option in message["options"])


def test_a_stored_conversation_is_shown_again(client):
    """After a reload the page shows what the browser held, citations included."""
    held = ask(client, CANNABIS)["held"]
    data = run(client, "restore", [held])["output"]["data"]
    assert 'href="./documents/norov-remarks-mcis-2019#p' in texts(data[1]["value"])[-1]


@pytest.mark.parametrize("language", ["ru", "zh"])
def test_the_page_and_its_controls_speak_the_visitors_language(client, language):
    """That of the browser; the chosen one before it. Caches are told."""
    spoken, kept = labels(language), dict(client.cookies)
    for headers in ({"Accept-Language": f"{language};q=0.9,en;q=0.5"}, {"Accept-Language": "en", "Cookie": f"language={language}"}):
        page = client.get("/", headers=headers)
        assert spoken["tagline"] in page.text
        assert page.headers["vary"].startswith("Cookie, Accept-Language")
        assert spoken["all_documents"] in client.get("/documents", headers=headers).text
        assert spoken["all_documents"] in client.get("/documents/norov-remarks-mcis-2019", headers=headers).text
        assert spoken["no_such_document"] in client.get("/documents/nix", headers=headers).text
        client.headers.update(headers)
        session = f"{language}{len(headers)}"  # begun by a browser with these cookies
        data = run(client, "restore", [[]], session)["output"]["data"]
        asked = ask(client, "?", session=session)
        for name in headers:
            del client.headers[name]
        client.cookies.clear()  # a page asked for without its cookie gave another
        client.cookies.update(kept)
        assert spoken["welcome"] in data[1]["placeholder"]
        assert [example["text"] for example in data[1]["examples"]] == [translated(example, language) for example in EXAMPLES]
        assert {data[at]["value"] for at in (3, 4, 5, 7)} == {spoken[name] for name in ("copy", "new", "stop", "ask")}
        assert data[6]["placeholder"] == spoken["type_here"]
        assert spoken["no_words"][:6] in texts(asked["chat"])[-1]


@pytest.mark.parametrize("language", ["ru", "zh"])
def test_a_reply_speaks_the_questions_language(client, language):
    """Whatever the page's; the documents' sentences stay as they are."""
    reply = texts(ask(client, translated(CANNABIS, language))["chat"])[-1]
    assert labels(language)["sources"] in reply
    assert "legalising cannabis" in reply


def test_the_copied_text_has_whole_addresses(client):
    """A reference that leaves the page must say where it points."""
    assert "[1] SCO Secretary-General" in ask(client, CANNABIS)["copied"]
    assert "http://testserver/documents/norov-remarks-mcis-2019#p" in ask(client, CANNABIS)["copied"]


# --- starting


def test_a_port_in_use_is_named_with_what_to_do(assistant):
    """The error comes before anything is served."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(
            ServerError, match=rf"Cannot listen on 127\.0\.0\.1 port {port}: Address already in use\. .*SCO_PORT={port + 1}"
        ):
            serve(lambda: assistant, "127.0.0.1", port)


def test_a_response_waits_for_no_acknowledgement():
    """Each came 40 ms late on a kept connection: its body waited for the client to acknowledge its head."""
    with listen("127.0.0.1", 0) as listening, socket.create_connection(listening.getsockname()):
        connection, _ = listening.accept()
        with connection:
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
