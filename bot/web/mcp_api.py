"""The Model Context Protocol over HTTP: turns a program's calls of tools into searches, replies and paragraphs.

One request gets one answer in JSON, and no session is kept: the least that the protocol asks of a server
(https://modelcontextprotocol.io/specification/2025-06-18/basic/transports). Who may call, and how often, is as for the API.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.conversation import Conversation
from bot.question import check_question
from bot.reply import permanent_address, reply_to_json
from bot.terminal import render
from bot.web.desk import Desk, address_of, last
from bot.web.refusals import Json, RefusalError, said
from bot.web.shapes import ChatFilters, QuestionText, SearchRequest
from index.document import DOCUMENT_ID
from index.errors import UserError

PATH = "/mcp"
VERSIONS = ("2025-06-18", "2025-03-26")  # of the protocol, the newest first; what is used here is the same in both
SERVER = {"name": "sco-documents", "title": "SCO documents", "version": "1"}
INSTRUCTIONS = "Answers in exact, cited sentences from documents of the Shanghai Cooperation Organisation, or says that they do not say."
UNREADABLE, NO_REQUEST, NO_METHOD, BAD_PARAMETERS = -32700, -32600, -32601, -32602  # JSON-RPC 2.0, section 5.1


class _Arguments(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AnswerArguments(_Arguments):
    """What is asked, and of which documents."""

    question: QuestionText
    filters: Annotated[ChatFilters, Field(description="which documents are asked; all, where it is left out")] = ChatFilters()


class ParagraphArguments(_Arguments):
    """Which paragraph is wanted."""

    paragraph_id: Annotated[str, Field(pattern=rf"^{DOCUMENT_ID.pattern}/p[1-9][0-9]{{0,6}}$", description="as in citations: document/p12")]


@dataclass(frozen=True, slots=True)
class _Told:
    """What a tool says: a text to read, and the same as values."""

    text: str
    values: Mapping[str, object]


class _CallError(Exception):
    """A call is not one of the protocol's; holds the code that JSON-RPC has for it."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def mcp_routes(desk: Desk) -> APIRouter:
    """Return the route that programs with tools call."""
    routes = APIRouter()
    tools = _Tools(desk)

    @routes.post(PATH, include_in_schema=False)
    async def call(request: Request) -> Response:
        identity: str | int | None = None
        try:
            asked = _read(await request.body())
            if "id" not in asked:
                return Response(status_code=202)  # a notification, which nobody answers
            identity = _identity(asked["id"])
            result = await _result(tools, asked, address_of(request))
        except _CallError as error:
            return Json({"jsonrpc": "2.0", "id": identity, "error": {"code": error.code, "message": f"{error}"}})
        return Json({"jsonrpc": "2.0", "id": identity, "result": result})

    return routes


def _read(body: bytes) -> Mapping[str, object]:
    try:
        asked = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise _CallError(UNREADABLE, "The body is not JSON.") from error
    if not isinstance(asked, dict) or not isinstance(asked.get("method"), str):
        raise _CallError(NO_REQUEST, "The body is not one JSON-RPC request.")
    return asked


def _identity(value: object) -> str | int:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise _CallError(NO_REQUEST, "The id of a request is text or a whole number.")
    return value


async def _result(tools: "_Tools", asked: Mapping[str, object], address: str) -> Mapping[str, object]:
    """Return the result of one call. Raises _CallError for a method or parameters that are not known."""
    method, parameters = asked["method"], asked.get("params") or {}
    if not isinstance(parameters, dict):
        raise _CallError(BAD_PARAMETERS, '"params" is not an object.')
    if method == "initialize":
        wanted = parameters.get("protocolVersion")
        version = wanted if wanted in VERSIONS else VERSIONS[0]
        return {"protocolVersion": version, "capabilities": {"tools": {}}, "serverInfo": SERVER, "instructions": INSTRUCTIONS}
    if method == "ping":
        return {}
    if method == "tools/list":
        return {"tools": tools.described()}
    if method == "tools/call":
        return await tools.called(parameters.get("name"), parameters.get("arguments") or {}, address)
    raise _CallError(NO_METHOD, f"The method {str(method)[:40]!r} is not known.")


class _Tools:
    """The tools, by name, over one desk."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._known: dict[str, tuple[type[BaseModel], str, Callable[[BaseModel, str], Awaitable[_Told]]]] = {
            "search": (SearchRequest, "Find the passages that meet a question best, without answering it.", self._search),
            "answer": (AnswerArguments, "Answer a question in exact, cited sentences, or say that the documents do not.", self._answer),
            "get_paragraph": (ParagraphArguments, "Read one paragraph, verbatim.", self._get_paragraph),
        }

    def described(self) -> list[dict[str, object]]:
        """Return what a program is told of each tool; none changes anything."""
        return [
            {"name": name, "description": does, "inputSchema": arguments.model_json_schema(), "annotations": {"readOnlyHint": True}}
            for name, (arguments, does, _) in self._known.items()
        ]

    async def called(self, name: object, arguments: object, address: str) -> Mapping[str, object]:
        """Return what a tool says; that it could not is said to the model, which may correct itself. Raises _CallError for no such tool."""
        if not isinstance(name, str) or name not in self._known:
            raise _CallError(BAD_PARAMETERS, f"There is no tool {str(name)[:40]!r}. tools/list names them.")
        form, _, run = self._known[name]
        try:
            told = await run(form.model_validate(arguments), address)
        except ValidationError as error:
            faults = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()[:3])
            return _failure(f"The arguments do not fit: {faults}")
        except UserError as error:
            return _failure(f"{said(error).message}")
        except RefusalError as refusal:
            return _failure(f"{refusal.message} {refusal.what_to_do}")
        return {"content": [{"type": "text", "text": told.text}], "structuredContent": told.values, "isError": False}

    async def _search(self, arguments: BaseModel, address: str) -> _Told:
        asked = SearchRequest.model_validate(arguments)
        question, filters = check_question(asked.question), asked.filters.given()
        self._desk.rates.count_request(address)
        found = await last(self._desk.work(lambda: iter([self._desk.assistant.search(question, filters)])))
        paragraphs = [passage.paragraph for passage in found.passages[: asked.limit]]
        text = "\n\n".join(f"{paragraph.paragraph_id}\n{paragraph.text}" for paragraph in paragraphs)
        values = [{"paragraph_id": paragraph.paragraph_id, "text": paragraph.text} for paragraph in paragraphs]
        return _Told(text, {"passages": values})

    async def _answer(self, arguments: BaseModel, address: str) -> _Told:
        asked = AnswerArguments.model_validate(arguments)
        replies = self._desk.replies(check_question(asked.question), Conversation(), address, asked.filters.scope())
        reply = await last(replies)
        return _Told(render(reply), reply_to_json(reply))

    async def _get_paragraph(self, arguments: BaseModel, address: str) -> _Told:
        wanted = ParagraphArguments.model_validate(arguments).paragraph_id
        self._desk.rates.count_request(address)
        document_id, _, number = wanted.rpartition("/p")
        document = self._desk.assistant.document(document_id)
        paragraph = next((one for one in document.paragraphs if one.number == int(number)), None) if document else None
        if document is None or paragraph is None:
            raise RefusalError(404, "not_found", f"There is no paragraph {wanted}.", "The tool search finds paragraphs.")
        values = {"paragraph_id": wanted, "document_title": document.description.title, "document_date": document.description.date}
        address_there = permanent_address(document_id, paragraph.number)
        return _Told(paragraph.text, {**values, "text": paragraph.text, "address": address_there})


def _failure(text: str) -> Mapping[str, object]:
    return {"content": [{"type": "text", "text": text}], "isError": True}
