"""Turns a public question-answering data set into a corpus folder and a query file of our own forms.

From there on it is measured like any other corpus. Knows nothing of the assistant or of measures.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import yaml
from pydantic import BaseModel, Field

from bot.evaluation.figures import SEED
from bot.evaluation.queries import QueryError
from index.corpus import CorpusFile, read_document
from index.document import Document

FORMATS = ("squad", "xquad", "mtrag")  # XQuAD has SQuAD's form, without unanswerable questions
_BREAKS = re.compile(r"[\r\n\0]")  # each becomes one space: a paragraph is one line, and offsets stay

Row = dict[str, object]


class _Span(BaseModel):
    answer_start: int


class _Question(BaseModel):
    id: str
    question: str
    answers: tuple[_Span, ...] = ()
    is_impossible: bool = False


class _Context(BaseModel):
    context: str
    qas: tuple[_Question, ...]


class _Article(BaseModel):
    title: str
    paragraphs: tuple[_Context, ...]


class _Squad(BaseModel):
    data: tuple[_Article, ...]


class _Passage(BaseModel):
    document_id: str
    title: str = ""
    text: str


class _Message(BaseModel):
    speaker: str
    text: str


class _Reference(BaseModel):
    document_id: str


class _Task(BaseModel):
    task_id: str
    collection: str = Field(alias="Collection")
    answerability: tuple[str] = Field(alias="Answerability")
    input: tuple[_Message, ...] = Field(min_length=1)
    contexts: tuple[_Reference, ...]


class _Mtrag(BaseModel):
    documents: tuple[_Passage, ...]
    tasks: tuple[_Task, ...]


def write_dataset(form: str, path: Path, folder: Path, limit: int | None) -> None:
    """Write the data set at *path* into *folder* as ``corpus/`` and ``queries.jsonl``, with at most *limit* questions.

    A limit takes a random sample, the same each time. Raises QueryError if *path* is not of
    the form (one of FORMATS) or the limit is below 1.
    """
    if limit is not None and limit < 1:
        raise QueryError(f"--limit {limit} leaves no question. Give a number from 1, or leave it out.")
    (folder / "corpus").mkdir(parents=True)
    try:
        data = path.read_bytes()
        rows = list(
            _mtrag(_Mtrag.model_validate_json(data), folder) if form == "mtrag" else _squad(_Squad.model_validate_json(data), folder)
        )
    except (OSError, ValueError) as error:
        raise QueryError(f"{path} cannot be read as {form}: {error}. Give its JSON file, or another --format.") from error
    if limit is not None and limit < len(rows):
        rows = [rows[at] for at in sorted(np.random.default_rng(SEED).choice(len(rows), limit, replace=False))]
    (folder / "queries.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")


def _squad(data: _Squad, folder: Path) -> Iterator[Row]:
    """Yield every question of every article, whose paragraphs become one document."""
    for number, article in enumerate(data.data, start=1):
        document = _write_document(folder, number, article.title, [paragraph.context for paragraph in article.paragraphs])
        start = 0  # of the paragraph in the document's text
        for paragraph in article.paragraphs:
            for asked in paragraph.qas:
                offsets = [] if asked.is_impossible else sorted({start + answer.answer_start for answer in asked.answers})
                yield {
                    "id": asked.id,
                    "class": article.title,
                    "question": asked.question,
                    "answerability": "unanswerable" if asked.is_impossible else "answerable",
                    "gold": [_gold_sentence(document, offset) for offset in offsets],
                }
            start += len(paragraph.context) + 1


def _gold_sentence(document: Document, offset: int) -> Row:
    """Return the sentence in which an answer begins, at *offset* of the document's text, as gold."""
    paragraph = next(each for each in reversed(document.paragraphs) if each.start <= offset)
    sentence = next(each for each in reversed(paragraph.sentences) if paragraph.start + each.start <= offset)
    return {"doc": document.document_id, "paragraph": paragraph.number, "quote": paragraph.sentence_text(sentence)}


def _mtrag(data: _Mtrag, folder: Path) -> Iterator[Row]:
    """Yield every task as a question with its turns; a passage becomes a document of one paragraph.

    One that repeats another is that other, since a build indexes what stands twice word for word once. The judgments name
    passages, not sentences, so gold has no facet and only retrieval and abstention can be measured.
    """
    written: dict[str, Document] = {}
    documents: dict[str, Document] = {}
    for number, passage in enumerate(data.documents, start=1):
        text = " ".join(passage.text.split())
        if text not in written:
            written[text] = _write_document(folder, number, passage.title or passage.document_id, [passage.text])
        documents[passage.document_id] = written[text]
    for task in data.tasks:
        judged = {documents[reference.document_id].document_id for reference in task.contexts if reference.document_id in documents}
        named = [document.paragraphs[0] for document in written.values() if document.document_id in judged]
        yield {
            "id": task.task_id,
            "class": task.collection,
            "question": task.input[-1].text,
            "turns": [message.model_dump() for message in task.input[:-1]],
            "answerability": task.answerability[0].lower(),
            "gold": [{"doc": each.document_id, "paragraph": 1, "quote": each.text, "facet": 0, "grade": 1} for each in named],
        }


def _write_document(folder: Path, number: int, title: str, paragraphs: Sequence[str]) -> Document:
    """Write one document of the corpus, a paragraph a line, and return it as the corpus reads it."""
    slug = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:60].strip("-")
    document_id = f"{number:05}-{slug}".strip("-")
    front_matter = yaml.safe_dump({"title": title, "kind": "public data set"}, allow_unicode=True)
    text = "\n".join(_BREAKS.sub(" ", paragraph) for paragraph in paragraphs)
    path, content = folder / "corpus" / f"{document_id}.txt", f"---\n{front_matter}---\n{text}".encode()
    path.write_bytes(content)
    return read_document(CorpusFile(path, document_id, hashlib.sha256(content).hexdigest()))
