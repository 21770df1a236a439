"""Search results are blended by adding scores, and what was shown before is left out with all that says the same."""

import dataclasses

import numpy as np
import pytest

from index.document import Description, Passage
from index.parse import parse_document
from index.ranking import blend, leave_out
from index.search import ScoredSentence, SearchResult

DOCUMENT = parse_document(Description("one", "One", "speech"), "Bees fly.\n\nWasps\u00a0sting at\nnoon.\n\nAnts walk.")


def result(*scores: float, vectors=((1, 0), (0, 1), (0, 1))) -> SearchResult:
    """Return a result in which the document's first paragraphs have these scores, and so have their only sentences."""
    passages = [Passage(paragraph, score, 1) for paragraph, score in zip(DOCUMENT.paragraphs, scores, strict=False)]
    plain = {field.name: 0.0 for field in dataclasses.fields(ScoredSentence)}
    sentences = [
        ScoredSentence(
            **{
                **plain,
                "passage": passage,
                "sentence": passage.paragraph.sentences[0],
                "row": row,
                "score": passage.score,
                "vector": np.array(vectors[row], dtype=np.float32),
            }
        )
        for row, passage in enumerate(passages)
    ]
    fields = {field.name: frozenset() for field in dataclasses.fields(SearchResult)}
    return SearchResult(**{**fields, "passages": tuple(passages), "sentences": tuple(sentences)})


def test_scores_are_added_by_their_shares_and_ranks_counted_anew():
    """0.75 of one and 0.25 of the other, by hand: 0.75*4 + 0.25*0 = 3, 0.75*3 + 0.25*8 = 4.25, 0.75*1 + 0.25*4 = 1.75."""
    blended = blend(result(4, 3, 1), result(0, 8, 4), 0.25)
    assert [(passage.paragraph.number, passage.score, passage.rank) for passage in blended.passages] == [
        (2, 4.25, 1),
        (1, 3, 2),
        (3, 1.75, 3),
    ]
    assert [(scored.row, scored.score, scored.passage.rank) for scored in blended.sentences] == [(1, 4.25, 1), (0, 3, 2), (2, 1.75, 3)]


def test_what_only_one_search_found_counts_as_the_lowest_of_the_other():
    """Half of 2 and half of the other's lowest, 6."""
    assert [scored.score for scored in blend(result(2, 2, 2), result(8, 6), 0.5).sentences] == [5, 4, 4]


def signalled(number: float, reading: float | None) -> SearchResult:
    """Return a result with one sentence of which every signal is *number*, except its *reading*."""
    names = ("cosine", "paragraph_cosine", "cosine_standard", "terms_standard", "paragraph_standard")
    found = result(1)
    return dataclasses.replace(found, sentences=(dataclasses.replace(found.sentences[0], reading=reading, **dict.fromkeys(names, number)),))


def test_every_signal_of_a_sentence_is_blended():
    """0.75 of 4 and 0.25 of 8 are 5: what is decided by the signals is decided by both searches."""
    (blended,) = blend(signalled(4, 4), signalled(8, 8), 0.25).sentences
    assert {
        blended.reading,
        blended.cosine,
        blended.paragraph_cosine,
        blended.cosine_standard,
        blended.terms_standard,
        blended.paragraph_standard,
    } == {5}


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        pytest.param(3, None, 3, id="read for the first alone"),
        pytest.param(None, 2, 2, id="read for the other alone"),
        pytest.param(None, None, None, id="read for neither"),
    ],
)
def test_a_reading_that_one_search_lacks_is_the_others(one, other, expected):
    """A search reads its own best sentences; one that it did not read is not one that it judged to be wrong."""
    assert blend(signalled(1, one), signalled(1, other), 0.5).sentences[0].reading == expected


@pytest.mark.parametrize("said", ["Wasps sting at noon.", "Well: wasps sting, at noon! [1]"], ids=["exact", "other marks"])
def test_a_sentence_shown_before_is_left_out_with_what_says_the_same(said):
    """Whatever white space, case or marks stand between its words; the third sentence has the second's vector."""
    assert [scored.row for scored in leave_out(result(3, 2, 1), said).sentences] == [0]


def test_what_was_not_shown_is_kept():
    """A word of a sentence is not the sentence."""
    assert leave_out(result(3, 2, 1), "Wasps sting. Ants are here.") == result(3, 2, 1)
