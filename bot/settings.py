"""The settings: read once, by app.py, from variables that begin with SCO_; everything else receives plain values."""

import difflib
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from bot.errors import ServerError
from index.embedding import DEFAULT_MODEL

_INDEX_PACKAGE = Path(__file__).resolve().parent.parent / "index"
DEFAULT_INDEX = _INDEX_PACKAGE / "generations"
# What decides no reply.
_NOT_MEASURED = {
    "store",
    "milvus_uri",
    "milvus_token",
    "milvus_prefix",
    "corpus_dir",
    "index_dir",
    "host",
    "port",
    "allowed_origins",
    "trusted_proxies",
    "requests_per_minute",
}


class Settings(BaseSettings):
    """Every setting with its default; a field ``x`` is set by the environment variable ``SCO_X``."""

    model_config = SettingsConfigDict(env_prefix="SCO_", env_ignore_empty=True, extra="forbid", frozen=True)

    corpus_dir: Path = Field(default=_INDEX_PACKAGE / "corpus", description="the folder of documents to answer from")
    index_dir: Path = Field(default=DEFAULT_INDEX, description="where the built index is kept")
    store: Literal["embedded", "milvus"] = Field(
        default="embedded", description="where questions are answered from: that folder, or a Milvus server (docs/scaling.md)"
    )
    milvus_uri: str = Field(default="http://127.0.0.1:19530", description="the Milvus server, with a database as its path if wanted")
    milvus_token: str = Field(default="none", repr=False, description="what lets us in there: user:password or a key, or none")
    milvus_prefix: str = Field(default="sco", description="how the names of our collections there begin: one for each corpus")
    embedding_model: str = Field(default=DEFAULT_MODEL, description="the packaged model, or the folder of another one")
    chat_model: str = Field(
        default="none",
        description="what words the answers: a chat model as provider:model (docs/chat-models.md), or none: the documents' own sentences",
    )
    host: str = Field(default="127.0.0.1", description="the address to listen on; 0.0.0.0 lets other machines in")
    port: int = Field(default=7860, ge=1, le=65535, description="the port to listen on")
    allowed_origins: str = Field(
        default="none", description="other sites whose pages may use the assistant: exact origins, comma separated (docs/api.md), or none"
    )
    trusted_proxies: str = Field(
        default="none",
        description="reverse proxies whose X-Forwarded headers are believed: addresses or networks, comma separated, or none",
    )
    requests_per_minute: int = Field(default=120, ge=1, description="how many requests a minute are taken from one address")


def read_settings() -> Settings:
    """Return the settings of the environment. Raises ServerError naming each variable that does not fit, or is none."""
    known = [f"SCO_{name.upper()}" for name in Settings.model_fields]
    unknown = [name for name in sorted(os.environ) if name.upper().startswith("SCO_") and name.upper() not in known]
    if unknown:  # a misspelt one would otherwise leave its default in force
        raise ServerError(f"{'; '.join(_no_setting(name, known) for name in unknown)}. Correct it, or unset it.")
    try:
        return Settings()
    except ValidationError as error:
        faults = "; ".join(f"SCO_{str(fault['loc'][0]).upper()}={fault['input']!r}: {fault['msg']}" for fault in error.errors())
        raise ServerError(f"A setting does not fit: {faults}. Correct it, or unset it.") from error


def _no_setting(name: str, known: Sequence[str]) -> str:
    likely = difflib.get_close_matches(name.upper(), known, n=1)
    return f"{name} is no setting" + (f" (did you mean {likely[0]}?)" if likely else f"; there are {', '.join(known)}")


def of_corpus(settings: Settings, corpus: Path) -> Settings:
    """Return the settings for the folder *corpus*; an index of its own within the default folder, unless SCO_INDEX_DIR names one.

    So that looking into other documents does not replace the index that a running server follows; on a Milvus server
    likewise, unless SCO_MILVUS_PREFIX is set.
    """
    folder, place = settings.index_dir, os.path.realpath(corpus)
    prefix, other = settings.milvus_prefix, f"corpus-{hashlib.sha256(os.fsencode(place)).hexdigest()[:12]}"
    if place != os.path.realpath(settings.corpus_dir):
        folder = folder if "index_dir" in settings.model_fields_set else folder / other
        prefix = prefix if "milvus_prefix" in settings.model_fields_set else f"{prefix}_{other.replace('-', '_')}"
    return settings.model_copy(update={"corpus_dir": corpus, "index_dir": folder, "milvus_prefix": prefix})


def shared_folder(index_dir: Path) -> Path:
    """Return the folder of what belongs to no one corpus, the encoder's graph and the feedback: the default one for all within it."""
    return DEFAULT_INDEX if DEFAULT_INDEX in index_dir.parents else index_dir


def measured(settings: Settings) -> dict[str, str]:
    """Return the settings that replies depend on, which a record of an evaluation states."""
    return {name: f"{value}" for name, value in settings.model_dump(mode="json", exclude=_NOT_MEASURED).items()}
