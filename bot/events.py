"""Compares what two sentences tell: who does what to whom, where and whence, and whether it is done or only planned.

Knows nothing of numbers, negations or single words, which claims compare.
"""

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise

from bot.roles import roles_changed
from bot.subjects import another_did
from bot.wording import alike, is_adverb, same_name, stems, verb_of, word_lists
from index.terms import stop_words, term_of, words

_MODAL = re.compile(r"\b(?:can|could|may|might|would|should|must|ought to)(?: (?:not|only|also|now|together|be|the|an?|\w+ly))* (\w+)")
_INFINITIVE = re.compile(r"(\w+),? (?:not |also )?to (?:\w+ly )?([a-z]+)(?<!ing)\b")
_FUTURE = re.compile(r"\b(?:will|shall) (?:not |also |only |be |\w+ly )*(\w+)")
_BEFORE_VERBS = ("we", "they", "i", "you", "who", "which", "that", "people")
_UNDONE = re.compile(
    r"\b(?:can|could|may|might|would|should|must|ought|will|shall|if|when|whether|how"
    r"|need(?:s|ed)? (?:to|for)|needed|(?:we|they|i|you|\w+s|people) need|in need|possib\w+|potential\w*"
    r"|calls? for|called for|risks?|necessary|only|so that|aims?|goals?|hopes?"
    r"|(?:ready|want\w*|wish\w*|call\w*|plan\w*|propos\w*|aim\w*|seek\w*|intend\w*|hope\w*|invit\w*|ask\w*|is|are|order) to)\b"
)
_PERFECT = re.compile(
    r"\b(?:ha(?:s|ve|d)|having) (?:been |already |now |also |so far |\w+ly )*"
    r"((?!been\b)\w+(?:ed|en)|become|made|led|met|set|held|built|won|lost|come|gone|done|put|left|sent|kept|begun|brought|found|shown|grown)\b"
)
_WISHED = re.compile(  # what is asked for or to be ensured
    r"\b(?:ask|request|demand|urge|propose|recommend|hope|wish|insist|ensur|guarantee|important|essential|vital|imperative|matter)"
    r"(?:s|ed|ing|e|es)? that ([^.;:]+)"
)
_COMING = re.compile(r"\b(?:upcoming|forthcoming|pending|planned|proposed)\b((?: [\w-]+){1,8})")
_TO_BE = re.compile(
    r"\b(?:can|could|may|might|would|should|must|will|shall|to)(?: (?:not|also|only|now|\w+ly))*"
    r" (?:be|become|make|turn|keep|remain) ([^.;]{1,90})"
)
_YET_TO_BE = re.compile(r"\b(?:be|when|if|once|until) (?:\w+ly )?\w+(?:ed|en)\b")
_NAMED_AFTER = re.compile(r"(\w+) (to|from|with|against|in|at) (?:the )?([A-Z]\w+(?:(?:, | and | or | )(?:the )?[A-Z]\w+)*)")
MOSTLY = 0.6  # of what something is said to be


def told_otherwise(draft: str, source: str, speaking: str) -> bool:
    """Tell whether *draft* tells of others in what *source* tells, or of what is planned there as done.

    *speaking* names those who say "we" in *source*.
    """
    draft, source = (re.sub(r"(?:\bShanghai Cooperation )?\bOrganisation\b", "SCO", text) for text in (draft, source))
    if roles_changed(draft, source, speaking) or another_did(draft, source):
        return True
    changed = (_mirrored, _changed_sides, _done_too_soon, _made_certain, _elsewhere, _turned_round, _another_is, _newly_joined)
    return any(found(draft, source) for found in changed)


def _mirrored(draft: str, source: str) -> bool:
    """Tell whether three words in a row stand the other way round in *source*: "terrorism finances drugs", "drugs finance terrorism"."""
    here, there = ([term_of(word) for word in words(text)] for text in (draft, source))
    adjacent = {(term_of(one), term_of(two)) for one, two in pairwise(re.findall(r"\w+", draft.lower())) if not is_adverb(two)}
    nominal = {term_of(noun) for noun in re.findall(r"(\w+) of\b", source.lower())}  # "participation of all" and "all participate"
    for left, pivot, right in zip(here, here[1:], here[2:], strict=False):
        if (pivot, right) in adjacent and left != right and there.count(pivot) == 1 and pivot not in nominal:
            place = there.index(pivot)
            before, after = there[max(0, place - 2) : place], there[place + 1 : place + 3]
            if right in before and left in after and left not in before and right not in after:
                return True
    return False


def _changed_sides(draft: str, source: str) -> bool:
    """Tell whether two names changed sides of a word between them, but for the passive voice, which changes them rightly."""
    if re.search(r"\bby\b", draft):
        return False
    here, there = (re.findall(r"[^\W\d_]+", text) for text in (draft, source))

    def sides(tokens: Sequence[str], at: int) -> tuple[set[str], set[str]]:
        named = [token if token[0].isupper() and token.lower() not in stop_words() else "" for token in tokens]
        return set(named[:at]) - {""}, set(named[at + 1 :]) - {""}

    for at, word in enumerate(here):
        places = [place for place, other in enumerate(there) if term_of(other.lower()) == term_of(word.lower())]
        if at == 0 or word.lower() in stop_words() or word[0].isupper() or len(places) != 1 or places[0] == 0:
            continue
        if not (here[at - 1][0].isupper() and there[places[0] - 1][0].isupper()):  # "Russia recognises", "the SCO recognises"
            continue
        (left, right), (before, after) = sides(here, at), sides(there, places[0])
        if (left - right) & (after - before) and (right - left) & (before - after):
            return True
    return False


def _done_too_soon(draft: str, source: str) -> bool:
    """Tell whether *draft* makes a fact of what *source* will do, is to do or is doing."""
    planned = {term_of(verb.lower()) for verb in re.findall(r"\b(?:will|to) (\w+)|\b(\w+ing)\b", source) for verb in verb if verb}
    planned |= {term_of(verb.lower()) for verb in _MODAL.findall(source)}
    happened = {term_of(word) for word in re.findall(r"\b(?<!\bbe )\w+(?:ed|en)\b", source.lower())}
    done = _PERFECT.findall(draft)
    will = {term_of(verb.lower()) for verb in re.findall(r"\b(?:will|shall)(?: be)? (\w+)", source)}
    past = {term_of(verb.lower()) for verb in re.findall(rf"\b(\w+ed|{word_lists().irregular.pattern})\b", draft)}
    told = [
        *_PERFECT.findall(source),
        *re.findall(rf"\b(\w+(?:ed|en)|{word_lists().irregular.pattern})\b", _WISHED.sub(" ", _YET_TO_BE.sub(" ", source))),
    ]
    untold = [verb for verb in done if not any(verb_of(verb) == verb_of(other) or alike(verb, other) for other in told)]
    only_planned = {verb_of(verb) for verb in done} & planned - happened
    coming = {verb_of(word.lower()) for phrase in _COMING.findall(source) for word in phrase.split() if word.lower() not in stop_words()}
    if coming & {verb_of(verb.lower()) for verb in (*done, *re.findall(rf"\b(\w+ed|{word_lists().irregular.pattern})\b", draft))} - {
        verb_of(v) for v in told
    }:
        return not re.search(r"\b(?:will|be|to|is|are)\b", draft)
    return bool(only_planned or untold or (past & will and not re.search(r"\b(?:will|be)\b", draft)))


def _made_certain(draft: str, source: str) -> bool:
    """Tell whether *draft* says outright what in *source* only can, may or should be."""
    if _UNDONE.search(draft) or _WISHED.search(draft):
        return False
    if _is_what_may_be(draft, source):
        return True
    here = [verb_of(word) for word in words(draft) if not word.endswith("ing")]
    uncertain = {verb_of(verb) for verb in _MODAL.findall(source)}
    certain = [verb_of(word) for word in words(_MODAL.sub(" ", source))]
    if any(verb in uncertain and verb not in certain for verb in here):
        return True
    wanted = {
        verb_of(verb)
        for before, verb in _INFINITIVE.findall(source)
        if before.lower() not in word_lists().done_anyway and verb not in stop_words() and not _is_said(verb)
    }
    wanted |= {verb_of(verb) for verb in _FUTURE.findall(source)} | {
        verb_of(verb) for wish in _WISHED.findall(source) for verb in words(wish)
    }
    known = {verb_of(word) for word in words(_INFINITIVE.sub(" ", _FUTURE.sub(" ", _WISHED.sub(" ", source))))}
    return bool(_finite(draft) & (wanted - known))


def _is_said(verb: str) -> bool:
    """Tell whether to wish to do *verb* is to do it: "I wish to thank"."""
    return verb in ("express", "convey", "extend") or alike(verb, "thank") or alike(verb, "reiterate")


def _is_what_may_be(draft: str, source: str) -> bool:
    """Tell whether something is in *draft* what in *source* it only should be, or is to be made."""
    said = re.search(r"\b(?:is|are|was|were) ([^.;,]+)", draft)
    if said is None:
        return False
    predicate = stems(said[1])
    to_be = set().union(*(stems(wish) for wish in _TO_BE.findall(source)))
    rest = stems(_TO_BE.sub(" ", source))
    return bool(predicate) and len(predicate & to_be) >= MOSTLY * len(predicate) and len(predicate & rest) < MOSTLY * len(predicate)


def _finite(text: str) -> set[str]:
    """Return the stems of the words of *text* that by their form or place are verbs which somebody does or did."""
    tokens = ["", *re.findall(r"\w+", text)]
    irregular = word_lists().verbs
    return {
        verb_of(word)
        for before, word in pairwise(tokens)
        if before.lower() != "to"
        and (
            (word.endswith(("ed", "s")) or word in irregular)
            or (before.lower() in _BEFORE_VERBS or (before.endswith("s") and before.lower() not in stop_words()))
        )
    }


def _elsewhere(draft: str, source: str) -> bool:
    """Tell whether a word of *draft* goes with another name than in *source*: "a visit to Tajikistan", "a visit to the Kyrgyz Republic"."""

    def named(text: str) -> dict[tuple[str, str], set[str]]:
        found: dict[tuple[str, str], set[str]] = {}
        for word, joint, names in _NAMED_AFTER.findall(text):
            found.setdefault((term_of(word.lower()), joint), set()).update(re.findall(r"[A-Z]\w+", names))
        for owner, thing in re.findall(r"\b([A-Z]\w+)'s? (?:\w+ )?(\w+)", text):
            found.setdefault((term_of(thing.lower()), "of"), set()).add(owner)
        return found

    def among(name: str, names: Iterable[str]) -> bool:
        return any(name == other or same_name(name, other) for other in names)

    here, there = named(draft), named(source)
    after = {joint: {name for (_, other), names in there.items() if other == joint for name in names} for _, joint in here}
    return any(
        pair in there and not any(among(name, there[pair]) for name in names) and not any(among(name, after[pair[1]]) for name in names)
        for pair, names in here.items()
    )


def _turned_round(draft: str, source: str) -> bool:
    """Tell whether *draft* leads from where *source* leads to, and to where it leads from."""

    def ways(text: str) -> list[tuple[set[str], set[str]]]:
        return [(stems(start), stems(end)) for start, end in re.findall(r"\bfrom ([^.;]{1,120}?) to ([^.;]{1,60})", text)]

    return any(
        len(start & other_end) > len(start & other_start) and len(end & other_start) >= len(end & other_end)
        for start, end in ways(draft)
        for other_start, other_end in ways(source)
    )


def _another_is(draft: str, source: str) -> bool:
    """Tell whether what *draft* says that a name is, is said of another name in *source*."""
    said = re.match(r"(?:The )?((?:[A-Z][\w-]+ )+)(?:is|was|are|were|remains|became|served as|serves as) (?:an?|the) (.+)", draft)
    if said is None:
        return False
    subject, predicate = {*re.findall(r"[A-Z]\w+", said[1])}, stems(said[2])
    tokens = re.findall(r"[^\W\d_]+", source)
    places = [at for at, token in enumerate(tokens) if not token[0].isupper() and term_of(token.lower()) in predicate]
    named = [(at, token) for at, token in enumerate(tokens) if token[0].isupper() and token.lower() not in stop_words()]
    if not places or not subject & {name for _, name in named}:
        return False
    nearest = [name for at, name in named if at < places[0]][-1:]
    return bool(nearest) and nearest[0] not in subject and nearest[0] not in draft


def _newly_joined(draft: str, source: str) -> bool:
    """Tell whether two names stand side by side that stand far apart in *source*: "the SCO Charter"."""
    tokens = re.findall(r"[^\W\d_]+|\S", source)
    for one, other in re.findall(r"\b([A-Z]\w+) (?=([A-Z]\w+))", draft):
        if one.lower() not in stop_words() and one != "UN":
            first, second = ([at for at, name in enumerate(tokens) if name == word or same_name(name, word)] for word in (one, other))
            if first and second and min(abs(a - b) for a in first for b in second) > 4:
                return True
    return False
