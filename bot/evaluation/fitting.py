"""Turns the dev queries and what search finds for them into the coefficients of the evidence step (bot/evidence.json).

Run as `python -m bot.evaluation.fitting`; the test queries are never read. Knows nothing of thresholds.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from bot.evidence import LogisticModel, near_best, rank, reread
from index.search import SearchResult

ANSWERABLE = ("best_reading", "best_cosine", "unknown_name", "number_gap", "time_gap")  # eight others won nothing in cross-validation
CLOSELY = (*ANSWERABLE, "close_reading")
ANSWERS = ("reading", "cosine", "cosine_standard", "terms_standard", "paragraph_score", "number_gap", "time_gap")
PENALTY = 0.3  # scikit-learn's C over standardised signals; from 0.1 to 1 nothing changed in cross-validation
CANDIDATES = 6  # best sentences of a question that "answers" is fitted on; the rest are trivially wrong
_FILE = Path(__file__).resolve().parent.parent / "evidence.json"

Row = tuple[Mapping[str, float], bool]


def fit(rows: Sequence[Row], names: Sequence[str], balanced: bool) -> LogisticModel:
    """Return the logistic regression of *rows* (signals and outcome)."""
    from sklearn.linear_model import LogisticRegression

    signals = np.array([[row[name] for name in names] for row, _ in rows])
    outcomes = np.array([outcome for _, outcome in rows])
    centre, spread = signals.mean(axis=0), signals.std(axis=0) + 1e-9
    model = LogisticRegression(C=PENALTY, max_iter=5_000, class_weight="balanced" if balanced else None)
    model.fit((signals - centre) / spread, outcomes)
    weights = model.coef_[0] / spread
    intercept = float(model.intercept_[0] - weights @ centre)
    return LogisticModel(round(intercept, 4), {name: round(float(weight), 4) for name, weight in zip(names, weights, strict=True)})


def main() -> None:
    """Collect the signals of the dev queries over the default corpus, fit the models, and write them.

    Raises ModelError if the cross-encoder's weights are not there: what is fitted without them would never be read.
    """
    from bot.asked_about import whose_documents
    from bot.assistant import SUBJECT
    from bot.evaluation.queries import read_queries
    from bot.follow_up import subject_asked, understand
    from bot.question import parts
    from bot.settings import read_settings
    from bot.signals import question_signals, sentence_signals
    from index.corpus import read_corpus
    from index.cross_encoder import open_cross_encoder
    from index.embedding import check_model
    from index.errors import ModelError
    from index.graph import prepare_encoder
    from index.ranking import blend
    from index.search import search
    from index.store import open_generation

    settings = read_settings()
    documents = {document.document_id: document for document in read_corpus(settings.corpus_dir).documents}
    queries = read_queries(_FILE.parent.parent / "tests" / "queries" / "dev.jsonl", documents).queries
    generation = open_generation(settings.index_dir)
    embeddings = prepare_encoder(check_model(settings.embedding_model), settings.index_dir)
    whose = whose_documents(generation.descriptions())
    cross_encoder = open_cross_encoder(embeddings.files.digest)
    if cross_encoder is None:
        raise ModelError("There is no cross-encoder for this embedding model. Restore its weights from the project.")
    judged: list[tuple[str, str, SearchResult, Sequence[Mapping[str, float]], bool]] = []
    rows: list[Row] = []
    for query in queries:
        if query.answerability in ("conversational", "underspecified"):
            continue
        gold = [(entry.document_id, entry.paragraph, entry.quote) for entry in query.gold if entry.facet > 0]
        mended = generation.vocabulary.in_words_of_the_documents
        asked: list[tuple[str, str | None, Sequence[str]]] = [(part, None, ()) for part in parts(mended(query.rewrite or query.question))]
        understood = understand(query.question, query.before)
        if understood.wish == "answer" and (understood.leans or understood.setting):  # a follow-up is found in another way than its rewrite
            before = [mended(earlier) for earlier in understood.setting]
            whole = mended(understood.question)
            own = mended(understood.alone) if understood.alone else None
            asked += [(part, own, before) for part in ((whole,) if understood.leans else parts(whole))]
        for part, own_words, setting in asked:  # as the assistant does
            found = search(generation, embeddings, part, own_words=own_words, setting=setting)
            if own_words is None and (subject := subject_asked(part, whose)):
                found = blend(found, search(generation, embeddings, subject, setting=setting), SUBJECT)
            right = [
                any(
                    (scored.passage.paragraph.document_id, scored.passage.paragraph.number) == (document, paragraph)
                    and (quote in scored.text or scored.text in quote)
                    for document, paragraph, quote in gold
                )
                for scored in found.sentences
            ]
            read = [at for at, scored in enumerate(found.sentences) if scored.reading is not None]
            signals = sentence_signals(own_words or part, found)
            rows += [(signals[at], right[at]) for at in read[:CANDIDATES]]
            if not gold or any(right[at] for at in read):
                judged.append((part, own_words or part, found, signals, bool(gold)))
    answers = fit(rows, ANSWERS, False)
    answerable: list[Row] = []
    for whole, asking, found, of_sentences, outcome in judged:
        ranked = rank(answers, of_sentences, found)
        _, close = reread(ranked, [cross_encoder.read(embeddings, whole, scored.text) for _, scored in near_best(ranked)])
        answerable.append(({**question_signals(asking, found, of_sentences), "close_reading": close}, outcome))
    models = {"answerable": fit(answerable, ANSWERABLE, True), "answerable_closely": fit(answerable, CLOSELY, True), "answers": answers}
    about = f"{len(answerable)} questions and {len(rows)} sentences of tests/queries/dev.jsonl"
    content = {"fitted_on": about, "command": "python -m bot.evaluation.fitting", "models": {n: asdict(m) for n, m in models.items()}}
    _FILE.write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
