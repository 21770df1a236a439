"""A small reverse proxy that shows a site under a path which it takes off, as nginx does with a slash at the end of both."""

import asyncio

import httpx
from starlette.types import Receive, Scope, Send

HOP_BY_HOP = {b"connection", b"keep-alive", b"transfer-encoding", b"content-length"}


class UnderPath:
    """An ASGI application: hands requests below *path* on to *site*, and says so in the headers; it has no other page."""

    def __init__(self, path: str, site: str) -> None:
        self._path = path
        self._site = site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand one request on, and its response back as it comes."""
        if scope["type"] != "http":
            return
        if not scope["path"].startswith(f"{self._path}/"):
            await send({"type": "http.response.start", "status": 404, "headers": []})
            await send({"type": "http.response.body", "body": b"Nothing is served here."})
            return
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        handing = asyncio.create_task(self._hand_on(scope, body, send))
        leaving = asyncio.create_task(receive())  # gives nothing more until the visitor has left or has the whole response
        await asyncio.wait((handing, leaving), return_when=asyncio.FIRST_COMPLETED)
        for task in (handing, leaving):
            task.cancel()
        await asyncio.gather(handing, leaving, return_exceptions=True)

    async def _hand_on(self, scope: Scope, body: bytes, send: Send) -> None:
        forwarded = [
            (b"x-forwarded-for", scope["client"][0].encode()),
            (b"x-forwarded-proto", b"http"),
            (b"x-forwarded-prefix", self._path.encode()),
        ]
        headers = [*((name, value) for name, value in scope["headers"] if name not in HOP_BY_HOP), *forwarded]
        address = f"{self._site}{scope['path'].removeprefix(self._path)}?{scope['query_string'].decode()}".rstrip("?")
        async with httpx.AsyncClient(timeout=None) as client, client.stream(scope["method"], address, headers=headers, content=body) as got:
            given = [(name.lower(), value) for name, value in got.headers.raw if name.lower() not in HOP_BY_HOP]
            await send({"type": "http.response.start", "status": got.status_code, "headers": given})
            async for piece in got.aiter_raw():
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body"})
