"""What the command line does about indexes that are damaged, newer, or being built; with a fake model."""

import shutil
from pathlib import Path

import pytest

import app
from bot.settings import Settings
from index.build import build
from index.lock import build_lock
from index.manifest import read_manifest
from tests.fakes import WordEmbeddings
from tests.index.test_crash import NEW, OLD, put, silent
from tests.index.test_store import other_format

ASK = ["ask", "Trade in Bishkek or Tashkent?", "--json"]


@pytest.fixture
def index(tmp_path, monkeypatch) -> Path:
    """An index of NEW, and of OLD before; the settings name it and the corpus, and every command uses the fake model."""
    for field in Settings.model_fields:
        monkeypatch.delenv(f"SCO_{field.upper()}", raising=False)
    monkeypatch.setenv("SCO_INDEX_DIR", str(tmp_path / "index"))
    monkeypatch.setenv("SCO_CORPUS_DIR", str(tmp_path / "corpus"))
    monkeypatch.setattr("index.embedding.check_model", lambda name: WordEmbeddings().files)
    monkeypatch.setattr("index.graph.prepare_encoder", lambda files, folder: WordEmbeddings())
    for texts in (OLD, NEW):
        build(put(tmp_path / "corpus", texts), tmp_path / "index", WordEmbeddings(), silent)
    return tmp_path / "index"


def damage(index: Path, *names: str) -> None:
    """Damage these files of the generation in use."""
    for name in names:
        (read_manifest(index)[0] / name).write_bytes(b"damage")


# --- index --verify


def test_an_index_that_is_whole_is_said_to_be(capsys, index):
    """With what it holds, and status 0."""
    assert app.main(["index", "--verify"]) == 0
    assert f"The index in {index} is whole: 3 documents, 3 paragraphs, 8 sentences" in capsys.readouterr().out


def test_every_damaged_file_is_named_with_what_to_do(capsys, index):
    """Status 1, and which index answers until it is mended; nothing is changed."""
    damage(index, "vocabulary.json", "sentences.faiss")
    before = sorted(index.rglob("*"))
    assert app.main(["index", "--verify"]) == 1
    captured = capsys.readouterr()
    said = captured.err.splitlines()
    assert captured.out == ""
    assert [line.rsplit("/", 1)[1] for line in said[:-1]] == [
        "sentences.faiss was altered or cut short since it was built.",
        "vocabulary.json was altered or cut short since it was built.",
    ]
    assert said[-1].startswith("Rebuild it with: python app.py index Until then generation-")
    assert sorted(index.rglob("*")) == before


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        pytest.param(lambda index: shutil.rmtree(index), "No built index in", id="no folder"),
        pytest.param(lambda index: (index / "CURRENT").write_text("nowhere"), "CURRENT was altered", id="a pointer to nowhere"),
        pytest.param(lambda index: damage(index, "manifest.json"), "manifest.json cannot be read", id="a damaged manifest"),
        pytest.param(lambda index: other_format(index, 999), "has format 999", id="a newer format"),
    ],
)
def test_what_cannot_be_verified_is_said(capsys, index, spoil, says):
    """Status 1."""
    spoil(index)
    assert app.main(["index", "--verify"]) == 1
    assert says in capsys.readouterr().err


# --- answering meanwhile


def test_the_last_good_index_answers_for_a_damaged_one(capsys, caplog, index):
    """The warning names the file; after a build, which mends it, the new one answers."""
    damage(index, "corpus.sqlite")
    app.main(ASK)
    assert "corpus.sqlite was altered" in caplog.text
    assert "Bishkek" in capsys.readouterr().out
    assert app.main(["index"]) == 0
    caplog.clear()
    app.main(ASK)
    assert caplog.text == ""
    assert "Trade in Tashkent." in capsys.readouterr().out


def test_while_another_process_builds_the_index_before_answers(capsys, index, tmp_path):
    """The corpus has changed, and two cannot build; `index` itself says who does."""
    put(tmp_path / "corpus", OLD)
    with build_lock(index):
        assert app.main(["index"]) == 1
        assert "is being built by process" in capsys.readouterr().err
        app.main(ASK)
        captured = capsys.readouterr()
        assert "Until then the index before it answers." in captured.err
        assert "Trade in Tashkent." in captured.out


def test_where_there_is_no_index_yet_the_builder_is_named(capsys, index):
    """There is nothing to answer from."""
    shutil.rmtree(index)
    with build_lock(index):
        assert app.main(ASK) == 1
    assert "is being built by process" in capsys.readouterr().err


@pytest.mark.parametrize("command", [ASK, ["index"]], ids=["ask", "index"])
def test_an_index_of_a_newer_format_is_left_as_it_is(capsys, index, command):
    """The message says what to do."""
    other_format(index, 999)
    before = sorted(path for path in index.rglob("*") if path.name != "LOCK")
    assert app.main(command) == 1
    assert "Update the program, or name another folder: SCO_INDEX_DIR." in capsys.readouterr().err
    assert sorted(path for path in index.rglob("*") if path.name != "LOCK") == before
