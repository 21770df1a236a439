"""Turns search results into others: two for one need blended into one ranking, or one without what was shown before.

Knows nothing of questions or conversations.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import TypeVar

import numpy as np

from index.document import Description, Passage
from index.filters import newest_first
from index.search import ScoredSentence, SearchResult

SAME = 0.9  # cosine from which two sentences say the same: the speech's own words and their report lie at 0.9 to 1

_T = TypeVar("_T")
_WORDS = re.compile(r"\w+")


def blend(found: SearchResult, other: SearchResult, share: float) -> SearchResult:
    """Return *found* with its ranking drawn towards that of *other*, which counts for *share* in [0, 1] of every score and signal.

    A sentence that one of both read keeps that reading, since it may be read for the words of one alone. A score that *other* did not
    find counts there as its lowest; the other signals then stay as *found* has them.
    """
    passage_scores = {passage.paragraph.paragraph_id: passage.score for passage in other.passages}
    twins = {scored.row: scored for scored in other.sentences}
    lowest_passage = min(passage_scores.values(), default=0.0)
    lowest_sentence = min((scored.score for scored in other.sentences), default=0.0)
    mixed = [
        (passage, _mix(passage.score, passage_scores.get(passage.paragraph.paragraph_id, lowest_passage), share))
        for passage in found.passages
    ]
    ranked = [
        Passage(passage.paragraph, score, rank) for rank, (passage, score) in enumerate(sorted(mixed, key=lambda pair: -pair[1]), start=1)
    ]
    by_id = {passage.paragraph.paragraph_id: passage for passage in ranked}
    sentences = [
        replace(
            _blended(scored, twins.get(scored.row, scored), share),
            passage=by_id[scored.passage.paragraph.paragraph_id],
            score=_mix(scored.score, twins[scored.row].score if scored.row in twins else lowest_sentence, share),
        )
        for scored in found.sentences
    ]
    return replace(found, passages=tuple(ranked), sentences=tuple(sorted(sentences, key=lambda scored: -scored.score)))


def _blended(scored: ScoredSentence, twin: ScoredSentence, share: float) -> ScoredSentence:
    """Return *scored* with the signals of its *twin* in another search mixed in."""
    readings = [reading for reading in (scored.reading, twin.reading) if reading is not None]
    return replace(
        scored,
        reading=_mix(readings[0], readings[-1], share) if readings else None,
        cosine=_mix(scored.cosine, twin.cosine, share),
        paragraph_cosine=_mix(scored.paragraph_cosine, twin.paragraph_cosine, share),
        cosine_standard=_mix(scored.cosine_standard, twin.cosine_standard, share),
        terms_standard=_mix(scored.terms_standard, twin.terms_standard, share),
        paragraph_standard=_mix(scored.paragraph_standard, twin.paragraph_standard, share),
    )


def _mix(one: float, other: float, share: float) -> float:
    return (1 - share) * one + share * other


def interleave(results: Sequence[SearchResult]) -> SearchResult:
    """Return one result of the best passages and sentences of each in turn; a single result comes back as it is.

    Scores keep the meaning that they had in their own result. Raises IndexError if there is no result.
    """
    if len(results) == 1:
        return results[0]
    passages = {passage.paragraph.paragraph_id: passage for passage in _in_turn([found.passages for found in results])}
    sentences = {scored.row: scored for scored in _in_turn([found.sentences for found in results])}
    ranked = tuple(replace(passage, rank=rank) for rank, passage in enumerate(passages.values(), start=1))
    return replace(results[0], passages=ranked, sentences=tuple(sentences.values()))


def _in_turn(lists: Sequence[Sequence[_T]]) -> list[_T]:
    """Return the items of all lists, first of each first."""
    return [item for items in zip_longest(*lists) for item in items if item is not None]


def leave_out(found: SearchResult, said: str) -> SearchResult:
    """Return *found* without the sentences that stand in the text *said*, and without those that say the same as one of them."""
    shown = plain(said)
    told = [scored for scored in found.sentences if plain(scored.text) in shown]
    if not told:
        return found
    vectors = np.stack([scored.vector for scored in told])
    rows = {scored.row for scored in told}
    kept = [scored for scored in found.sentences if scored.row not in rows and float((vectors @ scored.vector).max()) < SAME]
    return replace(found, sentences=tuple(kept))


def newest_passages_first(passages: Sequence[Passage], descriptions: Iterable[Description]) -> tuple[Passage, ...]:
    """Return *passages* by the dates of their documents, the newest first, the better of one date first, undated ones last."""
    place = {document_id: at for at, group in enumerate(newest_first(descriptions)) for document_id in group}
    ranked = sorted(passages, key=lambda passage: place.get(passage.paragraph.document_id, len(place)))
    return tuple(replace(passage, rank=rank) for rank, passage in enumerate(ranked, start=1))


def plain(text: str) -> str:
    """Return the words of *text* alone, in lower case, by which the same words are known again whatever stands between them."""
    return " ".join(_WORDS.findall(text.casefold()))
