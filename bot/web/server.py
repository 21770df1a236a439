"""Serves the chat, the documents and a health check over HTTP, with the headers and limits that keep visitors safe.

Knows the assistant only to hand it on.
"""

import asyncio
import logging
import os
import re
import socket
import sys
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import cast

import gradio as gr
import uvicorn
from fastapi import FastAPI, Request
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, PlainTextResponse, Response
from gradio.route_utils import FnIndexInferError
from starlette.routing import Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.assistant import Assistant
from bot.errors import ServerError
from bot.web.documents import document_page, list_page, missing_page
from bot.web.evaluation import PATH, REPORTS, evaluation_routes
from bot.web.page import TITLE, build_page

TAGLINE = "Answers in exact sentences from Shanghai Cooperation Organisation documents, with sources."
MAX_BODY = 2_000_000  # bytes of a request; forty of the longest exchanges seen take 200,000
GRACE = 2  # seconds that open connections get when the server stops
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "font-src 'self' data:; connect-src 'self'; frame-src 'self'; form-action 'none'; base-uri 'self'; object-src 'none'; "
    "frame-ancestors 'self'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
}
FORM_POLICY = HEADERS["Content-Security-Policy"].replace("form-action 'none'", "form-action 'self'")  # of the one page that has a form
FILES = {"page.css": "text/css", "page.js": "text/javascript", "icon.svg": "image/svg+xml"}
# What the chat page needs of Gradio, and no more: uploads, files, proxies and direct calls stay shut.
_GRADIO_PATHS = re.compile(
    r"/(?:config|theme\.css|assets/[\w.\-]+|static/fonts/[\w./\-]+"
    r"|gradio_api/(?:info|app_id|startup-events|cancel|reset|heartbeat/\w+|queue/(?:join|data)))"
)
_OUR_PATHS = re.compile(r"/|/healthz|/page\.(?:css|js)|/icon\.svg|/documents(?:/[^/]*)?|/evaluation(?:/report)?")
_MALFORMED = (LookupError, TypeError, ValueError, AttributeError, AssertionError, RecursionError, FnIndexInferError)
_HERE = Path(__file__).resolve().parent

log = logging.getLogger(__name__)


def build_server(assistant: Assistant, reports: Path = REPORTS) -> FastAPI:
    """Return the whole site over *assistant* as an ASGI application; it opens no port and calls no other host.

    The newest report of the folder *reports* is shown.
    """
    server = FastAPI(title=TITLE, docs_url=None, redoc_url=None, openapi_url=None)
    server.add_middleware(CORSMiddleware, allow_origins=[])  # without ours Gradio's lets every origin in
    server.add_middleware(_Guard)
    front = _front_page()

    @server.api_route("/", methods=["GET", "HEAD"], response_class=HTMLResponse)
    def index() -> str:
        return front

    @server.get("/healthz")
    def health() -> dict[str, str]:
        return {"status": "ok", "index_fingerprint": assistant.index_fingerprint}

    for name, media_type in FILES.items():
        server.get(f"/{name}")(_file(_HERE / name, media_type))

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


def serve(assistant: Assistant, host: str, port: int) -> None:
    """Serve until interrupted, after printing the address to open. Raises ServerError if *host* and *port* cannot be had."""
    try:
        listening = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=2048)
    except OSError as error:
        why = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
        raise ServerError(f"Cannot listen on {host} port {port}: {why}. Choose another port: SCO_PORT={port + 1} python app.py") from error
    name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  # all addresses of the machine; this one can be opened
    with listening:
        asyncio.run(_run(assistant, listening, f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"))


async def _run(assistant: Assistant, listening: socket.socket, address: str) -> None:
    # Built inside the loop, since outside one Gradio makes loops of its own and never closes them.
    # No access log: its lines would hold Gradio's session keys.
    config = uvicorn.Config(
        build_server(assistant), log_level="warning", access_log=False, server_header=False, ws="none", timeout_graceful_shutdown=GRACE
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


class _Guard:
    """Middleware: puts the headers on every response, lets known paths and bounded bodies in, and answers any failure."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = HEADERS | ({"Content-Security-Policy": FORM_POLICY} if scope["path"] == PATH else {})
                own = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
                message["headers"] = [*message["headers"], *own]
            await send(message)

        answer = _refusal(scope) or self._app
        try:
            await answer(scope, receive, send_with_headers)
        except Exception:
            log.exception("A request failed.")
            if not started:
                failed = PlainTextResponse("Something went wrong on our side. Please try again.", status_code=500)
                await failed(scope, receive, send_with_headers)


def _refusal(scope: Scope) -> Response | None:
    """Return the response that refuses a request, or None if it may go on."""
    path = scope["path"]
    if not (_OUR_PATHS.fullmatch(path) or _GRADIO_PATHS.fullmatch(path)) or ".." in path:
        return PlainTextResponse("There is no such page here.", status_code=404)
    if scope["method"] == "POST":
        length = dict(scope["headers"]).get(b"content-length", b"")
        if not length.isdigit():
            return PlainTextResponse("Say how long the request is.", status_code=411)
        if int(length) > MAX_BODY:
            return PlainTextResponse(f"The request has {int(length):,} bytes; at most {MAX_BODY:,} are taken.", status_code=413)
    return None
