"""What both trainings share: turns a command line into data and an encoder, and what was trained into weights, digest and record.

Knows nothing of what is trained.
"""

import argparse
import hashlib
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from tqdm import tqdm

from index.embedding import DEFAULT_MODEL, Encoder, check_model
from index.errors import UserError
from index.graph import prepare_encoder
from index.training.data import SOURCES, Data, read_data


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and how fast to train: *epochs* over all near misses and *public* of the public sets' groups, at most *rate*."""

    epochs: int
    public: int
    rate: float
    seed: int


@dataclass(frozen=True, slots=True)
class Trained:
    """What a training made: the content of its weights file, and what of each set kept aside it was measured at."""

    content: bytes
    figures: Mapping[str, Mapping[str, float | None]]


Training = Callable[[Data, Encoder, Plan], Trained]


def run(arguments: Sequence[str], name: str, training: Training, plan: Plan) -> int:
    """Run the command of that *name*; return its exit status, 1 if the data cannot be used or the weights not be written."""
    parser = argparse.ArgumentParser(prog=f"python -m index.training.{name}", description="Train as docs/reader.md describes.")
    parser.add_argument("--data", type=Path, required=True, help="the folder of the public sets")
    parser.add_argument("--squad", type=Path, help="the development set of SQuAD 2.0")
    parser.add_argument("--output", type=Path, required=True, help="the weights file to write, such as index/reader.npz")
    parser.add_argument("--without", choices=SOURCES, help="a source not to train on, to see how the rest helps on it")
    parser.add_argument("--epochs", type=int, default=plan.epochs, help="times that all near misses are gone through (%(default)s)")
    options = parser.parse_args(arguments)
    try:
        data = read_data(options.data, options.squad, options.without)
        if data.absent:
            tqdm.write(f"Not in {options.data}, trained without: {', '.join(data.absent)}", file=sys.stderr)
        with TemporaryDirectory() as folder:
            embeddings = prepare_encoder(check_model(DEFAULT_MODEL), Path(folder))  # as it serves, so that its states are those met later
            figures = train_and_write(training, data, embeddings, replace(plan, epochs=options.epochs), options.output)
    except UserError as error:
        tqdm.write(str(error), file=sys.stderr)
        return 1
    tqdm.write(json.dumps(figures, indent=2))
    return 0


def train_and_write(
    training: Training, data: Data, embeddings: Encoder, plan: Plan, output: Path
) -> Mapping[str, Mapping[str, float | None]]:
    """Train, and write *output* with, beside it, the same name ending in .sha256 and .json. Return the figures by set.

    Raises UserError if *output* cannot be written.
    """
    started = time.monotonic()
    trained = training(data, embeddings, plan)
    digest = hashlib.sha256(trained.content).hexdigest()
    record = {
        "sha256": digest,
        "encoder": {"name": embeddings.files.name, "digest": embeddings.files.digest},
        "data": data.digests,
        "absent": data.absent,
        "without": data.without,
        "groups": {"public": len(data.public), "near misses": len(data.near_misses)},
        "plan": asdict(plan),
        "figures": trained.figures,
        "seconds": round(time.monotonic() - started),
    }
    try:
        output.write_bytes(trained.content)
        output.with_suffix(".sha256").write_text(f"{digest}  {output.name}\n", encoding="ascii")
        output.with_suffix(".json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise UserError(f"The weights {output} cannot be written ({error.strerror}). Name another file: --output") from error
    return trained.figures


def advance(bar: "tqdm[None]", done: int, total: int, loss: float | None = None) -> None:
    """Show on *bar* that *done* of *total* are done, at a *loss*."""
    bar.total = total
    if loss is not None:
        bar.set_postfix(loss=f"{loss:.3f}", refresh=False)
    bar.update(done - bar.n)
