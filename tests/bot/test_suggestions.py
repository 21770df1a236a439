"""Questions to offer come from the names in the documents, and those that fit and are new are chosen."""

import numpy as np

from bot.suggestions import Suggestion, choose, subjects
from index.document import Description
from index.parse import parse_document

DOCUMENT = parse_document(
    Description("one", "News of the Honey Society (HS)", "report", speaker="Ada Keeper"),
    "News of the Honey Society (HS)\n\nToday Ada Keeper spoke of the Winter Garden and of\u00a0Utopia. "
    "The Winter Garden belongs to the Honey Society. The Utopian side agreed with IFAN.",
)


def vector(*numbers: float) -> np.ndarray:
    """Return a vector of these numbers."""
    return np.array(numbers, dtype=np.float32)


OFFERED = (
    Suggestion("Do bees sting?", vector(1, 0), "Bees sting."),
    Suggestion("Who was stung?", vector(0.9, 0), "Bees sting."),
    Suggestion("Do ants walk?", vector(0, 1), "Ants walk."),
    Suggestion("Is honey sweet?", vector(0.5, 0.5), "Honey\u00a0is sweet."),
)


def test_subjects_are_the_names_in_the_body_the_most_frequent_first():
    """Without those of the document's own title and speaker, and without "the Utopian", which is no name."""
    assert subjects([DOCUMENT]) == ("the Winter Garden", "Utopia", "IFAN")


def test_the_nearest_are_chosen_and_no_two_lead_to_one_place():
    """Two questions with one answer are one offer."""
    assert choose(OFFERED, vector(1, 0), (), "") == ("Do bees sting?", "Is honey sweet?", "Do ants walk?")


def test_what_was_asked_or_shown_is_not_offered():
    """However it was typed, and whatever stood around the sentence."""
    assert choose(OFFERED, vector(1, 0), {"do ants walk"}, "So: honey is sweet. [1]") == ("Do bees sting?",)


def test_without_a_question_to_be_near_to_they_come_in_order():
    """As when a conversation begins with "what about it?"."""
    assert choose(OFFERED, None, (), "") == ("Do bees sting?", "Do ants walk?", "Is honey sweet?")
