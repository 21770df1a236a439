"""What every store keeps to: the embedded one and Milvus give the same ids, texts, rankings, scores and answers."""

import threading

import numpy as np
import pytest

from app import EXAMPLES
from bot.assistant import Assistant
from bot.conversation import Conversation
from bot.filters import Scope
from bot.reply import reply_to_json
from index.errors import NoDocumentError
from index.filters import Filters
from index.milvus import Server
from index.milvus_publish import publish
from index.milvus_store import Published
from index.search import search
from index.terms import terms
from tests.index.test_crash import silent

QUESTIONS = (
    *EXAMPLES,
    "Where does the SCO stand on terrorism, separatism and extremism?",
    "What is said of Afghanistan and drugs?",
    "When was the SCO founded?",
    "peace peace peace drugs",  # a term asked for thrice
    "What is the capital of France?",
    "xyzzy",  # a term of no document
)
ROUNDING = 1e-6


@pytest.fixture(scope="module", params=["embedded", "milvus"])
def store(request, generation):
    """The default corpus, opened in each kind of store."""
    if request.param == "embedded":
        return generation
    server = Server(request.getfixturevalue("milvus").address("contract"))
    publish(server, generation, silent)
    return Published(server).open()


def described(store) -> list[str]:
    """Return the ids of a store's documents."""
    return [one.document_id for one in store.descriptions()]


# --- what it holds


def test_it_holds_the_generation_under_its_name(store, generation):
    """Ids in replies and logs mean the same everywhere."""
    assert store.manifest == generation.manifest
    assert store.vocabulary == generation.vocabulary
    assert store.descriptions() == generation.descriptions()


def test_documents_come_back_whole(store, generation):
    """Every character, every span."""
    for document_id in described(generation):
        assert store.document(document_id) == generation.document(document_id)
    assert store.document("no-such-document") is None


def test_every_paragraph_comes_by_its_row(store, generation):
    """With its vectors, and in the order asked for."""
    rows = list(range(generation.manifest.paragraphs))[::-1]
    found, expected = store.found(rows, ()), generation.found(rows, ())
    assert found.paragraphs == expected.paragraphs
    assert found.first_sentences == expected.first_sentences
    assert np.array_equal(found.vectors, expected.vectors)
    assert np.array_equal(found.sentence_vectors, expected.sentence_vectors)


def test_nothing_asked_for_is_nothing_found(store, generation):
    """With the shapes of something."""
    nothing = store.found([], ("drug",))
    assert (nothing.paragraphs, nothing.first_sentences) == ((), ())
    assert nothing.vectors.shape == nothing.sentence_vectors.shape == (0, generation.manifest.dimension)
    assert nothing.terms[0].scores.shape == (0,)
    assert store.sentence_states([]) == ()


def test_the_readers_states_come_by_the_sentences_rows(store, generation):
    """All of them, bit by bit."""
    rows = list(range(generation.manifest.sentences))
    for there, here in zip(store.sentence_states(rows), generation.sentence_states(rows), strict=True):
        assert np.array_equal(there.ids, here.ids)
        assert np.array_equal(there.states, here.states)
        assert there.states.dtype == np.float16


def test_the_moments_are_those_of_the_generation(store, generation):
    """They decide how strange a score is."""
    for there, here in (
        (store.paragraph_moments, generation.paragraph_moments),
        (store.sentence_moments, generation.sentence_moments),
    ):
        assert np.array_equal(there.mean, here.mean)
        assert np.array_equal(there.covariance, here.covariance)


# --- how it searches


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("filtered", [False, True], ids=["all", "filtered"])
def test_the_rankings_are_the_same(store, generation, embeddings, question, filtered):
    """By vectors and by terms, as deep as search looks, in one document as in all."""
    within = described(generation)[:1] if filtered else None
    vector, asked = embeddings.encode_question(question), terms(question)
    for rows, expected, by in (
        (store.nearest(vector, 50, within), generation.nearest(vector, 50, within), lambda found: found.vectors @ vector),
        (store.matching(asked, 50, within), generation.matching(asked, 50, within), lambda found: found.terms[0].scores),
    ):
        assert sorted(rows) == sorted(expected)
        scores = by(generation.found(rows, asked))  # of equals either may come first
        assert (np.diff(scores) <= ROUNDING).all()


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_scores_of_terms_are_the_same(store, generation, question):
    """Those of paragraphs and sentences, and how strange they are among all; of two texts at once, those of each by itself."""
    rows, asked = list(range(generation.manifest.paragraphs)), terms(question)
    other = terms("peace talks in Moscow")
    found, expected = store.found(rows, asked, other), [generation.found(rows, of_text) for of_text in (asked, other)]
    for both, alone in (
        (found.terms, [one.terms[0] for one in expected]),
        (found.sentence_terms, [one.sentence_terms[0] for one in expected]),
    ):
        for there, here in zip(both, alone, strict=True):
            assert np.array_equal(there.scores, here.scores)
            assert np.allclose([there.mean, there.spread], [here.mean, here.spread])
    assert store.known_terms(asked) == generation.known_terms(asked)


def test_no_document_within_is_no_paragraph_found(store, embeddings):
    """A filter that nothing meets is told of, not passed over."""
    assert store.nearest(embeddings.encode_question("drugs"), 50, ["no-such-document"]) == []
    assert store.matching(("drug",), 50, []) == []
    with pytest.raises(NoDocumentError):
        search(store, embeddings, "drugs", within=["no-such-document"])


# --- what is answered from it


@pytest.fixture(scope="module")
def answering(store, embeddings) -> Assistant:
    """An assistant over the store."""
    return Assistant(store, embeddings, EXAMPLES)


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("scope", [Scope(Filters()), Scope(Filters(latest=True))], ids=["all", "latest"])
def test_the_answers_are_the_same(answering, assistant, question, scope):
    """Word by word, with their citations, probabilities and suggestions."""
    there, here = (reply_to_json(one.reply(question, Conversation(), scope)) for one in (answering, assistant))
    assert there == here


def test_many_may_ask_at_once(answering, assistant):
    """Four threads get what one gets."""
    expected = [assistant.reply(question, Conversation()).text for question in QUESTIONS]
    got: dict[int, list[str]] = {}

    def ask(thread: int) -> None:
        got[thread] = [answering.reply(question, Conversation()).text for question in QUESTIONS]

    threads = [threading.Thread(target=ask, args=(thread,)) for thread in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(got.values()) == [expected] * 4
