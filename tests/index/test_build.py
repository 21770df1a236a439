"""A corpus folder becomes the current generation of an index folder, when and only when something changed."""

import os
import re
import shutil
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from index import build as building
from index import corpus as reading
from index import encoded as encoding
from index import manifest as manifests
from index import write as writing
from index.build import build, is_current
from index.corpus import Corpus, CorpusFile
from index.document import Document
from index.embedding import TokenStates
from index.errors import CorpusError, IndexUnusableError, NewerIndexError
from index.formats.extracted import FormatError
from index.isolated import IsolatedReader
from index.reader import SentenceStates
from index.search import search
from index.store import open_generation
from tests.conftest import CORPUS
from tests.fakes import WordEmbeddings
from tests.project import ROOT

HEAD = "---\ntitle: A speech\nkind: speech\n---\n"


def silent(done: int, total: int) -> None:
    """Watch no progress."""


@pytest.fixture
def corpus(tmp_path) -> Path:
    """A corpus of two documents, of which one sentence is the same."""
    folder = tmp_path / "corpus"
    folder.mkdir()
    (folder / "one-2019.md").write_text(f"{HEAD}Peace first. Then drugs.\n\nThank you.", encoding="utf-8")
    (folder / "two-2020.txt").write_text(f"{HEAD}Thank you.", encoding="utf-8")
    return folder


@pytest.fixture
def folder(tmp_path) -> Path:
    """Where the index goes."""
    return tmp_path / "index"


def test_a_build_tells_what_it_holds(corpus, folder):
    """Two documents, three paragraphs, four sentences."""
    manifest = build(corpus, folder, WordEmbeddings(), silent)
    assert (manifest.documents, manifest.paragraphs, manifest.sentences) == (2, 3, 4)
    assert (manifest.model, manifest.model_digest) == ("words", "0" * 64)
    assert open_generation(folder).manifest == manifest


def test_equal_texts_are_embedded_once(corpus, folder):
    """A sentence that is its own paragraph, or stands in two documents, costs one forward pass."""
    embeddings = WordEmbeddings()
    build(corpus, folder, embeddings, silent)
    assert sorted(embeddings.asked) == ["Peace first.", "Peace first. Then drugs.", "Thank you.", "Then drugs."]


def test_each_text_gets_its_own_vector(corpus, folder):
    """However texts are batched for speed, row n is the vector of the n-th text."""
    build(corpus, folder, WordEmbeddings(), silent)
    opened = open_generation(folder)
    expected = WordEmbeddings().encode_documents(["Peace first. Then drugs.", "Thank you.", "Thank you."])
    found = opened.found([0, 1, 2], [])
    np.testing.assert_allclose(found.vectors, expected, atol=1e-3)
    expected = WordEmbeddings().encode_documents(["Peace first.", "Then drugs.", "Thank you.", "Thank you."])
    np.testing.assert_allclose(found.sentence_vectors, expected, atol=1e-3)


def test_progress_rises_to_the_number_of_texts(tmp_path, folder):
    """100 sentences of one paragraph each are 100 distinct texts."""
    (tmp_path / "many").mkdir()
    (tmp_path / "many" / "many.md").write_text(HEAD + "\n".join(f"Sentence {number}." for number in range(100)))
    seen: list[tuple[int, int]] = []
    build(tmp_path / "many", folder, WordEmbeddings(), lambda done, total: seen.append((done, total)))
    assert [done for done, _ in seen] == sorted({done for done, _ in seen})
    assert seen[-1] == (100, 100)


def test_each_file_that_is_read_is_told_and_one_that_did_not_change_is_not_read(corpus, folder):
    """As it is read: PDFs take a while."""
    seen: list[tuple[int, int]] = []
    build(corpus, folder, WordEmbeddings(), silent, reading=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 2), (2, 2)]
    (corpus / "three-2021.txt").write_text(f"{HEAD}Trade.", encoding="utf-8")
    build(corpus, folder, WordEmbeddings(), silent, reading=lambda done, total: seen.append((done, total)))
    assert seen[2:] == [(1, 1)]


# --- when an index is current


def test_an_index_just_built_is_current(corpus, folder):
    """Starting twice builds once."""
    build(corpus, folder, WordEmbeddings(), silent)
    assert is_current(corpus, folder, WordEmbeddings().files)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda corpus: (corpus / "one-2019.md").write_text(f"{HEAD}Peace later."), id="a document changed"),
        pytest.param(lambda corpus: (corpus / "new.md").write_text(f"{HEAD}New."), id="a document was added"),
        pytest.param(lambda corpus: (corpus / "one-2019.md").unlink(), id="a document was taken out"),
        pytest.param(lambda corpus: (corpus / "one-2019.md").rename(corpus / "one-2021.md"), id="a document got another id"),
        pytest.param(lambda corpus: (corpus / "two-2020.txt").write_text(HEAD.replace("A", "The") + "Thank you."), id="a title changed"),
    ],
)
def test_an_index_of_another_corpus_is_not_current(corpus, folder, change):
    """An answer never comes from documents that are no longer there."""
    build(corpus, folder, WordEmbeddings(), silent)
    change(corpus)
    assert not is_current(corpus, folder, WordEmbeddings().files)
    build(corpus, folder, WordEmbeddings(), silent)
    assert is_current(corpus, folder, WordEmbeddings().files)


def test_an_index_of_another_model_is_not_current(corpus, folder):
    """Vectors of two models do not compare; the digest of the files tells them apart, not the name."""
    build(corpus, folder, WordEmbeddings(), silent)
    assert not is_current(corpus, folder, replace(WordEmbeddings().files, digest="1" * 64))
    assert is_current(corpus, folder, replace(WordEmbeddings().files, name="the same model elsewhere"))


def test_an_index_of_another_format_is_not_current(corpus, folder, monkeypatch):
    """A new version of the program builds its own."""
    build(corpus, folder, WordEmbeddings(), silent)
    newer = manifests.FORMAT_VERSION + 1
    for module in (manifests, writing, building):
        monkeypatch.setattr(module, "FORMAT_VERSION", newer)
    assert not is_current(corpus, folder, WordEmbeddings().files)
    build(corpus, folder, WordEmbeddings(), silent)
    assert is_current(corpus, folder, WordEmbeddings().files)


def test_no_index_is_not_current(corpus, folder):
    """The first start builds."""
    assert not is_current(corpus, folder, WordEmbeddings().files)


def test_a_damaged_manifest_is_an_error_and_a_build_mends_it(corpus, folder):
    """What was damaged is said once, not silently built over; the command in the message then works."""
    build(corpus, folder, WordEmbeddings(), silent)
    manifest = next(folder.glob("*/manifest.json"))
    manifest.write_text("{")
    with pytest.raises(IndexUnusableError, match=r"manifest\.json cannot be read .*python app\.py index"):
        is_current(corpus, folder, WordEmbeddings().files)
    build(corpus, folder, WordEmbeddings(), silent)
    assert is_current(corpus, folder, WordEmbeddings().files)


# --- failures leave what was there


class Failing(WordEmbeddings):
    """Fails at the first text."""

    def encode_documents(self, texts):
        """Raise."""
        raise RuntimeError("no vectors today")


def test_a_build_that_fails_leaves_the_old_index_in_use(corpus, folder):
    """A new document that cannot be indexed does not cost the answers from the old ones."""
    old = build(corpus, folder, WordEmbeddings(), silent)
    (corpus / "new.md").write_text(f"{HEAD}New.")
    with pytest.raises(RuntimeError):
        build(corpus, folder, Failing(), silent)
    assert open_generation(folder).manifest == old


def test_a_document_at_fault_is_left_out_and_told_at_every_build(corpus, folder):
    """The rest answers; whoever builds again hears of it again, though nothing has to be built."""
    (corpus / "bad.md").write_bytes(b"B\xe4d.")
    told: list[Corpus] = []
    for _ in range(2):
        manifest = build(corpus, folder, WordEmbeddings(), silent, told.append)
        assert manifest.documents == 2
    reason = "line 1: byte 0xe4 is not UTF-8. Save the file as UTF-8"
    assert [[(one.path.name, one.reason) for one in each.skipped] for each in told] == [[("bad.md", reason)]] * 2
    assert is_current(corpus, folder, WordEmbeddings().files)


def test_a_document_that_was_mended_is_taken_in(corpus, folder):
    """Only the file at fault changed."""
    (corpus / "bad.md").write_bytes(b"B\xe4d.")
    build(corpus, folder, WordEmbeddings(), silent)
    (corpus / "bad.md").write_text(f"{HEAD}Good.")
    assert build(corpus, folder, WordEmbeddings(), silent).documents == 3


def test_a_document_that_failed_for_a_passing_reason_is_indexed_by_the_next_build(corpus, folder, monkeypatch):
    """Its file is the same, and so is the corpus; nothing needs to be touched."""
    read = reading._read

    def failing(file: CorpusFile, reader: IsolatedReader) -> tuple[Document, tuple[str, ...]]:
        if file.document_id == "two-2020":
            raise FormatError("it took too long to read")
        return read(file, reader)

    monkeypatch.setattr(reading, "_read", failing)
    assert build(corpus, folder, WordEmbeddings(), silent).documents == 1
    monkeypatch.undo()
    reports: list[Corpus] = []
    mended = build(corpus, folder, WordEmbeddings(), silent, reports.append)
    assert [len(report.skipped) for report in reports] == [0]
    assert mended == open_generation(folder).manifest == build(corpus, folder.with_name("from nothing"), WordEmbeddings(), silent)


def test_a_document_that_repeats_another_is_indexed_once_whichever_came_first(corpus, folder, tmp_path):
    """The same corpus gives the same ids, built at once or one file after the other."""
    build(corpus, folder, WordEmbeddings(), silent)
    (corpus / "again-2018.txt").write_text(f"{HEAD}Peace first.  Then drugs.\n\n\nThank you.\n")
    told: list[Corpus] = []
    manifest = build(corpus, folder, WordEmbeddings(), silent, told.append)
    assert told[0].notices[0] == "one-2019 repeats again-2018 word for word: indexed once, as again-2018."
    assert [about.document_id for about in open_generation(folder).descriptions()] == ["again-2018", "two-2020"]
    assert manifest == build(corpus, tmp_path / "from nothing", WordEmbeddings(), silent)


def test_a_corpus_of_faults_alone_is_refused(tmp_path, folder):
    """The message holds the reason; nothing is written."""
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "bad.md").write_bytes(b"B\xe4d.")
    with pytest.raises(CorpusError, match=r"No file .* can be used\. .*bad\.md line 1: byte 0xe4"):
        build(tmp_path / "corpus", folder, WordEmbeddings(), silent)


def test_a_corpus_without_a_sentence_is_refused(tmp_path, folder):
    """A file of quotation marks alone is text, but there is nothing in it to cite."""
    (tmp_path / "marks").mkdir()
    (tmp_path / "marks" / "marks.md").write_text(f"{HEAD}“\n”", encoding="utf-8")
    with pytest.raises(CorpusError, match="hold no sentence"):
        build(tmp_path / "marks", folder, WordEmbeddings(), silent)


def test_a_folder_that_cannot_be_written_is_named(corpus, tmp_path):
    """A file stands where the index folder should be."""
    (tmp_path / "file").touch()
    with pytest.raises(IndexUnusableError, match=r"file cannot be written .*SCO_INDEX_DIR"):
        build(corpus, tmp_path / "file", WordEmbeddings(), silent)


# --- only what changed is computed, and the result is the same


class Tokens(WordEmbeddings):
    """The fake model with a token a word, so that sentences have something to keep."""

    def encode_tokens(self, texts):
        """Return a vector a text, and its words' lengths as tokens."""
        lengths = [np.array([0, *(len(word) for word in text.split())]) for text in texts]
        return self.encode_documents(texts), [TokenStates(one, one[:, None].astype(np.float32)) for one in lengths]


class KeepsAll:
    """Stands in for the reader: keeps every token but the first."""

    digest = "1" * 64

    def sentence(self, tokens):
        """Return the tokens as they are."""
        return SentenceStates(tokens.ids[1:].astype(np.int32), tokens.states[1:].astype(np.float16))


@pytest.fixture(params=["without a reader", "with a reader"])
def model(request, monkeypatch):
    """The fake model, as a class."""
    if request.param == "without a reader":
        return WordEmbeddings
    monkeypatch.setattr(building, "open_reader", lambda digest: KeepsAll())
    return Tokens


def changed(corpus: Path) -> None:
    """Change one sentence of a document."""
    (corpus / "one-2019.md").write_text(f"{HEAD}Peace first. Then trade.\n\nThank you.", encoding="utf-8")


CHANGES = [
    pytest.param(changed, ["Peace first. Then trade.", "Then trade."], id="a sentence changed"),
    pytest.param(lambda corpus: (corpus / "a.md").write_text(f"{HEAD}Then drugs. Ah."), ["Ah.", "Then drugs. Ah."], id="a document more"),
    pytest.param(lambda corpus: (corpus / "one-2019.md").unlink(), [], id="a document less"),
    pytest.param(lambda corpus: (corpus / "one-2019.md").rename(corpus / "two-2021.md"), [], id="a document renamed"),
    pytest.param(lambda corpus: (corpus / "two-2020.txt").write_text(f"{HEAD}It was.\n“"), ["It was.", "“"], id="stop words and marks"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "new"), CHANGES)
def test_only_new_texts_are_embedded_and_the_result_is_that_of_a_build_from_nothing(corpus, folder, tmp_path, model, change, new):
    """Not a byte tells how a generation came about; texts are known wherever they stood before."""
    build(corpus, folder, model(), silent)
    change(corpus)
    embeddings = model()
    manifest = build(corpus, folder, embeddings, silent)
    assert sorted(embeddings.asked) == new
    assert manifest == build(corpus, tmp_path / "from nothing", model(), silent)
    opened, other = open_generation(folder), open_generation(tmp_path / "from nothing")
    assert opened.descriptions() == other.descriptions()
    rows = range(manifest.paragraphs)
    assert opened.paragraphs(rows) == other.paragraphs(rows)


def test_with_the_real_model_too_not_a_bit_depends_on_what_was_there_before(embeddings, tmp_path):
    """A text's vector and token states are the same whatever is embedded beside it."""
    corpus = tmp_path / "corpus"
    shutil.copytree(CORPUS, corpus)
    build(corpus, tmp_path / "index", embeddings, silent)
    (corpus / "new-2020.md").write_text(f"{HEAD}Drugs are a threat. We shall fight them together, in all member states.\n\nThank you.")
    manifest = build(corpus, tmp_path / "index", embeddings, silent)
    assert manifest == build(corpus, tmp_path / "from nothing", embeddings, silent)


def test_states_follow_their_sentences_from_generation_to_generation(corpus, folder, monkeypatch):
    """The sentence that moved down a row still has its own words' lengths."""
    monkeypatch.setattr(building, "open_reader", lambda digest: KeepsAll())
    build(corpus, folder, Tokens(), silent)
    (corpus / "a.md").write_text(f"{HEAD}A new one.")
    build(corpus, folder, Tokens(), silent)
    kept = open_generation(folder).sentence_states(range(5))
    assert [one.ids.tolist() for one in kept] == [[1, 3, 4], [5, 6], [4, 6], [5, 4], [5, 4]]


def test_a_build_of_what_is_built_already_changes_nothing(corpus, folder):
    """Not one text is embedded, and no file is written but the lock's."""
    build(corpus, folder, WordEmbeddings(), silent)
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.name != "LOCK"}
    embeddings = WordEmbeddings()
    build(corpus, folder, embeddings, silent)
    assert embeddings.asked == []
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.name != "LOCK"} == before


def test_nothing_of_another_model_is_taken_over(corpus, folder):
    """Every text is embedded anew."""
    build(corpus, folder, WordEmbeddings(), silent)
    embeddings = WordEmbeddings(digest="1" * 64)
    build(corpus, folder, embeddings, silent)
    assert len(embeddings.asked) == 4


def test_vectors_of_two_engines_are_not_mixed(corpus, folder):
    """They differ in their last digits: once a file has changed, every text is embedded by the engine at hand."""
    build(corpus, folder, WordEmbeddings(engine="one"), silent)
    (corpus / "more.md").write_text("---\ntitle: More\nkind: text\n---\nOf something else.")
    other = WordEmbeddings(engine="two")
    manifest = build(corpus, folder, other, silent)
    assert manifest.engine == "two"
    assert len(other.asked) == len(set(other.asked)) > manifest.paragraphs


def test_nothing_damaged_is_taken_over(corpus, folder):
    """Vectors of a file that was altered would come back under a digest of their own."""
    build(corpus, folder, WordEmbeddings(), silent)
    next(folder.glob("*/paragraphs.faiss")).write_bytes(b"damage")
    changed(corpus)
    embeddings = WordEmbeddings()
    build(corpus, folder, embeddings, silent)
    assert len(embeddings.asked) == 4


def test_an_index_of_a_newer_format_is_not_built_over(corpus, folder, monkeypatch):
    """It can be used again by the program that made it."""
    for module in (manifests, writing, building):
        monkeypatch.setattr(module, "FORMAT_VERSION", manifests.FORMAT_VERSION + 1)
    build(corpus, folder, WordEmbeddings(), silent)
    monkeypatch.undo()
    before = sorted(folder.rglob("*"))
    with pytest.raises(NewerIndexError, match="Nothing was changed"):
        build(corpus, folder, WordEmbeddings(), silent)
    assert sorted(folder.rglob("*")) == before


BUILDING = """
import sys, pathlib
from index.build import build
from index.search import search
from index.store import open_generation
from tests.fakes import WordEmbeddings
corpus, folder = map(pathlib.Path, sys.argv[1:])
print(build(corpus, folder, WordEmbeddings(), lambda done, total: None))
found = search(open_generation(folder), WordEmbeddings(), "Peace and drugs?")
print(found.passages, found.sentences)
"""


def test_the_same_corpus_gives_the_same_index_and_ranking_in_any_process(corpus, tmp_path):
    """Whatever order Python's sets have there."""
    said = [
        subprocess.run(
            [sys.executable, "-c", BUILDING, corpus, tmp_path / seed], cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True, text=True, check=True,
        ).stdout
        for seed in ("0", "1")
    ]  # fmt: skip
    assert said[0] == said[1]
    assert "Then drugs." in said[0]


FULL = """
import resource, sys, pathlib
from index.build import build
from index.errors import IndexUnusableError
from tests.fakes import WordEmbeddings
corpus, folder, most = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), int(sys.argv[3])
resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
try: build(corpus, folder, WordEmbeddings(), lambda done, total: None)
except IndexUnusableError as error: print(error)
"""


@pytest.mark.parametrize("most", [1000, 10_000, 15_000])
def test_where_the_system_lets_no_file_grow_further_the_old_index_stays(corpus, folder, most):
    """Whichever library writes, the message is the same, and the draft is removed."""
    old = build(corpus, folder, WordEmbeddings(), silent)
    changed(corpus)
    command = [sys.executable, "-c", FULL, corpus, folder, str(most)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert re.search(r"The index folder \S+ cannot be written \(.+\)\. Make room or name another: SCO_INDEX_DIR", done.stdout)
    assert open_generation(folder).manifest == old
    assert not list(folder.glob("draft*"))


# --- builds that are stopped go on where they were


class Stopping(Tokens):
    """Is stopped when it has embedded so many texts."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self._after = after

    def encode_documents(self, texts):
        """Return a vector a text, or stop."""
        if len(self.asked) >= self._after:
            raise KeyboardInterrupt
        return super().encode_documents(texts)


def test_a_build_that_was_stopped_goes_on_where_it_was(tmp_path, folder, model, monkeypatch):
    """What was saved by then is not embedded again, a part cut short is, and the result is the same."""
    monkeypatch.setattr(encoding, "BATCH", 2)
    monkeypatch.setattr(encoding, "SAVED", 4)
    corpus = tmp_path / "many"
    corpus.mkdir()
    (corpus / "many.md").write_text(HEAD + "\n".join(f"Sentence {number}." for number in range(10, 30)))
    with pytest.raises(KeyboardInterrupt):
        build(corpus, folder, Stopping(after=14), silent)
    parts = sorted(next(folder.glob("encoded-*")).iterdir())
    assert len(parts) == 3
    parts[1].write_bytes(parts[1].read_bytes()[:-1])
    embeddings, seen = model(), []
    manifest = build(corpus, folder, embeddings, lambda done, total: seen.append((done, total)))
    assert len(embeddings.asked) == 20 - 8
    assert seen[-1] == (12, 12)
    assert not list(folder.glob("encoded-*"))
    assert manifest == build(corpus, tmp_path / "from nothing", model(), silent)


# --- readers


def test_readers_are_answered_from_one_generation_or_the_other_while_builds_run(corpus, folder):
    """Whoever opens, searches and reads meanwhile meets no error and no mixture."""
    texts = [(f"{HEAD}Peace in {city}.", f"Peace in {city}.") for city in ("Bishkek", "Tashkent")]
    (corpus / "one-2019.md").write_text(texts[0][0])
    build(corpus, folder, WordEmbeddings(), silent)
    done = threading.Event()

    def read() -> set[str]:
        met = set()
        while not done.is_set():
            found = search(open_generation(folder), WordEmbeddings(), "Peace")
            met.add(found.sentences[0].text)
        return met

    with ThreadPoolExecutor(2) as pool:
        readers = [pool.submit(read) for _ in range(2)]
        for number in range(1, 12):
            (corpus / "one-2019.md").write_text(texts[number % 2][0])
            build(corpus, folder, WordEmbeddings(), silent)
        done.set()
        assert set().union(*(reader.result() for reader in readers)) == {text for _, text in texts}
