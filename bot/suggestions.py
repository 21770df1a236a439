"""Turns documents into questions that are worth offering next, and picks those that fit a reply.

Knows nothing of how a question is answered: whoever offers one has asked it first.
"""

import calendar
import json
import logging
import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from index.document import Document
from index.embedding import Vectors
from index.ranking import plain

MAX_OFFERED = 3  # beside a reply: more is not read
MAX_SUBJECTS = 30  # named in the documents and asked once each after a build, some 30 ms each
_NAME = re.compile(
    r"(?P<the>\b[Tt]he\s+)?(?P<name>\b[A-Z][\w’'-]*(?:(?:\s+(?:of|on|for|and)(?:\s+the)?)?\s+[A-Z][\w’'-]*)+|(?<=[a-z,]\s)[A-Z][\w’'-]{2,})"
)
_WORDS = re.compile(r"\w+")
_ADJECTIVE = re.compile(r"n|an|ian|i|ese|ish")  # what makes "Pakistani" of "Pakistan"
_CALENDAR = {name.casefold() for name in (*calendar.month_name, *calendar.day_name) if name}  # written like names, and no subjects

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A question that is answered, its vector, and the sentence that answers it first."""

    question: str
    vector: Vectors
    first_sentence: str


def subjects(documents: Iterable[Document]) -> tuple[str, ...]:
    """Return what the documents' bodies name by proper names, the most frequent first, at most MAX_SUBJECTS.

    A name of a document's own description (its title, its speaker) is left out: all of the document is about it. So is an adjective
    of a name that is there itself.
    """
    counts: Counter[str] = Counter()
    for document in documents:
        described = " ".join(
            part for part in (document.description.title, document.description.speaker, document.description.event) if part
        )
        known = set(_WORDS.findall(described.casefold()))
        for paragraph in document.paragraphs:
            if paragraph.role == "body":
                counts.update(_names(paragraph.text, known))
    names = [name for name, _ in counts.most_common() if not any(_is_adjective(name, other) for other in counts)]
    return tuple(names[:MAX_SUBJECTS])


def _is_adjective(name: str, other: str) -> bool:
    """Tell whether the words of *name* are those of *other* or their adjectives: "Indian and Pakistani", "India and Pakistan"."""
    pairs = list(zip(name.split(), other.split(), strict=False))
    alike = len(name.split()) == len(other.split()) and name != other
    return alike and all(one == two or (one.startswith(two) and _ADJECTIVE.fullmatch(one[len(two) :])) for one, two in pairs)


def _names(text: str, known: set[str]) -> list[str]:
    """Return the proper names in *text*, months and weekdays aside, that share no word, and no initials, with *known*."""
    found = []
    for match in _NAME.finditer(text.replace("\u00a0", " ")):
        name = " ".join(match.group("name").split()).removesuffix("’s").removesuffix("'s")
        words = _WORDS.findall(name)
        bare = {word.casefold() for word in words}
        initials = "".join(word[0] for word in words if word[0].isupper()).casefold()
        adjective = bool(match.group("the")) and len(words) == 1 and not name.isupper()  # "the Russian side"
        if not adjective and initials not in known and not bare & known and not bare <= _CALENDAR:
            found.append(f"the {name}" if match.group("the") else name)
    return found


def choose(offered: Sequence[Suggestion], vector: Vectors | None, asked: Collection[str], said: str) -> tuple[str, ...]:
    """Return at most MAX_OFFERED questions of *offered*, those nearest to *vector* first (in order without one).

    Left out are questions of *asked* and those whose answer begins with a sentence that stands in *said* already.
    """
    past = {plain(question) for question in asked}
    shown = plain(said)
    ordered = offered
    if vector is not None and offered:
        cosines = np.stack([suggestion.vector for suggestion in offered]) @ vector
        ordered = [offered[at] for at in np.argsort(-cosines, kind="stable").tolist()]
    chosen: dict[str, str] = {}  # by the sentence that answers, so that no two lead to one place
    for suggestion in ordered:
        sentence = plain(suggestion.first_sentence)
        if plain(suggestion.question) not in past and sentence not in shown and sentence not in chosen:
            chosen[sentence] = suggestion.question
        if len(chosen) == MAX_OFFERED:
            break
    return tuple(chosen.values())


def write_suggestions(file: Path, made_from: str, offered: Sequence[Suggestion]) -> None:
    """Keep *offered* in *file* with the digest of what they were made from, whole or not at all; a folder that refuses is logged."""
    rows = [
        {"question": one.question, "vector": [float(number) for number in one.vector], "first_sentence": one.first_sentence}
        for one in offered
    ]
    draft = file.with_name(f"{file.name}.new")
    try:
        draft.write_text(json.dumps({"made_from": made_from, "offered": rows}, ensure_ascii=False), encoding="utf-8")
        draft.replace(file)
    except OSError as error:
        log.warning("The questions to offer cannot be kept in %s (%s); the next start asks them anew.", file, error.strerror)


def read_suggestions(file: Path, made_from: str) -> tuple[Suggestion, ...] | None:
    """Return what was kept in *file*, or None if nothing was, or if it was made from something else."""
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
        if kept["made_from"] != made_from:
            return None
        return tuple(Suggestion(row["question"], np.array(row["vector"], np.float32), row["first_sentence"]) for row in kept["offered"])
    except (OSError, ValueError, TypeError, KeyError):
        return None
