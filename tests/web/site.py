"""The whole site over a scripted assistant, in this process and without a port: no model is loaded."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
from fastapi import FastAPI
from fastapi.testclient import TestClient

from bot.assistant import Trace
from bot.conversation import Conversation
from bot.filters import ALL_DOCUMENTS, Scope
from bot.web.access import Access
from bot.web.api import api_application
from bot.web.desk import Desk
from bot.web.feedback import FeedbackFile
from bot.web.limits import Rates, Workers
from bot.web.metrics import Metrics
from bot.web.server import build_server
from index.document import Description, Document, Paragraph, Passage, Sentence
from index.filters import Filters
from index.search import SearchResult
from tests.web.examples import REMARKS, abstention, answer, citation, courtesy

TEXT = "So it is. And so it stays."
PARAGRAPH = Paragraph("remarks-2019", 12, 0, TEXT, "body", "10", (Sentence(1, 0, 9), Sentence(2, 10, 26)))
TWO_SENTENCES = (("One.", (1,)), ("Two.", (2, 1)))
TWO_CITATIONS = (citation(1), citation(2, sentence=2))

FAILED = "The chat model failed."
EXTRACT = replace(answer(("Alpha.", (1,)), ("Beta.", (2,)), citations=(citation(1, sentence=2), citation(2))), note=FAILED)

HERE_ALONE = Access()
PLENTY = Access(per_address=10**6)  # where a test asks more than a visitor may


class Scripted:
    """Stands in for the assistant: what it replies is decided by the question's first word; it remembers what it was asked."""

    examples = ("Is it so?",)
    index_fingerprint = "0" * 16

    def __init__(self) -> None:
        self.asked: list[tuple[str, Conversation]] = []
        self.scopes: list[Scope] = []
        self.go = threading.Event()  # lets "wait" go on

    def traces(self, question: str, conversation: Conversation, scope: Scope = ALL_DOCUMENTS) -> Iterator[Trace]:
        """Yield an answer, growing for "grow"; an abstention for "why", a courtesy for "hi", and an error for "fail".

        For "break" a chat model's answer begins, and is then given up for the documents' own sentences.
        """
        self.asked.append((question, conversation))
        self.scopes.append(scope)
        word = question.split()[0].lower().strip("?")
        if word == "fail":
            raise RuntimeError("secret detail")
        if word == "wait":
            assert self.go.wait(30)
        if word in ("why", "hi"):
            yield Trace(abstention(question=question) if word == "why" else courtesy(question=question), None)
            return
        if word == "break":
            begun = answer(TWO_SENTENCES[0], citations=TWO_CITATIONS[:1], question=question)
            yield Trace(replace(begun, mode="llm"), None)
            yield Trace(replace(EXTRACT, question=question, standalone_question=question), None)
            return
        for count in (1, 2) if word == "grow" else (2,):
            yield Trace(answer(*TWO_SENTENCES[:count], citations=TWO_CITATIONS[:count], question=question), None)

    def search(self, question: str, filters: Filters) -> SearchResult:
        """Return the one paragraph, whatever is asked."""
        self.asked.append((question, Conversation()))
        self.scopes.append(Scope(filters))
        return SearchResult(np.zeros(1, np.float32), frozenset(), (Passage(PARAGRAPH, 1.25, 1), Passage(PARAGRAPH, 0.5, 2)), ())

    def descriptions(self) -> tuple[Description, ...]:
        """Return the one document."""
        return (REMARKS,)

    def document(self, document_id: str) -> Document | None:
        """Return the one document, or None."""
        return Document(REMARKS, TEXT, (PARAGRAPH,)) if document_id == REMARKS.document_id else None


@contextmanager
def site(assistant: object, access: Access = HERE_ALONE, reports: Path = Path("reports")) -> Iterator[TestClient]:
    """Serve *assistant*; a failure comes back as a response, as it would outside."""

    async def built() -> FastAPI:  # outside a running loop Gradio makes loops of its own and leaves them open
        return build_server(assistant, reports, access)

    with TestClient(asyncio.run(built()), raise_server_exceptions=False) as client:
        yield client


def api(assistant: object, feedback: FeedbackFile | None = None, rates: Rates | None = None) -> TestClient:
    """Return a client of the API alone, without pages and without what stands before it: built in no time."""
    desk = Desk(assistant, Workers(), rates or Rates(per_address=10**6), Metrics())
    return TestClient(api_application(desk, feedback, ()), raise_server_exceptions=False)


def events(text: str) -> list[dict[str, object]]:
    """Return the data of the events in a stream, each of which names its type."""
    found = []
    for block in text.split("\n\n")[:-1]:
        name, data = block.split("\n")
        found.append(json.loads(data.removeprefix("data: ")))
        assert name == f"event: {found[-1]['type']}"
    return found
