"""Step 2: turns a standalone question and what search found into the sentences worth showing, or into none.

Knows nothing of how they are worded, cited or shown.
"""

from dataclasses import dataclass

from bot.reply import AbstentionReason
from index.search import ScoredSentence, SearchResult

MAX_SENTENCES = 3


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


def choose_evidence(question: str, found: SearchResult) -> Evidence | NoEvidence:
    """Return the evidence that *found* holds for *question*, or why there is none."""
    candidates = [scored for scored in found.sentences if scored.passage.paragraph.role in ("body", "closing")]
    if not candidates:
        return NoEvidence("out_of_scope", 0.0)
    cosine = max(scored.cosine for scored in candidates)
    if cosine < 0.3:
        return NoEvidence("out_of_scope", cosine)
    if cosine < 0.45:
        return NoEvidence("no_evidence", cosine)
    best = candidates[0]
    chosen = [scored for scored in candidates[:MAX_SENTENCES] if scored.score >= 0.6 * best.score]
    return Evidence(tuple(EvidenceSentence(scored) for scored in chosen), cosine)
