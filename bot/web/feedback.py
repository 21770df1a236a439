"""Turns what visitors say of replies into lines of a file, and these lines into test queries. Knows nothing of who says it."""

import json
import os
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from bot.web.refusals import RefusalError, json_bytes
from bot.web.shapes import FeedbackRequest, JudgedReply

NAME = "feedback.jsonl"  # in the folder of the index, which is the one that is written to
MAX_BYTES = 5_000_000  # of a file; a line takes some 2,000, and with the file before it 5,000 judgements are kept
MAX_LINE = 30_000  # bytes: fifteen usual ones; without a bound a few would drive all others out
CLASS = "feedback"  # of the test queries
_ANSWERABILITY = {"answer": "answerable", "abstention": "unanswerable", "courtesy": "conversational"}


def _now() -> datetime:
    return datetime.now(UTC)


class FeedbackFile:
    """A file of judgements, one a line; a full one becomes the file before it, and the one that was before it goes."""

    def __init__(self, path: Path, clock: Callable[[], datetime] = _now, max_bytes: int = MAX_BYTES) -> None:
        self._path = path
        self._before = path.with_suffix(".before.jsonl")
        self._clock = clock
        self._max_bytes = max_bytes
        self._lock = threading.Lock()

    def keep(self, judged: FeedbackRequest) -> None:
        """Write one judgement with its reply. Raises RefusalError if it is too long or the file cannot be written."""
        line = json_bytes({"time": self._clock().isoformat(timespec="seconds"), **judged.model_dump(mode="json")}) + b"\n"
        if len(line) > MAX_LINE:
            message = f"The judgement and its reply take {len(line):,} bytes; at most {MAX_LINE:,} are kept."
            raise RefusalError(422, "invalid_request", message, "Send a shorter note, or the reply as the API gave it.")
        try:
            with self._lock:
                if self._path.exists() and self._path.stat().st_size + len(line) > self._max_bytes:
                    self._path.replace(self._before)
                with self._path.open("ab") as file:
                    file.write(line)
        except OSError as error:
            why = os.strerror(error.errno) if error.errno else "the disk refused"
            raise RefusalError(503, "not_kept", f"The feedback could not be written: {why}.", "Tell the server's operator.") from error

    def queries(self) -> Iterator[dict[str, object]]:
        """Yield the judgements as rows of test queries, the oldest first; a line that was damaged is passed over."""
        for path in (self._before, self._path):
            if path.exists():
                with path.open(encoding="utf-8", errors="replace") as lines:
                    yield from (row for line in lines if (row := _query(line)))


def _query(line: str) -> dict[str, object] | None:
    """Return the test query that a line of feedback makes, or None if the line is damaged.

    A good reply says what is to be found. Of a wrong one only that is known, so its row has no gold and is refused as a test
    query until a person says where the answer stands.
    """
    try:
        record = json.loads(line)
        time = record.pop("time")
        judged = FeedbackRequest.model_validate(record)
    except (ValueError, KeyError, AttributeError, TypeError, ValidationError):
        return None
    reply = judged.reply
    answerability = _ANSWERABILITY[reply.kind] if judged.verdict == "good" else "answerable"
    if judged.verdict == "not_in_documents":
        answerability = "unanswerable"
    right = judged.verdict == "good" and reply.kind == "answer"
    return {
        "id": f"{CLASS}-{reply.id}-{time}",
        "lang": "en",
        "class": CLASS,
        "answerability": answerability,
        "question": reply.standalone_question or reply.question,
        "gold": _gold(reply) if right else [],
        "note": ". ".join(part for part in (judged.verdict.replace("_", " "), judged.note) if part),
    }


def _gold(reply: JudgedReply) -> list[dict[str, object]]:
    """Return the places that a right answer cites: the citations of one sentence are alternatives, all sentences are needed."""
    facets = {marker: number for number, sentence in enumerate(reply.sentences, start=1) for marker in reversed(sentence.citations)}
    return [
        {
            "doc": cited.document_id,
            "paragraph": cited.paragraph,
            "quote": cited.cited_text,
            "facet": facets.get(cited.index, 1),
            "grade": 2,
        }
        for cited in reply.citations
    ]
