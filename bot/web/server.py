"""Makes one site of the chat, the documents, the API and the widget, behind the middleware that keeps visitors safe.

Knows the assistant only to hand it on, and nothing of ports.
"""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import cast

import gradio as gr
from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, HTMLResponse, Response
from gradio.route_utils import FnIndexInferError
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.assistant import Assistant
from bot.languages import Voice
from bot.web.access import BY_DEFAULT, Access
from bot.web.api import api_application
from bot.web.desk import Desk, address_of
from bot.web.documents import document_page, list_page, missing_page, out_of_reach_page
from bot.web.evaluation import REPORTS, evaluation_routes
from bot.web.guard import API_PATHS, Bounds, Cors, Guard, route_path
from bot.web.labels import SPOKEN, wanted
from bot.web.limits import Rates, Workers
from bot.web.metrics import Counting, Metrics
from bot.web.page import TITLE, build_page, front_page
from bot.web.proxies import Proxied
from bot.web.refusals import RefusalError, said, shown_by_gradio
from bot.web.sessions import Sessions
from bot.web.widget_files import widget_file
from index.errors import IndexUnreachableError

FILES = {"page.css": "text/css", "page.js": "text/javascript", "icon.svg": "image/svg+xml"}
JOIN_PATH = "/gradio_api/queue/join"  # where the chat page asks
_MALFORMED = (LookupError, TypeError, ValueError, AttributeError, AssertionError, RecursionError, FnIndexInferError)
_HERE = Path(__file__).resolve().parent

log = logging.getLogger(__name__)


def build_server(assistant: Assistant, reports: Path = REPORTS, access: Access = BY_DEFAULT) -> FastAPI:
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
