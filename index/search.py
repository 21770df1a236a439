"""Turns a question into passages: dense and lexical scores of paragraphs and their sentences, standardised and added.

Knows nothing of answers. Scores are fused, not ranks: on 646 SQuAD paragraphs the right one came first for 81% of
questions by BM25, 67% by vectors, 76% by reciprocal ranks and 84% by added standard scores (docs/decisions/002).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from index.document import Paragraph, Passage, Sentence
from index.embedding import Encoder, Vectors
from index.errors import EmptyQuestionError, NoDocumentError
from index.reader import open_reader
from index.stores import Found, Store
from index.terms import terms

DENSE_WEIGHT = 0.6  # share of the vectors in a paragraph's score, the rest is terms; flat between 0.4 and 0.7 on SQuAD
READ = 6  # sentences that the reader reads for a question: eight cost a third more of its time, within the noise (docs/decisions/006)
READING_WEIGHT = 2.0  # standard scores that one unit of the reader's logit is worth; flat from 2 to 4 on SQuAD
SENTENCES = 200  # handed on, the best: more than anyone reads, and enough to blend two searches
PLACE_WEIGHT = 1.4  # times that a paragraph's score counts where a follow-up is searched for: docs/decisions/005 has what others cost
WORDS_WEIGHT = 0.5  # of the terms of a follow-up's own words in a sentence
POOL = 50  # paragraphs taken from each of two rankings (vectors, terms) to be scored in full

Numbers = NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class ScoredSentence:
    """A sentence of a retrieved paragraph with the signals of how it meets the question.

    Cosines lie in [-1, 1]; ``*_standard`` scores count standard deviations above the corpus' mean for this question. Of a follow-up they
    are made of two texts, and weighted (`_in_context`).
    """

    passage: Passage
    sentence: Sentence
    row: int  # position among all sentences of the index
    cosine: float
    paragraph_cosine: float
    cosine_standard: float
    terms_standard: float
    paragraph_standard: float  # of its paragraph: dense and lexical standard scores, weighted and added
    score: float
    reading: float | None  # the reader's logit that the sentence answers the question, None if it was not read
    vector: Vectors = field(compare=False, repr=False)

    @property
    def text(self) -> str:
        """The verbatim text."""
        return self.passage.paragraph.sentence_text(self.sentence)


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The passages found for one question, best first, and their sentences, best first."""

    question_vector: Vectors
    known_terms: frozenset[str]  # those of the question's terms that occur anywhere in the index
    passages: tuple[Passage, ...]
    sentences: tuple[ScoredSentence, ...]


@dataclass(frozen=True, slots=True)
class _Scores:
    """How what was found meets a text, paragraphs ``(paragraphs,)`` and sentences ``(sentences,)``: cosines, and standard scores."""

    cosines: Numbers
    paragraphs: Numbers
    sentence_cosines: Numbers
    sentence_dense: Numbers
    sentence_terms: Numbers

    @property
    def sentences(self) -> Numbers:
        """What the sentences' own scores add up to."""
        return self.sentence_dense + self.sentence_terms


def search(
    store: Store,
    embeddings: Encoder,
    question: str,
    k: int = 2 * POOL,
    within: Collection[str] | None = None,
    own_words: str | None = None,
    setting: Sequence[str] = (),
) -> SearchResult:
    """Return the *k* passages (fewer if there are no more) that meet *question* best, with their sentences scored.

    With *within*, ids of documents, only theirs are ranked; how strange a score is still depends on the whole index.
    A paragraph's dense score is the mean of its own cosine and its best sentence's; a sentence's score is the sum of
    its standardised cosine, its standardised BM25 and twice its paragraph's score, raised by what the reader says of the
    best READ. A follow-up comes as *question* with what it leans on, which finds the place, and with its *own_words*, which tell the
    sentence there. A whole question comes with its *setting* instead, questions that were asked before: they and it together are half of
    what finds the place. Raises EmptyQuestionError if *question* holds no letter and no digit, NoDocumentError if the index has none of
    *within*.
    """
    if not any(character.isalnum() for character in question):
        raise EmptyQuestionError(
            "The question holds no words. Ask in a sentence or a few words, for example: What is its position on drugs?"
        )
    texts = [question] if own_words is None else [question, own_words]
    reader = open_reader(embeddings.files.digest)
    if reader is not None and reader.digest != store.manifest.reader_digest:
        reader = None  # what is kept of the sentences is another reader's, or nothing
    if reader is None:
        vectors, tokens = [embeddings.encode_question(text) for text in texts], None
    else:
        encoded, (tokens, *_) = embeddings.encode_tokens(texts)
        vectors = list(encoded)
    terms_of = [terms(text) for text in texts]
    if setting:
        vectors.append(_between(vectors[0], [embeddings.encode_question(text) for text in setting]))
        terms_of.append(terms(" ".join((question, *setting))))
    rows: set[int] = set()
    for vector, text_terms in zip(vectors, terms_of, strict=True):
        nearest = store.nearest(vector, POOL, within)
        if within is not None and not nearest:
            raise NoDocumentError("No document meets the filters, so nothing was searched. Take a filter away, or widen it.")
        rows |= {*nearest, *store.matching(text_terms, POOL, within)}
    found = store.found(sorted(rows), *terms_of)

    counts = [len(paragraph.sentences) for paragraph in found.paragraphs]
    of = np.repeat(np.arange(len(counts)), counts)  # the place of each sentence's paragraph
    sentences_of = [
        (paragraph, sentence, first + place)
        for paragraph, first in zip(found.paragraphs, found.first_sentences, strict=True)
        for place, sentence in enumerate(paragraph.sentences)
    ]
    of_texts = [_scores(store, found, at, vector, of) for at, vector in enumerate(vectors)]
    combined = _in_setting if setting else _in_context
    scored = of_texts[0] if len(of_texts) == 1 else combined(*of_texts)
    scores = scored.sentences + 2 * scored.paragraphs[of]
    readings: dict[int, float] = {}
    if reader is not None and tokens is not None:
        running = [at for at in _descending(scores) if sentences_of[at][0].role in ("body", "closing")][:READ]
        to_question = of_texts[0].sentence_cosines[running]
        logits = reader.read(tokens, store.sentence_states([sentences_of[at][2] for at in running]), to_question)
        readings = {at: float(logit) for at, logit in zip(running, logits, strict=True)}
        # Counted from the lowest, so that what was read rises and never falls below what was not.
        scores[running] += READING_WEIGHT * (logits - logits.min(initial=np.inf))
    order = _by_best_sentence(found.paragraphs, scored.paragraphs, scores, of)[:k]
    passages = {at: Passage(found.paragraphs[at], score, rank) for rank, (at, score) in enumerate(order, start=1)}
    owner = of.tolist()
    shown = [at for at in _descending(scores) if owner[at] in passages][:SENTENCES]
    # Plain numbers, made all at once: one by one they take a third of the time of a sentence.
    signals = [
        values.tolist()
        for values in (
            scored.sentence_cosines,
            scored.cosines[of],
            scored.sentence_dense,
            scored.sentence_terms,
            scored.paragraphs[of],
            scores,
        )
    ]
    sentences = [
        ScoredSentence(
            passage=passages[owner[at]],
            sentence=sentences_of[at][1],
            row=sentences_of[at][2],
            cosine=signals[0][at],
            paragraph_cosine=signals[1][at],
            cosine_standard=signals[2][at],
            terms_standard=signals[3][at],
            paragraph_standard=signals[4][at],
            score=signals[5][at],
            reading=readings.get(at),
            vector=found.sentence_vectors[at],
        )
        for at in shown
    ]
    return SearchResult(vectors[0], store.known_terms(terms_of[0]), tuple(passages.values()), tuple(sentences))


def _scores(store: Store, found: Found, text: int, vector: Vectors, of: NDArray[np.int64]) -> _Scores:
    """Return how what was *found* meets the *text*, by its place among those asked for, of that *vector*.

    *of* is the place of each sentence's paragraph.
    """
    cosines, sentence_cosines = found.vectors @ vector, found.sentence_vectors @ vector
    best = cosines.copy()
    best[np.unique(of)] = -np.inf
    np.maximum.at(best, of, sentence_cosines)
    dense = store.paragraph_moments.standardise(vector, ((cosines + best) / 2).astype(np.float32))
    fused = DENSE_WEIGHT * dense + (1 - DENSE_WEIGHT) * found.terms[text].standard
    sentence_dense = store.sentence_moments.standardise(vector, sentence_cosines)
    return _Scores(cosines, fused, sentence_cosines, sentence_dense, found.sentence_terms[text].standard)


def _in_context(place: _Scores, words: _Scores) -> _Scores:
    """Return how a follow-up is met: its paragraphs as *place*, the question with what it leans on, meets them, its sentences by both."""
    return _Scores(
        place.cosines,
        PLACE_WEIGHT * place.paragraphs,
        (place.sentence_cosines + words.sentence_cosines) / 2,
        (place.sentence_dense + words.sentence_dense) / 2,
        WORDS_WEIGHT * words.sentence_terms,
    )


def _between(question: Vectors, before: Sequence[Vectors]) -> Vectors:
    """Return the unit vector half way from that of the *question* to the mean of those *before*."""
    between: Vectors = question + np.mean(before, axis=0)
    return between / np.linalg.norm(between)


def _in_setting(words: _Scores, setting: _Scores) -> _Scores:
    """Return how a whole question is met: its paragraphs as by itself and in its *setting*, its sentences by its own *words*."""
    return replace(words, paragraphs=PLACE_WEIGHT * (words.paragraphs + setting.paragraphs) / 2)


def _descending(scores: Numbers) -> list[int]:
    """Return the positions of *scores* from the highest to the lowest; equals keep their order."""
    order: list[int] = np.argsort(-scores, kind="stable").tolist()
    return order


def _by_best_sentence(paragraphs: Sequence[Paragraph], fused: Numbers, scores: Numbers, of: NDArray[np.int64]) -> list[tuple[int, float]]:
    """Return the positions of *paragraphs* ranked and scored as their best sentence is; one without a sentence comes last.

    Equals keep the *fused* order. On 137 SQuAD questions the right paragraph came first for 0.86 so, and for 0.80 by the
    paragraphs' own scores.
    """
    best = np.full(len(paragraphs), scores.min(initial=np.inf) if len(scores) else 0.0, dtype=np.float32)
    np.maximum.at(best, of, scores)
    scored: list[float] = best.tolist()
    return [(at, scored[at]) for at in sorted(_descending(fused), key=lambda at: -scored[at])]
