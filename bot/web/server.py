"""Serves the chat, the documents, the API and the widget over HTTP, behind the middleware that keeps visitors safe.

Knows the assistant only to hand it on.
"""

import asyncio
import logging
import os
import re
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import cast

import gradio as gr
import uvicorn
from fastapi import FastAPI, Request
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, Response
from gradio.route_utils import FnIndexInferError
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from bot.assistant import Assistant
from bot.errors import ServerError
from bot.web.api import api_application
from bot.web.desk import Desk
from bot.web.documents import document_page, list_page, missing_page
from bot.web.evaluation import REPORTS, evaluation_routes
from bot.web.feedback import FeedbackFile
from bot.web.guard import API_PATHS, Bounds, Guard, route_path
from bot.web.limits import PER_ADDRESS, PER_CONVERSATION, Rates, Workers
from bot.web.metrics import Counting, Metrics
from bot.web.page import TITLE, build_page

TAGLINE = "Answers in exact sentences from Shanghai Cooperation Organisation documents, with sources."
GRACE = 2  # seconds that open connections get when the server stops
FILES = {"page.css": "text/css", "page.js": "text/javascript", "icon.svg": "image/svg+xml"}
# Checked again every five minutes, which costs no more than an answer without a body while nothing has changed.
WIDGET_HEADERS = {"access-control-allow-origin": "*", "cache-control": "public, max-age=300"}
_MALFORMED = (LookupError, TypeError, ValueError, AttributeError, AssertionError, RecursionError, FnIndexInferError)
_HERE = Path(__file__).resolve().parent

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Access:
    """Who may ask, how much, and where feedback goes: other sites' origins, the proxies that are believed, the rates a minute."""

    allowed_origins: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()
    per_address: int = PER_ADDRESS
    per_conversation: int = PER_CONVERSATION
    feedback: FeedbackFile | None = None


def build_server(assistant: Assistant, reports: Path = REPORTS, access: Access = Access()) -> FastAPI:
    """Return the whole site over *assistant* as an ASGI application; it opens no port and calls no other host.

    The newest report of the folder *reports* is shown.
    """
    server = FastAPI(title=TITLE, docs_url=None, redoc_url=None, openapi_url=None)
    desk = Desk(assistant, Workers(), Rates(access.per_address, access.per_conversation), Metrics())
    server.add_middleware(_Fork, api=api_application(desk, access.feedback, access.allowed_origins))
    server.add_middleware(Bounds)
    # Also where no other origin is let in: without ours Gradio's own lets every origin in.
    server.add_middleware(
        CORSMiddleware,
        allow_origins=access.allowed_origins,
        allow_methods=["GET", "POST"],
        allow_headers=["*"],
        expose_headers=["Retry-After"],
    )
    server.add_middleware(Guard, allowed=access.allowed_origins)
    server.add_middleware(Counting, metrics=desk.metrics)
    server.add_middleware(ProxyHeadersMiddleware, trusted_hosts=list(access.trusted_proxies))
    front = _front_page()

    @server.api_route("/", methods=["GET", "HEAD"], response_class=HTMLResponse)
    def index() -> str:
        return front

    for name, media_type in FILES.items():
        server.get(f"/{name}")(_file(_HERE / name, media_type))

    widget = StaticFiles(directory=_HERE / "widget", check_dir=False)  # tells browsers what has not changed

    @server.get("/widget.js")
    async def script(request: Request) -> Response:
        return await _for_every_page(widget, "widget.js", request)

    @server.get("/widget/{name}")
    async def widget_file(name: str, request: Request) -> Response:
        return await _for_every_page(widget, name, request)

    @server.get("/documents", response_class=HTMLResponse)
    def documents(theme: str = "") -> str:
        return list_page(assistant.descriptions(), theme)

    @server.get("/documents/{document_id}")
    def document(document_id: str, theme: str = "") -> HTMLResponse:
        found = assistant.document(document_id)
        if found is None:
            return HTMLResponse(missing_page(document_id, theme), status_code=404)
        return HTMLResponse(document_page(found, theme))

    server.include_router(evaluation_routes(assistant, reports))
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


def serve(assistant: Assistant, host: str, port: int, access: Access = Access()) -> None:
    """Serve until interrupted, after printing the address to open. Raises ServerError if *host* and *port* cannot be had."""
    try:
        listening = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=2048)
    except OSError as error:
        why = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
        raise ServerError(f"Cannot listen on {host} port {port}: {why}. Choose another port: SCO_PORT={port + 1} python app.py") from error
    name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  # all addresses of the machine; this one can be opened
    with listening:
        asyncio.run(_run(assistant, access, listening, f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"))


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


def _front_page() -> str:
    """Return our own page around Gradio's, with the files that Gradio's page loads but none of its inline scripts."""
    template = (Path(gr.__file__).parent / "templates" / "frontend" / "index.html").read_text(encoding="utf-8")
    assets = re.findall(r'<script type="module"[^>]* src="[^"]+"></script>|<link rel="stylesheet"[^>]* href="[^"]+">', template)
    page = (_HERE / "page.html").read_text(encoding="utf-8")
    for slot, value in (("{title}", escape(TITLE)), ("{tagline}", escape(TAGLINE)), ("{assets}", "\n".join(assets))):
        page = page.replace(slot, value)
    return page


def _file(path: Path, media_type: str) -> Callable[[], FileResponse]:
    def send() -> FileResponse:
        return FileResponse(path, media_type=media_type)

    return send


def _unprocessable(request: Request, error: Exception) -> Response:
    log.info("Refused a malformed request to %s: %s", request.url.path, type(error).__name__)
    return JSONResponse({"detail": "The request is not one that this page makes."}, status_code=422)


async def _for_every_page(files: StaticFiles, name: str, request: Request) -> Response:
    """Return the file *name* as pages of any origin may load it."""
    response = await files.get_response(name, request.scope)
    response.headers.update(WIDGET_HEADERS)
    return response


class _Fork:
    """Middleware: sends the API's paths to the application *api*, and all others on."""

    def __init__(self, app: ASGIApp, api: ASGIApp) -> None:
        self._app = app
        self._api = api

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        ours = scope["type"] == "http" and API_PATHS.fullmatch(route_path(scope))
        await (self._api if ours else self._app)(scope, receive, send)
