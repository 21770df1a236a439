"""What a reply is worth: every expected value is counted by hand on two documents of five sentences."""

import dataclasses

import pytest

from bot.evaluation.measures import (
    MEASURES,
    carries,
    coverage,
    relevant_paragraphs,
    score_rankings,
    score_reply,
    score_sentences,
)
from bot.evaluation.queries import Gold
from index.document import Passage
from index.search import ScoredSentence, SearchResult
from tests.evaluation.values import (
    BLOC,
    COURTESY,
    DOCUMENTS,
    DRUGS,
    DRUGS_TOLD,
    REPORT,
    RIGHT,
    SILENT,
    SPEECH,
    TOURISM,
    WRONG,
    abstention,
    answer,
    citation,
    query,
)

ONE_FACET = query(gold=(DRUGS, DRUGS_TOLD, BLOC))
TWO_FACETS = query(gold=(DRUGS, TOURISM))
UNANSWERABLE = query(answerability="unanswerable", query_class="near")


def test_coverage_counts_the_quotes_words():
    """Of "we are in favour of peace" four of six words stand in the text; "of" is asked for once and found twice."""
    assert coverage("We are in favour of peace", "in favour of a lot of PEACE") == 4 / 6
    assert coverage("peace, peace", "peace") == 0.5


def test_a_text_carries_a_quote_from_four_fifths_of_its_words():
    """Six of the seven words of the quote are enough, five are not."""
    assert carries("Drugs: a grave and growing danger", DRUGS)
    assert not carries("Drugs: a grave, growing danger", DRUGS)


def test_either_alternative_states_a_facet():
    """The speech's sentence and the report's are one facet; the first sentence alone is a complete answer."""
    for reply in (answer(citation(1, SPEECH, 1, 1)), answer(citation(1, REPORT, 1, 1))):
        scores = score_reply(ONE_FACET, reply, DOCUMENTS)
        assert (scores["facet recall"], scores["citation recall"], scores["citation precision"]) == (1, 1, 1)
        assert (scores["first right"], scores["truthfulness"], scores["false abstention"]) == (1, 1, 0)


def test_one_of_two_facets_is_half():
    """Drugs without tourism: half the recall, full precision, half true."""
    scores = score_reply(TWO_FACETS, answer(citation(1, SPEECH, 1, 1)), DOCUMENTS)
    assert (scores["facet recall"], scores["citation recall"], scores["citation precision"], scores["truthfulness"]) == (0.5, 0.5, 1, 0.5)


def test_a_citation_of_a_second_document_counts_as_shown():
    """A sentence beside the point whose further citation says it: the facet is stated and cited, but not by the first sentence."""
    reply = answer(citation(1, REPORT, 1, 2), citation(2, SPEECH, 1, 1, also=True))
    scores = score_reply(ONE_FACET, reply, DOCUMENTS)
    assert (scores["facet recall"], scores["citation recall"], scores["citation precision"], scores["first right"]) == (1, 1, 0.5, 0)


def test_a_citation_of_relevant_gold_is_precise_but_recalls_nothing():
    """Grade 1 may be shown; it answers no facet, so the answer is beside the point."""
    scores = score_reply(ONE_FACET, WRONG, DOCUMENTS)
    assert (scores["citation precision"], scores["facet recall"], scores["truthfulness"]) == (1, 0, -1)


def test_the_equal_of_a_gold_sentence_is_cited_rightly():
    """The report's sentence is no gold here but holds six of the gold quote's seven words: right and stated, not recalled."""
    scores = score_reply(query(gold=(DRUGS,)), answer(citation(1, REPORT, 1, 1)), DOCUMENTS)
    assert (scores["citation precision"], scores["facet recall"], scores["citation recall"]) == (1, 1, 0)


def test_the_main_part_of_a_long_gold_quote_states_it():
    """Of a quote of nine words over two sentences, the first has seven and suffices, the second two and does not."""
    whole = query(gold=(Gold("speech-2019", 1, "Drugs are a grave and growing danger. Tourism grows."),))
    assert score_reply(whole, answer(citation(1, SPEECH, 1, 1)), DOCUMENTS)["facet recall"] == 1
    assert score_reply(whole, answer(citation(1, SPEECH, 1, 2)), DOCUMENTS)["facet recall"] == 0


def test_an_abstention_recalls_nothing():
    """On an answerable query it is false, and neither precise nor imprecise."""
    scores = score_reply(ONE_FACET, SILENT, DOCUMENTS)
    assert (scores["facet recall"], scores["citation recall"], scores["false abstention"], scores["truthfulness"]) == (0, 0, 1, 0)
    assert not {"citation precision", "first right", "words"} & set(scores)


@pytest.mark.parametrize(("query_class", "name"), [("near", "near"), ("hostile", "hostile"), ("typos", "other")])
def test_a_false_answer_counts_in_its_class(query_class, name):
    """The classes written to be unanswerable are counted apart, all others together."""
    asked = query(answerability="unanswerable", query_class=query_class)
    scores = score_reply(asked, WRONG, DOCUMENTS)
    assert (scores["false answer"], scores[f"false answer: {name}"], scores["truthfulness"]) == (1, 1, -1)
    scores = score_reply(asked, SILENT, DOCUMENTS)
    assert (scores["false answer"], scores[f"false answer: {name}"], scores["truthfulness"]) == (0, 0, 1)


@pytest.mark.parametrize(
    ("answerability", "reply", "handled"),
    [
        pytest.param("conversational", COURTESY, 1, id="small talk got a courtesy"),
        pytest.param("conversational", SILENT, 0, id="small talk got an abstention"),
        pytest.param("underspecified", SILENT, 1, id="unclear got an abstention"),
        pytest.param("underspecified", None, 1, id="unclear was refused"),
        pytest.param("underspecified", RIGHT, 0, id="unclear got an answer"),
    ],
)
def test_small_talk_and_unclear_questions_are_handled(answerability, reply, handled):
    """Small talk wants a courtesy; an unclear question wants anything but an answer."""
    assert score_reply(query(answerability=answerability), reply, DOCUMENTS)["handled"] == handled


def test_a_question_refused_unread_is_not_answered():
    """It counts as an abstention: right for an unanswerable query, false for an answerable one."""
    assert score_reply(UNANSWERABLE, None, DOCUMENTS)["false answer"] == 0
    assert score_reply(ONE_FACET, None, DOCUMENTS)["false abstention"] == 1


def test_what_must_not_be_said_is_looked_for_in_any_case():
    """To forbid "GRAVE" is to forbid "grave"."""
    assert score_reply(query(gold=(DRUGS,), must_not=("GRAVE",)), RIGHT, DOCUMENTS)["must-not said"] == 1
    assert score_reply(query(gold=(DRUGS,), must_not=("bomb",)), RIGHT, DOCUMENTS)["must-not said"] == 0


def test_words_are_those_of_the_sentences():
    """Seven words and a marker are seven words."""
    assert score_reply(ONE_FACET, RIGHT, DOCUMENTS)["words"] == 7


def test_true_quotes_are_faithful():
    """Sentences, citations and the passages beside an abstention stand in the documents where they say."""
    assert score_reply(ONE_FACET, RIGHT, DOCUMENTS)["quote fidelity"] == 1
    assert score_reply(ONE_FACET, abstention((SPEECH, 2, 1), (REPORT, 1, 2)), DOCUMENTS)["quote fidelity"] == 1


@pytest.mark.parametrize(
    ("altered", "fidelity"),
    [
        pytest.param({"quote": "Drugs are a minor danger."}, 0.5, id="another quote"),
        pytest.param({"start": 4, "end": 41}, 0, id="offsets moved by one"),
        pytest.param({"paragraph_number": 2}, 0.5, id="another paragraph"),
        pytest.param({"description": REPORT.description}, 0, id="another document"),
    ],
)
def test_an_altered_citation_is_found(altered, fidelity):
    """Of one citation and the one sentence that rests on it, those that no longer hold are counted."""
    true = answer(citation(1, SPEECH, 1, 1))
    false = dataclasses.replace(true, citations=(dataclasses.replace(true.citations[0], **altered),))
    assert score_reply(ONE_FACET, false, DOCUMENTS)["quote fidelity"] == fidelity


def test_an_altered_sentence_is_found():
    """The citation holds, the sentence shown over it does not."""
    true = answer(citation(1, SPEECH, 1, 1))
    sentence = dataclasses.replace(true.sentences[0], text="Drugs are a brave and growing danger.")
    false = dataclasses.replace(true, sentences=(sentence,), text="Drugs are a brave and growing danger. [1]")
    assert score_reply(ONE_FACET, false, DOCUMENTS)["quote fidelity"] == 0.5


def test_a_paragraph_that_holds_a_gold_quote_is_relevant():
    """The quote "a grave and growing danger" is listed for the report alone but stands in the speech as well."""
    listed = query(gold=(Gold("report-2020", 1, "a grave and growing danger"), BLOC))
    assert relevant_paragraphs(listed, DOCUMENTS) == {"report-2020/p1": 2, "speech-2019/p1": 2, "speech-2019/p2": 1}


def test_rankings_are_scored_as_the_field_does():
    """Grade 2 at rank 2, grade 1 not found: gain 2/log2(3) = 1.2619 of an ideal 2 + 1/log2(3) = 2.6309; nothing found is 0."""
    scores = score_rankings({"q": {"a": 2, "b": 1}, "none": {"a": 2}}, {"q": ["x", "a"], "none": []})
    assert scores["q"]["nDCG@5"] == pytest.approx(0.4796, abs=1e-4)
    assert (scores["q"]["R@1"], scores["q"]["R@5"], scores["q"]["RR@10"]) == (0, 0.5, 0.5)
    assert set(scores["none"].values()) == {0}


def test_the_best_sentences_are_looked_for_in_gold_paragraphs():
    """The best is beside the point, the third is in a gold paragraph."""
    rows = [(REPORT, 1, 2), (SPEECH, 2, 1), (SPEECH, 1, 2)]
    fields = {field.name: 0 for field in dataclasses.fields(ScoredSentence)}
    sentences = [
        ScoredSentence(**{**fields, "passage": Passage(d.paragraphs[p - 1], 0.0, 1), "sentence": d.paragraphs[p - 1].sentences[s - 1]})
        for d, p, s in rows
    ]
    found = SearchResult(None, frozenset(), (), tuple(sentences))
    assert score_sentences({"speech-2019/p1": 2}, found) == {"sentence@1": 0, "sentence@3": 1}
    assert score_sentences({"speech-2019/p1": 2}, None) == {"sentence@1": 0, "sentence@3": 0}


def test_every_score_is_a_known_measure():
    """No score is computed that no table shows."""
    names = {measure.name for measure in MEASURES}
    for asked in (ONE_FACET, UNANSWERABLE, query(answerability="conversational", must_not=("x",))):
        for reply in (RIGHT, SILENT, COURTESY, None):
            assert set(score_reply(asked, reply, DOCUMENTS)) <= names
