"""Two small servers of this machine for the widget's specifications: a chat that misbehaves when told to, and a foreign site."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from bot.reply import Answer, Citation, Reply
from bot.web.events import Growth, event_bytes, last_event
from index.document import Description
from tests.web.examples import answer

LOADING = '{"error": {"code": "loading", "message": "The assistant is still being loaded.", "what_to_do": "Ask again in 2 s."}}'
WIDGET = Path(__file__).resolve().parents[2] / "bot" / "web" / "widget" / "widget.js"
REMARKS = Description(
    "remarks-2019", "Remarks at the Moscow Conference on International Security", "speech", "2019-04-24", "Vladimir Norov"
)
REPORT = Description("report-2019", "Report on the conference", "report", "2019")
LEGALISING = "The trend towards legalising cannabis raises serious concerns."
DRUGS = "We fight drugs together."
PATIENCE_S = 60.0  # seconds that a stream waits for its test at most


def cited(marker: int, description: Description, quote: str, *, point: str | None = "10", also: bool = False) -> Citation:
    """Return a citation of *quote*, the first sentence of paragraph 12."""
    return Citation(marker, description, 12, 1, point, quote, 100, 100 + len(quote), 0, len(quote), also)


CANNABIS = answer(
    (LEGALISING, (1,)),
    (DRUGS, (2, 3)),
    citations=(
        cited(1, REMARKS, LEGALISING),
        cited(2, REMARKS, DRUGS, point="11"),
        cited(3, REPORT, "Drugs are fought.", point=None, also=True),
    ),
    question="What about cannabis?",
)


class Server(ThreadingHTTPServer):
    """Serves `pages`, by path: content type and body; any other path is answered as its handler does."""

    daemon_threads = True

    def __init__(self, handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.pages: dict[str, tuple[str, str]] = {}
        self.headers: dict[str, str] = {}

    @property
    def origin(self) -> str:
        """The origin of its pages."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Pass over browsers that went away."""


class ChatServer(Server):
    """The chat's API, of which every answer is known beforehand, and which can be made to fail."""

    def __init__(self) -> None:
        super().__init__(_ChatHandler)
        self.reset()

    def reset(self) -> None:
        """Forget what was asked, and behave."""
        self.asked: list[dict[str, object]] = []
        self.requests: list[tuple[str, str]] = []  # path, and all headers as one text
        self.reply: Reply = CANNABIS
        self.behaviour = "answer"
        self.allowed = True
        self.under = ""  # the path under which a proxy shows it
        self.starting = 0  # how many requests that are still told that it is starting
        self.go = threading.Event()
        self.pages = {"/widget.js": ("text/javascript", WIDGET.read_text(encoding="utf-8"))}


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments: object) -> None:
        """Write no log."""

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        kind, body = self.server.pages.get(path, ("text/html", "<!doctype html><title>No such page</title>No such page."))
        self.send(200 if path in self.server.pages else 404, kind, body, self.server.headers)

    def send(self, status: int, kind: str, body: str, headers: dict[str, str]) -> None:
        """Send a whole response."""
        sent = body.encode("utf-8", "surrogatepass")
        self.send_response(status)
        for name, value in {"Content-Type": f"{kind}; charset=utf-8", "Content-Length": f"{len(sent)}", **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(sent)


class _ChatHandler(_Handler):
    server: ChatServer

    @property
    def _cors(self) -> dict[str, str]:
        if not self.server.allowed:
            return {}
        return {"Access-Control-Allow-Origin": self.headers.get("Origin", ""), "Access-Control-Allow-Headers": "content-type"}

    def _is_starting(self) -> bool:
        self.server.starting -= 1
        return self.server.starting >= 0

    def do_OPTIONS(self) -> None:
        self.send(200 if self.server.allowed else 400, "text/plain", "", self._cors)

    def do_GET(self) -> None:
        self.path = self.path.removeprefix(self.server.under)
        self.server.requests.append((self.path, f"{self.headers}"))
        if not self.path.startswith("/api/embedding"):
            super().do_GET()
        elif self._is_starting():
            self.send(503, "application/json", LOADING, {"Access-Control-Allow-Origin": "*"})
        elif self.server.behaviour == "html":
            self.send(200, "text/html", "<!doctype html>Please log in.", {"Access-Control-Allow-Origin": "*"})
        elif self.server.behaviour == "another server":
            self.send(404, "text/html", "Not found.", {"Access-Control-Allow-Origin": "*"})
        else:
            told = {
                "allowed": self.server.allowed,
                "origin": self.headers.get("Origin", ""),
                "message": "SCO_ALLOWED_ORIGINS does not list it.",
            }
            self.send(200, "application/json", json.dumps(told), {"Access-Control-Allow-Origin": "*"})

    def do_POST(self) -> None:
        self.path = self.path.removeprefix(self.server.under)
        self.server.requests.append((self.path, f"{self.headers}"))
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path != "/api/chat":
            self.server.asked.append({"path": self.path, **asked})
            self.send(200, "application/json", "{}", self._cors)
            return
        if self._is_starting():
            self.send(503, "application/json", LOADING, self._cors)
            return
        self.server.asked.append(asked)
        getattr(self, "_" + self.server.behaviour.replace(" ", "_"))(asked["question"])

    # --- as it should be

    def _answer(self, question: str) -> None:
        events = [*Growth().grown(self.server.reply), last_event(self.server.reply)]
        self._stream(*(event_bytes(event) for event in events))

    def _slow(self, question: str) -> None:
        """Send the first sentence, and the rest once told to."""
        events = [event_bytes(event) for event in [*Growth().grown(self.server.reply), last_event(self.server.reply)]]
        first = next(number for number, event in enumerate(events) if b"sentence" in event[:20]) + 1
        self._stream(*events[:first], wait=True, then=events[first:])

    def _replace(self, question: str) -> None:
        """Begin another answer, and begin anew with the first sentence of the reply; send the rest once told to."""
        assert isinstance(self.server.reply, Answer)
        begun = replace(self.server.reply, sentences=self.server.reply.sentences[:1], mode="llm")
        growth = Growth()
        events = [event_bytes(event) for event in [*growth.grown(begun), *growth.grown(self.server.reply)]]
        self._stream(*events, wait=True, then=[event_bytes(last_event(self.server.reply))])

    # --- as it should not

    def _refuse(self, question: str) -> None:
        refusal = {"error": {"code": "too_many", "message": "You asked too often.", "what_to_do": "Wait a minute."}}
        self.send(429, "application/json", json.dumps(refusal), self._cors)

    def _refuse_often(self, question: str) -> None:
        refusal = {"error": {"code": "rate_limited", "message": "Too often.", "what_to_do": "Wait."}}
        self.send(429, "application/json", json.dumps(refusal), self._cors)

    def _refuse_late(self, question: str) -> None:
        self._stream(event_bytes({"type": "error", "code": "failed", "message": "It went wrong.", "what_to_do": "Ask again."}))

    def _fail(self, question: str) -> None:
        self.send(500, "text/plain", "Internal Server Error", self._cors)

    def _html(self, question: str) -> None:
        self.send(200, "text/html", "<!doctype html>Please log in.", self._cors)

    def _another_server(self, question: str) -> None:
        self.send(404, "text/html", "<!doctype html>Not found.", self._cors)

    def _damaged(self, question: str) -> None:
        self._stream(b"data: {not json}\n\n")

    def _of_another_form(self, question: str) -> None:
        self._stream(b'data: {"type": "end", "reply": {"answer": 7}}\n\n')

    def _cut_off(self, question: str) -> None:
        self._stream(*(event_bytes(event) for event in Growth().grown(self.server.reply)))

    def _hang(self, question: str) -> None:
        self._stream(b": here\n\n", wait=True)

    def _stream(self, *pieces: bytes, wait: bool = False, then: tuple[bytes, ...] | list[bytes] = ()) -> None:
        self.send_response(200)
        for name, value in {"Content-Type": "text/event-stream", "Connection": "close", **self._cors}.items():
            self.send_header(name, value)
        self.end_headers()
        for piece in pieces:
            self.wfile.write(piece)
            self.wfile.flush()
        if wait:
            self.server.go.wait(PATIENCE_S)
        for piece in then:
            self.wfile.write(piece)
        self.close_connection = True


@contextmanager
def served(server: Server) -> Iterator[Server]:
    """Run *server* in a thread until the block ends."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server
    finally:
        if isinstance(server, ChatServer):
            server.go.set()
        server.shutdown()
        thread.join()
        server.server_close()


def foreign_site() -> Server:
    """Return a site that is not the chat's; its pages are put into `pages`."""
    return Server(_Handler)
