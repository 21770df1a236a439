"""Files are replaced in one step, and what is removed is gone, whatever it is."""

import hashlib
import os
import random
from pathlib import Path

import pytest

from index.files import BLOCK, digest_of_blocks, remove, replace_synced, sha256, sync_tree


def test_a_digest_is_that_of_the_content(tmp_path):
    """Also of an empty file."""
    for content in (b"", b"peace", bytes(1_000_000)):
        (tmp_path / "file").write_bytes(content)
        assert sha256(tmp_path / "file") == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("size", [0, 1, BLOCK, BLOCK + 1, 3 * BLOCK - 1])
def test_a_digest_of_blocks_is_that_of_their_digests_in_their_order(tmp_path, size):
    """As it can be computed with sha256sum and split."""
    content = random.Random(size).randbytes(size)
    (tmp_path / "file").write_bytes(content)
    blocks = [content[start : start + BLOCK] for start in range(0, size, BLOCK)]
    expected = hashlib.sha256(b"".join(hashlib.sha256(block).digest() for block in blocks)).hexdigest()
    assert digest_of_blocks(tmp_path / "file") == expected


@pytest.mark.parametrize("change", ["first byte", "last byte", "blocks swapped", "cut short", "made longer"])
def test_no_change_to_any_block_leaves_the_digest_as_it_was(tmp_path, change):
    """Wherever it is, and though every block may be one that was there."""
    content = bytearray(random.Random(1).randbytes(2 * BLOCK + 5))
    (tmp_path / "file").write_bytes(content)
    before = digest_of_blocks(tmp_path / "file")
    changed = {
        "first byte": bytes([content[0] ^ 1]) + content[1:],
        "last byte": content[:-1] + bytes([content[-1] ^ 1]),
        "blocks swapped": content[BLOCK : 2 * BLOCK] + content[:BLOCK] + content[2 * BLOCK :],
        "cut short": content[: 2 * BLOCK],
        "made longer": content + b"\0",
    }
    (tmp_path / "file").write_bytes(changed[change])
    assert digest_of_blocks(tmp_path / "file") != before


def test_a_file_is_replaced_and_nothing_is_left_beside_it(tmp_path):
    """Whoever has it open reads on in the old one."""
    replace_synced(tmp_path / "file", b"old")
    with (tmp_path / "file").open("rb") as opened:
        replace_synced(tmp_path / "file", b"new")
        assert opened.read() == b"old"
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("file", b"new")]


def test_everything_below_a_folder_is_synced_once_and_what_it_holds_before_it(tmp_path, monkeypatch):
    """A name that is on the disk stands for content that is."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "file").touch()
    (tmp_path / "other").touch()
    synced = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(str(Path(f"/proc/self/fd/{descriptor}").readlink())))
    sync_tree(tmp_path)
    assert sorted(synced) == sorted(map(str, (tmp_path, *tmp_path.rglob("*"))))
    for path in synced:
        assert all(synced.index(inner) <= synced.index(path) for inner in synced if inner.startswith(path))


@pytest.mark.parametrize("make", [
    pytest.param(lambda path: None, id="nothing"),
    pytest.param(lambda path: path.touch(), id="a file"),
    pytest.param(lambda path: (path / "a" / "b").mkdir(parents=True), id="a folder that is not empty"),
])  # fmt: skip
def test_what_is_removed_is_gone(tmp_path, make):
    """And what was not there is no error."""
    make(tmp_path / "it")
    remove(tmp_path / "it")
    assert not (tmp_path / "it").exists()


def test_a_link_is_removed_and_not_what_it_leads_to(tmp_path):
    """Somebody's folder may lie behind it."""
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "kept")
    remove(tmp_path / "link")
    assert [path.name for path in sorted(tmp_path.rglob("*"))] == ["kept", "file"]
