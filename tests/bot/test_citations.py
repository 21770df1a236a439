"""A draft becomes an answer only if each of its sentences stands in what it cites, and every marker leads there."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.citations import cite
from bot.reply import Answer
from bot.writer import DraftSentence
from tests.bot.values import CONCERN, DESCRIPTIONS, DOCUMENTS, DRUGS, PEACE, SAID_SO, evidence

ALL = evidence(PEACE, DRUGS, CONCERN, SAID_SO)


def answer(*draft: DraftSentence) -> Answer | None:
    """Return what becomes of a draft over the four sentences of evidence."""
    return cite(draft, ALL, DESCRIPTIONS, question="Q?", standalone_question="Q about it?", index_fingerprint="f" * 16)


def test_a_sentence_is_followed_by_its_marker():
    """The marker stands after the sentence and outside its span."""
    found = answer(DraftSentence("Then drugs.", (1,)))
    assert found.text == "Then drugs. [1]"
    assert [(s.text, s.start, s.end, s.status, s.markers) for s in found.sentences] == [("Then drugs.", 0, 11, "verbatim", (1,))]
    assert (found.question, found.standalone_question, found.index_fingerprint) == ("Q?", "Q about it?", "f" * 16)
    assert found.probability == 0.75


def test_a_citation_says_where_its_sentence_stands():
    """Point 1, second paragraph, second sentence; before it stand 10 characters of title, 3 of number, 13 of the first sentence."""
    (citation,) = answer(DraftSentence("Then drugs.", (1,))).citations
    assert citation.sentence_id == "speech-2019/p2/s2"
    assert citation.printed_number == "1"
    assert citation.quote == "Then drugs."
    assert (citation.start, citation.end) == (26, 37)
    assert (citation.answer_start, citation.answer_end) == (0, 11)
    assert citation.address == "/documents/speech-2019#p2s2"
    assert not citation.also


def test_markers_count_in_the_order_of_first_use():
    """What the draft cites first is [1], wherever it stands in the evidence."""
    found = answer(DraftSentence("We are concerned.", (2,)), DraftSentence("Then drugs.", (1,)))
    assert found.text == "We are concerned. [1] Then drugs. [2]"
    assert [citation.quote for citation in found.citations] == ["We are concerned.", "Then drugs."]


def test_a_sentence_cited_twice_has_one_marker():
    """Two references to one place are one reference."""
    found = answer(DraftSentence("We are concerned.", (2,)), DraftSentence("We are concerned.", (2,)))
    assert found.text == "We are concerned. [1] We are concerned. [1]"
    assert len(found.citations) == 1


def test_another_document_that_says_the_same_is_cited_beside():
    """Its marker follows, and the citation says that it is the second one."""
    found = answer(DraftSentence("Peace first.", (0,)))
    assert found.text == "Peace first. [1][2]"
    assert [(c.quote, c.also) for c in found.citations] == [("Peace first.", False), ("Peace comes first.", True)]


def test_a_new_paragraph_opens_with_a_blank_line():
    """A draft's second document stands apart."""
    found = answer(DraftSentence("Then drugs.", (1,)), DraftSentence("It said so.", (3,), opens_paragraph=True))
    assert found.text == "Then drugs. [1]\n\nIt said so. [2]"
    assert found.text[found.sentences[1].start : found.sentences[1].end] == "It said so."


@pytest.mark.parametrize(
    "draft",
    [
        pytest.param([], id="no sentence"),
        pytest.param([DraftSentence("Then drugs.", ())], id="a sentence that cites nothing"),
        pytest.param([DraftSentence("Then drugs.", (4,))], id="evidence that does not exist"),
        pytest.param([DraftSentence("Then drugs.", (-1,))], id="evidence counted from the end"),
        pytest.param([DraftSentence("Then drugs.", (1, 4))], id="evidence of which one does not exist"),
        pytest.param([DraftSentence("Then arms.", (1,))], id="one word altered"),
        pytest.param([DraftSentence("Then no drugs.", (1,))], id="one word added"),
        pytest.param([DraftSentence("then drugs.", (1,))], id="one letter altered"),
        pytest.param([DraftSentence("Then drugs!", (1,))], id="one mark altered"),
        pytest.param([DraftSentence("Then\u00a0drugs.", (1,))], id="one space altered"),
        pytest.param([DraftSentence("Then drugs.", (2,))], id="a sentence of other evidence than cited"),
        pytest.param([DraftSentence("Peace comes first.", (0,))], id="the sentence of the document beside"),
        pytest.param([DraftSentence("Then drugs. We are concerned.", (1, 2))], id="two sentences in one"),
        pytest.param([DraftSentence("", (1,))], id="nothing"),
        pytest.param([DraftSentence(" ", (0,))], id="a space"),
        pytest.param([DraftSentence("Then drugs.", (1,)), DraftSentence("We are alarmed.", (2,))], id="a good sentence, then a bad one"),
        pytest.param([DraftSentence("Then drugs. [9]", (1,))], id="a marker of the draft's own"),
    ],
)
def test_a_draft_that_is_not_wholly_supported_is_refused_not_trimmed(draft):
    """What is left after cutting out an invention may say the opposite; nothing is left."""
    assert answer(*draft) is None


SENTENCES = ["Peace first.", "Then drugs.", "We are concerned.", "It said so."]


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans()), min_size=1, max_size=8))
def test_every_span_and_every_marker_is_exact(drafted):
    """Whatever is drafted from the evidence: spans give back texts, and markers and citations match one to one."""
    found = answer(*(DraftSentence(SENTENCES[position], (position,), opens) for position, opens in drafted))
    assert [found.text[s.start : s.end] for s in found.sentences] == [SENTENCES[position] for position, _ in drafted]
    assert [int(marker) for marker in re.findall(r"\[(\d+)\]", found.text)] == [m for s in found.sentences for m in s.markers]
    assert [citation.marker for citation in found.citations] == list(range(1, len(found.citations) + 1))
    assert {marker for sentence in found.sentences for marker in sentence.markers} == {c.marker for c in found.citations}
    for citation in found.citations:
        assert DOCUMENTS[citation.description.document_id].text[citation.start : citation.end] == citation.quote
        assert (citation.answer_start, citation.answer_end) in [(s.start, s.end) for s in found.sentences]
