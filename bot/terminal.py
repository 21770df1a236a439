"""Turns replies into text for a terminal, and lines of JSON into reply objects. Knows nothing of settings or files."""

import json
import unicodedata

from bot.assistant import Assistant
from bot.conversation import Conversation, read_history
from bot.filters import ALL_DOCUMENTS, Scope, read_scope
from bot.messages import in_words
from bot.reply import Abstention, Answer, Citation, NearestPassage, Reply, point, reply_to_json
from index.document import Description
from index.errors import UserError


def render(reply: Reply) -> str:
    """Return *reply* as plain text: the answer with its markers, the filters, the references; control characters are dropped."""
    lines = [reply.text]
    if isinstance(reply, Answer):
        lines += ["", reply.note] if reply.note else []
        lines += ["", f"Only documents that meet: {'; '.join(in_words(reply.filters))}"] if reply.filters else []
        lines += ["", *(_reference(citation) for citation in reply.citations)]
    elif isinstance(reply, Abstention) and reply.nearest:
        lines += ["", "Nearest passages:", *(_nearest(nearest) for nearest in reply.nearest)]
    return "".join(c for c in "\n".join(lines) if c == "\n" or unicodedata.category(c) != "Cc")


def _reference(citation: Citation) -> str:
    return f"[{citation.marker}] {'also in: ' if citation.also else ''}{_place(citation.description, point(citation))}"


def _nearest(nearest: NearestPassage) -> str:
    paragraph = nearest.passage.paragraph
    return f"- “{paragraph.sentence_text(nearest.sentence)}”\n  {_place(nearest.description, point(paragraph))}"


def _place(description: Description, where: str) -> str:
    return ", ".join(part for part in (description.title, where, description.date) if part)


def answer_line(assistant: Assistant, line: bytes, number: int, scope: Scope = ALL_DOCUMENTS) -> dict[str, object]:
    """Return the reply object for one ``{"id", "question", "history", "filters"}`` line, or an error object naming the line.

    A line without filters is put to the documents of *scope*.
    """
    identity: str | int | None = None
    try:
        asked = json.loads(line.decode("utf-8-sig"))
        if not isinstance(asked, dict):
            raise ValueError('the line is not a JSON object; write {"id": ..., "question": "..."}')
        identity = _identity(asked.get("id"))
        if unknown := sorted(set(asked) - {"id", "question", "history", "filters"}):
            raise ValueError(f"unknown field {', '.join(unknown)}; known are id, question, history and filters")
        history = read_history(asked["history"]) if asked.get("history") is not None else Conversation()
        scope = read_scope(asked["filters"]) if asked.get("filters") is not None else scope
        reply = assistant.reply(asked.get("question", ""), history, scope)
    except (UserError, ValueError, RecursionError) as error:  # RecursionError: a hundred thousand opening brackets
        return {"id": identity, "line": number, "error": f"{error}"}
    return {**reply_to_json(reply), "id": identity}


def _identity(value: object) -> str | int | None:
    """Return a line's id as it was sent. Raises ValueError unless it is text, a whole number or absent."""
    if value is None or (isinstance(value, str | int) and not isinstance(value, bool)):
        return value
    raise ValueError('"id" is neither text nor a whole number; correct it, or leave it out')
