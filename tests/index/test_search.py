"""A question becomes passages and sentences, best first; these hold whatever the weights are."""

import itertools
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.build import build
from index.errors import EmptyQuestionError, NoDocumentError
from index.search import SearchResult, search
from index.store import Generation, open_generation
from tests.fakes import WordEmbeddings

HEAD = "---\ntitle: A speech\nkind: speech\n---\n"
QUESTIONS = [
    "What is the SCO's position on legalising cannabis?",
    "Is the SCO a military bloc?",
    "drugs",
    "1000",
    "What is the capital of France?",
    "上海合作组织",
    "it is",
    "?" * 50 + "x",
    "terror " * 280,
]


@pytest.fixture(params=QUESTIONS, ids=lambda question: question[:20])
def found(request, generation, embeddings) -> SearchResult:
    """What search finds for one question in the two documents."""
    return search(generation, embeddings, request.param)


@pytest.fixture(scope="module")
def words(tmp_path_factory) -> Generation:
    """An index of three short paragraphs with the fake model's vectors."""
    folder = tmp_path_factory.mktemp("words")
    (folder / "corpus").mkdir()
    (folder / "corpus" / "doc.md").write_text(f"{HEAD}Peace talks. More peace.\nDrugs are seized.\n“\nA summit in June.")
    build(folder / "corpus", folder / "index", WordEmbeddings(), lambda done, total: None)
    return open_generation(folder / "index")


def test_passages_are_ranked_from_one_by_falling_score_and_none_comes_twice(found):
    """The rank is the place in the list."""
    assert [passage.rank for passage in found.passages] == list(range(1, len(found.passages) + 1))
    assert all(one.score >= next_.score for one, next_ in itertools.pairwise(found.passages))
    assert len({passage.paragraph.paragraph_id for passage in found.passages}) == len(found.passages)


def test_sentences_are_those_of_the_passages_by_falling_score(found):
    """Every sentence of every passage, once."""
    assert all(one.score >= next_.score for one, next_ in itertools.pairwise(found.sentences))
    expected = {(passage.paragraph.paragraph_id, s.number) for passage in found.passages for s in passage.paragraph.sentences}
    names = [(scored.passage.paragraph.paragraph_id, scored.sentence.number) for scored in found.sentences]
    assert set(names) == expected
    assert len(names) == len(expected)
    assert all(scored.passage in found.passages for scored in found.sentences)


def test_a_scored_sentence_holds_its_own_row_and_cosine(found, generation):
    """The row is that of the sentence's vector: multiplied with the question's it gives the cosine."""
    everything = generation.found(range(generation.manifest.paragraphs), [])
    for scored in found.sentences:
        assert scored.cosine == pytest.approx(float(everything.sentence_vectors[scored.row] @ found.question_vector), abs=1e-5)
        place = everything.paragraphs.index(scored.passage.paragraph)
        assert scored.row == everything.first_sentences[place] + scored.sentence.number - 1
        assert scored.text == scored.passage.paragraph.sentence_text(scored.sentence)


def test_all_scores_are_finite(found):
    """No question divides by nothing."""
    assert all(np.isfinite(passage.score) for passage in found.passages)
    assert all(np.isfinite([s.score, s.cosine, s.paragraph_cosine, s.cosine_standard, s.terms_standard]).all() for s in found.sentences)


@pytest.mark.parametrize(
    ("question", "paragraph_id"),
    [
        ("What is the SCO's position on legalising cannabis?", "norov-remarks-mcis-2019/p27"),
        ("How should peace in Afghanistan be achieved?", "norov-remarks-mcis-2019/p30"),
        ("Is the SCO a military bloc?", "norov-remarks-mcis-2019/p23"),
        ("How many delegates attended the conference, and from how many countries?", "mcis-2019-report/p6"),
    ],
)
def test_the_paragraph_that_answers_comes_first(generation, embeddings, question, paragraph_id):
    """Four questions that any reader of the two documents can judge."""
    assert search(generation, embeddings, question).passages[0].paragraph.paragraph_id == paragraph_id


@pytest.mark.parametrize("k", [1, 3, 44, 1000])
def test_k_is_the_number_of_passages_or_all_there_are(generation, embeddings, k):
    """FAISS pads missing hits with -1, which would be the last paragraph; none of that gets out."""
    passages = search(generation, embeddings, "drugs", k).passages
    assert len(passages) == min(k, 44)
    assert len({passage.paragraph.paragraph_id for passage in passages}) == len(passages)


def test_fewer_passages_are_the_first_of_more(generation, embeddings):
    """Asking for fewer changes no order."""
    assert search(generation, embeddings, "drugs", 3).passages == search(generation, embeddings, "drugs", 10).passages[:3]


@pytest.mark.parametrize("question", ["", " ", "?!", "…", "“”", "😀" * 2000, "\n\t", "-" * 2000])
def test_a_question_without_a_word_is_refused(generation, embeddings, question):
    """There is nothing to search for."""
    with pytest.raises(EmptyQuestionError, match="holds no words"):
        search(generation, embeddings, question)


def test_the_model_sees_the_question_once(words):
    """A question costs one forward pass; the sentences' vectors were computed when the index was built."""
    embeddings = WordEmbeddings()
    search(words, embeddings, "Peace?")
    assert embeddings.asked == ["Peace?"]


def test_a_paragraph_without_a_sentence_does_no_harm(words):
    """It can be found, and has no sentence to show."""
    found = search(words, WordEmbeddings(), "summit in June")
    assert found.passages[0].paragraph.number == 4
    assert {scored.passage.paragraph.number for scored in found.sentences} == {1, 2, 4}


@given(st.text(min_size=1).filter(lambda text: any(character.isalnum() for character in text)))
def test_any_question_with_a_word_finds_something(words, question):
    """Whatever is typed, search ranks; whether that answers is not its matter."""
    found = search(words, WordEmbeddings(), question)
    assert {passage.paragraph.number for passage in found.passages} == {1, 2, 3, 4}


def test_a_corpus_of_one_paragraph_is_searched(tmp_path, embeddings):
    """One vector, no spread to standardise by, and a pool larger than the index."""
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "one.md").write_text(f"{HEAD}The SCO is not a military bloc.")
    build(tmp_path / "corpus", tmp_path / "index", embeddings, lambda done, total: None)
    found = search(open_generation(tmp_path / "index"), embeddings, "Is the SCO a military bloc?")
    assert [passage.paragraph.text for passage in found.passages] == ["The SCO is not a military bloc."]
    assert [scored.text for scored in found.sentences] == ["The SCO is not a military bloc."]
    assert found.sentences[0].cosine > 0.8


def test_a_search_is_the_same_every_time_and_in_every_thread(generation, embeddings):
    """Two people who ask the same are shown the same."""
    alone = [search(generation, embeddings, question) for question in QUESTIONS]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda question: search(generation, embeddings, question), QUESTIONS * 3))
    for one, other in zip(alone * 3, together, strict=True):
        assert one.passages == other.passages
        assert one.sentences == other.sentences


@pytest.mark.parametrize("question", ["How many drugs were confiscated?", "Sri Lanka", "What is the capital of France?"])
@pytest.mark.parametrize(("document_id", "paragraphs"), [("mcis-2019-report", 7), ("norov-remarks-mcis-2019", 37)])
def test_a_search_within_a_document_ranks_its_paragraphs_alone_as_the_whole_search_scores_them(
    generation, embeddings, question, document_id, paragraphs
):
    """All of them, with cosines and standard scores unchanged: how strange a score is does not depend on what else is asked in."""
    found = search(generation, embeddings, question, within={document_id})
    assert len(found.passages) == paragraphs
    assert {passage.paragraph.document_id for passage in found.passages} == {document_id}
    assert {scored.passage.paragraph.document_id for scored in found.sentences} == {document_id}
    whole = {scored.row: scored for scored in search(generation, embeddings, question).sentences}
    for scored in found.sentences:
        assert scored.paragraph_standard == pytest.approx(whole[scored.row].paragraph_standard, abs=1e-4)
        assert scored.terms_standard == pytest.approx(whole[scored.row].terms_standard, abs=1e-4)


def test_a_search_within_all_documents_is_the_whole_search(generation, embeddings):
    """And ids that the index does not know add nothing."""
    everything = ["mcis-2019-report", "norov-remarks-mcis-2019", "unknown"]
    assert search(generation, embeddings, "drugs", within=everything).sentences == search(generation, embeddings, "drugs").sentences


@pytest.mark.parametrize("within", [(), ("unknown",)])
def test_a_search_within_no_document_is_refused(generation, embeddings, within):
    """Nothing found would say that the documents hold nothing on it."""
    with pytest.raises(NoDocumentError, match="No document meets the filters"):
        search(generation, embeddings, "drugs", within=within)


def test_a_document_deep_in_a_large_index_is_found_within(tmp_path):
    """The documents are told apart before ranking, not among the best of all."""
    (tmp_path / "corpus").mkdir()
    for number in range(120):
        (tmp_path / "corpus" / f"doc-{number:03}.md").write_text(
            f"{HEAD}Peace talks {number}.\nPeace and {'war' if number == 77 else 'peace'}."
        )
    build(tmp_path / "corpus", tmp_path / "index", WordEmbeddings(), lambda done, total: None)
    found = search(open_generation(tmp_path / "index"), WordEmbeddings(), "peace", within=["doc-077", "doc-119"])
    assert {(p.paragraph.document_id, p.paragraph.number) for p in found.passages} == {
        ("doc-077", 1), ("doc-077", 2), ("doc-119", 1), ("doc-119", 2)
    }  # fmt: skip


# --- follow-ups


@pytest.fixture(scope="module")
def insects(tmp_path_factory) -> Generation:
    """Two paragraphs that tell the same of two insects, the second of wasps, and others on neither."""
    folder = tmp_path_factory.mktemp("insects")
    (folder / "corpus").mkdir()
    told = "{0} build nests in summer. Their honey costs nine crowns. {0} sting people."
    others = "\n".join(f"Peace talk {number} was held in June. Drugs were seized." for number in range(9))
    (folder / "corpus" / "doc.md").write_text(f"{HEAD}{told.format('Bees')}\n{told.format('Wasps')}\n{others}")
    build(folder / "corpus", folder / "index", WordEmbeddings(), lambda done, total: None)
    return open_generation(folder / "index")


@pytest.mark.parametrize(("insect", "paragraph"), [("bees", 1), ("wasps", 2)])
def test_what_a_follow_up_leans_on_finds_the_place_and_its_own_words_the_sentence(insects, insect, paragraph):
    """By themselves its words stand in both paragraphs alike; with the question, the sentence that answered that comes first."""
    whole, own = f"what does their honey cost (Do {insect} build nests in summer)?", "what does their honey cost?"
    found = search(insects, WordEmbeddings(), whole, own_words=own)
    assert [passage.paragraph.number for passage in found.passages][:1] == [paragraph]
    assert found.sentences[0].text == "Their honey costs nine crowns."
    assert found.sentences[0].passage.paragraph.number == paragraph
    assert "nests" in search(insects, WordEmbeddings(), whole).sentences[0].text


def test_a_follow_up_whose_own_words_are_the_whole_is_found_as_a_question_is(generation, embeddings):
    """The same sentences with the same cosines; their weights alone are others."""
    plain = search(generation, embeddings, "drugs from Afghanistan")
    twice = search(generation, embeddings, "drugs from Afghanistan", own_words="drugs from Afghanistan")
    assert {scored.row: pytest.approx(scored.cosine, abs=1e-6) for scored in plain.sentences} == {s.row: s.cosine for s in twice.sentences}
    assert plain.known_terms == twice.known_terms


@pytest.mark.parametrize(("insect", "paragraph"), [("bees", 1), ("wasps", 2)])
def test_the_questions_before_a_whole_one_help_to_find_the_place(insects, insect, paragraph):
    """By itself it meets both paragraphs alike; which sentence answers there is told by its own words."""
    found = search(insects, WordEmbeddings(), "what does honey cost in crowns?", setting=[f"Do {insect} build nests in summer?"])
    assert found.passages[0].paragraph.number == paragraph
    assert (found.sentences[0].text, found.sentences[0].passage.paragraph.number) == ("Their honey costs nine crowns.", paragraph)


def test_a_setting_changes_no_cosine_of_a_sentence(generation, embeddings):
    """It moves paragraphs alone."""
    plain = search(generation, embeddings, "drugs from Afghanistan")
    within = search(generation, embeddings, "drugs from Afghanistan", setting=["How should peace be achieved?", "Who takes part?"])
    cosines = {scored.row: (scored.cosine, scored.cosine_standard, scored.terms_standard) for scored in plain.sentences}
    assert cosines.items() <= {s.row: (s.cosine, s.cosine_standard, s.terms_standard) for s in within.sentences}.items()
    assert plain.known_terms == within.known_terms


def test_states_that_another_reader_keeps_are_not_read(generation, embeddings, monkeypatch):
    """A published index may be older than the reader: it is searched without one until it is published anew."""
    monkeypatch.setattr(generation, "manifest", replace(generation.manifest, reader_digest="0" * 64))
    found = search(generation, embeddings, "drugs from Afghanistan")
    assert {scored.reading for scored in found.sentences} == {None}


def test_a_follow_up_is_searched_for_within_documents(generation, embeddings):
    """As a question is."""
    found = search(generation, embeddings, "and drugs (What is said of peace)?", within=["mcis-2019-report"], own_words="and drugs?")
    assert {passage.paragraph.document_id for passage in found.passages} == {"mcis-2019-report"}
    with pytest.raises(NoDocumentError):
        search(generation, embeddings, "and drugs (What is said of peace)?", within=[], own_words="and drugs?")
