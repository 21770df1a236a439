"""Replies become text for a terminal, and lines of JSON become reply objects."""

import dataclasses
import json

import pytest

from bot.conversation import Conversation
from bot.errors import QuestionError
from bot.filters import Filter, Scope
from bot.reply import Abstention, Answer, Courtesy
from bot.terminal import answer_line, render
from index.filters import Filters
from tests.bot.test_reply import REPLIES


def test_an_answer_is_followed_by_its_references():
    """Title, the document's own point, and date where there is one."""
    answer = REPLIES["answer"]
    assert isinstance(answer, Answer)
    assert render(answer).splitlines() == [
        "Peace first. [1][2] Then drugs. [3]",
        "",
        "[1] A speech, point 1, 2019-04-24",
        "[2] also in: A report, paragraph 1",
        "[3] A speech, point 1, 2019-04-24",
    ]


def test_filters_of_an_answer_are_told_with_their_words():
    """A reader sees which documents were not searched, and why."""
    filters = (Filter("since", "2019-01-01", "since 2019"), Filter("kind", "speech"))
    lines = render(dataclasses.replace(REPLIES["answer"], filters=filters)).splitlines()
    assert lines[2] == "Only documents that meet: from 2019-01-01 on (“since 2019”); of the kind speech"
    assert lines[4] == "[1] A speech, point 1, 2019-04-24"


def test_an_abstention_is_followed_by_the_nearest_passages():
    """They are quoted, so that nobody takes them for an answer."""
    abstention = REPLIES["abstention"]
    assert isinstance(abstention, Abstention)
    assert render(abstention).splitlines() == [
        "The documents do not say this.",
        "",
        "Nearest passages:",
        "- “We are concerned.”",
        "  A speech, point 1, 2019-04-24",
    ]
    assert render(dataclasses.replace(abstention, nearest=())) == "The documents do not say this."


def test_a_courtesy_is_its_text():
    """It cites nothing."""
    assert render(REPLIES["courtesy"]) == "Hello."


def test_control_characters_never_reach_the_terminal():
    """A document could otherwise move the cursor, change the window's title or hide what stands above."""
    assert render(Courtesy("Q", "\x1b]0;owned\x07\x1b[2Jtext\r\x9b1m\nnext\tline", "f")) == "]0;owned[2Jtext1m\nnextline"


class Echo:
    """Stands in for the assistant: repeats the question, and remembers the turns before it."""

    def __init__(self) -> None:
        self.conversations: list[Conversation] = []
        self.scopes: list[Scope] = []

    def reply(self, question: object, conversation: Conversation, scope: Scope) -> Courtesy:
        """Return a courtesy that repeats *question*, or raise as the assistant does."""
        self.scopes.append(scope)
        if not isinstance(question, str) or not question:
            raise QuestionError("no question")
        self.conversations.append(conversation)
        return Courtesy(question, f"You said {question}", "f" * 16)


@pytest.mark.parametrize(
    ("line", "identity"),
    [
        pytest.param(b'{"id": "q1", "question": "Hi"}', "q1", id="text for an id"),
        pytest.param(b'{"id": 7, "question": "Hi"}', 7, id="a number for an id"),
        pytest.param(b'{"question": "Hi"}', None, id="no id"),
        pytest.param(b'{"id": null, "question": "Hi", "history": null}', None, id="null"),
        pytest.param(b'\xef\xbb\xbf{"id": "q1", "question": "Hi"}\r\n', "q1", id="a byte order mark and a Windows line end"),
        pytest.param(b'{"id": "\\ud800", "question": "Hi"}', "\ud800", id="half a surrogate pair"),
    ],
)
def test_a_line_is_answered_under_its_own_id(line, identity):
    """Whoever sends many questions finds each reply again."""
    answered = answer_line(Echo(), line, 1)
    assert (answered["id"], answered["answer"], answered["kind"]) == (identity, "You said Hi", "courtesy")


def test_the_history_of_a_line_comes_before_its_question():
    """A follow-up needs it."""
    echo = Echo()
    answer_line(echo, b'{"question": "And peace?", "history": [{"role": "user", "content": "Drugs?"}]}', 1)
    assert echo.conversations == [Conversation().plus("user", "Drugs?")]


def test_a_line_is_put_to_the_documents_of_its_filters_or_else_of_those_given_for_all():
    """One line may ask of a year, the next of all that the command was told of."""
    echo, given = Echo(), Scope(Filters(kinds=("speech",)))
    for line in (b'{"question": "Drugs?", "filters": {"speakers": ["Norov"], "from_words": false}}', b'{"question": "Peace?"}'):
        answer_line(echo, line, 1, given)
    assert echo.scopes == [Scope(Filters(speakers=("Norov",)), from_words=False), given]


@pytest.mark.parametrize(
    ("line", "identity", "says"),
    [
        pytest.param(b"Hi", None, "Expecting value", id="no JSON"),
        pytest.param(b'{"question": "Hi"', None, "Expecting", id="JSON cut short"),
        pytest.param(b'"Hi"', None, "not a JSON object", id="a text"),
        pytest.param(b"[]", None, "not a JSON object", id="a list"),
        pytest.param(b"null", None, "not a JSON object", id="null"),
        pytest.param(b'{"id": "q", "question": "Hi", "q": 1, "a": 2}', "q", "unknown field a, q;", id="unknown fields"),
        pytest.param(b'{"id": "q"}', "q", "no question", id="no question"),
        pytest.param(b'{"id": "q", "question": 7}', "q", "no question", id="a number for a question"),
        pytest.param(b'{"id": "q", "question": "Hi", "history": "Hi"}', "q", "not a list", id="a text for a history"),
        pytest.param(b'{"id": "q", "question": "Hi", "filters": ["speech"]}', "q", '"filters" is an object', id="a list for filters"),
        pytest.param(b'{"id": ["q"], "question": "Hi"}', None, '"id" is neither', id="a list for an id"),
        pytest.param(b'{"id": 1.5, "question": "Hi"}', None, '"id" is neither', id="a fraction for an id"),
        pytest.param(b'{"id": NaN, "question": "Hi"}', None, '"id" is neither', id="no number for an id"),
        pytest.param(b'{"id": true, "question": "Hi"}', None, '"id" is neither', id="a truth for an id"),
        pytest.param(b'{"id": ' + b"9" * 5000 + b', "question": "Hi"}', None, "4300 digits", id="a number of 5,000 digits"),
        pytest.param(b'{"question": "\xff"}', None, "utf-8", id="not UTF-8"),
        pytest.param(b"[" * 100_000, None, "recursion", id="a hundred thousand brackets"),
    ],
)
def test_a_line_that_cannot_be_used_gives_an_error_with_its_number(line, identity, says):
    """The error names the line, and the id where it could be read."""
    answered = answer_line(Echo(), line, 12)
    assert (answered["id"], answered["line"]) == (identity, 12)
    assert says in answered["error"]
    json.dumps(answered)
