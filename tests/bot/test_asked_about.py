"""What a question merely asks about, in however many words: the rest could ask about anything."""

import json
from pathlib import Path

import pytest

from bot.asked_about import Whose, asks_of_nothing, subject_left, whose_documents
from bot.follow_up import subject_asked
from index.document import Description

AMU = Description("amu-1", "AMU President Jane Doe's remarks at the Lisbon Forum on Food Security", "speech", speaker="Jane Doe")
WHOSE = whose_documents([AMU])
PHRASINGS = Path(__file__).parent.parent / "benchmarks" / "phrasings.jsonl"


@pytest.mark.parametrize(
    "question",
    [
        "How does AMU see wild bees?",
        "Where does AMU stand on wild bees?",
        "Is AMU worried about wild bees?",
        "Are they for or against wild bees?",
        "AMU wild bees position",
        "wild bees: what does Jane Doe think?",
        "I'm writing a paper and need to know how the Arabian Maritime Union regards wild bees, can you help?",
        "Why is so little said about wild bees by the member states?",
        "Could you kindly indicate whether the Organisation has taken a formal position on wild bees?",
        "Does the Secretary-General treat wild bees as a threat to order?",
        "My aunt Maria keeps asking for the official stance on wild bees",
    ],
)
def test_the_subject_is_what_is_left_without_the_words_of_asking_and_of_whose_position_it_is(question):
    """However it is asked: by its speaker, by an acronym in a title, or by the name that the acronym stands for."""
    assert subject_left(question, WHOSE) == "wild bees"


@pytest.mark.parametrize(
    ("question", "subject"),
    [
        pytest.param("How do they view the honey talks?", "honey talks", id="a word that stands beside it"),
        pytest.param("What do they think about food prices and the Lisbon tram?", "food prices and the Lisbon tram", id="words of a title"),
        pytest.param("What is the view of the government in Lima?", "government in Lima", id="of whom, where"),
        pytest.param("Is the threat of frost addressed?", "frost", id="a word of asking before it"),
    ],
)
def test_what_stands_beside_a_subject_is_part_of_it(question, subject):
    """A meeting, a body or a title's word alone would be whose position it is."""
    assert subject_left(question, WHOSE) == subject


@pytest.mark.parametrize(
    "question",
    [
        pytest.param("Who spoke about wild bees?", id="who"),
        pytest.param("How many hives does AMU plan?", id="how many"),
        pytest.param("When did AMU condemn the frost?", id="when"),
        pytest.param("Which countries do they support?", id="which of them"),
        pytest.param("What office does Jane Doe hold?", id="what office"),
        pytest.param("Has Doe bought hives?", id="a deed"),
        pytest.param("Do bees support AMU in Lima?", id="someone else's position"),
        pytest.param("What is the view of AMU?", id="nothing"),
        pytest.param("Does frost, they say, hurt?", id="two pieces"),
        pytest.param("", id="no word"),
    ],
)
def test_a_question_that_asks_for_more_has_no_subject_left(question):
    """It is searched for and judged as it stands."""
    assert subject_left(question, WHOSE) == ""


def test_without_documents_nobody_is_known_whose_position_it_is():
    """A name is then part of what is asked about."""
    assert subject_left("AMU bees position") == "AMU bees"
    assert whose_documents([]) == Whose(frozenset(), frozenset())


def test_a_form_that_shows_its_subject_needs_no_list_of_words():
    """Whoever it is that "says about" it."""
    assert subject_asked("What does the baker of Lisbon say about frost?") == "frost"
    assert subject_asked("How does the baker see frost?") == "baker see frost"  # nobody told that a baker's position is held


@pytest.mark.parametrize(
    ("sentence", "nothing"),
    [("Any idea?", True), ("What's the AMU view?", True), ("Is it important?", True), ("What is RATS?", False), ("Who ate it?", False)],
)
def test_a_sentence_of_asking_alone_asks_of_nothing(sentence, nothing):
    """What it asks of stands in another sentence."""
    assert asks_of_nothing(sentence) is nothing


def test_most_ways_to_ask_are_known():
    """Of the ways that were written for it four of five; docs/decisions/026 counts what the others cost."""
    phrasings = [json.loads(line)["phrasing"] for line in PHRASINGS.read_text(encoding="utf-8").splitlines()]
    sco = Whose(frozenset(("sco", "vladimir", "norov")), frozenset())
    known = [phrasing for phrasing in phrasings if "zebras" in subject_asked(phrasing.format("zebras"), sco).split()]
    assert len(known) >= 0.8 * len(phrasings) == 160
