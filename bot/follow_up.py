"""Step 1, in a conversation: turns a message and the visitor's messages before it into what is wanted, and where.

Knows nothing of search, and takes nothing from what the assistant is said to have answered. The patterns and words that
tell a follow-up are data: prompts/follow_ups/. They are words of conversation, none of any corpus.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Literal, cast

from bot.asked_about import NOBODY, Whose, subject_left
from bot.conversation import Conversation
from bot.courtesy import small_talk_kind
from bot.data import read_data
from bot.errors import QuestionError
from bot.languages import english_twin, language_of
from bot.question import check_question
from index.in_context import in_context, without_ending
from index.terms import terms

MAX_REQUEST_LENGTH = 200  # characters; what is longer says its subject
MAX_CONTEXT_LENGTH = 200  # characters of an earlier question that are carried over
READ_TURNS = 24  # the last turns, of both sides, that are understood anew; some 0.2 ms each, and nobody was met who went further back
MAX_PIECE_WORDS = 6  # a fragment of more words says what it is about by itself
UNPOINTED_FROM = 3  # words that name a subject: of so many, or with a name, a question in which nothing points back stands alone
WHOLE_FROM = 4  # words that name a subject: a message of so many says what it asks, whatever its "it" may point at

_FOLDER = Path(__file__).resolve().parent.parent / "prompts" / "follow_ups"
_I = re.compile(r"I\b")  # has a capital, and is no name
_LATIN_LETTER = re.compile(r"[A-Za-z]")

Wish = Literal["answer", "source", "more", "summary", "unclear"]


@dataclass(frozen=True, slots=True)
class Understood:
    """What a message wants, and the question that it comes down to, said with all that its words refer to.

    ``alone`` are the message's own words where the question also holds words of an earlier one: search weighs both.
    ``leans`` tells that it does. ``setting`` are the questions before a whole one: whoever asks on mostly asks of the same place, and
    leaves out whose. ``root`` is the question that later follow-ups take up, ``last`` a question asked since that they take up
    beside it, ``opening`` the one that names whose matter it is, or the first. ``earlier`` holds what is asked again: for a
    summary all that was asked, for a source the one question. ``turn`` is the place of the message among the conversation's turns.
    """

    wish: Wish
    question: str
    root: str
    alone: str | None = None
    earlier: tuple["Understood", ...] = ()
    turn: int = 0
    last: str = ""
    leans: bool = False
    setting: tuple[str, ...] = ()
    opening: str = ""


@dataclass(frozen=True, slots=True)
class _Language:
    """The compiled patterns of one language."""

    patterns: Mapping[str, re.Pattern[str]]
    no_subject: frozenset[str]
    documents: frozenset[str]

    def match(self, name: str, text: str) -> re.Match[str] | None:
        return self.patterns[name].fullmatch(text)

    def find(self, name: str, text: str) -> re.Match[str] | None:
        return self.patterns[name].search(text)


@cache
def _language(name: str) -> _Language:
    loaded = cast(dict[str, str | list[str]], read_data(_FOLDER / f"{name}.yaml"))
    words = {key: frozenset(terms(f"{loaded.pop(key)}")) for key in ("no_subject", "documents")}
    alternatives = {key: value if isinstance(value, list) else [value] for key, value in loaded.items()}
    return _Language(
        {
            key: re.compile("|".join(f"(?:{_apart(line, at)})" for at, line in enumerate(lines)), re.I)
            for key, lines in alternatives.items()
        },
        words["no_subject"],
        words["documents"],
    )


def _apart(line: str, number: int) -> str:
    """Return *line* with its groups named apart, since a group may be named once only in a pattern of alternatives."""
    return re.sub(r"\(\?P<(\w+)>", rf"(?P<\1_{number}>", line)


def _group(match: re.Match[str], name: str) -> str:
    """Return what the group *name* holds in whichever alternative matched, without white space and final marks."""
    held = next((value for key, value in match.groupdict().items() if key.rpartition("_")[0] == name and value is not None), "")
    return without_ending(held).strip()


def understand(message: str, conversation: Conversation) -> Understood:
    """Return what *message*, a checked question, wants after the turns of *conversation*.

    A message that stands alone, or is small talk, comes back as it is. Only the visitor's own turns are read.
    """
    earlier: list[Understood] = []
    for at, turn in list(enumerate(conversation.turns))[-READ_TURNS:]:
        talk = small_talk_kind(turn.content) if turn.role == "user" else ""
        if talk == "clear":
            earlier.clear()
        if talk is not None:
            continue
        try:
            asked = check_question(turn.content)
        except QuestionError:  # a client's history may hold what could not have been asked
            continue
        question = english_twin(asked) or asked
        if language_of(question) != "en":  # the patterns can take nothing up from it
            continue
        understood = _understand(question, earlier)
        if understood.wish == "source":
            earlier.append(understood.earlier[0])  # what it asked again is what "it" now refers to
        elif understood.wish in ("answer", "more"):
            earlier.append(replace(understood, turn=at))
    if small_talk_kind(message) not in (None, "documents"):  # "sources?" asks for those of the last answer
        return _fresh(message)
    return _understand(english_twin(message) or message, earlier)


def subject_asked(question: str, whose: Whose = NOBODY) -> str:
    """Return the subject of *question* if the rest merely asks what is said of it, be it by those of *whose* words, or ""."""
    language = _language("en")
    topic = _topic(question, language) or subject_left(question, whose)
    return topic if _subject(topic, language) and not _points_back(topic, language) else ""


def _understand(message: str, earlier: Sequence[Understood]) -> Understood:
    language = _language("en")
    typed = " ".join(message.split())
    rest = _opened(typed, language)
    if len(rest) <= MAX_REQUEST_LENGTH:
        if earlier and (change := language.patterns["change_of_subject"].match(rest)):
            new = _opened(rest[change.end() :].lstrip(" .,;:!?-–—"), language)
            return _fresh(new) if _subject(new, language) else _understand(new or message, ())
        if earlier and (back := language.match("return", rest)):
            return _back(_group(back, "subject"), _opened(_rest(back), language), earlier, language)
        if earlier and (correction := language.match("correction", rest)):
            return _follow_up(_rest(correction), earlier, language) or _set(_rest(correction), earlier[-1])
        if request := _request(rest, earlier, language):
            return request
    if not _subject(rest, language):
        return _joined(rest, earlier[-1]) if earlier else Understood("unclear", message, message)
    if not earlier:
        return _fresh(message)
    return _follow_up(rest, earlier, language) or _set(message, earlier[-1])


def _fresh(question: str) -> Understood:
    return Understood("answer", question, question, opening=question)


def _set(question: str, past: Understood) -> Understood:
    """Return what the whole *question* wants, asked after *past*."""
    before = tuple(asked for asked in dict.fromkeys([past.opening, past.root]) if asked and asked != question)
    return replace(_fresh(question), setting=before, opening=question if _has_name(question) else past.opening)


def _rest(match: re.Match[str]) -> str:
    """Return the group ``rest`` with its final marks, which tell a question."""
    return next((value for key, value in match.groupdict().items() if key.startswith("rest_") and value is not None), "").strip()


def _opened(text: str, language: _Language) -> str:
    """Return *text* without the words that merely open a message."""
    while (opener := language.patterns["openers"].match(text)) and text[opener.end() :].strip(" .,;:!?-–—"):
        text = text[opener.end() :].lstrip(" .,;:!?-–—")
    return text


def _bare(text: str, language: _Language) -> str:
    """Return *text* without final marks and the words that merely close a message."""
    return language.patterns["closers"].sub("", without_ending(text)).strip()


def _without(match: re.Match[str]) -> str:
    """Return the text that was searched without what *match* found."""
    return f"{match.string[: match.start()]} {match.string[match.end() :]}"


def _subject(text: str, language: _Language) -> set[str]:
    """Return the terms of *text* that can name a subject."""
    return set(terms(text)) - language.no_subject


def _request(text: str, earlier: Sequence[Understood], language: _Language) -> Understood | None:
    """Return what *text* wants if it asks for places, for more or for a summary, or None if it asks a question."""
    bare = _bare(text, language)
    subject = _subject(bare, language)
    last = earlier[-1] if earlier else None
    sums_up = language.find("summary", bare)
    if language.find("summary_so_far", bare) or (sums_up and not _subject(_without(sums_up), language)):
        return Understood("summary", text, "", earlier=tuple(dict.fromkeys(earlier))) if last else Understood("unclear", text, text)
    if not subject - language.documents and language.find("source", bare):
        return Understood("source", last.question, last.root, earlier=(last,)) if last else Understood("unclear", text, text)
    if about := language.match("more_on", bare):
        named = _group(about, "subject")
        if _subject(named, language) and (last is None or not _points_back(named, language)):
            return replace(_set(named, last) if last else _fresh(named), wish="more")
        if last and _subject(named, language):
            return replace(_joined(named, last), wish="more")
        return _more(last) if last else Understood("unclear", text, text)
    if not subject - language.documents and language.match("more", bare):
        return _more(last) if last else Understood("unclear", text, text)
    return None


def _more(last: Understood) -> Understood:
    return replace(last, wish="more", earlier=(), turn=0)


def _back(subject: str, rest: str, earlier: Sequence[Understood], language: _Language) -> Understood:
    """Return what *rest* wants of the earlier question that *subject* names."""
    named = _subject(subject, language)
    by_overlap = max(earlier, key=lambda past: len(named & set(terms(past.question))))  # the first of equals
    past = earlier[0] if language.find("first_subject", subject) else by_overlap
    if not terms(rest) and not language.find("question_heads", rest):
        return past
    if request := _request(rest, [past], language):
        return request
    if named and not language.find("first_subject", subject):
        return _with(rest, [subject], past.root)
    return _follow_up(rest, [past], language) or _set(rest, past)


def _follow_up(text: str, earlier: Sequence[Understood], language: _Language) -> Understood | None:
    """Return what *text* wants if it leans on one of the *earlier* questions, at least one, or None if it stands alone."""
    if not _LATIN_LETTER.search(text):
        return None  # neither words nor their order tell anything to English patterns
    past = earlier[-1]
    bare = _bare(text, language)
    piece_match = language.match("pieces", bare)
    piece = _group(piece_match, "piece") if piece_match else bare
    if (piece != bare and len(piece.split()) <= MAX_PIECE_WORDS) or _is_piece(bare, language):
        return _with_piece(piece, past, language)
    if (same := language.match("same_in", bare)) and language.match("named_document", document := _group(same, "document")):
        return _put_to(document, past, language)
    if language.match("asking_on", bare):
        return _joined(text, past)
    if len(_subject(bare, language)) >= WHOLE_FROM:
        return None
    own = _topic(text, language)
    if _subject(own, language) and not _points_back(own, language):
        return None  # "its position on X" names its subject: whose position it is, the one before need not tell
    if not _points_back(text, language):
        return None if _says_its_subject(bare, language) else replace(_joined(text, past), last=text)
    return _pointing_back(text, earlier, language)


def _pointing_back(text: str, earlier: Sequence[Understood], language: _Language) -> Understood:
    """Return what *text* wants, in which a word points at one of the *earlier* questions."""
    past = earlier[-1]
    if place := language.find("place", text):
        there = next((root for root in (one.root for one in reversed(earlier)) if _is_name(_topic(root, language))), "")
        if there:
            return Understood("answer", f"{text[: place.start()]}in {_topic(there, language)}{text[place.end() :]}", there, opening=there)
    topic = _topic(past.root, language)
    if topic and (seen := language.find("object", text)):
        return Understood(
            "answer", f"{text[: seen.start()]}{_whole(seen, 'before')} {topic}{text[seen.end() :]}", past.root, opening=past.opening
        )
    return _joined(text, past)


def _says_its_subject(bare: str, language: _Language) -> bool:
    """Tell whether *bare*, in which nothing points back, is a whole question; "which states take part?" is about what was asked before.

    A whole one has several words that name a subject, a name, or words within that an "it" points at.
    """
    return _has_name(bare) or len(_subject(bare, language)) >= UNPOINTED_FROM or bool(language.find("pointing", bare))


def _has_name(text: str) -> bool:
    """Tell whether a word of *text* has a capital that opens no sentence; names written without one are not known for such."""
    return any(
        word[:1].isupper() and not _I.match(word) and not before.endswith((".", "?", "!", ":")) for before, word in pairwise(text.split())
    )


def _is_piece(bare: str, language: _Language) -> bool:
    """Tell whether *bare*, a message without its closing words, is a few words that ask nothing by themselves."""
    if len(bare.split()) > MAX_PIECE_WORDS:
        return False
    return not language.patterns["question_heads"].match(bare) and not language.find("asks_at_last", bare)


def _with_piece(piece: str, past: Understood, language: _Language) -> Understood:
    """Return what a *piece* wants that was said after *past*."""
    if document := language.match("named_document", piece):
        return _put_to(_group(document, "document"), past, language)
    narrows = language.patterns["narrowing"].match(piece) or _points_back(piece, language)
    frame = language.match("frames", without_ending(past.root))
    if frame and not narrows:
        framed = f"{_whole(frame, 'frame')} {piece}?"
        whose = (past.opening,) if past.opening not in ("", past.root) and not _has_name(framed) else ()
        return replace(_fresh(framed), setting=whose, opening=whose[0] if whose else framed)
    if not narrows and _is_piece(past.root, language):
        return _fresh(piece)  # one search after another
    joined = _joined(piece, past)
    if narrows or not _subject(piece, language) - language.documents:
        return replace(joined, alone=None)  # it asks nothing that sentences could be read for
    return joined


def _put_to(document: str, past: Understood, language: _Language) -> Understood:
    """Return what *past* wants, put to *document*."""
    question, root = _named(document, past.question, language), _named(document, past.root, language)
    alone = None if past.alone is None else _named(document, past.alone, language)
    return replace(past, wish="answer", question=question, root=root, alone=alone, earlier=(), turn=0)


def _named(document: str, question: str, language: _Language) -> str:
    """Return *question* with *document* in place of the one that it names, or behind it if it names none."""
    if named := language.find("named_document", question):
        start, end = named.span(1)
        return f"{question[:start]}{document}{question[end:]}"
    return f"{without_ending(question)} in {document}?"


def _is_name(topic: str) -> bool:
    """Tell whether *topic* ends as a name does, with a capital: one can be "there" in a name, not in a matter."""
    return bool(topic) and topic.split()[-1][:1].isupper()


def _whole(match: re.Match[str], name: str) -> str:
    return " ".join(_group(match, name).split())


def _points_back(text: str, language: _Language) -> bool:
    """Tell whether a word of *text* points at something that *text* does not hold."""
    if language.find("empty_it", text):
        return False
    for pointing in language.patterns["pointing"].finditer(text):
        before = text[: pointing.start()]
        held = any(
            language.patterns[f"{kind}resolvable"].match(text, pointing.start()) and language.find(f"{kind}antecedent", before)
            for kind in ("", "own_")
        )
        if not held:
            return True
    return bool(language.find("place", text))


def _topic(question: str, language: _Language) -> str:
    """Return the subject at the end of *question*, or "" if it is not of a form that shows it."""
    frame = language.match("frames", without_ending(question))
    return _group(frame, "subject") if frame else ""


def _joined(text: str, past: Understood) -> Understood:
    """Return *text* with the question that it leans on beside it, and one asked since that is its own."""
    contexts = [_shortened(asked) for asked in dict.fromkeys([past.root, past.last, past.opening]) if asked]
    return replace(_with(text, contexts, past.root), last=past.last, opening=past.opening)


def _with(text: str, contexts: Sequence[str], root: str) -> Understood:
    subject = _subject(text, _language("en"))
    alone = without_ending(text) + ("?" if text.endswith("?") else "") if subject else None  # "When exactly?" finds nothing by itself
    return Understood("answer", in_context(text, *contexts), root, alone, leans=True)


def _shortened(question: str) -> str:
    """Return *question* in one line without its final mark, cut between words if it is long."""
    bare = without_ending(" ".join(question.split()))
    return bare if len(bare) <= MAX_CONTEXT_LENGTH else bare[:MAX_CONTEXT_LENGTH].rpartition(" ")[0]
