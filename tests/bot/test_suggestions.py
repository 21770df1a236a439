"""Questions to offer come from the names in the documents, and those that fit and are new are chosen."""

import numpy as np
import pytest

from bot.suggestions import Suggestion, choose, read_suggestions, subjects, write_suggestions
from index.document import Description
from index.parse import parse_document

DOCUMENT = parse_document(
    Description("one", "News of the Honey Society (HS)", "report", speaker="Ada Keeper"),
    "News of the Honey Society (HS)\n\nToday Ada Keeper spoke of the Winter Garden and of\u00a0Utopia. "
    "The Winter Garden belongs to the Honey Society. The Utopian side agreed with IFAN in June.",
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
    """Without those of the document's own title and speaker, and without "the Utopian" and "June", which are no names."""
    assert subjects([DOCUMENT]) == ("the Winter Garden", "Utopia", "IFAN")


def test_an_adjective_is_no_subject_beside_its_name():
    """However often it is said: who is asked about "Eurasian" has to wonder what that is."""
    seen = "He saw Utopian and Arcadian bees fly between Utopia and Arcadia, over Utopia, to Utopia."
    text = f"The Garden\n\nA vast Utopian plain and a Utopian law. {seen}"
    document = parse_document(Description("two", "The Garden", "report"), text)
    assert subjects([document]) == ("Utopia", "Utopia and Arcadia")


def test_the_nearest_are_chosen_and_no_two_lead_to_one_place():
    """Two questions with one answer are one offer."""
    assert choose(OFFERED, vector(1, 0), (), "") == ("Do bees sting?", "Is honey sweet?", "Do ants walk?")


def test_what_was_asked_or_shown_is_not_offered():
    """However it was typed, and whatever stood around the sentence."""
    assert choose(OFFERED, vector(1, 0), {"do ants walk"}, "So: honey is sweet. [1]") == ("Do bees sting?",)


def test_without_a_question_to_be_near_to_they_come_in_order():
    """As when a conversation begins with "what about it?"."""
    assert choose(OFFERED, None, (), "") == ("Do bees sting?", "Do ants walk?", "Is honey sweet?")


def test_questions_are_kept_from_one_start_to_the_next(tmp_path):
    """What was written is read again, with the very vectors."""
    write_suggestions(tmp_path / "kept.json", "digest", OFFERED)
    read = read_suggestions(tmp_path / "kept.json", "digest")
    values = [[(one.question, one.first_sentence, one.vector.tolist()) for one in suggestions] for suggestions in (read, OFFERED)]
    assert values[0] == values[1]
    assert [path.name for path in tmp_path.iterdir()] == ["kept.json"]


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"made_from": "digest"}', '{"made_from": "digest", "offered": [1]}'])
def test_what_cannot_be_read_is_found_anew(tmp_path, content):
    """A damaged file costs a second, not an answer."""
    (tmp_path / "kept.json").write_text(content)
    assert read_suggestions(tmp_path / "kept.json", "digest") is None


def test_questions_made_from_something_else_are_not_offered(tmp_path):
    """Another index, or other evidence, answers other questions."""
    write_suggestions(tmp_path / "kept.json", "digest", OFFERED)
    assert read_suggestions(tmp_path / "kept.json", "another") is None


def test_a_folder_that_cannot_be_written_costs_nothing(tmp_path, caplog):
    """The log says so."""
    write_suggestions(tmp_path / "missing" / "kept.json", "digest", OFFERED)
    assert "cannot be kept" in caplog.text
