"""The API: turns requests in JSON into replies, passages and documents in JSON, or into readable refusals.

The reply's JSON is made by bot.reply, as for every face. Knows nothing of pages, and keeps nothing of a conversation.
"""

from collections.abc import AsyncIterator, Sequence

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, PlainTextResponse, Response, StreamingResponse
from starlette.exceptions import HTTPException

from bot.assistant import Assistant
from bot.conversation import Conversation
from bot.filters import listed
from bot.question import check_question
from bot.reply import Reply, document_to_json, filter_to_json, permanent_address, reply_to_json
from bot.web.api_page import api_page
from bot.web.desk import ASKING, STREAM_HEADERS, Desk, address_of, last, refused, whole_or_events
from bot.web.events import EVENTS, Growth, error_event, event_bytes, last_event
from bot.web.feedback import FeedbackFile
from bot.web.mcp_api import mcp_routes
from bot.web.openai_api import openai_routes
from bot.web.origins import embedding, own_origin
from bot.web.refusals import Json, RefusalError, failed, refusal_response, said
from bot.web.shapes import (
    ChatRequest,
    DocumentList,
    EmbeddingShape,
    Exchanged,
    FeedbackRequest,
    HealthShape,
    KeptShape,
    Message,
    ReplyShape,
    SearchRequest,
    SearchShape,
    WholeDocument,
)
from index.document import Description, Document, Paragraph, Passage
from index.errors import UserError
from index.filters import unmet

SEEN_FAULTS = 3  # fields at fault that are named in one message
TITLE = "Ask the SCO documents"
ABOUT = (
    "Questions about the Shanghai Cooperation Organisation, answered in sentences that are each verified and cited, or not at all. "
    "Every refusal has one form: a code, what happened, and what to do."
)


def api_application(desk: Desk, feedback: FeedbackFile | None, allowed: tuple[str, ...]) -> FastAPI:
    """Return the API over *desk*; without a file for *feedback* it takes none.

    Pages of the origins *allowed*, besides the server's own, are told that they may use it.
    """
    api = FastAPI(title=TITLE, version="1", description=ABOUT, docs_url=None, redoc_url=None, openapi_url=None)
    for routes in (_chat_routes(desk), _search_routes(desk), _document_routes(desk.assistant), _feedback_routes(desk, feedback)):
        api.include_router(routes, tags=["sco"])
    api.include_router(openai_routes(desk), tags=["openai"])
    api.include_router(mcp_routes(desk))
    api.include_router(_server_routes(desk, allowed), tags=["server"])

    @api.get("/openapi.json", include_in_schema=False)
    def description() -> Response:
        return Json(api.openapi())

    @api.get("/api", include_in_schema=False)
    def page(request: Request, theme: str = "") -> HTMLResponse:
        return HTMLResponse(api_page(api.openapi(), f"{request.base_url}".rstrip("/"), theme))

    api.add_exception_handler(RefusalError, _say_refusal)
    api.add_exception_handler(UserError, _say_user_error)
    api.add_exception_handler(RequestValidationError, _say_invalid)
    api.add_exception_handler(HTTPException, _say_http)
    api.add_exception_handler(Exception, _say_failed)
    return api


# --- asking


def _chat_routes(desk: Desk) -> APIRouter:
    routes = APIRouter()

    @routes.post(
        "/api/chat", responses={200: whole_or_events(ReplyShape, "The reply, whole or as it grows", *EVENTS), **ASKING}, response_model=None
    )
    async def chat(asked: ChatRequest, request: Request) -> Response:
        """Answer a question from the documents, or say that they do not answer it.

        With `stream` the reply comes as server-sent events: `start`, then every `citation` before the first `sentence` that
        carries its marker, then `end` or `abstain` with the whole reply, or `error`. After a `restart` the answer begins anew.
        """
        question, conversation = check_question(asked.question), conversation_of(asked.history)
        replies = desk.replies(question, conversation, address_of(request), asked.filters.scope(), asked.conversation or "")
        if asked.stream:
            return StreamingResponse(_events(replies), media_type="text/event-stream", headers=STREAM_HEADERS)
        return Json(reply_to_json(await last(replies)))

    return routes


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
    for turn in history:
        if isinstance(turn, Message):
            conversation = conversation.plus(turn.role, turn.content)
        else:
            conversation = conversation.plus("user", turn.question)
            conversation = conversation if turn.answer is None else conversation.plus("assistant", turn.answer)
    return conversation


# --- searching and reading


def _search_routes(desk: Desk) -> APIRouter:
    routes = APIRouter()

    @routes.post("/api/search", response_model=SearchShape, responses=ASKING)
    async def find(asked: SearchRequest, request: Request) -> Response:
        """Return the passages that meet a question best, without answering it.

        If no document meets the filters, `unmet` names those at fault; it is empty otherwise.
        """
        question, filters = check_question(asked.question), asked.filters.given()
        desk.rates.count_request(address_of(request))
        known = {description.document_id: description for description in desk.assistant.descriptions()}
        faults = unmet(filters, tuple(known.values()))
        passages: Sequence[Passage] = ()
        if not faults:
            found = await last(desk.work(lambda: iter([desk.assistant.search(question, filters)])))
            # The index may have been switched since: what it holds by now is not among the documents that were filtered.
            passages = [passage for passage in found.passages if passage.paragraph.document_id in known][: asked.limit]
        shown = {
            "question": question,
            "filters": [filter_to_json(one) for one in listed(filters)],
            "unmet": [filter_to_json(one) for fault in faults for one in listed(fault)],
            "passages": [_passage_to_json(passage, known[passage.paragraph.document_id]) for passage in passages],
            "index_fingerprint": desk.assistant.index_fingerprint,
        }
        return Json(shown)

    return routes


def _passage_to_json(passage: Passage, description: Description) -> dict[str, object]:
    paragraph = passage.paragraph
    return {
        "rank": passage.rank,
        "score": round(passage.score, 4),
        **document_to_json(description),
        "paragraph_id": paragraph.paragraph_id,
        "paragraph": paragraph.number,
        "printed_number": paragraph.printed_number,
        "page": paragraph.page,
        "text": paragraph.text,
        "address": permanent_address(description.document_id, paragraph.number),
    }


def _document_routes(assistant: Assistant) -> APIRouter:
    routes = APIRouter()

    @routes.get("/api/documents", response_model=DocumentList)
    def documents() -> Response:
        """List every document with what is known of it, ordered by id."""
        listed = [_description_to_json(description) for description in assistant.descriptions()]
        return Json({"documents": listed, "index_fingerprint": assistant.index_fingerprint})

    @routes.get("/api/documents/{document_id}", response_model=WholeDocument, responses=refused(404, 422))
    def document(document_id: str) -> Response:
        """Return a document with all its paragraphs, verbatim, and the spans of their sentences."""
        found = assistant.document(document_id)
        if found is None:
            raise RefusalError(404, "not_found", "There is no document of this id.", "GET /api/documents lists all.")
        return Json(_whole_to_json(found))

    return routes


def _description_to_json(description: Description) -> dict[str, object]:
    names = ("document_id", "title", "kind", "date", "speaker", "event", "place", "language", "url")
    address = permanent_address(description.document_id, 1).partition("#")[0]
    return {**{name: getattr(description, name) for name in names}, "address": address}


def _whole_to_json(document: Document) -> dict[str, object]:
    return {**_description_to_json(document.description), "paragraphs": [_paragraph_to_json(one) for one in document.paragraphs]}


def _paragraph_to_json(paragraph: Paragraph) -> dict[str, object]:
    return {
        "id": paragraph.paragraph_id,
        "number": paragraph.number,
        "printed_number": paragraph.printed_number,
        "page": paragraph.page,
        "role": paragraph.role,
        "start": paragraph.start,
        "text": paragraph.text,
        "sentences": [
            {"id": paragraph.sentence_id(sentence), "number": sentence.number, "start": sentence.start, "end": sentence.end}
            for sentence in paragraph.sentences
        ],
        "address": permanent_address(paragraph.document_id, paragraph.number),
    }


# --- feedback


def _feedback_routes(desk: Desk, file: FeedbackFile | None) -> APIRouter:
    routes = APIRouter()

    @routes.post("/api/feedback", response_model=KeptShape, responses=refused(400, 403, 404, 411, 413, 422, 429, 503))
    def judge(judged: FeedbackRequest, request: Request) -> Response:
        """Keep what a visitor thinks of a reply, together with the reply, and nothing of who they are."""
        desk.rates.count_judgement(address_of(request))
        if file is None:
            raise RefusalError(404, "no_feedback", "This server keeps no feedback.", "Tell its operator instead.")
        file.keep(judged)
        return Json({"kept": True})

    return routes


# --- the server itself


def _server_routes(desk: Desk, allowed: tuple[str, ...]) -> APIRouter:
    routes = APIRouter()

    @routes.get("/api/embedding", response_model=EmbeddingShape, responses=refused(422))
    async def may_embed(request: Request, origin: str | None = None) -> Response:
        """Tell pages of any origin whether they may use the assistant: those of `origin`, or else of whoever asks."""
        asked = request.headers.get("origin", "") if origin is None else origin
        told = embedding(asked, own_origin(request.headers.get("host", ""), request.scope["scheme"]), allowed)
        shown = {"origin": told.origin, "allowed": told.allowed, "message": told.message}
        return Json(shown, headers={"access-control-allow-origin": "*"})

    @routes.get("/healthz", response_model=HealthShape)
    def alive() -> Response:
        """Tell that the server answers, and from which index."""
        return Json({"status": "ok", "index_fingerprint": desk.assistant.index_fingerprint})

    @routes.get("/readyz", response_model=HealthShape, responses=refused(503))
    def ready() -> Response:
        """Tell that questions are answered; while the server still loads, it refuses instead."""
        return Json({"status": "ready", "index_fingerprint": desk.assistant.index_fingerprint})

    @routes.get("/metrics", response_class=PlainTextResponse)
    def metrics() -> Response:
        """Return the counts of requests and replies, and the time that replies took, in Prometheus' text form."""
        return Response(desk.metrics.text(), media_type=desk.metrics.content_type)

    return routes


# --- refusals in one form


async def _say_refusal(request: Request, error: Exception) -> Response:
    if not isinstance(error, RefusalError):
        raise error
    return refusal_response(error)


async def _say_user_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, UserError):
        raise error
    return refusal_response(said(error))


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
    known = {404: ("not_found", "There is no such address here."), 405: ("method_not_allowed", f"{request.method} is not taken here.")}
    code, message = known.get(error.status_code, ("invalid_request", "The request cannot be read."))
    response = refusal_response(RefusalError(error.status_code, code, message, "/openapi.json describes every address."))
    response.headers.update(error.headers or {})
    return response
