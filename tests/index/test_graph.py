"""The model is exported once, compared with what it came from, and run without torch."""

import json
import logging
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest

from index import graph as module
from index.embedding import DEFAULT_MODEL, ModelFiles, SentenceEmbeddings, check_model
from index.graph import GraphEncoder, open_graph, prepare_encoder
from tests.project import ROOT

TEXTS = [
    "The trend towards legalising cannabis raises serious concerns.",
    "Who attended the conference?",
    "In 2018 the member states confiscated 40 percent of all the drugs.",
    "word " * 400,
]


@pytest.fixture(scope="module")
def files() -> ModelFiles:
    """The checked files of the default model."""
    return check_model(DEFAULT_MODEL)


@pytest.fixture(scope="module")
def exported(files, tmp_path_factory) -> Path:
    """A folder that the graph was exported into."""
    folder = tmp_path_factory.mktemp("exported")
    assert isinstance(prepare_encoder(files, folder), GraphEncoder)
    return folder


@pytest.fixture
def own(exported, tmp_path) -> Path:
    """A copy of that folder to alter."""
    shutil.copytree(exported, tmp_path / "copy")
    return tmp_path / "copy"


def test_the_graph_agrees_with_the_model_that_it_was_exported_from(reference, exported, files):
    """Seven-bit weights turn a vector by a few degrees at most: every cosine to the reference's vector is at least 0.97."""
    cosines = (open_graph(files, exported).encode_documents(TEXTS) * reference.encode_documents(TEXTS)).sum(axis=1)
    assert cosines.min() >= 0.97


def test_every_vector_has_length_one(exported, files):
    """So an inner product is a cosine."""
    encoder = open_graph(files, exported)
    assert np.linalg.norm(encoder.encode_documents(TEXTS), axis=1) == pytest.approx(1, abs=1e-5)
    assert encoder.encode_documents([]).shape == (0, 384) == (0, encoder.dimension)


def test_a_text_has_the_same_vector_alone_and_among_others(exported, files):
    """Nothing is padded."""
    alone, among = (open_graph(files, exported) for _ in range(2))  # neither remembers what the other computed
    np.testing.assert_array_equal(alone.encode_question(TEXTS[0]), among.encode_documents(TEXTS)[0])


def test_a_vector_that_is_remembered_is_the_one_that_was_computed(exported, files):
    """However it was first asked for, and it cannot be altered."""
    encoder = open_graph(files, exported)
    (with_states,), _ = encoder.encode_tokens(["Who keeps bees?"])
    again = encoder.encode_question("Who keeps bees?")
    assert np.array_equal(again, with_states)
    assert np.array_equal(again, open_graph(files, exported).encode_question("Who keeps bees?"))
    with pytest.raises(ValueError, match="read-only"):
        again[0] = 0


def test_the_state_of_a_word_is_the_mean_of_its_tokens(reference, exported, files):
    """Of the six tokens of "Bishkek agreed." the first and the last stand for no word, three for the name, and a full stop is no word."""
    encoder = open_graph(files, exported)
    (found,), (expected,), (_, (tokens,)) = (
        encoder.word_states(["Bishkek agreed."]),
        reference.word_states(["Bishkek agreed."]),
        encoder.encode_tokens(["Bishkek agreed."]),
    )
    assert encoder.token_spans("Bishkek agreed.").tolist() == reference.token_spans("Bishkek agreed.").tolist()
    name = tokens.states[1:-3, 384:].mean(axis=0)
    np.testing.assert_allclose(found[0], name / np.linalg.norm(name), atol=1e-5)
    assert found.shape == expected.shape == (2, 384)
    assert (found * expected).sum(axis=1).min() > 0.95


def test_a_word_behind_what_the_model_reads_has_no_state(exported, files):
    """The model reads 256 tokens, the first and the last of which stand for no word."""
    (found,) = open_graph(files, exported).word_states(["word " * 300])
    assert np.linalg.norm(found, axis=1).tolist() == pytest.approx([1] * 254 + [0] * 46, abs=1e-5)


def test_token_states_are_those_of_the_reference(reference, exported, files):
    """The same tokens, and states that point the same way."""
    encoder = open_graph(files, exported)
    (vectors, tokens), (_, expected) = encoder.encode_tokens(TEXTS), reference.encode_tokens(TEXTS)
    np.testing.assert_array_equal(vectors, open_graph(files, exported).encode_documents(TEXTS))  # of another, which remembers none of them
    for ours, theirs in zip(tokens, expected, strict=True):
        assert ours.ids.tolist() == theirs.ids.tolist()
        dots = (ours.states * theirs.states).sum(axis=1)
        assert (dots / np.linalg.norm(ours.states, axis=1) / np.linalg.norm(theirs.states, axis=1)).mean() > 0.97


def test_both_graphs_are_kept_as_onnxruntime_rewrites_them(exported):
    """Several operators in one, so that no opening has to find them again."""
    for name in ("graph.onnx", "lower.onnx"):
        (file,) = exported.glob(f"*/{name}")
        operators = {node.op_type for node in onnx.load(file).graph.node}
        assert {"LayerNormalization", "Gelu", "MatMulIntegerToFloat"} <= operators
        assert "SkipLayerNormalization" not in operators  # of all these joined steps the one that is slower than its parts
        assert "Erf" not in operators  # of which Gelu is made


def test_a_graph_is_exported_once(exported, files, monkeypatch):
    """The next start finds it."""
    monkeypatch.setattr(module, "_export", lambda reference: pytest.fail("exported again"))
    assert isinstance(prepare_encoder(files, exported), GraphEncoder)


def alter(folder: Path, name: str, content: bytes) -> None:
    """Give the graph's file *name* other content."""
    (file,) = folder.glob(f"*/{name}")
    file.write_bytes(content)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("graph.onnx", b"not a graph"),
        ("graph.onnx", b""),
        ("graph.json", b"{}"),
        ("graph.json", b"[]"),
        ("graph.json", b"{"),
        ("graph.json", json.dumps({"version": 0}).encode()),
    ],
)
def test_an_altered_graph_is_not_opened(own, files, name, content):
    """Its digest, its model and the version of its export must be those on record."""
    alter(own, name, content)
    assert open_graph(files, own) is None


def test_a_flipped_bit_is_noticed(own, files):
    """A graph is trusted whole or not at all."""
    (file,) = own.glob("*/graph.onnx")
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    assert open_graph(files, own) is None


def test_graphs_for_another_cross_encoder_are_not_opened(own, files):
    """What it changed is in the graph of the lower layers."""
    (file,) = own.glob("*/graph.json")
    record = json.loads(file.read_text())
    file.write_text(json.dumps(record))
    assert open_graph(files, own) is not None
    file.write_text(json.dumps({**record, "changes_digest": "0" * 64}))
    assert open_graph(files, own) is None


def test_a_missing_record_or_graph_is_no_graph(own, files, tmp_path):
    """What was never exported is not there."""
    assert open_graph(files, tmp_path / "nowhere") is None
    (file,) = own.glob("*/graph.json")
    file.unlink()
    assert open_graph(files, own) is None


@pytest.mark.parametrize("fault", ["disagrees", "fails"])
def test_a_model_that_cannot_be_exported_is_run_by_torch(reference, files, tmp_path, monkeypatch, caplog, fault):
    """Slower, with the same vectors; the log says so, and nothing is kept."""
    monkeypatch.setattr(module, "SentenceEmbeddings", lambda given, changes: reference)
    if fault == "fails":
        monkeypatch.setattr(module, "_export", lambda model: (_ for _ in ()).throw(RuntimeError("an operator is unknown")))
    else:
        monkeypatch.setattr(module, "LEAST_COSINE", 1.1)
    with caplog.at_level(logging.WARNING):
        encoder = prepare_encoder(files, tmp_path)
    assert isinstance(encoder, SentenceEmbeddings)
    assert "torch" in caplog.text
    assert list(tmp_path.iterdir()) == []


SERVING = """
import sys
from pathlib import Path
from index.embedding import DEFAULT_MODEL, check_model
from index.graph import prepare_encoder
prepare_encoder(check_model(DEFAULT_MODEL), Path(sys.argv[1])).encode_question("Who attended?")
sys.exit(" ".join({"torch", "sentence_transformers", "transformers", "langchain_core"} & set(sys.modules)) or None)
"""


def test_answering_with_an_exported_graph_loads_no_torch(exported):
    """Neither it nor what rests on it."""
    done = subprocess.run([sys.executable, "-c", SERVING, str(exported)], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
