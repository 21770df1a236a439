"""What is made of the generation in use is made anew when a build has switched, while the old one goes on answering."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from index import current
from index.build import build
from index.current import Folder, Following
from index.store import Generation, open_generation
from tests.fakes import WordEmbeddings
from tests.index.test_crash import NEW, OLD, put, silent

PATIENCE = 60  # seconds to wait for what another thread does; a busy machine may take them


@pytest.fixture(autouse=True)
def always_looking(monkeypatch):
    """Look at the pointer whenever asked."""
    monkeypatch.setattr(current, "CHECKED_EVERY", 0.0)


@pytest.fixture
def index(tmp_path) -> Path:
    """An index of OLD."""
    switch(tmp_path, OLD)
    return tmp_path / "index"


def switch(folder: Path, texts: dict[str, str]) -> str:
    """Build an index of *texts* in *folder*, and return the generation's name."""
    return build(put(folder / "corpus", texts), folder / "index", WordEmbeddings(), silent).generation


def name(generation: Generation) -> str:
    """Make something of a generation."""
    return generation.folder.name


def until(condition: Callable[[], bool]) -> None:
    """Wait until *condition* holds."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_build_is_followed_without_a_restart(index, tmp_path):
    """Again and again, and back."""
    following = Following(Folder(index), open_generation(index), name)
    for texts in (NEW, OLD, NEW):
        built = switch(tmp_path, texts)
        until(lambda built=built: following.get() == built)


def test_a_build_that_ended_before_the_following_began_is_followed(index, tmp_path):
    """A server takes seconds to start, and opens its generation first."""
    old = open_generation(index)
    built = switch(tmp_path, NEW)
    following = Following(Folder(index), old, name)
    until(lambda: following.get() == built)


def test_under_a_damaged_pointer_the_last_good_generation_is_kept(index, tmp_path, caplog):
    """There is none to go over to until a build mends it."""
    old = open_generation(index)
    (index / "CURRENT").write_text("nowhere")
    following = Following(Folder(index), old, name)
    until(lambda: following.get() == old.folder.name and "CURRENT was altered" in caplog.text)
    built = switch(tmp_path, NEW)
    until(lambda: following.get() == built)


def test_while_the_new_one_is_being_made_the_old_one_answers(index, tmp_path):
    """Opening a large index takes seconds, and nobody waits for it."""
    go_on, made = threading.Event(), []

    def make(generation: Generation) -> str:
        made.append(name(generation))
        if len(made) > 1:
            assert go_on.wait(PATIENCE)
        return made[-1]

    old = open_generation(index)
    following = Following(Folder(index), old, make)
    new = switch(tmp_path, NEW)
    until(lambda: following.get() is not None and len(made) == 2)
    assert [following.get() for _ in range(100)] == [old.folder.name] * 100
    assert made == [old.folder.name, new]
    go_on.set()
    until(lambda: following.get() == new)


def test_a_damaged_generation_is_not_followed_and_the_warning_comes_once(index, tmp_path, caplog):
    """The one before goes on answering, and the next whole one is followed."""
    following = Following(Folder(index), open_generation(index), name)
    old = following.get()
    damaged = switch(tmp_path, NEW)
    (index / damaged / "vocabulary.json").write_text("{}")
    until(lambda: following.get() == old and "The index before it goes on answering." in caplog.text)
    assert [following.get() for _ in range(100)] == [old] * 100
    assert caplog.text.count("vocabulary.json was altered") == 1
    newest = switch(tmp_path, {**NEW, "five-2023": "One more."})
    until(lambda: following.get() == newest)


def test_the_pointer_is_looked_at_no_more_than_so_often(index, tmp_path, monkeypatch):
    """Thousands may ask in a second."""
    monkeypatch.setattr(current, "CHECKED_EVERY", 3600.0)
    following = Following(Folder(index), open_generation(index), name)
    old = following.get()
    switch(tmp_path, NEW)
    assert [following.get() for _ in range(1000)] == [old] * 1000
