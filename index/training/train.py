"""Turns groups of questions and sentences into the reader's weights: the command ``python -m index.training.train``.

The figures are taken with index/reader.py from the weights as they are stored. Knows nothing of indexes, search or answers.
"""

import io
import math
import random
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from tqdm import tqdm

from index.embedding import Encoder
from index.reader import Reader, load_reader
from index.training.command import Plan, Trained, advance, run
from index.training.data import Data, Group
from index.training.model import ReaderModule, collate
from index.training.reader_graph import graph_of
from index.training.states import EncodedTexts, encode_texts, token_information

BATCH_GROUPS = 32  # groups a step, some 150 pairs
LENGTH_BATCHES = 16  # batches among which groups are sorted by length: less padding, and still mixed
HARDEST = 2  # sentences of the same paragraph that do not answer, nearest to the question by cosine
MINED = 2  # sentences of other paragraphs a group, drawn from the MINED_FROM nearest to the question
MINED_FROM = 6
BATCH_QUESTIONS = 256  # multiplied with all sentences at a time: 50 MB over 50,000 sentences
WEIGHT_DECAY = 0.05
AVERAGING = 0.998  # share of the mean that stays at each step: it spans some 500 steps
WARM_UP = 0.03  # share of the steps in which the rate rises to its highest; it then falls by a cosine
LOWEST_RATE = 0.02  # share of the highest rate at which training ends
LARGEST_GRADIENT = 1.0  # norm to which gradients are cut
HELD_CANDIDATES = 12  # sentences ranked for a question kept aside, the nearest by cosine

Information = NDArray[np.float32]
Watch = Callable[[int, int, float], None]  # called with steps done, steps in all, and the step's loss
_INITIAL_SEED = 0


PLAN = Plan(epochs=2, public=6000, rate=2.5e-3, seed=7)


@dataclass(frozen=True, slots=True)
class Figures:
    """How well the reader does on one set kept aside, beside cosines over the same candidates; shares in [0, 1]."""

    answerable: int
    unanswerable: int
    first_by_cosine: float
    first: float
    first_three_by_cosine: float
    first_three: float
    auroc_by_cosine: float | None  # of telling answerable questions by the best sentence; None if all or none are
    auroc: float | None


def draw(data: Data, public: int, rng: random.Random) -> list[Group]:
    """Return the groups of an epoch; a public set smaller than what is to be drawn is taken whole."""
    return rng.sample(list(data.public), min(public, len(data.public))) + list(data.near_misses)


def mine(groups: Sequence[Group], encoded: EncodedTexts) -> list[list[int]]:
    """Return for each group the rows of the MINED_FROM sentences of other groups that are nearest to its question, by cosine."""
    own = [{encoded.rows[sentence] for sentence in group.sentences} for group in groups]
    candidates = np.array(sorted(set().union(*own)), dtype=np.int64)
    vectors = encoded.vectors[candidates]
    questions = encoded.vectors[[encoded.rows[group.question] for group in groups]]
    mined = []
    for start in range(0, len(groups), BATCH_QUESTIONS):
        for rows, cosines in zip(own[start:], questions[start : start + BATCH_QUESTIONS] @ vectors.T, strict=False):
            taken = min(MINED_FROM + len(rows), len(candidates))  # enough, even if all of its own are among them
            nearest = np.argpartition(-cosines, taken - 1)[:taken]
            order = [int(candidates[at]) for at in nearest[np.argsort(-cosines[nearest], kind="stable")]]
            mined.append([row for row in order if row not in rows][:MINED_FROM])
    return mined


def pairs_of(group: Group, mined: Sequence[int], encoded: EncodedTexts, rng: random.Random) -> tuple[list[tuple[int, int]], list[float]]:
    """Return pairs (question's row, sentence's row) of a group with their labels: an answer first, if there is one, then others.

    The others are the HARDEST of the paragraph, one more of it by chance if nothing answers, and MINED from elsewhere.
    """
    question = encoded.rows[group.question]
    rows = [encoded.rows[sentence] for sentence in group.sentences]
    right = [rows[at] for at in group.answers]
    wrong = sorted((row for row in rows if row not in right), key=lambda row: -float(encoded.vectors[question] @ encoded.vectors[row]))
    hardest, rest = wrong[:HARDEST], wrong[HARDEST:]
    others = hardest + ([] if right else rng.sample(rest, min(1, len(rest)))) + rng.sample(list(mined), min(MINED, len(mined)))
    answer = [rng.choice(right)] if right else []
    return [(question, row) for row in answer + others], [1.0] * len(answer) + [0.0] * len(others)


def loss_of(logits: Tensor, labels: Sequence[Sequence[float]], weight: float = 1.0) -> Tensor:
    """Return the loss of a batch: is each pair right (cross-entropy), and, with *weight*, does a group's answer stand above its others."""
    flat = torch.tensor([label for group in labels for label in group])
    ranked = [
        -functional.log_softmax(part, dim=0)[0]
        for part, group in zip(torch.split(logits, [len(group) for group in labels]), labels, strict=True)
        if group[0] == 1.0 and len(group) > 1
    ]
    loss = functional.binary_cross_entropy_with_logits(logits, flat)
    return loss + weight * torch.stack(ranked).sum() / len(labels) if ranked else loss


def rate_at(done: float, highest: float) -> float:
    """Return the learning rate after the share *done* in [0, 1] of all steps."""
    return highest * min(1.0, done / WARM_UP) * (LOWEST_RATE + (1 - LOWEST_RATE) * 0.5 * (1 + math.cos(math.pi * done)))


def fit(net: ReaderModule, data: Data, encoded: EncodedTexts, information: Information, plan: Plan, watch: Watch) -> ReaderModule:
    """Train *net* by *plan*, and return a module with the mean of its late weights, which is what is kept."""
    rng = random.Random(plan.seed)  # noqa: S311  # chance for training, no secret
    torch.manual_seed(plan.seed)
    epochs = [draw(data, plan.public, rng) for _ in range(plan.epochs)]
    steps = sum(math.ceil(len(groups) / BATCH_GROUPS) for groups in epochs)
    optimiser = torch.optim.AdamW(net.parameters(), lr=plan.rate, weight_decay=WEIGHT_DECAY, betas=(0.9, 0.98))
    averaged = AveragedModel(net, multi_avg_fn=get_ema_multi_avg_fn(AVERAGING))  # type: ignore[no-untyped-call]
    net.train()
    batches = (batch for groups in epochs for batch in _batches(groups, mine(groups, encoded), encoded, rng))
    for step, batch in enumerate(batches):
        for parameters in optimiser.param_groups:
            parameters["lr"] = rate_at(step / steps, plan.rate)
        loss = loss_of(net(collate(encoded, information, [pair for pairs, _ in batch for pair in pairs])), [labels for _, labels in batch])
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        nn.utils.clip_grad_norm_(net.parameters(), LARGEST_GRADIENT)
        optimiser.step()
        averaged.update_parameters(net)
        watch(step + 1, steps, float(loss.detach()))
    return cast(ReaderModule, averaged.module).eval()


def _batches(
    groups: Sequence[Group], mined: Sequence[Sequence[int]], encoded: EncodedTexts, rng: random.Random
) -> Iterator[list[tuple[list[tuple[int, int]], list[float]]]]:
    """Yield the pairs of all groups in chance order, BATCH_GROUPS at a time, groups of like length together."""
    order = list(range(len(groups)))
    rng.shuffle(order)
    stretch = BATCH_GROUPS * LENGTH_BATCHES
    for start in range(0, len(order), stretch):
        made = [pairs_of(groups[at], mined[at], encoded, rng) for at in order[start : start + stretch]]
        made.sort(key=lambda group: max(len(encoded.ids[question]) + len(encoded.ids[sentence]) for question, sentence in group[0]))
        batches = [made[at : at + BATCH_GROUPS] for at in range(0, len(made), BATCH_GROUPS)]
        rng.shuffle(batches)
        yield from batches


def weights_file(net: ReaderModule, information: Information, encoder_digest: str) -> bytes:
    """Return the content of reader.npz: what thins the states and the tokens' information in float16, the rest as a graph."""
    content = io.BytesIO()
    thinning = {name: values.numpy().astype(np.float16) for name, values in net.state_dict().items() if name.startswith(("proj.", "norm."))}
    graph = np.frombuffer(graph_of(net), dtype=np.uint8)
    np.savez_compressed(content, **thinning, information=information.astype(np.float16), graph=graph, encoder=np.array(encoder_digest))
    return content.getvalue()


def measure(reader: Reader, groups: Sequence[Group], encoded: EncodedTexts) -> Figures:
    """Return the figures of *reader* on *groups*: candidates of each question are the HELD_CANDIDATES nearest of all sentences."""
    rows = sorted({encoded.rows[sentence] for group in groups for sentence in group.sentences})
    sentences = {row: reader.sentence(encoded.tokens(row)) for row in rows}
    ranked: list[tuple[bool, bool, bool, bool]] = []
    best: list[tuple[bool, float, float]] = []
    for group in groups:
        question = encoded.rows[group.question]
        cosines = encoded.vectors[rows] @ encoded.vectors[question]
        nearest = np.argsort(-cosines, kind="stable")[:HELD_CANDIDATES]
        logits = reader.read(encoded.tokens(question), [sentences[rows[at]] for at in nearest], cosines[nearest])
        best.append((bool(group.answers), float(cosines[nearest].max()), float(logits.max())))
        if group.answers:
            right = {encoded.rows[group.sentences[at]] for at in group.answers}
            hits = [rows[at] in right for at in nearest]
            read = [hits[at] for at in np.argsort(-logits, kind="stable")]
            ranked.append((hits[0], read[0], any(hits[:3]), any(read[:3])))
    shares = [sum(column) / len(ranked) for column in zip(*ranked, strict=True)] if ranked else [0.0] * 4
    aurocs = [
        auroc([one[at] for one in best if one[0]], [one[at] for one in best if not one[0]]) if 0 < len(ranked) < len(best) else None
        for at in (1, 2)
    ]
    return Figures(len(ranked), len(best) - len(ranked), *shares, *aurocs)


def auroc(positive: Sequence[float], negative: Sequence[float]) -> float:
    """Return how often a positive value lies above a negative one, ties as half."""
    from scipy.stats import mannwhitneyu

    return float(mannwhitneyu(positive, negative).statistic) / (len(positive) * len(negative))


def train(data: Data, embeddings: Encoder, plan: Plan) -> Trained:
    """Train a reader, and measure it on what is kept aside."""
    everything = [*data.public, *data.near_misses, *(group for groups in data.held.values() for group in groups)]
    with tqdm(desc="encoding", unit="text") as bar:
        encoded = encode_texts(embeddings, _texts(everything), partial(advance, bar))
    information = token_information(embeddings.files)
    torch.manual_seed(_INITIAL_SEED)
    net = ReaderModule(state_width=encoded.states[0].shape[1])
    with tqdm(desc="training", unit="step") as bar:
        net = fit(net, data, encoded, information, plan, partial(advance, bar))
    content = weights_file(net, information, embeddings.files.digest)
    _, reader = load_reader(content)
    return Trained(content, {name: asdict(measure(reader, groups, encoded)) for name, groups in data.held.items()})


def _texts(groups: Iterable[Group]) -> Iterator[str]:
    for group in groups:
        yield group.question
        yield from group.sentences


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:], "train", train, PLAN))
