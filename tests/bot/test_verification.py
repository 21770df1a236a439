"""A sentence passes only if what it cites says so: its numbers, names, speakers, negations and the rest are compared one by one."""

from collections.abc import Sequence

import numpy as np
import pytest

from bot.signals import information
from bot.verification import WITH_STATES, Floats, Signals, Source, compare, signals, support, verify
from index.document import Description
from index.terms import WORD
from tests.bot.drafts_read import in_one_batch, read_drafts, shown

SPEAKER = "Vladimir Norov, SCO Secretary-General"
SPEECH = Description("speech-2019", "Remarks", "speech", "2019-04-24", speaker=SPEAKER, event="Moscow Conference")


def sources(*texts: str) -> list[Source]:
    """Return sentences of one speech."""
    return [Source(text, SPEECH) for text in texts]


DRUGS = "Over the last five years, the SCO member states have confiscated 40\u00a0percent of all the drugs confiscated in Eurasia."
BLOC = "While not a military bloc, the SCO believes regular anti-terrorism military exercises to be very important."
ALL = "All countries must step up their efforts to create a joint front under the UN's coordination."
SUMMIT = "Today we are preparing for the next SCO summit, which will take place this June in Bishkek."
TREND = "The trend in a number of countries, which violates international conventions, raises “serious concerns”."


@pytest.mark.parametrize(
    ("sentence", "source", "fault"),
    [
        pytest.param("See <b>this</b> now.", ALL, "markup", id="a tag"),
        pytest.param("All countries [must] act.", ALL, "markup", id="brackets"),
        pytest.param("All countries must look at evil.example.", ALL, "markup", id="a host"),
        pytest.param("All countries\u200b must step up.", ALL, "markup", id="a hidden character"),
        pytest.param("countries must step up", ALL, "fragment", id="a piece of a sentence"),
        pytest.param('The trend raises "grave concerns".', TREND, "quotation", id="a quotation altered by a word"),
        pytest.param('The trend raises "serious concerns.', TREND, "quotation", id="a quotation that does not end"),
        pytest.param("Putin said that all countries must step up their efforts.", ALL, "speaker", id="another speaker"),
    ],
)
def test_what_was_altered_is_named(sentence, source, fault):
    """One row a way in which a sentence can say something else than its source."""
    assert compare(sentence, sources(source)) == fault


@pytest.mark.parametrize(
    ("sentence", "source"),
    [
        pytest.param("In the past five years, the SCO member states confiscated 40% of the drugs.", DRUGS, id="a percent sign"),
        pytest.param(
            "According to Norov, forty percent of all drugs were confiscated by SCO member states.", DRUGS, id="a number in words"
        ),
        pytest.param("The SCO is not a military bloc.", BLOC, id="a negation kept"),
        pytest.param("The SCO isn't a military bloc.", BLOC, id="a negation shortened"),
        pytest.param("The SCO believes anti-terrorism exercises to be very important.", BLOC, id="the clause without the negation"),
        pytest.param("Every country must step up its efforts, coordinated by the United Nations.", ALL, id="an acronym written out"),
        pytest.param("The SCO is preparing for its next summit, in Bishkek this June.", SUMMIT, id="we, in the Secretary-General's mouth"),
        pytest.param('The Secretary-General said that the trend raises "serious concerns".', TREND, id="a quotation, the speaker named"),
    ],
)
def test_what_was_only_reworded_has_no_fault(sentence, source):
    """The comparisons leave a faithful paraphrase alone."""
    assert compare(sentence, sources(source)) is None


CHINA = Description("statement-2022", "Statement", "speech", "2022", speaker="China")
READY = "We are ready to share our experience, and we invite other countries to join, so that talks can be held."


@pytest.mark.parametrize(
    ("sentence", "source", "fault"),
    [
        pytest.param("China is ready to share its experience.", READY, None, id="who says we"),
        pytest.param("The SCO is ready to share its experience.", READY, "speaker", id="who does not say we"),
    ],
)
def test_what_a_state_says_is_held_against_its_statement(sentence, source, fault):
    """Whoever speaks in a document is told by its description."""
    assert compare(sentence, [Source(source, CHINA)]) == fault


def test_two_sources_support_together(embeddings):
    """Each half stands in one of them, and the whole in neither."""
    sentence = "The SCO is not a military bloc, and its next summit will take place this June in Bishkek."
    assert verify(sentence, sources(BLOC, SUMMIT), embeddings.word_states).fault is None
    assert verify(sentence, sources(BLOC), embeddings.word_states).fault is not None


def test_one_clause_is_not_pieced_together_of_two_sources():
    """Its words all stand in one source or the other, and what it says in neither."""
    chaired = "We chaired the council for two years."
    assert compare("China chaired the forum for two years.", [Source(chaired, CHINA), Source("China attends the forum.", CHINA)]) == "order"
    assert compare("China chaired the council for two years.", [Source(chaired, CHINA), Source("China attends the forum.", CHINA)]) is None


def test_the_speaker_may_be_named_by_a_deed_of_speech():
    """The words "calls for" stand in no sentence of him who calls."""
    assert compare("China calls for an open border.", [Source("The border must be open.", CHINA)]) is None
    assert compare("Peru calls for an open border.", [Source("The border must be open.", CHINA)]) is not None


def test_words_that_no_source_knows_are_not_supported(embeddings):
    """Nothing that can be compared is wrong with it; the score says no."""
    verdict = verify("The summit will sign a declaration on fisheries.", sources(SUMMIT), embeddings.word_states)
    assert verdict.fault == "support"
    assert verdict.score < 0.5


def near_fishing(texts: Sequence[str]) -> list[Floats]:
    """Return states in which every word has its own direction, but "fisheries" has a cosine of 0.8 to "aquaculture"."""
    directions = {word: place for place, word in enumerate(dict.fromkeys(word for text in texts for word in WORD.findall(text)))}
    states = np.eye(len(directions) + 1, dtype=np.float32)
    if {"fisheries", "aquaculture"} <= set(directions):
        states[directions["fisheries"]] = 0.8 * states[directions["aquaculture"]] + 0.6 * states[-1]
    return [np.array([states[directions[word]] for word in WORD.findall(text)]) for text in texts]


def test_a_strange_word_counts_as_far_as_its_state_is_near_to_one_of_the_source():
    """Of "summit", "strengthens" and "fisheries" the source has two, and one in another word."""
    summit, strengthens, fisheries = (information(word) for word in ("summit", "strengthens", "fisheries"))
    share = (summit + strengthens + 0.8 * fisheries) / (summit + strengthens + fisheries)
    found = signals("The summit strengthens fisheries.", sources("The summit strengthens aquaculture."), near_fishing)
    assert found.coverage == found.weakest == pytest.approx(share)
    assert found.strangest == pytest.approx(0.2 * fisheries / 7.5)
    assert (found.strangers, found.length) == (1 / 20, 3 / 20)
    assert found.left_out == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("sentence", "left_out"),
    [
        pytest.param("The summit on drugs collapsed in Bishkek.", 0, id="nothing between"),
        pytest.param("The summit collapsed.", 1, id="what the summit was on"),
        pytest.param("The summit on drugs.", 0, id="only what follows"),
    ],
)
def test_what_is_left_out_between_the_words_used_is_noticed(sentence, left_out):
    """It may have restricted them; what is left out before or behind them has not."""
    found = signals(sentence, sources("Then the summit on drugs collapsed in Bishkek."), near_fishing)
    assert found.left_out == pytest.approx(left_out, abs=1e-6)


def test_a_state_that_speaks_is_no_stranger_in_its_statement():
    """A name of two words opens the sentence, and only the second of them is told to be one."""
    own = Description("statement-2021", "Statement", "speech", "2021", speaker="San Marino")
    assert signals("San Marino attends the forum.", [Source("We attend the forum.", own)], None).strangers == 0


def test_without_states_a_word_is_near_to_none_but_itself():
    """As with an embedding model that the weights were not fitted on: what stands in the source passes, what does not falls."""
    said = "The SCO is preparing for its next summit, in Bishkek this June."
    assert verify(said, sources(SUMMIT), None).fault is None
    assert verify("The summit will sign a declaration on fisheries.", sources(SUMMIT), None).fault == "support"


def test_the_score_is_the_logistic_function_of_the_weighted_signals():
    """Worked out by hand for signals of 1 and of 0."""
    assert support(Signals(0, 0, 0, 0, 0, 0), WITH_STATES) == pytest.approx(1 / (1 + np.exp(6.46)))
    assert support(Signals(1, 1, 0, 0, 1, 0), WITH_STATES) == pytest.approx(1 / (1 + np.exp(6.46 - 3.04 - 4.25 - 7.47)))


@pytest.mark.parametrize(
    ("statements", "most_shown", "most_dropped"),
    [(False, 0.02, 0.10), (True, 0.04, 0.10)],
    ids=["default corpus", "statements"],
)
def test_few_unsupported_sentences_pass_and_few_good_ones_fall(embeddings, statements, most_shown, most_dropped):
    """On sentences that nothing was fitted on: no more than docs/chat-models.md says."""
    drafts = [draft for draft in read_drafts() if draft.split == "test" and draft.is_of_a_statement is statements]
    passed = shown(drafts, in_one_batch(drafts, embeddings.word_states))
    hostile = [seen for draft, seen in zip(drafts, passed, strict=True) if not draft.supported]
    good = [seen for draft, seen in zip(drafts, passed, strict=True) if draft.supported]
    assert sum(hostile) / len(hostile) <= most_shown
    assert 1 - sum(good) / len(good) <= most_dropped


def test_there_are_enough_drafts_of_every_kind():
    """The figures rest on two hundred of each at least, written by hand, on which nothing was fitted."""
    drafts = read_drafts()
    measured = [draft for draft in drafts if draft.split == "test"]
    assert sum(draft.supported for draft in measured) >= 200
    assert sum(not draft.supported for draft in measured) >= 200
    assert len({(draft.sentence, draft.sources) for draft in drafts}) == len(drafts)
