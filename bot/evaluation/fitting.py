"""Turns the dev queries and what search finds for them into the coefficients of the evidence step (bot/evidence.json).

Run as `python -m bot.evaluation.fitting`; the test queries are never read. Knows nothing of thresholds.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

ANSWERABLE = ("best_reading", "best_cosine", "unknown_name", "number_gap", "time_gap")  # eight others won nothing in cross-validation
ANSWERS = ("reading", "cosine", "cosine_standard", "terms_standard", "paragraph_score", "number_gap", "time_gap")
PENALTY = 0.3  # scikit-learn's C over standardised signals; from 0.1 to 1 nothing changed in cross-validation
CANDIDATES = 8  # best sentences of a question that "answers" is fitted on; the rest are trivially wrong
_FILE = Path(__file__).resolve().parent.parent / "evidence.json"

Row = tuple[Mapping[str, float], bool]


def fit(rows: Sequence[Row], names: Sequence[str], balanced: bool) -> dict[str, object]:
    """Return the logistic regression of *rows* (signals and outcome) as an intercept and one weight a name."""
    from sklearn.linear_model import LogisticRegression

    signals = np.array([[row[name] for name in names] for row, _ in rows])
    outcomes = np.array([outcome for _, outcome in rows])
    centre, spread = signals.mean(axis=0), signals.std(axis=0) + 1e-9
    model = LogisticRegression(C=PENALTY, max_iter=5_000, class_weight="balanced" if balanced else None)
    model.fit((signals - centre) / spread, outcomes)
    weights = model.coef_[0] / spread
    intercept = float(model.intercept_[0] - weights @ centre)
    return {"intercept": round(intercept, 4), "weights": {name: round(float(w), 4) for name, w in zip(names, weights, strict=True)}}


def main() -> None:
    """Collect the signals of the dev queries over the default corpus, fit both models, and write them."""
    from bot.evaluation.queries import read_queries
    from bot.question import parts
    from bot.settings import read_settings
    from bot.signals import question_signals, sentence_signals
    from index.corpus import read_corpus
    from index.embedding import check_model
    from index.graph import prepare_encoder
    from index.search import search
    from index.store import open_generation

    settings = read_settings()
    documents = {document.document_id: document for document in read_corpus(settings.corpus_dir).documents}
    queries = read_queries(_FILE.parent.parent / "tests" / "queries" / "dev.jsonl", documents).queries
    generation = open_generation(settings.index_dir)
    embeddings = prepare_encoder(check_model(settings.embedding_model), settings.index_dir)
    answerable: list[Row] = []
    answers: list[Row] = []
    for query in queries:
        if query.answerability in ("conversational", "underspecified"):
            continue
        gold = [(entry.document_id, entry.paragraph, entry.quote) for entry in query.gold if entry.facet > 0]
        for part in parts(generation.vocabulary.in_words_of_the_documents(query.rewrite or query.question)):
            found = search(generation, embeddings, part)
            right = [
                any(
                    (scored.passage.paragraph.document_id, scored.passage.paragraph.number) == (document, paragraph)
                    and (quote in scored.text or scored.text in quote)
                    for document, paragraph, quote in gold
                )
                for scored in found.sentences
            ]
            read = [at for at, scored in enumerate(found.sentences) if scored.reading is not None]
            signals = sentence_signals(part, found)
            answers += [(signals[at], right[at]) for at in read[:CANDIDATES]]
            if not gold or any(right[at] for at in read):
                answerable.append((question_signals(part, found, signals), bool(gold)))
    models = {"answerable": fit(answerable, ANSWERABLE, True), "answers": fit(answers, ANSWERS, False)}
    about = f"{len(answerable)} questions and {len(answers)} sentences of tests/queries/dev.jsonl"
    _FILE.write_text(json.dumps({"fitted_on": about, "command": "python -m bot.evaluation.fitting", "models": models}, indent=1) + "\n")


if __name__ == "__main__":
    main()
