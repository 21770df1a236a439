"""Holds the words of English that claims are compared by, and tells which words, names and verbs are the same in other forms.

Knows nothing of what a sentence claims. The words are data, wording.yaml, and of no corpus.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from threading import Lock
from typing import Any, cast

from bot.data import read_data
from index.terms import term_of, words

_DATA = Path(__file__).with_name("wording.yaml")
_READING = Lock()
_PLAIN = str.maketrans({
    "\u00a0": " ", "\u202f": " ", "’": "'", "‘": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "—": "-", "–": "-",
})  # fmt: skip
_NO_ADVERBS = frozenset((
    "ally", "anomaly", "apply", "assembly", "butterfly", "comply", "family", "fly", "imply", "italy", "july", "monopoly", "multiply",
    "only", "rally", "rely", "reply", "supply",
))  # fmt: skip
BETWEEN = frozenset(("not", "also", "now", "still", "only", "already", "again", "all", "both"))  # may stand before a verb
_BE = frozenset(("am", "is", "are", "was", "were", "be", "been", "being"))
_ENDINGS = frozenset(
    ("", "n", "s", "ns", "i", "is", "an", "ans", "a", "ia", "ern", "stan", "istan", "ese", "ish", "ian")
)  # Russia, Russian


def plain(text: str) -> str:
    """Return *text* with plain spaces, hyphens and quotation marks in place of typographic ones, and "not" written out."""
    unshortened = re.sub(r"\b([Cc])an't\b", r"\1an not", re.sub(r"\b([Ww])on't\b", r"\1ill not", text.translate(_PLAIN)))
    return re.sub(r"n't\b", " not", unshortened).replace("cannot", "can not")


@dataclass(frozen=True, slots=True)
class WordLists:
    """The lists of wording.yaml, compiled; what each is for stands there."""

    kinds: Mapping[str, re.Pattern[str]]
    implied: Mapping[str, re.Pattern[str]]
    negations: re.Pattern[str]
    opposites: tuple[tuple[re.Pattern[str], re.Pattern[str]], ...]
    alike: tuple[re.Pattern[str], ...]
    light: re.Pattern[str]
    speech: re.Pattern[str]
    reporting: re.Pattern[str]
    speech_acts: re.Pattern[str]
    states: frozenset[str]
    auxiliaries: frozenset[str]
    done_anyway: frozenset[str]
    numbers: Mapping[str, float]
    verbs: Mapping[str, str]
    irregular: re.Pattern[str]


@cache
def word_lists() -> WordLists:
    """Return the word lists, read once: visitors who come first at the same time wait for one reading, which takes 0.15 s."""
    with _READING:
        return _read_lists()


@cache
def _read_lists() -> WordLists:
    read = cast(dict[str, Any], read_data(_DATA))
    return WordLists(
        {name: _any(phrases) for name, phrases in read["kinds"].items()},
        {name: _any(phrases) for name, phrases in read["implied"].items()},
        _any(read["negations"]),
        tuple((_any(one), _any(other)) for pair in read["opposites"] for one, other in (pair, pair[::-1])),
        tuple(_any(phrases) for phrases in (*read["alike"], *(side for pair in read["opposites"] for side in pair))),
        _any(read["light"]),
        _any(read["speech"]),
        _any(read["reporting"]),
        _any(read["speech_acts"]),
        frozenset(read["states"].split()),
        frozenset(read["auxiliaries"].split()),
        frozenset(read["done_anyway"].split()),
        read["numbers"],
        verbs := {form: base for base, forms in read["verbs"].items() for form in forms.split()},
        re.compile("|".join(verbs)),
    )


def _any(phrases: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{phrases.replace(', ', '|')})(?!\w)", re.IGNORECASE)


def alike(one: str, other: str) -> bool:
    """Tell whether two words are nearly the same by the word lists, or by their stem."""
    return term_of(one) == term_of(other) or not _groups(one).isdisjoint(_groups(other))


@lru_cache(maxsize=100_000)  # words; the same ones are compared with many others
def _groups(word: str) -> frozenset[int]:
    """Return the numbers of the lists of words alike that *word* stands in."""
    return frozenset(number for number, group in enumerate(word_lists().alike) if group.fullmatch(word))


def verb_of(word: str) -> str:
    """Return the stem of a verb, the same for all its forms."""
    lowered = word.lower()
    return term_of(word_lists().verbs.get(lowered, lowered))


def is_adverb(word: str) -> bool:
    """Tell whether *word* says how or how often, by its ending."""
    return word.endswith("ly") and word.lower() not in _NO_ADVERBS


def is_passive(lowered: Sequence[str], at: int) -> bool:
    """Tell whether the word at *at* of a clause's words is a participle of what is done to what stands before."""
    if not (lowered[at].endswith(("ed", "en")) or lowered[at] in word_lists().verbs):
        return False
    back = [word for word in lowered[max(0, at - 4) : at] if not is_adverb(word) and word not in BETWEEN]
    return (bool(back) and back[-1] in _BE) or "by" in lowered[at + 1 : at + 3]


def stems(text: str) -> set[str]:
    """Return the stems of the content words of *text*."""
    return {term_of(word) for word in words(text)}


def nearly_said(word: str, texts: Sequence[str]) -> bool:
    """Tell whether a word of *texts* says nearly the same as *word* by the word lists."""
    return any(group.fullmatch(word) and any(group.search(text) for text in texts) for group in word_lists().alike)


def same_name(one: str, other: str) -> bool:
    """Tell whether two words are a state and its adjective: at least four letters alike and then an ending of either."""
    length = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return length >= 4 and one[length:] in _ENDINGS and other[length:] in _ENDINGS
