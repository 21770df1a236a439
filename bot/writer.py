"""Step 3: turns evidence into a draft: sentences, each with the positions of the evidence it rests on.

Knows nothing of citations, offsets or faces. There are two writers: one repeats the documents' own sentences, the other
reads what a chat model writes.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.evidence import Evidence, EvidenceSentence
from bot.prompts import data_lines, fill
from index.document import Description
from index.parse import split_sentences

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

# The text of one or more sentences, the ids in brackets that end it, and a full stop that some models put after them; what
# follows shows that the ids are complete.
_CITED = re.compile(r"(?P<text>[^\[\]\n]*)(?P<ids>(?:[ \t]*\[[^\[\]\n]{0,80}\])+)(?P<stop>[.!?]*)(?=[ \t]*(?:\n|[^\s\[\].!?]))")
_LINE = re.compile(r"[^\n]*\n")
_BULLET = re.compile(r"^\s*(?:[-*•]|\d{1,2}[.)])\s+|\*\*")


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


def answer_prompt(question: str, evidence: Evidence, descriptions: Mapping[str, Description], ids: Sequence[str]) -> "list[BaseMessage]":
    """Return what a chat model is sent to word the answer: the question, and the evidence as data, named by *ids*."""
    lines = []
    for identity, sentence in zip(ids, evidence.sentences, strict=True):
        description = descriptions[_document(sentence)]
        said = {"document": description.title, "kind": description.kind, "speaker": description.speaker, "date": description.date}
        lines.append({"id": identity, "text": sentence.scored.text, **{name: value for name, value in said.items() if value}})
    return fill("answer", {"question": question, "evidence": data_lines(lines)})


def read_draft(pieces: Iterable[str], ids: Sequence[str]) -> Iterator[DraftSentence]:
    """Yield the sentences of a draft that arrives in *pieces*, each as soon as its ids are whole.

    *ids* name the evidence in its order. A sentence that cites nothing, or an id that was not sent, comes without cites.
    """
    positions = {identity: position for position, identity in enumerate(ids)}
    buffer = ""
    for piece in _with_end(pieces):
        buffer += piece
        while found := _CITED.match(buffer) or _LINE.match(buffer):
            buffer = buffer[found.end() :]
            yield from _drafted(found, positions)


def _with_end(pieces: Iterable[str]) -> Iterator[str]:
    yield from pieces
    yield "\n"


def _drafted(found: re.Match[str], positions: Mapping[str, int]) -> Iterator[DraftSentence]:
    parts = found.groupdict()
    text = _BULLET.sub("", parts.get("text") or ("" if parts else found.group())).strip()
    if parts and parts["stop"] and not text.endswith((".", "!", "?")):
        text += parts["stop"]
    cited = re.findall(r"[^\[\],;\s]+", parts.get("ids") or "")
    known = tuple(dict.fromkeys(positions[identity] for identity in cited)) if all(identity in positions for identity in cited) else ()
    for sentence in split_sentences(text, "en"):
        yield DraftSentence(text[sentence.start : sentence.end], known)


def _document(sentence: EvidenceSentence) -> str:
    return sentence.scored.passage.paragraph.document_id
