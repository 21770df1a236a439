"""Compares whose deed it is in two sentences: who stands before a verb, who follows "by", what a name is said to be.

Where `bot/roles.py` looks for parts exchanged in both directions, one that moved to the front is enough here. Knows nothing of
numbers, negations, times or vectors.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.wording import BETWEEN, alike, is_adverb, is_passive, same_name, verb_of, word_lists
from index.terms import stop_words, words

_TOKEN = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?|[^\W\d_]+(?:-[^\W\d_]+)*|'s\b|[,;:.!?]|\s-\s")
_ENDS = frozenset((".", ";", ":", "!", "?"))
_OPENERS = frozenset(("that", "which", "who", "where", "when", "if", "as", "while", "although", "though", "because", "but", "so", ","))
_PREPOSITIONS = frozenset(("of", "in", "on", "at", "to", "for", "with", "from", "by", "about", "into", "under", "through", "between"))
_DETERMINERS = frozenset((
    "the", "a", "an", "its", "their", "our", "his", "her", "my", "your", "this", "that", "these", "those", "such", "any", "no", "all",
    "every", "each", "some", "more", "us", "them", "it", "him",
))  # fmt: skip
_RELATIVE = ("which", "that", "who")
_MODALS = frozenset(("will", "would", "can", "could", "may", "might", "must", "should", "shall", "do", "does", "did"))
_FIRST = frozenset(("i", "we", "my", "our", "us", "me"))
_BY = re.compile(r"\b(\w+(?:ed|en)|led|made|held|set|met|built|brought|run) by (?:the |an? |its |their |our )?((?:[\w'-]+ ?){1,9})")
_COPULA = re.compile(r"(?:^|(?<=[.,;:] ))([\w' -]{2,60}?) (?:is|are|was|were) (?:an?|the) ([^.;:]+)")
_AS = re.compile(r"\b(?:as|like) (?:an?|the|its|their|our)\b")  # also says what something is
_PHRASE_END = re.compile(r"\b(?:of|that|which|who|with|in|for|to|on|at|from|and|by|whose|where|when)\b")


@dataclass(frozen=True, slots=True)
class _Deed:
    """A verb with the words before it in its clause and in its sentence, and the words after it."""

    verb: str
    subject: tuple[str, ...]  # words of its clause before it, without auxiliaries
    earlier: frozenset[str]  # stems of all words of its sentence before it
    later: frozenset[str]
    next_word: str
    passive: bool
    gap: tuple[str, ...]  # auxiliaries and adverbs before it
    finite: bool  # by its form and place it is surely what the subject does


def another_did(draft: str, source: str) -> bool:
    """Tell whether *draft* gives to one what in *source* another does or is."""
    deeds = _deeds(source)
    return (
        any(_moved_to_front(deed, deeds) or _head_moved_to_front(deed, deeds) or _another_name(deed, deeds) for deed in _deeds(draft))
        or _by_another(draft, source)
        or _is_another(draft, source)
    )


def _deeds(text: str) -> list[_Deed]:
    """Return the deed of each content word of *text* that may be a verb."""
    found = []
    for sentence in _sentences(text):
        lowered = [token.lower() for token in sentence]
        for at, word in enumerate(lowered):
            if at == 0 or not word.isalpha() or sentence[at][0].isupper() or word in stop_words() or word in word_lists().auxiliaries:
                continue
            start = next((place + 1 for place in range(at - 1, -1, -1) if lowered[place] in _OPENERS), 0)
            before = at - 1
            while before >= start and (
                lowered[before] in word_lists().auxiliaries or lowered[before] in BETWEEN or is_adverb(lowered[before])
            ):
                before -= 1
            subject = tuple(sentence[start : before + 1]) if _content(sentence[start : before + 1]) else tuple(sentence[: before + 1])
            found.append(
                _Deed(
                    verb_of(word),
                    subject,
                    _stems(lowered[:at]),
                    _stems(lowered[at + 1 :]),
                    lowered[at + 1] if at + 1 < len(lowered) else "",
                    is_passive(lowered, at),
                    tuple(lowered[before + 1 : at]),
                    _finite(sentence, lowered, at, before),
                )
            )
    return found


def _sentences(text: str) -> list[list[str]]:
    sentences: list[list[str]] = [[]]
    for token in _TOKEN.findall(text):
        if token in _ENDS or token.strip() == "-":
            sentences.append([])
        else:
            sentences[-1].append(token)
    return [sentence for sentence in sentences if sentence]


def _stems(lowered: Iterable[str]) -> frozenset[str]:
    return frozenset(verb_of(word) for word in lowered if word[0].isalnum() and word not in stop_words())


def _finite(tokens: Sequence[str], lowered: Sequence[str], at: int, subject: int) -> bool:
    """Tell whether the word at *at* is surely a verb that what stands before it, up to *subject*, does."""
    if any(word in _MODALS for word in lowered[subject + 1 : at]):
        return True
    inflected = lowered[at].endswith(("s", "ed")) or lowered[at] in word_lists().verbs
    if lowered[at - 1] in _RELATIVE and inflected:
        return True
    behind_noun = lowered[at - 1] not in _DETERMINERS | _PREPOSITIONS and tokens[at - 1] != "'s"
    of = at + 1 + (at + 1 < len(lowered) and lowered[at + 1] in _PREPOSITIONS)  # "calls on the others"
    has_object = of < len(tokens) and (lowered[of] in _DETERMINERS or tokens[of][0].isupper())
    return behind_noun and has_object and (inflected or lowered[at - 1].endswith("s"))


def _content(tokens: Sequence[str]) -> list[str]:
    return [token for token in tokens if token[0].isalpha() and token.lower() not in stop_words()]


def _moved_to_front(deed: _Deed, others: Sequence[_Deed]) -> bool:
    """Tell whether the subject of *deed* stands only behind that verb wherever *others* have it: "B must act", "A must act for B"."""
    same = [other for other in others if other.verb == deed.verb]
    subject = _stems(word.lower() for word in _content(deed.subject))
    if not same or not subject or deed.passive or not deed.finite or any(other.passive or not other.finite for other in same):
        return False
    if deed.next_word in ("", ",", "and", "or") or (
        deed.next_word in _PREPOSITIONS and any(other.next_word != deed.next_word for other in same)
    ):
        return False  # "Europe cut emissions" and "emissions fell": what is done to may come first
    return all(subject & other.later and not subject & other.earlier and _content(other.subject) for other in same)


def _head_moved_to_front(deed: _Deed, others: Sequence[_Deed]) -> bool:
    """Tell whether the head of the subject of *deed* stands only behind that verb: "victims of war ended", "war ended, its victims"."""
    same = [other for other in others if other.verb == deed.verb]
    at = next((place for place, word in enumerate(deed.subject) if word.lower() == "of"), 0)
    head = _content(deed.subject[:at])[-1:]
    if (
        not same
        or not head
        or not any(word in word_lists().auxiliaries for word in deed.gap)
        or any(other.passive != deed.passive for other in same)
    ):
        return False
    stem, owner = verb_of(head[0].lower()), _stems(word.lower() for word in _content(deed.subject[at:]))
    return all(stem in other.later and stem not in other.earlier and owner & other.earlier for other in same)


def _another_name(deed: _Deed, others: Sequence[_Deed]) -> bool:
    """Tell whether a name stands before the verb of *deed* where in all *others* another name does, or one who says "we"."""
    same = [other for other in others if other.verb == deed.verb and other.passive == deed.passive]
    if not same or not deed.finite or not deed.subject or not deed.subject[-1][0].isupper() or deed.subject[-1].lower() in stop_words():
        return False
    name = deed.subject[-1]
    return all(
        other.subject
        and other.subject[-1][0].isupper()
        and other.subject[-1].lower() not in (*stop_words(), *_FIRST)
        and not any(name == word or same_name(name, word) for word in other.subject)
        and not any(other.subject[-1] == word or same_name(other.subject[-1], word) for word in deed.subject)
        for other in same
    )


def _by_another(draft: str, source: str) -> bool:
    """Tell whether what is done "by" somebody in *draft* is done by somebody else in *source*."""
    done: dict[str, list[set[str]]] = {}
    for verb, agent in _BY.findall(source):
        done.setdefault(verb_of(verb), []).append(set(_content(agent.split())))
    return any(
        verb_of(verb) in done and not any(_share(set(_content(agent.split())), other) for other in done[verb_of(verb)])
        for verb, agent in _BY.findall(draft)
    )


def _share(one: set[str], other: set[str]) -> bool:
    return not one or not other or any(alike(a.lower(), b.lower()) or same_name(a, b) for a in one for b in other)


def _is_another(draft: str, source: str) -> bool:
    """Tell whether *draft* says of a name that it is what only something else is in *source*, or of a thing what another is."""
    there = [(_stems(subject.lower().split()), _noun_phrase(predicate)) for subject, predicate in _COPULA.findall(source)]
    for subject, predicate in _COPULA.findall(draft):
        named, phrase = _stems(subject.lower().split()), _noun_phrase(predicate)
        if not named or not phrase:
            continue
        same = [(other, others) for other, others in there if any(alike(phrase[-1], word) for word in others)]
        if same and not any(named & other or not other for other, _ in same):
            return True
        known = any(alike(phrase[-1], word) for word in words(source)) and not _AS.search(source)
        if known and not same and subject[0].isupper() and any(named == other for other, _ in there):
            return True
    return False


def _noun_phrase(predicate: str) -> list[str]:
    """Return the content words of *predicate* up to what describes them further: the last of them is what something is."""
    return [word.strip(",") for word in _content(_PHRASE_END.split(predicate)[0].split())]
