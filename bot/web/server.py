"""Serves the chat, the documents, the API and the widget over HTTP, behind the middleware that keeps visitors safe.

Knows the assistant only to hand it on.
"""

import asyncio
import logging
import os
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import gradio as gr
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, HTMLResponse, Response
from gradio.route_utils import FnIndexInferError
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.assistant import Assistant
from bot.errors import ServerError
from bot.languages import Voice
from bot.web.api import api_application
from bot.web.desk import Desk, address_of
from bot.web.documents import document_page, list_page, missing_page, out_of_reach_page
from bot.web.evaluation import REPORTS, evaluation_routes
from bot.web.feedback import FeedbackFile
from bot.web.guard import API_PATHS, Bounds, Cors, Guard, is_loopback, route_path
from bot.web.labels import SPOKEN, wanted
from bot.web.limits import PER_ADDRESS, PER_CONVERSATION, Rates, Workers
from bot.web.loading import answering_meanwhile
from bot.web.metrics import Counting, Metrics
from bot.web.page import TITLE, build_page, front_page
from bot.web.proxies import Proxied
from bot.web.refusals import RefusalError, said, shown_by_gradio
from bot.web.sessions import Sessions
from bot.web.widget_files import widget_file
from index.errors import IndexUnreachableError

# A thread that comes back from onnxruntime waits so long for the interpreter while another computes; Python's 5 ms, several times a
# reply, leave a core idle (docs/decisions/024).
SWITCH_S = 0.0005
GRACE = 2  # seconds that open connections get when the server stops
FILES = {"page.css": "text/css", "page.js": "text/javascript", "icon.svg": "image/svg+xml"}
JOIN_PATH = "/gradio_api/queue/join"  # where the chat page asks
_MALFORMED = (LookupError, TypeError, ValueError, AttributeError, AssertionError, RecursionError, FnIndexInferError)
_HERE = Path(__file__).resolve().parent

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Access:
    """Who may ask, how much, where feedback goes: other sites' origins, the proxies that are believed, the rates a minute.

    *measuring* tells whether visitors may have files of queries measured.
    """

    allowed_origins: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()
    per_address: int = PER_ADDRESS
    per_conversation: int = PER_CONVERSATION
    feedback: FeedbackFile | None = None
    local: bool = False  # only this machine's own names are the server's
    measuring: bool = True


def build_server(assistant: Assistant, reports: Path = REPORTS, access: Access = Access()) -> FastAPI:
    """Return the whole site over *assistant* as an ASGI application; it opens no port and calls no other host.

    The newest report of the folder *reports* is shown.
    """
    server = FastAPI(title=TITLE, docs_url=None, redoc_url=None, openapi_url=None)
    desk = Desk(assistant, Workers(), Rates(access.per_address, access.per_conversation), Metrics())
    server.add_middleware(_Fork, api=api_application(desk, access.feedback, access.allowed_origins))
    server.add_middleware(Sessions)
    server.add_middleware(_Paced, rates=desk.rates)
    server.add_middleware(Bounds)
    # Also where no other origin is let in: without ours Gradio's own lets every origin in.
    server.add_middleware(Cors, allowed=access.allowed_origins)
    server.add_middleware(Guard, allowed=access.allowed_origins, local=access.local)
    server.add_middleware(Counting, metrics=desk.metrics)
    server.add_middleware(Proxied, trusted=access.trusted_proxies)

    @server.api_route("/", methods=["GET", "HEAD"], response_class=HTMLResponse)
    def index(request: Request) -> HTMLResponse:
        return HTMLResponse(front_page(_language(request), f"{request.scope.get('root_path', '')}"), headers=SPOKEN)

    for name, media_type in FILES.items():
        server.get(f"/{name}")(_file(_HERE / name, media_type))

    @server.get("/widget.js")
    async def script(request: Request) -> Response:
        return await widget_file("widget.js", request.scope)

    @server.get("/widget/{name}")
    async def further(name: str, request: Request) -> Response:
        return await widget_file(name, request.scope)

    @server.get("/documents", response_class=HTMLResponse)
    def documents(request: Request, theme: str = "") -> HTMLResponse:
        return HTMLResponse(list_page(assistant.descriptions(), theme, _language(request)), headers=SPOKEN)

    @server.get("/documents/{document_id}")
    def document(request: Request, document_id: str, theme: str = "") -> HTMLResponse:
        language = _language(request)
        try:
            found = assistant.document(document_id)
        except IndexUnreachableError as error:
            refusal = said(error)
            waiting = {"retry-after": f"{refusal.retry_after_s}"}
            return HTMLResponse(out_of_reach_page(theme, language), refusal.status, {**SPOKEN, **waiting})
        if found is None:
            return HTMLResponse(missing_page(document_id, theme, language), status_code=404, headers=SPOKEN)
        return HTMLResponse(document_page(found, theme, language), headers=SPOKEN)

    server.include_router(evaluation_routes(assistant, desk.rates, reports, measuring=access.measuring))
    gr.mount_gradio_app(
        server,
        build_page(assistant),
        path="/",
        theme=gr.themes.Base(font=["system-ui", "sans-serif"], font_mono=["monospace"]),
        footer_links=[],
        run_history=False,
        show_error=False,
        enable_monitoring=False,
        ssr_mode=False,
        mcp_server=False,
        max_file_size=1,
    )
    mounted = cast(FastAPI, cast(Mount, server.routes[-1]).app)
    for error in _MALFORMED:  # which Gradio would answer with 500
        mounted.add_exception_handler(error, _unprocessable)
    return server


def serve(load: Callable[[], Assistant], host: str, port: int, access: Access = Access()) -> None:
    """Serve what *load* returns until interrupted, after printing the address to open; until then, answer that it is being loaded.

    Raises ServerError if *host* and *port* cannot be had, and whatever *load* raises.
    """
    sys.setswitchinterval(SWITCH_S)
    listening = listen(host, port)
    name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  # all addresses of the machine; this one can be opened
    access = replace(access, local=is_loopback(host) and not access.trusted_proxies)
    with listening:
        with answering_meanwhile(listening, access.allowed_origins, access.local):
            assistant = load()
        asyncio.run(_run(assistant, access, listening, f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"))


def listen(host: str, port: int) -> socket.socket:
    """Return the socket that listens on *host* and *port*, whose connections send at once. Raises ServerError if they cannot be had."""
    try:
        listening = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=2048)
    except OSError as error:
        why = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
        raise ServerError(f"Cannot listen on {host} port {port}: {why}. Choose another port: SCO_PORT={port + 1} python app.py") from error
    # A response goes out as head and body, and the body would wait 40 ms for the head to be acknowledged. asyncio sets this
    # only for sockets that were made with TCP named, which create_server does not; a connection takes it over from here.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


async def _run(assistant: Assistant, access: Access, listening: socket.socket, address: str) -> None:
    # Built inside the loop, since outside one Gradio makes loops of its own and never closes them.
    # No access log: its lines would hold Gradio's session keys.
    config = uvicorn.Config(
        build_server(assistant, access=access),
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,  # read by our own middleware, from the proxies that are trusted
        ws="none",
        timeout_graceful_shutdown=GRACE,
    )
    sys.stdout.write(f"{TITLE}: open {address} (Ctrl-C stops)\n")
    sys.stdout.flush()
    await uvicorn.Server(config).serve(sockets=[listening])


def _language(request: Request) -> Voice:
    return wanted(request.cookies, request.headers)


def _file(path: Path, media_type: str) -> Callable[[], FileResponse]:
    def send() -> FileResponse:
        return FileResponse(path, media_type=media_type)

    return send


def _unprocessable(request: Request, error: Exception) -> Response:
    log.info("Refused a malformed request to %s: %s", request.url.path, type(error).__name__)
    refusal = RefusalError(422, "malformed", "The request is not one that this page makes.", "Load the page anew.")
    return shown_by_gradio(refusal, _language(request))


class _Paced:
    """Middleware: counts what the chat page has done against the *rates*, as the API counts what it is asked."""

    def __init__(self, app: ASGIApp, rates: Rates) -> None:
        self._app = app
        self._rates = rates

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = self._app
        if scope["type"] == "http" and scope["method"] == "POST" and route_path(scope) == JOIN_PATH:
            try:
                self._rates.count_request(address_of(Request(scope)))
            except RefusalError as refusal:
                answer = shown_by_gradio(refusal, _language(Request(scope)))
        await answer(scope, receive, send)


class _Fork:
    """Middleware: sends the API's paths to the application *api*, and all others on."""

    def __init__(self, app: ASGIApp, api: ASGIApp) -> None:
        self._app = app
        self._api = api

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        ours = scope["type"] == "http" and API_PATHS.fullmatch(route_path(scope))
        await (self._api if ours else self._app)(scope, receive, send)
