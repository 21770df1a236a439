"""Compares who does what to whom in two sentences: whether what stands before a word and what stands after it changed sides.

There is no parser: a sentence is its words in order, an auxiliary or "by" tells the passive, and only what changed sides in both
directions counts. Knows nothing of numbers, negations or times.
"""

import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

from bot.wording import BETWEEN, is_adverb, is_passive, verb_of, word_lists
from index.terms import stop_words

SELF = "*"  # stands for "I" and "we", and for the name of who says so
_PRONOUNS = frozenset(("i", "we", "me", "us"))
_OWN = frozenset(("my", "our", "ours"))
_JOINTS = frozenset(("than", "into", "before", "after", "because", "due", "upon", "over", "for"))  # stop words that have two sides
_TOKEN = re.compile(r"'s\b|\w+(?:-\w+)*|,")
_BESIDE = ("of", "on", "in", "for", "to", "with", "from", "about", "between", "against")  # "a summit on climate", "a climate summit"
_CLAUSE_END = re.compile(r"[.,;:!?]\s|\s-\s|-(?=[A-Z])|\b(?:that|which|who|where|when|if|as|while|although|though|so that|without|but)\b")
NEAR = 4  # content words on each side of a word that are compared: what stands further off is seldom its subject or object


@dataclass(frozen=True, slots=True)
class _Side:
    """A word with what stands before and after it in its sentence, as stems, and whether it is done to what stands before."""

    before: frozenset[str]
    after: frozenset[str]
    beside: frozenset[str]  # what stands before it with nothing between
    passive: bool
    agent: frozenset[str]  # what follows "by"
    joint: str  # the word after it
    listed: bool  # whether it stands in a row of words joined by commas or "and"
    opens: str  # the stem of the content word that follows with nothing between, which it describes: "central message"


def roles_changed(draft: str, source: str, speaking: str) -> bool:
    """Tell whether *draft* gives the part of one to another in what *source* says of both.

    *speaking* names those who say "we" in *source*.
    """
    selves = frozenset(name.lower() for name in re.findall(r"[A-Z]\w+", speaking))
    return _sides_changed(_sides(draft, selves), _sides(source, selves)) or _taken_over(draft, source, selves)


def _sides_changed(here: Mapping[str, Sequence[_Side]], there: Mapping[str, Sequence[_Side]]) -> bool:
    """Tell whether what stands before and after a word changed sides, wherever that word stands in the source."""
    shared = [(sides[0], there[word]) for word, sides in here.items() if word in there and len(sides) == 1]
    if any(all(_agent_stayed(side, other) for other in others) for side, others in shared):
        return True
    if any(side.passive != other.passive for side, others in shared for other in others):
        return False  # the passive changes all sides
    return any(all(_crossed(side, other) for other in others) for side, others in shared)


def _taken_over(draft: str, source: str, selves: Set[str]) -> bool:
    """Tell whether *draft* gives to a name what in *source* only those do who say "we"."""
    doers: dict[tuple[str, bool], set[str]] = {}
    for verb, doer, passive in _doers(source):
        doers.setdefault((verb, passive), set()).add(doer.lower())
    return any(
        doers.get((verb, passive), {doer}) <= _PRONOUNS and doer[0].isupper() and doer.lower() not in (*selves, *stop_words())
        for verb, doer, passive in _doers(draft)
    )


def _doers(text: str) -> list[tuple[str, str, bool]]:
    """Return, for each content word of *text*, its stem, the word before it and its auxiliaries, and whether it is passive."""
    found = []
    for clause in _CLAUSE_END.split(text):
        tokens = _TOKEN.findall(clause)
        lowered = [token.lower() for token in tokens]
        for at, word in enumerate(lowered):
            doer = at - 1
            while doer > 0 and (lowered[doer] in word_lists().auxiliaries or lowered[doer] in BETWEEN or is_adverb(lowered[doer])):
                doer -= 1
            opens = doer == 0 and not (tokens[0].isupper() or lowered[0] in word_lists().states)  # has its capital anyway
            if doer >= 0 and word.isalpha() and word not in stop_words() and not tokens[at][0].isupper():
                name = lowered[0] if opens and lowered[0] not in _PRONOUNS else tokens[doer]
                found.append((verb_of(word), name, is_passive(lowered, at)))
    return found


def _sides(text: str, selves: Set[str]) -> dict[str, list[_Side]]:
    """Return the sides of each content word of *text*, and of each word that joins two, by their stems."""
    found: dict[str, list[_Side]] = {}
    for sentence in _CLAUSE_END.split(text):
        tokens = _TOKEN.findall(sentence)
        stems = [_stem(token, selves) for token in tokens]
        for at, stem in enumerate(stems):
            word = tokens[at].lower()
            if (stem and stem != SELF and not tokens[at][0].isupper()) or word in _JOINTS:
                found.setdefault(stem or word, []).append(_side(tokens, stems, at))
    return found


def _side(tokens: Sequence[str], stems: Sequence[str], at: int) -> _Side:
    lowered = [token.lower() for token in tokens]
    start = at
    while start and stems[start - 1]:
        start -= 1
    by = next((place for place in range(at + 1, min(at + 6, len(tokens))) if lowered[place] == "by"), None)
    following = lowered[at + 1] if at + 1 < len(tokens) else ""
    preceding = lowered[at - 1] if at else ""
    return _Side(
        frozenset([stem for stem in stems[:at] if stem][-NEAR:]),
        frozenset([stem for stem in stems[at + 1 :] if stem][:NEAR]),
        frozenset(stems[start:at]) - {""},
        is_passive(lowered, at),
        frozenset(stems[by : by + 6]) - {""} if by is not None else frozenset(),
        following,
        preceding in (",", "and", "or") and following in (",", "and", "or"),
        stems[at + 1] if at + 1 < len(stems) else "",
    )


def _stem(token: str, selves: Set[str]) -> str:
    lowered = token.lower()
    if lowered in _PRONOUNS or lowered in _OWN or lowered in selves:
        return SELF
    if not lowered[0].isalpha() or is_adverb(lowered) or lowered in stop_words() or lowered in word_lists().numbers:
        return ""  # what is said how and how often stands anywhere
    return verb_of(lowered)


def _crossed(one: _Side, other: _Side) -> bool:
    """Tell whether some words went from before to after, and others from after to before."""
    if one.listed or other.listed or (one.opens and one.opens == other.opens):
        return False
    if one.joint != other.joint and {"of", "'s"} & {one.joint, other.joint}:
        return False
    left = (one.before - one.after) & (other.after - other.before)
    right = (one.after - one.before) & (other.before - other.after)
    if (left <= one.beside and other.joint in _BESIDE) or (right <= other.beside and one.joint in _BESIDE):
        return False
    return bool(left and right)


def _agent_stayed(one: _Side, other: _Side) -> bool:
    """Tell whether "A thanked B" became "A was thanked by B"."""
    if one.passive == other.passive:
        return False
    passive, active = (one, other) if one.passive else (other, one)
    return bool(passive.agent & (active.after - active.before) and (passive.before - passive.agent) & (active.before - active.after))
