"""Binds each session of the chat page to the browser that began it, so that nobody reads another's with its id alone.

Gradio's page makes up a session's id and sends it in addresses, where proxies and logs may see it; Gradio itself gives
whatever comes for an id to anyone who names it. A browser is known by a cookie that says nothing else; those without
cookies count as one.
"""

import json
import re
import secrets
from collections import OrderedDict
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.requests import Request, cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.web.guard import route_path
from bot.web.labels import wanted
from bot.web.refusals import RefusalError, shown_by_gradio

COOKIE = "sco_visitor"
TOKEN_BYTES = 18  # of chance: nobody guesses 144 bits
MAX_SESSIONS = 20_000  # remembered, some 4 MB; the longest unused is forgotten first
MAX_ID_LENGTH = 64  # characters that are looked at; Gradio's page makes up eleven
_TOKEN = re.compile(r"[\w-]{24}", re.ASCII)
_WITH_BODY = re.compile(r"/gradio_api/(?:queue/join|cancel|reset)")
_WITH_QUERY = re.compile(r"/gradio_api/queue/data")
_WITH_PATH = re.compile(r"/gradio_api/heartbeat/(\w+)")


class Sessions:
    """Middleware: gives each browser its cookie, and refuses a session's id that came from another browser first."""

    def __init__(self, app: ASGIApp, most: int = MAX_SESSIONS) -> None:
        self._app = app
        self._most = most
        self._browsers: OrderedDict[str, str] = OrderedDict()  # of the sessions, by id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or hand it on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path, browser = route_path(scope), _browser(scope)
        if path == "/" and not browser:
            send = _with_cookie(send, scope.get("root_path", ""), secure=scope["scheme"] == "https")
        ids: tuple[str, ...] = ()
        if _WITH_BODY.fullmatch(path):
            receive, body = await _read(receive)
            ids = _named(body)
        elif _WITH_QUERY.fullmatch(path):
            ids = tuple(parse_qs(scope["query_string"].decode("latin-1")).get("session_hash", ()))
        elif match := _WITH_PATH.fullmatch(path):
            ids = match.groups()
        if all(self._belongs(one, browser) for one in ids):
            await self._app(scope, receive, send)
            return
        refusal = RefusalError(403, "not_your_session", "This session was begun in another browser.", "Open the chat page anew.")
        language = wanted(Request(scope).cookies, Headers(scope=scope))
        await shown_by_gradio(refusal, language)(scope, receive, send)

    def _belongs(self, session: str, browser: str) -> bool:
        """Tell whether *session* is that of *browser*; one that is new belongs to whoever names it first."""
        key = session[:MAX_ID_LENGTH]
        owner = self._browsers.setdefault(key, browser)
        self._browsers.move_to_end(key)
        while len(self._browsers) > self._most:
            self._browsers.popitem(last=False)
        return owner == browser


def _browser(scope: Scope) -> str:
    """Return the token of the browser's cookie, or nothing."""
    token = cookie_parser(Headers(scope=scope).get("cookie", "")).get(COOKIE, "")  # beside whatever cookies the host has of others
    return token if _TOKEN.fullmatch(token) else ""


def _with_cookie(send: Send, root: str, *, secure: bool) -> Send:
    """Return *send* for a response that gives the browser its cookie, for the path *root* and what is below it."""
    cookie = f"{COOKIE}={secrets.token_urlsafe(TOKEN_BYTES)}; Path={root}/; HttpOnly; SameSite=Lax{'; Secure' if secure else ''}"

    async def send_with_cookie(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], (b"set-cookie", cookie.encode()), (b"cache-control", b"private")]
        await send(message)

    return send_with_cookie


async def _read(receive: Receive) -> tuple[Receive, bytes]:
    """Return the whole body, whose length is bounded by now, and a *receive* that gives it again."""
    messages: list[Message] = []
    while not messages or (messages[-1]["type"] == "http.request" and messages[-1].get("more_body")):
        messages.append(await receive())
    body = b"".join(message.get("body", b"") for message in messages)
    waiting = iter(messages)

    async def again() -> Message:
        message = next(waiting, None)
        return await receive() if message is None else message

    return again, body


def _named(body: bytes) -> tuple[str, ...]:
    """Return the session that a body names; what cannot be read names none, and is refused further on."""
    try:
        sent = json.loads(body)
    except (ValueError, RecursionError):
        return ()
    session = sent.get("session_hash") if isinstance(sent, dict) else None
    return (session,) if isinstance(session, str) else ()
