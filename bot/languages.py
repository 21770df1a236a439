"""Tells the language of a message by its script, and knows the fixed English twins of words and questions in Russian and Chinese.

Translates nothing: a glossary gives words to offer a question with, and whole questions are known only by their exact
twins. All of it is data: prompts/languages/. Knows nothing of search or replies.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Literal, cast

from bot.data import read_data
from index.embedding import Vectors

Language = Literal["en", "ru", "zh", "other"]
Voice = Literal["en", "ru", "zh"]  # the languages that the assistant and the page speak

VOICES: Mapping[Voice, str] = {"en": "English", "ru": "Русский", "zh": "中文"}
A_NAME = 0.5  # words that a Latin word with a capital counts: in other scripts too, many names are written so
HAN_A_WORD = 2  # characters: the commonest length of a Chinese word
# How far, on the way from unrelated sentences (0) to the same (1), the twins of a language that a model reads have to be.
# The default model, which reads English alone, comes to 0.02 in Russian and 0.08 in Chinese.
TWINS_FROM = 0.35
_FOLDER = Path(__file__).resolve().parent.parent / "prompts" / "languages"
_RUN = re.compile(r"[^\W\d_]+")
# Names and numbers; "SCO" says nothing here, since all is about it.
_AS_TYPED = re.compile(r"(?<![A-Za-zÀ-ž])(?!SCO(?![A-Za-z]))[A-Za-zÀ-ž][A-Za-zÀ-ž0-9'’-]*|\d(?:[\d.,]*\d)?")


@lru_cache(maxsize=1_000)  # messages: several steps ask of the same one
def language_of(text: str) -> Language:
    """Return the language that most words of *text* are in, as far as their letters tell; without letters, English.

    Cyrillic counts as Russian, Han as Chinese, Latin as English, and any other script as other. Names in Latin letters
    stand in all of them, so of equals the other script is taken.
    """
    words = {"en": 0.0, "ru": 0.0, "zh": 0.0, "other": 0.0}
    for run in _RUN.findall(text):
        scripts = [_language(character) for character in run]
        for language in set(scripts):
            if language == "zh":
                words[language] += scripts.count(language) / HAN_A_WORD
            else:
                words[language] += A_NAME if language == "en" and run[0].isupper() else 1
    others: tuple[Language, ...] = ("ru", "zh", "other")
    most = max(others, key=lambda language: words[language])
    return most if words[most] and words[most] >= words["en"] else "en"


def _language(letter: str) -> Language:
    name = unicodedata.name(letter, "")
    by_script: dict[str, Language] = {"LATIN": "en", "CYRILLIC": "ru", "CJK": "zh"}
    return by_script.get(name.partition(" ")[0], "other")


def voice(language: Language) -> Voice:
    """Return the language to reply in: that of the message if the assistant speaks it, else English."""
    return "en" if language == "other" else language


@dataclass(frozen=True, slots=True)
class _Twins:
    """What a language says for what is English, as prompts/languages/ explains it; *asked* matches the question about a subject."""

    about: str
    joint: str
    asked: re.Pattern[str]
    questions: Mapping[str, str]
    subjects: Mapping[str, str]
    kinds: Mapping[str, str]
    words: Mapping[str, str]
    sentences: Mapping[str, str]
    english_questions: Mapping[str, str]  # plain twin -> English
    english_subjects: Mapping[str, str]


@cache
def _twins(language: Voice) -> _Twins:
    read = cast(Mapping[str, str], read_data(_FOLDER / f"{language}.yaml"))
    held = cast(Mapping[str, Mapping[str, str]], read)
    before, after = (r"\W+".join(re.findall(r"\w+", part)) for part in read["about"].split("{subject}"))
    asked = re.compile(rf"{before}\W*(?P<subject>\w.*){after}", re.IGNORECASE)
    return _Twins(
        read["about"],
        read["and"],
        asked,
        held["questions"],
        held["subjects"],
        held["kinds"],
        held["words"],
        held["sentences"],
        {_plain(twin): english for english, twin in held["questions"].items()},
        {_plain(twin): english for english, twin in held["subjects"].items()},
    )


def question_about(*subjects: str) -> str:
    """Return the English question of what the documents say about *subjects*."""
    english = _twins("en")
    return english.about.format(subject=english.joint.join(subjects))


def translated(question: str, language: Voice) -> str:
    """Return the twin of an English *question* in *language*, or *question* itself if it has none.

    One that `question_about` gives has a twin; a subject of which nothing has one stands in it in English, if it is short.
    """
    twins, subject = _twins(language), _subject(question, "en")
    if question in twins.questions or language == "en" or question_about(subject) != question:
        return twins.questions.get(question, question)
    parts = subject.split(_twins("en").joint)
    if subject in twins.subjects or twins.subjects.keys().isdisjoint(parts):
        parts = [subject]
    twin = twins.about.format(subject=twins.joint.join(twins.subjects.get(part, part) for part in parts))
    return twin if language_of(twin) == language else question


def english_twin(question: str) -> str | None:
    """Return the English question whose twin *question* is, whatever its case, white space and final mark, or None."""
    language = voice(language_of(question))
    twins, subject = _twins(language), _subject(question, language)
    if language == "en" or not subject:
        return twins.english_questions.get(_plain(question))
    parts = [twins.english_subjects.get(_plain(part), part) for part in re.split(re.escape(twins.joint), subject, flags=re.IGNORECASE)]
    english = twins.english_subjects.get(_plain(subject), _twins("en").joint.join(parts))
    return question_about(english) if language_of(english) == "en" else None


def _subject(question: str, language: Voice) -> str:
    """Return the subject that *question* asks about in the words of `question_about` in *language*, or ""."""
    asked = _twins(language).asked.fullmatch(_bare(question))
    return _bare(asked["subject"]) if asked else ""


def _bare(text: str) -> str:
    """Return *text* from its first letter or digit to its last.

    A pattern that takes the marks around a subject as well reads a question of 2,000 marks for a minute.
    """
    spans = [match.span() for match in re.finditer(r"\w+", text)]
    return text[spans[0][0] : spans[-1][1]] if spans else ""


def kind_in(kind: str, language: Voice) -> str:
    """Return what *language* calls a document's *kind*, or *kind* itself where no word for it is known."""
    return _twins(language).kinds.get(kind.casefold(), kind)


def _plain(question: str) -> str:
    return " ".join(re.sub(r"[^\w\s]", " ", question.casefold().replace("ё", "е")).split())


def english_words(text: str) -> tuple[str, ...]:
    """Return what of *text* can be said in English without translating: its glossary words, and names and numbers as typed.

    They come in the order of *text*, none twice. The glossary is matched from the start of a word in Russian, which
    inflects the ends, and anywhere in Chinese, which has no spaces.
    """
    language = voice(language_of(text))
    lowered = text.casefold().replace("ё", "е")
    found = {match.start(): match.group() for match in _AS_TYPED.finditer(text)}
    taken: set[int] = set()
    for key, english in sorted(_twins(language).words.items(), key=lambda item: -len(item[0])):  # "drug trafficking" before "drug"
        for match in re.finditer((r"\b" if language == "ru" else "") + re.escape(key), lowered):
            span = set(range(match.start(), match.end()))
            if not span & taken:
                taken |= span
                found[match.start()] = english
    return tuple(dict.fromkeys(found[at] for at in sorted(found) if found[at]))


def reads(encode: Callable[[Sequence[str]], Vectors], language: Voice) -> bool:
    """Tell whether an embedding model takes sentences of *language* to their English twins, by the pairs in its data.

    The twins' cosine is held against that of sentences that have nothing to do with each other, since each model has a scale
    of its own.
    """
    pairs = _twins(language).sentences
    if not pairs:
        return language == "en"
    cosines = encode(tuple(pairs.values())) @ encode(tuple(pairs)).T
    unrelated = _off_diagonal_mean(cosines)
    return float(cosines.diagonal().mean()) - unrelated >= TWINS_FROM * (1 - unrelated)


def unrelated_cosine(encode: Callable[[Sequence[str]], Vectors]) -> float:
    """Return the mean cosine of English sentences that have nothing to do with each other: where a model's scale begins."""
    vectors = encode(tuple(_twins("ru").sentences))
    return _off_diagonal_mean(vectors @ vectors.T)


def _off_diagonal_mean(cosines: Vectors) -> float:
    return float((cosines.sum() - cosines.trace()) / (cosines.size - len(cosines)))
