"""Evidence is chosen from what search found, or a reason is given; these hold whatever the thresholds are."""

from dataclasses import replace
from typing import get_args

import pytest

from bot.evidence import Evidence, NoEvidence, choose_evidence
from bot.reply import AbstentionReason
from index.search import search

QUESTIONS = [
    "What is the SCO's position on legalising cannabis?",
    "Is the SCO a military bloc?",
    "What does the SCO say about drug trafficking?",
    "What is the capital of France?",
    "Thank you for your attention",
    "Mr Chairman, colleagues, ladies and gentlemen",
    "7",
    "drugs " * 100,
]


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question[:20])
def test_evidence_is_found_sentences_each_once_or_a_known_reason(generation, embeddings, question):
    """No sentence comes from anywhere else, none is shown twice, and only statements are evidence."""
    found = search(generation, embeddings, question)
    evidence = choose_evidence(question, found)
    assert 0 <= evidence.probability <= 1
    if isinstance(evidence, NoEvidence):
        assert evidence.reason in get_args(AbstentionReason)
        return
    chosen = [scored for sentence in evidence.sentences for scored in (sentence.scored, *sentence.also)]
    assert chosen
    assert len({scored.row for scored in chosen}) == len(chosen)
    assert all(scored in found.sentences for scored in chosen)
    assert {scored.passage.paragraph.role for scored in chosen} <= {"body", "closing"}
    for sentence in evidence.sentences:
        own = sentence.scored.passage.paragraph.document_id
        assert all(other.passage.paragraph.document_id != own for other in sentence.also), "beside it stand other documents"


def test_nothing_found_is_no_evidence(generation, embeddings):
    """A search that finds no sentence leaves nothing to answer with."""
    nothing = replace(search(generation, embeddings, "Anything"), passages=(), sentences=())
    assert isinstance(choose_evidence("Anything", nothing), NoEvidence)


def test_choosing_twice_gives_the_same_evidence(generation, embeddings):
    """Evidence depends on the question and what was found, on nothing else."""
    found = search(generation, embeddings, QUESTIONS[0])
    first = choose_evidence(QUESTIONS[0], found)
    assert isinstance(first, Evidence)
    assert choose_evidence(QUESTIONS[0], found) == first
