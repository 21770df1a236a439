"""What the report says, and what is wrong with queries, in each of the assistant's languages. Knows neither figures nor queries.

The words are data: words.yaml. The measures' English names and meanings stand in measures.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Literal, cast

from bot.data import read_data
from bot.languages import Voice

Section = Literal["report", "names", "meanings", "faults"]
_FILE = Path(__file__).with_name("words.yaml")


@cache
def words(section: Section, language: Voice = "en") -> Mapping[str, str]:
    """Return the words of a *section* by name, with their {slots} unfilled; what English has elsewhere is left out."""
    loaded = cast(dict[Section, dict[str, dict[Voice, str]]], read_data(_FILE))
    return {name: spoken[language] for name, spoken in loaded[section].items() if language in spoken}


@dataclass(frozen=True, slots=True)
class Words:
    """Something to say about queries: the name of its words among the faults, and what fills their slots."""

    name: str
    slots: Mapping[str, object] = field(default_factory=dict)

    def said(self, language: Voice = "en") -> str:
        """Return it in *language*, as are the messages in its slots."""
        filled = {name: value.said(language) if isinstance(value, Words) else value for name, value in self.slots.items()}
        return words("faults", language)[self.name].format(**filled)
