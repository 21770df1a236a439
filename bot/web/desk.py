"""The one place that has questions answered for the API: by rates, in threads, counted, with failures told as refusals.

Knows nothing of the forms in which requests come and replies go.
"""

import logging
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from fastapi import Request
from pydantic import BaseModel

from bot.assistant import Assistant
from bot.conversation import Conversation
from bot.filters import ALL_DOCUMENTS, Scope
from bot.reply import Reply
from bot.web.limits import Rates, Workers
from bot.web.metrics import Metrics
from bot.web.refusals import RefusalError, failed, said
from bot.web.shapes import Refused
from index.errors import UserError

STREAM_HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}  # the latter: nginx would hold the stream back
Documented = dict[int | str, dict[str, object]]
Item = TypeVar("Item")
_REFUSED = {
    400: "The body is not JSON, or the request no HTTP",
    403: "Pages of this origin may not call",
    404: "There is no such thing here",
    411: "The body has no length",
    413: "The body is too long",
    422: "The request is not of this form, or the question cannot be asked",
    429: "Too many requests; Retry-After says when to come again",
    503: "Not now; Retry-After says when to come again",
    504: "No answer was ready in time",
}

log = logging.getLogger(__name__)


def refused(*statuses: int) -> Documented:
    """Return the description of refusals with these *statuses*."""
    return {status: {"model": Refused, "description": _REFUSED[status]} for status in statuses}


def whole_or_events(shape: type[BaseModel], description: str, *names: str) -> dict[str, object]:
    """Return the description of a response that is a *shape* in JSON, or a stream of events, called by one of *names* if any."""
    called = {"event": {"enum": [*names]}} if names else {}
    event = {"type": "object", "properties": {"data": {"type": "string"}, **called}, "required": ["data", *called]}
    return {"model": shape, "description": description, "content": {"text/event-stream": {"schema": event}}}


ASKING = refused(400, 403, 411, 413, 422, 429, 503, 504)


@dataclass(frozen=True, slots=True)
class Desk:
    """What answering takes, shared by all routes: the assistant, its threads, the rates that visitors keep to, and the counts."""

    assistant: Assistant
    workers: Workers
    rates: Rates
    metrics: Metrics

    def replies(
        self, asked: str, conversation: Conversation, address: str, scope: Scope = ALL_DOCUMENTS, name: str = ""
    ) -> AsyncIterator[Reply]:
        """Have the reply to *asked* worked out, and return it as it grows. Raises RefusalError, here or in the midst.

        The conversation is told from others of *address* by its *name*, or else by its first question: a class that begins with the
        same one is not one conversation.
        """
        first = next((turn.content for turn in conversation.turns if turn.role == "user"), "")
        self.rates.count_question(address, name or first)
        working = self.work(lambda: (trace.reply for trace in self.assistant.traces(asked, conversation, scope)))
        return self._counted(working, time.perf_counter())

    async def _counted(self, replies: AsyncIterator[Reply], started: float) -> AsyncIterator[Reply]:
        kind = ""
        async for reply in replies:
            kind = type(reply).__name__.lower()
            yield reply
        self.metrics.count_reply(kind, time.perf_counter() - started)

    def work(self, produce: Callable[[], Iterator[Item]]) -> AsyncIterator[Item]:
        """Have *produce* run in a thread, and return what it yields. Raises RefusalError, here or in the midst."""
        return _refusing(self.workers.start(produce))


async def _refusing(items: AsyncIterator[Item]) -> AsyncIterator[Item]:
    """Yield *items*; an error that is nobody's intention is logged and becomes a refusal that tells nothing of it."""
    try:
        async for item in items:
            yield item
    except UserError as error:
        raise said(error) from error
    except RefusalError:
        raise
    except Exception as error:
        log.exception("A question could not be answered.")
        raise failed() from error


async def last(items: AsyncIterator[Item]) -> Item:
    """Return the last of *items*, which is the whole. Raises RefusalError if there is none."""
    found: list[Item] = []
    async for item in items:
        found = [item]
    if not found:
        raise failed()
    return found[0]


def address_of(request: Request) -> str:
    """Return the address of whoever sent *request*, which trusted proxies have been asked for already."""
    return request.client.host if request.client else ""
