"""Turns what is written about a document, in lines of YAML and in the file's own metadata, into its checked description.

Nothing is guessed: what nobody states is left out, and a document without a title goes by its file's name, which its
provenance says. Knows nothing of folders.
"""

import datetime
import re
from collections.abc import Iterable, Mapping

import yaml

from index.document import DOCUMENT_ID, Description
from index.formats.extracted import FormatError, Metadata

KEYS = ("title", "kind", "date", "speaker", "event", "place", "language", "url")  # others are kept as provenance
UNSTATED_KIND = "document"
_TITLE_SOURCE = ("title_source", "The name of the file, which states no title.")
_DATE = re.compile(r"\d{4}(?:-\d{2}(?:-\d{2})?)?")
_DATE_WITH_TIME = re.compile(r"(\d{4}-\d{2}-\d{2})[T ]\d{2}:\d{2}.*")
_LANGUAGE = re.compile(r"([A-Za-z]{2,3})(?:[-_].*)?")
_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?\n)---[ \t]*(?:\n|\Z)", re.DOTALL)
_OPENED = re.compile(r"\A---[ \t]*(?:\n|\Z)")
NAMED_AT_MOST = 3  # documents in one notice; the rest are counted


def split(content: str) -> tuple[str | None, str]:
    """Return a text's front matter, or None without one, and the text after it. Raises FormatError if it does not end."""
    match = _FRONT_MATTER.match(content)
    if match:
        return match.group(1), content[match.end() :]
    if _OPENED.match(content):
        raise FormatError("line 1: the front matter does not end. Write a line '---' after it, or begin the text without one")
    return None, content


def read_values(lines: str, first_line: int) -> dict[str, str]:
    """Return the keys and values of *lines*, the first of which is line *first_line* of its file.

    Raises FormatError, naming the line, for what is not plain 'key: value' lines or does not fit its key.
    """
    try:
        # Composed, not constructed: every value stays the text that was written ("language: no" is no False), with its line.
        root = yaml.compose(lines, Loader=yaml.BaseLoader)
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = (mark.line if mark else 0) + first_line
        problem = getattr(error, "problem", None) or "it is nested too deep"
        raise FormatError(f"line {line}: the front matter is not YAML ({problem}). Mend that line") from error
    if root is None:
        return {}
    if not isinstance(root, yaml.MappingNode):
        raise FormatError(f"line {first_line}: the front matter is not 'key: value' lines. Write lines such as 'title: ...'")
    values: dict[str, str] = {}
    for key, value in root.value:
        where, name = f"line {key.start_mark.line + first_line}", str(key.value)
        if not (isinstance(key, yaml.ScalarNode) and isinstance(value, yaml.ScalarNode) and value.value.strip()):
            raise FormatError(f"{where}: front matter '{name}' is not one plain value. Write '{name}: some text', or leave it out")
        if name in values:
            raise FormatError(f"{where}: front matter '{name}' stands there twice. Leave one of them")
        values[name] = value.value.strip()
        _check_value(where, name, values[name])
    return values


def describe(document_id: str, file_name: str, values: Mapping[str, str], metadata: Metadata) -> Description:
    """Return the description of a document; what *values* state goes before what the file's own metadata says."""
    date, language = metadata.date or "", _LANGUAGE.fullmatch(metadata.language or "")
    with_time = _DATE_WITH_TIME.fullmatch(date)
    date = with_time.group(1) if with_time else date
    url = metadata.url or ""
    stated = {
        "kind": UNSTATED_KIND,
        **({"title": metadata.title} if metadata.title else {}),
        **({"date": date} if _is_date(date) else {}),
        **({"language": language.group(1).lower()} if language else {}),
        **({"url": url} if _is_address(url) else {}),
        **{name: value for name, value in values.items() if name in KEYS},
    }
    provenance = {name: value for name, value in values.items() if name not in (*KEYS, "id")}
    if "title" not in stated:
        stated["title"] = file_name
        provenance.setdefault(*_TITLE_SOURCE)
    return Description(document_id=document_id, provenance=tuple(sorted(provenance.items())), **stated)


def missing(descriptions: Iterable[Description]) -> tuple[str, ...]:
    """Return a notice on the documents without a title, and one on those without a date."""
    found = sorted(descriptions, key=lambda one: one.document_id)
    untitled = [one.document_id for one in found if _TITLE_SOURCE in one.provenance]
    undated = [one.document_id for one in found if one.date is None]
    return tuple(
        notice
        for notice in (
            f"No title is stated for {some(untitled)}: cited by the file's name. State one with 'title: ...'." if untitled else "",
            f"No date is stated for {some(undated)}: cited without one. State it with 'date: ...'." if undated else "",
        )
        if notice
    )


def some(names: list[str]) -> str:
    """Return the first of *names*, joined by commas, and how many more there are."""
    more = len(names) - NAMED_AT_MOST
    return ", ".join(names[:NAMED_AT_MOST]) + (f" and {more:,} more" if more > 0 else "")


def _check_value(where: str, name: str, value: str) -> None:
    """Raise FormatError if *value* cannot be the front matter's *name*."""
    if name == "date" and not _is_date(value):
        raise FormatError(f"{where}: the date '{value}' is no day, month or year like 2019-04-24, 2019-04 or 2019. Correct it")
    if name == "url" and not _is_address(value):
        raise FormatError(f"{where}: the url '{value}' does not begin with http:// or https://. Correct it")
    if name == "id" and not DOCUMENT_ID.fullmatch(value):
        raise FormatError(f"{where}: the id '{value}' is not small letters and digits, joined by hyphens. Correct it")


def _is_address(text: str) -> bool:
    """Tell whether *text* is an address on the web."""
    return text.startswith(("http://", "https://"))


def _is_date(text: str) -> bool:
    """Tell whether *text* is an ISO 8601 day, month or year that exists."""
    if not _DATE.fullmatch(text):
        return False
    try:
        datetime.date.fromisoformat(f"{text}-01-01"[:10])
    except ValueError:
        return False
    return True
