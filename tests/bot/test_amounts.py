"""Who asks for tonnes is not answered by a percentage; the measures and their units are those of English."""

import pytest

from bot.amounts import amounts_asked


def lacking(question: str, sentence: str) -> bool:
    """Tell whether *question* asks for an amount that *sentence* does not tell."""
    return any(not told.search(sentence) for told in amounts_asked(question))


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ("How many tonnes of drugs did they seize?", "They seized 40 percent of all the drugs."),
        ("how many kilos were found", "They found 12 laboratories."),
        ("What share of the seizures was theirs?", "They seized 38 tonnes in five years."),
        ("What percentage of the delegates came from Asia?", "It was attended by over 1,000 delegates."),
        ("How much money did the exercises cost?", "The exercises lasted 12 days."),
        ("How much do the members spend on drills?", "Five members took part in the drills."),
        ("How many billion dollars will the fund hold?", "The fund was agreed by 18 countries."),
        ("How many kilometres of track were built?", "The track was built in 2014."),
        ("How many kilometres of track were built?", "Delegates from 111 countries came from 2014 on."),
        ("How many metres deep is it?", "Experts asked 5 them and the others."),
        ("What number of hectares was sown with poppies?", "Poppies were sown in 17 provinces."),
        ("How many barrels are pumped a day?", "The pumps run for 20 hours a day."),
        ("How many megawatts does the dam give?", "The dam has 6 turbines."),
    ],
)
def test_a_number_of_something_else_is_no_amount_that_was_asked_for(question, sentence):
    """Each sentence holds a number, and none in the measure that is asked for."""
    assert lacking(question, sentence)


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ("How many tonnes of drugs did they seize?", "They seized 38 tonnes of drugs."),
        ("How many tonnes were there?", "1,110 kg (2,450 lb) were found."),
        ("What share of the seizures was theirs?", "They seized 40\u00a0percent of all the drugs."),
        ("What proportion of missionaries died?", "Over one-fourth of them died."),
        ("What percentage is poor?", "One in three people is poor."),
        ("How much money is promised?", "The states promised US$ 5 billion."),
        ("How much did it cost?", "It cost 12 million roubles."),
        ("How much of its income does it spend on schools?", "It spends 7 percent of it on schools."),
        ("How many square kilometres were cleared?", "Some 300 square kilometres were cleared."),
        ("How many metres deep is it?", "It is 40 to 70 m deep."),
        ("How many kilos were found?", "They found 38kg."),
        ("How far is it, how many miles?", "It is two hundred kilometres away."),
        ("How many delegates came?", "It was attended by over 1,000 delegates."),
        ("Who seized the drugs?", "The states did."),
    ],
)
def test_an_amount_in_the_measure_that_was_asked_for_lacks_nothing(question, sentence):
    """In whatever unit of it; and what is counted one by one, or not asked for by its amount, has no measure."""
    assert not lacking(question, sentence)
