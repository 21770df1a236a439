"""What the assistant is told to have said is known again in the documents' sentences."""

import pytest

from bot.said import is_told, told_sentences

PEACE = "Peace in that country can only be achieved via political dialogue among Afghans, led by Afghans."


def test_a_told_text_is_cut_into_sentences_and_the_shortest_are_left_out():
    """Four words may stand anywhere, five seldom do."""
    told = "Peace came to the valley. It lasted four years.\n\nThe ministers met in Bishkek. Then they left."
    assert told_sentences(told) == ("Peace came to the valley.", "The ministers met in Bishkek.")


@pytest.mark.parametrize(
    ("told", "same"),
    [
        (PEACE, True),
        ("peace in that country can only be achieved\u00a0via political dialogue among Afghans — led by Afghans", True),
        ("Peace in that country can only be achieved via political dialogue.", True),
        ("Peace in that country can only be achieved via military dialogue.", False),
        ("Peace in that country can be achieved via political dialogue among Afghans, led by Afghans.", False),
        ("In that country peace can only be achieved via political dialogue among Afghans, led by Afghans.", False),
    ],
)
def test_a_sentence_is_what_was_told_if_all_words_stand_there_in_order(told, same):
    """Case, marks and kinds of spaces do not count; a word left out within does."""
    assert is_told(PEACE, told) == same


def test_part_of_a_word_is_no_word():
    """Words are compared whole."""
    assert not is_told("The disagreements are being resolved at length.", "agreements are being resolved at length")
