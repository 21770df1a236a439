"""A generation on disk gives back what was written, and is opened only if not a byte of it differs."""

import hashlib
import json
import math
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.corpus import find_files, read_document
from index.document import Description, Document
from index.encoded import EncodedTexts, KnownTexts, keys_of, packed, unpacked
from index.entries import enter, sentence_texts
from index.errors import IndexUnusableError, NewerIndexError
from index.lock import build_lock
from index.manifest import FORMAT_VERSION, Manifest, read_manifest
from index.parse import parse_document
from index.reader import SentenceStates
from index.store import Generation, open_generation, verify
from index.terms import terms
from index.write import write_generation
from tests.conftest import CORPUS
from tests.fakes import WordEmbeddings

THREE = ("peace peace drugs", "drugs", "summit in Bishkek on security")


def write(folder: Path, *documents: Document, kept: str = "") -> Manifest:
    """Write a generation of *documents* with the fake model's vectors."""
    embeddings = WordEmbeddings()
    known = KnownTexts()
    for document in documents:
        known.add(encoded([paragraph.text for paragraph in document.paragraphs], []))
        known.add(encoded(sentence_texts(document), [states(sentence) for sentence in sentence_texts(document)]))
    with build_lock(folder):
        return write_generation(
            folder,
            [enter(document, "source", known, with_states=True) for document in documents],
            corpus_fingerprint="corpus",
            model=embeddings.files.name,
            model_digest=embeddings.files.digest,
            reader_digest="reader",
            kept=kept,
        )


def encoded(texts: list[str], kept: list[SentenceStates]) -> EncodedTexts:
    """Return what the fake model makes of *texts*, with the token states *kept* of each, or with none."""
    if not texts:
        return EncodedTexts(
            keys_of([]), np.zeros((0, 64), np.float16), np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros((0, 3), np.uint8)
        )
    lengths = np.array([len(one.ids) for one in kept] or [0] * len(texts), dtype=np.int32)
    ids = np.concatenate([np.zeros(0, np.int32), *(one.ids for one in kept)])
    rows = np.concatenate([np.zeros((0, 1), np.float16), *(one.states for one in kept)])
    return EncodedTexts(keys_of(texts), WordEmbeddings().encode_documents(texts).astype(np.float16), lengths, ids, packed(rows))


def states(sentence: str) -> SentenceStates:
    """Return made-up states of *sentence*: a token a word, its length the token's id and its state."""
    lengths = np.array([len(word) for word in sentence.split()], dtype=np.int32)
    return SentenceStates(lengths, lengths[:, None].astype(np.float16))


def document(text: str, document_id: str = "doc") -> Document:
    """Return *text* as a document."""
    return parse_document(Description(document_id, "A title", "speech", provenance=(("k", "v"),)), text)


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> Path:
    """An index of two documents with the fake model's vectors; tests that damage it copy it first."""
    folder = tmp_path_factory.mktemp("small")
    write(folder, document("1. Peace first. Then drugs.\n\n2. Summit."), document("A title\nOther “words” here.", "other"))
    return folder


# --- what was written is what is read


def test_the_real_documents_come_back_equal(generation):
    """Every paragraph, span, role, number, and the text to its last character."""
    for file in find_files(CORPUS):
        assert generation.document(file.document_id) == read_document(file)


@settings(max_examples=25)
@given(st.lists(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), min_size=1), min_size=1, max_size=4))
def test_any_documents_come_back_equal(texts):
    """Whatever stands in a document, the store adds, drops and changes nothing."""
    documents = [document(f"\n 1. Words. {text}\u00a0\n", f"doc-{number}") for number, text in enumerate(texts)]
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), *documents)
        opened = open_generation(Path(folder))
        assert [opened.document(written.document_id) for written in documents] == documents
        assert opened.descriptions() == tuple(written.description for written in documents)


def test_a_document_that_is_not_there_is_none(generation):
    """An address that was made up finds nothing."""
    assert generation.document("no-such-document") is None


def test_rows_follow_the_documents_paragraphs_and_sentences(generation):
    """Row n of the vectors is the n-th paragraph, and the sentences of each paragraph follow one another."""
    documents = [read_document(file) for file in find_files(CORPUS)]
    paragraphs = [paragraph for found in documents for paragraph in found.paragraphs]
    read = generation.paragraphs(range(len(paragraphs)))
    assert [paragraph for paragraph, _ in read] == paragraphs
    first = 0
    for paragraph, first_sentence in read:
        assert first_sentence == first
        first += len(paragraph.sentences)


def test_paragraphs_come_in_the_order_asked_for(generation):
    """The order of a ranking is not the order of the rows."""
    assert [paragraph.number for paragraph, _ in generation.paragraphs([5, 0, 3])] == [6, 1, 4]


def test_a_paragraph_without_a_sentence_owns_no_sentence(tmp_path):
    """A line that is a quotation mark alone has no sentence; the next paragraph's first sentence is not taken for its."""
    write(tmp_path, document("One.\n“\nTwo."))
    found = open_generation(tmp_path).found([0, 1, 2], ["one", "two"])
    assert [len(paragraph.sentences) for paragraph in found.paragraphs] == [1, 0, 1]
    np.testing.assert_allclose(found.sentence_vectors, WordEmbeddings().encode_documents(["One.", "Two."]), atol=1e-3)
    assert [score > 0 for score in found.sentence_terms[0].scores] == [True, True]


def test_counts_are_those_of_the_documents(generation):
    """Counted by hand: 7 and 37 paragraphs; 15 sentences in the report, and 38 in the speech, where one block holds two."""
    manifest = generation.manifest
    assert (manifest.documents, manifest.paragraphs, manifest.sentences, manifest.dimension) == (2, 44, 15 + 38, 384)
    found = generation.found(range(44), [])
    assert (len(found.vectors), len(found.sentence_vectors)) == (44, 15 + 38)


# --- vectors, moments and terms, against other ways of computing them


def test_the_order_by_vectors_is_that_of_exact_cosines(generation, embeddings):
    """FAISS ranks as numpy does over all vectors, with the same cosines."""
    texts = [paragraph.text for file in find_files(CORPUS) for paragraph in read_document(file).paragraphs]
    vectors = embeddings.encode_documents(texts)
    for question in ("Is the SCO a military bloc?", "What about drugs?", "peace in Afghanistan"):
        vector = embeddings.encode_question(question)
        cosines = vectors @ vector
        rows = generation.nearest(vector, 10)
        np.testing.assert_allclose(cosines[rows], np.sort(cosines)[::-1][:10], atol=1e-4)
        np.testing.assert_allclose(generation.found(rows, []).vectors @ vector, cosines[rows], atol=1e-4)


@pytest.mark.parametrize("name", ["paragraph", "sentence"])
def test_moments_standardise_as_a_scan_of_all_vectors_would(generation, embeddings, name):
    """Mean and covariance give each cosine's distance from the mean of all, in their standard deviations."""
    found = generation.found(range(44), [])
    vectors = (found.vectors if name == "paragraph" else found.sentence_vectors).astype(np.float64)
    question = embeddings.encode_question("What does the SCO say about drug trafficking?")
    cosines = vectors @ question
    expected = (cosines - cosines.mean()) / cosines.std()
    standard = getattr(generation, f"{name}_moments").standardise(question, cosines.astype(np.float32))
    np.testing.assert_allclose(standard, expected, atol=1e-3)


def test_moments_of_one_vector_standardise_to_zero(tmp_path):
    """Where all cosines are alike none stands out, and nothing is divided by nothing."""
    write(tmp_path, document("One sentence."))
    opened = open_generation(tmp_path)
    assert opened.paragraph_moments.standardise(WordEmbeddings().encode_question("one"), np.ones(1, dtype=np.float32)).tolist() == [0]


def test_term_scores_are_bm25(tmp_path):
    """Lucene's BM25 with k1 1.5 and b 0.75, worked out by hand for three paragraphs of 3, 1 and 3 terms."""
    write(tmp_path, document("\n".join(THREE)))
    assert [len(terms(text)) for text in THREE] == [3, 1, 3]
    mean_length = 7 / 3

    def score(occurrences: int, holding: int, length: int) -> float:
        rarity = math.log(1 + (3 - holding + 0.5) / (holding + 0.5))
        return rarity * occurrences / (occurrences + 1.5 * (1 - 0.75 + 0.75 * length / mean_length))

    opened = open_generation(tmp_path)
    expected = {
        "peace": [score(2, 1, 3), 0, 0],
        "drugs": [score(1, 2, 3), score(1, 2, 1), 0],
        "peace drugs": [score(2, 1, 3) + score(1, 2, 3), score(1, 2, 1), 0],
        "summits": [0, 0, score(1, 1, 3)],
    }
    for question, scores in expected.items():
        found = opened.found([0, 1, 2], terms(question)).terms[0]
        np.testing.assert_allclose(found.scores, scores, rtol=1e-5, err_msg=question)
        assert (found.mean, found.spread) == pytest.approx((np.mean(scores), np.std(scores)), rel=1e-5), question
        assert opened.matching(terms(question), 3) == [row for row in np.argsort(-np.array(scores), kind="stable") if scores[row] > 0]


@pytest.mark.parametrize("question", ["", "the of and", "xylophone", "上海"], ids=["nothing", "stop words", "unknown word", "other script"])
def test_terms_that_no_paragraph_holds_score_zero(generation, question):
    """Zeros for all, as many as there are paragraphs and sentences."""
    found = generation.found(range(44), terms(question))
    for scores, count in ((found.terms[0], 44), (found.sentence_terms[0], 15 + 38)):
        assert scores.scores.tolist() == scores.standard.tolist() == [0] * count
    assert generation.matching(terms(question), 44) == []


def test_paragraphs_without_any_term_can_be_stored(tmp_path):
    """A corpus of stop words alone has no vocabulary, and is searched by vectors all the same."""
    write(tmp_path, document("It is.\nAnd so?"))
    assert open_generation(tmp_path).found([0, 1], ["drug"]).terms[0].scores.tolist() == [0, 0]


def test_reading_from_many_threads_is_reading_from_one(generation):
    """The page answers several people at once from one opened generation."""

    def read(row: int) -> tuple:
        found = generation.found([row, 43 - row], terms("terrorist drugs Afghanistan"))
        return found.paragraphs, found.first_sentences, found.vectors.tolist(), found.terms[0].scores.tolist()

    alone = [read(row) for row in range(44)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(read, [*range(44)] * 10)) == alone * 10


# --- one complete generation at a time


def test_many_paragraphs_are_searched_by_lists_and_the_manifest_tells_how_well(tmp_path, monkeypatch):
    """As many as are no longer compared one by one; the digests of all files are in the manifest."""
    monkeypatch.setattr("index.nearest.EXACT", 100)
    numbers = np.random.default_rng(1).integers(0, 40, (300, 6))
    manifest = write(tmp_path, document("\n".join(" ".join(f"word{number}" for number in line) for line in numbers)))
    assert manifest.probes > 0
    assert manifest.recall >= 0.98
    assert "paragraphs-lists.faiss" in manifest.files
    opened = open_generation(tmp_path)
    question = WordEmbeddings().encode_question("word1 word2")
    cosines = opened.found(range(300), []).vectors @ question
    assert cosines[opened.nearest(question, 1)[0]] == pytest.approx(cosines.max())
    assert verify(tmp_path) == ()


def test_equal_input_gives_an_equal_generation(tmp_path):
    """The fingerprint says what an answer was made from, so it is the same wherever and whenever it is built."""
    manifests = [write(tmp_path / name, document("One. Two.")) for name in ("a", "b")]
    assert manifests[0] == manifests[1]
    assert len(manifests[0].index_fingerprint) == 16


def test_a_new_generation_replaces_the_old_one_which_is_kept_and_nothing_else(tmp_path):
    """After a build there are the pointer, the lock's file, the generation, and the one before it, to fall back on."""
    first = write(tmp_path, document("First."))
    second = write(tmp_path, document("Second."), kept=first.generation)
    (tmp_path / "draft-999999").mkdir()
    third = write(tmp_path, document("Third."), kept=second.generation)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["CURRENT", "LOCK", *sorted((second.generation, third.generation))]
    assert open_generation(tmp_path).document("doc").text == "Third."


def test_an_opened_generation_outlives_its_replacement(tmp_path):
    """A server goes on answering from what it opened while a new index is built beside it."""
    write(tmp_path, document("Old."))
    opened = open_generation(tmp_path)
    write(tmp_path, document("New."))
    assert opened.document("doc").text == "Old."


def test_other_files_in_the_index_folder_are_left_alone(tmp_path):
    """A folder named by mistake loses nothing."""
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes.txt").write_text("mine")
    write(tmp_path, document("One."))
    assert (tmp_path / "notes").is_dir()
    assert (tmp_path / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("name", ["corpus.sqlite", "manifest.json"])
def test_a_damaged_generation_is_mended_by_writing_it_again(tmp_path, name):
    """The same documents give the same name; the fresh files take the damaged ones' place."""
    manifest = write(tmp_path, document("One."))
    (tmp_path / manifest.generation / name).write_bytes(b"damage")
    write(tmp_path, document("One."))
    assert open_generation(tmp_path).document("doc").text == "One."
    assert sorted(path.name for path in tmp_path.iterdir()) == ["CURRENT", "LOCK", manifest.generation]


def test_a_generation_that_is_there_and_whole_is_pointed_to_again(tmp_path):
    """Its files stay: somebody may be opening them."""
    manifest = write(tmp_path, document("One."))
    before = (tmp_path / manifest.generation).stat().st_ino
    (tmp_path / "CURRENT").unlink()
    write(tmp_path, document("One."))
    assert open_generation(tmp_path).manifest == manifest
    assert (tmp_path / manifest.generation).stat().st_ino == before


# --- nothing damaged is opened


def _names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


SAMPLE = [f"sample-{part}.npy" for part in ("starts", "texts", "weights")]
TERMS = [f"terms/{name}" for name in ("counts.npy", "ends.npy", "holding.npy", "ids.npy", "sums.npy", "words.txt", *SAMPLE)]
ROWS = ["covariance.npy", "keys.npy", "mean.npy", *TERMS]
STORED = sorted([
    "corpus.sqlite", "manifest.json", "paragraphs.faiss", "sentences-vectors.npy", "token-ends.npy", "token-ids.npy", "token-states.npy",
    *(f"{name}-{row}" for name in ("paragraphs", "sentences") for row in ROWS),
    *(f"paragraphs-terms/postings-{part}.npy" for part in ("starts", "texts", "weights")), "vocabulary.json",
])  # fmt: skip


def test_the_files_of_a_generation(small):
    """The table below damages every one of them."""
    generation, manifest = read_manifest(small)
    assert _names(generation) == STORED
    assert sorted(manifest.files) == [name for name in STORED if name != "manifest.json"]


def test_the_states_of_sentences_come_back_by_row(small):
    """In the order asked for, each as it was given."""
    opened = open_generation(small)
    rows = list(range(opened.manifest.sentences))
    texts = [
        paragraph.sentence_text(one) for paragraph, _ in opened.paragraphs(range(opened.manifest.paragraphs)) for one in paragraph.sentences
    ]
    for row, kept in zip(reversed(rows), opened.sentence_states(list(reversed(rows))), strict=True):
        assert kept.ids.tolist() == [len(word) for word in texts[row].split()]
        np.testing.assert_allclose(kept.states[:, 0], kept.ids, rtol=1e-3)


@pytest.mark.parametrize("remembered", [0, 2, 1_000])
def test_states_that_are_asked_for_again_are_the_same(small, monkeypatch, remembered):
    """Together with others, in any order, however many are remembered."""
    monkeypatch.setattr("index.store.REMEMBERED_STATES", remembered)
    rows = range(read_manifest(small)[1].sentences)
    once = [open_generation(small).sentence_states([row])[0] for row in rows]
    opened = open_generation(small)
    for asked in ([1], [0, 1], [2, 1, 0], [*rows], [*reversed(rows)], [0, 0]):
        for row, kept in zip(asked, opened.sentence_states(asked), strict=True):
            assert kept.ids.tolist() == once[row].ids.tolist()
            assert kept.states.tolist() == once[row].states.tolist()


def test_packed_states_are_as_they_were_to_a_254th_of_the_greatest():
    """Of each token, whatever the others are; nothing stays nothing."""
    states = np.random.default_rng(1).standard_normal((50, 128)) * np.logspace(-3, 3, 50)[:, None]
    states[7] = 0
    found = unpacked(packed(states.astype(np.float16))).astype(np.float64)
    allowed = np.abs(states).max(axis=1, keepdims=True) * (1 / 254 + 1e-3)
    assert (np.abs(found - states) <= allowed).all()
    assert not found[7].any()
    assert packed(states.astype(np.float16)).nbytes == 50 * 130
    assert unpacked(packed(np.zeros((0, 128), np.float16))).shape == (0, 128)


def _flip(content: bytes, at: int) -> bytes:
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


@pytest.mark.parametrize("name", STORED)
@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda content: _flip(content, 0), id="first byte"),
        pytest.param(lambda content: _flip(content, len(content) // 2), id="middle byte"),
        pytest.param(lambda content: _flip(content, len(content) - 1), id="last byte"),
        pytest.param(lambda content: content[:-1], id="cut short"),
        pytest.param(lambda content: content + b"\0", id="one byte more"),
        pytest.param(lambda content: b"", id="emptied"),
        pytest.param(lambda content: None, id="missing"),
    ],
)
def test_a_damaged_file_is_named(small, tmp_path, name, damage):
    """Raw FAISS and numpy load most damaged files without a word, and cite the wrong sentence; a digest does not."""
    folder = tmp_path / "damaged"
    shutil.copytree(small, folder)
    file = read_manifest(folder)[0] / name
    content = damage(file.read_bytes())
    file.unlink()
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(IndexUnusableError, match=r"python app\.py index") as caught:
        open_generation(folder)
    assert name in str(caught.value)


@pytest.mark.parametrize("at", range(0, 400, 7))
def test_no_change_of_the_manifest_goes_unnoticed(small, tmp_path, at):
    """Its counts and digests decide what is accepted, and the folder's name holds its digest."""
    folder = tmp_path / "damaged"
    shutil.copytree(small, folder)
    manifest = read_manifest(folder)[0] / "manifest.json"
    manifest.write_bytes(_flip(manifest.read_bytes(), at))
    with pytest.raises(IndexUnusableError):
        open_generation(folder)


@pytest.mark.parametrize("pointer", [b"", b"generation-0000000000000000", b"..", b"/", b"\xff\xfe", b"\0", b"a" * 5000])
def test_a_pointer_to_nowhere_is_refused(small, tmp_path, pointer):
    """The message names the file that led there."""
    folder = tmp_path / "damaged"
    shutil.copytree(small, folder)
    (folder / "CURRENT").write_bytes(pointer)
    with pytest.raises(IndexUnusableError, match=r"CURRENT|manifest\.json"):
        open_generation(folder)


def other_format(folder: Path, version: int) -> None:
    """Put a generation of another format in the place of that in *folder*: one with other fields, but named and digested alike."""
    generation, _ = read_manifest(folder)
    fields = {"format_version": version, "other": "fields"}
    name = f"generation-{hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()[:16]}"
    (generation / "manifest.json").write_text(json.dumps(fields, indent=1, sort_keys=True))
    generation.rename(folder / name)
    (folder / "CURRENT").write_text(name)


def test_an_index_of_an_older_format_is_as_good_as_none(small, tmp_path):
    """It is built anew, whatever fields that format had."""
    folder = tmp_path / "older"
    shutil.copytree(small, folder)
    other_format(folder, FORMAT_VERSION - 1)
    assert read_manifest(folder) is None


def test_an_index_of_a_newer_format_is_refused_with_what_to_do(small, tmp_path):
    """It is somebody's work: it is neither read nor built over."""
    folder = tmp_path / "newer"
    shutil.copytree(small, folder)
    other_format(folder, FORMAT_VERSION + 1)
    for read in (read_manifest, open_generation):
        with pytest.raises(NewerIndexError, match=rf"has format {FORMAT_VERSION + 1}.*Update the program, or .*SCO_INDEX_DIR"):
            read(folder)


def test_a_folder_without_an_index_says_how_to_build_one(tmp_path):
    """The command is in the message."""
    assert read_manifest(tmp_path) is None
    with pytest.raises(IndexUnusableError, match=r"No built index in .*python app\.py index"):
        open_generation(tmp_path)


def test_nothing_stored_needs_pickle(small):
    """The vectors are FAISS's own format, arrays are plain, the rest is SQLite and JSON."""
    generation, _ = read_manifest(small)
    for name in _names(generation):
        if name.endswith(".npy"):
            np.load(generation / name, allow_pickle=False)
        else:
            assert name.endswith((".faiss", ".sqlite", ".json", ".txt"))


def test_saving_and_opening_again_changes_no_search_result(index_dir, generation, embeddings, tmp_path):
    """A copy of the folder, opened elsewhere, ranks and scores exactly alike."""
    from index.search import search

    shutil.copytree(index_dir, tmp_path / "copy")
    copy: Generation = open_generation(tmp_path / "copy")
    for question in ("Is the SCO a military bloc?", "cannabis", "Wer ist es?"):
        one, other = (search(opened, embeddings, question) for opened in (generation, copy))
        assert one.passages == other.passages
        assert one.sentences == other.sentences
