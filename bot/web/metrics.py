"""Counts what the server does, in the text form that Prometheus reads: requests, replies, and how long replies took.

Holds numbers and names of ours alone: nothing of any question or visitor.
"""

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)  # from a reply in the documents' words to one that a chat model words
OTHER = "other"  # the route of a request that reached none


class Metrics:
    """The numbers of one server."""

    content_type = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter("sco_requests", "HTTP requests by route and status.", ("route", "status"), registry=self._registry)
        self._replies = Counter("sco_replies", "Replies given by the API, by kind.", ("kind",), registry=self._registry)
        self._seconds = Histogram(
            "sco_reply_seconds", "Seconds until a reply was whole, waiting included.", buckets=SECONDS, registry=self._registry
        )

    def count_request(self, route: str, status: int) -> None:
        """Count one answered request."""
        self._requests.labels(route, f"{status}").inc()

    def count_reply(self, kind: str, seconds: float) -> None:
        """Count one reply and the *seconds* that it took."""
        self._replies.labels(kind).inc()
        self._seconds.observe(seconds)

    def text(self) -> bytes:
        """Return all numbers in the text form."""
        return generate_latest(self._registry)


class Counting:
    """Middleware: counts every response under the route that made it."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, and count it."""

        async def send_counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                # The route's pattern, not the path: what visitors make up must not become a name of its own.
                self._metrics.count_request(getattr(scope.get("route"), "path", OTHER), message["status"])
            await send(message)

        await self._app(scope, receive, send_counted)
