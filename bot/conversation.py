"""The turns before a question, as frozen values, and their reading from the plain form that clients send.

Knows nothing of replies' insides: a turn keeps texts alone, and markers of old citations are taken out of them, so
that they cannot be mistaken for citations of a new answer.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from bot.errors import HistoryError

MAX_TURNS = 40  # the last ones are kept; no follow-up reaches further back
MAX_TURN_LENGTH = 4_000  # characters; an answer of ours is a tenth of it
_MARKERS = re.compile(r"(?:(?<!\s)\s*+\[\d{1,3}\])+")  # white space is looked at once, however much of it a client sends


@dataclass(frozen=True, slots=True)
class Turn:
    """One message: who wrote it and its text without citation markers."""

    role: Literal["user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Conversation:
    """The turns so far, oldest first; adding one gives a new value."""

    turns: tuple[Turn, ...] = ()

    @property
    def said(self) -> str:
        """What the assistant is told to have said, all turns of it: to leave out, never to cite."""
        return "\n".join(turn.content for turn in self.turns if turn.role == "assistant")

    def plus(self, role: Literal["user", "assistant"], content: str) -> "Conversation":
        """Return the conversation with one more turn, holding at most the last MAX_TURNS."""
        turn = Turn(role, _MARKERS.sub("", content[:MAX_TURN_LENGTH]))
        return Conversation((*self.turns, turn)[-MAX_TURNS:])


def read_history(history: object) -> Conversation:
    """Return the conversation that a client sent as a list of ``{"role": "user" | "assistant", "content": text}``.

    Raises HistoryError, naming the turn, for anything else.
    """
    if not isinstance(history, Sequence) or isinstance(history, str):
        raise HistoryError('"history" is not a list. Send a list of {"role": "user" or "assistant", "content": "..."}, or leave it out.')
    conversation = Conversation()
    passed = max(len(history) - MAX_TURNS, 0)
    for number, turn in enumerate(history[passed:], start=passed + 1):
        if not isinstance(turn, Mapping) or not isinstance(turn.get("content"), str):
            raise HistoryError(f'Turn {number} of "history" is not {{"role": ..., "content": "text"}}. Correct it, or leave it out.')
        role = turn.get("role")
        if role not in ("user", "assistant"):
            raise HistoryError(f'Turn {number} of "history" has the role {str(role)[:40]!r}. Only "user" and "assistant" are known.')
        conversation = conversation.plus(role, turn["content"])
    return conversation
