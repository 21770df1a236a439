"""What the assistant itself says is data: complete, and with no slot that nobody fills."""

import string
from typing import get_args

import pytest

from bot.filters import Field, Filter
from bot.languages import VOICES, language_of
from bot.messages import in_words, messages, with_example
from bot.reply import AbstentionReason

SLOTS = {
    "ability": {"count", "example"},
    "ability_without_example": {"count"},
    "documents": {"count", "list"},
    "unclear_question": {"example"},
    "no_document": {"filters"},
    "only_filtered": {"filters"},
    **{f"filter_{name}": {"value"} for name in ("since", "until", "speaker", "kind", "document")},
}
CONVERSATION = {"nothing_more", "nothing_to_sum_up"}
NO_EXAMPLE = {"ability_without_example", "unclear_question_without_example"}
LANGUAGE = {"not_translated", "original_language"}
CHAT_MODEL = {"chat_model_failed", "draft_not_supported"}
FILTERS = {"only_filtered", *(f"filter_{name}" for name in get_args(Field))}
SAID = CONVERSATION | NO_EXAMPLE | LANGUAGE | CHAT_MODEL | FILTERS
KINDS = {"greeting", "thanks", "goodbye", "acknowledgement", "wellbeing", "complaint", "identity", "ability", "documents", "clear"}


@pytest.mark.parametrize("language", VOICES)
def test_there_is_a_message_for_every_reason_and_every_kind_of_small_talk(language):
    """No reply fails for want of words, in any language."""
    assert set(messages(language)) == set(get_args(AbstentionReason)) | KINDS | SAID


@pytest.mark.parametrize("language", VOICES)
@pytest.mark.parametrize("name", messages())
def test_a_message_has_only_the_slots_that_are_filled(name, language):
    """A brace that is left over would be shown."""
    slots = {slot for _, slot, _, _ in string.Formatter().parse(messages(language)[name]) if slot is not None}
    assert slots == SLOTS.get(name, set())


@pytest.mark.parametrize("name", messages())
@pytest.mark.parametrize("language", VOICES)
def test_a_message_is_in_its_language(name, language):
    """None was forgotten."""
    assert language_of(messages(language)[name]) == language


def test_filters_are_told_phrase_by_phrase():
    """Two that one phrase of the question gave stand together, with its words; given ones stand alone."""
    filters = (
        Filter("since", "2018-01-01", "in 2018"),
        Filter("until", "2018-12-31", "in 2018"),
        Filter("kind", "speech"),
        Filter("kind", "report"),
        Filter("latest", "true", "the latest"),
    )
    assert in_words(filters) == (
        "from 2018-01-01 on, up to 2018-12-31 (“in 2018”)",
        "of the kind speech",
        "of the kind report",
        "the latest that says it (“the latest”)",
    )


@pytest.mark.parametrize(("language", "told"), [("ru", "вид документа: отчёт"), ("zh", "文件类型：报告")])
def test_a_kind_is_told_in_the_readers_language(language, told):
    """What is filtered by stays the library's own word."""
    assert in_words([Filter("kind", "report")], language) == (told,)


@pytest.mark.parametrize("language", VOICES)
@pytest.mark.parametrize("name", ["ability", "unclear_question"])
def test_without_an_example_a_message_offers_none(name, language):
    """It ends with a whole sentence, and quotes nothing."""
    text = with_example(name, language, "", count=2)
    assert text[-1] in ".。"
    assert not set("“”«»{}") & set(text)
