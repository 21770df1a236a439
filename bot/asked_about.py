"""Turns a question that merely asks what is said or thought of a subject into that subject.

Knows nothing of search, nor of the conversation before. The words of asking are data: prompts/asking/. docs/decisions/026
has how well they know such questions.
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
_JOINING = ("of", "in", "with")  # join what stands before to the subject
_PRONOUNS = frozenset(("it", "its", "them", "they", "this", "that", "these", "those", "him", "her", "he", "she"))


Kind = Literal["name", "asking", "empty", "subject"]


@dataclass(frozen=True, slots=True)
class Whose:
    """Words for those whose position is asked: surely so, in lower case, and perhaps, as terms."""

    names: frozenset[str]
    titles: frozenset[str]


NOBODY = Whose(frozenset(), frozenset())


def whose_documents(descriptions: Iterable[Description]) -> Whose:
    """Return those whose positions the documents of *descriptions* hold: their speakers, and what their titles name."""
    names: set[str] = set()
    titles: set[str] = set()
    for one in descriptions:
        named = _WORD.findall(one.speaker or "")
        acronyms = [word for word in _WORD.findall(one.title) if word.isupper() and len(word) > 1]
        names.update(_plain(word) for word in (*named, *acronyms))
        titles.update(terms(one.title))
    return Whose(frozenset(names), frozenset(titles))


def asks_of_nothing(sentence: str) -> bool:
    """Tell whether *sentence* holds words of asking alone, be it with a name in capitals: "What is the view of AMU?", "Any idea?"."""
    lexicon = _lexicon()
    words = [word for word in _WORD.findall(lexicon.phrases.sub(" ", sentence)) if _plain(word) not in stop_words()]
    asking = any(term_of(_plain(word)) in lexicon.asking for word in words)
    rest = [word for word in words if not (asking and word.isupper() and len(word) > 1)]
    return all(term_of(_plain(word)) in lexicon.asking | lexicon.besides | lexicon.beside_a_subject for word in rest)


@dataclass(frozen=True, slots=True)
class _Lexicon:
    """The patterns of prompts/asking/, and its words as stems."""

    phrases: re.Pattern[str]
    detail: re.Pattern[str]
    asking: frozenset[str]
    besides: frozenset[str]
    beside_a_subject: frozenset[str]


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
    asking, besides, beside = (frozenset(map(term_of, loaded[name].split())) for name in ("asking", "besides", "beside_a_subject"))
    return _Lexicon(phrases, detail, asking, besides, beside)


def _plain(word: str) -> str:
    return _CONTRACTED.sub("", lowered(word))


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
    if first == 0 and last == len(words) - 1:
        return question  # words of a search, the subject alone
    piece = question[words[first].start : words[last].end]
    broken = any(word.kind == "name" or word.plain in _AUXILIARIES for word in words[first : last + 1]) or _BREAK.search(piece)
    picked = first > 0 and words[first - 1].plain in _WHICH  # "what office": which of them is asked
    return "" if broken or picked or last - first >= MOST_WORDS else piece


def _read(question: str, whose: Whose) -> list[_Word]:
    lexicon = _lexicon()
    text = lexicon.phrases.sub(lambda match: " " * len(match.group()), question)  # so that nothing moves
    matches = list(_WORD.finditer(text))
    plain = [_plain(match.group()) for match in matches]
    named = {at for at, word in enumerate(plain) if word in whose.names} | set(_written_out(plain, whose.names))
    words = []
    for at, (match, word) in enumerate(zip(matches, plain, strict=True)):
        stem, grammar = term_of(word), word in stop_words() or not word
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


def _written_out(words: Sequence[str], names: Collection[str]) -> Iterable[int]:
    """Yield the places of those *words* whose initials, without words of grammar, are an acronym among *names*."""
    places = [at for at, word in enumerate(words) if word and word not in stop_words()]
    for acronym in names:
        if len(acronym) not in ACRONYM:
            continue
        for begin in range(len(places) - len(acronym) + 1):
            run = places[begin : begin + len(acronym)]
            if "".join(words[at][0] for at in run) == acronym:
                yield from run
