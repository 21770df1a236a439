"""Turns a text into the terms that lexical search counts: lower case, no stop words, English stems.

Knows nothing of indexes. Questions and paragraphs go through the same function, or they would not meet.
"""

import re
from functools import cache, lru_cache
from pathlib import Path

WORD = re.compile(r"\w+")
# A thousands separator inside a number is no boundary: "1,000 delegates" is found by "1000".
_THOUSANDS = re.compile(r"(?<=\d)[,\u00a0\u202f](?=\d{3}\b)")
_STOP_WORDS = Path(__file__).with_name("stop_words.txt")


@cache
def stop_words() -> frozenset[str]:
    """Return the words of grammar and of asking: found in any text, they do not tell which paragraph is meant."""
    return frozenset(_STOP_WORDS.read_text(encoding="ascii").split())


def lowered(text: str) -> str:
    """Return *text* as its words are read: in lower case, with plain apostrophes and numbers without separators."""
    return _THOUSANDS.sub("", text.replace("’", "'").lower())


def words(text: str) -> list[str]:
    """Return the lower-case words of *text* in order, repeats kept, without stop words."""
    return [word for word in WORD.findall(lowered(text)) if word not in stop_words()]


@lru_cache(maxsize=100_000)  # words; a language's running text holds fewer that repeat
def term_of(word: str) -> str:
    """Return the English stem of *word*."""
    import Stemmer

    return str(Stemmer.Stemmer("english").stemWord(word))  # not shared: an instance is not safe in two threads


@lru_cache(maxsize=20_000)  # texts: the same sentences are found for many questions
def terms(text: str) -> tuple[str, ...]:
    """Return the stemmed terms of *text* in order, repeats kept; empty for a text of stop words alone."""
    return tuple(term_of(word) for word in words(text))
