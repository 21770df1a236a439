"""A public data set becomes an opened index of its own and its questions, for a measure to run over."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.stats import bootstrap

from bot.conversation import Conversation
from bot.evaluation.figures import CONFIDENCE, RESAMPLES, SEED
from bot.evaluation.public import write_dataset
from index.build import build
from index.embedding import DEFAULT_MODEL, Encoder, check_model
from index.graph import prepare_encoder
from index.search import SearchResult
from index.store import Generation, open_generation


@dataclass(frozen=True, slots=True)
class Asked:
    """One question of a data set: its id, its turns before it, and the ids of the paragraphs that answer it."""

    identity: str
    question: str
    before: Conversation
    gold: frozenset[str]


@dataclass(frozen=True, slots=True)
class Opened:
    """A data set over its own index."""

    asked: tuple[Asked, ...]
    generation: Generation
    encoder: Encoder


def open_dataset(form: str, path: Path, folder: Path, limit: int | None = None) -> Opened:
    """Return the data set at *path*, of a form of `bot.evaluation.public`, indexed in the empty *folder*."""
    write_dataset(form, path, folder, limit)
    encoder = prepare_encoder(check_model(DEFAULT_MODEL), folder / "index")
    build(folder / "corpus", folder / "index", encoder, lambda done, total: None)
    rows = [json.loads(line) for line in (folder / "queries.jsonl").read_text(encoding="utf-8").splitlines()]
    return Opened(tuple(_asked(row) for row in rows), open_generation(folder / "index"), encoder)


def _asked(row: dict) -> Asked:
    before = Conversation()
    for turn in row.get("turns", ()):
        before = before.plus("user" if turn["speaker"] == "user" else "assistant", turn["text"])
    gold = frozenset(f"{place['doc']}/p{place['paragraph']}" for place in row["gold"])
    return Asked(row["id"], row["question"], before, gold)


def recall_and_ndcg(found: SearchResult | None, gold: frozenset[str], k: int) -> tuple[float, float]:
    """Return the share of *gold* among the first *k* passages, and their nDCG, both in [0, 1]; 0 where nothing was searched for."""
    ranked = [passage.paragraph.paragraph_id for passage in found.passages[:k]] if found else []
    gains = 1 / np.log2(np.arange(2, k + 2))
    gained = sum(gain for gain, paragraph_id in zip(gains, ranked, strict=False) if paragraph_id in gold)
    return len(gold & set(ranked)) / len(gold), float(gained / gains[: len(gold)].sum())


def mean_with_interval(values: Sequence[float]) -> str:
    """Return the mean of *values* with its 95% interval, bootstrapped; a difference with its sign if *values* are differences."""
    if len(set(values)) == 1:
        return f"{values[0]:+.3f}"
    interval = bootstrap((np.asarray(values),), np.mean, confidence_level=CONFIDENCE, n_resamples=RESAMPLES, rng=SEED).confidence_interval
    return f"{np.mean(values):+.3f} [{interval.low:+.3f}, {interval.high:+.3f}]"
