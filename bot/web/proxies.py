"""Takes from trusted proxies what they say of a request: the visitor's address, the scheme, and the path that they took off.

Knows nothing of what is asked.
"""

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import cast

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

HEADER = b"x-forwarded-prefix"
# Of each name in it only what needs no escape, and nothing that a browser would take for another host or for a way up.
_PREFIX = re.compile(r"(?:/[A-Za-z0-9_~-][A-Za-z0-9_.~-]*){1,8}")
MAX_LENGTH = 200  # characters


class Proxied:
    """Middleware: believes the headers ``X-Forwarded-For``, ``-Proto`` and ``-Prefix`` of the proxies *trusted*, and of nobody else.

    A prefix is the path under which a proxy shows the site; the proxy has taken it off. One that is no plain path is passed over.
    """

    def __init__(self, app: ASGIApp, trusted: Sequence[str]) -> None:
        believing = ProxyHeadersMiddleware(cast("Callable[..., Awaitable[None]]", app), [*trusted])
        self._app: Callable[..., Awaitable[None]] = believing  # uvicorn's names for the parts of ASGI are other types
        self._trusted = believing.trusted_hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand one request on as the visitor sent it to the proxy."""
        client = scope.get("client")
        if scope["type"] == "http" and client and client[0] in self._trusted and (prefix := _prefix(scope)):
            scope = {**scope, "root_path": prefix, "path": prefix + scope["path"]}
        await self._app(scope, receive, send)


def _prefix(scope: Scope) -> str:
    """Return the path that the proxy took off, without a slash at its end, or nothing."""
    given = [value for name, value in scope["headers"] if name == HEADER]
    prefix = given[-1].decode("latin-1").strip().rstrip("/") if given else ""
    return prefix if len(prefix) <= MAX_LENGTH and _PREFIX.fullmatch(prefix) else ""
