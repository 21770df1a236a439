"""Serves the site on a port, and answers there from the first moment on that it is being loaded. Knows nothing of what the site is.

What takes a start its time is Gradio, which is imported while the port already answers.
"""

import asyncio
import gc
import os
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import uvicorn

from bot.errors import ServerError
from bot.web.access import BY_DEFAULT, Access
from bot.web.guard import is_loopback
from bot.web.labels import labels
from bot.web.loading import answering_meanwhile
from bot.web.stub_files import without_stub_files

if TYPE_CHECKING:
    from fastapi import FastAPI

    from bot.assistant import Assistant

# A thread that comes back from onnxruntime waits so long for the interpreter while another computes; Python's 5 ms, several times a
# reply, leave a core idle (docs/decisions/024).
SWITCH_S = 0.0005
GRACE = 2  # seconds that open connections get when the server stops


def serve(load: "Callable[[], Assistant]", host: str, port: int, access: Access = BY_DEFAULT) -> None:
    """Serve what *load* returns until interrupted, and print the address once it can be opened; until then, answer that it is being loaded.

    Raises ServerError if *host* and *port* cannot be had, and whatever *load* raises.
    """
    sys.setswitchinterval(SWITCH_S)
    listening = listen(host, port)
    name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  # all addresses of the machine; this one can be opened
    access = replace(access, local=is_loopback(host) and not access.trusted_proxies)
    with listening, asyncio.Runner() as runner:
        with answering_meanwhile(listening, access.allowed_origins, access.local):
            assistant = load()  # before the imports: what is wrong with the documents is said sooner
            with _uncollected(), without_stub_files():
                from bot.web.server import build_server

                # Inside the loop, since outside one Gradio makes loops of its own and never closes them.
                site = runner.run(_built(lambda: build_server(assistant, access=access)))
        server = _Server(site, f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}")
        runner.run(server.serve(sockets=[listening]))


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


async def _built(build: "Callable[[], FastAPI]") -> "FastAPI":
    return build()


@contextmanager
def _uncollected() -> Iterator[None]:
    """Look for no garbage while the block runs, nor ever after among what is there at its end.

    Gradio makes 300,000 objects, of which 1 in 100 is garbage; looking through them took a sixth of the start.
    A generation of the index goes when nothing refers to it any more, without being looked for.
    """
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        gc.enable()


class _Server(uvicorn.Server):
    """Prints *address* when requests are answered there."""

    def __init__(self, site: "FastAPI", address: str) -> None:
        # No access log: its lines would hold Gradio's session keys.
        config = uvicorn.Config(
            site,
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,  # read by our own middleware, from the proxies that are trusted
            ws="none",
            timeout_graceful_shutdown=GRACE,
        )
        super().__init__(config)
        self._address = address

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer, and say so."""
        await super().startup(sockets)
        if self.started:
            sys.stdout.write(f"{labels()['title']}: open {self._address} (Ctrl-C stops)\n")
            sys.stdout.flush()
