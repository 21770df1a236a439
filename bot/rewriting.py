"""Step 1 with a chat model: turns a follow-up, or a question in another language, into a standalone English question.

Knows nothing of search. What the model writes is only ever searched for; it is never part of an answer.
"""

import json
import unicodedata
from collections.abc import Mapping

from bot.chat_model import ChatModel, ChatModelFailureError
from bot.conversation import Conversation
from bot.prompts import data_lines, fill

LAST_TURNS = 8  # sent; what a follow-up refers to stands in the last two or three exchanges
MAX_REWRITTEN = 400  # characters; what is longer is no question


def rewrite(model: ChatModel, question: str, conversation: Conversation) -> str | None:
    """Return *question* as a standalone English question as *model* words it, or None if it fails to or writes something else."""
    turns: list[Mapping[str, str]] = [{"role": turn.role, "content": turn.content} for turn in conversation.turns[-LAST_TURNS:]]
    messages = fill("rewrite", {"turns": data_lines(turns), "question": json.dumps(question)})
    try:
        text = "".join(model.ask(messages, model.limits.rewriting_s)).strip().strip('"')
    except ChatModelFailureError:
        return None
    fits = len(text) <= MAX_REWRITTEN and not any(unicodedata.category(c) in ("Cc", "Cf", "Cs") or c in "<>{}" for c in text)
    return text if fits and any(character.isalnum() for character in text) else None
