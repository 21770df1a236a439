"""Turns a question and a found sentence into named signals of whether the sentence answers it.

Knows nothing of weights, thresholds or what is shown. Every signal is a plain number, larger meaning more support,
except the ``*_gap`` ones and ``unknown_name``, which are reasons to doubt.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from bot.amounts import amounts_asked
from index.frequency import zipf
from index.search import ScoredSentence, SearchResult
from index.terms import stop_words, term_of, words

UNREAD = -6.0  # the reading of a sentence that was not read: about the lowest logit met
MAX_INFORMATION = 7.5  # Zipf's scale ends near 8 for "the"; a word that wordfreq does not know weighs all of this


def _any_of(words: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(words.split())})\b", re.IGNORECASE)


_NUMBER = _any_of(
    r"\d\S* one(?!\s+(?:of|another)\b) two three four five six seven eight nine ten eleven twelve dozens? hundreds? thousands? millions?"
    r" billions? half percent"
)
_TIME = _any_of(  # the verbs "march" and "may" have no capital
    r"\d{4} january february (?-i:March) april (?-i:May) june july august september october november december monday tuesday wednesday"
    r" thursday friday saturday sunday weeks? months? years? decades? today tomorrow yesterday last next recent(?:ly)? current(?:ly)? since"
    r" spring summer autumn winter century"
)
# A name: a word with a capital that does not open a sentence, or in capitals; what is of a name's kind ("Syria-type") is none.
_NAME = re.compile(r"(?:(?<=[\w,;:'’)] )[A-Z]\w+|\b[A-Z][A-Z0-9]+)(?:-[A-Z0-9]\w*)*(?![\w-])")
_ASKS_NUMBER = re.compile(
    r"\bhow (?:many|much|big|large|high|tall|old)\b|\b(?:number|amount|percentage|percent|share|figure|total|quantity|size) of\b"
    r"|\bwhat (?:share|percentage|number|figure|amount|proportion)\b",
    re.IGNORECASE,
)
# "When" asks where it opens or ends the question, or an auxiliary follows; in "what happened when they joined" it does not.
_ASKS_TIME = re.compile(
    r"^\W*(?:and |so |but )?when\b|\bwhen\W*$|\bwhen (?:is|are|was|were|do|does|did|will|would|can|could|has|have|had)\b"
    r"|\b(?:what|which) (?:(?:is|was|are|were) the )?(?:exact |precise )?(?:date|day|month|year|time|week)\b|\bhow (?:often|recently)\b",
    re.IGNORECASE,
)
_ASKS_DURATION = re.compile(r"\bhow long\b", re.IGNORECASE)
# A date alone does not tell how long something lasted.
_DURATION = re.compile(
    r"\b(?:\d+|an?|one|two|three|four|five|six|seven|eight|nine|ten|twelve|several|many|few|last|past|next)(?:[\s-]+\w+)?[\s-]+"
    r"(?:minute|hour|day|week|month|year|decade|centur(?:y|ie))s?\b|\b(?:since|until|till)\b",
    re.IGNORECASE,
)
_TIMES = ((_ASKS_TIME, _TIME), (_ASKS_DURATION, _DURATION))  # what is asked for, and what holds it


@lru_cache(maxsize=100_000)
def information(word: str) -> float:
    """Return how much *word* tells by its use in English: 0 for a word of grammar, MAX_INFORMATION for one nobody counts."""
    return 0.0 if word in stop_words() else max(0.0, MAX_INFORMATION - zipf(word))


def sentence_signals(question: str, found: SearchResult) -> tuple[Mapping[str, float], ...]:
    """Return the signals of each of *found*'s sentences, in their order: whether that sentence answers the question."""
    numbers = (*((_NUMBER,) if _ASKS_NUMBER.search(question) else ()), *amounts_asked(question))
    times = tuple(held for asks, held in _TIMES if asks.search(question))
    return tuple(_signals(numbers, times, scored) for scored in found.sentences)


def question_signals(question: str, found: SearchResult, of_sentences: Sequence[Mapping[str, float]]) -> Mapping[str, float]:
    """Return the signals of whether any of *found*'s sentences, whose own signals are given, answers the question.

    Gaps are those of its best sentence. Raises IndexError if *found* holds no sentence.
    """
    first = of_sentences[0]
    names = {word for match in _NAME.finditer(question) for word in words(match.group())}
    return {
        "number_gap": first["number_gap"],
        "time_gap": first["time_gap"],
        "best_reading": max(signals["reading"] for signals in of_sentences),
        "best_cosine": max(signals["cosine"] for signals in of_sentences),
        "unknown_name": max((information(word) for word in names if term_of(word) not in found.known_terms), default=0.0),
    }


def _signals(numbers: Sequence[re.Pattern[str]], times: Sequence[re.Pattern[str]], scored: ScoredSentence) -> Mapping[str, float]:
    text = scored.text
    return {
        "reading": UNREAD if scored.reading is None else scored.reading,
        "cosine": scored.cosine,
        "cosine_standard": scored.cosine_standard,
        "terms_standard": scored.terms_standard,
        "paragraph_score": scored.paragraph_standard,
        "number_gap": float(any(not held.search(text) for held in numbers)),
        "time_gap": float(any(not held.search(text) for held in times)),
    }
