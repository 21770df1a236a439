"""The API in OpenAI's form: turns a chat completion request into a question, and the reply into a completion.

Citations are url_citation annotations of the message; the whole reply comes beside them, as ``sco_reply``. What only steers
a model, such as a temperature or tools, is passed over.
"""

import time
from collections.abc import AsyncIterator, Sequence
from urllib.parse import urljoin

from fastapi import APIRouter, Request
from fastapi.responses import Response, StreamingResponse

from bot.conversation import Conversation
from bot.question import check_question
from bot.reply import Answer, Reply, reply_to_json
from bot.web.desk import ASKING, STREAM_HEADERS, Desk, address_of, last, refused, whole_or_events
from bot.web.refusals import Json, RefusalError, failed, json_bytes
from bot.web.shapes import CompletionRequest, CompletionShape, ModelList, ModelShape, Prompt

MODEL = "sco-documents"
REPLY_KEY = "sco_reply"
CREATED = 0  # the model has no day of its own
COMPLETING = {200: whole_or_events(CompletionShape, "The completion, whole or in chunks"), **ASKING}
DONE = b"data: [DONE]\n\n"


def openai_routes(desk: Desk) -> APIRouter:
    """Return the routes that OpenAI's clients call."""
    routes = APIRouter()

    @routes.post(
        "/v1/chat/completions",
        response_model=None,
        responses=COMPLETING,
    )
    async def complete(asked: CompletionRequest, request: Request) -> Response:
        """Answer the last message of a conversation, in the form of OpenAI's chat completions.

        The key of a client and the name of a model are taken as they come; fields that steer a model are passed over.
        """
        question, conversation = _question(asked.messages)
        replies = desk.replies(question, conversation, address_of(request))
        site = f"{request.base_url}"
        if asked.stream:
            return StreamingResponse(_chunks(replies, site, _wants_usage(asked)), media_type="text/event-stream", headers=STREAM_HEADERS)
        reply = await last(replies)
        message = {"role": "assistant", "content": reply.text, "refusal": None, "annotations": _annotations(reply, site)}
        choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
        head = _head(reply, "chat.completion")
        return Json({**head, "choices": [choice], "usage": _usage(), REPLY_KEY: reply_to_json(reply)})

    @routes.get("/v1/models", response_model=ModelList)
    def models() -> Response:
        """List the one model that there is."""
        return Json({"object": "list", "data": [_model()]})

    @routes.get("/v1/models/{model}", response_model=ModelShape, responses=refused(404, 422))
    def model(model: str) -> Response:
        """Describe the one model that there is."""
        if model != MODEL:
            raise RefusalError(404, "model_not_found", "There is no such model here.", f"Name {MODEL}.")
        return Json(_model())

    return routes


def _model() -> dict[str, object]:
    return {"id": MODEL, "object": "model", "created": CREATED, "owned_by": "sco-documents-chatbot"}


def _question(messages: Sequence[Prompt]) -> tuple[str, Conversation]:
    """Return the question that the last message asks, and the turns before it; what is said to a model is no turn."""
    spoken = [message for message in messages if message.role in ("user", "assistant")]
    if not spoken or spoken[-1].role != "user":
        raise RefusalError(422, "invalid_request", 'The last of "messages" is not of the role "user".', "Put the question last.")
    conversation = Conversation()
    for message in spoken[:-1]:
        conversation = conversation.plus("user" if message.role == "user" else "assistant", message.text)
    return check_question(spoken[-1].text), conversation


def _wants_usage(asked: CompletionRequest) -> bool:
    return asked.stream_options is not None and bool(asked.stream_options.include_usage)


def _usage() -> dict[str, int]:
    return {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}  # none are counted, and none are charged


def _head(reply: Reply, kind: str) -> dict[str, object]:
    return {"id": f"chatcmpl-{reply_to_json(reply)['id']}", "object": kind, "created": int(time.time()), "model": MODEL}


def _annotations(reply: Reply, site: str, begins: int = 0) -> list[dict[str, object]]:
    """Return a url_citation for each marker of each sentence: which part of the content rests on which address.

    The reply's text *begins* at that character of the content.
    """
    if not isinstance(reply, Answer):
        return []
    cited = {citation.marker: citation for citation in reply.citations}
    return [
        {
            "type": "url_citation",
            "url_citation": {
                "start_index": begins + sentence.start,
                "end_index": begins + sentence.end,
                "url": urljoin(site, cited[marker].address.lstrip("/")),
                "title": ", ".join(part for part in (cited[marker].description.title, cited[marker].description.date) if part),
            },
        }
        for sentence in reply.sentences
        for marker in sentence.markers
    ]


async def _chunks(replies: AsyncIterator[Reply], site: str, with_usage: bool) -> AsyncIterator[bytes]:
    """Yield the completion as it grows by verified sentences; the last chunk that says something has annotations and reply.

    What was sent cannot be taken back: a reply that does not continue it follows it, whole and with its note.
    """
    sent, begins, whole = "", 0, None
    head: dict[str, object] = {}  # the same on every chunk: by it clients know what belongs together
    try:
        async for whole in replies:
            if not head:
                head = _head(whole, "chat.completion.chunk")
                yield _chunk(head, {"role": "assistant", "content": ""})
            piece = whole.text.removeprefix(sent[begins:])
            if not whole.text.startswith(sent[begins:]):
                note = whole.note if isinstance(whole, Answer) else ""
                lead = "\n\n" + (f"{note}\n\n" if note else "")
                begins = len(sent) + len(lead)
                piece = lead + whole.text
            if piece:
                yield _chunk(head, {"content": piece})
                sent += piece
        if whole is None:
            raise failed()
        yield _chunk({**head, REPLY_KEY: reply_to_json(whole)}, {"annotations": _annotations(whole, site, begins)}, "stop")
        if with_usage:
            yield _line({**head, "choices": [], "usage": _usage()})
        yield DONE
    except RefusalError as refusal:
        yield _line({"error": refusal.to_json()})


def _chunk(head: dict[str, object], delta: dict[str, object], finish_reason: str | None = None) -> bytes:
    return _line({**head, "choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason, "logprobs": None}]})


def _line(value: dict[str, object]) -> bytes:
    return b"data: " + json_bytes(value) + b"\n\n"
