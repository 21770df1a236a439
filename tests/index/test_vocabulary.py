"""Words that the documents do not hold become words that they do, and no other word is touched."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.vocabulary import Vocabulary, named_in, vocabulary_of

# Invented names and words, so that the table holds for any documents.
TEXT = (
    "The Xan Regional Water Office met the Council of Heads of Velm. Zorblatt and quindrel were discussed; the drimmelock treaty stands. "
    "The Free Ostel Guard patrols."
)


def vocabulary(*texts: str) -> Vocabulary:
    """Return the vocabulary of documents of one text each."""
    return vocabulary_of(named_in([text]) for text in texts)


VOCABULARY = vocabulary(TEXT)


@pytest.mark.parametrize(
    ("question", "mended"),
    [
        pytest.param("What is zorblat?", "What is zorblatt?", id="a letter left out"),
        pytest.param("What is zorblattt?", "What is zorblatt?", id="a letter too many"),
        pytest.param("the qiundrel", "the quindrel", id="two letters changed about"),
        pytest.param("Is the Drimelock in force?", "Is the drimmelock in force?", id="a capital does not hide it"),
        pytest.param("zorblat/qindrel, zorblat!", "zorblatt/quindrel, zorblatt!", id="marks around words stay"),
        pytest.param("ZORBLATT Zorblatt zorblatt", "ZORBLATT Zorblatt zorblatt", id="words of the documents, however written"),
        pytest.param("What of Portugal and music?", "What of Portugal and music?", id="usual words that the documents lack"),
        pytest.param("velmm", "velm", id="five letters are long enough"),
        pytest.param("elm vlm", "elm vlm", id="short words lie too close to others"),
        pytest.param("quixotle", "quixotle", id="nothing in the documents is like it"),
        pytest.param("zorbl4tt", "zorbl4tt", id="a word with a digit is a name or a number"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_misspelt_words_are_written_as_the_documents_write_them(question, mended):
    """Only rare words, only long ones, and only if a word of the documents is nearly the same."""
    assert VOCABULARY.in_words_of_the_documents(question) == mended


@pytest.mark.parametrize(
    ("question", "written_out"),
    [
        pytest.param("Who leads XRWO?", "Who leads Xan Regional Water Office?", id="a name's initials"),
        pytest.param("Who leads xrwo?", "Who leads Xan Regional Water Office?", id="in small letters, where no word is meant"),
        pytest.param("Who leads RWO?", "Who leads Regional Water Office?", id="part of a longer name"),
        pytest.param("What did the CHV say?", "What did the Council of Heads of Velm say?", id="small words have no letter"),
        pytest.param("the FOG", "the Free Ostel Guard", id="capitals say that no word is meant"),
        pytest.param("a fog", "a fog", id="small letters say that the word is meant"),
        pytest.param("XR, WO and XQZ", "XR, WO and XQZ", id="no name has these"),
    ],
)
def test_acronyms_are_written_out(question, written_out):
    """By the names that the documents hold; none is listed in the program."""
    assert VOCABULARY.in_words_of_the_documents(question) == written_out


def test_one_wrong_letter_of_a_short_word_is_mended_where_one_word_alone_is_meant():
    """A sixth of its letters is too unlike by share; of two words within one letter neither is taken."""
    own = vocabulary("The zemble, a gromit and a gromat.")
    assert own.in_words_of_the_documents("a zimble, a gromet") == "a zemble, a gromet"


def test_an_acronym_that_the_documents_use_stays():
    """It is found as it stands."""
    own = vocabulary(TEXT, "The XRWO is new.")
    assert own.in_words_of_the_documents("XRWO") == "XRWO"


def test_the_first_name_with_its_initials_is_meant():
    """Two names may share them; the answer does not depend on chance."""
    own = vocabulary("Grand Ostel Union.", "Great Orn Unit.")
    assert own.in_words_of_the_documents("GOU") == "Grand Ostel Union"


def test_a_name_broken_by_odd_spaces_is_written_with_plain_ones():
    """Documents hold non-breaking spaces; a question does not."""
    assert vocabulary("Grand\u00a0Ostel  Union").acronyms["GOU"] == "Grand Ostel Union"


def test_without_documents_nothing_is_changed():
    """There is nothing to write it as."""
    assert vocabulary() == Vocabulary((), {})
    assert vocabulary().in_words_of_the_documents("zorblat XRWO") == "zorblat XRWO"


@given(st.lists(st.sampled_from([*re.findall(r"\w+", TEXT), "zorblat", "XRWO", "portugal", "7", "?"]), max_size=12))
def test_words_that_the_documents_hold_are_never_changed(words):
    """Whatever stands beside them and however they are written."""
    held = set(re.findall(r"\w+", TEXT.lower()))
    kept = [word.upper() for word in words if word.lower() in held]
    mended = VOCABULARY.in_words_of_the_documents(" ".join(kept)).split()
    assert mended == kept


@given(st.text(max_size=200))
def test_every_text_of_any_documents_stays_as_it_is(text):
    """A document asked for in its own words is looked for in just these."""
    assert vocabulary(text).in_words_of_the_documents(text) == text
