"""The weights that come with the project are used whole or not at all."""

import logging
from pathlib import Path
from types import ModuleType

import pytest

from index import cross_encoder, reader
from index.cross_encoder import open_cross_encoder
from index.embedding import DEFAULT_MODEL, check_model
from index.reader import open_reader


@pytest.fixture(params=[(reader, open_reader), (cross_encoder, open_cross_encoder)], ids=["reader", "cross-encoder"])
def shipped(request, tmp_path, monkeypatch):
    """What opens weights, and a copy of them and their digest in the place of the originals."""
    module: ModuleType = request.param[0]
    opened = request.param[1]
    original: Path = module._WEIGHTS
    for path in (original, original.with_suffix(".sha256")):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    monkeypatch.setattr(module, "_WEIGHTS", tmp_path / original.name)
    opened.cache_clear()
    yield lambda: opened(check_model(DEFAULT_MODEL).digest), tmp_path / original.name
    opened.cache_clear()


def test_whole_weights_are_used(shipped):
    """As they come with the project."""
    opened, _ = shipped
    assert opened() is not None


def test_altered_weights_are_not_used_and_the_log_says_so(shipped, caplog):
    """One bit is enough; questions are answered without them."""
    opened, weights = shipped
    content = bytearray(weights.read_bytes())
    content[len(content) // 2] ^= 1
    weights.write_bytes(content)
    with caplog.at_level(logging.WARNING):
        assert opened() is None
    assert f"{weights} was altered" in caplog.text


@pytest.mark.parametrize("ending", [".npz", ".sha256"])
def test_missing_weights_are_named_in_the_log(shipped, caplog, ending):
    """The weights or their digest."""
    opened, weights = shipped
    weights.with_suffix(ending).unlink()
    with caplog.at_level(logging.WARNING):
        assert opened() is None
    assert f"{weights.with_suffix(ending)}" in caplog.text
