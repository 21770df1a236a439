"""The API: turns requests in JSON into replies of the assistant in JSON, or in server-sent events, or into readable refusals.

The reply's JSON is made by bot.reply, as for every face. Knows nothing of pages, and keeps nothing of a conversation.
"""

import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response, StreamingResponse
from starlette.exceptions import HTTPException

from bot.assistant import Assistant
from bot.conversation import Conversation
from bot.question import check_question
from bot.reply import Reply, reply_to_json
from bot.web.events import Growth, error_event, event_bytes, last_event
from bot.web.limits import Rates, Workers
from bot.web.origins import embedding, own_origin
from bot.web.refusals import Json, RefusalError, failed, refusal_response
from bot.web.shapes import ChatRequest, EmbeddingShape, Exchanged, HealthShape, Message, Refused, ReplyShape
from index.errors import UserError

STREAM_HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}  # the latter: nginx would hold the stream back
SEEN_FAULTS = 3  # fields at fault that are named in one message
Documented = dict[int | str, dict[str, object]]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Desk:
    """What answering takes, shared by all routes: the assistant, its threads, and the rates that visitors keep to."""

    assistant: Assistant
    workers: Workers
    rates: Rates

    def replies(self, asked: str, conversation: Conversation, address: str) -> AsyncIterator[Reply]:
        """Have the reply to *asked* worked out, and return it as it grows. Raises RefusalError, here or in the midst."""
        first = next((turn.content for turn in conversation.turns if turn.role == "user"), asked)
        self.rates.count_question(address, first)
        return self._refusing(self.workers.start(lambda: (trace.reply for trace in self.assistant.traces(asked, conversation))))

    @staticmethod
    async def _refusing(replies: AsyncIterator[Reply]) -> AsyncIterator[Reply]:
        """Yield *replies*; an error that is nobody's intention is logged and becomes a refusal that tells nothing of it."""
        try:
            async for reply in replies:
                yield reply
        except UserError as error:
            raise _said(error) from error
        except RefusalError:
            raise
        except Exception as error:
            log.exception("A question could not be answered.")
            raise failed() from error


def refused(*statuses: int) -> Documented:
    """Return the description of refusals with these *statuses*."""
    return {status: {"model": Refused, "description": _REFUSED[status]} for status in statuses}


_REFUSED = {
    400: "The request is not HTTP as it should be",
    403: "Pages of this origin may not call",
    404: "There is no such thing here",
    411: "The body has no length",
    413: "The body is too long",
    422: "The request is not of this form",
    429: "Too many requests; Retry-After says when to come again",
    503: "Not now; Retry-After says when to come again",
    504: "No answer was ready in time",
}
ASKING = refused(403, 413, 422, 429, 503, 504)


def api_application(desk: Desk, allowed: tuple[str, ...]) -> FastAPI:
    """Return the API over *desk*; pages of the origins *allowed*, besides the server's own, are told that they may use it."""
    api = FastAPI(title="Ask the SCO documents", docs_url=None, redoc_url=None, openapi_url=None)
    api.include_router(_chat_routes(desk))
    api.include_router(_embedding_routes(allowed))
    api.include_router(_health_routes(desk))
    api.add_exception_handler(RefusalError, _say_refusal)
    api.add_exception_handler(UserError, _say_user_error)
    api.add_exception_handler(RequestValidationError, _say_invalid)
    api.add_exception_handler(HTTPException, _say_http)
    api.add_exception_handler(Exception, _say_failed)
    return api


def _chat_routes(desk: Desk) -> APIRouter:
    routes = APIRouter()

    @routes.post("/api/chat", responses={200: _reply_or_events(), **ASKING}, response_model=None)
    async def chat(asked: ChatRequest, request: Request) -> Response:
        """Answer a question from the documents, or say that they do not answer it.

        With `stream` the reply comes as server-sent events: `start`, then every `citation` before the first `sentence` that
        carries its marker, then `end` or `abstain` with the whole reply, or `error`.
        """
        question, conversation = check_question(asked.question), conversation_of(asked.history)
        replies = desk.replies(question, conversation, address_of(request))
        if asked.stream:
            return StreamingResponse(_events(replies), media_type="text/event-stream", headers=STREAM_HEADERS)
        return Json(reply_to_json(await last(replies)))

    return routes


def _reply_or_events() -> dict[str, object]:
    return {"model": ReplyShape, "description": "The reply", "content": {"text/event-stream": {"schema": {"type": "string"}}}}


async def last(replies: AsyncIterator[Reply]) -> Reply:
    """Return the whole reply, which is the last of *replies*."""
    whole: Reply | None = None
    async for reply in replies:
        whole = reply
    if whole is None:
        raise failed()
    return whole


async def _events(replies: AsyncIterator[Reply]) -> AsyncIterator[bytes]:
    growth, whole = Growth(), None
    try:
        async for whole in replies:
            for event in growth.grown(whole):
                yield event_bytes(event)
        if whole is None:
            raise failed()
        yield event_bytes(last_event(whole))
    except RefusalError as refusal:
        yield event_bytes(error_event(refusal))


def conversation_of(history: Sequence[Message | Exchanged]) -> Conversation:
    """Return the conversation that a client sent, as messages or as questions with their answers."""
    conversation = Conversation()
    for said in history:
        if isinstance(said, Message):
            conversation = conversation.plus(said.role, said.content)
        else:
            conversation = conversation.plus("user", said.question)
            conversation = conversation if said.answer is None else conversation.plus("assistant", said.answer)
    return conversation


def address_of(request: Request) -> str:
    """Return the address of whoever sent *request*, which trusted proxies have been asked for already."""
    return request.client.host if request.client else ""


def _embedding_routes(allowed: tuple[str, ...]) -> APIRouter:
    routes = APIRouter()

    @routes.get("/api/embedding", response_model=EmbeddingShape, responses=refused(422))
    async def may_embed(request: Request, origin: str | None = None) -> Response:
        """Tell pages of any origin whether they may use the assistant: those of `origin`, or else of whoever asks."""
        asked = request.headers.get("origin", "") if origin is None else origin
        told = embedding(asked, own_origin(request.headers.get("host", ""), request.scope["scheme"]), allowed)
        shown = {"origin": told.origin, "allowed": told.allowed, "message": told.message}
        return Json(shown, headers={"access-control-allow-origin": "*"})

    return routes


def _health_routes(desk: Desk) -> APIRouter:
    routes = APIRouter()

    @routes.get("/healthz", response_model=HealthShape)
    def alive() -> Response:
        """Tell that the server answers, and from which index."""
        return Json({"status": "ok", "index_fingerprint": desk.assistant.index_fingerprint})

    @routes.get("/readyz", response_model=HealthShape, responses=refused(503))
    def ready() -> Response:
        """Tell that questions are answered; while the server still loads, it refuses instead."""
        return Json({"status": "ready", "index_fingerprint": desk.assistant.index_fingerprint})

    return routes


# --- refusals in one form


async def _say_refusal(request: Request, error: Exception) -> Response:
    if not isinstance(error, RefusalError):
        raise error
    return refusal_response(error)


async def _say_user_error(request: Request, error: Exception) -> Response:
    return refusal_response(_said(error))


def _said(error: Exception) -> RefusalError:
    return RefusalError(422, "question_refused", f"{error}", "Change what the message names, and ask again.")


async def _say_failed(request: Request, error: Exception) -> Response:
    return refusal_response(failed())  # the guard logs it


async def _say_invalid(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    faults = [f"{'.'.join(str(part) for part in fault['loc'])[:80]}: {fault['msg'][:200]}" for fault in error.errors()[:SEEN_FAULTS]]
    message = f"The request is not of the documented form: {'; '.join(faults)}."
    return refusal_response(RefusalError(422, "invalid_request", message, "Correct it; /openapi.json describes every request."))


async def _say_http(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    said = {404: ("not_found", "There is no such address here."), 405: ("method_not_allowed", f"{request.method} is not taken here.")}
    code, message = said.get(error.status_code, ("invalid_request", "The request cannot be read."))
    response = refusal_response(RefusalError(error.status_code, code, message, "/openapi.json describes every address."))
    response.headers.update(error.headers or {})
    return response
