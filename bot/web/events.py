"""Turns a reply that grows into server-sent events. Knows nothing of questions, of HTTP, or of how a reply comes about.

Every event's data is one JSON object with a ``type``. A citation comes before the first sentence that names its marker.
"""

from collections.abc import Iterator
from typing import cast

from bot.reply import Abstention, Answer, Courtesy, Reply, reply_to_json
from bot.web.refusals import RefusalError, json_bytes

Event = dict[str, object]
EVENTS = ("start", "citation", "sentence", "end", "abstain", "error")  # their types


class Growth:
    """What of a growing reply was told already."""

    def __init__(self) -> None:
        self._begun = False
        self._sentences = 0
        self._markers: set[int] = set()

    def grown(self, reply: Reply) -> Iterator[Event]:
        """Yield the events for what *reply* holds beyond what was told: the start, citations and sentences."""
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
            yield from self._sentences_of(reply)

    def _sentences_of(self, answer: Answer) -> Iterator[Event]:
        citations = {citation["index"]: citation for citation in cast("list[Event]", reply_to_json(answer)["citations"])}
        for number, sentence in enumerate(answer.sentences[self._sentences :], start=self._sentences + 1):
            for marker in sentence.markers:
                if marker not in self._markers:
                    self._markers.add(marker)
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
            self._sentences = number


def last_event(reply: Reply) -> Event:
    """Return the event that ends the stream with the whole *reply*."""
    return {"type": "abstain" if isinstance(reply, Abstention) else "end", "reply": reply_to_json(reply)}


def error_event(refusal: RefusalError) -> Event:
    """Return the event that ends the stream without a reply."""
    return {"type": "error", **refusal.to_json()}


def event_bytes(event: Event) -> bytes:
    """Return *event* as it is sent: its type as the event's name, and itself as one line of JSON."""
    return b"event: " + str(event["type"]).encode("ascii") + b"\ndata: " + json_bytes(event) + b"\n\n"
