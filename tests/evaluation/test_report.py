"""The page shows figures, charts and failures, needs nothing from elsewhere, and takes no text for markup."""

import re

import pytest

from bot.evaluation.charts import Axis, Chart, interval_bar
from bot.evaluation.report import failures, render_report
from bot.evaluation.results import ask_all
from tests.evaluation.values import (
    COURTESY,
    DOCUMENTS,
    DRUGS,
    DRUGS_TOLD,
    RIGHT,
    SILENT,
    TURNS,
    WRONG,
    ListedReplies,
    query,
)

QUERIES = [
    query("right", gold=(DRUGS, DRUGS_TOLD), question="Drugs?"),
    query("false-abstention", gold=(DRUGS,), question="And <b>drugs</b>?", turns=TURNS),
    query("false-answer", "unanswerable", "near", question="Oil?", note="not mentioned"),
    query("silent", "unanswerable", "far", question="Gas?"),
    query("talk", "conversational", "small_talk", question="hi"),
    query("refused", gold=(DRUGS,), question=" "),
    query("beside", gold=(DRUGS,), question="Danger?"),
]
REPLIES = {"Drugs?": RIGHT, "And <b>drugs</b>?": SILENT, "Oil?": WRONG, "Gas?": SILENT, "hi": COURTESY, "Danger?": WRONG}


@pytest.fixture(scope="module")
def results():
    """The results of seven queries, four of which fail."""
    return ask_all(ListedReplies(REPLIES), QUERIES, DOCUMENTS, list)


@pytest.fixture(scope="module")
def page(results):
    """The page about them."""
    return render_report("Evaluation: dev", results, DOCUMENTS, {"index": "f" * 16})


def test_failures_are_listed_once_under_what_failed(results):
    """A false abstention lost its facet as well, but stands under the first alone."""
    found = {name: [failure.result.query.query_id for failure in group] for name, group in failures(results, DOCUMENTS).items()}
    assert found == {"false answer": ["false-answer"], "false abstention": ["false-abstention", "refused"], "facet recall": ["beside"]}


def test_a_failure_shows_what_was_said_and_expected(page):
    """Question, turns before it, reply, gold quote and note are there."""
    for text in ("And &lt;b&gt;drugs", "agent: Tourism grows.", "Not found.", "“Drugs are a grave and growing danger.”", "not mentioned"):
        assert text in page


def test_a_failure_can_be_asked_again_where_there_is_a_chat(results, page):
    """The question is escaped into the address; without a chat there is no link, and a blank question has none."""
    linked = render_report("Evaluation", results, DOCUMENTS, {}, "./?q=")
    questions = ["./?q=Oil%3F", "./?q=And%20%3Cb%3Edrugs%3C/b%3E%3F", "./?q=Danger%3F"]
    assert re.findall(r'<a href="([^"]*)"', linked) == ["./", "./evaluation", *questions]
    assert "by itself, without what came before it" in linked
    assert "<a " not in page


def test_no_text_becomes_markup(page):
    """The question's <b> is text; there is no script at all."""
    assert "<b>drugs" not in page
    assert "<script" not in page


def test_the_page_needs_nothing_from_elsewhere(page):
    """No address is fetched: no image, import or url(), and the one link is to an icon that the page holds."""
    assert not re.search(r"https?://|<img|@import|url\(|src=", page)
    assert re.findall(r'<link rel="(\w+)" href="(.{11})', page) == [("icon", "data:image/")]


def test_the_page_shows_every_figure(page):
    """Of three answered or unanswered answerable queries all but one failed: the share and its interval are there."""
    assert "false abstention" in page
    assert re.search(r"false abstention<small>.*?</small></td><td class=\"number\">\.50</td><td>\.15 to \.85", page)
    assert page.count('<svg class="chart"') == 3
    assert "f" * 16 in page


def test_a_page_without_failures_says_so(results):
    """Only the right answer: no failure, and only the times make a chart."""
    page = render_report("Evaluation", results[:1], DOCUMENTS, {})
    assert "<p>None.</p>" in page
    assert page.count('<svg class="chart"') == 1


def test_a_chart_puts_its_marks_to_scale():
    """The origin is the lower left corner of the frame, (1, 1) its upper right one; texts are escaped."""
    chart = Chart("A & B", Axis("x", 1, "{:.1f}"), Axis("y", 1, "{:.1f}"))
    assert chart.line([(0, 0), (1, 1)]) == '<polyline class="line" points="46.0,220.0 340.0,12.0"/>'
    assert "<title>1 &lt; 2</title>" in chart.dot(0.5, 0.5, "1 < 2")
    assert 'aria-label="A &amp; B"' in chart.render()


def test_an_interval_is_a_band_around_its_mean():
    """On a scale of 140 units that begins at 5: .5 stands at 75, and .25 to 1 from 40 to 145."""
    bar = interval_bar(0.5, (0.25, 1))
    assert 'cx="75.0"' in bar
    assert 'x1="40.0" x2="145.0"' in bar
