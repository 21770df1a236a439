"""Whatever is said of an evaluation is said in every language."""

import re
import string

import pytest

from bot.evaluation.figures import CLASS_MEASURES
from bot.evaluation.measures import MEASURES
from bot.evaluation.words import Words, words
from bot.languages import language_of

# Slots, and what is written in a file of queries or is a name of a class: the same in every language.
CODES = re.compile(r"\{[^}]*\}|'\w+'|\b(?:id|gold|facet|near|far|out_of_domain|hostile|JSON|UTF-8)\b")


def slots(text: str) -> set[str]:
    """Return the names of the slots of *text*."""
    return {slot for _, slot, _, _ in string.Formatter().parse(text) if slot is not None}


@pytest.mark.parametrize("language", ["ru", "zh"])
@pytest.mark.parametrize("section", ["report", "faults"])
def test_every_text_is_there_with_no_slot_of_its_own(section, language):
    """A slot that the English does not fill would be an error; only what pydantic words itself has other ones."""
    english, others = words(section), words(section, language)
    assert others.keys() == english.keys()
    assert {name for name in english if slots(english[name]) != {"message"} and slots(others[name]) != slots(english[name])} == set()


@pytest.mark.parametrize("language", ["ru", "zh"])
def test_every_text_is_in_its_language(language):
    """None was forgotten; a measure's formula is a name in all of them."""
    texts = {name: text for section in ("report", "meanings", "faults") for name, text in words(section, language).items()}
    bare = {name: CODES.sub("", text) for name, text in texts.items()}
    assert {name for name, text in bare.items() if language_of(text) != ("en" if not text.strip() else language)} == set()


@pytest.mark.parametrize("language", ["ru", "zh"])
def test_every_measure_has_its_meaning_and_all_but_formulas_their_name(language):
    """As measures.py lists them."""
    names = {measure.name for measure in MEASURES}
    formulas = {name for name in names if name.startswith(("R@", "nDCG@", "RR@"))}
    assert words("meanings", language).keys() == names
    assert names - formulas <= words("names", language).keys()
    assert {*CLASS_MEASURES} - formulas <= words("names", language).keys()


def test_a_message_in_a_slot_is_said_in_the_same_language():
    """The place of a row stands in what is wrong with another."""
    twice = Words("id_twice", {"id": "a", "place": Words("line", {"file": "a.csv", "number": 2})})
    assert twice.said() == "the id 'a' was used before, in a.csv line 2. Give it another id."
    assert "a.csv, строка 2" in twice.said("ru")
