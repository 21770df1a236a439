"""Step 4: turns a draft and its evidence into an answer in which every sentence was verified against what it cites.

A draft of the documents' own sentences passes only as a whole: each stands, character for character, in a sentence that
it cites. Of a draft that was worded anew, the sentences pass that stand there or that verification finds supported there.
Knows nothing of models, HTTP or how an answer is shown.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bot.evidence import Evidence
from bot.reply import Answer, AnswerSentence, Citation, SentenceStatus
from bot.verification import Source, WordStates, verify
from bot.wording import plain
from bot.writer import DraftSentence
from index.document import Description
from index.search import ScoredSentence


@dataclass(frozen=True, slots=True)
class VerifiedSentence:
    """A sentence that may be shown: how it was verified, and what it rests on, each with whether it merely says the same too."""

    text: str
    status: SentenceStatus
    rests_on: tuple[tuple[ScoredSentence, bool], ...]
    opens_paragraph: bool
    answers: bool  # whether it rests on the evidence that answers first


def cite(
    draft: Sequence[DraftSentence],
    evidence: Evidence,
    descriptions: Mapping[str, Description],
    *,
    question: str,
    standalone_question: str,
    index_fingerprint: str,
) -> Answer | None:
    """Return the answer made of a draft of the documents' own sentences, or None if the draft is not wholly verbatim.

    Markers count from 1 in the order of first use. A draft that cites evidence that does not exist is refused, not
    trimmed.
    """
    verified = [_verbatim(drafted, evidence) for drafted in draft]
    sentences = [sentence for sentence in verified if sentence is not None]
    if not sentences or len(sentences) < len(verified):
        return None
    return _answer(sentences, evidence, descriptions, question, standalone_question, index_fingerprint)


def check(
    drafted: DraftSentence, evidence: Evidence, descriptions: Mapping[str, Description], states: WordStates | None
) -> VerifiedSentence | None:
    """Return one sentence of a draft that was worded anew, if it stands in what it cites or is supported by it."""
    if not _cites(drafted, evidence):
        return None
    cited = [evidence.sentences[position] for position in drafted.cites]
    # Only a whole sentence counts as repeated: a part of one may say the opposite of the whole.
    repeated = next((sentence.scored.text for sentence in cited if plain(sentence.scored.text) == plain(drafted.text)), None)
    if repeated is not None:
        return _verbatim(replace(drafted, text=repeated), evidence)

    def supported(rests_on: Sequence[ScoredSentence]) -> bool:
        sources = [Source(scored.text, descriptions[scored.passage.paragraph.document_id]) for scored in rests_on]
        return verify(drafted.text, sources, states).fault is None

    if not supported([sentence.scored for sentence in cited]):
        return None
    # Another document says the same as the cited sentence, which need not be the same as the new wording of it.
    also = [other for sentence in cited for other in sentence.also if supported([other])]
    rests_on = (*((sentence.scored, False) for sentence in cited), *((other, True) for other in also))
    return VerifiedSentence(drafted.text, "supported", rests_on, drafted.opens_paragraph, 0 in drafted.cites)


def cite_checked(
    sentences: Sequence[VerifiedSentence],
    evidence: Evidence,
    descriptions: Mapping[str, Description],
    *,
    question: str,
    standalone_question: str,
    index_fingerprint: str,
) -> Answer | None:
    """Return the answer made of checked sentences, or None if none of them rests on the evidence that answers first."""
    if not any(sentence.answers for sentence in sentences):
        return None
    return replace(_answer(sentences, evidence, descriptions, question, standalone_question, index_fingerprint), mode="llm")


def _cites(drafted: DraftSentence, evidence: Evidence) -> bool:
    """Tell whether all that *drafted* cites is there, and that it cites something."""
    return bool(drafted.cites) and all(0 <= position < len(evidence.sentences) for position in drafted.cites)


def _verbatim(drafted: DraftSentence, evidence: Evidence) -> VerifiedSentence | None:
    if not _cites(drafted, evidence) or not drafted.text.strip():
        return None
    cited = [evidence.sentences[position] for position in drafted.cites]
    if not any(drafted.text in sentence.scored.text for sentence in cited):
        return None
    rests_on = (*((sentence.scored, False) for sentence in cited), *((other, True) for sentence in cited for other in sentence.also))
    return VerifiedSentence(drafted.text, "verbatim", rests_on, drafted.opens_paragraph, 0 in drafted.cites)


def _answer(
    verified: Sequence[VerifiedSentence],
    evidence: Evidence,
    descriptions: Mapping[str, Description],
    question: str,
    standalone_question: str,
    index_fingerprint: str,
) -> Answer:
    text = ""
    sentences: list[AnswerSentence] = []
    citations: list[Citation] = []
    markers: dict[int, int] = {}  # row of the cited sentence -> its marker
    for sentence in verified:
        text += "\n\n" if text and sentence.opens_paragraph else " " if text else ""
        start, end = len(text), len(text) + len(sentence.text)
        used = []
        for scored, also in sentence.rests_on:
            if scored.row not in markers:
                markers[scored.row] = len(markers) + 1
                citations.append(_citation(markers[scored.row], scored, descriptions, start, end, also))
            used.append(markers[scored.row])
        sentences.append(AnswerSentence(sentence.text, start, end, sentence.status, tuple(used)))
        text += sentence.text + " " + "".join(f"[{marker}]" for marker in used)
    return Answer(question, standalone_question, text, tuple(sentences), tuple(citations), evidence.probability, index_fingerprint)


def _citation(marker: int, scored: ScoredSentence, descriptions: Mapping[str, Description], start: int, end: int, also: bool) -> Citation:
    paragraph, sentence = scored.passage.paragraph, scored.sentence
    return Citation(
        marker=marker,
        description=descriptions[paragraph.document_id],
        paragraph_number=paragraph.number,
        sentence_number=sentence.number,
        printed_number=paragraph.printed_number,
        quote=scored.text,
        start=paragraph.start + sentence.start,
        end=paragraph.start + sentence.end,
        answer_start=start,
        answer_end=end,
        also=also,
        page=paragraph.page_of(sentence),
    )
