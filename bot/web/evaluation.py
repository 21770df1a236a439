"""Turns an uploaded file of test queries into the report on how the assistant does on it, and shows the last report written.

Keeps nothing: an upload and its report exist only while it is answered. Knows nothing of measures.
"""

import asyncio
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path, PurePath

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, PlainTextResponse, Response
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from bot.assistant import Assistant
from bot.evaluation.queries import SUFFIXES, Fault, QueryFileError, QuerySet, parse_queries
from bot.evaluation.report import render_report
from bot.evaluation.results import ask_all
from bot.evaluation.words import Words, words
from bot.languages import Voice
from bot.web.desk import address_of
from bot.web.documents import site_page
from bot.web.labels import SPOKEN, labels, number, wanted
from bot.web.limits import Rates
from bot.web.refusals import RefusalError, in_words, said
from index.document import Document
from index.errors import IndexUnreachableError

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
_COLUMNS = ("question", "answerability", "class", "gold_quote")


class _RefusedError(Exception):
    """The request cannot be measured: the status of the response, the label that says why with its slots, and what follows it."""

    def __init__(self, status: int, label: str, details: Sequence[QueryFileError | Fault | Words] = (), **slots: str) -> None:
        super().__init__(label)
        self.status = status
        self._label = label
        self._details = details
        self._slots = slots

    def said(self, language: Voice) -> str:
        """Return why, in *language*."""
        first = [labels(language)[self._label].format(**self._slots)] if self._label else []
        return "\n".join([*first, *(detail.said(language) for detail in self._details)])


@dataclass(frozen=True, slots=True)
class _Upload:
    """A file of queries, and the language that its visitor wants the report in."""

    name: str
    content: bytes
    language: Voice


class _StoppedError(Exception):
    """Nobody waits for the report any more."""


def evaluation_routes(assistant: Assistant, rates: Rates, reports: Path = REPORTS, *, measuring: bool = True) -> APIRouter:
    """Return the pages that measure *assistant*, unless not *measuring*, and show the newest report of the folder *reports*."""
    routes = APIRouter()
    running = threading.Lock()

    @routes.get(PATH, response_class=HTMLResponse)
    def form(request: Request) -> HTMLResponse:
        return HTMLResponse(_page(reports, _language(request)), headers=SPOKEN)

    @routes.get(REPORT_PATH)
    def report(request: Request) -> Response:
        newest = _newest(reports)
        if newest is None:
            return PlainTextResponse(labels(_language(request))["no_report"], status_code=404, headers=SPOKEN)
        return HTMLResponse(newest.read_text(encoding="utf-8"))

    @routes.post(PATH)
    async def measure(request: Request) -> HTMLResponse:
        language = _language(request)
        try:
            if not measuring:
                raise _RefusedError(403, "paid_for")
            rates.count_request(address_of(request))
            return HTMLResponse(await _while_waited_for(request, await _upload(request, language)))
        except _RefusedError as refused:
            return HTMLResponse(_page(reports, language, refused.said(language)), status_code=refused.status)
        except RefusalError as refusal:
            waiting = {"retry-after": f"{refusal.retry_after_s}"}
            return HTMLResponse(_page(reports, language, in_words(refusal, language)), status_code=refusal.status, headers=waiting)
        except _StoppedError:
            return HTMLResponse("", status_code=LEFT)

    async def _while_waited_for(request: Request, upload: _Upload) -> str:
        stopped = threading.Event()
        watching = asyncio.create_task(_watch(request, stopped))
        try:
            return await asyncio.to_thread(_measured, assistant, upload, running, stopped, lambda: rates.count_upload(address_of(request)))
        finally:
            stopped.set()  # the server may stop, and would wait for the thread
            watching.cancel()

    return routes


async def _watch(request: Request, stopped: threading.Event) -> None:
    """Set *stopped* as soon as whoever sent *request* has left."""
    while not await request.is_disconnected():
        await asyncio.sleep(LOOK_S)
    stopped.set()


async def _upload(request: Request, language: Voice) -> _Upload:
    """Return the file that *request* brings. Raises _RefusedError if it brings none that can be taken."""
    if request.headers.get("sec-fetch-site") in ("cross-site", "same-site"):
        raise _RefusedError(403, "sent_from_elsewhere")
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise _RefusedError(415, "no_form")
    if int(request.headers["content-length"]) > MAX_UPLOAD + FORM_BYTES:
        raise _RefusedError(413, "file_too_large", size=number(MAX_UPLOAD, _language(request)))
    try:
        async with request.form(max_files=1, max_fields=0) as sent:
            file = sent.get("queries")
            if not isinstance(file, UploadFile) or not file.filename:
                raise _RefusedError(422, "no_file")
            name, content = PurePath(file.filename).name, await file.read()
    except HTTPException as error:
        raise _RefusedError(400, "form_unreadable") from error
    if not name.endswith(SUFFIXES):
        raise _RefusedError(415, "no_query_file", name=name, endings=" / ".join(SUFFIXES))
    return _Upload(name, content, language)


def _measured(assistant: Assistant, upload: _Upload, running: threading.Lock, stopped: threading.Event, count: Callable[[], None]) -> str:
    """Return the report on the queries of *upload*, which are counted by *count* once they can be asked.

    Raises _RefusedError if a run is on or a row is at fault, and what *count* raises.
    """
    if not running.acquire(blocking=False):
        raise _RefusedError(429, "already_measuring")
    try:
        documents = _documents(assistant)
        queries = _usable(upload, documents).queries
        count()

        def go_on() -> None:
            if stopped.is_set():
                raise _StoppedError

        results = ask_all(assistant, queries, documents, go_on)
        spoken = words("report", upload.language)
        title, about = spoken["title"].format(name=upload.name), {spoken["index"]: assistant.index_fingerprint}
        return render_report(title, results, documents, about, ASK_ADDRESS, upload.language)
    except IndexUnreachableError as error:
        raise said(error) from error
    finally:
        running.release()


def _usable(upload: _Upload, documents: Mapping[str, Document]) -> QuerySet:
    """Return the queries of *upload*, all of which can be used. Raises _RefusedError naming every row that cannot, up to SHOWN_FAULTS."""
    try:
        found = parse_queries(upload.name, upload.content, documents, MAX_UPLOADED_QUERIES)
    except QueryFileError as error:
        raise _RefusedError(422, "", [error]) from error
    if found.faults:
        left = len(found.faults) - SHOWN_FAULTS
        more = [Words("more", {"count": left})] if left > 0 else []
        raise _RefusedError(422, "rows_at_fault", [*found.faults[:SHOWN_FAULTS], *more])
    return found


def _documents(assistant: Assistant) -> dict[str, Document]:
    found = (assistant.document(description.document_id) for description in assistant.descriptions())
    return {document.description.document_id: document for document in found if document is not None}


def _newest(reports: Path) -> Path | None:
    return max(reports.glob("*.html"), key=lambda report: report.stat().st_mtime, default=None)


def _language(request: Request) -> Voice:
    return wanted(request.cookies, request.headers)


def _page(reports: Path, language: Voice, fault: str = "") -> str:
    """Return the page with the form, headed by the *fault* of what was sent before."""
    newest, spoken = _newest(reports), labels(language)
    told = f'<p class="fault" role="alert">{escape(fault)}</p>' if fault else ""
    last = f'<p><a href=".{REPORT_PATH}">{escape(spoken["last_report"].format(name=newest.stem))}</a></p>' if newest else ""
    columns = "".join(f"<tr><th>{name}</th><td>{spoken[f'column_{name}']}</td></tr>" for name in _COLUMNS)
    taken = spoken["query_file"].format(queries=MAX_UPLOADED_QUERIES, size=number(MAX_UPLOAD, language))
    return site_page(
        spoken["evaluation"],
        f"<h1>{spoken['evaluation']}</h1>{told}<p>{spoken['measuring']}</p>{last}"
        f'<form method="post" action=".{PATH}" enctype="multipart/form-data"><label for="queries">{spoken["your_queries"]}</label>'
        f'<input type="file" id="queries" name="queries" accept="{",".join(SUFFIXES)}" required><button>{spoken["measure"]}</button></form>'
        f"<p>{taken}</p><h2>{spoken['columns']}</h2><table><tbody>{columns}</tbody></table>",
        language=language,
    )
