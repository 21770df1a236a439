"""An exchange goes to the visitor's browser as plain data and is checked when it comes back."""

import json
from dataclasses import replace
from datetime import date

import pytest

from bot.filters import Filter, Scope
from bot.web.exchange import MAX_EXCHANGES, conversation, exchange, notice, read_exchanges, write_exchanges
from bot.web.labels import labels
from index.filters import Filters
from tests.web.examples import abstention, answer, citation, courtesy

EXCHANGES = (
    exchange(answer(("So it is.", (1,)), ("\nSo be it.", (2,)), citations=(citation(1), citation(2, also=True)))),
    exchange(abstention()),
    exchange(courtesy()),
    notice("Why?", "Stopped."),
)


def test_what_is_written_is_read_back_the_same_through_json():
    """The browser's store changes nothing."""
    assert read_exchanges(json.loads(json.dumps(write_exchanges(EXCHANGES)))) == EXCHANGES


def test_suggestions_and_notes_come_along():
    """What the reply suggests to ask next, and why a chat model did not word it."""
    reply = replace(answer(("So it is.", (1,)), citations=(citation(1),)), note="The model failed.", suggestions=("And then?",))
    assert (exchange(reply).note, exchange(reply).suggestions) == ("The model failed.", ("And then?",))


def test_an_answer_that_a_chat_model_worded_says_so():
    """A reader must know whose words these are."""
    assert exchange(replace(answer(("So it is.", (1,)), citations=(citation(1),)), mode="llm")).note == labels()["worded"]


def test_what_was_understood_comes_along_where_it_is_not_what_was_typed():
    """A whole question is not repeated."""
    typed = replace(abstention(), question="and drugs?", standalone_question="What is said on drugs?")
    assert exchange(typed).understood == "What is said on drugs?"
    assert exchange(abstention()).understood == ""


def test_sentences_say_how_they_were_verified_where_a_chat_model_worded_them():
    """Without one all stand word for word in the documents."""
    extract = answer(("So it is.", (1,)), citations=(citation(1),))
    assert [piece.status for piece in exchange(replace(extract, mode="llm")).said] == ["verbatim"]
    assert [piece.status for piece in exchange(extract).said] == [""]


FILTERS = (
    Filter("since", "2018-01-01", "in 2018"),
    Filter("until", "2018-12-31", "in 2018"),
    Filter("speaker", "Norov"),
)
NARROWED = exchange(replace(answer(("So it is.", (1,)), citations=(citation(1),)), filters=FILTERS))


def test_filters_come_along_phrase_by_phrase_and_can_be_taken_away():
    """Each has a button; the others stay, and words of the question give no new ones."""
    assert read_exchanges(json.loads(json.dumps(write_exchanges([NARROWED])))) == (NARROWED,)
    first, second = NARROWED.removals
    assert first == "The same without: from 2018-01-01 on, up to 2018-12-31 (“in 2018”)"
    assert NARROWED.without(first) == Scope(Filters(speakers=("Norov",)), from_words=False)
    assert NARROWED.without(second) == Scope(Filters(date(2018, 1, 1), date(2018, 12, 31)), from_words=False)
    assert [NARROWED.without(other) for other in ("The same without: ", None, ["x"], {})] == [None] * 4


def test_a_day_that_does_not_exist_is_none_of_ours():
    """The browser could send any text."""
    sent = write_exchanges([NARROWED])
    sent[0]["narrowed"][0]["conditions"][0]["value"] = "2018-02-30"
    assert read_exchanges(sent) == ()


def altered(field: str, value: object) -> list[dict[str, object]]:
    """The answer's exchange with one field of its first place set to *value*."""
    sent = json.loads(json.dumps(write_exchanges(EXCHANGES[:1])))
    sent[0]["places"][0][field] = value
    return sent


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(None, id="nothing"),
        pytest.param("<b>", id="text"),
        pytest.param({"question": "?"}, id="no list"),
        pytest.param([{"question": "?"}], id="half an exchange"),
        pytest.param([{**write_exchanges(EXCHANGES)[2], "html": "<b>"}], id="a field too many"),
        pytest.param([{**write_exchanges(EXCHANGES)[2], "kind": "system"}], id="unknown kind"),
        pytest.param([{**write_exchanges(EXCHANGES)[2], "question": "x" * 2001}], id="question too long"),
        pytest.param(altered("document_id", "../admin"), id="document id with a path"),
        pytest.param(altered("document_id", "//elsewhere.example"), id="document id with a host"),
        pytest.param(altered("document_id", 'x" onclick="alert(1)'), id="document id with markup"),
        pytest.param(altered("paragraph", "1'><b>"), id="paragraph with markup"),
        pytest.param(altered("marker", -1), id="negative marker"),
        pytest.param(altered("address", "javascript:alert(1)"), id="an address of its own"),
    ],
)
def test_anything_else_begins_a_new_conversation(sent):
    """Nothing that is not ours is shown, not even in part."""
    assert read_exchanges(sent) == ()


def test_only_the_last_exchanges_are_kept():
    """A conversation cannot grow for ever."""
    many = [notice(f"Question {number}", "-") for number in range(MAX_EXCHANGES + 5)]
    assert [one.question for one in read_exchanges(write_exchanges(many))] == [
        f"Question {number}" for number in range(5, MAX_EXCHANGES + 5)
    ]


def test_the_conversation_holds_questions_and_replies_without_markers_or_notices():
    """A follow-up may refer to what was asked and said, never to a notice of the page."""
    turns = conversation(EXCHANGES).turns
    assert [(turn.role, turn.content) for turn in turns] == [
        ("user", "Is it so?"),
        ("assistant", "So it is. So be it."),
        ("user", "Why?"),
        ("assistant", "The documents do not say this."),
        ("user", "Hi"),
        ("assistant", "Hello."),
    ]
