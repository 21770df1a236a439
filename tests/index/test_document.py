"""Ids and spans: what every other part relies on to name a place."""

import dataclasses

import pytest

from index.document import DOCUMENT_ID, Paragraph, Sentence

PARAGRAPH = Paragraph("speech-2019", 12, 40, "First. Second.", "body", "5", (Sentence(1, 0, 6), Sentence(2, 7, 14)))


def test_ids_name_document_paragraph_and_sentence():
    """A sentence's id says where it stands, from the document down."""
    assert PARAGRAPH.paragraph_id == "speech-2019/p12"
    assert PARAGRAPH.sentence_id(PARAGRAPH.sentences[1]) == "speech-2019/p12/s2"


def test_a_sentence_is_a_span_of_its_paragraph():
    """A sentence holds no text of its own that could come to differ from the paragraph's."""
    assert [PARAGRAPH.sentence_text(sentence) for sentence in PARAGRAPH.sentences] == ["First.", "Second."]


def test_values_are_frozen():
    """Nobody can change a paragraph that others hold."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        PARAGRAPH.text = "Other."


@pytest.mark.parametrize("document_id", ["a", "speech-2019", "2019", "a-b-c", "A", "é", "声明-2020", "заявление"])
def test_a_document_id_is_words_of_any_script_joined_by_hyphens(document_id):
    """Such ids hold no space, no slash and no dot: they are safe in file names and TREC files, and in addresses once encoded."""
    assert DOCUMENT_ID.fullmatch(document_id)


@pytest.mark.parametrize("document_id", ["", "-", "a-", "-a", "a--b", "a b", "a/b", "..", "a.b", "a_b", "a\n"])
def test_nothing_else_is_a_document_id(document_id):
    """No path, no space and no dot can come in through an id."""
    assert not DOCUMENT_ID.fullmatch(document_id)
