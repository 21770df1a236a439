"""Step 2: turns the parts of a standalone question and what search found for each into the sentences worth showing, or none.

Two small fitted models over named signals decide: whether the documents answer at all, and which sentences do. Their
coefficients are data, evidence.json, made by `python -m bot.evaluation.fitting`. Knows nothing of wording or citations.
"""

import hashlib
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from pathlib import Path

import numpy as np

from bot.claims import negated, numbers
from bot.reply import AbstentionReason
from bot.said import is_told
from bot.signals import question_signals, sentence_signals
from bot.wording import plain
from index.search import ScoredSentence, SearchResult
from index.terms import terms

MAX_SENTENCES = 3  # shown for one thing asked: more than that is no short answer
MAX_ALL = 5  # shown in all, whatever was asked
ANSWER_FROM = 0.33  # probability from which there is an answer; docs/decisions/008 has what other values cost
SUBJECT_FROM = 0.42  # the same for a subject alone, which asks nothing; up to here no query lost its answer, and far subjects lie below
OPEN_FROM, OPEN_TO = 0.15, 0.7  # probabilities between which the best sentence is read closely: beyond, no dev question changed sides
REREAD = 2  # best sentences that are read closely where they come near each other; a third wins little, for as much time again
NEAR_BEST = 1.0  # logits below the best up to which one comes near it; docs/decisions/023 has what others cost and win
CLOSE_WEIGHT = 0.3  # logits that one unit of a close reading moves a sentence; docs/decisions/023 has what others win and lose
NAMED_AMONG = 6  # best sentences in which the words of a subject are looked for: as many as the reader reads
THERE_FROM = 0.15  # for a question that merely asks what is said of a subject that was found: docs/decisions/026 has what others cost
SHOW_FROM = 0.25  # probability from which a further sentence is shown; docs/decisions/008 has what other values cost
SHOW_SHARE = 0.6  # of the best sentence's probability: in large corpora many sentences are likely, and few of them wanted
OUT_OF_SCOPE_BELOW = 0.25  # best cosine below which nothing near the question's subject is in the documents
# By vectors alone, fitted on the dev queries without the reader: at 0.40 no question of another domain is answered, nor 0.16 of
# those that the documents answer; of near misses 0.84 are (with all signals 0.09 and 0.59).
NEAR_INTERCEPT, NEAR_WEIGHT = -2.39, 4.99  # of the best nearness
NEAR_FROM = 0.40  # probability from which there is an answer
NEAR_WITHIN = 0.05  # further sentences are shown up to this far from the nearest
SAME_COSINE = 0.6  # two sentences of different documents say the same from this cosine ...
SAME_TERMS = 0.6  # ... and this share of the shorter one's terms in common; all pairs of the default corpus were read
MAX_ALSO = 3  # documents cited beside a sentence because they say the same: more than that is a list, not a check

Ranked = tuple[float, ScoredSentence]  # a sentence, and the probability that it answers
# Reads a question together with each of some sentences (index/cross_encoder.py), or tells that it does not.
Closely = Callable[[str, Sequence[str]], Sequence[float] | None]

_COEFFICIENTS = Path(__file__).with_name("evidence.json")


@dataclass(frozen=True, slots=True)
class EvidenceSentence:
    """A sentence to answer with, and the sentences of other documents that say the same."""

    scored: ScoredSentence
    also: tuple[ScoredSentence, ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """The sentences to answer with, the one that answers first at the front; at least one."""

    sentences: tuple[EvidenceSentence, ...]
    probability: float


@dataclass(frozen=True, slots=True)
class NoEvidence:
    """Nothing supports an answer: why, and how probable an answer was."""

    reason: AbstentionReason
    probability: float


@dataclass(frozen=True, slots=True)
class LogisticModel:
    """A fitted logistic regression: an intercept and one weight a named signal."""

    intercept: float
    weights: Mapping[str, float]

    def probability(self, signals: Mapping[str, float]) -> float:
        """Return the probability, in (0, 1), that *signals* give."""
        logit = self.intercept + sum(weight * signals[name] for name, weight in self.weights.items())
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, logit))))


def evidence_digest() -> str:
    """Return the sha256 (hex) of the fitted coefficients: with others, other questions are answered. Read anew each time."""
    return hashlib.sha256(_COEFFICIENTS.read_bytes()).hexdigest()


@cache
def fitted() -> Mapping[str, LogisticModel]:
    """Return the models by name: "answerable" and "answerable_closely" over question signals, "answers" over sentence signals."""
    loaded = json.loads(_COEFFICIENTS.read_text(encoding="utf-8"))
    return {name: LogisticModel(model["intercept"], model["weights"]) for name, model in loaded["models"].items()}


def choose_evidence(
    parts: Sequence[tuple[str, SearchResult]],
    unrelated: float = 0.0,
    closely: Closely | None = None,
    answer_from: Mapping[str, float] | None = None,
) -> Evidence | NoEvidence:
    """Return the evidence for a question cut into *parts*, each with what search found for it; *closely* reads the best again.

    *answer_from* holds the probability from which there is an answer to those of *parts* for which it is not ANSWER_FROM.

    The models were fitted with the reader; where it read nothing, since it is for one embedding model alone, nearness
    decides: how far, from the cosine of *unrelated* sentences under the model to 1, the nearest sentence comes.

    A part that nothing answers is left unanswered; the question is, if none is. Raises ValueError without a part.
    """
    wanted = answer_from or {}
    judged = [_judge(part, found, unrelated, closely, wanted.get(part, ANSWER_FROM)) for part, found in parts]
    probability = max(one.probability for one in judged)
    answered = [one for one in judged if isinstance(one, Evidence)]
    if not answered:
        out_of_scope = all(isinstance(one, NoEvidence) and one.reason == "out_of_scope" for one in judged)
        return NoEvidence("out_of_scope" if out_of_scope else "no_evidence", probability)
    firsts = [one.sentences[0] for one in answered]
    others = [sentence for one in answered for sentence in one.sentences[1:]]
    shown = _distinct([*firsts, *others])[:MAX_ALL]
    return Evidence(tuple(replace(sentence, also=sentence.also[:MAX_ALSO]) for sentence in shown), probability)


def is_there(subject: str, found: SearchResult) -> bool:
    """Tell whether what was *found* for *subject* alone, which asks nothing, is evidence of it, or has all its words in one sentence."""
    wanted = set(terms(subject))
    named_among = [scored for scored in found.sentences if scored.passage.paragraph.role in ("body", "closing")][:NAMED_AMONG]
    if wanted and any(wanted <= set(terms(scored.text)) for scored in named_among):
        return True
    return isinstance(choose_evidence([(subject, found)], answer_from={subject: SUBJECT_FROM}), Evidence)


def evidence_told(told: Sequence[tuple[str, SearchResult]]) -> Evidence | None:
    """Return the documents' sentences that are the *told* ones, each with what search found for it, or None if none stands there."""
    again = [
        EvidenceSentence(scored, tuple(other for other in found.sentences if says_the_same(scored, other))[:MAX_ALSO])
        for sentence, found in told
        if (scored := next((scored for scored in found.sentences if is_told(scored.text, sentence)), None)) is not None
    ]
    return Evidence(_distinct(again), 1.0) if again else None


def _judge(question: str, found: SearchResult, unrelated: float, closely: Closely | None, answer_from: float) -> Evidence | NoEvidence:
    """Return the evidence for one thing asked."""
    candidates = [scored for scored in found.sentences if scored.passage.paragraph.role in ("body", "closing")]
    if not candidates:
        return NoEvidence("no_evidence", 0.0)
    if all(scored.reading is None for scored in candidates):
        return _nearest(candidates, unrelated)
    of_sentences = sentence_signals(question, found)
    of_question = question_signals(question, found, of_sentences)
    ranked = rank(fitted()["answers"], of_sentences, found)
    probability = fitted()["answerable"].probability(of_question)
    near = [scored.text for _, scored in near_best(ranked)]
    if closely is not None and OPEN_FROM <= probability <= OPEN_TO and (readings := closely(question, near)) is not None:
        ranked, read = reread(ranked, readings)
        probability = fitted()["answerable_closely"].probability({**of_question, "close_reading": read})
    elsewhere = of_question["best_cosine"] < OUT_OF_SCOPE_BELOW
    if elsewhere and of_question["unknown_name"]:  # "the capital of France": nothing near, and a name that the documents lack
        return NoEvidence("out_of_scope", min(probability, answer_from))
    if probability < answer_from:
        return NoEvidence("out_of_scope" if elsewhere else "no_evidence", probability)
    least = max(SHOW_FROM, SHOW_SHARE * max(likely for likely, _ in ranked[:REREAD]))
    chosen = [scored for at, (likely, scored) in enumerate(ranked) if at == 0 or likely >= least]
    return Evidence(_with_others(chosen, candidates), probability)


def rank(answers: LogisticModel, of_sentences: Sequence[Mapping[str, float]], found: SearchResult) -> list[Ranked]:
    """Return the sentences of *found* that may be shown, each with the probability that it answers, the likeliest first."""
    likely = [
        (answers.probability(signals), scored)
        for signals, scored in zip(of_sentences, found.sentences, strict=True)
        if scored.passage.paragraph.role in ("body", "closing")
    ]
    return sorted(likely, key=lambda pair: -pair[0])


def near_best(ranked: Sequence[Ranked]) -> Sequence[Ranked]:
    """Return the first of *ranked*, and the second if it comes near it."""
    return [one for one in ranked[:REREAD] if _logit(one[0]) >= _logit(ranked[0][0]) - NEAR_BEST]


def reread(ranked: Sequence[Ranked], readings: Sequence[float]) -> tuple[list[Ranked], float]:
    """Return *ranked* with the best by the close *readings* of as many as were read before the others, and its reading."""
    first = max(range(len(readings)), key=lambda at: _logit(ranked[at][0]) + CLOSE_WEIGHT * readings[at])
    return [ranked[first], *(one for at, one in enumerate(ranked) if at != first)], readings[first]


def _logit(probability: float) -> float:
    return math.log(probability / (1 - probability))


def _nearest(candidates: Sequence[ScoredSentence], unrelated: float) -> Evidence | NoEvidence:
    """Return the evidence among *candidates*, which search put in order, by their cosines alone."""
    best = max(scored.cosine for scored in candidates)
    probability = LogisticModel(NEAR_INTERCEPT, {"nearness": NEAR_WEIGHT}).probability({"nearness": (best - unrelated) / (1 - unrelated)})
    if probability < NEAR_FROM:
        return NoEvidence("no_evidence", probability)
    near = [scored for at, scored in enumerate(candidates) if at == 0 or scored.cosine >= best - NEAR_WITHIN * (1 - unrelated)]
    return Evidence(_with_others(near, candidates), probability)


def _with_others(chosen: Sequence[ScoredSentence], candidates: Sequence[ScoredSentence]) -> tuple[EvidenceSentence, ...]:
    """Return the first MAX_SENTENCES of *chosen*, each with those of *candidates* that say the same in another document."""
    vectors = np.stack([other.vector for other in candidates])
    sentences = []
    for scored in chosen:
        near = np.flatnonzero(vectors @ scored.vector > SAME_COSINE - 1e-4).tolist()  # few; which of them is told one by one
        sentences.append(EvidenceSentence(scored, tuple(candidates[at] for at in near if says_the_same(scored, candidates[at]))))
    return _distinct(sentences)[:MAX_SENTENCES]


def _distinct(sentences: Iterable[EvidenceSentence]) -> tuple[EvidenceSentence, ...]:
    """Return *sentences* in order without those that stand, or are said, in an earlier one."""
    kept: list[EvidenceSentence] = []
    rows: set[int] = set()
    for sentence in sentences:
        if sentence.scored.row not in rows:
            kept.append(EvidenceSentence(sentence.scored, tuple(other for other in sentence.also if other.row not in rows)))
            rows |= {sentence.scored.row, *(other.row for other in sentence.also)}
    return tuple(kept)


def says_the_same(one: ScoredSentence, other: ScoredSentence) -> bool:
    """Tell whether two sentences of different documents say the same.

    They are close in meaning and in most of their words, hold the same numbers, and both deny something or neither does.
    """
    if one.passage.paragraph.document_id == other.passage.paragraph.document_id or float(one.vector @ other.vector) < SAME_COSINE:
        return False
    left, right = set(terms(one.text)), set(terms(other.text))
    if len(left & right) < SAME_TERMS * max(min(len(left), len(right)), 1):
        return False
    return _denial_and_numbers(one.text) == _denial_and_numbers(other.text)


@lru_cache(maxsize=20_000)  # texts: the same sentences are found for many questions
def _denial_and_numbers(text: str) -> tuple[bool, frozenset[float]]:
    """Return whether *text* denies something, and the values of its numbers."""
    words = plain(text)
    return bool(negated(words)), numbers(words)
