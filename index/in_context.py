"""Turns a message and a question asked before it into one text, by which both are searched for and read.

The readers were trained on this form. Knows nothing of conversations.
"""

import re

_ENDING = re.compile(r"[\s?.!…,;:]+$")


def in_context(message: str, *questions: str) -> str:
    """Return *message* with the *questions* that it leans on behind it in brackets: readers cut a text that is too long at its end."""
    mark = "?" if message.rstrip().endswith("?") else ""
    return f"{without_ending(message)} ({'; '.join(without_ending(question) for question in questions)}){mark}"


def without_ending(text: str) -> str:
    """Return *text* without white space and marks at its end."""
    return _ENDING.sub("", text)
