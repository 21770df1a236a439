"""What a question merely asks about, in however many words: the rest could ask about anything."""

import json
from pathlib import Path

import pytest

from bot.asked_about import NOBODY, Whose, asks_of_nothing, only_asks, subject_left, whose_documents
from bot.follow_up import subject_asked
from bot.question import parts
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
        pytest.param("Is the threat of frost addressed?", "threat of frost", id="of what"),
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
        pytest.param("What decisions were taken in the Lima hall?", id="where"),
        pytest.param("What does Lima say?", id="the holder of the position"),
        pytest.param("What problems do hives cause?", id="what something does"),
        pytest.param("Frost is said to need support from bees", id="no question"),
        pytest.param("What is the view of AMU?", id="nothing"),
        pytest.param("Does frost, they say, hurt?", id="two pieces"),
        pytest.param("", id="no word"),
    ],
)
def test_a_question_that_asks_for_more_has_no_subject_left(question):
    """It is searched for and judged as it stands."""
    assert subject_left(question, WHOSE) == ""


@pytest.mark.parametrize(
    ("question", "others"),
    [
        ("How does AMU see frost?", False),
        ("What is their position on frost?", False),
        ("What is Peru's position on frost?", True),
        ("What is the US position on frost?", True),
        ("Could you kindly indicate whether the Organisation has a position on frost?", False),
    ],
)
def test_it_is_told_whether_somebody_elses_position_is_asked(question, others):
    """A name that no document has speak is somebody else's; "US" is no "us"."""
    assert subject_asked(question, WHOSE) == "frost"
    assert only_asks(question, "frost", WHOSE) is not others


@pytest.mark.parametrize(
    ("title", "speaker", "names", "acronyms"),
    [
        pytest.param("AMU remarks", "Li Wei, Minister of Energy", {"li", "wei"}, {"amu"}, id="without the office"),
        pytest.param("REMARKS OF AMU ON FROST", None, set(), set(), id="all in capitals"),
        pytest.param("Declaration of AMU on HIV", None, set(), {"amu"}, id="not what it is on"),
    ],
)
def test_those_whose_position_it_is_speak_or_stand_in_titles(title, speaker, names, acronyms):
    """What a title is about may be asked about."""
    whose = whose_documents([Description("a", title, "speech", speaker=speaker)])
    assert (whose.names, whose.acronyms) == (names, acronyms)


def test_a_name_that_reads_like_an_acronym_stands_for_no_other():
    """Ali Tan's two names are no initials."""
    assert subject_left(
        "How does Tan see trade and nuclear power?", whose_documents([Description("a", "On T", "speech", speaker="Ali Tan")])
    )


def test_without_documents_nobody_is_known_whose_position_it_is():
    """A name is then part of what is asked about."""
    assert subject_left("AMU bees position") == "AMU bees"
    assert whose_documents([]) == NOBODY


def test_a_form_that_shows_its_subject_needs_no_list_of_words():
    """Whoever it is that "says about" it."""
    assert subject_asked("What does the baker of Lisbon say about frost?") == "frost"


@pytest.mark.parametrize(
    ("sentence", "nothing"),
    [("Any idea?", True), ("What's the AMU view?", True), ("Is it important?", True), ("What is RATS?", False), ("Who ate it?", False)],
)
def test_a_sentence_of_asking_alone_asks_of_nothing(sentence, nothing):
    """What it asks of stands in another sentence."""
    assert asks_of_nothing(sentence) is nothing


@pytest.mark.parametrize(("split", "least"), [("tuned", 128), ("kept aside", 25)], ids=["tuned", "kept aside"])
def test_most_ways_to_ask_are_known(split, least):
    """Of those that were written for it, and of those kept aside; docs/decisions/026 counts what the others cost."""
    rows = [json.loads(line) for line in PHRASINGS.read_text(encoding="utf-8").splitlines()]
    ways = [row["phrasing"] for row in rows if row["split"] == split]
    sco = Whose(frozenset(("vladimir", "norov")), frozenset(("sco",)), frozenset())
    known = [way for way in ways if "zebras" in (subject_asked(part, sco) for part in parts(way.format("zebras")))]
    assert len(known) >= least
