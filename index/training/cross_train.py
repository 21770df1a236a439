"""Turns groups of questions and sentences into the cross-encoder's weights: the command ``python -m index.training.cross_train``.

The figures are taken with index/cross_encoder.py from the weights as they are stored, on the sentence that index/reader.py puts
first. Knows nothing of indexes, search or answers.
"""

import io
import random
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from tqdm import tqdm

from index.cross_encoder import CrossEncoder, load_cross_encoder
from index.embedding import Encoder
from index.errors import UserError
from index.graph import prepare_changed_encoder
from index.reader import Reader, open_reader
from index.training.command import Plan, Trained, advance, run
from index.training.cross_model import CrossEncoderModule, Ids, join, upper_graph
from index.training.data import Data, Group
from index.training.states import encode_texts
from index.training.train import HELD_CANDIDATES, auroc, draw, loss_of, rate_at

BATCH_GROUPS = 20  # groups a step, some 44 pairs
LENGTH_BATCHES = 16  # batches among which groups are sorted by length: less padding, and still mixed
RANKED = 0.5  # weight of an answer standing above its others, beside each pair being right
HARDEST_SHARE = 0.6  # how often the other sentence is the one with most words of the question, and not one of the next few
AMONG = 4  # sentences that the other one is drawn from otherwise
ELSEWHERE_SHARE = 0.35  # how often an answered question is put to a sentence of another paragraph too
ELSEWHERE_AMONG = 8  # of the sentences of all other paragraphs with most words of the question
RARE = 3.0  # information from which a token finds sentences elsewhere: below, half of them hold it
LENGTH_PRIOR = 12  # tokens added to a sentence's length where shared words are counted, or the shortest would win
WEIGHT_DECAY = 0.01
NEW_RATE = 5.0  # times the rate: the head and the thin matrices begin from nothing
AVERAGING = 0.998  # share of the mean that stays at each step: it spans some 500 steps
LARGEST_GRADIENT = 1.0  # norm to which gradients are cut

Labelled = tuple[str, str, float]  # question, sentence, 1 if it answers, else 0
Watch = Callable[[int, int, float], None]  # called with steps done, steps in all, and the step's loss
PLAN = Plan(epochs=2, public=5000, rate=1.2e-4, seed=1)


@dataclass(frozen=True, slots=True)
class Figures:
    """How often answerable questions of one set kept aside are told from others; None if all are of one kind."""

    answerable: int
    unanswerable: int
    auroc_by_reader: float | None
    auroc: float | None


class Words:
    """The sentences of all groups by their tokens: which share most with a question, rare ones counting more."""

    def __init__(self, groups: Iterable[Group], ids: Mapping[str, Ids]) -> None:
        self._ids = ids
        self.sentences = sorted({sentence for group in groups for sentence in group.sentences})
        self._lengths = np.array([len(ids[sentence]) for sentence in self.sentences])
        counts = Counter(int(token) for sentence in self.sentences for token in set(ids[sentence].tolist()))
        self._information = {token: float(np.log(len(self.sentences) / count)) for token, count in counts.items()}
        holders: dict[int, list[int]] = defaultdict(list)
        for row, sentence in enumerate(self.sentences):
            for token in set(ids[sentence].tolist()):
                if self._information[token] >= RARE:
                    holders[token].append(row)
        self._holders = {token: np.array(rows) for token, rows in holders.items()}

    def shared(self, question: str, sentence: str) -> float:
        """Return how much of *question* stands in *sentence*, for its length."""
        both = set(self._ids[question].tolist()) & set(self._ids[sentence].tolist())
        return sum(self._information.get(token, 0.0) for token in both) / (LENGTH_PRIOR + len(self._ids[sentence]))

    def elsewhere(self, group: Group, rng: random.Random) -> str | None:
        """Return one of the sentences of other paragraphs that share most with the question, or None if there are none."""
        scores = np.zeros(len(self.sentences), dtype=np.float32)
        for token in set(self._ids[group.question].tolist()):
            if token in self._holders:
                scores[self._holders[token]] += self._information[token]
        scores /= LENGTH_PRIOR + self._lengths
        best = np.argsort(-scores, kind="stable")[: ELSEWHERE_AMONG + len(group.sentences)]
        others = [self.sentences[row] for row in best if self.sentences[row] not in group.sentences][:ELSEWHERE_AMONG]
        return rng.choice(others) if others else None


def pairs_of(group: Group, words: Words, rng: random.Random) -> list[Labelled]:
    """Return the pairs of a group: an answer first, if there is one, then a sentence or two that do not answer."""
    right = [group.sentences[at] for at in group.answers]
    wrong = sorted(
        (sentence for at, sentence in enumerate(group.sentences) if at not in group.answers),
        key=lambda sentence: -words.shared(group.question, sentence),
    )
    if not right:
        others = wrong[:1] + ([_one_of(wrong[1:], rng)] if len(wrong) > 1 else [])
        return [(group.question, sentence, 0.0) for sentence in others]
    others = [_one_of(wrong, rng)] if wrong else []
    if rng.random() < ELSEWHERE_SHARE and (other := words.elsewhere(group, rng)):
        others.append(other)
    return [(group.question, rng.choice(right), 1.0), *((group.question, sentence, 0.0) for sentence in others)]


def _one_of(ranked: Sequence[str], rng: random.Random) -> str:
    return ranked[0] if rng.random() < HARDEST_SHARE else rng.choice(ranked[:AMONG])


def fit(net: CrossEncoderModule, data: Data, ids: Mapping[str, Ids], plan: Plan, watch: Watch) -> None:
    """Train *net* by *plan*, and leave in it the mean of its late weights."""
    rng = random.Random(plan.seed)  # noqa: S311  # chance for training, no secret
    torch.manual_seed(plan.seed)
    epochs = [draw(data, plan.public, rng) for _ in range(plan.epochs)]
    words = Words([*data.public, *data.near_misses], ids)
    steps = sum(-(-len(groups) // BATCH_GROUPS) for groups in epochs)
    trained = {name: values for name, values in net.named_parameters() if values.requires_grad}
    upper = [values for name, values in trained.items() if name.startswith("transformer.") and not _is_thin(name)]
    new = [values for name, values in trained.items() if not name.startswith("transformer.") or _is_thin(name)]
    optimiser = torch.optim.AdamW([{"params": upper}, {"params": new}], lr=plan.rate, weight_decay=WEIGHT_DECAY, betas=(0.9, 0.98))
    mean = {name: values.detach().clone() for name, values in trained.items()}
    net.train()
    for step, batch in enumerate(batch for groups in epochs for batch in _batches(groups, words, ids, rng)):
        for parameters, times in zip(optimiser.param_groups, (1.0, NEW_RATE), strict=True):
            parameters["lr"] = times * rate_at(step / steps, plan.rate)
        logits = net(join([(ids[question], ids[sentence]) for group in batch for question, sentence, _ in group]))
        loss = loss_of(logits, [[label for *_, label in group] for group in batch], RANKED)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        nn.utils.clip_grad_norm_([*upper, *new], LARGEST_GRADIENT)
        optimiser.step()
        kept = min(AVERAGING, (step + 1) / (step + 10))  # the first steps are forgotten soon
        with torch.no_grad():
            for name, values in trained.items():
                mean[name].lerp_(values, 1 - kept)
        watch(step + 1, steps, float(loss.detach()))
    net.load_state_dict(mean, strict=False)
    net.eval()


def _is_thin(name: str) -> bool:
    return name.endswith((".down.weight", ".up.weight"))


def _batches(groups: Sequence[Group], words: Words, ids: Mapping[str, Ids], rng: random.Random) -> Iterator[list[list[Labelled]]]:
    """Yield the pairs of all groups in chance order, BATCH_GROUPS at a time, groups of like length together."""
    order = list(groups)
    rng.shuffle(order)
    stretch = BATCH_GROUPS * LENGTH_BATCHES
    for start in range(0, len(order), stretch):
        made = [pairs for group in order[start : start + stretch] if (pairs := pairs_of(group, words, rng))]
        made.sort(key=lambda group: max(len(ids[question]) + len(ids[sentence]) for question, sentence, _ in group))
        batches = [made[at : at + BATCH_GROUPS] for at in range(0, len(made), BATCH_GROUPS)]
        rng.shuffle(batches)
        yield from batches


def weights_file(net: CrossEncoderModule, encoder_digest: str) -> bytes:
    """Return the content of cross_encoder.npz: the upper layers as a graph, the lower ones' changes, and the digest of their encoder."""
    content = io.BytesIO()
    arrays: dict[str, NDArray[np.generic]] = {"graph": np.frombuffer(upper_graph(net), dtype=np.uint8), "encoder": np.array(encoder_digest)}
    for name, (down, up) in net.changes().items():
        arrays |= {f"{name}.down": down, f"{name}.up": up}
    np.savez_compressed(content, allow_pickle=False, **arrays)
    return content.getvalue()


def measure(cross_encoder: CrossEncoder, reader: Reader, embeddings: Encoder, groups: Sequence[Group]) -> Figures:
    """Return how often answerable questions are told from others by the sentence that *reader* puts first, by either of the two.

    Candidates are the HELD_CANDIDATES sentences nearest to the question by cosine.
    """
    encoded = encode_texts(embeddings, [text for group in groups for text in (group.question, *group.sentences)], lambda done, total: None)
    texts = {row: text for text, row in encoded.rows.items()}
    rows = sorted({encoded.rows[sentence] for group in groups for sentence in group.sentences})
    kept = {row: reader.sentence(encoded.tokens(row)) for row in rows}
    by_reader: dict[bool, list[float]] = {True: [], False: []}
    by_both: dict[bool, list[float]] = {True: [], False: []}
    for group in groups:
        question = encoded.rows[group.question]
        cosines = encoded.vectors[rows] @ encoded.vectors[question]
        nearest = np.argsort(-cosines, kind="stable")[:HELD_CANDIDATES]
        logits = reader.read(encoded.tokens(question), [kept[rows[at]] for at in nearest], cosines[nearest])
        first = texts[rows[int(nearest[int(logits.argmax())])]]
        by_reader[bool(group.answers)].append(float(logits.max()))
        by_both[bool(group.answers)].append(cross_encoder.read(embeddings, group.question, first))
    told = all(by_reader.values())
    aurocs = [auroc(logits[True], logits[False]) if told else None for logits in (by_reader, by_both)]
    return Figures(len(by_reader[True]), len(by_reader[False]), *aurocs)


def train(data: Data, embeddings: Encoder, plan: Plan) -> Trained:
    """Train a cross-encoder, and measure it on what is kept aside. Raises UserError if there is no reader for the encoder."""
    reader = open_reader(embeddings.files.digest)
    if reader is None:
        raise UserError("There is no reader for this encoder. Train that first: docs/reader.md")
    groups = [*data.public, *data.near_misses]
    ids = {text: embeddings.token_ids(text) for text in {text for group in groups for text in (group.question, *group.sentences)}}
    net = CrossEncoderModule(embeddings.files)
    with tqdm(desc="training", unit="step") as bar:
        fit(net, data, ids, plan, partial(advance, bar))
    content = weights_file(net, embeddings.files.digest)
    _, cross_encoder = load_cross_encoder(content)
    with TemporaryDirectory() as folder:
        changed = prepare_changed_encoder(embeddings.files, Path(folder), cross_encoder.changes)
        return Trained(content, {name: asdict(measure(cross_encoder, reader, changed, held)) for name, held in data.held.items()})


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:], "cross_train", train, PLAN))
