"""How usual a word is, held against the package that the list is taken from."""

import pytest
import wordfreq

from index.errors import ModelError
from index.frequency import _list, _numbers, zipf

FIRST_OF_EACH = [words[0] for words in wordfreq.get_frequency_list("en") if words]  # one word of each frequency that there is
ODD = [
    "2019",
    "1999",
    "2155",
    "7",
    "40",
    "007",
    "covid19",
    "mp3",
    "9th",
    "21st",
    "b2b",
    "00",
    "1,000",
    "2018-2019",
    "türkiye",
    "attaché",
    "østersøen",
    "naïve",
    "шос",
    "上海合作组织",
    "don't",
    "foo_bar",
    "ﬁn",
    "ß",
    "",
]


def test_a_usual_word_a_rarer_one_and_none():
    """As anyone can count: "the" is one word of twenty, which is 7.7 on the scale; nobody writes the last."""
    assert zipf("the") == pytest.approx(7.7, abs=0.1)
    assert zipf("the") > zipf("drugs") > zipf("sourdough") > zipf("xyzzyqqq") == 0


@pytest.mark.parametrize("words", [FIRST_OF_EACH, ODD, ["confrence", "uzbeck", "zzzz"]], ids=["every frequency", "odd", "misspelt"])
def test_every_word_is_as_usual_as_wordfreq_says(words):
    """Weights were fitted with its figures."""
    assert {word: zipf(word) for word in words} == {word: wordfreq.zipf_frequency(word, "en") for word in words}


def test_a_package_that_is_not_there_is_named(monkeypatch):
    """With what to do."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    _list.cache_clear()
    with pytest.raises(ModelError, match=r"wordfreq is not installed\. Install it"):
        _list()


def test_a_package_without_its_files_is_named(monkeypatch, tmp_path):
    """An installation that was cut short: the list, and what tells numbers apart."""
    monkeypatch.setattr("index.frequency._folder", lambda: tmp_path)
    for read in (_list, _numbers):
        read.cache_clear()
        with pytest.raises(ModelError, match=r"wordfreq cannot be read.*Reinstall it"):
            read()
