"""Reads what the assistant itself says from prompts/messages/; knows nothing of when it is said."""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import cast

from bot.data import read_data
from bot.filters import Filter, phrases
from bot.languages import Voice, kind_in

_FOLDER = Path(__file__).resolve().parent.parent / "prompts" / "messages"


@cache
def messages(language: Voice = "en") -> Mapping[str, str]:
    """Return every message by name, with its {slots} unfilled."""
    return cast(dict[str, str], read_data(_FOLDER / f"{language}.yaml"))


def with_example(name: str, language: Voice, example: str, **slots: object) -> str:
    """Return message *name* with *example* and the other *slots* filled; with no example, as it is said without one."""
    said = messages(language)
    return (said[name] if example else said.get(f"{name}_without_example", said[name])).format(example=example, **slots)


def in_words(filters: Sequence[Filter], language: Voice = "en") -> tuple[str, ...]:
    """Return the *filters* as a reader is told of them: one text for each phrase of the question, which it quotes, or given filter."""
    return tuple(
        ", ".join(messages(language)[f"filter_{one.field}"].format(value=_value(one, language)) for one in phrase)
        + (f" (“{phrase[0].words}”)" if phrase[0].words else "")
        for phrase in phrases(filters)
    )


def _value(one: Filter, language: Voice) -> str:
    return kind_in(one.value, language) if one.field == "kind" else one.value
