"""The extractive writer repeats the documents' own sentences, in an order that can be read."""

from bot.writer import write_extract
from tests.bot.values import CONCERN, DRUGS, PEACE, SAID_SO, evidence


def test_a_draft_repeats_the_evidence_word_for_word_and_cites_it():
    """Each sentence cites its own position in the evidence."""
    draft = write_extract(evidence(DRUGS))
    assert [(sentence.text, sentence.cites, sentence.opens_paragraph) for sentence in draft] == [("Then drugs.", (0,), False)]


def test_the_answering_sentence_comes_first_and_the_rest_in_the_order_of_the_text():
    """What answers is read first; what belongs to it is read as the speaker said it."""
    draft = write_extract(evidence(CONCERN, DRUGS, PEACE))
    assert [sentence.text for sentence in draft] == ["We are concerned.", "Peace first.", "Then drugs."]
    assert [sentence.cites for sentence in draft] == [(0,), (2,), (1,)]


def test_another_documents_sentences_come_last_and_open_a_paragraph():
    """Two speakers are not mixed in one paragraph."""
    draft = write_extract(evidence(PEACE, SAID_SO, CONCERN))
    assert [sentence.text for sentence in draft] == ["Peace first.", "We are concerned.", "It said so."]
    assert [sentence.opens_paragraph for sentence in draft] == [False, False, True]
