"""Reads what the assistant itself says from prompts/messages/; knows nothing of when it is said."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from bot.languages import Voice

_FOLDER = Path(__file__).resolve().parent.parent / "prompts" / "messages"


@cache
def messages(language: Voice = "en") -> Mapping[str, str]:
    """Return every message by name, with its {slots} unfilled."""
    import yaml

    loaded: dict[str, str] = yaml.safe_load((_FOLDER / f"{language}.yaml").read_text(encoding="utf-8"))
    return loaded
