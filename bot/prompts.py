"""Turns a prompt file and its values into the messages that a chat model is sent. Knows nothing of models or answers.

What comes from documents and people is sent as data: JSON, one object a line, between two lines that hold a random word.
JSON has no line ends inside an object and the word cannot be guessed, so no text can end the data and begin to instruct.
"""

import json
import secrets
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage
    from langchain_core.prompts import ChatPromptTemplate

_FOLDER = Path(__file__).resolve().parent.parent / "prompts"
FENCE_BYTES = 8  # of chance in a fence: a document cannot hold it but by one chance in 10 to the 19
ID_BYTES = 3  # of chance in an id: six digits, which small models still copy without fault

NewWord = Callable[[int], str]  # bytes of chance -> a word of twice as many hexadecimal digits


def fill(name: str, values: Mapping[str, str], new_word: NewWord = secrets.token_hex) -> list["BaseMessage"]:
    """Return the messages of ``prompts/<name>.txt`` with its {slots} filled, {fence} by a new random word.

    Raises KeyError, naming the slot, if a value is missing.
    """
    return _template(name).format_messages(fence=f"evidence-{new_word(FENCE_BYTES)}", **values)


def data_lines(objects: Iterable[Mapping[str, str]]) -> str:
    """Return each object as one line of ASCII JSON, so that no character of it can be taken for a line's end."""
    return "\n".join(json.dumps(dict(values)) for values in objects)


def new_ids(count: int, new_word: NewWord = secrets.token_hex) -> tuple[str, ...]:
    """Return *count* different ids that mean something in one answer only."""
    ids: list[str] = []
    while len(ids) < count:
        word = new_word(ID_BYTES)
        ids += [word] * (word not in ids)
    return tuple(ids)


@cache
def _template(name: str) -> "ChatPromptTemplate":
    from langchain_core.prompts import ChatPromptTemplate

    text = (_FOLDER / f"{name}.txt").read_text(encoding="utf-8")
    kept = "".join(line for line in text.splitlines(keepends=True) if not line.startswith("#"))
    system, user = kept.removeprefix("[system]\n").split("\n[user]\n")
    return ChatPromptTemplate.from_messages([("system", system), ("human", user.rstrip("\n"))])
