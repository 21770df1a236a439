"""Step 3: turns evidence into a draft: sentences, each with the positions of the evidence it rests on.

Knows nothing of citations, offsets or faces. This writer is extractive: it repeats the documents' own sentences.
"""

from dataclasses import dataclass

from bot.evidence import Evidence, EvidenceSentence


@dataclass(frozen=True, slots=True)
class DraftSentence:
    """One sentence of a draft and the 0-based positions, in the evidence, of what it cites."""

    text: str
    cites: tuple[int, ...]
    opens_paragraph: bool = False


def write_extract(evidence: Evidence) -> tuple[DraftSentence, ...]:
    """Return the evidence's own sentences, the answering one first, then grouped by document in the order of the text."""
    first, *rest = enumerate(evidence.sentences)
    home = _document(first[1])
    ordered = sorted(rest, key=lambda item: (_document(item[1]) != home, _document(item[1]), item[1].scored.row))
    draft, previous = [], home
    for position, sentence in (first, *ordered):
        document = _document(sentence)
        draft.append(DraftSentence(sentence.scored.text, (position,), opens_paragraph=document != previous))
        previous = document
    return tuple(draft)


def _document(sentence: EvidenceSentence) -> str:
    return sentence.scored.passage.paragraph.document_id
