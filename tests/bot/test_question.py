"""What a person types becomes a question that can be searched for, or an error that says what to do."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import QuestionError
from bot.question import MAX_QUESTION_LENGTH, check_question, parts


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        pytest.param("  What?\n", "What?", id="white space around"),
        pytest.param("Line one\nline two\tend", "Line one\nline two\tend", id="lines and tabs are kept"),
        pytest.param("a\x00b\x1b[31mc\x7fd", "a b [31mc d", id="control characters become spaces"),
        pytest.param("what\ud800 is it", "what  is it", id="half a surrogate pair becomes a space"),
        pytest.param("<script>alert(1)</script>", "<script>alert(1)</script>", id="markup is text like any other"),
        pytest.param("наркотики?", "наркотики?", id="Cyrillic"),
        pytest.param("毒品", "毒品", id="Chinese"),
        pytest.param("7", "7", id="one digit"),
        pytest.param("x" * MAX_QUESTION_LENGTH, "x" * MAX_QUESTION_LENGTH, id="just short enough"),
    ],
)
def test_a_question_is_cleaned_of_what_cannot_be_shown(typed, expected):
    """Nothing else about it is changed."""
    assert check_question(typed) == expected


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        pytest.param("", "no words", id="nothing"),
        pytest.param(" \n\t\u00a0", "no words", id="spaces"),
        pytest.param("?!… —", "no words", id="only punctuation"),
        pytest.param("😀" * MAX_QUESTION_LENGTH, "no words", id="2,000 emoji"),
        pytest.param("\x00\x01\x02", "no words", id="only control characters"),
        pytest.param("\ud800", "no words", id="only half a surrogate pair"),
        pytest.param("\u200b\u202e", "no words", id="only invisible characters"),
        pytest.param("x" * (MAX_QUESTION_LENGTH + 1), "2,001 characters; at most 2,000", id="just too long"),
        pytest.param("x" * 100_000, "100,000 characters", id="100,000 characters"),
        pytest.param(" " * 100_000 + "x", "100,001 characters", id="100,000 spaces before it"),
        pytest.param(None, "not text", id="nothing at all"),
        pytest.param(["What?"], "not text", id="a list"),
        pytest.param({"text": "What?"}, "not text", id="an object"),
        pytest.param(7, "not text", id="a number"),
        pytest.param(b"What?", "not text", id="bytes"),
    ],
)
def test_what_is_no_question_is_refused(typed, says):
    """The message is for the person who typed it."""
    with pytest.raises(QuestionError, match=says):
        check_question(typed)


@given(st.text(st.characters(), max_size=300))
def test_a_checked_question_can_be_shown_searched_and_sent(typed):
    """Whatever is typed: either an error, or text without surrounding space, control characters or broken surrogates."""
    try:
        question = check_question(typed)
    except QuestionError:
        return
    assert question == question.strip()
    assert any(character.isalnum() for character in question)
    assert not [c for c in question if unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\t"]
    question.encode("utf-8")


# --- the things that are asked


@pytest.mark.parametrize(
    ("question", "asked"),
    [
        ("Who opened the meeting, and when did it end?", ("Who opened the meeting", "when did it end?")),
        ("Who opened the meeting, and when was it?", ("Who opened the meeting, and when was it?",)),
        (
            "Could you tell me (a) when the leaders next meet and (b) what they will decide?",
            ("Could you tell me (a) when the leaders next meet", "what they will decide?"),
        ),
        ("What did it decide and with which neighbours does it trade?", ("What did it decide", "with which neighbours does it trade?")),
        ("What did it decide; how many delegates came?", ("What did it decide", "how many delegates came?")),
        ("When he says hotspots, does he mean cities?", ("When he says hotspots, does he mean cities?",)),
        ("We are writing a paper on the region. What is said of trade?", ("What is said of trade?",)),
        ("I wonder what he thinks of bees. Any idea?", ("I wonder what he thinks of bees.",)),
        ("What does AMU say about bees? Is it important?", ("What does AMU say about bees?", "Is it important?")),
        ("What risks are mentioned? What is their view?", ("What risks are mentioned?", "What is their view?")),
    ],
)
def test_a_message_is_cut_into_the_things_that_it_asks(question, asked):
    """At the words that begin a second question that can stand alone; background and conditions are none."""
    assert parts(question) == asked
