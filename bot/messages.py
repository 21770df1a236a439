"""Reads what the assistant itself says from prompts/messages/; knows nothing of when it is said."""

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from bot.filters import Filter
from bot.languages import Voice

_FOLDER = Path(__file__).resolve().parent.parent / "prompts" / "messages"


@cache
def messages(language: Voice = "en") -> Mapping[str, str]:
    """Return every message by name, with its {slots} unfilled."""
    import yaml

    loaded: dict[str, str] = yaml.safe_load((_FOLDER / f"{language}.yaml").read_text(encoding="utf-8"))
    return loaded


def in_words(filters: Iterable[Filter], language: Voice = "en") -> tuple[str, ...]:
    """Return each of *filters* as a reader is told of it, with the words of the question that it was read from."""
    texts = [(messages(language)[f"filter_{one.field}"].format(value=one.value), one.words) for one in filters]
    return tuple(f"{text} (“{words}”)" if words else text for text, words in texts)
