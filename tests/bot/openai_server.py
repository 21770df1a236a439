"""A server on this machine that speaks OpenAI's chat completions, and misbehaves when it is told to."""

import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PIECE = 12  # characters a piece of a streamed text; ids come in two pieces, as they do from real servers
HUGE = 10_000_000  # characters

Write = Callable[[list[dict[str, str]]], str]  # the evidence that was sent -> what the model writes


class OpenAIServer(ThreadingHTTPServer):
    """Answers every request as `behaviour` says, and remembers what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.reset()

    def reset(self) -> None:
        """Forget what was asked, and behave."""
        self.asked: list[dict[str, object]] = []
        self.keys: list[str] = []
        self.behaviour = "write"
        self.write: Write = lambda evidence: "\n".join(f"{sentence['text']} [{sentence['id']}]" for sentence in evidence)
        self.released = threading.Event()  # set when a test is over: nothing sleeps longer than it

    @property
    def address(self) -> str:
        """The base address that a client is given."""
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def handle_error(self, request: object, client_address: object) -> None:
        """Pass over clients that went away: many tests make them."""


class _Handler(BaseHTTPRequestHandler):
    server: OpenAIServer
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments: object) -> None:
        """Write no log."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(body)
        self.server.keys.append(self.headers.get("Authorization", ""))
        getattr(self, f"_{self.server.behaviour}")(body)

    # --- as it should be

    def _write(self, body: dict[str, object]) -> None:
        text = self.server.write(evidence(body))
        with self._stream() as send:
            for at in range(0, len(text), PIECE):
                send(text[at : at + PIECE])

    # --- as it should not be

    def _unauthorised(self, body: dict[str, object]) -> None:
        self._refuse(401, f"Incorrect API key provided: {self.headers.get('Authorization', '')}")

    def _too_many(self, body: dict[str, object]) -> None:
        self._refuse(429, "Rate limit reached", {"Retry-After": "60"})

    def _failing(self, body: dict[str, object]) -> None:
        self._refuse(500, f"stack trace: {self.headers.get('Authorization', '')}")

    def _no_such_model(self, body: dict[str, object]) -> None:
        self._refuse(404, "The model does not exist")

    def _silent(self, body: dict[str, object]) -> None:
        self.server.released.wait()

    def _stalling(self, body: dict[str, object]) -> None:
        text = self.server.write(evidence(body))
        with self._stream() as send:
            send(text[: len(text) // 2])
            self.server.released.wait()

    def _trickling(self, body: dict[str, object]) -> None:
        """One piece at a time with a pause: ten seconds for a person, a tenth of one for a test."""
        with self._stream() as send:
            for piece in re.findall(r"\S+\s*", self.server.write(evidence(body))):
                send(piece)
                if self.server.released.wait(0.1):
                    return

    def _broken_json(self, body: dict[str, object]) -> None:
        with self._stream() as send:
            send("The ")
            self._chunk(b'data: {"choices": [{"delta": {"content": "half\n\n')

    def _empty(self, body: dict[str, object]) -> None:
        with self._stream():
            pass

    def _huge(self, body: dict[str, object]) -> None:
        with self._stream() as send:
            for _ in range(HUGE // 10_000):
                send("all work and " * 770)

    def _cut(self, body: dict[str, object]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Content-Length", "100000")
        self.end_headers()
        self.wfile.write(b'data: {"choices": [{"del')
        self.wfile.flush()
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def _web_page(self, body: dict[str, object]) -> None:
        self._send(200, b"<html><body>It works!</body></html>", "text/html")

    # --- HTTP

    def _refuse(self, status: int, message: str, headers: dict[str, str] | None = None) -> None:
        self._send(status, json.dumps({"error": {"message": message, "type": "error"}}).encode(), "application/json", headers)

    def _send(self, status: int, content: bytes, kind: str, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(content)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    @contextmanager
    def _stream(self) -> Iterator[Callable[[str], None]]:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

        def send(text: str) -> None:
            choice = {"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": None}
            event = {"id": "c", "object": "chat.completion.chunk", "created": int(time.time()), "model": "m", "choices": [choice]}
            self._chunk(f"data: {json.dumps(event)}\n\n".encode())

        yield send
        self._chunk(b"data: [DONE]\n\n")
        self.wfile.write(b"0\r\n\r\n")

    def _chunk(self, content: bytes) -> None:
        self.wfile.write(f"{len(content):x}\r\n".encode() + content + b"\r\n")
        self.wfile.flush()


def evidence(body: dict[str, object]) -> list[dict[str, str]]:
    """Return the objects that a request holds as data between its fences."""
    messages = body["messages"]
    assert isinstance(messages, list)
    lines = "\n".join(str(message["content"]) for message in messages).splitlines()
    return [json.loads(line) for line in lines if line.startswith("{")]


@contextmanager
def openai_server() -> Iterator[OpenAIServer]:
    """Serve on a free port of this machine until the test is over."""
    server = OpenAIServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.released.set()
        server.shutdown()
        server.server_close()
        thread.join()
