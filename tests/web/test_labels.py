"""The page speaks its visitor's language, completely."""

import json
import re
import string
from html import unescape

import pytest

from bot.languages import VOICES, language_of
from bot.web.labels import labels, number, wanted
from bot.web.page import TITLE, front_page
from tests.web.examples import Parsed


@pytest.mark.parametrize("language", VOICES)
def test_every_label_is_in_its_language(language):
    """None was forgotten."""
    bare = {name: re.sub(r"\{\w+\}|JavaScript", "", label) for name, label in labels(language).items()}
    assert {name for name, label in bare.items() if language_of(label) != language} == set()


@pytest.mark.parametrize("language", ["ru", "zh"])
def test_a_label_has_the_slots_of_the_english_one(language):
    """A brace that is left over would be shown."""

    def slots(label: str) -> set[str]:
        return {slot for _, slot, _, _ in string.Formatter().parse(label) if slot is not None}

    assert {name: slots(label) for name, label in labels(language).items()} == {name: slots(label) for name, label in labels().items()}


@pytest.mark.parametrize(
    ("cookies", "header", "language"),
    [
        pytest.param({}, None, "en", id="nothing is said"),
        pytest.param({}, "ru", "ru", id="one language"),
        pytest.param({}, "ru-RU,ru;q=0.9,en-US;q=0.8,en;q=0.7", "ru", id="a Russian browser"),
        pytest.param({}, "zh-CN,zh;q=0.9,en;q=0.8", "zh", id="a Chinese browser"),
        pytest.param({}, "ZH-hant-TW", "zh", id="another case, a script and a region"),
        pytest.param({}, "kk-KZ,ru;q=0.8,en;q=0.7", "ru", id="the best of those that are spoken"),
        pytest.param({}, "en;q=0.5, zh;q=0.9", "zh", id="in no order"),
        pytest.param({}, "fr,de;q=0.5", "en", id="none that is spoken"),
        pytest.param({}, "ru;q=0", "en", id="one that is not wanted"),
        pytest.param({}, "ru;q=much,,;", "en", id="what is no header"),
        pytest.param({}, "*", "en", id="any"),
        pytest.param({"language": "zh"}, "ru", "zh", id="what was chosen on the page comes first"),
        pytest.param({"language": "<b>"}, "ru", "ru", id="a cookie of none"),
    ],
)
def test_the_language_is_that_of_the_choice_or_else_of_the_browser(cookies, header, language):
    """English where neither says one that the page speaks."""
    assert wanted(cookies, {} if header is None else {"accept-language": header}) == language


@pytest.mark.parametrize("language", VOICES)
def test_the_front_page_is_all_in_one_language(language):
    """Its chooser offers each by its own name, with the page's own chosen."""
    page = front_page(language, "")
    assert f'<html lang="{language}">' in page
    assert f'<option value="{language}" lang="{language}" selected>{VOICES[language]}</option>' in page
    assert page.count("<option") == len(VOICES)
    assert not re.search(r"\{\w+\}", page)
    assert labels(language)["tagline"] in Parsed(page).text


@pytest.mark.parametrize("language", VOICES)
def test_what_gradio_says_in_english_has_our_words_on_the_page(language):
    """Which page.js puts in its place: in the page's language all of them."""
    said = json.loads(unescape(re.search(r'data-gradio="([^"]*)"', front_page(language, "")).group(1)))
    assert {"Error", "Ask", "This application is currently busy. Please try again."} <= set(said)
    assert {language_of(ours) for ours in said.values()} == {language}


@pytest.mark.parametrize(("language", "shown"), [("en", "1,000,000"), ("ru", "1\u00a0000\u00a0000"), ("zh", "1,000,000")])
def test_a_numbers_thousands_are_set_apart_as_its_language_does(language, shown):
    """By a comma, or in Russian by a space at which no line ends."""
    assert number(1_000_000, language) == shown


def test_the_title_is_that_of_the_labels():
    """The server names itself by it where there are no labels."""
    assert labels()["title"] == TITLE
