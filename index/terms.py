"""Turns a text into the terms that lexical search counts: lower case, no stop words, English stems.

Knows nothing of indexes. Questions and paragraphs go through the same function, or they would not meet.
"""

import re
from functools import cache
from pathlib import Path

_WORD = re.compile(r"\w+")
# A thousands separator inside a number is no boundary: "1,000 delegates" is found by "1000".
_THOUSANDS = re.compile(r"(?<=\d)[,\u00a0\u202f](?=\d{3}\b)")
_STOP_WORDS = Path(__file__).with_name("stop_words.txt")


@cache
def stop_words() -> frozenset[str]:
    """Return the words of grammar and of asking: found in any text, they do not tell which paragraph is meant."""
    return frozenset(_STOP_WORDS.read_text(encoding="ascii").split())


def terms(text: str) -> list[str]:
    """Return the stemmed terms of *text* in order, repeats kept; empty for a text of stop words alone."""
    import Stemmer

    words = _WORD.findall(_THOUSANDS.sub("", text.replace("’", "'").lower()))
    stemmer = Stemmer.Stemmer("english")  # not shared: an instance is not safe in two threads
    return [str(stem) for stem in stemmer.stemWords([word for word in words if word not in stop_words()])]
