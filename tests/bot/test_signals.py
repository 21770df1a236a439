"""Signals are plain numbers on whether a sentence holds what is asked for, and on what the documents do not know."""

from dataclasses import fields

import numpy as np
import pytest

from bot.signals import question_signals, sentence_signals
from index.document import Description, Passage
from index.parse import parse_document
from index.search import ScoredSentence, SearchResult


def found(text: str, *known: str) -> SearchResult:
    """Return a result with one sentence, *text*, by documents that know the terms *known*."""
    paragraph = parse_document(Description("one", "One", "speech"), text).paragraphs[0]
    values: dict[str, object] = {field.name: 0.0 for field in fields(ScoredSentence)}
    passage = Passage(paragraph, 0.0, 1)
    values |= {"passage": passage, "sentence": paragraph.sentences[0], "row": 0, "vector": np.ones(1, np.float32)}
    return SearchResult(np.ones(1, np.float32), frozenset(known), (passage,), (ScoredSentence(**values),))


def gaps(question: str, text: str) -> tuple[float, float]:
    """Return the gaps of number and of time between *question* and a sentence *text*."""
    (signals,) = sentence_signals(question, found(text))
    return signals["number_gap"], signals["time_gap"]


@pytest.mark.parametrize(
    ("question", "text", "gap"),
    [
        pytest.param("How many bees are there?", "There are forty-two thousand bees.", 0, id="a number in words"),
        pytest.param("How many bees are there?", "Bees are one of our joys.", 1, id="one of many is no number"),
        pytest.param("How many hives burnt?", "One burnt.", 0, id="one"),
        pytest.param("Who keeps bees?", "The society keeps bees.", 0, id="no number is asked for"),
        pytest.param("How many tonnes of honey are made?", "Bees make 40 percent of all the honey.", 1, id="a number of something else"),
        pytest.param("How many tonnes of honey are made?", "Bees make 38 tonnes of it.", 0, id="a number in the measure asked for"),
    ],
)
def test_a_number_that_is_asked_for_has_to_be_there(question, text, gap):
    """In digits or in words."""
    assert gaps(question, text) == (gap, 0)


@pytest.mark.parametrize(
    ("question", "text", "gap"),
    [
        pytest.param("When do bees swarm?", "Bees swarm in May.", 0, id="a month"),
        pytest.param("When do bees swarm?", "Bees may swarm.", 1, id="may, the verb"),
        pytest.param("When do ants swarm?", "Ants march in rows.", 1, id="march, the verb"),
        pytest.param("What is the date of the congress?", "The congress was merry.", 1, id="the date of"),
        pytest.param("On which exact day did it begin?", "It began in the hall.", 1, id="which exact day"),
        pytest.param("How long does honey last?", "Honey was found in May 2019.", 1, id="a date is no duration"),
        pytest.param("How long does honey last?", "Honey lasts three thousand years.", 0, id="a duration"),
        pytest.param("How long has he been treasurer?", "He has been treasurer since 2015.", 0, id="a beginning"),
    ],
)
def test_a_time_that_is_asked_for_has_to_be_there(question, text, gap):
    """A date for a date, a duration for a duration."""
    assert gaps(question, text) == (0, gap)


@pytest.mark.parametrize(
    "question",
    [
        pytest.param("What is said of Xanadu?", id="a name"),
        pytest.param("What is said of Zorblatt-19?", id="with a hyphen"),
        pytest.param("What is said of XQZ?", id="in capitals"),
    ],
)
def test_a_name_that_the_documents_lack_is_a_reason_to_doubt(question):
    """However it is written."""
    result = found("Bees fly.")
    assert question_signals(question, result, sentence_signals(question, result))["unknown_name"] > 0


@pytest.mark.parametrize(
    "question", ["What is said of quindrels?", "What is said of Xanadu-type hives?"], ids=["a noun", "of a name's kind"]
)
def test_a_word_that_is_no_name_is_no_unknown_name(question):
    """The documents need not know every word of a question."""
    result = found("Bees fly.")
    assert question_signals(question, result, sentence_signals(question, result))["unknown_name"] == 0
