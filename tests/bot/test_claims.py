"""Two sentences claim the same only if their numbers, names, speakers, negations, kinds and order do."""

import pytest

from bot.claims import changed, content_words, negated, numbers
from bot.wording import nearly_said, plain

DRUGS = "Over the last five years, the SCO member states have confiscated 40\u00a0percent of all the drugs confiscated in Eurasia."
BLOC = "While not a military bloc, the SCO believes regular anti-terrorism military exercises to be very important."
ALL = "All countries must step up their efforts to create a joint front under the UN's coordination."
SUMMIT = "Today we are preparing for the next SCO summit, which will take place this June in Bishkek."
TREND = "The trend in a number of countries, which violates international conventions, raises “serious concerns”."
READY = "We are ready to share our experience, and we invite other countries to join, so that talks can be held."
VISIT = "He made his first visit to Kyrgyzstan after the end of the war in Tajikistan."


@pytest.mark.parametrize(
    ("sentence", "source", "change"),
    [
        pytest.param("Millions of dollars were spent.", "Billions of dollars were spent.", "number", id="millions for billions"),
        pytest.param("The SCO member states have confiscated 60 percent of the drugs.", DRUGS, "number", id="another number"),
        pytest.param("The SCO member states have confiscated 40 tonnes of drugs.", DRUGS, "number", id="another unit"),
        pytest.param("The SCO member states have confiscated sixty percent of the drugs.", DRUGS, "number", id="a number in words"),
        pytest.param("Russia has confiscated 40 percent of the drugs.", DRUGS, "name", id="a state for the member states"),
        pytest.param("The SCO has confiscated 40 percent of the drugs.", DRUGS, "speaker", id="the organisation for its member states"),
        pytest.param("SCO member states must step up their efforts.", ALL, "speaker", id="the member states for all countries"),
        pytest.param("The summit will take place in Astana.", SUMMIT, "name", id="another place"),
        pytest.param("The summit will take place this July.", SUMMIT, "name", id="another month"),
        pytest.param("All countries must act under NATO.", ALL, "name", id="another organisation"),
        pytest.param("The SCO is a military bloc.", BLOC, "negation", id="a negation dropped"),
        pytest.param("The summit will not take place in Bishkek.", SUMMIT, "negation", id="a negation added"),
        pytest.param("The SCO does not believe military exercises to be important.", BLOC, "negation", id="a negation moved"),
        pytest.param("The trend in all countries raises concerns.", TREND, "kind", id="all for some"),
        pytest.param("Some countries must step up their efforts.", ALL, "kind", id="some for all"),
        pytest.param("Only the UN can coordinate.", ALL, "kind", id="only"),
        pytest.param("The trend raises concerns because it violates conventions.", TREND, "kind", id="a cause"),
        pytest.param("Countries of the trend must stop.", TREND, "kind", id="an obligation"),
        pytest.param("All countries must reduce their efforts.", ALL, "opposite", id="an opposite"),
        pytest.param("The SCO believes exercises to be unimportant.", BLOC, "opposite", id="an opposite by its prefix"),
        pytest.param("Other countries have joined.", READY, "order", id="an invitation taken up"),
        pytest.param("Talks are held.", READY, "order", id="what can be for what is"),
        pytest.param("He made his first visit to Tajikistan.", VISIT, "order", id="a name from elsewhere in the sentence"),
        pytest.param("He made his first visit to Kyrgyzstan before the war.", VISIT, "kind", id="before for after"),
        pytest.param("The trade of Asia grew.", "The trade of the world grew.", "name", id="a continent that opens the sentence"),
        pytest.param("All states welcome it.", "All organisations welcome it.", "kind", id="all of others"),
        pytest.param("Food went from the coast to the hills.", "Food went from the hills to the coast.", "order", id="there and back"),
        pytest.param("The law protects order.", "Order protects the law.", "order", id="subject and object"),
        pytest.param("The envoy was thanked by the host.", "The envoy thanked the host.", "order", id="the passive turned round"),
        pytest.param("Winters there are due to famines.", "Famines there are due to winters.", "order", id="cause and effect"),
        pytest.param("Norway proposes a fund.", "We propose a fund with Norway.", "order", id="a name for those who say we"),
        pytest.param("Ministers opened the port.", "We asked the ministers to open the port.", "order", id="what was asked for"),
        pytest.param("The port was opened in May.", "The port will be opened in May.", "order", id="what will be"),
        pytest.param(
            "They chose the wrong side of the river, to the right.",
            "They chose the right side of the river.",
            "opposite",
            id="an opposite beside the same word",
        ),
        pytest.param("Turns are predictable.", "Turns are unpredictable.", "opposite", id="a prefix dropped"),
        pytest.param("Peru is the largest exporter.", "Peru is one of the largest exporters.", "kind", id="the largest of several"),
        pytest.param("All ports closed.", "Many ports closed in every month.", "kind", id="all for many"),
        pytest.param("Trade is a danger.", "Some people believe that trade is a danger.", "speaker", id="a belief of others as a fact"),
        pytest.param("The port closed last year.", "The port closed ten years ago.", "kind", id="last year for years ago"),
        pytest.param("SCO member states are equal.", "UN member states are equal.", "speaker", id="another body's member states"),
        pytest.param("Prices rose because of war.", "Prices rose because of drought.", "kind", id="another cause"),
        pytest.param(
            "The Doha Treaty was a success.", "Unlike the Doha Treaty, the Cairo Accord was a success.", "order", id="another subject"
        ),
        pytest.param("The port must serve all ships.", "All ships must serve the port.", "order", id="a subject from behind the verb"),
        pytest.param(
            "Peru kept its word.", "Contrary to the acts of Peru, Chile kept its word.", "order", id="another name before the verb"
        ),
        pytest.param("The talks are led by the UN.", "The talks are led by farmers, with the UN beside them.", "order", id="another agent"),
        pytest.param("Victims of the mob were arrested.", "The mob was arrested for its victims.", "order", id="the head of a subject"),
        pytest.param("Peru is a problem.", "Peru is a country with a problem.", "order", id="what a name is not"),
        pytest.param("The town is the centre of trade.", "We want to make the town the centre of trade.", "order", id="what is to be made"),
        pytest.param("The port was repaired.", "We ask that the port be repaired.", "order", id="what is asked for by that"),
        pytest.param(
            "The summit was held in May.", "We welcome the upcoming holding of the summit in May.", "order", id="what is upcoming"
        ),
        pytest.param("The Assembly asserted it.", "I assert it before the Assembly.", "order", id="an assembly is no adverb"),
        pytest.param("Ships carry more grain than oil.", "Ships carry grain and oil.", "kind", id="a comparison"),
        pytest.param("The first canal was dug.", "The first canal in the region was dug.", "kind", id="the first of a region"),
        pytest.param("War lasted for 70 years.", "War ended 70 years ago.", "number", id="so long for so long ago"),
        pytest.param("Five families lost a member.", "Five members of one family were lost.", "number", id="what a number counts"),
        pytest.param(
            "Grain exports fell by 9 percent in the north.",
            "Grain exports fell by 20 tons in the north, and the share of all world fish caught that is theirs is 9 percent.",
            "number",
            id="the number of another clause",
        ),
        pytest.param(
            "The lake is the largest in the world.", "The lake is the largest in the region.", "kind", id="the world for a region"
        ),
    ],
)
def test_what_was_altered_is_named(sentence, source, change):
    """One row a way in which a sentence can claim something else than its source."""
    assert changed(plain(sentence), plain(source), "") == change


@pytest.mark.parametrize(
    ("text", "values"),
    [
        pytest.param("Forty percent of 1,200 tonnes", {40, 1200}, id="in words and with a separator"),
        pytest.param("the eighteenth session of the 79th year", {18, 79}, id="ordinals"),
        pytest.param("no number at all", set(), id="none"),
    ],
)
def test_numbers_are_read_in_digits_and_in_words(text, values):
    """So that a draft may write either."""
    assert numbers(text) == values


@pytest.mark.parametrize(
    ("sentence", "source"),
    [
        pytest.param("Talks were not heard.", "Talks went unheard.", id="a negation by a prefix"),
        pytest.param("It will fail unless ships sail.", "It will fail if ships do not sail.", id="unless for if not"),
        pytest.param("Two of the largest ports closed.", "The two biggest ports closed.", id="a number before of"),
        pytest.param("It cost 12 billion dollars.", "It cost $12 billion.", id="a currency's sign"),
        pytest.param("For 20 years it was shut.", "For two decades it was shut.", id="decades in years"),
        pytest.param("Firms that last are rare.", "Durable firms are rare.", id="last, a verb"),
        pytest.param("They put safety first.", "They put safety ahead.", id="first, no number"),
        pytest.param("The SDGs matter.", "The Sustainable Development Goals matter.", id="an acronym's plural"),
    ],
)
def test_what_was_only_reworded_is_no_change(sentence, source):
    """Other words for the same claim leave it as it is."""
    assert changed(plain(sentence), plain(source), "") is None


def test_a_negation_reaches_to_the_end_of_its_clause():
    """The stems of the words that it denies, and none beyond the comma."""
    assert negated("The bloc is not military, but the exercises matter.") == [{"militari"}]
    assert negated("The exercises matter.") == []


def test_names_numbers_and_reporting_words_are_no_content():
    """What is compared one by one needs no score."""
    assert content_words("Norov said that all 40 refineries burned.") == ["refineries", "burned"]


def test_words_of_one_list_say_nearly_the_same():
    """What was confiscated may be called seized, and not sold."""
    assert nearly_said("seized", ["They confiscated it."])
    assert not nearly_said("sold", ["They confiscated it."])


def test_typographic_marks_are_no_difference():
    """Models write plain ones."""
    assert plain("“don’t”\u00a0–") == '"do not" -'


@pytest.mark.parametrize(("short", "whole"), [("can’t", "can not"), ("won't", "will not"), ("Won’t", "Will not"), ("isn't", "is not")])
def test_shortened_negations_are_written_out(short, whole):
    """Each is then the word that negates, and no word that no source knows."""
    assert plain(short) == whole
