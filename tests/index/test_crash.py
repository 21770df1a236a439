"""Wherever a build is stopped, what answers is the old index or the new one, whole, and the next build leaves nothing behind."""

import subprocess
import sys
from pathlib import Path

import pytest

from index.build import build
from index.search import SearchResult, search
from index.store import Generation, open_generation
from tests.fakes import WordEmbeddings
from tests.index.crashing import KILLED, REFUSED
from tests.project import ROOT

HEAD = "---\ntitle: A speech\nkind: speech\n---\n"
OLD = {"one-2019": "Peace first. Then drugs.", "two-2020": "Trade in Bishkek.", "three-2021": "It goes."}
NEW = {"one-2019": "Peace first. Then drugs.", "two-2020": "Trade in Tashkent.", "four-2022": "Water. Roads. Rail. Air. Peace."}
STEPS = 100  # a build has at least so many; a shim that saw fewer would prove little


def silent(done: int, total: int) -> None:
    """Watch no progress."""


def put(corpus: Path, texts: dict[str, str]) -> Path:
    """Make *texts* the documents of the folder *corpus*."""
    corpus.mkdir(exist_ok=True)
    for file in corpus.iterdir():
        file.unlink()
    for name, text in texts.items():
        (corpus / f"{name}.md").write_text(f"{HEAD}{text}", encoding="utf-8")
    return corpus


def answers(generation: Generation) -> list[SearchResult]:
    """Return what is found for two questions: passages, scores and sentences."""
    found = [search(generation, WordEmbeddings(), question) for question in ("Peace and drugs?", "Trade in Bishkek or Tashkent?")]
    return [(one.passages, one.sentences, one.known_terms) for one in found]


@pytest.fixture(scope="module")
def base(tmp_path_factory) -> Path:
    """An index that was built twice, so that a third build has a generation to remove."""
    folder = tmp_path_factory.mktemp("base")
    build(put(folder / "corpus", {"one-2019": "Earlier still."}), folder / "index", WordEmbeddings(), silent)
    build(put(folder / "corpus", OLD), folder / "index", WordEmbeddings(), silent)
    return folder / "index"


@pytest.fixture
def corpus(tmp_path) -> Path:
    """The documents that the builds which are stopped are to index."""
    return put(tmp_path / "corpus", NEW)


def stopped_builds(corpus: Path, base: Path, folders: Path, end: str) -> list[int]:
    """Return the exit status of builds over copies of *base* in *folders*/1, /2 and so on, each stopped at that step."""
    folders.mkdir()
    command = [sys.executable, "-m", "tests.index.crashing", corpus, base, folders, end]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=600)
    return [int(status) for status in done.stdout.split()]


@pytest.fixture
def unsynced(monkeypatch):
    """Spare the builds that nothing stops the waiting for the disk, of which they would do a thousand."""
    monkeypatch.setattr("os.fsync", lambda descriptor: None)


def test_a_build_killed_at_any_step_leaves_the_old_index_or_the_new_one(corpus, base, tmp_path, unsynced):
    """At every write, sync, rename, removal and commit: answers are those of one of them exactly, and the next build clears up."""
    old, new = open_generation(base), build(corpus, tmp_path / "new", WordEmbeddings(), silent)
    expected = {opened.manifest.generation: answers(opened) for opened in (old, open_generation(tmp_path / "new"))}
    statuses = stopped_builds(corpus, base, tmp_path / "stopped", "killed")
    assert len(statuses) > STEPS
    assert set(statuses[:-1]) == {KILLED}
    met = set()
    for step in range(1, len(statuses)):
        folder = tmp_path / "stopped" / str(step)
        opened = open_generation(folder)
        assert answers(opened) == expected[opened.manifest.generation], step
        met.add(opened.manifest.generation)
        assert build(corpus, folder, WordEmbeddings(), silent) == new, step
        left = {path.name for path in folder.iterdir()}
        assert {"CURRENT", "LOCK", new.generation} <= left, step
        assert len(left) <= 4, step  # and one generation to fall back on
        assert all(name.startswith("generation-") for name in left - {"CURRENT", "LOCK"}), step
    assert met == set(expected)


def test_power_lost_at_any_step_leaves_the_old_index_or_the_new_one(corpus, base, tmp_path, unsynced):
    """All that was not synced by then is gone or cut short, and what opens is still one of the two, whole."""
    old, new = open_generation(base).manifest, build(corpus, tmp_path / "new", WordEmbeddings(), silent)
    statuses = stopped_builds(corpus, base, tmp_path / "stopped", "powerless")
    assert len(statuses) > STEPS
    assert set(statuses[:-1]) == {KILLED}
    opened = [open_generation(tmp_path / "stopped" / str(step)).manifest for step in range(1, len(statuses))]
    switched = opened.index(new)
    assert opened == [old] * switched + [new] * (len(opened) - switched)


def test_a_disk_that_fills_up_at_any_step_costs_nothing(corpus, base, tmp_path):
    """The message says so, the old index answers, and the draft is gone, which makes room."""
    old, new = open_generation(base).manifest, build(corpus, tmp_path / "new", WordEmbeddings(), silent)
    statuses = stopped_builds(corpus, base, tmp_path / "full", "full")
    assert len(statuses) > STEPS
    assert set(statuses[:-1]) == {REFUSED}
    for step in range(1, len(statuses)):
        folder = tmp_path / "full" / str(step)
        assert open_generation(folder).manifest in (old, new), step
        assert not list(folder.glob("draft*")), step
