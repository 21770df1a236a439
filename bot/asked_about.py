"""Turns a question that merely asks what is said or thought of a subject into that subject.

Knows nothing of search, nor of the conversation before. The words of asking are data: prompts/asking/; words of grammar, by whose
place a subject is told, stand here. docs/decisions/026 has how well they know such questions.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Literal, cast

from bot.data import read_data
from index.document import Description
from index.terms import lowered, stop_words, term_of, terms

MOST_WORDS = 8  # of a subject; what is longer says something of it
ACRONYM = range(3, 7)  # letters; fewer fit too many words by chance

_FILE = Path(__file__).resolve().parent.parent / "prompts" / "asking" / "en.yaml"
_WORD = re.compile(r"\w+(?:['’-]\w+)*")
_CONTRACTED = re.compile(r"'.*$")  # and the mark of whose something is
_BREAK = re.compile(r"[,;:?!()]")
_HEADS = frozenset(("who", "whom", "whose", "what", "when", "where", "which", "why", "how"))
_WHICH = ("what", "which")
_AUXILIARIES = frozenset((
    "is", "are", "was", "were", "be", "been", "does", "do", "did", "has", "have", "had", "will", "would", "can", "could", "should", "may",
    "might", "must",
))  # fmt: skip
_LEADING_ON = frozenset(("about", "of", "on", "over", "regarding", "concerning"))  # from a word of asking to the subject
_ON = ("on", "against", "about", "concerning", "regarding", "for", "and", "to")  # before what a title is about
_PLACING = ("in", "at", "from", "by", "during", "since")  # before where and when something was said
_ARTICLES = ("a", "an", "the")
_DO = ("do", "does", "did")
_JOINING = ("of", "in", "with")  # join what stands before to the subject
_PRONOUNS = frozenset(("it", "its", "them", "they", "this", "that", "these", "those", "him", "her", "he", "she"))


Kind = Literal["name", "asking", "empty", "subject"]


@dataclass(frozen=True, slots=True)
class Whose:
    """Words for those whose position is asked: surely so, and acronyms, in lower case; perhaps, as terms."""

    names: frozenset[str]
    acronyms: frozenset[str]
    titles: frozenset[str]


NOBODY = Whose(frozenset(), frozenset(), frozenset())


@dataclass(frozen=True, slots=True)
class _Lexicon:
    """The patterns of prompts/asking/, and its words as stems."""

    phrases: re.Pattern[str]
    detail: re.Pattern[str]
    asking: frozenset[str]
    besides: frozenset[str]
    beside_a_subject: frozenset[str]
    of_a_subject: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Word:
    """A word of a question: its place in characters, itself in lower case, what it is there for, and whether it joins a subject."""

    start: int
    end: int
    plain: str
    kind: Kind
    beside: bool


@cache
def _lexicon() -> _Lexicon:
    loaded = cast(dict[str, str], read_data(_FILE))
    phrases, detail = (re.compile(loaded[name], re.IGNORECASE) for name in ("phrases", "detail"))
    lists = (frozenset(map(term_of, loaded[name].split())) for name in ("asking", "besides", "beside_a_subject", "of_a_subject"))
    return _Lexicon(phrases, detail, *lists)


def _plain(word: str) -> str:
    return _CONTRACTED.sub("", lowered(word))


def whose_documents(descriptions: Iterable[Description]) -> Whose:
    """Return those whose positions the documents of *descriptions* hold: their speakers, and what their titles name."""
    names: set[str] = set()
    acronyms: set[str] = set()
    titles: set[str] = set()
    for one in descriptions:
        speaker = (one.speaker or "").partition(",")[0]  # what follows a comma is an office
        names.update(_plain(word) for word in _WORD.findall(speaker) if _plain(word) not in stop_words())
        acronyms.update(_plain(word) for word in _acronyms(one.title))
        titles.update(terms(one.title))
    return Whose(frozenset(names), frozenset(acronyms), frozenset(titles))


def _acronyms(title: str) -> list[str]:
    """Return the acronyms in *title* that are not what it is on; none where all of it is in capitals."""
    if title.isupper():
        return []
    words = ["", *_WORD.findall(title)]
    return [word for before, word in pairwise(words) if word.isupper() and len(word) > 1 and before.lower() not in _ON]


def asks_of_nothing(sentence: str) -> bool:
    """Tell whether *sentence* holds words of asking alone, be it with a name in capitals: "What is the view of AMU?", "Any idea?"."""
    lexicon = _lexicon()
    words = [word for word in _WORD.findall(lexicon.phrases.sub(" ", sentence)) if _plain(word) not in stop_words()]
    asking = any(term_of(_plain(word)) in lexicon.asking for word in words)
    rest = [word for word in words if not (asking and word.isupper() and len(word) > 1)]
    return all(term_of(_plain(word)) in lexicon.asking | lexicon.besides | lexicon.beside_a_subject for word in rest)


def subject_left(question: str, whose: Whose = NOBODY) -> str:
    """Return the one piece of *question* that is left when the words of asking are taken away, or "" if there is none, or are several.

    *whose* words are taken away with them.
    """
    words = _read(question, whose)
    asking = any(word.kind == "asking" for word in words)
    if _lexicon().detail.search(question) or _asks_for_some(words) or not (asking or _is_search(words)):
        return ""
    first, last = _reach(words)
    if last < first:
        return ""
    if first == 0 and last == len(words) - 1 < MOST_WORDS and _is_search(words):
        return question  # the subject alone, and no mark of the question's taken away
    piece = question[words[first].start : words[last].end]
    broken = any(word.kind == "name" or word.plain in _AUXILIARIES for word in words[first : last + 1]) or _BREAK.search(piece)
    before = [word.plain for word in words[:first] if word.plain not in _ARTICLES]
    placed = before[-1:] and before[-1] in _PLACING and term_of(before[-2] if before[1:] else "") != "look"  # "look at" views
    detail = first > 0 and (words[first - 1].plain in _WHICH or placed or _is_holder(words, first, last))
    return "" if broken or detail or last - first >= MOST_WORDS else piece


def only_asks(question: str, subject: str, whose: Whose) -> bool:
    """Tell whether *question* holds nothing beside its *subject* but words of asking and *whose* words: nobody else's position is asked."""
    start = question.find(subject)
    return all(word.kind != "subject" or start <= word.start < start + len(subject) for word in _read(question, whose))


def _is_holder(words: Sequence[_Word], first: int, last: int) -> bool:
    """Tell whether what stands from *first* to *last* holds the position that is asked: "what does X say?"."""
    after = words[last + 1] if last + 1 < len(words) else None
    asks_on = after is not None and after.kind == "asking" and term_of(after.plain) not in _lexicon().of_a_subject
    return words[first - 1].plain in _DO and asks_on


def _read(question: str, whose: Whose) -> list[_Word]:
    """Return the words of *question* without the phrases that are taken away, each with what it is there for."""
    lexicon = _lexicon()
    text = lexicon.phrases.sub(lambda match: " " * len(match.group()), question)  # so that nothing moves
    matches = list(_WORD.finditer(text))
    plain = [_plain(match.group()) for match in matches]
    named = {at for at, word in enumerate(plain) if word in whose.names or word in whose.acronyms}
    named.update(_written_out(plain, whose.acronyms))
    words = []
    for at, (match, word) in enumerate(zip(matches, plain, strict=True)):
        shouted = match.group().isupper() and len(word) > 1 and not question.isupper()  # "US" is not "us"
        stem, grammar = term_of(word), not word or (word in stop_words() and not shouted)
        beside = not grammar and (stem in lexicon.beside_a_subject or stem in whose.titles or word.isdigit())
        empty = grammar or beside or stem in lexicon.besides
        kind: Kind = "name" if at in named else "asking" if stem in lexicon.asking else "empty" if empty else "subject"
        words.append(_Word(match.start(), match.end(), word, kind, beside and at not in named))
    return words


def _is_search(words: Sequence[_Word]) -> bool:
    """Tell whether *words* are some of a search: neither a question nor a sentence."""
    return not any(word.plain in _HEADS or word.plain in _AUXILIARIES for word in words)


def _asks_for_some(words: Sequence[_Word]) -> bool:
    """Tell whether *words* ask for what may stand beside a subject: "which countries ..."."""
    return any(word.plain in _WHICH and after.beside for word, after in pairwise(words))


def _reach(words: Sequence[_Word]) -> tuple[int, int]:
    """Return the places of the first and the last of *words* that belong to the subject; the last is -1 if none does."""
    places = [at for at, word in enumerate(words) if word.kind == "subject"]
    led = [at for at in range(len(words) - 2) if words[at].kind == "asking" and words[at + 1].plain in _LEADING_ON]
    led = [at for at in led if words[at + 2].plain not in _PRONOUNS and any(place > at for place in places)]
    if led:  # "... a position on X": what stands before is the speaker's own business
        places = [at for at in places if at > led[-1]]
    if not places:
        return 0, -1
    first = places[0]
    last = max(at for at in places if all(word.plain != "as" for word in words[first:at]))  # "X as a threat": that is said of it
    while first > 0 and words[first - 1].beside:
        first -= 1
    while last + 1 < len(words) and words[last + 1].beside:
        last += 1
    if first > 1 and words[first - 1].plain in _JOINING and words[first - 2].beside and words[first - 2].kind != "asking":
        first -= 2  # "the government in X"
    return first, last


def _written_out(words: Sequence[str], acronyms: Collection[str]) -> Iterable[int]:
    """Yield the places of those *words* whose initials, without words of grammar, are one of the *acronyms*."""
    places = [at for at, word in enumerate(words) if word and word not in stop_words()]
    for length in ACRONYM:
        for begin in range(len(places) - length + 1):
            run = places[begin : begin + length]
            if "".join(words[at][0] for at in run) in acronyms:
                yield from run
