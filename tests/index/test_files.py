"""Files are replaced in one step, and what is removed is gone, whatever it is."""

import hashlib
import os
from pathlib import Path

import pytest

from index.files import remove, replace_synced, sha256, sync_tree


def test_a_digest_is_that_of_the_content(tmp_path):
    """Also of an empty file."""
    for content in (b"", b"peace", bytes(1_000_000)):
        (tmp_path / "file").write_bytes(content)
        assert sha256(tmp_path / "file") == hashlib.sha256(content).hexdigest()


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
