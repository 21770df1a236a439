"""Rows of terms give the scores that bm25s computes, in the same bytes however they came together."""

from pathlib import Path

import bm25s
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index import postings
from index.postings import (
    NO_TERM,
    STATISTICS,
    StoredTerms,
    TermRows,
    Words,
    best,
    join,
    load_postings,
    load_statistics,
    save_terms,
    term_rows,
)
from index.terms import terms

TEXTS = ["peace peace drugs", "It is.", "drugs", "summit in Bishkek on security", "", "Peace and so on, drugs and peace"]
QUESTIONS = ["peace", "drugs in Bishkek", "peace and peace and drugs", "tea", ""]
MANY = [
    " ".join(np.random.default_rng(number).choice(["peace", "drugs", "trade", "water", "air"], 1 + number % 7)) for number in range(500)
]


def equal(one: TermRows, other: TermRows) -> bool:
    """Tell whether the rows are the same, to the numbers of their terms."""
    return (one.ids.tolist(), one.lengths.tolist(), [*one.vocabulary]) == (other.ids.tolist(), other.lengths.tolist(), [*other.vocabulary])


def saved(folder: Path, texts: list[str]) -> Path:
    """Write the terms of *texts* into a new folder in *folder*, and return it."""
    save_terms(folder / "terms", join([term_rows(texts)]), searched=True)
    return folder / "terms"


def reference(texts: list[str], question: str) -> np.ndarray:
    """Return the scores that bm25s gives *texts*."""
    index = bm25s.BM25()
    index.index([terms(text) or [NO_TERM] for text in texts], show_progress=False)
    known = [term for term in terms(question) if term in index.vocab_dict]
    return index.get_scores(known) if known else np.zeros(len(texts))


CORPORA = pytest.mark.parametrize("texts", [TEXTS, TEXTS[:1], ["It is."], MANY], ids=["some", "one", "no term", "many"])


@CORPORA
@pytest.mark.parametrize("question", QUESTIONS)
def test_the_scores_are_those_of_bm25s(tmp_path, texts, question):
    """Those of any texts, in any order, with the mean and the spread of those of all."""
    stored = StoredTerms(saved(tmp_path, texts))
    expected = reference(texts, question)
    rows = [*range(len(texts) - 1, -1, -1), 0]
    found = stored.scores(terms(question), rows)
    np.testing.assert_allclose(found.scores, expected[rows], rtol=1e-6)
    assert (found.mean, found.spread) == pytest.approx((expected.mean(), expected.std()), abs=1e-6)


@CORPORA
@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("count", [1, 3, 1000])
def test_the_best_are_those_that_bm25s_puts_first(tmp_path, texts, question, count):
    """Equals in the order of texts; what has none of the terms is not among them."""
    folder = saved(tmp_path, texts)
    scores = reference(texts, question).astype(np.float32)
    expected = [row for row in np.argsort(-scores, kind="stable") if scores[row] > 0][:count]
    asked = load_statistics(folder).asked(terms(question))
    assert best(load_postings(folder), asked, len(texts), count) == expected
    odd = np.arange(1, len(texts), 2)
    within = [row for row in np.argsort(-scores, kind="stable") if scores[row] > 0 and row % 2][:count]
    assert best(load_postings(folder), asked, len(texts), count, odd) == within


def test_in_blocks_or_at_once_the_counts_are_the_same(tmp_path, monkeypatch):
    """Texts are counted some at a time, to bound the memory."""
    whole, blocks = tmp_path / "whole", tmp_path / "blocks"
    save_terms(whole, join([term_rows(MANY)]), searched=True)
    monkeypatch.setattr(postings, "_BLOCK", 64)
    save_terms(blocks, join([term_rows(MANY)]), searched=True)
    for path in whole.glob("*.npy"):
        np.testing.assert_allclose(np.load(blocks / path.name), np.load(path), rtol=1e-12, err_msg=path.name)


def test_of_many_texts_a_sample_tells_how_terms_go_together(tmp_path, monkeypatch):
    """The mean stays exact, and the spread near: each term's own is exact too."""
    monkeypatch.setattr(postings, "SAMPLE", 200)
    stored = StoredTerms(saved(tmp_path, MANY))
    for question in ("peace", "peace and drugs", "peace, drugs, trade, water and air"):
        expected = reference(MANY, question)
        found = stored.scores(terms(question), [0])
        assert found.mean == pytest.approx(expected.mean(), abs=1e-6)
        assert found.spread == pytest.approx(expected.std(), rel=1e-6 if question == "peace" else 0.1)


def test_statistics_need_none_of_the_other_files(tmp_path):
    """They can lie elsewhere than the rows and postings that they were made from."""
    folder = saved(tmp_path, TEXTS)
    for path in folder.iterdir():
        if path.name not in STATISTICS:
            path.unlink()
    rows = term_rows(["Bishkek"])
    statistics = load_statistics(folder)
    asked = statistics.asked(["bishkek", "tea", "bishkek"])
    assert asked == {statistics.words.place("bishkek"): 2}
    ids = np.array([statistics.words.place(rows.vocabulary[0])], dtype=np.int32)
    once = statistics.scores({next(iter(asked)): 1}, ids, rows.lengths).scores[0]
    assert statistics.scores(asked, ids, rows.lengths).scores[0] == pytest.approx(2 * once)
    assert statistics.weights(ids) == {int(ids[0]): pytest.approx(once)}


@given(st.sets(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n"), min_size=1), min_size=1), st.text())
def test_every_word_is_found_at_its_place_and_no_other(tmp_path_factory, words, other):
    """In whatever script."""
    path = tmp_path_factory.mktemp("words") / "words.txt"
    path.write_bytes("".join(f"{word}\n" for word in sorted(words)).encode())
    stored = Words(path)
    assert [stored.place(word) for word in sorted(words)] == [*range(len(words))] == [*range(len(stored))]
    assert (stored.place(other) is not None) == (other in words)
    assert list(stored.all()) == sorted(words)


@given(st.lists(st.lists(st.sampled_from(TEXTS), min_size=1), min_size=1, max_size=5))
def test_however_texts_are_cut_into_parts_their_rows_are_the_same(parts):
    """The vocabulary is sorted, and holds no term but theirs."""
    whole = join([term_rows([text for part in parts for text in part])])
    assert equal(join([term_rows(part) for part in parts]), whole)
    assert list(whole.vocabulary) == sorted({term for part in parts for text in part for term in terms(text) or [NO_TERM]})


def test_a_part_of_what_was_stored_joins_as_if_it_were_new(tmp_path):
    """Terms that only the others had are gone."""
    stored = StoredTerms(saved(tmp_path, TEXTS)).rows()
    assert equal(stored, join([term_rows(TEXTS)]))
    some = TermRows(stored.ids[: stored.lengths[0]], stored.lengths[:1], stored.vocabulary)
    assert equal(join([some, term_rows(["tea"])]), join([term_rows([TEXTS[0], "tea"])]))
