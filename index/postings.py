"""Turns texts into rows of terms, and rows of terms into BM25 scores: the same bytes from the same texts.

Three things are kept: the rows, from which the scores of some texts are computed when they are asked for; statistics of
each term, which stand for all other texts; and, where the best of all texts are wanted, postings: by term, who holds it.
All of it lies on disk until it is read. Knows nothing of documents or questions.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from index.stores import TermScores
from index.terms import terms

K1, B = 1.5, 0.75  # of Lucene's formula, as everywhere
NO_TERM = "\0"  # stands for a text of stop words alone, and no question has this term
SAMPLE = 2**16  # texts that tell how terms go together, evenly spread; an index of no more is taken whole, and its spread is exact
FOUND = 10_000  # words whose places are remembered, some 1 MB: a search asks three times for each word of its question
_LEAST = 1e-4  # of scores that differ by less than this, rounding may make the lower one the higher
_BLOCK = 2**16  # texts counted at a time, which bounds the memory
_WORDS = "words.txt"
_PARTS = ("starts", "texts", "weights")  # of postings
STATISTICS = (_WORDS, *(f"{name}.npy" for name in ("counts", "holding", "sums", *(f"sample-{part}" for part in _PARTS))))  # their files

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
Places = NDArray[np.int64]  # where something begins or ends
Number = TypeVar("Number", bound=np.generic)


@dataclass(frozen=True, slots=True, eq=False)
class TermRows:
    """The terms of texts: ``lengths[n]`` ids of text n follow those of text n - 1; an id is a position in ``vocabulary``."""

    ids: Ints
    lengths: Ints
    vocabulary: Sequence[str]


def term_rows(texts: Iterable[str]) -> TermRows:
    """Return the terms of *texts*, repeats kept."""
    places: dict[str, int] = {}
    rows = [[places.setdefault(term, len(places)) for term in terms(text) or [NO_TERM]] for text in texts]
    ids = np.fromiter((place for row in rows for place in row), dtype=np.int32)
    return TermRows(ids, np.array([len(row) for row in rows], dtype=np.int32), tuple(places))


def join(parts: Sequence[TermRows]) -> TermRows:
    """Return the rows of all *parts* in order, over one sorted vocabulary that holds nothing else."""
    shared: dict[int, list[TermRows]] = {}  # the parts of one vocabulary together: most have the one that was stored
    for part in parts:
        shared.setdefault(id(part.vocabulary), []).append(part)
    used = {same: np.unique(np.concatenate([part.ids for part in together])) for same, together in shared.items()}
    words = sorted({shared[same][0].vocabulary[place] for same, places in used.items() for place in places})
    at = {word: place for place, word in enumerate(words)}
    tables = {same: np.zeros(len(together[0].vocabulary), dtype=np.int32) for same, together in shared.items()}
    for same, places in used.items():
        tables[same][places] = [at[shared[same][0].vocabulary[place]] for place in places]
    ids = [tables[id(part.vocabulary)][part.ids] for part in parts]
    return TermRows(np.concatenate(ids), np.concatenate([part.lengths for part in parts]), words)


class Words:
    """Sorted words in a file, found without reading all of them."""

    def __init__(self, path: Path) -> None:
        """Map the file, in which each word ends with a line feed. Raises OSError if it cannot be read."""
        self._text = np.asarray(np.memmap(path, dtype=np.uint8, mode="r"))  # a plain array: slicing a memmap takes ten times as long
        self._ends = np.flatnonzero(self._text == ord("\n")).astype(np.int32)
        self._found = lru_cache(maxsize=FOUND)(self._find)

    def __len__(self) -> int:
        return len(self._ends)

    def place(self, word: str) -> int | None:
        """Return the position of *word*, or None if it is not there."""
        return self._found(word)

    def _find(self, word: str) -> int | None:
        wanted = word.encode("utf-8", "surrogatepass")  # in UTF-8 words sort as their characters do
        at = bisect_left(range(len(self)), wanted, key=self._at)
        return at if at < len(self) and self._at(at) == wanted else None

    def all(self) -> tuple[str, ...]:
        """Return all words."""
        return tuple(self._text.tobytes().decode("utf-8").split("\n")[:-1])

    def _at(self, place: int) -> bytes:
        return self._text[self._ends[place - 1] + 1 if place else 0 : self._ends[place]].tobytes()


@dataclass(frozen=True, slots=True, eq=False)
class Postings:
    """By term, the texts that hold it, ascending, and the weight in each: those of term n are ``starts[n]`` to ``starts[n + 1]``."""

    starts: Places
    texts: Ints
    weights: Floats

    def of(self, term: int) -> tuple[Ints, Floats]:
        """Return the texts and the weights of *term*."""
        span = slice(int(self.starts[term]), int(self.starts[term + 1]))
        return self.texts[span], self.weights[span]


@dataclass(frozen=True, slots=True, eq=False)
class TermStatistics:
    """What is known of each term in all texts together: enough for the BM25 scores of any text, and for how strange a score is."""

    words: Words
    count: int  # of texts
    mean_length: float  # of a text, in terms
    holding: Ints  # texts that hold the term
    sums: NDArray[np.float64]  # (terms, 2): of its weights in all texts, and of their squares
    sample: Postings  # of evenly spread texts, numbered from 0
    sampled: int  # how many those are

    def asked(self, question_terms: Iterable[str]) -> dict[int, int]:
        """Return the places of those of the terms that occur anywhere, and how often each is asked for."""
        found = ((self.words.place(term), times) for term, times in Counter(question_terms).items())
        return {place: times for place, times in found if place is not None}

    def weights(self, ids: Ints) -> dict[int, float]:
        """Return the weight of each term in a text, by its place; *ids* are those of the text's terms, repeats kept."""
        places, frequency = np.unique(ids, return_counts=True)
        saturation = _saturation(frequency, np.array(len(ids)), self.mean_length)
        return dict(zip(places.tolist(), _weights(_rarity(self.holding[places], self.count), saturation).tolist(), strict=True))

    def scores(self, asked: Mapping[int, int], ids: Ints, lengths: Ints) -> TermScores:
        """Return the BM25 scores of the texts of these rows of terms, beside the mean and the spread of those of all texts."""
        places, count = np.fromiter(asked, dtype=np.int32), len(lengths)
        term, at = np.nonzero(ids == places[:, None])
        owners = np.repeat(np.arange(count), lengths)
        frequency = np.bincount(term * count + owners[at], minlength=len(asked) * count).reshape(len(asked), count)
        weights = _weights(_rarity(self.holding[places], self.count)[:, None], _saturation(frequency, lengths, self.mean_length))
        times = np.fromiter(asked.values(), dtype=np.float32)
        return TermScores((times[:, None] * weights).sum(axis=0, dtype=np.float32), *self._over_all(asked))

    def _over_all(self, asked: Mapping[int, int]) -> tuple[float, float]:
        """Return the mean and the standard deviation of all texts' scores.

        The variance of a sum is that of its terms, exact, and what they have in common, as the sample has it. Without
        that, one SQuAD question of 200 had another paragraph first, and more of those for the worse.
        """
        mean = variance = common = 0.0
        together = np.zeros(self.sampled, dtype=np.float64)
        for place, times in asked.items():
            total, squares = (self.sums[place] / self.count).tolist()
            texts, weights = self.sample.of(place)
            weighed = times * weights.astype(np.float64)
            together[texts] += weighed
            mean += times * total
            variance += times**2 * (squares - total**2)
            common -= float(weighed @ weighed) / self.sampled - (float(weighed.sum()) / self.sampled) ** 2
        common += float(together.var()) if asked else 0.0
        return mean, float(np.sqrt(max(variance + common, 0.0)))


def best(postings: Postings, asked: Mapping[int, int], texts: int, count: int, allowed: Places | None = None) -> list[int]:
    """Return at most *count* of so many *texts* with the highest scores above 0, the highest first, equals in order.

    With *allowed*, only those are ranked. The rarest terms come first; once those that are left cannot lift another text
    among the best, they are looked up for the texts that still may be, and their long postings are not gone through.
    """
    lists = sorted((_list(postings, place, times, texts, allowed) for place, times in asked.items()), key=lambda one: len(one.texts))
    scores = np.zeros(texts, dtype=np.float32)
    several = np.zeros(0, dtype=np.int32)  # texts enough for the lowest of the best among them to be a bound for all
    taken, bound = 0, _LEAST
    for term in lists:
        left = sum(one.most for one in lists[taken:])
        if len(several):
            bound = float(np.partition(scores[several], -count)[-count]) - left - _LEAST
            if bound > 0:
                break
        scores[term.texts] += term.weights
        taken += 1
        if not len(several) and len(term.texts) >= count:
            several = term.texts
    rows = np.flatnonzero(scores >= max(bound, _LEAST))
    found = scores[rows]
    for term in lists[taken:]:
        at = np.minimum(np.searchsorted(term.texts, rows), len(term.texts) - 1)
        held = term.texts[at] == rows
        found[held] += term.weights[at[held]]
    if len(rows) > count:
        kept = found >= np.partition(found, -count)[-count]
        rows, found = rows[kept], found[kept]
    return [int(row) for row in rows[np.argsort(-found, kind="stable")[:count]]]


def save_terms(folder: Path, rows: TermRows, searched: bool) -> None:
    """Write the rows, their statistics and, if they are to be *searched*, their postings into the new *folder*.

    Raises OSError if they cannot be written.
    """
    folder.mkdir()
    (folder / _WORDS).write_bytes("".join(f"{word}\n" for word in rows.vocabulary).encode("utf-8"))
    ends = np.concatenate([[0], np.cumsum(rows.lengths, dtype=np.int64)])
    width, count = len(rows.vocabulary), len(rows.lengths)
    blocks = list(_counted(rows, ends))
    holding = np.sum([np.bincount(block.terms, minlength=width) for block in blocks], axis=0)
    rarity = _rarity(holding, count)
    sums = np.zeros((width, 2), dtype=np.float64)
    for block in blocks:
        weights = _weights(rarity[block.terms], block.saturation).astype(np.float64)
        for power in (1, 2):
            sums[:, power - 1] += np.bincount(block.terms, weights**power, minlength=width)
    sampled = min(SAMPLE, count)
    numbers = np.full(count, -1, dtype=np.int32)
    numbers[np.arange(sampled) * count // sampled] = np.arange(sampled)
    counts = np.array([count, len(rows.ids), sampled], dtype=np.int64)
    arrays = {"ids": rows.ids, "ends": ends, "holding": holding.astype(np.int32), "sums": sums, "counts": counts}
    arrays |= _postings("sample", [block.kept(numbers) for block in blocks], rarity)
    if searched:
        arrays |= _postings("postings", blocks, rarity)
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array, allow_pickle=False)


def load_statistics(folder: Path) -> TermStatistics:
    """Return the statistics that `save_terms` wrote, in the files STATISTICS. Raises OSError or ValueError if one cannot be read."""
    count, terms_in_all, sampled = (int(number) for number in np.load(folder / "counts.npy", allow_pickle=False))
    return TermStatistics(
        words=Words(folder / _WORDS),
        count=count,
        mean_length=terms_in_all / count,
        holding=_mapped(folder, "holding", np.int32),
        sums=_mapped(folder, "sums", np.float64),
        sample=load_postings(folder, "sample"),
        sampled=sampled,
    )


def load_postings(folder: Path, name: str = "postings") -> Postings:
    """Return the postings of all texts, or those of that *name*. Raises as `load_statistics` does."""
    starts, texts, weights = (f"{name}-{part}" for part in _PARTS)
    return Postings(_mapped(folder, starts, np.int64), _mapped(folder, texts, np.int32), _mapped(folder, weights, np.float32))


class StoredTerms:
    """The rows that `save_terms` wrote, of which any can be asked for, and their statistics."""

    def __init__(self, folder: Path) -> None:
        """Map the files. Raises as `load_statistics` does."""
        self.statistics = load_statistics(folder)
        self._ids, self._ends = _mapped(folder, "ids", np.int32), _mapped(folder, "ends", np.int64)

    def __len__(self) -> int:
        return len(self._ends) - 1

    def scores(self, question_terms: Iterable[str], rows: Sequence[int]) -> TermScores:
        """Return the BM25 scores of the texts at *rows* for the terms, beside what is known of those of all texts."""
        at = np.asarray(rows, dtype=np.int64)
        firsts, lasts = self._ends[at], self._ends[at + 1]
        ids = [np.zeros(0, dtype=np.int32), *(self._ids[first:last] for first, last in zip(firsts.tolist(), lasts.tolist(), strict=True))]
        return self.statistics.scores(self.statistics.asked(question_terms), np.concatenate(ids), (lasts - firsts).astype(np.int32))

    def rows(self) -> TermRows:
        """Return the rows as they were given; the ids stay on disk until they are read."""
        return TermRows(self._ids, np.diff(self._ends).astype(np.int32), self.statistics.words.all())


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """The postings of a term that is asked for, weighed by how often it is, and the most that it can add to a score."""

    texts: Ints
    weights: Floats
    most: float


def _list(postings: Postings, place: int, times: int, texts: int, allowed: Places | None) -> _Asked:
    holders, weights = postings.of(place)
    most = times * float(_rarity(np.array(len(holders)), texts))  # no text has all of a term's rarity
    if allowed is not None:
        marks = np.zeros(texts, dtype=np.bool_)
        marks[allowed] = True
        inside = marks[holders]
        holders, weights = holders[inside], weights[inside]
    return _Asked(np.asarray(holders), times * np.asarray(weights), most)


@dataclass(frozen=True, slots=True, eq=False)
class _Counted:
    """Terms as they occur in some texts, by term and then by text: the share of a weight that is the text's own."""

    terms: Ints
    texts: Ints
    saturation: NDArray[np.float64]

    def kept(self, numbers: Ints) -> "_Counted":
        """Return what is of the texts that have a number in *numbers*, not below 0, under that number."""
        renumbered = numbers[self.texts]
        kept = renumbered >= 0
        return _Counted(self.terms[kept], renumbered[kept], self.saturation[kept])


def _counted(rows: TermRows, ends: Places) -> Iterator[_Counted]:
    """Yield the terms of all texts, a block of texts at a time."""
    mean_length = len(rows.ids) / len(rows.lengths)
    for first in range(0, len(rows.lengths), _BLOCK):
        lengths = rows.lengths[first : first + _BLOCK]
        owners = np.repeat(np.arange(len(lengths), dtype=np.int64), lengths)
        ids = rows.ids[ends[first] : ends[first + len(lengths)]]
        places, frequency = np.unique(ids.astype(np.int64) * _BLOCK + owners, return_counts=True)
        texts = (places % _BLOCK).astype(np.int32)
        yield _Counted((places // _BLOCK).astype(np.int32), texts + np.int32(first), _saturation(frequency, lengths[texts], mean_length))


def _postings(name: str, blocks: Sequence[_Counted], rarity: Floats) -> dict[str, NDArray[np.generic]]:
    """Return the arrays of the postings of *blocks*, by the names of their files."""
    starts = np.concatenate([[0], np.cumsum(np.sum([np.bincount(block.terms, minlength=len(rarity)) for block in blocks], axis=0))])
    texts, weights = np.zeros(starts[-1], dtype=np.int32), np.zeros(starts[-1], dtype=np.float32)
    filled = starts[:-1].copy()
    for block in blocks:
        counts = np.bincount(block.terms, minlength=len(rarity))
        within = np.arange(len(block.terms)) - (np.cumsum(counts) - counts)[block.terms]  # the terms of a block stand in order
        places = filled[block.terms] + within
        texts[places], weights[places] = block.texts, _weights(rarity[block.terms], block.saturation)
        filled += counts
    return {f"{name}-{part}": array for part, array in zip(_PARTS, (starts.astype(np.int64), texts, weights), strict=True)}


def _mapped(folder: Path, name: str, kind: type[Number]) -> NDArray[Number]:
    return np.asarray(np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)).view(kind)


def _rarity(holding: Ints, count: int) -> Floats:
    rarity: Floats = np.log(1 + (count - holding + 0.5) / (holding + 0.5)).astype(np.float32)
    return rarity


def _saturation(frequency: Places, lengths: Ints, mean_length: float) -> NDArray[np.float64]:
    return frequency / (K1 * (1 - B + B * lengths / mean_length) + frequency)


def _weights(rarity: Floats, saturation: NDArray[np.float64]) -> Floats:
    return (rarity * saturation).astype(np.float32)
