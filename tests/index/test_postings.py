"""Rows of terms give the scores that bm25s computes, in the same bytes however they came together."""

import bm25s
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.postings import NO_TERM, TermRows, join, load_rows, load_scores, save_terms, score_index, term_rows
from index.terms import terms

TEXTS = ["peace peace drugs", "It is.", "drugs", "summit in Bishkek on security", "", "Peace and so on, drugs and peace"]


def equal(one: TermRows, other: TermRows) -> bool:
    """Tell whether the rows are the same, to the numbers of their terms."""
    return (one.ids.tolist(), one.lengths.tolist(), one.vocabulary) == (other.ids.tolist(), other.lengths.tolist(), other.vocabulary)


@pytest.mark.parametrize("texts", [TEXTS, TEXTS[:1], ["It is."], TEXTS * 50], ids=["some", "one", "no term", "many"])
def test_the_scores_are_those_of_bm25s(texts):
    """To the last bit, for every term."""
    rows = join([term_rows(texts)])
    reference = bm25s.BM25()
    reference.index([terms(text) or [NO_TERM] for text in texts], show_progress=False)
    assert {*rows.vocabulary, ""} == {*reference.vocab_dict, ""}
    for term in rows.vocabulary:
        assert score_index(rows).get_scores([term]).tolist() == reference.get_scores([term]).tolist()


@given(st.lists(st.lists(st.sampled_from(TEXTS), min_size=1), min_size=1, max_size=5))
def test_however_texts_are_cut_into_parts_their_rows_are_the_same(parts):
    """The vocabulary is sorted, and holds no term but theirs."""
    whole = join([term_rows([text for part in parts for text in part])])
    assert equal(join([term_rows(part) for part in parts]), whole)
    assert list(whole.vocabulary) == sorted({term for part in parts for text in part for term in terms(text) or [NO_TERM]})


def test_a_part_of_what_was_stored_joins_as_if_it_were_new(tmp_path):
    """Terms that only the others had are gone."""
    save_terms(tmp_path, join([term_rows(TEXTS)]))
    stored = load_rows(tmp_path)
    some = TermRows(stored.ids[: stored.lengths[0]], stored.lengths[:1], stored.vocabulary)
    assert equal(join([some, term_rows(["tea"])]), join([term_rows([TEXTS[0], "tea"])]))


def test_what_is_saved_is_loaded(tmp_path):
    """Rows and scores."""
    rows = join([term_rows(TEXTS)])
    save_terms(tmp_path, rows)
    assert equal(load_rows(tmp_path), TermRows(rows.ids, rows.lengths, tuple(rows.vocabulary)))
    np.testing.assert_array_equal(load_scores(tmp_path).get_scores(["peac"]), score_index(rows).get_scores(["peac"]))
