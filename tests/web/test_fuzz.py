"""Whatever is sent, over every route of the API and of the chat page: the sender's fault is never a failure of ours."""

import asyncio
from collections import Counter
from urllib.parse import unquote_to_bytes

from bot.web.access import Access
from bot.web.feedback import FeedbackFile
from bot.web.server import build_server
from tests.web.fuzzing import FuzzedRequest, fuzzed
from tests.web.site import Scripted

REQUESTS = 1_000  # tests/benchmarks/fuzz.py sends ten thousand to a running server
PATIENCE_S = 20  # for one answer; streams that nobody ends are left at their first line


async def status_of(app, request: FuzzedRequest) -> int:
    """Return the status with which the site answers; the visitor leaves as soon as it is known and the body begins."""
    path, _, query = request.target.partition("?")
    headers = [*request.headers, (b"content-length", b"%d" % len(request.body))] if request.body else [*request.headers]
    named = {name for name, _ in headers}
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": "http",
        "path": unquote_to_bytes(path).decode("utf-8", "replace"),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": headers if b"host" in named else [(b"host", b"testserver"), *headers],
        "client": ("testclient", 1),
        "server": ("testserver", 80),
        "state": {},
    }
    statuses: list[int] = []
    sent, answered = [{"type": "http.request", "body": request.body, "more_body": False}], asyncio.Event()

    async def receive():
        if sent:
            return sent.pop()
        await answered.wait()
        return {"type": "http.disconnect"}

    async def send(message):
        if message["type"] == "http.response.start":
            statuses.append(message["status"])
        else:
            answered.set()

    await asyncio.wait_for(app(scope, receive, send), PATIENCE_S)
    return statuses[0]


def test_no_request_whatever_is_a_failure_of_the_server(tmp_path):
    """A thousand of them, the same every time; afterwards it answers as before."""

    async def run() -> Counter[int]:
        file = FeedbackFile(tmp_path / "feedback.jsonl")
        app = build_server(Scripted(), access=Access(per_address=10**6, per_conversation=10**6, feedback=file))
        statuses: Counter[int] = Counter()
        async with app.router.lifespan_context(app):
            for request in fuzzed(REQUESTS):
                status = await status_of(app, request)
                statuses[status] += 1
                assert status < 500, f"{status}: {request}"
            asked = FuzzedRequest("POST", "/api/chat", ((b"content-type", b"application/json"),), b'{"question": "Is it so?"}')
            assert await status_of(app, asked) == 200
        return statuses

    statuses = asyncio.run(run())
    assert {200, 400, 404, 405, 422} <= set(statuses)  # it reached what it was meant to reach
