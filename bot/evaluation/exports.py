"""Turns queries, documents and results into the files that other evaluation tools read. Knows nothing of the assistant."""

import csv
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from bot.evaluation.measures import MEASURES, relevant_paragraphs
from bot.evaluation.queries import Query, safe_cell
from bot.evaluation.results import Result
from bot.evaluation.runs import RunError, trec_run
from bot.reply import Answer
from index.document import Document

Documents = Mapping[str, Document]
Writer = Callable[[Sequence[Result], Documents, Path], None]


def export(form: str, results: Sequence[Result], documents: Documents, folder: Path) -> None:
    """Write *results* into *folder* in one of FORMATS. Raises RunError if it cannot be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        FORMATS[form](results, documents, folder)
    except OSError as error:
        raise RunError(f"{error.filename} cannot be written ({error.strerror}). Name a folder you may write to.") from error


def _beir(results: Sequence[Result], documents: Documents, folder: Path) -> None:
    """Write BEIR's corpus.jsonl, queries.jsonl and qrels/test.tsv; follow-ups stand as a person rewrote them."""
    paragraphs = [(document.description.title, paragraph) for document in documents.values() for paragraph in document.paragraphs]
    _write_lines(folder / "corpus.jsonl", ({"_id": each.paragraph_id, "title": title, "text": each.text} for title, each in paragraphs))
    _write_lines(folder / "queries.jsonl", ({"_id": each.query.query_id, "text": _standalone(each.query)} for each in results))
    judged = [f"{query}\t{paragraph}\t{grade}\n" for query, paragraph, grade in _judgments(results, documents)]
    (folder / "qrels").mkdir(exist_ok=True)
    (folder / "qrels" / "test.tsv").write_text("".join(["query-id\tcorpus-id\tscore\n", *judged]), encoding="utf-8")


def _trec(results: Sequence[Result], documents: Documents, folder: Path) -> None:
    """Write TREC's qrels.txt and run.txt."""
    judged = (f"{query} 0 {paragraph} {grade}\n" for query, paragraph, grade in _judgments(results, documents))
    (folder / "qrels.txt").write_text("".join(judged), encoding="utf-8")
    (folder / "run.txt").write_text("".join(trec_run(results)), encoding="utf-8")


def _mtrag(results: Sequence[Result], documents: Documents, folder: Path) -> None:
    """Write predictions.jsonl as MTRAG's scripts read them; ``conversation::turn`` ids give the conversation."""
    texts = _texts(documents)
    _write_lines(
        folder / "predictions.jsonl",
        (
            {
                "conversation_id": result.query.query_id.split("::")[0],
                "task_id": result.query.query_id,
                "Collection": "sco-documents",
                "input": [
                    *({"speaker": message.speaker, "text": message.text} for message in result.query.turns),
                    {"speaker": "user", "text": result.query.question},
                ],
                "contexts": [
                    {"document_id": paragraph, "score": 1 / rank, "text": texts[paragraph]}
                    for rank, paragraph in enumerate(result.ranking, start=1)
                ],
                "predictions": [{"text": result.text}],
            }
            for result in results
        ),
    )


def _ragas(results: Sequence[Result], documents: Documents, folder: Path) -> None:
    """Write samples.jsonl, each line the fields of a ragas SingleTurnSample; the reference is the required gold quotes."""
    texts = _texts(documents)
    _write_lines(
        folder / "samples.jsonl",
        (
            {
                "user_input": _standalone(result.query),
                "retrieved_contexts": [texts[paragraph] for paragraph in result.ranking],
                "retrieved_context_ids": list(result.ranking),
                "reference_context_ids": sorted(relevant_paragraphs(result.query, documents)),
                "response": result.text,
                "reference": " ".join(alternatives[0].quote for alternatives in result.query.facets.values()),
            }
            for result in results
        ),
    )


def _csv(results: Sequence[Result], documents: Documents, folder: Path) -> None:
    """Write results.csv, a row a query, for a spreadsheet; no cell can be taken for a formula."""
    names = [measure.name for measure in MEASURES]
    with (folder / "results.csv").open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "class", "answerability", "question", "outcome", "probability", "reply", "cited", *names])
        for result in results:
            query, reply = result.query, result.reply
            cited = " ".join(citation.sentence_id for citation in reply.citations) if isinstance(reply, Answer) else ""
            texts = (query.query_id, query.query_class, query.answerability, query.question, result.outcome)
            scores = (result.scores.get(name, "") for name in names)
            writer.writerow([*map(safe_cell, texts), round(result.probability, 4), safe_cell(result.text), cited, *scores])


FORMATS: Mapping[str, Writer] = {"beir": _beir, "trec": _trec, "mtrag": _mtrag, "ragas": _ragas, "csv": _csv}


def _standalone(query: Query) -> str:
    return query.rewrite or query.question


def _judgments(results: Sequence[Result], documents: Documents) -> list[tuple[str, str, int]]:
    return [
        (result.query.query_id, paragraph, grade)
        for result in results
        for paragraph, grade in relevant_paragraphs(result.query, documents).items()
    ]


def _texts(documents: Documents) -> dict[str, str]:
    return {paragraph.paragraph_id: paragraph.text for document in documents.values() for paragraph in document.paragraphs}


def _write_lines(path: Path, rows: Iterable[Mapping[str, object]]) -> None:
    path.write_text("".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows), encoding="utf-8")
