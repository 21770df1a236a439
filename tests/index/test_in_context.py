"""A message and the questions that it leans on become one text."""

import pytest

from index.in_context import in_context


@pytest.mark.parametrize(
    ("message", "questions", "text"),
    [
        ("and drugs?", ("What is said of crime?",), "and drugs (What is said of crime)?"),
        ("and drugs", ("What is said of crime?",), "and drugs (What is said of crime)"),
        ("why... ? ", ("Does it agree?", "with whom?!"), "why (Does it agree; with whom)?"),
    ],
)
def test_a_message_comes_first_and_what_it_leans_on_behind_it(message, questions, text):
    """Its own mark at the end tells whether it asks; the others' marks would cut the text in two."""
    assert in_context(message, *questions) == text
