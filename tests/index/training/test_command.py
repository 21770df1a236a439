"""A command line becomes weights, their digest and a record; what is trained here takes no time."""

import hashlib
import json

import pytest

from index.errors import UserError
from index.training.command import Plan, Trained, run, train_and_write
from tests.index.training.test_train import DATA

PLAN = Plan(epochs=1, public=4, rate=1e-3, seed=7)


def training(data, embeddings, plan):
    """Train nothing."""
    return Trained(b"weights", {"speeches": {"first": 0.5}})


def test_weights_are_written_with_their_digest_and_a_record(tmp_path, embeddings):
    """The digest is sha256sum's, the record says what the weights were made from and how good they are."""
    output = tmp_path / "new.npz"
    assert train_and_write(training, DATA, embeddings, PLAN, output) == {"speeches": {"first": 0.5}}
    digest = hashlib.sha256(b"weights").hexdigest()
    record = json.loads((tmp_path / "new.json").read_text())
    assert output.read_bytes() == b"weights"
    assert (tmp_path / "new.sha256").read_text() == f"{digest}  new.npz\n"
    assert record.pop("seconds") >= 0
    assert record == {
        "sha256": digest,
        "encoder": {"name": "all-MiniLM-L6-v2", "digest": embeddings.files.digest},
        "data": {"a.json": "0" * 64},
        "absent": ["b.json"],
        "without": None,
        "groups": {"public": 4, "near misses": 14},
        "plan": {"epochs": 1, "public": 4, "rate": 1e-3, "seed": 7},
        "figures": {"speeches": {"first": 0.5}},
    }


def test_weights_that_cannot_be_written_are_an_error_that_names_them(tmp_path, embeddings):
    """The message says what to do."""
    with pytest.raises(UserError, match=r"nowhere/new\.npz cannot be written .* Name another file: --output"):
        train_and_write(training, DATA, embeddings, PLAN, tmp_path / "nowhere" / "new.npz")


def test_data_that_cannot_be_used_ends_the_command_with_its_message(tmp_path, capsys):
    """Status 1, and no weights."""
    assert run(["--data", str(tmp_path / "nowhere"), "--output", str(tmp_path / "new.npz")], "train", training, PLAN) == 1
    assert "nowhere is no folder" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_the_command_prints_the_figures(tmp_path, capsys):
    """What it trained without is named on the other stream."""
    assert run(["--data", str(tmp_path), "--output", str(tmp_path / "new.npz")], "train", training, PLAN) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out) == {"speeches": {"first": 0.5}}
    assert "trained without: squadshifts-new_wiki.json" in printed.err


def test_a_source_is_left_out_and_the_plan_shortened_on_request(tmp_path):
    """To see how the rest helps on what it never saw."""
    given = {}

    def watched(data, embeddings, plan):
        given.update(data=data, plan=plan)
        return Trained(b"", {})

    options = ["--data", str(tmp_path), "--output", str(tmp_path / "new.npz"), "--without", "speeches", "--epochs", "3"]
    assert run(options, "train", watched, PLAN) == 0
    assert given["data"].near_misses == ()
    assert given["plan"] == Plan(epochs=3, public=4, rate=1e-3, seed=7)
    assert json.loads((tmp_path / "new.json").read_text())["without"] == "speeches"
