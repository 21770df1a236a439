"""A text becomes the terms that lexical search counts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.terms import stop_words, terms


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("Terrorist groups", ["terrorist", "group"], id="English stems"),
        pytest.param("legalise legalising legalised", ["legalis"] * 3, id="forms of one verb meet"),
        pytest.param("DRUGS drugs", ["drug", "drug"], id="case does not matter, repeats are kept"),
        pytest.param("What does the SCO say about it?", ["sco"], id="words of grammar and of asking are no terms"),
        pytest.param("1,000 delegates, 1000 guests", ["1000", "deleg", "1000", "guest"], id="a thousands separator is no boundary"),
        pytest.param("1\u00a0000", ["1000"], id="a non-breaking space as thousands separator"),
        pytest.param("35,19 and 3.5", ["35", "19", "3", "5"], id="other commas and stops are boundaries"),
        pytest.param("the SCO’s role", ["sco", "role"], id="a typographic apostrophe"),
        pytest.param("the SCO's role", ["sco", "role"], id="a typewriter apostrophe"),
        pytest.param("in\u00a0the\u00a0UN", ["un"], id="non-breaking spaces"),
        pytest.param("anti-terrorism", ["anti", "terror"], id="a hyphen is a boundary"),
        pytest.param("наркотики 上海", ["наркотики", "上海"], id="other scripts are kept as they are"),
        pytest.param("…—“” 😀", [], id="no words"),
        pytest.param("", [], id="nothing"),
    ],
)
def test_terms(text, expected):
    """Stems by the Snowball algorithm for English; numbers as digits."""
    assert list(terms(text)) == expected


def test_stop_words_are_data_in_lower_case():
    """A stop word in other case would never be met."""
    assert {"the", "what", "does"} <= stop_words()
    assert all(word == word.lower() for word in stop_words())
    assert not stop_words() & {"peace", "drugs", "military", "sco"}


@given(st.text())
def test_any_text_has_terms_without_white_space_or_stop_words(text):
    """Whatever is typed, terms are single words."""
    assert all(term and not any(character.isspace() for character in term) for term in terms(text))
