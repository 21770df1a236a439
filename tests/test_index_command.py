"""What the command line does about indexes that are damaged, newer, or being built; with a fake model."""

import re
import shutil
from dataclasses import fields, replace
from pathlib import Path
from typing import TextIO

import pytest

import app
from bot.settings import DEFAULT_INDEX, Settings
from index import current
from index.build import build
from index.command import Place, check_encoder
from index.lock import build_lock
from index.manifest import read_manifest
from tests.fakes import WordEmbeddings
from tests.index.test_crash import NEW, OLD, put, silent
from tests.index.test_current import until
from tests.index.test_store import other_format

ASK = ["ask", "Trade in Bishkek or Tashkent?", "--json"]


@pytest.fixture
def index(tmp_path, monkeypatch) -> Path:
    """An index of NEW, and of OLD before; the settings name it and the corpus, and every command uses the fake model."""
    for field in fields(Settings):
        monkeypatch.delenv(f"SCO_{field.name.upper()}", raising=False)
    monkeypatch.setenv("SCO_INDEX_DIR", str(tmp_path / "index"))
    monkeypatch.setenv("SCO_CORPUS_DIR", str(tmp_path / "corpus"))
    for module in ("index.command", "index.embedding"):  # from the one a build takes it, from the other what answers
        monkeypatch.setattr(f"{module}.check_model", lambda name: WordEmbeddings().files)
    monkeypatch.setattr("index.command.prepare_encoder", lambda files, folder: WordEmbeddings())
    for texts in (OLD, NEW):
        build(put(tmp_path / "corpus", texts), tmp_path / "index", WordEmbeddings(), silent)
    return tmp_path / "index"


def damage(index: Path, *names: str) -> None:
    """Damage these files of the generation in use."""
    for name in names:
        (read_manifest(index)[0] / name).write_bytes(b"damage")


def test_what_shows_nothing_for_a_while_is_said_first(capsys, index):
    """A first start exports the model before there is a bar to show."""
    assert app.main(["index"]) == 0
    first, *_ = capsys.readouterr().err.splitlines()
    assert first == f"Preparing the model {WordEmbeddings().files.name}, once: some 20 seconds"


# --- index --verify


def test_an_index_that_is_whole_is_said_to_be(capsys, index):
    """With what it holds, and status 0."""
    assert app.main(["index", "--verify"]) == 0
    assert f"The index in {index} is whole: 3 documents, 3 paragraphs, 8 sentences" in capsys.readouterr().out


def test_of_an_index_with_lists_it_is_said_how_much_they_find(capsys, index, monkeypatch):
    """As the build measured it: three paragraphs are one list, in which all are found."""
    monkeypatch.setattr("index.nearest.EXACT", 2)
    build(put(index.parent / "corpus", {**NEW, "five-2023": "One more."}), index, WordEmbeddings(), silent)
    assert app.main(["index", "--verify"]) == 0
    assert "looked for in 1 lists, where 100.0% of the ten nearest paragraphs were found" in capsys.readouterr().out


def test_every_damaged_file_is_named_with_what_to_do(capsys, index):
    """Status 1, and which index answers until it is mended; nothing is changed."""
    damage(index, "vocabulary.json", "paragraphs.faiss")
    before = sorted(index.rglob("*"))
    assert app.main(["index", "--verify"]) == 1
    captured = capsys.readouterr()
    said = captured.err.splitlines()
    assert captured.out == ""
    assert [line.rsplit("/", 1)[1] for line in said[:-1]] == [
        "paragraphs.faiss was altered or cut short since it was built.",
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


# --- another model


def of_another_model(index: Path, corpus: Path) -> None:
    """Build the index of *corpus* anew, with another model."""
    build(corpus, index, WordEmbeddings("others", "1" * 64), silent)


def test_an_index_of_another_model_is_not_gone_over_to(index, tmp_path, monkeypatch, caplog):
    """Its vectors do not compare with those of the running server's model; the one before goes on answering."""
    monkeypatch.setattr(current, "CHECKED_EVERY", 0.0)
    settings = Settings(corpus_dir=tmp_path / "corpus", index_dir=index)
    assistant = app._assistant(settings)
    before = assistant.index_fingerprint
    of_another_model(index, tmp_path / "corpus")
    warning = "was built with another model, others, and this one is set: words"
    until(lambda: assistant.index_fingerprint == before and warning in caplog.text)


def test_a_last_good_index_of_another_model_does_not_answer(capsys, index, tmp_path):
    """The one in use is damaged, and a message says what to do."""
    shutil.rmtree(index)
    of_another_model(index, tmp_path / "corpus")
    build(tmp_path / "corpus", index, WordEmbeddings(), silent)
    damage(index, "corpus.sqlite")
    assert app.main(ASK) == 1
    captured = capsys.readouterr()
    assert "was built with another model, others" in captured.err
    assert "Rebuild it with: python app.py index, or set SCO_EMBEDDING_MODEL to the other." in captured.err
    assert captured.out == ""


def test_while_the_index_of_another_model_is_replaced_the_builder_is_named(capsys, index, tmp_path):
    """The index before cannot answer meanwhile."""
    of_another_model(index, tmp_path / "corpus")
    shutil.rmtree(next(path for path in index.glob("generation-*") if path != read_manifest(index)[0]))
    with build_lock(index):
        assert app.main(ASK) == 1
    assert "is being built by process" in capsys.readouterr().err


# --- another corpus


@pytest.fixture
def used(monkeypatch, index) -> list[tuple[Path, Path, Path]]:
    """Corpus folder, index folder and the encoder's folder of each `index` command; nothing is built, and SCO_INDEX_DIR is unset."""
    monkeypatch.delenv("SCO_INDEX_DIR")
    encoders: list[Path] = []
    calls: list[tuple[Path, Path, Path]] = []

    def take(place: Place, encoder: None, errors: TextIO) -> bool:
        calls.append((place.corpus, place.folder, encoders[-1]))
        return True

    monkeypatch.setattr("index.command.prepare_encoder", lambda files, folder: encoders.append(folder))
    monkeypatch.setattr("index.command._build", take)
    return calls


def test_each_corpus_of_the_option_has_an_index_of_its_own_and_all_share_the_encoder(used, tmp_path, monkeypatch):
    """Trying a corpus does not replace the index that a server follows; the same folder finds its index again, however it is written."""
    monkeypatch.chdir(put(tmp_path / "other", OLD).parent)
    for named in ("other", str(tmp_path / "other"), str(tmp_path / "corpus")):
        assert app.main(["index", "--corpus", named]) == 0
    (_, first, _), (_, again, _), (corpus, default, _) = used
    assert first == again != DEFAULT_INDEX
    assert first.parent == DEFAULT_INDEX
    assert re.fullmatch(r"corpus-[0-9a-f]{12}", first.name)
    assert (corpus, default) == (tmp_path / "corpus", DEFAULT_INDEX)  # that of SCO_CORPUS_DIR, which needs none of its own
    assert {encoder for _, _, encoder in used} == {DEFAULT_INDEX}


def test_an_index_folder_that_is_set_holds_for_any_corpus(used, tmp_path, monkeypatch):
    """Whoever names it means it."""
    monkeypatch.setenv("SCO_INDEX_DIR", str(tmp_path / "mine"))
    assert app.main(["index", "--corpus", str(put(tmp_path / "other", OLD))]) == 0
    assert used == [(tmp_path / "other", tmp_path / "mine", tmp_path / "mine")]


def test_an_index_for_another_reader_is_named_in_the_log(generation, embeddings, monkeypatch, caplog):
    """It answers, and worse than it could: whoever runs it should know, and know what to do."""
    check_encoder(generation, embeddings)
    assert not caplog.records
    monkeypatch.setattr(generation, "manifest", replace(generation.manifest, reader_digest="0" * 64))
    check_encoder(generation, embeddings)
    (record,) = caplog.records
    assert record.getMessage() == (
        f"The index {generation.manifest.generation} was built for another reader and is searched without one, which finds less. "
        "Rebuild it with: python app.py index"
    )
