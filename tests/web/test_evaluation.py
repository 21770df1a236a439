"""A visitor measures the assistant with queries of their own; what cannot be measured is refused in words."""

import asyncio
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from bot.web.evaluation import MAX_UPLOAD, evaluation_routes
from bot.web.limits import Rates
from bot.web.server import build_server
from index.errors import IndexUnreachableError
from tests.evaluation.values import COURTESY, DOCUMENTS, RIGHT, SILENT, WRONG, ListedReplies
from tests.web.examples import HOSTILE, Parsed
from tests.web.site import PLENTY

QUERIES = b"""question,answerability,class,gold_quote
Drugs?,answerable,direct,Drugs are a grave and growing danger.
Oil & gas?,unanswerable,near,
hi,conversational,small_talk,
"""
MULTIPART = {"content-type": "multipart/form-data; boundary=x"}


class Site(ListedReplies):
    """The listed replies over two documents; the question "wait" is answered when it may be."""

    examples = ()

    def __init__(self) -> None:
        super().__init__({"Drugs?": RIGHT, "Oil & gas?": WRONG, "hi": COURTESY, "wait": SILENT})
        self.waiting, self.go_on = threading.Event(), threading.Event()

    def descriptions(self):
        """Return what is known of both documents."""
        return tuple(document.description for document in DOCUMENTS.values())

    def document(self, document_id):
        """Return the document."""
        return DOCUMENTS.get(document_id)

    def trace(self, question, conversation):
        """Return the listed reply, on "wait" not before it may be."""
        if question == "wait":
            self.waiting.set()
            self.go_on.wait()
        return super().trace(question, conversation)


@pytest.fixture(scope="module")
def site() -> Site:
    """What the server under test asks."""
    return Site()


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty folder of reports."""
    return tmp_path_factory.mktemp("reports")


@pytest.fixture(scope="module")
def client(site: Site, reports: Path) -> Iterator[TestClient]:
    """The server in this process, without a port."""

    async def built() -> FastAPI:
        return build_server(site, reports, PLENTY)

    with TestClient(asyncio.run(built()), raise_server_exceptions=False) as client:
        yield client


def send(client: TestClient, content: bytes = QUERIES, name: str = "own.csv", **headers: str):
    """Send the form as the page does."""
    return client.post("/evaluation", files={"queries": (name, content)}, headers=headers)


def test_the_page_has_a_form_that_only_this_site_takes(client):
    """The policy lets this one page send a form, and to its own site; no script is needed."""
    response = client.get("/evaluation")
    assert "form-action 'self'" in response.headers["content-security-policy"]
    assert "form-action 'none'" in client.get("/documents").headers["content-security-policy"]
    assert {"form", "label", "input", "button"} <= Parsed(response.text).tags
    assert "script" not in Parsed(response.text).tags


def test_the_chat_page_leads_to_it(client):
    """By a link in its header."""
    assert ("./evaluation", "") in Parsed(client.get("/").text).links


SPOKEN = {  # heading, no file of queries, a row at fault, a failure of the report
    "ru": ("Оценка", "own.txt не является файлом вопросов.", "own.csv, строка 2: answerability: допустимы только", "ложный ответ"),
    "zh": ("评测", "own.txt 不是问题文件。", "own.csv 第 2 行: answerability：只能是", "误答"),
}


@pytest.mark.parametrize("language", SPOKEN)
def test_the_page_speaks_the_visitors_language(client, language):
    """With why a file was not measured, what is wrong with a row, and the report."""
    heading, no_file, row, failure = SPOKEN[language]
    wanted = {"accept-language": language}
    page, refused = client.get("/evaluation", headers=wanted), send(client, name="own.txt", **wanted)
    assert f'<html lang="{language}">' in page.text
    assert f"<h1>{heading}</h1>" in page.text
    assert "Accept-Language" in page.headers["vary"]
    assert "The " not in Parsed(page.text).text
    assert no_file in refused.text
    rows = send(client, b"question,answerability,class\nHow?,perhaps,x\n", **wanted).text
    assert row in Parsed(rows).text
    report = send(client, **wanted).text
    assert f'<html lang="{language}">' in report
    assert f'{failure} <span class="count">1</span>' in report
    assert not re.search(r">[A-Za-z ]{12,}<", report.partition("<h2>")[2].partition("<details")[0])  # no word of ours is left in English


def test_an_upload_is_answered_with_its_report(client, site):
    """Each of three queries is asked once; the one failure can be asked again with one click."""
    site.asked.clear()
    response = send(client)
    assert response.status_code == 200
    assert [question for question, _ in site.asked] == ["Drugs?", "Oil & gas?", "hi"]
    assert "queries: 3" in response.text
    assert Parsed(response.text).links == [("./", ""), ("./evaluation", ""), ("./?q=Oil%20%26%20gas%3F", "")]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("own.jsonl", b'{"id": "a", "question": "hi", "answerability": "conversational", "class": "talk"}'),
        ("own.csv", b"\xef\xbb\xbfquestion,answerability,class\r\nhi,conversational,talk\r\n"),
    ],
)
def test_one_query_is_enough(client, name, content):
    """In either format; a spreadsheet's mark and line ends are no fault, nor is a set without anything to find."""
    response = send(client, content, name)
    assert response.status_code == 200
    assert "queries: 1" in response.text


def test_nothing_is_kept(client, reports):
    """After an upload there is still no report."""
    send(client)
    assert not list(reports.iterdir())
    assert client.get("/evaluation/report").status_code == 404


def test_the_last_report_is_shown(client, reports):
    """The one that the command wrote, in full, and the page leads to it."""
    (reports / "dev.html").write_text("<h1>A report</h1>", encoding="utf-8")
    try:
        assert ("./evaluation/report", "") in Parsed(client.get("/evaluation").text).links
        assert client.get("/evaluation/report").text == "<h1>A report</h1>"
    finally:
        (reports / "dev.html").unlink()


# --- what is refused

GOOD = b"Drugs?,answerable,direct,Drugs are a grave and growing danger.\n"
HEAD = b"question,answerability,class,gold_quote\n"


@pytest.mark.parametrize(
    ("name", "content", "status", "said"),
    [
        ("own.csv", HEAD + GOOD + b"Oil?,perhaps,near,\n", 422, "own.csv line 3: answerability"),
        ("own.csv", HEAD + b"Oil?,answerable,near,Never said.\n" + GOOD, 422, "own.csv line 2: the gold quote"),
        ("own.jsonl", b"\n{]\n", 422, "own.jsonl line 2: "),
        ("own.csv", b"", 422, "holds no query"),
        ("own.csv", HEAD, 422, "holds no query"),
        ("own.csv", b"\xff\xfe", 422, "own.csv cannot be read"),
        ("own.jsonl", b"{}\n" * 100_000, 422, "holds 100,000 queries; at most 500"),
        ("own.csv", b" " * (MAX_UPLOAD + 5_000), 413, "at most 1,000,000 bytes"),
        ("own.pdf", b"%PDF", 415, "own.pdf is no file of queries"),
    ],
    ids=["bad value", "no such quote", "no JSON", "empty", "head alone", "no UTF-8", "too many", "too large", "other kind"],
)
def test_what_cannot_be_measured_is_refused_and_the_reason_said(client, site, name, content, status, said):
    """With file and line where a row is at fault; nothing is asked."""
    site.asked.clear()
    response = send(client, content, name)
    assert (response.status_code, site.asked) == (status, [])
    assert said in Parsed(response.text).text


def test_of_many_rows_at_fault_the_first_fifty_are_named(client):
    """One good row and sixty bad ones: the rest is counted."""
    text = Parsed(send(client, HEAD + GOOD + b"Oil?,perhaps,near,\n" * 60).text).text
    assert text.count("own.csv line") == 50
    assert "and 10 more" in text


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: text[:20])
def test_hostile_text_is_shown_not_obeyed(client, text):
    """Neither a question nor a value at fault makes an element."""
    quoted = '"' + text.replace('"', '""') + '"'
    for row in (f"{quoted},perhaps,near,", f"{quoted},unanswerable,near,"):
        parsed = Parsed(send(client, HEAD + row.encode()).text)
        assert not parsed.tags & {"script", "img", "comment"}
        assert not [name for name in parsed.attributes if name.startswith("on")]
        assert all(address.startswith("./") for address, _ in parsed.links)


@pytest.mark.parametrize("site_of_origin", ["cross-site", "same-site"])
def test_another_site_cannot_have_a_visitor_send_queries(client, site_of_origin):
    """The browser tells where a form comes from."""
    assert send(client, **{"sec-fetch-site": site_of_origin}).status_code == 403


@pytest.mark.parametrize(
    ("headers", "content", "status"),
    [
        ({"content-type": "text/csv"}, QUERIES, 415),
        (MULTIPART, b"nonsense", 400),
        ({"content-type": "multipart/form-data"}, b"x", 400),
        (MULTIPART, b'--x\r\nContent-Disposition: form-data; name="queries"; filename=""\r\n\r\n\r\n--x--\r\n', 422),
    ],
    ids=["no form", "broken form", "no boundary", "no file chosen"],
)
def test_a_request_without_a_form_and_a_file_is_refused(client, headers, content, status):
    """It gets the page, which says so."""
    response = client.post("/evaluation", content=content, headers=headers)
    assert response.status_code == status
    assert 'class="fault"' in response.text


def test_one_run_at_a_time(client, site):
    """Who comes during another's run is asked to come again; afterwards the way is free."""
    answers = []
    first = threading.Thread(target=lambda: answers.append(send(client, HEAD + b"wait,unanswerable,far,\n")))
    first.start()
    try:
        assert site.waiting.wait(30)
        refused = send(client)
    finally:
        site.go_on.set()
        first.join()
    assert refused.status_code == 429
    assert "Try again in a minute" in refused.text
    assert answers[0].status_code == 200
    assert send(client).status_code == 200


def alone(site: Site, reports: Path, **settings: object) -> FastAPI:
    """Return the evaluation page without the rest of the site, built in no time."""
    page = FastAPI()
    page.include_router(evaluation_routes(site, Rates(), reports, **settings))
    return page


def test_one_address_has_two_files_measured_in_a_minute(reports):
    """A file that cannot be measured is none of them; the third is told in words and as a header when to come again."""
    site = Site()
    with TestClient(alone(site, reports)) as client:
        assert send(client, HEAD).status_code == 422
        assert [send(client).status_code for _ in range(2)] == [200, 200]
        refused = send(client)
    assert refused.status_code == 429
    assert "Too many requests. Try again in " in Parsed(refused.text).text
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert len(site.asked) == 6


def test_while_the_index_is_out_of_reach_nothing_is_measured(reports):
    """Questions that could not be looked up are no failures of the assistant; when to come again is told."""

    class Severed(Site):
        def trace(self, question, conversation):
            raise IndexUnreachableError("It does not answer.")

    with TestClient(alone(Severed(), reports)) as client:
        refused = send(client)
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "10")
    assert "cannot be reached at this moment" in Parsed(refused.text).text


def test_where_questions_are_paid_for_no_file_is_measured(reports):
    """A chat model answers each of hundreds of questions; the page says what to do instead."""
    site = Site()
    with TestClient(alone(site, reports, measuring=False)) as client:
        refused = send(client)
    assert (refused.status_code, site.asked) == (403, [])
    assert "python app.py evaluate" in Parsed(refused.text).text


def test_a_run_ends_when_its_visitor_leaves(reports):
    """The question that is being answered is the last that is asked."""
    site, body = Site(), b'--x\r\nContent-Disposition: form-data; name="queries"; filename="own.csv"\r\n\r\n'
    body += HEAD + b"wait,unanswerable,far,\n" + GOOD + b"\r\n--x--\r\n"
    sent = [{"type": "http.request", "body": body, "more_body": False}]
    headers = [(b"content-type", MULTIPART["content-type"].encode()), (b"content-length", b"%d" % len(body))]
    scope = {"type": "http", "method": "POST", "path": "/evaluation", "query_string": b"", "headers": headers, "client": ("a", 1)}

    async def receive() -> dict[str, object]:
        if sent:
            return sent.pop()
        asyncio.get_running_loop().call_soon(site.go_on.set)
        return {"type": "http.disconnect"}

    async def send_on(message: dict[str, object]) -> None:
        pass

    asyncio.run(alone(site, reports)(scope, receive, send_on))
    assert [question for question, _ in site.asked] == ["wait"]
