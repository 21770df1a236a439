"""Step 4: turns a draft and its evidence into an answer in which every sentence was verified against what it cites.

A sentence passes only if it stands, character for character, in a sentence that it cites. Knows nothing of models,
HTTP or how an answer is shown.
"""

from collections.abc import Mapping, Sequence

from bot.evidence import Evidence
from bot.reply import Answer, AnswerSentence, Citation
from bot.writer import DraftSentence
from index.document import Description
from index.search import ScoredSentence


def cite(
    draft: Sequence[DraftSentence],
    evidence: Evidence,
    descriptions: Mapping[str, Description],
    *,
    question: str,
    standalone_question: str,
    index_fingerprint: str,
) -> Answer | None:
    """Return the answer made of the draft's verified sentences, or None if the draft is not wholly supported.

    Markers count from 1 in the order of first use. A draft that cites evidence that does not exist is refused, not
    trimmed.
    """
    text = ""
    sentences: list[AnswerSentence] = []
    citations: list[Citation] = []
    markers: dict[int, int] = {}  # row of the cited sentence -> its marker
    for drafted in draft:
        if not drafted.cites or not all(0 <= position < len(evidence.sentences) for position in drafted.cites):
            return None
        cited = [evidence.sentences[position] for position in drafted.cites]
        if not drafted.text.strip() or not any(drafted.text in sentence.scored.text for sentence in cited):
            return None
        text += "\n\n" if text and drafted.opens_paragraph else " " if text else ""
        start, end = len(text), len(text) + len(drafted.text)
        used = []
        for scored, also in [(s.scored, False) for s in cited] + [(other, True) for s in cited for other in s.also]:
            if scored.row not in markers:
                markers[scored.row] = len(markers) + 1
                citations.append(_citation(markers[scored.row], scored, descriptions, start, end, also))
            used.append(markers[scored.row])
        sentences.append(AnswerSentence(drafted.text, start, end, "verbatim", tuple(used)))
        text += drafted.text + " " + "".join(f"[{marker}]" for marker in used)
    if not sentences:
        return None
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
    )
