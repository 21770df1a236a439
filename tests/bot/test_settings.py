"""Settings come from variables that begin with SCO_, and a wrong one is named."""

from dataclasses import FrozenInstanceError, fields
from pathlib import Path

import pytest

from bot.errors import ServerError
from bot.settings import Settings, read_settings


@pytest.fixture(autouse=True)
def no_variables(monkeypatch):
    """Take away whatever this machine has set."""
    for field in fields(Settings):
        monkeypatch.delenv(f"SCO_{field.name.upper()}", raising=False)


def test_without_variables_it_listens_to_this_machine_alone():
    """Nobody is let in by default."""
    settings = read_settings()
    assert (settings.host, settings.port) == ("127.0.0.1", 7860)
    assert (settings.allowed_origins, settings.trusted_proxies) == ("none", "none")
    assert settings.corpus_dir.name == "corpus"
    assert settings.embedding_model == "all-MiniLM-L6-v2"


def test_a_variable_sets_its_field(monkeypatch):
    """SCO_X sets x."""
    monkeypatch.setenv("SCO_CORPUS_DIR", "texts")
    monkeypatch.setenv("SCO_PORT", "8000")
    assert (read_settings().corpus_dir, read_settings().port) == (Path("texts"), 8000)


def test_an_empty_variable_is_as_good_as_none(monkeypatch):
    """An empty folder name would otherwise be the folder one stands in."""
    monkeypatch.setenv("SCO_CORPUS_DIR", "")
    monkeypatch.setenv("SCO_PORT", "")
    assert read_settings() == Settings()


@pytest.mark.parametrize("value", ["0", "65536", "-1", "http", "80.5", "7860x"])
def test_a_value_that_does_not_fit_is_named_with_its_variable(monkeypatch, value):
    """The message holds the variable, the value and what to do."""
    monkeypatch.setenv("SCO_PORT", value)
    with pytest.raises(ServerError, match=f"SCO_PORT='{value}'.*Correct it, or unset it"):
        read_settings()


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("SCO_PROT", r"SCO_PROT is no setting \(did you mean SCO_PORT\?\)"),
        ("SCO_CORPUS", r"SCO_CORPUS is no setting \(did you mean SCO_CORPUS_DIR\?\)"),
        ("sco_chatmodel", r"sco_chatmodel is no setting \(did you mean SCO_CHAT_MODEL\?\)"),
        ("SCO_QUITE_ANOTHER", "SCO_QUITE_ANOTHER is no setting; there are SCO_CORPUS_DIR, SCO_INDEX_DIR"),
    ],
)
def test_a_misspelt_variable_is_named_with_the_setting_that_it_may_mean(monkeypatch, name, says):
    """It would otherwise be passed over, with the default in force."""
    monkeypatch.setenv(name, "x")
    with pytest.raises(ServerError, match=f"{says}.*Correct it, or unset it"):
        read_settings()


def test_a_variable_may_be_in_lower_case_and_others_are_not_ours(monkeypatch):
    """Some systems know no other; SCOPE is nobody's setting."""
    monkeypatch.setenv("sco_port", "8001")
    monkeypatch.setenv("SCOPE", "x")
    assert read_settings().port == 8001


def test_settings_cannot_be_changed_after_they_are_read():
    """What is running is what was read."""
    with pytest.raises(FrozenInstanceError):
        read_settings().port = 80


def test_every_setting_says_what_it_is():
    """The description stands in the table of README.md."""
    assert all(field.metadata["description"] for field in fields(Settings))
