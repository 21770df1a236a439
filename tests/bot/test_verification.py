"""A sentence passes only if what it cites says so: its numbers, names, speakers, negations and the rest are compared one by one."""

import pytest

from bot.verification import Source, compare, verify
from index.document import Description
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
