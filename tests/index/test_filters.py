"""Filters and descriptions become the documents that are meant."""

from datetime import date

import pytest

from index.document import Description
from index.filters import EVERYTHING, Filters, first_day, last_day, matching, newest_first, unmet

DOCUMENTS = (
    Description("declaration-2017", "A declaration", "Declaration", "2017-06-09", "The Council of Heads of State"),
    Description("speech-2019", "A speech", "speech", "2019-04-24", "Vladimir Norov, SCO Secretary-General"),
    Description("report-2019", "A report", "report", "2019", "Vladimir Norov, SCO Secretary-General"),
    Description("month-2018", "A statement", "statement", "2018-06", "Rashid Alimov"),
    Description("undated", "A text", "text"),
)


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        pytest.param(EVERYTHING, {"declaration-2017", "speech-2019", "report-2019", "month-2018", "undated"}, id="none set"),
        pytest.param(Filters(since=date(2019, 4, 24)), {"speech-2019", "report-2019"}, id="since its very day"),
        pytest.param(Filters(since=date(2019, 4, 25)), {"report-2019"}, id="a year alone may lie later in the year"),
        pytest.param(Filters(until=date(2018, 6, 1)), {"declaration-2017", "month-2018"}, id="a month alone may be its first day"),
        pytest.param(Filters(until=date(2018, 5, 31)), {"declaration-2017"}, id="until the day before a month"),
        pytest.param(Filters(date(2018, 1, 1), date(2018, 12, 31)), {"month-2018"}, id="a year"),
        pytest.param(Filters(kinds=("declaration",)), {"declaration-2017"}, id="a kind in another case"),
        pytest.param(Filters(kinds=("speech", "report")), {"speech-2019", "report-2019"}, id="either kind"),
        pytest.param(Filters(speakers=("norov",)), {"speech-2019", "report-2019"}, id="a surname"),
        pytest.param(Filters(speakers=("Heads of State",)), {"declaration-2017"}, id="some words of a name"),
        pytest.param(Filters(speakers=("Nor",)), set(), id="no part of a word"),
        pytest.param(Filters(speakers=("?",)), set(), id="no word"),
        pytest.param(Filters(document_ids=("undated", "speech-2019")), {"undated", "speech-2019"}, id="either document"),
        pytest.param(Filters(speakers=("Norov",), kinds=("speech",)), {"speech-2019"}, id="both filters"),
        pytest.param(Filters(speakers=("Norov",), kinds=("declaration",)), set(), id="together none"),
        pytest.param(Filters(latest=True, kinds=("text",)), {"undated"}, id="latest leaves none out"),
    ],
)
def test_documents_that_meet_every_filter_are_meant(filters, expected):
    """Of several values of one filter any does; a date that may be the document's own is one."""
    assert matching(filters, DOCUMENTS) == expected


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        pytest.param(Filters(kinds=("speech",)), (), id="some document meets it"),
        pytest.param(
            Filters(since=date(2021, 1, 1), kinds=("speech",)), (Filters(since=date(2021, 1, 1)),), id="the one that none meets is named"
        ),
        pytest.param(
            Filters(speakers=("Norov",), kinds=("Declaration",)),
            (Filters(speakers=("Norov",)), Filters(kinds=("Declaration",))),
            id="both, if they meet none only together",
        ),
    ],
)
def test_where_no_document_is_meant_the_filters_at_fault_are_known(filters, expected):
    """So that a reader knows which one to take away."""
    assert unmet(filters, DOCUMENTS) == expected


def test_dated_documents_are_grouped_the_newest_first():
    """A year alone counts as its last day, for the document may be as new; one without a date is never the latest."""
    assert newest_first(DOCUMENTS) == (("report-2019",), ("speech-2019",), ("month-2018",), ("declaration-2017",))


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2019", date(2019, 1, 1), date(2019, 12, 31)),
        ("2020-02", date(2020, 2, 1), date(2020, 2, 29)),
        ("2019-04-24", date(2019, 4, 24), date(2019, 4, 24)),
    ],
)
def test_a_year_or_month_has_a_first_and_a_last_day(text, first, last):
    """The calendar's, leap years too."""
    assert (first_day(text), last_day(text)) == (first, last)


@pytest.mark.parametrize("text", ["", "19", "2019-13", "2019-02-30", "24 April 2019"])
def test_what_is_no_day_month_or_year_is_refused(text):
    """A date that does not exist is never rounded to one that does."""
    with pytest.raises(ValueError, match=r"month|day|isoformat"):
        first_day(text)
