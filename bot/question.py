"""Step 1: turns what a person typed into a question that can be asked, and into its parts. Knows nothing of search."""

import re
import unicodedata

from bot.asked_about import asks_of_nothing
from bot.errors import QuestionError
from index.parse import split_sentences
from index.terms import terms

MAX_QUESTION_LENGTH = 2_000  # characters; the longest real question met was 900

MAX_PARTS = 4  # searched one by one; nobody was met who asked five things at once

_HEAD = (
    r"(?:(?:from |in |at |to |by |of |with |for |on )?(?:who|whom|whose|what|when|where|why|which)|how|is|are|was|were|does|do|did|has|have"
    r"|can|could|will|would|should|about)\b"
)
# "..., and what ...", "...; is it ...", "(b) when ...": where one message asks a second thing.
_CUT = re.compile(
    rf"(?P<comma>,\s+)(?={_HEAD})|(?:[,;]\s*(?:and|also|then)\s+|;\s*|\s+and\s+(?:also\s+|then\s+)?|(?:[,;]?\s+and|[,;])?\s*\((?:[a-e]|[1-5])\)\s*)(?={_HEAD})"
    r"|\s+and\s+(?=(?:of|on|for)\s+(?:the|its|their|his)\b)",
    re.IGNORECASE,
)
_OPENS_WITH_HEAD = re.compile(rf"\W*(?:(?:and|so|but|also|please)\s+)?(?!when\b){_HEAD}", re.IGNORECASE)
# A sentence that asks, in a message of several sentences: most of what else people write is background.
_ASKS = re.compile(
    rf"\?|^\W*(?:(?:and|so|but|also|please)\s+)*(?:{_HEAD}|(?:list|name|enumerate|tell|give|explain|describe|summari[sz]e|show|find)\b)"
    r"|\bi(?: would|'d| want| need)[^.]{0,20} (?:know|hear|learn)\b|\bwonder(?:ing)?\b|\btell me\b|\b(?:could|can|would) you\b",
    re.IGNORECASE,
)


def check_question(question: object) -> str:
    """Return *question* without surrounding white space and control characters.

    Raises QuestionError if it is not text, is blank, or is longer than MAX_QUESTION_LENGTH characters.
    """
    if not isinstance(question, str):
        raise QuestionError('"question" is not text. Send a string.')
    cleaned = "".join(
        c if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cs") else " " for c in question[: 10 * MAX_QUESTION_LENGTH]
    )
    cleaned = cleaned.strip()
    if len(question) > MAX_QUESTION_LENGTH:
        raise QuestionError(f"The question has {len(question):,} characters; at most {MAX_QUESTION_LENGTH:,} are taken. Please shorten it.")
    if not any(character.isalnum() for character in cleaned):
        raise QuestionError("The question holds no words. Please ask in a few words or a sentence.")
    return cleaned


def parts(question: str) -> tuple[str, ...]:
    """Return the things that a standalone *question* asks, in order, at least one and at most MAX_PARTS.

    Of a message of several sentences those that ask are kept; a sentence that asks two things is cut between them.
    """
    sentences = [question[sentence.start : sentence.end] for sentence in split_sentences(question, "en")] or [question]
    if len(sentences) > 1:
        marked = [sentence for sentence in sentences if sentence.rstrip(" )\"'”’").endswith("?")]
        telling = [sentence for sentence in sentences if not asks_of_nothing(sentence)]
        if telling and all(asks_of_nothing(sentence) for sentence in marked):  # "... what he thinks of bees. Any idea?"
            marked, sentences = [], telling
        sentences = marked or [sentence for sentence in sentences if _ASKS.search(sentence)] or [question]
    found = [part for sentence in sentences for part in _cut(sentence)]
    return tuple(part for part in found if terms(part))[:MAX_PARTS] or (question,)


def _cut(sentence: str) -> list[str]:
    """Cut *sentence* where it asks a second thing; a piece too short to be asked alone stays with the one before."""
    pieces: list[str] = []
    start = 0
    for cut in _CUT.finditer(sentence):
        left, right = sentence[start : cut.start()], sentence[cut.end() :]
        if len(left.split()) < 3 or len(right.split()) < 2 or not terms(left) or not terms(right):
            continue
        if cut.group("comma") and not _OPENS_WITH_HEAD.match(left):
            continue  # "When he says hotspots, does he mean ...": one question
        pieces.append(left.strip())
        start = cut.end()
    return [*pieces, sentence[start:].strip()]
