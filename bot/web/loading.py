"""Answers on the server's port while the assistant is loaded: alive, not ready, come again. Knows nothing of what is loaded."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.types import Receive, Scope, Send

from bot.web.documents import site_page
from bot.web.guard import ASKED_BY_ALL, Cors, Guard, route_path
from bot.web.labels import SPOKEN, labels, wanted
from bot.web.refusals import Json, RefusalError, refusal_response
from bot.web.widget_files import widget_file

RETRY_S = 2  # a later start takes some seconds; a first one builds the index
GRACE_S = 1  # that an answer on its way gets


@contextmanager
def answering_meanwhile(listening: socket.socket, allowed: tuple[str, ...], local: bool) -> Iterator[None]:
    """Answer on *listening* from a thread while the block runs; connections that come later wait for whoever serves next.

    Pages of the origins *allowed* may read the answers; a *local* server is what `Guard` says.
    """
    config = uvicorn.Config(
        Guard(Cors(_loading, allowed), allowed, local),
        lifespan="off",
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws="none",
        timeout_graceful_shutdown=GRACE_S,
    )
    server = uvicorn.Server(config)
    # Whoever serves closes what it serves on, so it gets a duplicate.
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listening.dup()])), name="loading")
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()


async def _loading(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["path"].endswith("/healthz"):
        await Json({"status": "loading", "index_fingerprint": ""})(scope, receive, send)
        return
    if route_path(scope) == "/widget.js":  # a page that holds its line is loaded once, and says by itself that the chat is starting
        await (await widget_file("widget.js", scope))(scope, receive, send)
        return
    refusal = RefusalError(503, "loading", "The assistant is still being loaded.", f"Ask again in {RETRY_S} s.", RETRY_S)
    if "text/html" in Headers(scope=scope).get("accept", ""):
        language = wanted(Request(scope).cookies, Headers(scope=scope))
        spoken = labels(language)
        said = f"<h1>{spoken['one_moment']}</h1><p>{spoken['loading']}</p>"
        page = site_page(spoken["one_moment"], said, root="../" * (scope["path"].count("/") - 1) or "./", language=language)
        await HTMLResponse(page, 503, {**SPOKEN, "retry-after": f"{RETRY_S}", "refresh": f"{RETRY_S}"})(scope, receive, send)
        return
    response = refusal_response(refusal)
    if ASKED_BY_ALL.fullmatch(route_path(scope)):
        response.headers["access-control-allow-origin"] = "*"
    await response(scope, receive, send)
