"""The settings: read once, by app.py, from variables that begin with SCO_; everything else receives plain values.

Read here and not by a library: the import of one took a fifth of the time from a command's start to its answer
(docs/decisions/022).
"""

import difflib
import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import Field, dataclass, field, fields, replace
from pathlib import Path

from bot.errors import ServerError
from index.embedding import DEFAULT_MODEL

_INDEX_PACKAGE = Path(__file__).resolve().parent.parent / "index"
DEFAULT_INDEX = _INDEX_PACKAGE / "generations"
Value = str | int | Path


def _about(description: str, allowed: Sequence[str] | range = ()) -> dict[str, object]:
    """Return what a field says of its setting: *allowed* holds its values if they are few, and is a range if they are numbers."""
    return {"description": description, "allowed": allowed}


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting with its default; a field ``x`` is set by the environment variable ``SCO_X``."""

    corpus_dir: Path = field(default=_INDEX_PACKAGE / "corpus", metadata=_about("the folder of documents to answer from"))
    index_dir: Path = field(default=DEFAULT_INDEX, metadata=_about("where the built index is kept"))
    store: str = field(
        default="embedded",
        metadata=_about("where questions are answered from: that folder, or a Milvus server (docs/scaling.md)", ("embedded", "milvus")),
    )
    milvus_uri: str = field(
        default="http://127.0.0.1:19530", metadata=_about("the Milvus server, with a database as its path if wanted"), repr=False
    )
    milvus_token: str = field(default="none", metadata=_about("what lets us in there: user:password or a key, or none"), repr=False)
    milvus_prefix: str = field(default="sco", metadata=_about("how the names of our collections there begin: one for each corpus"))
    embedding_model: str = field(default=DEFAULT_MODEL, metadata=_about("the packaged model, or the folder of another one"))
    chat_model: str = field(
        default="none",
        metadata=_about(
            "what words the answers: a chat model as provider:model (docs/chat-models.md), or none: the documents' own sentences"
        ),
    )
    host: str = field(default="127.0.0.1", metadata=_about("the address to listen on; 0.0.0.0 lets other machines in"))
    port: int = field(default=7860, metadata=_about("the port to listen on", range(1, 65_536)))
    allowed_origins: str = field(
        default="none",
        metadata=_about("other sites whose pages may use the assistant: exact origins, comma separated (docs/api.md), or none"),
    )
    trusted_proxies: str = field(
        default="none",
        metadata=_about("reverse proxies whose X-Forwarded headers are believed: addresses or networks, comma separated, or none"),
    )
    requests_per_minute: int = field(
        default=120, metadata=_about("how many requests a minute are taken from one address", range(1, 1_000_001))
    )


def read_settings(corpus: Path | None = None) -> Settings:
    """Return the settings of the environment, for the folder *corpus* instead of that of SCO_CORPUS_DIR if it is given.

    Raises ServerError naming each variable that does not fit, or is none.
    """
    known = {f"SCO_{one.name.upper()}": one for one in fields(Settings)}
    ours = {name: text for name, text in sorted(os.environ.items()) if name.upper().startswith("SCO_")}
    unknown = [name for name in ours if name.upper() not in known]
    if unknown:  # a misspelt one would otherwise leave its default in force
        raise ServerError(f"{'; '.join(_no_setting(name, tuple(known)) for name in unknown)}. Correct it, or unset it.")
    values: dict[str, Value] = {}
    faults = []
    for variable, text in ((name.upper(), text) for name, text in ours.items() if text):
        try:
            values[known[variable].name] = _value(known[variable], text)
        except ValueError as error:
            faults.append(f"{variable}={text!r}: {error}")
    if faults:
        raise ServerError(f"A setting does not fit: {'; '.join(faults)}. Correct it, or unset it.")
    settings = replace(Settings(), **values)  # type: ignore[arg-type]  # each is of the type of its field
    return settings if corpus is None else _of_corpus(settings, corpus, values)


def _value(setting: "Field[Value]", text: str) -> Value:
    """Return what *text* means as a value of *setting*. Raises ValueError, saying what would do, if it means none."""
    allowed: Sequence[str] | range = setting.metadata["allowed"]
    if isinstance(allowed, range):
        number = int(text) if text.strip().isdecimal() else allowed.start - 1
        if number not in allowed:
            raise ValueError(f"it must be a whole number from {allowed[0]} to {allowed[-1]}")
        return number
    if allowed and text not in allowed:
        raise ValueError(f"it must be {' or '.join(allowed)}")
    return Path(text) if isinstance(setting.default, Path) else text


def _no_setting(name: str, known: Sequence[str]) -> str:
    likely = difflib.get_close_matches(name.upper(), known, n=1)
    return f"{name} is no setting" + (f" (did you mean {likely[0]}?)" if likely else f"; there are {', '.join(known)}")


def _of_corpus(settings: Settings, corpus: Path, given: Mapping[str, object]) -> Settings:
    """Return the settings for the folder *corpus*; an index of its own within the default folder, unless index_dir is *given*.

    So that looking into other documents does not replace the index that a running server follows; on a Milvus server
    likewise, unless milvus_prefix is.
    """
    folder, place = settings.index_dir, os.path.realpath(corpus)
    prefix, other = settings.milvus_prefix, f"corpus-{hashlib.sha256(os.fsencode(place)).hexdigest()[:12]}"
    if place != os.path.realpath(settings.corpus_dir):
        folder = folder if "index_dir" in given else folder / other
        prefix = prefix if "milvus_prefix" in given else f"{prefix}_{other.replace('-', '_')}"
    return replace(settings, corpus_dir=corpus, index_dir=folder, milvus_prefix=prefix)


def shared_folder(index_dir: Path) -> Path:
    """Return the folder of what belongs to no one corpus, the encoder's graph and the feedback: the default one for all within it."""
    return DEFAULT_INDEX if DEFAULT_INDEX in index_dir.parents else index_dir


def measured(settings: Settings) -> dict[str, str]:
    """Return the settings that replies depend on, which a record of an evaluation states."""
    return {"embedding_model": settings.embedding_model, "chat_model": settings.chat_model}
