"""Turns filters and the descriptions of documents into the documents that are meant.

Knows nothing of questions, of their words or of ranking.
"""

import calendar
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from functools import lru_cache

from index.document import Description

_WORDS = re.compile(r"\w+")
_DATE = re.compile(r"[0-9]{4}(?:-[0-9]{2}){0,2}")


@dataclass(frozen=True, slots=True)
class Filters:
    """Which documents are meant: those that meet every filter that is set; of several speakers, kinds or documents, any one.

    ``since`` and ``until`` are inclusive. ``speakers`` are whole words of a document's speaker in any case, ``kinds`` its
    kind in any case. ``latest`` leaves no document out: it asks for the newest of those that have something to say.
    """

    since: date | None = None
    until: date | None = None
    speakers: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    document_ids: tuple[str, ...] = ()
    latest: bool = False

    def each(self) -> tuple["Filters", ...]:
        """Return the filters that are set, one a value."""
        unset = Filters()
        changed = [field.name for field in fields(self) if getattr(self, field.name) != getattr(unset, field.name)]
        return tuple(replace(unset, **{name: getattr(self, name)}) for name in changed)


EVERYTHING = Filters()


def matching(filters: Filters, descriptions: Iterable[Description]) -> frozenset[str]:
    """Return the ids of the documents that meet *filters*.

    A document dated by its year or month alone meets a date that may be its own; one without a date or a speaker meets none.
    """
    kinds = {kind.casefold() for kind in filters.kinds}
    speakers = [_words(speaker) for speaker in filters.speakers]
    return frozenset(
        description.document_id
        for description in descriptions
        if (not filters.document_ids or description.document_id in filters.document_ids)
        and (not kinds or description.kind.casefold() in kinds)
        and (not speakers or any(_holds(_words(description.speaker or ""), speaker) for speaker in speakers))
        and _in_time(filters, description.date)
    )


def unmet(filters: Filters, descriptions: Sequence[Description]) -> tuple[Filters, ...]:
    """Return, where no document meets *filters*, those that none meets, or all of them, if each is met by some; else nothing."""
    if matching(filters, descriptions):
        return ()
    return tuple(one for one in filters.each() if not matching(one, descriptions)) or filters.each()


def newest_first(descriptions: Iterable[Description]) -> tuple[tuple[str, ...], ...]:
    """Return the ids of dated documents in groups of one date, the newest first; of a year alone, its last day counts."""
    groups: dict[date, list[str]] = {}
    for description in descriptions:
        if description.date:
            groups.setdefault(last_day(description.date), []).append(description.document_id)
    return tuple(tuple(groups[day]) for day in sorted(groups, reverse=True))


def first_day(text: str) -> date:
    """Return the first day of an ISO 8601 day, month or year. Raises ValueError if there is no such day."""
    if not _DATE.fullmatch(text):
        raise ValueError(f"{text!r} is no day, month or year")
    return date.fromisoformat(f"{text}-01-01"[:10])


def last_day(text: str) -> date:
    """Return the last day of an ISO 8601 day, month or year. Raises ValueError if there is no such day."""
    first = first_day(text)
    if len(text) == len("2019"):
        return first.replace(month=12, day=31)
    return first.replace(day=calendar.monthrange(first.year, first.month)[1]) if len(text) == len("2019-04") else first


def _in_time(filters: Filters, written: str | None) -> bool:
    if filters.since is None and filters.until is None:
        return True
    if written is None:
        return False
    return (filters.since is None or last_day(written) >= filters.since) and (filters.until is None or first_day(written) <= filters.until)


@lru_cache(maxsize=100_000)  # speakers: the same ones speak again and again
def _words(text: str) -> tuple[str, ...]:
    return tuple(_WORDS.findall(text.casefold()))


def _holds(text: tuple[str, ...], phrase: tuple[str, ...]) -> bool:
    """Tell whether the words of *phrase*, at least one, stand in *text* one after another."""
    return bool(phrase) and any(text[at : at + len(phrase)] == phrase for at in range(len(text) - len(phrase) + 1))
