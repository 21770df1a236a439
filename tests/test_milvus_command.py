"""What the command line does with SCO_STORE=milvus; with a fake model and a real server."""

import json
import shutil
from dataclasses import fields
from pathlib import Path

import pytest

import app
from bot.settings import Settings, measured, read_settings
from index import current
from index.milvus import Server
from index.milvus_records import named
from tests.fakes import WordEmbeddings
from tests.index.test_crash import NEW, OLD, put
from tests.index.test_current import until

ASK = ["ask", "Trade in Bishkek or Tashkent?", "--json"]


@pytest.fixture
def corpus(tmp_path, monkeypatch, milvus, request) -> Path:
    """A folder of OLD; the settings name it, an index folder and the server, and every command uses the fake model."""
    for field in fields(Settings):
        monkeypatch.delenv(f"SCO_{field.name.upper()}", raising=False)
    monkeypatch.setenv("SCO_STORE", "milvus")
    monkeypatch.setenv("SCO_MILVUS_URI", milvus.uri)
    monkeypatch.setenv("SCO_MILVUS_PREFIX", f"command_{len(request.node.name)}")
    monkeypatch.setenv("SCO_INDEX_DIR", str(tmp_path / "index"))
    monkeypatch.setenv("SCO_CORPUS_DIR", str(tmp_path / "corpus"))
    for module in ("index.command", "index.embedding"):  # from the one a build takes it, from the other what answers
        monkeypatch.setattr(f"{module}.check_model", lambda name: WordEmbeddings().files)
    monkeypatch.setattr("index.command.prepare_encoder", lambda files, folder: folder.mkdir(exist_ok=True) or WordEmbeddings())
    return put(tmp_path / "corpus", OLD)


def replied(capsys) -> tuple[int, dict[str, object]]:
    """Ask, and return the status and the reply."""
    capsys.readouterr()
    return app.main(ASK), json.loads(capsys.readouterr().out)


def test_index_builds_and_publishes_and_ask_needs_the_server_alone(capsys, corpus, tmp_path, monkeypatch):
    """The reply is that of the index in the folder, which need not be there any more."""
    assert app.main(["index"]) == 0
    assert "Published generation-" in capsys.readouterr().err
    there = replied(capsys)
    monkeypatch.setenv("SCO_STORE", "embedded")
    assert there == replied(capsys)
    monkeypatch.setenv("SCO_STORE", "milvus")
    shutil.rmtree(tmp_path / "index")
    shutil.rmtree(corpus)
    assert there == replied(capsys)


def test_index_says_when_there_was_nothing_to_publish(capsys, corpus):
    """Nothing is sent twice."""
    app.main(["index"])
    capsys.readouterr()
    assert app.main(["index"]) == 0
    assert "Was published already: generation-" in capsys.readouterr().err


def test_verify_compares_what_is_published_with_the_folder(capsys, corpus, monkeypatch, tmp_path):
    """It is whole, or what is wrong is said, with status 1."""
    app.main(["index"])
    capsys.readouterr()
    assert app.main(["index", "--verify"]) == 0
    assert "is whole" in capsys.readouterr().out
    put(corpus, NEW)
    monkeypatch.setenv("SCO_STORE", "embedded")
    app.main(["index"])
    monkeypatch.setenv("SCO_STORE", "milvus")
    capsys.readouterr()
    assert app.main(["index", "--verify"]) == 1
    captured = capsys.readouterr()
    assert "is in use on Milvus at http://127.0.0.1" in captured.err
    assert "Publish it with: SCO_STORE=milvus python app.py index" in captured.err
    assert captured.out == ""


def test_where_nothing_is_published_ask_says_how(capsys, corpus):
    """It builds nothing by itself: many servers may start at once."""
    assert app.main(ASK) == 1
    captured = capsys.readouterr()
    assert "Publish it with: SCO_STORE=milvus python app.py index" in captured.err
    assert captured.out == ""


def test_a_server_that_is_not_there_is_told_of_before_anything_is_built(capsys, corpus, tmp_path, monkeypatch):
    """A build may take hours."""
    monkeypatch.setenv("SCO_MILVUS_URI", "http://127.0.0.1:1")
    for command in (["index"], ASK):
        assert app.main(command) == 1
        captured = capsys.readouterr()
        assert "The index on Milvus at http://127.0.0.1:1 cannot be used" in captured.err
        assert captured.out == ""
    assert not list(tmp_path.glob("index/generation-*"))


def test_a_corpus_of_its_own_is_published_under_a_prefix_of_its_own(capsys, corpus, tmp_path, milvus, monkeypatch):
    """So that looking into other documents does not change what others are answered from."""
    monkeypatch.delenv("SCO_MILVUS_PREFIX")
    app.main(["index"])
    before = replied(capsys)
    other = put(tmp_path / "other", NEW)
    monkeypatch.setenv("SCO_INDEX_DIR", str(tmp_path / "index-of-other"))
    assert app.main(["index", "--corpus", str(other)]) == 0
    assert replied(capsys) == before
    prefixes = {name.rsplit("_", 3)[0] for name in milvus_collections(milvus)}
    assert {name for name in prefixes if name.startswith("sco_corpus_")}


def milvus_collections(milvus) -> list[str]:
    """Return the names of all collections that begin as those of the default prefix do."""
    return Server(milvus.address("sco")).collections()


def test_a_running_server_goes_over_to_what_is_published(capsys, corpus, monkeypatch):
    """Without a restart, as it does with an index in a folder."""
    monkeypatch.setattr(current, "CHECKED_EVERY", 0.0)
    app.main(["index"])
    settings = read_settings()
    assistant = app._assistant(settings)
    before = assistant.index_fingerprint
    put(corpus, NEW)
    app.main(["index"])
    until(lambda: assistant.index_fingerprint != before)
    server = Server(milvus_address(settings))
    kept = {names.fingerprint for name in server.collections() if (names := named(settings.milvus_prefix, name))}
    assert kept == {before, assistant.index_fingerprint}


def milvus_address(settings: Settings):
    """Return the address that the settings tell."""
    return app._place(settings).server.address


def test_the_token_is_shown_nowhere():
    """A log and a record of an evaluation are read by many."""
    settings = Settings(milvus_token="secret")
    assert "secret" not in f"{settings!r}"
    assert "milvus_token" not in measured(settings)
