"""Reads the hand-written drafts: sentences as a chat model may write them, with what they cite, supported or not.

They cite the default corpus, and statements of states in the United Nations' General Debate (the UN General Debate Corpus of Jankin,
Baturo and Dasandi, CC0). The statements drawn first are of the dev part, those drawn after them of the test part.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bot.verification import Floats, Source, WordStates, verify
from index.corpus import find_files, read_document
from index.document import Description
from index.terms import WORD

FOLDER = Path(__file__).with_name("drafts")
STATEMENT = "Statement in the General Debate"
CORPUS = Path(__file__).resolve().parents[2] / "index" / "corpus"


@dataclass(frozen=True)
class Draft:
    """One sentence: whether its sources support it, its kind, and the part of the set that it belongs to."""

    sentence: str
    sources: tuple[Source, ...]
    supported: bool
    kind: str
    split: str

    @property
    def is_of_a_statement(self) -> bool:
        """Whether it cites the statement of a state, not the default corpus."""
        return self.sources[0].description.title == STATEMENT


def read_drafts() -> list[Draft]:
    """Return all drafts, the supported ones first."""
    documents = [read_document(file) for file in find_files(CORPUS)]
    held = {
        paragraph.sentence_id(sentence): Source(paragraph.sentence_text(sentence), document.description)
        for document in documents
        for paragraph in document.paragraphs
        for sentence in paragraph.sentences
    }
    held |= _statements()
    drafts = []
    for name, supported in (("good", True), ("good_un", True), ("hostile", False), ("hostile_un", False)):
        for line in (FOLDER / f"{name}.jsonl").read_text(encoding="utf-8").splitlines():
            read = json.loads(line)
            drafts.append(Draft(read["sentence"], tuple(held[cited] for cited in read["cites"]), supported, read["kind"], read["split"]))
    return drafts


def _statements() -> dict[str, Source]:
    """Return the cited sentences of the statements, by their ids."""
    found = {}
    for line in (FOLDER / "statements.jsonl").read_text(encoding="utf-8").splitlines():
        read = json.loads(line)
        description = Description(read["id"].partition("/")[0], STATEMENT, "speech", read["year"], read["state"])
        found[read["id"]] = Source(read["sentence"], description)
    return found


def in_one_batch(drafts: Sequence[Draft], states: WordStates) -> WordStates:
    """Return *states* with all that verifying *drafts* asks of it computed at once, which is several times as fast."""
    asked: dict[str, None] = {}

    def remember(texts: Sequence[str]) -> list[Floats]:
        asked.update(dict.fromkeys(texts))
        return [np.zeros((len(WORD.findall(text)), 1), dtype=np.float32) for text in texts]

    for draft in drafts:
        verify(draft.sentence, draft.sources, remember)
    texts = sorted(asked, key=len)
    found = dict(zip(texts, states(texts), strict=True))
    return lambda wanted: [found[text] for text in wanted]


def shown(drafts: Sequence[Draft], states: WordStates | None) -> list[bool]:
    """Return for each draft whether verification lets it through."""
    return [verify(draft.sentence, draft.sources, states).fault is None for draft in drafts]
