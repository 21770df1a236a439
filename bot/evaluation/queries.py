"""Turns queries in JSON Lines or CSV, files or uploads, into checked ones, and names the file and line of every row at fault.

Knows nothing of the assistant or of measures. The fields are described in tests/queries/README.md.
"""

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as checked_dataclass

from bot.conversation import Conversation
from bot.evaluation.words import Words, words
from bot.languages import Voice
from index.document import Document
from index.errors import UserError

SHOWN_FAULTS = 20  # named where no row can be used: they are of one kind
SHOWN = 60  # characters of a value at fault
MAX_QUERIES = 100_000  # a run of so many takes about an hour; more is a mistake in the file
SUFFIXES = (".jsonl", ".csv")
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet runs a cell that begins so; exported ones get a leading '
Answerability = Literal["answerable", "partial", "unanswerable", "underspecified", "conversational"]
_STRICT = ConfigDict(extra="forbid", validate_by_name=True, validate_by_alias=True)


class QueryError(UserError):
    """No query of a file or folder can be used."""


class QueryFileError(QueryError):
    """The same, said in any of the assistant's languages."""

    def __init__(self, *lines: "Words | Fault") -> None:
        self._lines = lines
        super().__init__(self.said())

    def said(self, language: Voice = "en") -> str:
        """Return why, in *language*."""
        return "\n".join(line.said(language) for line in self._lines)


class _FaultError(ValueError):
    """A row does not fit, for these reasons."""

    def __init__(self, *reasons: Words) -> None:
        super().__init__()
        self.reasons = reasons


@checked_dataclass(frozen=True, slots=True, config=_STRICT)
class Gold:
    """A place that holds (part of) what is asked: *quote* stands verbatim in that paragraph.

    Entries of one facet (1, 2, ...) are alternatives; a complete answer needs every facet; facet 0 is relevant but not
    required. Grade 2 answers, grade 1 is relevant.
    """

    document_id: Annotated[str, Field(alias="doc")]
    paragraph: Annotated[int, Field(ge=1)]
    quote: Annotated[str, Field(pattern=r"\w")]
    facet: Annotated[int, Field(ge=0)] = 1
    grade: Annotated[int, Field(ge=1, le=2)] = 2

    @property
    def paragraph_id(self) -> str:
        """``document/p12``."""
        return f"{self.document_id}/p{self.paragraph}"


@checked_dataclass(frozen=True, slots=True, config=_STRICT)
class Message:
    """One turn before the question."""

    speaker: Literal["user", "agent"]
    text: str


@checked_dataclass(frozen=True, slots=True, config=_STRICT)
class Query:
    """One test question with what is to be found; ``rewrite`` is the question as a person made it stand alone."""

    query_id: Annotated[str, Field(alias="id", pattern=r"^\S+$")]
    question: str
    answerability: Answerability
    query_class: Annotated[str, Field(alias="class", min_length=1)]
    language: Annotated[str, Field(alias="lang")] = "en"
    rewrite: str | None = None
    kind: str | None = None
    turns: tuple[Message, ...] = ()
    gold: tuple[Gold, ...] = ()
    must_not: tuple[str, ...] = ()
    note: str = ""
    split: Literal["dev", "test"] | None = None

    @property
    def is_answerable(self) -> bool:
        """Whether the documents say it, wholly or in part."""
        return self.answerability in ("answerable", "partial")

    @property
    def before(self) -> Conversation:
        """The turns before the question, as the assistant takes them."""
        conversation = Conversation()
        for message in self.turns:
            conversation = conversation.plus("user" if message.speaker == "user" else "assistant", message.text)
        return conversation

    @property
    def facets(self) -> Mapping[int, tuple[Gold, ...]]:
        """The alternatives of every required facet, by its number."""
        numbers = sorted({gold.facet for gold in self.gold if gold.facet})
        return {number: tuple(gold for gold in self.gold if gold.facet == number) for number in numbers}


@dataclass(frozen=True, slots=True)
class Fault:
    """A row that cannot be used: its file and line, and why."""

    place: Words
    reasons: tuple[Words, ...]

    def said(self, language: Voice = "en") -> str:
        """Return it in *language*."""
        return f"{self.place.said(language)}: {'; '.join(reason.said(language) for reason in self.reasons)}"

    def __str__(self) -> str:
        return self.said()


@dataclass(frozen=True, slots=True)
class QuerySet:
    """The usable queries of a file or folder in order, and what is wrong with every row that is not."""

    queries: tuple[Query, ...] = field(repr=False)  # a failing test must not print the held-out part
    faults: tuple[Fault, ...]


_QUERY = TypeAdapter(Query)


def read_queries(path: Path, documents: Mapping[str, Document]) -> QuerySet:
    """Return the queries of *path*, a .jsonl or .csv file or a folder of them, checked against *documents*.

    Raises QueryError if there is no such file, no usable row at all, or more than MAX_QUERIES rows.
    """
    files = sorted(file for file in path.rglob("*") if file.suffix in SUFFIXES) if path.is_dir() else [path]
    return _checked(f"{path}", lambda: (row for file in files for row in _rows_of(file)), documents, MAX_QUERIES)


def parse_queries(name: str, content: bytes, documents: Mapping[str, Document], most: int) -> QuerySet:
    """Return the queries of *content*, a file called *name* (its suffix one of SUFFIXES), checked against *documents*.

    Raises QueryError if it cannot be read, has no usable row at all, or more than *most* rows.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _unreadable(name, error) from error
    return _checked(name, lambda: _rows(name, io.StringIO(text, newline="")), documents, most)


def _checked(name: str, rows_anew: Callable[[], Iterator[tuple[Words, object]]], documents: Mapping[str, Document], most: int) -> QuerySet:
    queries: dict[str, tuple[Query, Words]] = {}
    faults: list[Fault] = []
    for count, (place, row) in enumerate(rows_anew(), start=1):
        if count > most:
            total = sum(1 for _ in rows_anew())
            raise QueryFileError(Words("too_many", {"name": name, "total": total, "most": most}))
        try:
            query = _query(row, documents)
            if query.query_id in queries:
                raise _FaultError(Words("id_twice", {"id": query.query_id, "place": queries[query.query_id][1]}))
            queries[query.query_id] = query, place
        except _FaultError as error:
            faults.append(Fault(place, error.reasons))
    if not queries:
        why: list[Words | Fault] = [*faults[:SHOWN_FAULTS]] or [Words("put_some", {"endings": " / ".join(SUFFIXES)})]
        raise QueryFileError(Words("none_usable", {"name": name}), *why)
    return QuerySet(tuple(query for query, _ in queries.values()), tuple(faults))


def _rows_of(file: Path) -> Iterator[tuple[Words, object]]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            yield from _rows(f"{file}", lines)
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(f"{file}", error) from error


def _rows(name: str, lines: Iterable[str]) -> Iterator[tuple[Words, object]]:
    """Yield every row with its file and line, as the JSON line itself or as the object that a CSV row stands for."""
    try:
        if name.endswith(".csv"):
            reader = csv.DictReader(lines)
            for row in reader:
                yield _line(name, reader.line_num), row
        else:
            yield from ((_line(name, number), line) for number, line in enumerate(lines, start=1) if line.strip())
    except csv.Error as error:
        raise _unreadable(name, error) from error


def _line(name: str, number: int) -> Words:
    return Words("line", {"file": name, "number": number})


def _unreadable(name: str, error: Exception) -> QueryFileError:
    return QueryFileError(Words("unreadable", {"name": name, "error": error}))


def _query(row: object, documents: Mapping[str, Document]) -> Query:
    """Return the checked query of one row. Raises _FaultError saying what does not fit."""
    try:
        query = _QUERY.validate_json(row) if isinstance(row, str) else _QUERY.validate_python(_from_csv(row, documents))
    except ValidationError as error:
        told = ((one["loc"], one["type"], one["input"], {"message": one["msg"], **one.get("ctx", {})}) for one in error.errors())
        raise _FaultError(*(_misfit(*each) for each in told)) from error
    for number, gold in enumerate(query.gold, start=1):
        document = documents.get(gold.document_id)
        if document is None:
            raise _FaultError(Words("no_such_document", {"number": number, "document": gold.document_id}))
        held = len(document.paragraphs)
        if gold.paragraph > held:
            slots = {"number": number, "paragraph": gold.paragraph, "document": gold.document_id, "held": held}
            raise _FaultError(Words("no_such_paragraph", slots))
        if gold.quote not in document.paragraphs[gold.paragraph - 1].text:
            raise _FaultError(Words("not_verbatim", {"number": number, "quote": gold.quote[:SHOWN], "place": gold.paragraph_id}))
    if query.facets and not query.is_answerable:
        raise _FaultError(Words("gold_of_none", {"answerability": query.answerability}))
    return query


def _misfit(location: Sequence[int | str], kind: str, value: object, slots: Mapping[str, object]) -> Words:
    """Return what pydantic tells, in our words where we have some for that *kind* of error, else in its own."""
    field = ".".join(str(part) for part in location)
    if kind == "unexpected_keyword_argument":
        return Words("unknown_field", {"field": field})
    listed = {name: f"{ctx}".replace(" or ", ", ") if name == "expected" else ctx for name, ctx in slots.items()}  # else half in English
    why = Words(kind if kind in words("faults") else "other", listed)
    return Words("value", {"field": field or Words("the_row"), "why": why, "value": str(value)[:SHOWN]})


def _from_csv(row: object, documents: Mapping[str, Document]) -> dict[str, object]:
    """Return the fields of a CSV row; every gold_quote... column is a facet, found wherever a paragraph holds the quote."""
    if not isinstance(row, dict) or None in row or None in row.values():
        raise _FaultError(Words("cells"))
    cells = {name: plain_cell(cell) for name, cell in row.items() if cell.strip()}
    quotes = [cells.pop(name) for name in row if name.startswith("gold_quote") and name in cells]
    gold = [entry for facet, quote in enumerate(quotes, start=1) for entry in _find_quote(quote, facet, documents)]
    return {"id": cells.get("question", "").replace(" ", "_"), **cells, "gold": gold}


def _find_quote(quote: str, facet: int, documents: Mapping[str, Document]) -> list[Gold]:
    """Return every place of *quote*, taking any white space for any other: a cell seldom keeps no-break spaces."""
    pattern = re.compile(r"\s+".join(re.escape(word) for word in quote.split()))
    found = [
        Gold(paragraph.document_id, paragraph.number, match.group(), facet)
        for document in documents.values()
        for paragraph in document.paragraphs
        if (match := pattern.search(paragraph.text))
    ]
    if not found:
        raise _FaultError(Words("quote_nowhere", {"quote": quote[:SHOWN]}))
    return found


def plain_cell(cell: str) -> str:
    """Return the text that a cell stands for: without the ' that keeps a spreadsheet from running it."""
    return cell[1:] if cell.startswith("'") and _runs(cell) else cell


def safe_cell(text: str) -> str:
    """Return *text* as a cell that no spreadsheet runs; `plain_cell` gives the text back."""
    return f"'{text}" if _runs(text) else text


def _runs(cell: str) -> bool:
    return cell.lstrip("'").startswith(FORMULA_STARTS)
