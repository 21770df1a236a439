"""Turns what the assistant is told to have said into its sentences, and tells which sentence of a document each of them is.

Nothing of a told sentence is ever shown: what is shown is the document's, where the two are the same. Knows nothing of search.
"""

import re

from index.parse import split_sentences

SHORTEST = 5  # words of a told sentence: fewer stand in many sentences
_WORD = re.compile(r"\w+")


def told_sentences(text: str) -> tuple[str, ...]:
    """Return the English sentences of *text* of at least SHORTEST words, in order."""
    cut = (line[span.start : span.end] for line in text.splitlines() for span in split_sentences(line, "en"))
    return tuple(sentence for sentence in cut if len(_words(sentence)) >= SHORTEST)


def is_told(sentence: str, told: str) -> bool:
    """Tell whether *sentence* is what was *told*, or begins, ends or holds it, word for word; case and marks do not count."""
    return f" {' '.join(_words(told))} " in f" {' '.join(_words(sentence))} "


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())
