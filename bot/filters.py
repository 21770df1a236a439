"""Turns the words of a question that say which documents it means into filters, and the question into one without them.

Precision comes first. A phrase about documents ("in the 2017 declaration", "statements since 2017") is always a filter. A
kind, a name or a bare date ("in the report", "what did Norov say", "in 2019") is one only where the library has documents
that meet it and documents that do not, and a bare date only where the question asks what was said or held then: in "How
many drugs were seized in 2018?" the year is what the question is about (docs/decisions/011). Knows nothing of search. The
words are data: prompts/filters/.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache, lru_cache
from pathlib import Path
from typing import Literal, cast

from bot.data import read_data
from bot.errors import FilterError
from index.document import Description
from index.filters import EVERYTHING, Filters, first_day, last_day, matching
from index.terms import terms

_FOLDER = Path(__file__).resolve().parent.parent / "prompts" / "filters"

Phrases = Mapping[str, re.Pattern[str]]  # by name
Field = Literal["since", "until", "speaker", "kind", "document", "latest"]
_SENT = ("since", "until", "speakers", "kinds", "documents", "latest", "from_words")  # the fields of filters that are sent


@dataclass(frozen=True, slots=True)
class Filter:
    """One filter as it was understood: a field, its value, and the question's words for it, or "" where it was given.

    The value of ``since`` and ``until`` is an ISO 8601 day, that of ``latest`` is "true".
    """

    field: Field
    value: str
    words: str = ""


@dataclass(frozen=True, slots=True)
class Scope:
    """Which documents a question is put to: the filters that were given, and whether its own words may add to them."""

    given: Filters = EVERYTHING
    from_words: bool = True


ALL_DOCUMENTS = Scope()


@dataclass(frozen=True, slots=True)
class ReadQuestion:
    """A question without the words that were understood as filters and say nothing else, and these filters."""

    question: str
    filters: tuple[Filter, ...] = ()


@dataclass(frozen=True, slots=True)
class Library:
    """What the documents of one index can be told apart by."""

    descriptions: tuple[Description, ...]
    kinds: Mapping[str, str]  # what a kind is called, in lower case -> the kind
    speakers: Mapping[str, str]  # a name or surname in lower case -> the name to filter by
    titles: Mapping[str, str]  # a title or id in lower case -> the document's id
    longest_name: int  # words of a speaker's name at most


@dataclass(frozen=True, slots=True)
class _Found:
    """Filters found in a text, the words for them, and the span to leave out of the question, which may be empty."""

    filters: tuple[Filter, ...]
    start: int
    end: int
    instead: str = ""


def read_scope(sent: object) -> Scope:
    """Return the scope that a client sent as an object; what is left out or null is not filtered by.

    ``since`` and ``until`` are a day, month or year, ``speakers``, ``kinds`` and ``documents`` lists of text, ``latest`` and
    ``from_words`` true or false. Raises FilterError, naming the field, for anything else.
    """
    if not isinstance(sent, Mapping) or (unknown := sorted(f"{name}" for name in sent if name not in _SENT)):
        named = f" Unknown: {', '.join(unknown)}." if isinstance(sent, Mapping) else ""
        raise FilterError(f'"filters" is an object that may hold {", ".join(_SENT)}.{named} Correct it, or leave it out.')
    days = {name: _sent_day(name, read, sent.get(name)) for name, read in (("since", first_day), ("until", last_day))}
    speakers, kinds, documents = (_sent_texts(name, sent.get(name)) for name in ("speakers", "kinds", "documents"))
    for name in ("latest", "from_words"):
        if not isinstance(sent.get(name, False), bool):
            raise FilterError(f'"{name}" of "filters" is neither true nor false. Correct it, or leave it out.')
    given = Filters(days["since"], days["until"], speakers, kinds, documents, sent.get("latest", False))
    return Scope(given, sent.get("from_words", True))


def _sent_day(name: str, read: Callable[[str], date], value: object) -> date | None:
    if value is None:
        return None
    try:
        return read(f"{value}")
    except ValueError as error:
        raise FilterError(
            f'"{name}" of "filters" is {str(value)[:40]!r}. Give a day, month or year, like 2019-04-24, 2019-04 or 2019.'
        ) from error


def _sent_texts(name: str, value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, Sequence) or isinstance(value, str) or not all(isinstance(one, str) and one.strip() for one in value):
        raise FilterError(f'"{name}" of "filters" is not a list of texts. Correct it, or leave it out.')
    return tuple(value)


def library_of(descriptions: Sequence[Description]) -> Library:
    """Return what tells the documents of *descriptions* apart."""
    called = {name: kind for kind in {one.kind for one in descriptions} for name in (kind.lower(), _plural(kind.lower()))}
    for kind, others in _synonyms().items():
        if kind in called:
            called |= {name: called[kind] for other in others if other not in called for name in (other, _plural(other))}
    names = [one.speaker.split(",")[0].strip() for one in descriptions if one.speaker]
    speakers: dict[str, str] = {}
    for name in dict.fromkeys(names):
        *first, last = name.split()
        if 1 <= len(first) <= 2 and len(last) > 2 and all(word[0].isupper() for word in (*first, last)):  # a person's name
            speakers[last.lower()] = last if last.lower() in speakers else name
        speakers[name.lower().removeprefix("the ")] = name
    titles = {one.title.lower(): one.document_id for one in descriptions if len(one.title.split()) > 1}
    titles |= {one.document_id: one.document_id for one in descriptions if "-" in one.document_id}
    longest = max((len(_NAME_WORD.findall(name)) for name in speakers), default=0)
    return Library(tuple(descriptions), called, speakers, titles, longest)


def read_filters(question: str, library: Library) -> ReadQuestion:
    """Return *question* without the words that say which documents of *library* it means, and these as filters.

    A speaker's name becomes a pronoun. Of filters that restrict nothing only those stay that name documents outright; nothing
    is left out of a question that would hold no subject without it.
    """
    phrases = _phrases(frozenset(library.kinds))
    typed, question = question, " ".join(question.replace(_NAME, " ").replace(_DAY, " ").split())
    found = [*_dates(question, library, phrases), *_kinds(question, library, phrases), *_speakers(question, library, phrases)]
    found += [*_documents(question, library), *_latest(question, library, phrases)]
    filters = tuple(dict.fromkeys(one for each in found for one in each.filters))
    rest, last = question, len(question) + 1
    for each in sorted(found, key=lambda one: -one.end):
        if each.start < each.end <= last:
            rest, last = f"{rest[: each.start]}{each.instead}{rest[each.end :]}", each.start
    rest = re.sub(r"\s+([?.!,;:])", r"\1", " ".join(rest.split())).lstrip(" ,;:")
    return ReadQuestion(rest if found and terms(rest) else typed, filters)


def combined(given: Filters, filters: Iterable[Filter]) -> Filters:
    """Return the *given* filters with those understood from words beside them; fields that were given keep their values."""
    values: dict[str, list[str]] = {}
    for one in filters:
        values.setdefault(one.field, []).append(one.value)
    dated = given.since is not None or given.until is not None
    since, until = ([] if dated else values.get(name, []) for name in ("since", "until"))
    return Filters(
        since=date.fromisoformat(since[0]) if since else given.since,
        until=date.fromisoformat(until[0]) if until else given.until,
        speakers=given.speakers or tuple(values.get("speaker", ())),
        kinds=given.kinds or tuple(values.get("kind", ())),
        document_ids=given.document_ids or tuple(values.get("document", ())),
        latest=given.latest or "latest" in values,
    )


def listed(filters: Filters, understood: Sequence[Filter] = ()) -> tuple[Filter, ...]:
    """Return *filters* one a value, each with the words of the *understood* one that it comes from."""
    values: list[tuple[Field, str]] = []
    values += [("since", filters.since.isoformat())] if filters.since else []
    values += [("until", filters.until.isoformat())] if filters.until else []
    values += [("speaker", value) for value in filters.speakers]
    values += [("kind", value) for value in filters.kinds]
    values += [("document", value) for value in filters.document_ids]
    values += [("latest", "true")] if filters.latest else []
    words = {(one.field, one.value): one.words for one in understood}
    return tuple(Filter(name, value, words.get((name, value), "")) for name, value in values)


def phrases(filters: Sequence[Filter]) -> tuple[tuple[Filter, ...], ...]:
    """Return *filters* one by one, those together that were read from the same words."""
    groups: dict[tuple[str, int], list[Filter]] = {}
    for at, one in enumerate(filters):
        groups.setdefault((one.words, -1 if one.words else at), []).append(one)
    return tuple(tuple(group) for group in groups.values())


# --- what the words of a question point to


def _dates(question: str, library: Library, phrases: Phrases) -> Iterator[_Found]:
    """Yield the one stretch of time that *question* names for its documents; two make a comparison, which needs all documents."""
    masked = _days().sub(lambda match: _DAY * len(match.group()), question)
    if _DAY not in masked:
        return
    pointed = [match for name in ("dated_documents", "dated_document") for match in phrases[name].finditer(masked)]
    outright = [match for match in pointed if match.groupdict().get("adjunct", "") is not None or match["says"]]
    said = phrases["said"].search(masked)
    bare = [match for name in ("said_then", "then_said", "closing") if (match := phrases[name].search(masked))] if said else []
    match = outright[0] if outright else next((one for one in bare if not _is_content(masked, one, phrases)), None)
    if match is None:
        return
    times = {question[slice(*one.span("time"))] for one in (outright or [match])}
    time = question[slice(*match.span("time"))]
    if len(times) > 1 or not set(re.findall(_YEAR, question)) <= set(re.findall(_YEAR, time)):
        return
    try:
        since, until = _read_time(time)
    except ValueError:
        return
    meant = Filters(since, until)
    if not outright and not _restricts(meant, library):
        return
    whole = outright and match.groupdict().get("adjunct")
    yield _Found(tuple(Filter(one.field, one.value, _said(time)) for one in listed(meant)), *match.span(0 if whole else "time"))
    noun = match["noun"].lower() if outright else ""
    if noun in library.kinds and _restricts(Filters(kinds=(library.kinds[noun],)), library):
        yield _Found((Filter("kind", library.kinds[noun], match["noun"]),), match.end("noun"), match.end("noun"))


def _is_content(question: str, match: re.Match[str], phrases: Phrases) -> bool:
    """Tell whether the date of *match* may be that of something spoken of, not of a document."""
    between = match.groupdict().get("between")
    about = question[match.end() :].partition(" ")[2] if between is None else between
    return bool(phrases["content"].search(about)) and match.re is not phrases["said_then"]


def _kinds(question: str, library: Library, phrases: Phrases) -> Iterator[_Found]:
    """Yield the kinds of documents that *question* asks in; kinds that take in all documents, are compared or joined, are none."""
    if "kind" not in phrases or phrases["compares"].search(question) or phrases["kinds"].search(question):
        return
    matches = list(phrases["kind"].finditer(_without_names(question, library)))
    named = [(match, library.kinds[(match["kind_in"] or match["kind_says"] or match["kind_has"]).lower()]) for match in matches]
    if named and _restricts(Filters(kinds=tuple(kind for _, kind in named)), library):
        for match, kind in named:
            start, end = match.span() if match["kind_in"] and len(named) == 1 else (match.end(), match.end())
            words = question[slice(*match.span("shown" if match["shown"] else 0))]
            yield _Found((Filter("kind", kind, _said(words)),), start, end)


def _speakers(question: str, library: Library, phrases: Phrases) -> Iterator[_Found]:
    """Yield the speakers whom *question* asks about as speaking."""
    # A mark that the question itself holds is nobody's name.
    found = [
        match
        for match in phrases["speaker"].finditer(_without_names(question, library))
        if question[slice(*match.span(match.lastgroup or 0))].lower() in library.speakers
    ]
    spans = [match.span(match.lastgroup or 0) for match in found]
    names = [question[start:end] for start, end in spans]
    speakers = [library.speakers[name.lower()] for name in names]
    if names and _restricts(Filters(speakers=tuple(speakers)), library):
        for match, (start, end), name, speaker in zip(found, spans, names, speakers, strict=True):
            # A speaker's own documents seldom hold the name, which would count as a word that they do not know.
            owned = match.lastgroup == "name_whose"
            instead = "their" if owned else "them" if match.lastgroup in ("name_by", "name_to") else "they"
            yield _Found((Filter("speaker", speaker, name),), start, end + len("’s") * owned, instead)


def _documents(question: str, library: Library) -> Iterator[_Found]:
    """Yield the documents that *question* names by their whole titles or ids as what it asks in."""
    lower = question.lower()
    for title, document_id in library.titles.items():
        if title in lower:
            match = re.search(
                rf"\b(?:in|from|within|according\s+to|does|did)\s+(?:the\s+)?[“\"‘']?({re.escape(title)})(?![\w-])", question, re.I
            )
            if match and _restricts(Filters(document_ids=(document_id,)), library):
                yield _Found((Filter("document", document_id, match.group(1)),), match.end(), match.end())


def _latest(question: str, library: Library, phrases: Phrases) -> Iterator[_Found]:
    """Yield that *question* asks for the newest document, where the documents are not all of one date."""
    if len({one.date for one in library.descriptions if one.date}) < 2:
        return
    if match := phrases["latest"].search(question):
        yield _Found((Filter("latest", "true", match["word"]),), *match.span("word"))
    elif match := phrases["latest_on"].search(question):
        yield _Found((Filter("latest", "true", match.group()),), *match.span(), instead="said")


def _restricts(filters: Filters, library: Library) -> bool:
    """Tell whether some documents of *library* meet *filters* and some do not."""
    return 0 < len(matching(filters, library.descriptions)) < len(library.descriptions)


def _said(words: str) -> str:
    return words.strip(" ,;:")


# --- phrases

# Each stands in patterns for what they would otherwise have to hold many times over; for private use, so no text needs them.
_NAME, _DAY = "\ue000", "\ue001"
_NAME_WORD = re.compile(r"[^\W_]+(?:[-.’'][^\W_]{2,})*")
_YEAR = r"\b(?:19|20)\d\d(?!\d)"
_THE = r"(?:the|this|that|these|those|his|her|their|its)"
# What makes of "the report" another one than ours: "in the report of the UN", "in the letter to the President".
_OURS = r"(?!\s+(?:of|by|from|to|issued|made|published|released|adopted|signed|\d))(?![\w’'-])"
# What may follow the date of a document; any noun would be what the date belongs to ("reports of 2019 attacks").
_GOES_ON = (
    r"(?=\s*(?:[?.!,;:)]|$)|\s+(?:about|on|regarding|concerning|or|and|that|which|do|does|did|say|says|said|mention\w*|state[sd]?|describe\w*"
    r"|refer\w*|speaks?|talks?|is|are|was|were|has|have|by)\b)"
)
_ASKED_IN = r"\b(?:in|from|within|across|among|according\s+to|which|what|any|all|do|does|did|only|show|find|list|search)\s+"


@cache
def _loaded() -> Mapping[str, str | list[str] | dict[str, list[str]]]:
    return cast(dict[str, str | list[str] | dict[str, list[str]]], read_data(_FOLDER / "en.yaml"))


def _words() -> Mapping[str, Sequence[str]]:
    """Return the lists of words by name."""
    return {name: value.split() if isinstance(value, str) else list(value) for name, value in _loaded().items()}


def _synonyms() -> Mapping[str, Sequence[str]]:
    """Return other names of kinds by kind."""
    kinds = _loaded()["kinds"]
    return kinds if isinstance(kinds, dict) else {}


def _without_names(question: str, library: Library) -> str:
    """Return *question* with a mark for each character of the speakers' names in it, longest names first."""
    said = list(_NAME_WORD.finditer(question))
    for length in range(library.longest_name, 0, -1):
        for first, last in zip(said, said[length - 1 :], strict=False):
            start, end = first.start(), last.end()
            if question[start:end].lower() in library.speakers:
                question = f"{question[:start]}{_NAME * (end - start)}{question[end:]}"
    return question


@lru_cache(maxsize=8)  # libraries
def _phrases(kinds: frozenset[str]) -> Phrases:
    """Return the patterns of all phrases by name, that of kinds only where there are some; a speaker's name is a run of marks."""
    words = _words()
    documents = _any({form for noun in words["documents"] for form in (noun, _plural(noun))})
    says, speaks, said, stands, content, compares = (
        _any(words[name]) for name in ("says", "speaks", "said", "stands", "content", "compares")
    )
    does_say = rf"(?:{says})(?:s|es|ed)?|said|told|spoke"
    names = rf"(?:(?:mr|mrs|ms|dr|president|minister|ambassador|secretary-general)\.?\s+)?(?P<name_{{}}>{_NAME}++)"
    day = rf"(?:the\s+years?\s+)?{_DAY}+"
    time = (
        rf"(?:ever\s+since|since|after|before|prior\s+to|until|till|up\s+to|in|during)\s+{day}|from\s+{day}\s+on(?:wards?)?\b"
        rf"|(?:in\s+the\s+(?:time|period|years?)\s+)?(?:between\s+{day}\s+and\s+{day}|from\s+{day}\s+(?:to|until|till|through)\s+{day})"
    )
    period = rf"(?P<time>{time})"
    phrases = {
        "dated_documents": rf"(?:^|[,:;(]\s*|{_ASKED_IN})(?:(?:the|all|any|your|these|those)\s+)?(?:(?:sco|official|public|joint)\s+)?"
        rf"(?P<noun>{documents})\s+(?:(?:dated|published|issued|released)\s+)?(?P<time>{time}|(?:of|from|dated)\s+{day})"
        rf"{_GOES_ON}(?P<says>)",
        "dated_document": rf"(?P<adjunct>,?\s*\b(?:in|from|within|according\s+to|as\s+per)\s+)?\b{_THE}\s+(?P<time>{_DAY}+)\s+"
        rf"(?:(?:joint|official)\s+)?(?P<noun>{documents}){_OURS}(?P<says>\s+(?:also\s+)?(?:{does_say})\b)?",
        "said": rf"\b(?:{said})\b",
        "said_then": rf"\b(?:{said})\s+{period}{_GOES_ON}",
        "then_said": rf"^\W*{period}\s*,?\s+(?=(?:what|how|did|does|has|have|was|were|is)\b)",
        "closing": rf"\b(?:{said})\b(?P<between>.{{0,150}}?)\s+{period}[\s?.!)]*$",
        # "seized", but not a name such as "United" nor what merely describes ("related").
        "content": rf"\b(?:{content})\b|(?-i:\b(?!related|armed|organi[sz]ed|concerned)[a-z]+ed\b)",
        "compares": rf"\b(?:{compares})\b",
        "latest": rf"\b(?P<word>latest|newest|most\s+recent)\s+(?:(?:sco|official|joint|public|published|available)\s+)?"
        rf"(?:{documents}|{stands}|{_any(kinds)}){_OURS}",
        "latest_on": r"\bthe\s+(?:latest|newest|most\s+recent)(?=\s+(?:on|about|regarding|concerning)\b)",
    }
    if kinds:
        kind = rf"(?P<kind_{{}}>{_any(kinds)}){_OURS}"
        which = rf"(?:{_THE}|{_NAME}+['’]s)\s+(?:(?:full|whole|entire)\s+)?"
        phrases["kinds"] = rf"\b(?:{_any(kinds)})\s+(?:and|or)\s+(?:{_THE}\s+)?(?:{_any(kinds)})\b"
        phrases["kind"] = (
            rf",?\s*\b(?:in|within|from|according\s+to|as\s+per)\s+{which}{kind.format('in')}"
            rf"|\b(?:do|does|did|has|have)\s+(?P<shown>{which}{kind.format('has')})\s+(?:\w+ly\s+|also\s+|ever\s+|then\s+)?(?:{says})\b"
            rf"|\b(?:{which}{kind.format('says')})\s+(?:also\s+)?(?:{does_say})\b"
        )
    phrases["speaker"] = (
        rf"\b(?:{documents})\s+(?:by|of|from)\s+{names.format('by')}"
        rf"|\b(?:according\s+to)\s+{names.format('to')}(?!['’])"
        rf"|\b(?:do|does|did|has|have)\s+(?:the\s+)?{names.format('does')}\s+(?:\w+ly\s+|also\s+|ever\s+)?(?:{speaks})\b"
        rf"|{names.format('whose')}['’]s\s+(?:{documents}|{stands})\b"
        rf"|{names.format('says')}\s+(?:\w+ly\s+|also\s+|ever\s+|has\s+|had\s+)?(?:{speaks})\b"
    )
    return {name: re.compile(pattern, re.IGNORECASE | re.DOTALL) for name, pattern in phrases.items()}


def _any(words: Iterable[str]) -> str:
    return "|".join(re.escape(word).replace(r"\ ", r"\s+") for word in sorted(words, key=lambda word: (-len(word), word)))


def _plural(name: str) -> str:
    if name.endswith("s") and not name.endswith("ss"):
        return name
    return f"{name[:-1]}ies" if name.endswith("y") else f"{name}{'es' if name.endswith(('ch', 'sh', 'ss')) else 's'}"


# --- dates


@cache
def _days() -> re.Pattern[str]:
    """Return the pattern of two years with a dash between, or a day, month or year as English writes it or in ISO 8601."""
    month = rf"(?:{'|'.join(rf'{name[:3]}(?:{name[3:]})?' for name in _words()['months'])})\.?"
    number = r"\d{1,2}(?:st|nd|rd|th)?"
    return re.compile(
        rf"{_YEAR}\s*[-–]\s*{_YEAR}(?![\w-])|(?:{_YEAR}-\d\d-\d\d|{_YEAR}-\d\d(?!\d)|\b{number}\s+(?:of\s+)?{month},?\s+{_YEAR}"
        rf"|\b{month}\s+{number},?\s+{_YEAR}|\b{month},?\s+(?:of\s+)?{_YEAR}|{_YEAR})(?![\w%’'–-]|[.,]\d)",
        re.IGNORECASE,
    )


def _read_time(text: str) -> tuple[date | None, date | None]:
    """Return the first and the last day of a stretch of time, None for an open end. Raises ValueError for days that do not exist."""
    years = re.search(rf"({_YEAR})\s*[-–]\s*({_YEAR})$", text)
    days = years.groups() if years else [_iso(found) for found in _days().findall(text)]
    first, last = first_day(days[0]), last_day(days[-1])
    if first > last:
        raise ValueError(f"{text!r} ends before it begins")
    opening = text.lower().split()[0]
    if len(days) > 1:
        return first, last
    if opening in ("since", "ever") or re.search(r"\bon(?:wards?)?$", text, re.IGNORECASE):
        return first, None
    if opening == "after":
        return last + timedelta(days=1), None
    if opening in ("before", "prior"):
        return None, first - timedelta(days=1)
    return (None, last) if opening in ("until", "till", "up") else (first, last)


def _iso(text: str) -> str:
    """Return in ISO 8601 a day, month or year that `_days` finds."""
    rest, year = text[: -len("2019")].lower(), text[-len("2019") :]
    if written := re.fullmatch(rf"{_YEAR}-\d\d(?:-\d\d)?", text):
        return written.group()
    month = next((at for at, name in enumerate(_words()["months"], start=1) if re.search(rf"\b{name[:3]}", rest)), None)
    day = re.search(r"\d{1,2}", rest)
    return year if month is None else f"{year}-{month:02}-{int(day.group()):02}" if day else f"{year}-{month:02}"
