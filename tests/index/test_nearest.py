"""The nearest vectors are found: all of them by comparing each, and nearly all of them by lists of many."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from index import nearest
from index.nearest import NEAR, RECALL, Nearest, NearestWriter, write_lists

COUNT, DIMENSION = 3000, 32


def made_up(count: int, seed: int) -> np.ndarray:
    """Return unit vectors that lie in some directions more than in others, as those of texts do."""
    chance = np.random.default_rng(seed)
    directions = np.random.default_rng(0).standard_normal((40, DIMENSION))
    vectors = directions[chance.integers(0, 40, count)] + 0.7 * chance.standard_normal((count, DIMENSION))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


VECTORS, QUESTIONS = made_up(COUNT, 1), made_up(100, 2)
STORED = VECTORS.astype(np.float16).astype(np.float32)


def write(folder: Path) -> Path:
    """Write the vectors into *folder* in two blocks, and return it."""
    with NearestWriter(folder) as writer:
        writer.append(VECTORS[:1000].astype(np.float16))
        writer.append(VECTORS[1000:].astype(np.float16))
    return folder


@pytest.fixture
def lists(tmp_path, monkeypatch) -> tuple[Nearest, nearest.Probing]:
    """The vectors in lists, as if they were too many to be compared one by one."""
    monkeypatch.setattr(nearest, "EXACT", 1000)
    probing = write_lists(write(tmp_path), QUESTIONS)
    return Nearest(tmp_path, probing.probes), probing


def best(question: np.ndarray, rows: np.ndarray, count: int) -> list[int]:
    """Return those of *rows* nearest to *question*, as numpy finds them."""
    return rows[np.argsort(-(STORED[rows] @ question), kind="stable")[:count]].tolist()


def test_few_vectors_are_compared_one_by_one(tmp_path):
    """No lists are written, and the nearest come in numpy's order."""
    assert write_lists(write(tmp_path), QUESTIONS) == nearest.Probing(probes=0, recall=1.0)
    assert [path.name for path in tmp_path.iterdir()] == ["paragraphs.faiss"]
    opened = Nearest(tmp_path)
    np.testing.assert_array_equal(opened.vectors.astype(np.float32), STORED)
    for question in QUESTIONS:
        assert opened.rows(question, 10) == best(question, np.arange(COUNT), 10)


@pytest.mark.parametrize("rows", [np.arange(5), np.arange(7, COUNT, 11), np.arange(1, COUNT), np.arange(0)], ids=len)
def test_of_allowed_vectors_the_nearest_are_found_with_lists_and_without(tmp_path, lists, rows):
    """All of them, however few: a filter is no matter of luck."""
    for opened in (Nearest(tmp_path), lists[0]):
        for question in QUESTIONS[:20]:
            assert opened.rows(question, 50, rows) == best(question, rows, 50)


def test_lists_find_nearly_all_of_the_nearest_and_the_share_is_told(lists):
    """For the questions that it was measured by it is just what is found."""
    opened, probing = lists
    assert 0 < probing.probes <= COUNT**0.5
    assert probing.recall >= RECALL
    met = [len({*opened.rows(question, NEAR)} & {*best(question, np.arange(COUNT), NEAR)}) / NEAR for question in QUESTIONS]
    assert np.mean(met) == pytest.approx(probing.recall, abs=1e-4)


def test_lists_give_as_many_as_are_asked_for_by_falling_cosine(lists):
    """Though numbers in lists are rough, the order is that of the stored vectors."""
    for question in QUESTIONS:
        rows = lists[0].rows(question, 20)
        assert rows == best(question, np.array(sorted(rows)), 20)
        assert len(set(rows)) == 20


def test_the_same_vectors_give_the_same_files(tmp_path, monkeypatch):
    """To the byte."""
    monkeypatch.setattr(nearest, "EXACT", 1000)
    made = []
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        probing = write_lists(write(tmp_path / name), QUESTIONS)
        made.append((probing, [path.read_bytes() for path in sorted((tmp_path / name).iterdir())]))
    assert made[0] == made[1]
    assert len(made[0][1]) == 2


def test_many_threads_find_what_one_finds(lists):
    """The page answers several people at once."""
    alone = [lists[0].rows(question, 10) for question in QUESTIONS]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda question: lists[0].rows(question, 10), QUESTIONS)) == alone
