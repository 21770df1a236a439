"""Turns a sentence into what it claims - numbers, names, speakers, negations, kinds, order - and compares two sentences' claims.

What is compared is what a score of words and vectors cannot see: one number, one "not", one state in another's place. The
words that it knows are those of English, in wording.yaml, not of a corpus. Knows nothing of drafts, documents or vectors.
"""

import re
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from typing import Literal

from bot.events import told_otherwise
from bot.signals import MAX_INFORMATION, information
from bot.wording import alike, same_name, stems, word_lists
from index.terms import stop_words, term_of, words

Change = Literal["number", "name", "speaker", "negation", "kind", "opposite", "order"]

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
_WORD = re.compile(r"[^\W\d_]+")
_WITHOUT = re.compile(
    r"\b[Ww]ithout\b.*\b(?:not|no|never|neither|impossible)\b|\b(?:not|no|never|impossible)\b.*\b(?:without|unless)\b"
)  # it must be there
_JOINTS = ("and", "or", "to", "is", "are", "was", "were")  # after a number: what follows is not what it counts
_PLACES = ("first", "second")
_COUNT_NOTHING = ("time", "times", "next", "last", "ago")  # "for the third time", "turns fifty next year"
_YEARS = range(1900, 2100)  # numbers that count nothing
_EACH = re.compile(r"\b(?:all|every|each|any|entire|whole)(?= \w)", re.IGNORECASE)
_PREFIXES = ("un", "in", "im", "dis", "non", "il", "ir")
_SUPERLATIVE = re.compile(
    r"\b(one of |among |amongst |some of |certain )?(?:the |its |our |their |\w+'s )+(?:[\w-]+ )?"
    r"(most \w+|\w{3,}(?<!\bw)(?<!inter)(?<!for)est)\b"
)
_HELD_BY = re.compile(  # "they believe that", "many ask why": what follows is theirs
    r"\b(?:they|he|she|some|many|others|critics|\w*[a-z]s|people|\w+ists) (?:\w+ly )?"
    r"(?:believ\w*|claim\w*|think\w*|thought|alleg\w*|ask(?:s|ed)?(?: (?:me|us))?|argu\w*|den(?:y|ies|ied)|accus\w*"
    r"|pretend\w*|fear\w*|assume\w*)\b",
    re.IGNORECASE,
)
_MEASURED = re.compile(r"[,;:!?] |\. (?=[A-Z])|\b(?:and|but|although|though|while|whereas)\b")
_FIRST_OF_ALL = re.compile(
    r"\b(first|last|only|largest|biggest|greatest|highest|lowest|best|worst|most \w+) (?:[\w-]+ ){0,4}?([\w-]+) "
    r"((?:to|in|of|since|among|outside)(?: (?!(?:is|are|was|were|will|has|have|had)\b)[\w'-]+){1,5})"
)
_UNITS = re.compile(r"\d+|%|\bper ?cent\b")
_DENIED = re.compile(r"\b(?:not|never|no|without)(?: to| be| been)? \w+")  # "so as not to undermine" opposes nothing
_GIVEN_AS_CAUSE = re.compile(
    r"\b(?:because(?: of)?|due to|owing to|on account of|thanks to|as a result of|stems? from|caused by|driven by)\b"
)
_LASTED = re.compile(
    r"\bfor (?:over |more than |about |nearly |almost |the last |the past )?(\w+ (?:years?|months?|weeks?|days?|decades?))\b"
)
_AGO = re.compile(r"\b(\w+ (?:years?|months?|weeks?|days?|decades?)) ago\b")
_NEGATIVE = ("un", "non", "dis", "il", "ir")
_CURRENCIES = {"$": "dollars", "€": "euros", "£": "pounds"}
_CURRENCY = re.compile(r"([$€£])(\d[\d,.]*\d|\d)((?: (?:million|billion|trillion))?)")
FULL_CLAUSE = 4  # content words; fewer are a phrase that belongs to the clause beside it: "for 25 years,"
RARE = 3.0  # on the scale of information: a capitalised word that opens a sentence and is rarer than this is a name


def changed(said: str, source: str, speaking: str) -> Change | None:
    """Return the first way in which what *said* claims is not what *source* claims, or None. Both are plain.

    *speaking* names those who say "we" in *source*.
    """
    said, source = _unfolded(said), _unfolded(source)
    checks: tuple[tuple[Change, Callable[[str, str], bool]], ...] = (
        ("number", _numbers_held),
        ("number", _numbers_beside_their_own),
        ("speaker", lambda said, source: _speakers_held(said, source, speaking)),
        ("name", lambda said, source: _names_held(said, f"{source} . {speaking}")),
        ("negation", _negations_held),
        ("kind", _kinds_held),
        ("kind", _all_of_the_same),
        ("kind", _causes_held),
        ("kind", _superlatives_held),
        ("speaker", _still_attributed),
        ("opposite", _no_opposites),
        ("order", lambda said, source: not told_otherwise(said, source, speaking)),
        ("kind", _still_restricted),
        ("kind", _still_the_cause),
        ("number", _still_how_long),
    )
    return next((change for change, held in checks if not held(said, source)), None)


def _unfolded(text: str) -> str:
    """Return *text* without a "not" that negates nothing, and with one form for what is written in several."""
    text = (
        re.sub(r"\bnot (?:only|just)\b", "both", re.sub(r"\s+", " ", text))
        .replace("United Nations", "UN")
        .replace("Secretary General", "Secretary-General")
    )
    text = re.sub(r"\bnon-(?=[a-z])", "non", text)
    text = re.sub(r"\b[Mm]ore often than not\b", "usually", text)
    return re.sub(r"\brather (\w[^,;.]*?) than\b", r"\1 instead of", text)


def numbers(text: str) -> frozenset[float]:
    """Return the values of the numbers of *text*, in digits and in words."""
    return frozenset(value for value, *_ in _numbers(text))


def negated(text: str) -> list[set[str]]:
    """Return, for each negation of *text*, the stems of the content words that it reaches: to the end of its clause."""
    reaches = []
    for match in word_lists().negations.finditer(text):
        clause = _CLAUSE_END.search(text, match.end())
        reach = words(text[match.end() : clause.start() if clause else len(text)])[:5]
        reaches.append({term_of(word) for word in reach})
    return reaches


def content_words(text: str) -> list[str]:
    """Return the words of *text* in order that claim something which `changed` does not compare."""
    named = {word.lower() for word in _names(text)}  # compared one by one, and under other forms: "we", "Afghans"
    lists = word_lists()
    claims_nothing = (lists.reporting, lists.speech_acts, lists.light, *lists.kinds.values())
    return [word for word in words(text) if not (word in named or word.isdigit() or any(p.fullmatch(word) for p in claims_nothing))]


def says_we(text: str) -> bool:
    """Tell whether *text* is in the first person."""
    return _WE.search(text) is not None


# --- what is compared


def _numbers(text: str) -> list[tuple[float, tuple[str, ...], tuple[str, ...]]]:
    """Return each number of *text* with what it may count, and with all the words after it in its clause, up to the next number."""
    lists = word_lists().numbers
    text = _CURRENCY.sub(lambda money: f"{money[2]}{money[3]} {_CURRENCIES[money[1]]}", text)
    plain = re.sub(r"(\d)(?:st|nd|rd|th)\b", r"\1", text.replace("%", " percent").replace("per cent", "percent"))
    tokens = [(match.group(), match.start(), match.end()) for match in _TOKEN.finditer(plain)]
    found = []
    for at, (token, _, end) in enumerate(tokens):
        value = lists.get(token.lower()) if not token[0].isdigit() else float(token.replace(",", ""))
        if value is None:
            continue
        if token.lower() in _PLACES and not re.match(r" (?!and |or )\w", plain[end:]):
            continue  # "put dialogue first" and "First, we" count nothing
        clause = _CLAUSE_END.search(plain, end)
        after = [t for t, start, _ in tokens[at + 1 :] if clause is None or start < clause.start()]
        of = after[:1] == ["of"]  # "two of our largest plants", "hundreds of billions"
        until = next((place for place, word in enumerate(after) if place > of and word.lower() in (*lists, "one")), len(after))
        following = _WORD.findall(" ".join(after[:until]).lower())
        content = [
            "people" if word == "who" else word for word in following if word == "who" or (word not in stop_words() and word not in lists)
        ]
        labels = at and token[0].isdigit() and tokens[at - 1][0].isupper() and len(tokens[at - 1][0]) > 1  # "SDG 1" counts nothing
        counts = content and not labels and not (at + 1 < len(tokens) and tokens[at + 1][0].lower() in _JOINTS)
        counted = content[: 4 if of else 1] if counts and content[0] not in _COUNT_NOTHING else []
        found.append((float(value), tuple(counted), tuple(content)))
        if following[:1] in (["decade"], ["decades"]):
            found.append((10 * float(value), (), ("years",)))
    return found


def _numbers_held(draft: str, source: str) -> bool:
    """Tell whether every number of *draft* stands in *source*, and counts there what it counts here."""
    held = _numbers(source)
    return all(
        any(
            value == other and (value in _YEARS or not counted or any(alike(c, n) for c in counted for n in near))
            for other, _, near in held
        )
        for value, counted, _ in _numbers(draft)
    )


def _numbers_beside_their_own(draft: str, source: str) -> bool:
    """Tell whether no number of *draft* is told of what in *source* another number is told of."""

    def clauses(text: str) -> list[tuple[frozenset[float], set[str]]]:
        return [(numbers(clause) - set(_YEARS), stems(_UNITS.sub(" ", clause))) for clause in _MEASURED.split(text)]

    there = clauses(source)
    for values, said in clauses(draft):
        for value in values:
            own = [stems for others, stems in there if value in others]
            elsewhere = max(
                (len(said & stems) for others, stems in there if others and value not in others and not others & values), default=0
            )
            if own and all(len(stems) >= FULL_CLAUSE and elsewhere > len(said & stems) for stems in own):
                return False
    return True


def _still_restricted(draft: str, source: str) -> bool:
    """Tell whether what *draft* calls the first, the last or the largest is so in all that *source* says it of: "in South America"."""
    said = stems(draft)
    for most, thing, where in _FIRST_OF_ALL.findall(source):
        if re.search(rf"\b{most} (?:[\w-]+ ){{0,4}}{re.escape(thing)}\b", draft) and stems(where) and not stems(where) & said:
            return False
    return True


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
    speech = word_lists().speech.pattern
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
        if word.lower() in word_lists().states or named:
            found.append(word)
    return found


@cache
def _of_a_state(word: str) -> bool:
    return any(same_name(word, state.capitalize()) for state in word_lists().states)


def _rare(word: str) -> bool:
    return information(word.lower()) > MAX_INFORMATION - RARE


def _names_held(draft: str, source: str) -> bool:
    """Tell whether every name of *draft* stands in *source*, as it is, as an adjective, as an acronym or written out."""
    tokens = re.findall(r"[^\W\d_]+", source)
    capitals = [token for token in tokens if token[0].isupper()]
    initials = "".join(token[0] for token in capitals)
    written = {term_of(token.lower()) for token in tokens}
    expanded = set(re.findall(r"[A-Z]\w+", "Shanghai Cooperation Organisation")) if "SCO" in capitals else set()
    expanded |= {"United", "Nations"} if "UN" in capitals else set()
    expanded |= {"SCO"} if "Organisation" in capitals else set()

    def held(name: str) -> bool:
        if name in expanded or name in ("SCO", "Organisation", "Secretary", "General"):  # those are the speakers' check
            return True
        if name.rstrip("s").isupper() and len(name) > 1:
            return name in capitals or name.rstrip("s") in (initials, *capitals) or name.rstrip("s") in initials
        return term_of(name.lower()) in written or any(same_name(name, other) for other in capitals)

    return all(held(name) for name in _names(draft))


def _negations_held(draft: str, source: str) -> bool:
    """Tell whether *draft* negates what *source* negates, and nothing else."""
    here, there = negated(draft), negated(source)
    prefixed = [word.removeprefix(prefix) for word in words(source) for prefix in _NEGATIVE if word.startswith(prefix)]

    def near(reach: set[str], other: set[str]) -> bool:
        shared = sum(any(alike(word, same) for same in other) for word in reach)
        return 2 * shared > min(len(reach), len(other)) or (shared > 1 and 2 * shared >= min(len(reach), len(other)))

    def held(reach: set[str]) -> bool:
        return any(near(reach, other) for other in there) or any(
            alike(word, base)
            for word in reach
            for base in prefixed
            if len(base) > 3  # "not listened to", "unheard"
        )

    if not all(held(reach) for reach in here) and not (_WITHOUT.search(draft) and word_lists().kinds["must"].search(source)):
        return False
    said = stems(draft)
    return all(any(reach & other for other in here) or not reach or len(reach & said) < 0.6 * len(reach) for reach in there)


def _kinds_held(draft: str, source: str) -> bool:
    """Tell whether every kind of word in *draft* - "all", "because", "must", "last" - is in *source* too, or implied there."""
    lists = word_lists()
    draft, source = (re.sub(r"(percent|%|per cent|part|half) of all\b", r"\1 of", text) for text in (draft, source))
    for name, pattern in lists.kinds.items():
        if pattern.search(draft) and not pattern.search(source):
            implied = lists.implied.get(name)
            if implied is None or not implied.search(source):
                return False
    return True


def _all_of_the_same(draft: str, source: str) -> bool:
    """Tell whether *draft* says "all" or "every" of what *source* says it of, and of nothing that it says "some" or "most" of."""
    there = [word for match in _EACH.finditer(source) for word in words(source[match.end() :])[:2]]
    here = [word for match in _EACH.finditer(draft) for word in words(draft[match.end() :])[:1]]
    lists = word_lists().kinds
    fewer = [word for kind in ("some", "most") for match in lists[kind].finditer(source) for word in words(source[match.end() :])[:1]]
    if any(alike(word, other) for word in here for other in fewer if not any(alike(word, each) for each in there)):
        return False
    return not there or all(any(alike(word, other) for other in there) for word in here)


def _causes_held(draft: str, source: str) -> bool:
    """Tell whether what *draft* gives as a cause stands in *source*."""
    held = words(source)
    causes = [words(draft[match.end() :])[:2] for match in word_lists().kinds["cause"].finditer(draft)]
    return all(any(alike(word, other) for other in held) or not information(word) for cause in causes for word in cause)


def _still_the_cause(draft: str, source: str) -> bool:
    """Tell whether what *draft* gives as the cause of something follows "because" or the like in *source*, if that has such a word."""
    given = _GIVEN_AS_CAUSE.search(source)
    if given is None:
        return True
    causes = [words(draft[match.end() :])[:2] for match in _GIVEN_AS_CAUSE.finditer(draft)]
    held = words(source[given.end() :])
    return all(not cause or any(alike(word, other) for word in cause for other in held) for cause in causes)


def _still_how_long(draft: str, source: str) -> bool:
    """Tell whether nothing lasts in *draft* as long as *source* says that something is past: "for 70 years", "70 years ago"."""
    lasted, past = _LASTED.findall(draft), _AGO.findall(source)
    return not any(span in past and span not in _LASTED.findall(source) for span in lasted)


def _superlatives_held(draft: str, source: str) -> bool:
    """Tell whether *draft* calls nothing the largest that *source* calls one of the largest."""
    found = [(one_of, word.lower()) for one_of, word in _SUPERLATIVE.findall(source)]
    among = {term_of(word) for one_of, word in found if one_of} - {term_of(word) for one_of, word in found if not one_of}
    return not any(not one_of and term_of(word.lower()) in among for one_of, word in _SUPERLATIVE.findall(draft))


def _still_attributed(draft: str, source: str) -> bool:
    """Tell whether *draft* says on nobody's behalf what in *source* others believe, claim or ask."""
    held = _HELD_BY.search(source)
    if held is None or _HELD_BY.search(draft) or re.search(r"\b(?:they|them|he|him|she|her)\b", draft, re.IGNORECASE):
        return True
    theirs, own = stems(source[held.end() :]), stems(source[: held.start()])
    said = stems(draft)
    lists = word_lists()
    return any(lists.reporting.fullmatch(word) for word in words(draft)) or len(said & theirs - own) < 0.6 * len(said)


def _no_opposites(draft: str, source: str) -> bool:
    """Tell whether *draft* uses no word whose opposite stands in *source* without it."""
    affirmed = _DENIED.sub(" ", source)
    for one, other in word_lists().opposites:
        if one.search(draft) and not other.search(draft) and other.search(affirmed) and not one.search(source):
            return False
    return not (_prefixed(draft, source) or _prefixed(source, draft) or _opposite_beside(draft, source))


def _prefixed(one: str, other: str) -> bool:
    """Tell whether *one* has the opposite, made by a prefix, of a word of *other*, and not that word itself."""
    here, there = stems(one), stems(_DENIED.sub(" ", other))
    bare = {
        term_of(word.removeprefix(prefix))
        for word in words(one)
        for prefix in _PREFIXES
        if word.startswith(prefix) and len(word) > len(prefix) + 3 and term_of(word) not in there
    }
    return bool(bare & there - here)


def _opposite_beside(draft: str, source: str) -> bool:
    """Tell whether a word of *draft* stands in *source*, but beside its neighbour there its opposite stands: "peace is an invasion"."""
    here, there = (list(pairwise(words(text))) for text in (draft, source))
    kept = {(term_of(one), term_of(two)) for one, two in there}
    return any(
        not any(alike(one, before) and alike(two, after) for before, after in there)
        for one, two in here
        if (term_of(one), term_of(two)) not in kept
        for left, right in there
        if (term_of(one) == term_of(left) and _opposed(two, right)) or (term_of(two) == term_of(right) and _opposed(one, left))
    )


@cache
def _opposed(one: str, other: str) -> bool:
    return any(left.fullmatch(one) and right.fullmatch(other) for left, right in word_lists().opposites)
