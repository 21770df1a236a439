"""Turns a sentence into what it claims - numbers, names, speakers, negations, kinds, order - and compares two sentences' claims.

What is compared is what a score of words and vectors cannot see: one number, one "not", one state in another's place. The
words that it knows are those of English, in claims.yaml, not of a corpus. Knows nothing of drafts, documents or vectors.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Literal

from bot.signals import MAX_INFORMATION, information
from index.terms import stop_words, term_of, words

Change = Literal["number", "name", "speaker", "negation", "kind", "opposite", "order"]

_DATA = Path(__file__).with_name("claims.yaml")
_PLAIN = str.maketrans({
    "\u00a0": " ", "\u202f": " ", "’": "'", "‘": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "—": "-", "–": "-",
})  # fmt: skip
_TOKEN = re.compile(r"\d+(?:,\d{3})+|\d+(?:\.\d+)?|[^\W\d]+")
_CLAUSE_END = re.compile(r"[,;:.!?]|\b(?:but|although|though|while)\b")
_MEMBERS = re.compile(
    r"(?<!UN )(?<!EU )(?<!Nations )(?<!Union )\b(?:SCO(?:'s)? |its )*member (?:states|countries)\b(?: of the SCO\b)?"
    r"|\bSCO (?:countries|members)\b|\bmembers of the SCO\b"
)
_SECRETARY = re.compile(r"\b(?:SCO(?:'s)? )?Secretary-General(?: of the SCO\b)?")
_SCO = re.compile(r"\b(?:SCO|Shanghai Cooperation Organisation|Organisation)\b")
_WE = re.compile(r"\b(?:[Ww]e|[Oo]urs?|us|I|[Mm]y)\b")
_OURS = re.compile(r"\b[Oo]ur\b")
_ENDINGS = frozenset(("", "n", "s", "ns", "i", "is", "an", "ans", "a", "stan", "istan", "ese", "ish"))  # Russia, Russian
_TIME = term_of("time")  # "for the ninth time" counts what happens
_YEARS = range(1900, 2100)  # numbers that count nothing
RARE = 3.0  # on the scale of information: a capitalised word that opens a sentence and is rarer than this is a name
_MODAL = re.compile(r"\b(?:can|could|may|might|would|should|must|ought to)(?: (?:not|only|also|now|together|be|\w+ly))* (\w+)")
_UNDONE = re.compile(
    r"\b(?:can|could|may|might|would|should|must|ought|will|shall|if|when|whether|how|need\w*|possib\w+|potential\w*"
    r"|risks?|necessary|only"
    r"|(?:ready|want\w*|wish\w*|call\w*|plan\w*|propos\w*|aim\w*|seek\w*|intend\w*|hope\w*|invit\w*|ask\w*|is|are|order) to)\b"
)
_PERFECT = re.compile(
    r"\b(?:ha(?:s|ve|d)|having) (?:been |already |now |also |so far |\w+ly )*"
    r"(\w+(?:ed|en)|become|made|led|met|set|held|built|won|lost|come|gone|done|put|left|sent|kept|begun|brought|found|shown|grown)\b"
)
_YET_TO_BE = re.compile(r"\b(?:be|when|if|once|until) (?:\w+ly )?\w+(?:ed|en)\b")
_NAMED_AFTER = re.compile(r"(\w+) (to|from|with|against|in|at) (?:the )?([A-Z]\w+(?:(?:, | and | or | )(?:the )?[A-Z]\w+)*)")


def plain(text: str) -> str:
    """Return *text* with plain spaces, hyphens and quotation marks in place of typographic ones, and "not" written out."""
    unshortened = re.sub(r"\b([Cc])an't\b", r"\1an not", re.sub(r"\b([Ww])on't\b", r"\1ill not", text.translate(_PLAIN)))
    return re.sub(r"n't\b", " not", unshortened).replace("cannot", "can not")


def changed(said: str, source: str, speaking: str) -> Change | None:
    """Return the first way in which what *said* claims is not what *source* claims, or None. Both are plain.

    *speaking* names those who say "we" in *source*.
    """
    said, source = _unfolded(said), _unfolded(source)
    checks: tuple[tuple[Change, Callable[[str, str], bool]], ...] = (
        ("number", _numbers_held),
        ("speaker", lambda said, source: _speakers_held(said, source, speaking)),
        ("name", lambda said, source: _names_held(said, f"{source} . {speaking}")),
        ("negation", _negations_held),
        ("kind", _kinds_held),
        ("kind", _all_of_the_same),
        ("kind", _causes_held),
        ("opposite", _no_opposites),
        ("order", _order_held),
    )
    return next((change for change, held in checks if not held(said, source)), None)


def _unfolded(text: str) -> str:
    """Return *text* without a "not" that negates nothing, and with one name for the United Nations."""
    return re.sub(r"\bnot only\b", "both", text).replace("United Nations", "UN")


def numbers(text: str) -> frozenset[float]:
    """Return the values of the numbers of *text*, in digits and in words."""
    return frozenset(value for value, *_ in _numbers(text))


def negated(text: str) -> list[set[str]]:
    """Return, for each negation of *text*, the stems of the content words that it reaches: to the end of its clause."""
    reaches = []
    for match in _word_lists().negations.finditer(text):
        clause = _CLAUSE_END.search(text, match.end())
        reach = words(text[match.end() : clause.start() if clause else len(text)])[:5]
        reaches.append({term_of(word) for word in reach})
    return reaches


def content_words(text: str) -> list[str]:
    """Return the words of *text* in order that claim something which `changed` does not compare."""
    named = {word.lower() for word in _names(text)}  # compared one by one, and under other forms: "we", "Afghans"
    lists = _word_lists()
    claims_nothing = (lists.reporting, lists.light, *lists.kinds.values())
    return [word for word in words(text) if not (word in named or word.isdigit() or any(p.fullmatch(word) for p in claims_nothing))]


def nearly_said(word: str, texts: Sequence[str]) -> bool:
    """Tell whether a word of *texts* says nearly the same as *word* by the word lists."""
    return any(group.fullmatch(word) and any(group.search(text) for text in texts) for group in _word_lists().alike)


def reporting() -> str:
    """Return the pattern of the words that say that somebody speaks."""
    return _word_lists().reporting.pattern


def says_we(text: str) -> bool:
    """Tell whether *text* is in the first person."""
    return _WE.search(text) is not None


# --- word lists


@dataclass(frozen=True, slots=True)
class _WordLists:
    kinds: Mapping[str, re.Pattern[str]]
    implied: Mapping[str, re.Pattern[str]]
    negations: re.Pattern[str]
    opposites: tuple[tuple[re.Pattern[str], re.Pattern[str]], ...]
    alike: tuple[re.Pattern[str], ...]
    light: re.Pattern[str]
    speech: re.Pattern[str]
    reporting: re.Pattern[str]
    states: frozenset[str]
    numbers: Mapping[str, float]
    verbs: Mapping[str, str]
    irregular: re.Pattern[str]


@cache
def _word_lists() -> _WordLists:
    import yaml

    read = yaml.safe_load(_DATA.read_text(encoding="utf-8"))
    return _WordLists(
        {name: _any(phrases) for name, phrases in read["kinds"].items()},
        {name: _any(phrases) for name, phrases in read["implied"].items()},
        _any(read["negations"]),
        tuple((_any(one), _any(other)) for pair in read["opposites"] for one, other in (pair, pair[::-1])),
        tuple(_any(phrases) for phrases in (*read["alike"], *(side for pair in read["opposites"] for side in pair))),
        _any(read["light"]),
        _any(read["speech"]),
        _any(read["reporting"]),
        frozenset(read["states"].split()),
        read["numbers"],
        verbs := {form: base for base, forms in read["verbs"].items() for form in forms.split()},
        re.compile("|".join(verbs)),
    )


def _any(phrases: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{phrases.replace(', ', '|')})(?!\w)", re.IGNORECASE)


# --- what is compared


def _numbers(text: str) -> list[tuple[float, str, tuple[str, ...]]]:
    """Return each number of *text* with the stem of the word after it, and of all the words after it, in its clause."""
    lists = _word_lists().numbers
    plain = re.sub(r"(\d)(?:st|nd|rd|th)\b", r"\1", text.replace("%", " percent").replace("per cent", "percent"))
    tokens = [(match.group(), match.start(), match.end()) for match in _TOKEN.finditer(plain)]
    found = []
    for at, (token, _, end) in enumerate(tokens):
        value = lists.get(token.lower()) if not token[0].isdigit() else float(token.replace(",", ""))
        if value is None:
            continue
        clause = _CLAUSE_END.search(plain, end)
        after = [t for t, start, _ in tokens[at + 1 :] if clause is None or start < clause.start()]
        content = [term_of(word) for word in words(" ".join(after))]
        found.append((float(value), content[0] if content else "", tuple(content)))
    return found


def _numbers_held(draft: str, source: str) -> bool:
    """Tell whether every number of *draft* stands in *source*, and counts there what it counts here."""
    held = _numbers(source)
    return all(
        any(value == other and (value in _YEARS or counted in ("", _TIME, *near)) for other, _, near in held)
        for value, counted, _ in _numbers(draft)
    )


def _speakers_held(draft: str, source: str, speaking: str) -> bool:
    """Tell whether whoever acts in *draft* - the SCO, its member states, its Secretary-General, "we" - does so in *source*.

    *speaking* names those who say "we" there.
    """

    def agents(text: str) -> set[str]:
        rest = _SECRETARY.sub(" ", _MEMBERS.sub(" ", text))
        patterns = {"members": _MEMBERS, "secretary": _SECRETARY, "sco": _SCO, "we": _WE, "ours": _OURS}
        return {name for name, pattern in patterns.items() if pattern.search(rest if name == "sco" else text)}

    held = agents(source)
    if _SCO.search(speaking):  # who speaks for the organisation
        held |= {"sco", "secretary"} | ({"members"} if "ours" in held else set())
    if not agents(draft) <= held:
        return False
    speech = _word_lists().speech.pattern
    spoke = re.findall(rf"\b([A-Z]\w+) {speech}", draft)
    known = (*stop_words(), "sco", "organisation", *speaking.lower().split())
    if not all(name.lower() in known or re.search(rf"\b{name}\W+(?:\w+\W+){{0,3}}?{speech}", source) for name in spoke):
        return False
    owners = {thing: owner for owner, thing in re.findall(r"\b([A-Z]\w+)'s? (?:\w+ )?(\w+)", source)}
    return all(owners.get(thing, owner) == owner for owner, thing in re.findall(r"\b([A-Z]\w+)'s? (?:\w+ )?(\w+)", draft))


def _names(text: str) -> list[str]:
    """Return the capitalised words and states' names of *text*; a word that merely opens a sentence is none."""
    found = []
    for match in re.finditer(r"[^\W\d_]+", text):
        word = match.group()
        opens = re.search(r"(?:^|[.!?:]|\")\W*$", text[: match.start()]) is not None
        named = word[0].isupper() and (not opens or (word.isupper() and len(word) > 1) or _rare(word) or _of_a_state(word))
        if word.lower() in _word_lists().states or named:
            found.append(word)
    return found


@cache
def _of_a_state(word: str) -> bool:
    return any(_same_name(word, state.capitalize()) for state in _word_lists().states)


def _rare(word: str) -> bool:
    return information(word.lower()) > MAX_INFORMATION - RARE


def _names_held(draft: str, source: str) -> bool:
    """Tell whether every name of *draft* stands in *source*, as it is, as an adjective, as an acronym or written out."""
    tokens = re.findall(r"[^\W\d_]+", source)
    capitals = [token for token in tokens if token[0].isupper()]
    initials = "".join(token[0] for token in capitals)
    stems = {term_of(token.lower()) for token in tokens}
    expanded = set(re.findall(r"[A-Z]\w+", "Shanghai Cooperation Organisation")) if "SCO" in capitals else set()
    expanded |= {"United", "Nations"} if "UN" in capitals else set()
    expanded |= {"SCO"} if "Organisation" in capitals else set()

    def held(name: str) -> bool:
        if name in expanded or name in ("SCO", "Organisation", "Secretary", "General"):  # those are the speakers' check
            return True
        if name.isupper() and len(name) > 1:
            return name in capitals or name in initials
        return term_of(name.lower()) in stems or any(_same_name(name, other) for other in capitals)

    return all(held(name) for name in _names(draft))


def _same_name(one: str, other: str) -> bool:
    """Tell whether two words are a state and its adjective: at least four letters alike and then an ending of either."""
    length = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return length >= 4 and one[length:] in _ENDINGS and other[length:] in _ENDINGS


def _negations_held(draft: str, source: str) -> bool:
    """Tell whether *draft* negates what *source* negates, and nothing else."""
    here, there = negated(draft), negated(source)
    if not all(any(2 * len(reach & other) > min(len(reach), len(other)) for other in there) for reach in here):
        return False
    stems = {term_of(word) for word in words(draft)}
    return all(any(reach & other for other in here) or not reach or len(reach & stems) < 0.6 * len(reach) for reach in there)


def _kinds_held(draft: str, source: str) -> bool:
    """Tell whether every kind of word in *draft* - "all", "because", "must", "last" - is in *source* too, or implied there."""
    lists = _word_lists()
    draft, source = (re.sub(r"(percent|%|per cent|part|half) of all\b", r"\1 of", text) for text in (draft, source))
    for name, pattern in lists.kinds.items():
        if pattern.search(draft) and not pattern.search(source):
            implied = lists.implied.get(name)
            if implied is None or not implied.search(source):
                return False
    return True


def _all_of_the_same(draft: str, source: str) -> bool:
    """Tell whether *draft* says "all" or "every" of what *source* says it of."""
    every = _word_lists().kinds["all"]
    there = [word for match in every.finditer(source) for word in words(source[match.end() :])[:2]]
    here = [word for match in every.finditer(draft) for word in words(draft[match.end() :])[:1]]
    return not there or all(any(_alike(word, other) for other in there) for word in here)


def _causes_held(draft: str, source: str) -> bool:
    """Tell whether what *draft* gives as a cause stands in *source*."""
    held = words(source)
    causes = [words(draft[match.end() :])[:2] for match in _word_lists().kinds["cause"].finditer(draft)]
    return all(any(_alike(word, other) for other in held) or not information(word) for cause in causes for word in cause)


def _no_opposites(draft: str, source: str) -> bool:
    """Tell whether *draft* uses no word whose opposite stands in *source* without it."""
    for one, other in _word_lists().opposites:
        if one.search(draft) and other.search(source) and not one.search(source):
            return False
    stems = {term_of(word) for word in words(source)}
    for word in words(draft):
        if term_of(word) not in stems:
            for prefix in ("un", "in", "im", "dis", "non", "il", "ir"):
                if word.startswith(prefix) and len(word) > len(prefix) + 3 and term_of(word.removeprefix(prefix)) in stems:
                    return False
    return True


def _order_held(draft: str, source: str) -> bool:
    """Tell whether *draft* leaves who does what to whom, and whether it is done or planned, as it is in *source*."""
    draft, source = (text.replace("Shanghai Cooperation Organisation", "SCO") for text in (draft, source))
    changed = (_mirrored, _changed_sides, _done_too_soon, _made_certain, _elsewhere, _turned_round, _another_is, _newly_joined)
    return not any(found(draft, source) for found in changed)


def _mirrored(draft: str, source: str) -> bool:
    """Tell whether three words in a row stand the other way round in *source*: "terrorism finances drugs", "drugs finance terrorism"."""
    here, there = ([term_of(word) for word in words(text)] for text in (draft, source))
    adjacent = {(term_of(one), term_of(two)) for one, two in pairwise(re.findall(r"\w+", draft.lower())) if not two.endswith("ly")}
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
    will = {term_of(verb.lower()) for verb in re.findall(r"\bwill (\w+)", source)}
    past = {term_of(verb.lower()) for verb in re.findall(r"\b(\w+ed)\b", draft)}
    told = [*_PERFECT.findall(source), *re.findall(rf"\b(\w+(?:ed|en)|{_word_lists().irregular.pattern})\b", _YET_TO_BE.sub(" ", source))]
    untold = [verb for verb in done if not any(_verb(verb) == _verb(other) or _alike(verb, other) for other in told)]
    only_planned = {_verb(verb) for verb in done} & planned - happened
    return bool(only_planned or untold or (past & will and not re.search(r"\b(?:will|be)\b", draft)))


def _made_certain(draft: str, source: str) -> bool:
    """Tell whether *draft* says outright what in *source* only can, may or should be."""
    if _UNDONE.search(draft):
        return False
    here = [_verb(word) for word in words(draft) if not word.endswith("ing")]
    uncertain = {_verb(verb) for verb in _MODAL.findall(source)}
    certain = [_verb(word) for word in words(_MODAL.sub(" ", source))]
    return any(verb in uncertain and verb not in certain for verb in here)


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
        return any(name == other or _same_name(name, other) for other in names)

    here, there = named(draft), named(source)
    after = {joint: {name for (_, other), names in there.items() if other == joint for name in names} for _, joint in here}
    return any(
        pair in there and not any(among(name, there[pair]) for name in names) and not any(among(name, after[pair[1]]) for name in names)
        for pair, names in here.items()
    )


def _turned_round(draft: str, source: str) -> bool:
    """Tell whether *draft* leads from where *source* leads to, and to where it leads from."""

    def ways(text: str) -> list[tuple[set[str], set[str]]]:
        return [(_stems(start), _stems(end)) for start, end in re.findall(r"\bfrom ([^.;]{1,120}?) to ([^.;]{1,60})", text)]

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
    subject, predicate = {*re.findall(r"[A-Z]\w+", said[1])}, _stems(said[2])
    tokens = re.findall(r"[^\W\d_]+", source)
    places = [at for at, token in enumerate(tokens) if not token[0].isupper() and term_of(token.lower()) in predicate]
    named = [(at, token) for at, token in enumerate(tokens) if token[0].isupper() and token.lower() not in stop_words()]
    if not places or not subject & {name for _, name in named}:
        return False
    nearest = [name for at, name in named if at < places[0]][-1:]
    return bool(nearest) and nearest[0] not in subject and nearest[0] not in draft


def _stems(text: str) -> set[str]:
    return {term_of(word) for word in words(text)}


def _verb(word: str) -> str:
    """Return the stem of a verb, the same for all its forms."""
    lowered = word.lower()
    return term_of(_word_lists().verbs.get(lowered, lowered))


def _alike(one: str, other: str) -> bool:
    """Tell whether two words are nearly the same by the word lists, or by their stem."""
    return term_of(one) == term_of(other) or any(group.fullmatch(one) and group.fullmatch(other) for group in _word_lists().alike)


def _newly_joined(draft: str, source: str) -> bool:
    """Tell whether two names stand side by side that stand far apart in *source*: "the SCO Charter"."""
    tokens = re.findall(r"[^\W\d_]+|\S", source)
    for one, other in re.findall(r"\b([A-Z]\w+) (?=([A-Z]\w+))", draft):
        if one.lower() not in stop_words() and one != "UN":
            first, second = ([at for at, name in enumerate(tokens) if name == word or _same_name(name, word)] for word in (one, other))
            if first and second and min(abs(a - b) for a in first for b in second) > 4:
                return True
    return False
