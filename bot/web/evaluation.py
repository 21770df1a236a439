"""Turns an uploaded file of test queries into the report on how the assistant does on it, and shows the last report written.

Keeps nothing: an upload and its report exist only while it is answered. Knows nothing of measures.
"""

import asyncio
import threading
from collections.abc import Callable, Mapping
from html import escape
from pathlib import Path, PurePath

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, PlainTextResponse, Response
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from bot.assistant import Assistant
from bot.evaluation.queries import SUFFIXES, QueryError, QuerySet, parse_queries
from bot.evaluation.report import render_report
from bot.evaluation.results import ask_all
from bot.web.desk import address_of
from bot.web.documents import site_page
from bot.web.limits import Rates
from bot.web.refusals import RefusalError
from index.document import Document

PATH = "/evaluation"
REPORT_PATH = f"{PATH}/report"
REPORTS = Path(__file__).resolve().parents[2] / "reports"  # where the description of `app.py evaluate --report` has them written
MAX_UPLOAD = 1_000_000  # bytes of a file; the files of tests/queries take 300,000 each
MAX_UPLOADED_QUERIES = 500  # about half a minute, in which other visitors wait longer for their replies
LOOK_S = 1.0  # between two looks whether the visitor still waits
FORM_BYTES = 2_000  # that a form may add around its file
LEFT = 499  # the status, which nobody reads, of a response to a visitor who has left
SHOWN_FAULTS = 50  # rows at fault that are named; who has more has another kind of file
ASK_ADDRESS = "./?q="  # the chat page puts what follows into its box
_FIELDS = (
    ("question", "as a person would type it"),
    ("answerability", "answerable, partial, unanswerable, underspecified (only asking back is right) or conversational"),
    ("class", "any name; figures are also given class by class"),
    ("gold_quote", "a sentence copied from a document that answers; gold_quote_2 and so on for further parts of the question"),
)


class _RefusedError(Exception):
    """The request cannot be measured; holds the status of the response and what to say."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(said)
        self.status = status


class _StoppedError(Exception):
    """Nobody waits for the report any more."""


def evaluation_routes(assistant: Assistant, rates: Rates, reports: Path = REPORTS, *, measuring: bool = True) -> APIRouter:
    """Return the pages that measure *assistant*, unless not *measuring*, and show the newest report of the folder *reports*."""
    routes = APIRouter()
    running = threading.Lock()

    @routes.get(PATH, response_class=HTMLResponse)
    def form() -> str:
        return _page(reports)

    @routes.get(REPORT_PATH)
    def report() -> Response:
        newest = _newest(reports)
        if newest is None:
            return PlainTextResponse("There is no report yet. Write one with: python app.py evaluate --report reports", status_code=404)
        return HTMLResponse(newest.read_text(encoding="utf-8"))

    @routes.post(PATH)
    async def measure(request: Request) -> HTMLResponse:
        try:
            if not measuring:
                raise _RefusedError(403, "Questions are not measured here: each would be paid for. Run python app.py evaluate instead.")
            rates.count_request(address_of(request))
            name, content = await _upload(request)
            return HTMLResponse(await _while_waited_for(request, name, content))
        except _RefusedError as refused:
            return HTMLResponse(_page(reports, f"{refused}"), status_code=refused.status)
        except RefusalError as refusal:
            said, waiting = f"{refusal.message} {refusal.what_to_do}", f"{refusal.retry_after_s}"
            return HTMLResponse(_page(reports, said), status_code=refusal.status, headers={"retry-after": waiting})
        except _StoppedError:
            return HTMLResponse("", status_code=LEFT)

    async def _while_waited_for(request: Request, name: str, content: bytes) -> str:
        stopped = threading.Event()
        watching = asyncio.create_task(_watch(request, stopped))
        try:
            return await asyncio.to_thread(
                _measured, assistant, name, content, running, stopped, lambda: rates.count_upload(address_of(request))
            )
        finally:
            stopped.set()  # the server may stop, and would wait for the thread
            watching.cancel()

    return routes


async def _watch(request: Request, stopped: threading.Event) -> None:
    """Set *stopped* as soon as whoever sent *request* has left."""
    while not await request.is_disconnected():
        await asyncio.sleep(LOOK_S)
    stopped.set()


async def _upload(request: Request) -> tuple[str, bytes]:
    """Return name and content of the file that *request* brings. Raises _RefusedError if it brings none that can be taken."""
    if request.headers.get("sec-fetch-site") in ("cross-site", "same-site"):
        raise _RefusedError(403, "Another site sent this. Choose the file here.")
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise _RefusedError(415, "This is not a form with a file. Choose a file here.")
    if int(request.headers["content-length"]) > MAX_UPLOAD + FORM_BYTES:
        raise _RefusedError(413, f"The file is too large; at most {MAX_UPLOAD:,} bytes are taken. Split it into several.")
    try:
        async with request.form(max_files=1, max_fields=0) as sent:
            file = sent.get("queries")
            if not isinstance(file, UploadFile) or not file.filename:
                raise _RefusedError(422, "No file was chosen. Choose a CSV or JSON Lines file of queries.")
            name, content = PurePath(file.filename).name, await file.read()
    except HTTPException as error:
        raise _RefusedError(400, "The form cannot be read. Choose a file here.") from error
    if not name.endswith(SUFFIXES):
        raise _RefusedError(415, f"{name} is no file of queries. Its name must end in {' or '.join(SUFFIXES)}.")
    return name, content


def _measured(
    assistant: Assistant, name: str, content: bytes, running: threading.Lock, stopped: threading.Event, count: Callable[[], None]
) -> str:
    """Return the report on the queries of *content*, which are counted by *count* once they can be asked.

    Raises _RefusedError if a run is on or a row is at fault, and what *count* raises.
    """
    if not running.acquire(blocking=False):
        raise _RefusedError(429, "Somebody else's queries are being measured. Try again in a minute.")
    try:
        documents = _documents(assistant)
        queries = _usable(name, content, documents).queries
        count()

        def go_on() -> None:
            if stopped.is_set():
                raise _StoppedError

        results = ask_all(assistant, queries, documents, go_on)
        return render_report(f"Evaluation: {name}", results, documents, {"index": assistant.index_fingerprint}, ASK_ADDRESS)
    finally:
        running.release()


def _usable(name: str, content: bytes, documents: Mapping[str, Document]) -> QuerySet:
    """Return the queries of *content*, all of which can be used. Raises _RefusedError naming every row that cannot, up to SHOWN_FAULTS."""
    try:
        found = parse_queries(name, content, documents, MAX_UPLOADED_QUERIES)
    except QueryError as error:
        raise _RefusedError(422, f"{error}") from error
    if found.faults:
        more = [f"and {len(found.faults) - SHOWN_FAULTS:,} more"] if len(found.faults) > SHOWN_FAULTS else []
        raise _RefusedError(422, "\n".join(["Nothing was measured. Correct these rows:", *found.faults[:SHOWN_FAULTS], *more]))
    return found


def _documents(assistant: Assistant) -> dict[str, Document]:
    found = (assistant.document(description.document_id) for description in assistant.descriptions())
    return {document.description.document_id: document for document in found if document is not None}


def _newest(reports: Path) -> Path | None:
    return max(reports.glob("*.html"), key=lambda report: report.stat().st_mtime, default=None)


def _page(reports: Path, fault: str = "") -> str:
    """Return the page with the form, headed by the *fault* of what was sent before."""
    newest = _newest(reports)
    told = f'<p class="fault" role="alert">{escape(fault)}</p>' if fault else ""
    last = f'<p><a href=".{REPORT_PATH}">The last report: {escape(newest.stem)}</a></p>' if newest else ""
    fields = "".join(f"<tr><th>{name}</th><td>{meaning}</td></tr>" for name, meaning in _FIELDS)
    return site_page(
        "Evaluation",
        f"<h1>Evaluation</h1>{told}<p>Measure how well the assistant answers questions of your own. Every question is asked, and the "
        f"report shows the figures and every failure.</p>{last}"
        f'<form method="post" action=".{PATH}" enctype="multipart/form-data"><label for="queries">Your queries</label>'
        f'<input type="file" id="queries" name="queries" accept="{",".join(SUFFIXES)}" required><button>Measure</button></form>'
        f"<p>A CSV or JSON Lines file in UTF-8, at most {MAX_UPLOADED_QUERIES} queries and {MAX_UPLOAD:,} bytes. The report comes when "
        "all are answered, in about a minute at most. Neither file nor report is kept: save the report if you want it.</p>"
        f"<h2>Columns of a CSV file</h2><table><tbody>{fields}</tbody></table>",
    )
