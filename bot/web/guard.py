"""The middleware before everything else: welcome origins, known paths and bounded bodies go in; safe headers go out.

Knows nothing of what is answered.
"""

import ipaddress
import logging
import re
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.web.evaluation import PATH as FORM_PATH
from bot.web.origins import embedding, own_origin
from bot.web.refusal_page import refused
from bot.web.refusals import RefusalError, failed

MAX_BODY = 2_000_000  # bytes of a request; forty of the longest exchanges seen take 200,000
MAX_DIGITS = 20  # of a length: more stand for no body that there is
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
# What the chat page needs of Gradio, and no more: uploads, files, proxies and direct calls stay shut.
_GRADIO_PATHS = re.compile(
    r"/(?:config|theme\.css|assets/[\w.\-]+|static/fonts/[\w./\-]+"
    r"|gradio_api/(?:info|app_id|startup-events|cancel|reset|heartbeat/\w+|queue/(?:join|data)))"
)
_OUR_PATHS = re.compile(r"/|/page\.(?:css|js)|/icon\.svg|/documents(?:/[^/]*)?|/evaluation(?:/report)?")
WIDGET_PATHS = re.compile(r"/widget\.js|/widget/[\w.\-]+")  # what a page of any origin may load
API_PATHS = re.compile(r"/(?:healthz|readyz|metrics|mcp|openapi\.json|api(?:/.*)?|v1(?:/.*)?)", re.DOTALL)
ASKED_BY_ALL = re.compile(r"/api/embedding")  # what a page of any origin may call
_HOST = re.compile(r"(?:[\w.\-]+|\[(?P<address>[\da-fA-F:.]+)\])(?::(?P<port>\d{1,5}))?", re.ASCII)
MAX_PORT = 65535

log = logging.getLogger(__name__)


def route_path(scope: Scope) -> str:
    """Return the path without the one under which a proxy shows the site."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))


class Guard:
    """Puts the headers on every response, keeps pages of unwelcome origins out, and answers any failure.

    Pages of the origins *allowed* may call the API and show the site's pages in frames. A *local* server goes by this machine's
    own names alone: a page whose site gave its name this machine's address would else be taken for one of ours.
    """

    def __init__(self, app: ASGIApp, allowed: tuple[str, ...], local: bool = False) -> None:
        self._app = app
        self._allowed = allowed
        self._local = local

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or hand it on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False
        path = route_path(scope)

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                own = [(name.lower().encode(), value.encode()) for name, value in headers_of(path, self._allowed).items()]
                message["headers"] = [*message["headers"], *own]
            await send(message)

        refusal = _foreign(scope, path, self._allowed) or (_misdirected(scope) if self._local else None)
        answer = self._app if refusal is None else refused(refusal, scope)
        try:
            await answer(scope, receive, send_with_headers)
        except Exception:
            log.exception("A request failed.")
            if not started:
                await refused(failed(), scope)(scope, receive, send_with_headers)


def headers_of(path: str, allowed: tuple[str, ...]) -> dict[str, str]:
    """Return the headers that the response to *path* carries where pages of the origins *allowed* may show ours in frames."""
    headers = dict(HEADERS)
    policy = headers["Content-Security-Policy"]
    if path == FORM_PATH:
        policy = policy.replace("form-action 'none'", "form-action 'self'")  # the one page that has a form, in nobody's frame
    elif allowed:
        policy += "".join(f" {origin}" for origin in allowed)
        del headers["X-Frame-Options"]  # it cannot name origins, and browsers that know no frame-ancestors would refuse all
    if WIDGET_PATHS.fullmatch(path):
        headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return {**headers, "Content-Security-Policy": policy}


def _foreign(scope: Scope, path: str, allowed: tuple[str, ...]) -> RefusalError | None:
    """Return the refusal of a request that a page of an unwelcome origin sends."""
    headers = Headers(scope=scope)
    # Gradio makes its own address of the latter, whoever sent it, and fails where it cannot.
    named = (headers.get("host", "-"), *headers.get("x-forwarded-host", "-").split(","))
    if not all(_is_host(one.strip()) for one in named):
        return RefusalError(400, "bad_host", "Host or X-Forwarded-Host names no host.", "Send the name and port that the address has.")
    origin = headers.get("origin")
    if origin is None or headers.get("sec-fetch-site") == "same-origin" or WIDGET_PATHS.fullmatch(path) or ASKED_BY_ALL.fullmatch(path):
        return None
    told = embedding(origin, own_origin(headers.get("host", ""), scope["scheme"]), allowed if API_PATHS.fullmatch(path) else ())
    if told.allowed:
        return None
    return RefusalError(403, "origin_not_allowed", told.message, "Ask from a page of this server, or ask the server's operator.")


def _is_host(text: str) -> bool:
    """Tell whether *text* is a name or address that a server can have, with or without a port."""
    match = _HOST.fullmatch(text)
    if match is None or int(match["port"] or 0) > MAX_PORT:
        return False
    try:
        return match["address"] is None or ipaddress.ip_address(match["address"]).version == 6
    except ValueError:
        return False


def is_loopback(host: str) -> bool:
    """Tell whether *host*, a name or address without port and brackets, can only be this machine itself."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _misdirected(scope: Scope) -> RefusalError | None:
    """Return the refusal of a request that names a host other than this machine."""
    host = Headers(scope=scope).get("host")
    if host is None or is_loopback(urlsplit(f"//{host}").hostname or ""):
        return None
    return RefusalError(
        421,
        "other_host",
        "This server is for its own machine alone, and the request names another host.",
        "Open it as localhost or 127.0.0.1. Behind a proxy, its operator must name the proxy: SCO_TRUSTED_PROXIES.",
    )


class Cors(CORSMiddleware):
    """Lets pages of the origins *allowed* read what is answered, and ask before they call."""

    def __init__(self, app: ASGIApp, allowed: tuple[str, ...]) -> None:
        super().__init__(app, allowed, allow_methods=["GET", "POST"], allow_headers=["*"], expose_headers=["Retry-After"])


class Bounds:
    """Lets known paths and bodies of a known and bounded length in.

    Stands behind what lets origins in, so that a page that is welcome can read why it is refused.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse one request, or hand it on."""
        refusal = (_unknown(route_path(scope)) or _unbounded(scope)) if scope["type"] == "http" else None
        await (self._app if refusal is None else refused(refusal, scope))(scope, receive, send)


def _unknown(path: str) -> RefusalError | None:
    """Return the refusal of a path that is not one of ours."""
    known = (_OUR_PATHS, _GRADIO_PATHS, WIDGET_PATHS, API_PATHS)
    if ".." not in path and any(paths.fullmatch(path) for paths in known):
        return None
    return RefusalError(404, "not_found", "There is no such page here.", "Begin at the chat page, /, or at the API's, /api.")


def _unbounded(scope: Scope) -> RefusalError | None:
    """Return the refusal of a body whose length is unknown or too large, whatever the method; in pieces a body has any length."""
    headers = Headers(scope=scope)
    length = headers.get("content-length", "")
    if not length and "transfer-encoding" not in headers and scope["method"] not in ("POST", "PUT", "PATCH"):
        return None
    if "transfer-encoding" in headers or not (length.isascii() and length.isdigit()):
        return RefusalError(411, "length_required", "The request does not say how long it is.", "Send the header Content-Length.")
    if len(length) > MAX_DIGITS or int(length) > MAX_BODY:
        return RefusalError(413, "too_large", f"The request has {length[:MAX_DIGITS]} bytes; at most {MAX_BODY} are taken.", "Send less.")
    return None
