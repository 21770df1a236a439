"""What the assistant itself says is data: complete, and with no slot that nobody fills."""

import string
from typing import get_args

import pytest

from bot.messages import messages
from bot.reply import AbstentionReason

SLOTS = {
    "ability": {"count", "example"},
    "documents": {"count", "list"},
    "unclear_question": {"example"},
    "suggested_question": {"subject"},
}
CONVERSATION = {"nothing_more", "nothing_to_sum_up", "suggested_question"}
CHAT_MODEL = {"chat_model_failed", "draft_not_supported"}
KINDS = {"greeting", "thanks", "goodbye", "acknowledgement", "wellbeing", "identity", "ability", "documents", "clear"}


def test_there_is_a_message_for_every_reason_and_every_kind_of_small_talk():
    """No reply fails for want of words."""
    assert set(messages()) == set(get_args(AbstentionReason)) | KINDS | CONVERSATION | CHAT_MODEL


@pytest.mark.parametrize("name", messages())
def test_a_message_has_only_the_slots_that_are_filled(name):
    """A brace that is left over would be shown."""
    slots = {slot for _, slot, _, _ in string.Formatter().parse(messages()[name]) if slot is not None}
    assert slots == SLOTS.get(name, set())
