"""A message's language is told by its script; twins and glossary are data, and complete."""

import re
from collections.abc import Mapping, Sequence

import numpy as np
import pytest
import yaml

from app import EXAMPLES
from bot.languages import (
    VOICES,
    english_twin,
    english_words,
    kind_in,
    language_of,
    question_about,
    reads,
    translated,
    unrelated_cosine,
    voice,
)
from index.embedding import Vectors
from tests.project import ROOT

LANGUAGES = ("ru", "zh")


@pytest.fixture(scope="module")
def data() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    """The twins and glossaries of each language, as their files hold them."""
    folder = ROOT / "prompts" / "languages"
    return {language: yaml.safe_load((folder / f"{language}.yaml").read_text(encoding="utf-8")) for language in LANGUAGES}


@pytest.mark.parametrize(
    ("text", "language"),
    [
        pytest.param("What about drugs?", "en", id="English"),
        pytest.param("¿Qué dice?", "en", id="Latin letters"),
        pytest.param("Что ШОС говорит о наркотиках?", "ru", id="Russian"),
        pytest.param("上合组织对毒品有何表述？", "zh", id="Chinese"),
        pytest.param("Что такое RATS?", "ru", id="Russian with an English name"),
        pytest.param("Что такое Engineering News-Record?", "ru", id="Russian with a longer English name"),
        pytest.param("SCO是什么", "zh", id="Chinese with an English name, without a space"),
        pytest.param("What is ШОС?", "en", id="English with a Russian name"),
        pytest.param("ما هو موقف المنظمة؟", "other", id="Arabic"),
        pytest.param("किसान", "other", id="Devanagari"),
        pytest.param("2019?", "en", id="no letters"),
        pytest.param("", "en", id="nothing"),
    ],
)
def test_a_language_is_told_by_the_script_of_most_words(text, language):
    """Names stand in Latin letters in every language."""
    assert language_of(text) == language


def test_what_cannot_be_spoken_is_replied_to_in_english():
    """Three voices, and English for all others."""
    assert [voice(language) for language in ("en", "ru", "zh", "other")] == ["en", "ru", "zh", "en"]
    assert set(VOICES) == {"en", *LANGUAGES}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_example_has_a_twin_that_is_understood_as_it(language):
    """Whatever its case, its white space and its final mark."""
    twins = {example: translated(example, language) for example in EXAMPLES}
    assert {language_of(twin) for twin in twins.values()} == {language}
    for example, twin in twins.items():
        assert english_twin(twin) == example
        assert english_twin(f"  {twin.upper()[:-1]} ") == example


def test_a_question_without_a_twin_is_not_guessed():
    """Nothing is translated."""
    assert english_twin("Какова позиция ШОС по Тайваню?") is None
    assert english_twin("What is the SCO?") is None
    assert translated("What is the SCO?", "ru") == "What is the SCO?"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("subject", ["the UN Charter", "Afghanistan and drugs", "RATS and drugs", "the Taliban regime", "2018"])
def test_a_question_about_a_subject_has_a_twin_that_is_understood_as_it(language, subject):
    """Whatever its case, its quotation marks and its final mark; a name without a twin stands in it as it is."""
    question = question_about(*subject.split(" and "))
    assert question == f"What do the documents say about {subject}?"
    twin = translated(question, language)
    assert language_of(twin) == language
    assert english_twin(twin) == question
    assert english_twin(f" {re.sub('[«»“”]', '', twin)[:-1]} ") == question


@pytest.mark.parametrize(
    ("question", "twin"),
    [
        ("What do the documents say about Afghanistan and drugs?", "Что документы говорят о теме «Афганистан и наркотики»?"),
        ("What do the documents say about the Middle East?", "关于“中东”，文件怎么说？"),
        ("What do the documents say about India and Pakistan?", "关于“印度、巴基斯坦”，文件怎么说？"),
        ("What do the documents say about Indian and Pakistani?", "Что документы говорят о теме «Indian and Pakistani»?"),
    ],
)
def test_the_twin_of_a_question_about_a_subject_names_it_in_its_language(question, twin):
    """As one would write it; what has no word there stays together as it is."""
    assert translated(question, language_of(twin)) == twin


def test_a_subject_that_is_not_known_is_not_guessed():
    """Nothing is translated, and a twin that would be taken for another language is none."""
    assert english_twin("Что документы говорят о теме «терроризма»?") is None
    assert english_twin("What do the documents say about «терроризм»?") is None
    long = question_about("the Regional Office of the World Health Organization for the Countries of South East Asia and the Pacific")
    assert translated(long, "zh") == long


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_subject_full_of_marks_is_read_as_it_stands(language):
    """Two thousand of them held a server up for a minute."""
    question = translated(question_about("cannabis"), language).replace({"ru": "каннабис", "zh": "大麻"}[language], f"a{'!' * 1900}b")
    assert english_twin(question) == f"What do the documents say about a{'!' * 1900}b?"


@pytest.mark.parametrize(("language", "called"), [("en", "Speech"), ("ru", "выступление"), ("zh", "讲话")])
def test_a_kind_of_documents_is_called_as_its_language_calls_it(language, called):
    """In any case; one that has no word there stays as the library has it."""
    assert kind_in("Speech", language) == called
    assert kind_in("Aide-mémoire", language) == "Aide-mémoire"


def test_the_languages_hold_twins_of_the_same(data):
    """Of every subject that the glossary can give, too; no two subjects have one twin, since each is understood as its own."""
    for part in ("questions", "subjects", "kinds", "sentences"):
        assert list(data["ru"][part]) == list(data["zh"][part])
    assert {*data["ru"]["words"].values(), *data["zh"]["words"].values()} - {""} <= set(data["ru"]["subjects"])
    for language in LANGUAGES:
        assert {language_of(twin) for part in ("questions", "subjects", "kinds") for twin in data[language][part].values()} == {language}
        assert len({twin.casefold() for twin in data[language]["subjects"].values()}) == len(data[language]["subjects"])
        assert all(kind == kind.casefold() for kind in data[language]["kinds"])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("Что говорится о наркотиках в Афганистане?", ("drugs", "Afghanistan"), id="inflected"),
        pytest.param("незаконный оборот наркотиков", ("drug trafficking",), id="the longer entry"),
        pytest.param("Сколько тонн героина изъяли в 2018 году?", ("heroin", "2018"), id="a number"),
        pytest.param("ШОС и RATS", ("RATS",), id="the SCO says nothing"),
        pytest.param("上合组织如何看待阿富汗的毒品问题？", ("Afghanistan", "drugs"), id="Chinese"),
        pytest.param("SCO和UN", ("UN",), id="names in Chinese"),
        pytest.param("Погода хорошая?", (), id="no entry"),
    ],
)
def test_a_question_gives_its_glossary_words_names_and_numbers(text, words):
    """In the order in which they stand."""
    assert english_words(text) == words


@pytest.mark.parametrize("language", LANGUAGES)
def test_glossary_keys_are_as_they_are_looked_up(data, language):
    """In lower case and without the letter that Russian writes in two ways; each in its own script."""
    data = data[language]
    for key in data["words"]:
        assert key == key.casefold().replace("ё", "е").strip()
        assert language_of(key) == language
    assert {language_of(twin) for twin in data["sentences"].values()} == {language}
    assert {language_of(english) for part in ("questions", "sentences") for english in data[part]} == {"en"}


def fake(scale: float, noise: float):
    """Return an encoder of twins: as near as *noise* lets them be, all squeezed together by *scale*."""
    seen: dict[int, list[str]] = {}

    def encode(texts: Sequence[str]) -> Vectors:
        rows = np.eye(len(texts), 20, dtype=np.float32)
        random = np.random.default_rng(len(seen))
        seen[len(seen)] = list(texts)
        vectors = scale * np.eye(20, dtype=np.float32)[19] + rows + noise * random.standard_normal(rows.shape).astype(np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    return encode


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_default_model_reads_english_alone(embeddings, language):
    """It is said so, not assumed: the pairs are encoded."""
    assert not reads(embeddings.encode_documents, language)
    assert reads(embeddings.encode_documents, "en")


def test_unrelated_sentences_show_where_a_models_scale_begins(embeddings):
    """At right angles for the default model, nearly; at 4/5 where all vectors share a part of length 2."""
    assert unrelated_cosine(embeddings.encode_documents) == pytest.approx(0.05, abs=0.05)
    assert unrelated_cosine(fake(2, 0)) == pytest.approx(4 / 5)


@pytest.mark.parametrize(("scale", "noise", "reading"), [(0, 0.05, True), (2, 0.05, True), (0, 2, False), (2, 2, False)])
def test_a_model_that_takes_twins_to_one_place_reads_the_language(scale, noise, reading):
    """Also one whose cosines are all high."""
    assert reads(fake(scale, noise), "zh") == reading
