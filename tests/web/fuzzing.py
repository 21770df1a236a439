"""Requests that nobody would send, over every route: broken bodies, headers, paths and queries, the same ones for the same seed."""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass

ROUTES = (
    *("/", "/page.css", "/page.js", "/icon.svg", "/documents", "/documents/remarks-2019", "/evaluation", "/evaluation/report"),
    *("/widget.js", "/widget/widget.js", "/widget/demo.html", "/healthz", "/readyz", "/metrics", "/openapi.json", "/api", "/mcp"),
    *("/api/chat", "/api/search", "/api/documents", "/api/documents/remarks-2019", "/api/feedback", "/api/embedding"),
    *("/v1/chat/completions", "/v1/models", "/v1/models/sco-documents"),
    *("/config", "/theme.css", "/assets/index.js", "/static/fonts/a.woff2", "/gradio_api/info", "/gradio_api/app_id"),
    *("/gradio_api/startup-events", "/gradio_api/cancel", "/gradio_api/reset", "/gradio_api/queue/join", "/gradio_api/queue/data"),
    *("/gradio_api/upload", "/gradio_api/file=/etc/passwd", "/gradio_api/call/answer", "/gradio_api/run/predict", "/login", "/robots.txt"),
)
TAKING = tuple(route for route in ROUTES if route.startswith(("/api/", "/v1/", "/gradio_api/", "/evaluation")))
METHODS = ("GET", "GET", "POST", "POST", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND")
TEXTS = (
    *("", " ", "?", "\x00", "\ud800", "\udcff\ud83d", "x" * 3000, "ü" * 700, "<script>alert(1)</script>", "../../etc/passwd", "%s%n{0}"),
    *("' OR 1=1 --", "\u202edrugs\u2066", "What about drugs?", "and then?", "Что с наркотиками?", "毒品呢？", "١٢٣", "null", "-1", "1e999"),
    *("[1][2][999999999999999999999]", "a" * 300 + "!", "\n\r\t", "https://www.example.org", "2019-04", "0000-00", "remarks-2019/p12/s3"),
)
NUMBERS = (0, 1, -1, 7, 99999, 2**31, 2**63, 2**70, -(2**64), 0.5, 1e308, -0.0)
FIELDS = (
    *("question", "history", "filters", "stream", "language", "role", "content", "answer", "limit", "verdict", "note", "reply", "id"),
    *("messages", "model", "stream_options", "include_usage", "type", "text", "citations", "document_id", "paragraph", "sentence"),
    *("data", "fn_index", "session_hash", "event_id", "event_data", "trigger_id", "__type__", "path", "meta", "since", "until", "speakers"),
    *("kinds", "documents", "latest", "from_words", "cited_text", "index", "kind", "jsonrpc", "method", "params"),
)
HEADERS = (
    *("origin", "referer", "host", "cookie", "accept", "accept-encoding", "accept-language", "range", "if-none-match", "if-modified-since"),
    *("x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-forwarded-prefix", "forwarded", "authorization", "expect", "te"),
    *("access-control-request-method", "access-control-request-headers", "sec-fetch-site", "upgrade", "content-encoding", "x-gradio-user"),
)
VALUES = (
    *(b"", b"x", b"null", b"*", b"http://[", b"http://testserver", b"https://www.example.org", b"::", b"%00", b"a=b; c", b"bytes=9-1"),
    *(b"bytes=0-99999999999", b"gzip;q=x", b",,,", b"\xff\xfe", b"\xc3\xbc", b"x" * 5000, b"[::1]:99999", b"a b", b"127.0.0.1", b"POST"),
    *(b"websocket", b"100-continue", b"en-\xff;q=9", b"Bearer \x80", b'W/"x', b"Thu, 99 Foo 0000", b"same-origin", b"cross-site"),
)
TYPES = (b"application/json", b"application/json", b"application/json; charset=x", b"text/plain", b"multipart/form-data", b"\xff", b"")
PIECES = (
    *("..", "%2e%2e", "%00", "%ff", "%2f", "%5c", "/", "//", "a", "é", "~", "%", ";", ":", "@", "|", "x.js", "." * 50, "a" * 4000),
    "%0d%0a",
)
VALID = (
    {"question": "What about drugs?", "history": [{"role": "user", "content": "A?"}], "stream": True, "language": "en"},
    {"question": "And then?", "history": [{"question": "What about drugs?", "answer": "It is. [1]"}], "filters": {"since": "2019"}},
    {"question": "drugs", "limit": 3},
    {"messages": [{"role": "user", "content": [{"type": "text", "text": "Why?"}]}], "stream_options": {"include_usage": True}},
    {"verdict": "good", "note": "", "reply": {"question": "A?", "kind": "answer", "citations": [], "sentences": [{"citations": [1]}]}},
    {"data": ["What about drugs?", []], "fn_index": 0, "session_hash": "s", "event_data": None, "trigger_id": 1},
)
LANGUAGES = (b"ru", b"zh-CN,en;q=0.5", b"en", b"\xff;q=x", b"")
BOUNDARY = b'--x\r\nContent-Disposition: form-data; name="queries"; filename="q.jsonl"\r\n\r\n'


@dataclass(frozen=True, slots=True)
class FuzzedRequest:
    """One request: method, what follows it on the first line, headers without the body's length, and the body."""

    method: str
    target: str
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes

    def __str__(self) -> str:
        return f"{self.method} {self.target[:100]!r} {self.headers!r:.200} {self.body[:200]!r}"


def fuzzed(count: int, seed: int = 0) -> Iterator[FuzzedRequest]:
    """Yield *count* requests; those of another *seed* are others."""
    chance = random.Random(seed)
    for _ in range(count):
        yield _request(chance)


def _request(chance: random.Random) -> FuzzedRequest:
    method = chance.choice(METHODS)
    path = chance.choice(TAKING if method == "POST" and chance.random() < 0.8 else ROUTES)
    if chance.random() < 0.3:
        at = chance.randrange(1, len(path) + 1)
        path = path[:at] + "".join(chance.choices(PIECES, k=chance.randint(1, 3))) + path[at:]
    if chance.random() < 0.3:
        names = ("theme", "session_hash", "origin", "q", "lang", "deep_link", "__theme", "view", "a[]", "%00", "")
        pairs = [f"{chance.choice(names)}={chance.choice((*PIECES, 'dark', 'en', 'https://a.example', '%F0%9F'))}" for _ in range(3)]
        path += "?" + "&".join(pairs[: chance.randint(1, 3)])
    headers = [(chance.choice(HEADERS).encode(), chance.choice(VALUES)) for _ in range(chance.choice((0, 0, 0, 1, 2)))]
    if chance.random() < 0.3:  # as a browser asks for a page, so that what is refused is one too
        headers += [(b"accept", b"text/html,*/*;q=0.8"), (b"accept-language", chance.choice(LANGUAGES))]
    body, media_type = (b"", b"") if method not in ("POST", "PUT", "PATCH") else _body(chance)
    if media_type:
        headers.append((b"content-type", media_type))
    target = "".join(character if 33 <= ord(character) < 127 else f"%{ord(character) & 255:02x}" for character in path)
    return FuzzedRequest(method, target, tuple(headers), body)


def _body(chance: random.Random) -> tuple[bytes, bytes]:
    kind = chance.random()
    if kind < 0.1:
        return chance.randbytes(chance.randrange(300)), chance.choice(TYPES)
    if kind < 0.15:
        return BOUNDARY + chance.randbytes(50) + b"\r\n--x--\r\n", b"multipart/form-data; boundary=x"
    if kind < 0.2:
        return b"[" * chance.choice((10, 5000, 100_000)), b"application/json"
    value = _junk(chance, 0) if kind < 0.4 else _mutated(chance, chance.choice(VALID))
    text = json.dumps(value).encode()
    if chance.random() < 0.05:
        text = text[: chance.randrange(len(text) + 1)]
    return text, chance.choice(TYPES)


def _mutated(chance: random.Random, value: object) -> object:
    """Return *value* with about one of its parts replaced, taken out or made up."""
    if isinstance(value, dict) and chance.random() < 0.9:
        kept = {name: part for name, part in value.items() if chance.random() < 0.97}
        changed = {name: _mutated(chance, part) if chance.random() < 0.4 else part for name, part in kept.items()}
        return changed if chance.random() < 0.9 else {**changed, chance.choice(FIELDS): _junk(chance, 2)}
    if isinstance(value, list) and chance.random() < 0.7:
        return [_mutated(chance, part) for part in value] * chance.choice((0, 1, 1, 1, 2, 50))
    return _junk(chance, 2) if chance.random() < 0.5 else value


def _junk(chance: random.Random, depth: int) -> object:
    kind = chance.randrange(10)
    if kind == 0:
        return None
    if kind == 1:
        return chance.random() < 0.5
    if kind < 4:
        return chance.choice(NUMBERS)
    if kind < 7 or depth > 4:
        return chance.choice(TEXTS)
    if kind == 7:
        return [_junk(chance, depth + 1) for _ in range(chance.randrange(4))]
    return {chance.choice(FIELDS): _junk(chance, depth + 1) for _ in range(chance.randrange(5))}
