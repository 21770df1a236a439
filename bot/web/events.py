"""Turns a reply that grows into server-sent events. Knows nothing of questions, of HTTP, or of how a reply comes about.

Every event's data is one JSON object with a ``type``. A citation comes before the first sentence that names its marker.
"""

from collections.abc import Iterator
from typing import cast

from bot.reply import Abstention, Answer, Courtesy, Reply, reply_to_json
from bot.web.refusals import RefusalError, json_bytes

Event = dict[str, object]
EVENTS = ("start", "citation", "sentence", "restart", "end", "abstain", "error")  # their types


class Growth:
    """What of a growing reply was told already."""

    def __init__(self) -> None:
        self._begun = False
        self._told: Answer | None = None

    def grown(self, reply: Reply) -> Iterator[Event]:
        """Yield the events for what *reply* holds beyond what was told: the start, citations and sentences; all anew if it is another."""
        if not self._begun:
            self._begun = True
            standalone = reply.question if isinstance(reply, Courtesy) else reply.standalone_question
            yield {
                "type": "start",
                "question": reply.question,
                "standalone_question": standalone,
                "index_fingerprint": reply.index_fingerprint,
            }
        if isinstance(reply, Answer):
            if self._told is not None and not _continues(reply, self._told):
                self._told = None
                yield {"type": "restart"}
            yield from _beyond(self._told, reply)
            self._told = reply


def _continues(answer: Answer, told: Answer) -> bool:
    """Tell whether *answer* begins with the sentences of *told*, worded by the same and resting on the same sources."""
    same = answer.mode == told.mode and answer.sentences[: len(told.sentences)] == told.sentences
    sources = {(citation.marker, citation.sentence_id) for citation in answer.citations}
    return same and sources >= {(citation.marker, citation.sentence_id) for citation in told.citations}


def _beyond(told: Answer | None, answer: Answer) -> Iterator[Event]:
    """Yield the sentences that *answer* has beyond those of *told*, each after the citations that are new in it."""
    citations = {citation["index"]: citation for citation in cast("list[Event]", reply_to_json(answer)["citations"])}
    sentences = told.sentences if told is not None else ()
    known = {marker for sentence in sentences for marker in sentence.markers}
    for number, sentence in enumerate(answer.sentences[len(sentences) :], start=len(sentences) + 1):
        for marker in sentence.markers:
            if marker not in known:
                known.add(marker)
                yield {**citations[marker], "type": "citation", "citation_type": citations[marker]["type"]}
        yield {
            "type": "sentence",
            "number": number,
            "text": sentence.text,
            "start": sentence.start,
            "end": sentence.end,
            "markers": list(sentence.markers),
            "status": sentence.status,
            "mode": answer.mode,
        }


def last_event(reply: Reply) -> Event:
    """Return the event that ends the stream with the whole *reply*."""
    return {"type": "abstain" if isinstance(reply, Abstention) else "end", "reply": reply_to_json(reply)}


def error_event(refusal: RefusalError) -> Event:
    """Return the event that ends the stream without a reply."""
    return {"type": "error", **refusal.to_json()}


def event_bytes(event: Event) -> bytes:
    """Return *event* as it is sent: its type as the event's name, and itself as one line of JSON."""
    return b"event: " + str(event["type"]).encode("ascii") + b"\ndata: " + json_bytes(event) + b"\n\n"
