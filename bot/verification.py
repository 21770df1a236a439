"""Turns a sentence of a draft and the sentences that it cites into a verdict: supported by them, or at fault in a named way.

Knows nothing of who wrote the draft, of markers or of how an answer is shown. First the things that a score cannot see are
compared one by one - markup, quotations, numbers, names, who speaks, negations, quantities, causes, obligations, times,
opposites - and then a score of words and of what a model makes of them has to pass. What is not understood counts against the draft: the
documents' own sentences are always there to be shown instead.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bot.claims import Change, changed, content_words, says_we
from bot.signals import MAX_INFORMATION, information
from bot.wording import nearly_said, plain, word_lists
from index.document import Description
from index.terms import WORD, lowered, term_of, words

Fault = Literal["markup", "fragment", "quotation", "support"] | Change
Floats = NDArray[np.float32]
WordStates = Callable[[Sequence[str]], Sequence[Floats]]  # texts -> a unit vector for each word of each, shape (words, dimension)

WINDOW = 3  # content words in a row that are looked at for an addition; a longer one hides a short addition
MANY = 20  # content words; hardly a sentence has more

MOSTLY = 0.7  # of a single clause's words have to stand in one of its sources; a summary of two needs two clauses

_JOINED = re.compile(r"[,;:]|\b(?:and|or|but|while|which|who|that|as|where|when|after|before|since|because|so|if)\b", re.IGNORECASE)
_REFERS_BACK = re.compile(r"\W*(?:\w+,? ){0,2}(?:it|its|they|their|he|his|she|her|this|that|these|those|such|here|there)\b", re.IGNORECASE)
_MARKUP = re.compile(r"[^\w\s.,;:!?'\"()/%&$€£+-]|_|//|www\.|\w\.[a-z]{2,}|^\W*$", re.IGNORECASE)
_WHOLE = re.compile(r"[\"'(]?[A-Z0-9].*[.!?][\"')]?", re.DOTALL)
_QUOTED = re.compile(r'"([^"]*)"|(?<!\w)\'([^\']+)\'(?!\w)')


@dataclass(frozen=True, slots=True)
class Source:
    """A cited sentence and the document that it stands in, whose speaker and occasion may be named in reporting it."""

    text: str
    description: Description


@dataclass(frozen=True, slots=True)
class Signals:
    """How much of a draft's sentence its sources hold, each from 0 to 1.

    ``coverage`` is the share of its content words, weighted by how rare they are, that stand in a source or are near a
    word of one, as near as the cosine of their states says; ``weakest`` is the same for its least covered WINDOW;
    ``strangest`` is the weight of the word that is furthest from all words of the sources. The least and the strangest of
    many words are worse than those of few, so ``strangers``, the words that no source has, and ``length``, all content
    words, both up to MANY and as a share of it, are signals too. ``left_out`` is how far that word of the sources, between the
    first and the last which the draft uses, is from the draft's that is furthest: it may have restricted what is used.
    """

    coverage: float
    weakest: float
    strangest: float
    strangers: float
    length: float
    left_out: float


@dataclass(frozen=True, slots=True)
class Weights:
    """What ``each`` signal counts for in the score, on the scale of its logit, and the ``least`` score that passes."""

    each: Signals
    bias: float
    least: float


# The score is a logistic regression on `Signals`, fitted on the dev part of tests/bot/drafts, both answers weighing the same:
# python -m tests.benchmarks.verification --fit
# least: of the dev part 0.34 shows 3 unsupported sentences more of 852, 0.44 drops 10 good ones more of 634
WITH_STATES = Weights(Signals(3.04, 4.25, -4.35, 2.46, 7.47, -2.78), bias=-6.46, least=0.4)
# least: about as many unsupported sentences of the dev part are shown as with states: 37
WITHOUT_STATES = Weights(Signals(2.28, 3.03, -1.55, 0.45, 5.39, 0.0), bias=-5.52, least=0.45)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What verification found: the fault, or None for a supported sentence, and the probability that it is supported."""

    fault: Fault | None
    score: float


def verify(sentence: str, sources: Sequence[Source], states: WordStates | None) -> Verdict:
    """Return whether the *sources*, at least one, together support *sentence*.

    Without *states*, of a model that the weights were not fitted on, a word is near to none but itself and those that the lists know.
    """
    fault = compare(sentence, sources)
    if fault is not None:
        return Verdict(fault, 0.0)
    weights = WITH_STATES if states else WITHOUT_STATES
    score = support(signals(sentence, sources, states), weights)
    return Verdict(None if score >= weights.least else "support", score)


def compare(sentence: str, sources: Sequence[Source]) -> Fault | None:
    """Return the first fault that can be found by comparing words, or None."""
    draft = plain(sentence)
    texts = [plain(source.text) for source in sources]
    if _has_markup(draft):
        return "markup"
    if not _WHOLE.fullmatch(draft):
        return "fragment"
    if not _quotes_verbatim(draft, texts):
        return "quotation"
    said = re.sub(r"^(?:Yes|No), ", "", _without_attribution(draft, sources))
    speaking = [own.description.speaker or "" for own, text in zip(sources, texts, strict=True) if says_we(text) or _speaks(own, draft)]
    return changed(said, " . ".join(texts), " ".join(speaking)) or _pieced_together(said, texts, " ".join(speaking))


def _pieced_together(said: str, texts: Sequence[str], speaking: str) -> Change | None:
    """Return the fault of a single clause that none of several sources supports alone: it joins words of one to words of another.

    A source that refers back to another is read together with it.
    """
    if len(texts) < 2 or _JOINED.search(said.rstrip(".!?")) or any(_REFERS_BACK.match(text) for text in texts):
        return None
    faults = [changed(said, text, speaking) for text in texts]
    apart = all(fault is not None for fault in faults) or not any(_holds_most(said, text) for text in texts)
    return "order" if apart else None


def _holds_most(said: str, text: str) -> bool:
    """Tell whether at least MOSTLY of the content words of *said* stand in *text* or are near to one by the word lists."""
    asked, stems = content_words(said), {term_of(word) for word in words(text)}
    held = [word for word in asked if term_of(word) in stems or nearly_said(word, [text])]
    return len(held) >= MOSTLY * len(asked)


def signals(sentence: str, sources: Sequence[Source], states: WordStates | None) -> Signals:
    """Return the signals of *sentence*, its reporting words left out."""
    draft = _without_attribution(plain(sentence), sources)
    texts = [plain(source.text) for source in sources]
    asked = content_words(draft)
    weight = np.array([information(word) for word in asked])
    here, there = WORD.findall(lowered(draft)), [word for text in texts for word in WORD.findall(lowered(text))]
    if not asked:
        return Signals(1.0, 1.0, 0.0, 0.0, 1.0, 0.0)  # names alone, which were compared
    if not there or not weight.sum():
        return Signals(0.0, 0.0, 1.0, 1.0, 0.0, 1.0)
    cosines = np.zeros((len(here), len(there)), dtype=np.float32) if states is None else _cosines(states, draft, texts)
    same = np.array([term_of(word) for word in here])[:, None] == np.array([term_of(word) for word in there])
    places, known = _places(asked, here), _known(asked, sources)
    covered = np.where(known, 1.0, cosines[places].max(axis=1))
    size = min(WINDOW, len(asked))
    windows = [
        float((covered[at : at + size] * weight[at : at + size]).sum() / max(weight[at : at + size].sum(), 1e-6))
        for at in range(len(asked) - size + 1)
    ]
    used = (cosines + same)[places].argmax(axis=1)
    return Signals(
        coverage=float((covered * weight).sum() / weight.sum()),
        weakest=min(windows),
        strangest=float(((1 - covered) * weight).max()) / MAX_INFORMATION,
        strangers=min(int((~known).sum()), MANY) / MANY,
        length=min(len(asked), MANY) / MANY,
        left_out=1 - float(cosines.max(axis=0)[used.min() : used.max() + 1].min()),
    )


def support(found: Signals, weights: Weights) -> float:
    """Return the probability, in (0, 1), that a sentence with these signals is supported."""
    total = weights.bias + sum(weight * value for weight, value in zip(astuple(weights.each), astuple(found), strict=True))
    return float(1 / (1 + np.exp(-total)))


def _known(asked: Sequence[str], sources: Sequence[Source]) -> NDArray[np.bool_]:
    """Tell of each word whether a source or its description has it, or nearly says it."""
    texts = [plain(source.text) for source in sources]
    described = [f"{own.event or ''} {own.kind} {own.speaker or ''}" for own in (source.description for source in sources)]
    stems = {term_of(word) for text in (*texts, *described) for word in words(text)}
    return np.array([term_of(word) in stems or nearly_said(word, texts) for word in asked])


def _cosines(states: WordStates, draft: str, texts: Sequence[str]) -> Floats:
    """Return the cosines, those below 0 as 0, of the states of *draft*'s words with those of all words of *texts*."""
    own, *others = states([lowered(text) for text in (draft, *texts)])
    cosines: Floats = np.maximum(own @ np.concatenate(others).T, 0)
    return cosines


def _places(asked: Sequence[str], running: Sequence[str]) -> list[int]:
    """Return where in *running* each of *asked* stands, which stand there in this order."""
    places: list[int] = []
    for word in asked:
        places.append(running.index(word, places[-1] + 1 if places else 0))
    return places


# --- how it is written, and who is said to speak


def _has_markup(draft: str) -> bool:
    hidden = any(unicodedata.category(character) in ("Cc", "Cf", "Co", "Cs", "Cn") for character in draft)
    return hidden or bool(_MARKUP.search(draft))


def _quotes_verbatim(draft: str, texts: Sequence[str]) -> bool:
    """Tell whether every passage in quotation marks stands in a source, but for a full stop or comma at its end."""
    if draft.count('"') % 2:
        return False
    quoted = [(double or single).strip().rstrip(".,") for double, single in _QUOTED.findall(draft)]
    return all(any(re.search(rf"(?<!\w){re.escape(quote)}(?!\w)", text) for text in texts) for quote in quoted)


def _speaks(source: Source, draft: str) -> bool:
    """Tell whether in *draft* the speaker of *source*'s document says something there, in whatever way: "Gabon urges"."""
    speaker = (source.description.speaker or "").partition(",")[0]
    lists = word_lists()
    acts = rf"(?:\w+ly )?(?:{lists.speech_acts.pattern}|{lists.speech.pattern})"
    return (
        bool(speaker)
        and re.search(rf"(?<!\w)(?:{re.escape(speaker)}|{re.escape(speaker.split()[-1])}|Secretary-General) {acts}", draft, re.IGNORECASE)
        is not None
    )


def _without_attribution(draft: str, sources: Sequence[Source]) -> str:
    """Return *draft* without the words that say who speaks and where, as far as the sources' documents say so too."""
    said = draft
    for description in {source.description.document_id: source.description for source in sources}.values():
        speaker = (description.speaker or "").partition(",")[0]
        if speaker:
            family = speaker.split()[-1]
            title = r"(?:the )?(?:SCO(?:'s)? )?(?:Secretary-General )?(?:of the SCO,? )?(?:Mr )?"
            by_office = r"the (?:SCO(?:'s)? )?Secretary-General(?: of the SCO)?"
            by_part = rf"the (?:{re.escape(speaker[:5])}\w* )?(?:speaker|representative|delegation)"
            who = rf"(?:{title}(?:{re.escape(speaker)}|{re.escape(family)})|{by_office}|{by_part})"
            says = rf"(?:{word_lists().reporting.pattern})(?: that)?(?! (?:for|on|upon)\b)"  # "calls for" says what is called for
            said = re.sub(rf"\b[Aa]ccording to {who},?", "", said)
            said = re.sub(rf"\b[Ii]n {who}'s? (?:view|opinion|eyes|judgement),?", "", said)
            said = re.sub(rf"(?:^|(?<=, )){who} {says}", "", said, flags=re.IGNORECASE)
            said = re.sub(rf",? {who} {says}(?=[.,]|$)", "", said)
        if description.event:
            day = r"(?: on \d{1,2} \w+ \d{4})?"
            said = re.sub(rf"^(?:Speaking )?[Aa]t the {re.escape(description.event)}{day},", "", said)
    return said.strip()
