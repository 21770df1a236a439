"""Evidence is chosen from what search found, or a reason is given; these hold whatever the thresholds are."""

from dataclasses import fields, replace
from typing import get_args

import numpy as np
import pytest

from bot import evidence as evidence_module
from bot.evidence import SUBJECT_FROM, Evidence, LogisticModel, NoEvidence, choose_evidence, is_there, near_best, reread, says_the_same
from bot.reply import AbstentionReason
from index.document import Description, Passage
from index.parse import parse_document
from index.search import ScoredSentence, search

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
    evidence = choose_evidence([(question, found)])
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
    assert isinstance(choose_evidence([("Anything", nothing)]), NoEvidence)


def test_where_the_reader_read_nothing_nearness_decides(generation, embeddings):
    """Another embedding model has no reader; how near is near depends on its scale."""

    def unread(question):
        found = search(generation, embeddings, question)
        return [(question, replace(found, sentences=tuple(replace(scored, reading=None) for scored in found.sentences)))]

    evidence = choose_evidence(unread(QUESTIONS[0]), unrelated=0.05)
    assert isinstance(evidence, Evidence)
    assert "legalising cannabis" in evidence.sentences[0].scored.text
    assert isinstance(choose_evidence(unread("How do I bake sourdough bread?"), unrelated=0.05), NoEvidence)
    assert isinstance(choose_evidence(unread(QUESTIONS[0]), unrelated=0.9), NoEvidence)


@pytest.mark.parametrize(("probability", "answered"), [(0.32, (False, False)), (0.4, (True, False)), (0.5, (True, True))])
def test_a_subject_alone_needs_more_than_a_question(generation, embeddings, monkeypatch, probability, answered):
    """It asks nothing, so that a sentence that is merely near it would do."""
    monkeypatch.setattr(LogisticModel, "probability", lambda model, signals: probability)
    asked = [("cannabis", search(generation, embeddings, "cannabis"))]
    chosen = choose_evidence(asked), choose_evidence(asked, answer_from={"cannabis": SUBJECT_FROM})
    assert tuple(isinstance(one, Evidence) for one in chosen) == answered


def test_a_subject_is_there_if_one_sentence_holds_all_its_words(generation, embeddings):
    """However little the models make of it; chiefs and cannabis are both spoken of, and nowhere in one sentence."""
    found = search(generation, embeddings, "19 chiefs")
    assert isinstance(choose_evidence([("19 chiefs", found)], answer_from={"19 chiefs": SUBJECT_FROM}), NoEvidence)
    assert is_there("the 19 chiefs", found)
    assert not is_there("19 chiefs and cannabis", found)


def test_a_subject_is_there_if_there_is_evidence_of_it(generation, embeddings):
    """Be it in other words: of smuggling there is trafficking, of whales nothing."""
    found = {subject: search(generation, embeddings, subject) for subject in ("drug smuggling", "whales", "the of it 7")}
    assert [is_there(subject, each) for subject, each in found.items()] == [True, False, False]


def test_what_is_open_is_decided_by_reading_the_sentence_that_would_come_first(generation, embeddings, monkeypatch):
    """A certain no leaves the question without an answer, a certain yes answers it."""
    monkeypatch.setattr(evidence_module, "OPEN_TO", 1.0)
    read = []

    def closely(logit):
        return lambda question, sentences: read.append((question, sentences)) or [logit] * len(sentences)

    asked = [(QUESTIONS[0], search(generation, embeddings, QUESTIONS[0]))]
    answered = choose_evidence(asked, closely=closely(8.0))
    refused = choose_evidence(asked, closely=closely(-30.0))
    assert isinstance(answered, Evidence)
    assert isinstance(refused, NoEvidence)
    assert answered.probability > refused.probability
    assert [(question, sentences[0]) for question, sentences in read] == [(QUESTIONS[0], answered.sentences[0].scored.text)] * 2


@pytest.mark.parametrize(
    ("second", "readings", "first"),
    [
        pytest.param(0.5, [-2.0, 3.0], 1, id="near, and read as the answer: 0.41 below the best, 1.5 above it"),
        pytest.param(0.5, [3.0, -2.0], 0, id="near, and read as none"),
        pytest.param(0.5, [1.0, 1.5], 0, id="near, and read a little better: 0.15 do not make up for 0.41"),
        pytest.param(0.3, [-2.0], 0, id="not near, so that it is not read"),
    ],
)
def test_a_second_sentence_that_comes_near_the_best_is_read_too_and_comes_first_if_it_answers(
    generation, embeddings, second, readings, first
):
    """Logits of 0.6, 0.5 and 0.3 are 0.41, 0 and -0.85; a reading counts by three tenths."""
    one, other, last = search(generation, embeddings, QUESTIONS[0]).sentences[:3]
    ranked = [(0.6, one), (second, other), (0.1, last)]
    assert len(near_best(ranked)) == len(readings)
    again, read = reread(ranked, readings)
    assert (again, read) == ([ranked[first], ranked[1 - first], ranked[2]], readings[first])


def test_the_sentence_that_close_reading_puts_first_is_shown_first(generation, embeddings, monkeypatch):
    """Two come near each other here; by its reading the second stands far above."""
    monkeypatch.setattr(evidence_module, "OPEN_TO", 1.0)
    read = []
    asked = [(QUESTIONS[0], search(generation, embeddings, QUESTIONS[0]))]
    evidence = choose_evidence(asked, closely=lambda question, sentences: read.extend(sentences) or [0.0, 9.0])
    assert isinstance(evidence, Evidence)
    assert [sentence.scored.text for sentence in evidence.sentences[:2]] == read[::-1]


@pytest.mark.parametrize(("open_from", "open_to"), [(0.0, 0.0), (1.0, 1.0)])
def test_what_is_clear_is_not_read_again(generation, embeddings, monkeypatch, open_from, open_to):
    """Reading closely takes longer than all else; above or below what is open it would change nothing."""
    monkeypatch.setattr(evidence_module, "OPEN_FROM", open_from)
    monkeypatch.setattr(evidence_module, "OPEN_TO", open_to)
    asked = [(QUESTIONS[0], search(generation, embeddings, QUESTIONS[0]))]
    assert choose_evidence(asked, closely=lambda question, sentences: pytest.fail("it was read")) == choose_evidence(asked)


def test_a_sentence_that_is_not_read_closely_is_judged_without(generation, embeddings, monkeypatch):
    """None says that the question is none that could be read with a sentence."""
    monkeypatch.setattr(evidence_module, "OPEN_TO", 1.0)
    asked = [(QUESTIONS[0], search(generation, embeddings, QUESTIONS[0]))]
    assert choose_evidence(asked, closely=lambda question, sentences: None) == choose_evidence(asked)


def test_choosing_twice_gives_the_same_evidence(generation, embeddings):
    """Evidence depends on the question and what was found, on nothing else."""
    found = search(generation, embeddings, QUESTIONS[0])
    first = choose_evidence([(QUESTIONS[0], found)])
    assert isinstance(first, Evidence)
    assert choose_evidence([(QUESTIONS[0], found)]) == first


def test_a_part_that_nothing_answers_leaves_the_other_its_answer(generation, embeddings):
    """Of two things asked the one that the documents answer is answered."""
    parts = ["Is the SCO a military bloc?", "How do I bake sourdough bread?"]
    evidence = choose_evidence([(part, search(generation, embeddings, part)) for part in parts])
    assert isinstance(evidence, Evidence)
    assert evidence.sentences[0].scored.text.startswith("While not a military bloc")


def test_what_both_documents_say_is_shown_once_and_cited_twice(generation, embeddings):
    """The arms race stands word for word in speech and report: one sentence, and beside it the other document's."""
    question = "Is there a threat of a new round in the arms race?"
    evidence = choose_evidence([(question, search(generation, embeddings, question))])
    assert isinstance(evidence, Evidence)
    first = evidence.sentences[0]
    documents = {first.scored.passage.paragraph.document_id, *(other.passage.paragraph.document_id for other in first.also)}
    assert documents == {"norov-remarks-mcis-2019", "mcis-2019-report"}
    assert all("arms race" not in later.scored.text for later in evidence.sentences[1:])


# Read by a person: which sentences of the speech say the same as which of the report.
TWINS = {("p5/s1", "p2/s2"), ("p6/s1", "p2/s3"), ("p9/s1", "p3/s1"), ("p10/s1", "p3/s2"), ("p11/s1", "p4/s1"), ("p12/s1", "p4/s2"),
         ("p14/s1", "p4/s3"), ("p25/s1", "p5/s1"), ("p28/s1", "p5/s2")}  # fmt: skip


def test_says_the_same_finds_the_pairs_that_a_reader_finds(generation, embeddings):
    """Every pair found is one that a person marked, and all but one of the marked pairs are found."""
    found = [scored for scored in search(generation, embeddings, "security").sentences if scored.passage.paragraph.role == "body"]
    speech = [scored for scored in found if scored.passage.paragraph.document_id == "norov-remarks-mcis-2019"]
    report = [scored for scored in found if scored.passage.paragraph.document_id == "mcis-2019-report"]

    def place(scored):
        return f"p{scored.passage.paragraph.number}/s{scored.sentence.number}"

    pairs = {(place(one), place(other)) for one in speech for other in report if says_the_same(one, other)}
    assert pairs <= TWINS
    assert len(pairs) >= len(TWINS) - 1


SAID = "The SCO member states recognise the independence of the region."


def sentence_of(document_id: str, text: str) -> ScoredSentence:
    """Return *text* as search returns it from a document of that id; every one has the same vector."""
    paragraph = parse_document(Description(document_id, "A title", "report"), text).paragraphs[0]
    values: dict[str, object] = {field.name: 0.0 for field in fields(ScoredSentence)}
    values |= {"passage": Passage(paragraph, 0.0, 1), "sentence": paragraph.sentences[0], "vector": np.ones(1, np.float32)}
    return ScoredSentence(**{**values, "row": int(document_id.removeprefix("d")), "cosine": 1.0, "reading": None})


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (SAID, SAID, True),
        (SAID, SAID.replace("recognise", "do not recognise"), False),
        (SAID, SAID.replace("recognise", "don’t recognise"), False),
        (SAID, SAID.replace("recognise", "never recognise"), False),
        ("The states signed 12 agreements in 2018.", "The states signed 12 agreements in 2018.", True),
        ("The states signed 12 agreements in 2018.", "The states signed 12 agreements in 2019.", False),
        ("The states signed 12 agreements in Astana.", "The states signed twelve agreements in Astana.", True),
        ("The states signed ten agreements in Astana.", "The states signed twelve agreements in Astana.", False),
    ],
)
def test_sentences_say_the_same_only_with_the_same_numbers_and_denials(one, other, same):
    """However many words they share."""
    assert says_the_same(sentence_of("d1", one), sentence_of("d2", other)) is same


def test_at_most_three_documents_are_cited_beside_a_sentence(generation, embeddings):
    """Six documents that say one thing: it is shown once, with three more."""
    found = replace(search(generation, embeddings, SAID), sentences=tuple(sentence_of(f"d{number}", SAID) for number in range(6)))
    evidence = choose_evidence([(SAID, found)])
    assert isinstance(evidence, Evidence)
    assert [len(sentence.also) for sentence in evidence.sentences] == [3]


def test_a_logistic_model_is_the_logistic_function_of_its_weighted_signals():
    """1 / (1 + e^-(1 + 2 * 0.5)) = 0.8808, by hand."""
    assert LogisticModel(1.0, {"a": 2.0}).probability({"a": 0.5, "unused": 9.0}) == pytest.approx(0.8808, abs=1e-4)
