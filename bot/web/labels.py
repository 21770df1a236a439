"""What the page itself says, in each of its languages, and which of them a visitor wants. Knows nothing of replies or HTTP.

The labels are data: labels.yaml. They are chosen by what the visitor chose on the page (a cookie), else by the browser.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import cast

from bot.data import read_data
from bot.languages import VOICES, Voice

COOKIE = "language"  # set by page.js
SPOKEN = {"Vary": "Cookie, Accept-Language"}  # header of the pages that come in several languages
_FILE = Path(__file__).with_name("labels.yaml")


@cache
def labels(language: Voice = "en") -> Mapping[str, str]:
    """Return every label by name, with its {slots} unfilled."""
    loaded = cast(dict[str, dict[Voice, str]], read_data(_FILE))
    return {name: spoken[language] for name, spoken in loaded.items()}


def number(count: int, language: Voice) -> str:
    """Return *count* with its thousands set apart: ``2,000``, in Russian ``2 000`` with a space that keeps a line together."""
    return f"{count:,}".replace(",", "\u00a0" if language == "ru" else ",")


def wanted(cookies: Mapping[str, str], headers: Mapping[str, str]) -> Voice:
    """Return the language that a request wants: that of its cookie, else the best of ``Accept-Language``, else English."""
    by_tag: dict[str, Voice] = {name: name for name in VOICES}
    if chosen := by_tag.get(cookies.get(COOKIE, "")):
        return chosen
    best: tuple[float, Voice] = (0.0, "en")
    for part in headers.get("accept-language", "").split(","):
        tag, _, weight = part.partition(";")
        spoken = by_tag.get(tag.strip().lower().partition("-")[0])
        quality = _quality(weight)
        if spoken and quality > best[0]:
            best = (quality, spoken)
    return best[1]


def _quality(weight: str) -> float:
    """Return the number of ``q=0.8``: 1 where there is none, 0 where it is none."""
    value = weight.strip().removeprefix("q=")
    try:
        return float(value) if value else 1.0
    except ValueError:
        return 0.0
