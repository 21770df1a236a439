"""Turns words of a question that the documents do not hold into words that they do: acronyms and misspellings.

The vocabulary is taken from the documents when the index is built; no word is listed here. Knows nothing of search.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from index.frequency import zipf

SHORTEST = 5  # letters of a word that may be misspelt; shorter ones lie too close to others
LONG = 7  # letters from which likeness takes in every word with one wrong letter
LIKENESS = 85.0  # per cent of letters in common from which a word is taken for a misspelling; "confrence" has 95, "drones" and "drugs" 55
RARE = 2.7  # on Zipf's scale: a word more usual than this is meant as it stands ("Taiwan" 4.2, "confrence" 1.6)
ACRONYM = range(3, 7)  # letters; two-letter ones fit too many names by chance

_WORD = re.compile(r"[^\W\d_]+")
_TOKEN = re.compile(r"[^\W_]+")
# A name of several capitalised words; small words between them have no letter in the acronym.
_NAME = re.compile(r"[A-Z][\w’']*(?:[ \u00a0-]+(?:(?:of|on|for|the|and|in|to)[ \u00a0]+){0,2}[A-Z][\w’']*){2,6}")
_CAPITALISED = re.compile(r"\b[A-Z][\w’']*")


@dataclass(frozen=True)
class Vocabulary:
    """The words of the documents, lower case, and their acronyms: the initials of a name, upper case, and the name."""

    words: tuple[str, ...]
    acronyms: Mapping[str, str]

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self.words)

    def in_words_of_the_documents(self, question: str) -> str:
        """Return *question* with acronyms of names written out and misspellings of the documents' words mended."""
        return _TOKEN.sub(lambda match: self._instead(match.group()), question)

    def _instead(self, word: str) -> str:
        folded = word.lower()
        if folded in self._known:
            return word
        if word.upper() in self.acronyms and (word.isupper() or zipf(folded) < RARE):
            return self.acronyms[word.upper()]
        if len(word) < SHORTEST or not word.isalpha() or zipf(folded) >= RARE:
            return word
        from rapidfuzz import fuzz, process
        from rapidfuzz.distance import OSA

        if likely := process.extractOne(folded, self.words, scorer=fuzz.ratio, score_cutoff=LIKENESS):
            return likely[0]
        # In a short word one letter is much of it, so that its likeness is low; two words within one letter leave open which is meant.
        near = process.extract(folded, self.words, scorer=OSA.distance, score_cutoff=1, limit=2) if len(word) < LONG else []
        return near[0][0] if len(near) == 1 else word


@dataclass(frozen=True, slots=True)
class Named:
    """The words of one document, lower case and sorted, and the names of several words in it by their initials."""

    words: tuple[str, ...]
    names: Mapping[str, str]


def named_in(texts: Iterable[str]) -> Named:
    """Return the words and the names that stand in *texts*; of two names with the same initials the first."""
    words: set[str] = set()
    names: dict[str, str] = {}
    for text in texts:
        words.update(word.lower() for word in _WORD.findall(text))
        for match in _NAME.finditer(text):
            for name, initials in _shortenings(match.group()):
                if len(initials) in ACRONYM:
                    names.setdefault(initials, name)
    return Named(tuple(sorted(words)), names)


def vocabulary_of(documents: Iterable[Named]) -> Vocabulary:
    """Return the vocabulary of *documents*; initials that are themselves a word of theirs stand for no name."""
    words: set[str] = set()
    names: dict[str, str] = {}
    for document in documents:
        words.update(document.words)
        for initials, name in document.names.items():
            names.setdefault(initials, name)
    unused = {initials: name for initials, name in sorted(names.items()) if initials.lower() not in words}
    return Vocabulary(tuple(sorted(words)), unused)


def _shortenings(name: str) -> Iterable[tuple[str, str]]:
    """Yield every run of capitalised words in *name* with its initials: in "Xan Regional Water Office" also RWO."""
    words = [match.span() for match in _CAPITALISED.finditer(name)]
    for first, (start, _) in enumerate(words):
        for _, end in words[first + 2 :]:
            run = " ".join(name[start:end].split())
            yield run, "".join(match.group()[0] for match in _CAPITALISED.finditer(run))
