"""Turns the checked model into an int8 graph beside the index, and runs it: texts to vectors and token states without torch.

The reference is index/embedding.py's SentenceEmbeddings: a graph is exported from it, compared with it, and refused if
the two disagree. Knows nothing of documents or search. docs/decisions/010 has the figures.
"""

import hashlib
import json
import logging
import os
import shutil
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from index.cross_encoder import open_cross_encoder
from index.embedding import STATE_LAYERS, Encoder, LowerChanges, ModelFiles, SentenceEmbeddings, TokenStates, Vectors
from index.errors import ModelError
from index.files import sha256, write_synced
from index.runtime import KEPT_APART, open_session

if TYPE_CHECKING:
    import onnx
    import torch

LEAST_COSINE = 0.97  # between graph and reference for every probe; the default model's lowest over questions and paragraphs is 0.985
GRAPH_VERSION = 6  # raised when the export below changes: older graphs are exported anew
LONGEST = 512  # tokens read of a text by a model that names no limit of its own
REMEMBERED = 1_000  # texts whose tokens are: a question's are asked for by each reader, and an answer's by many questions
BLOCKED = -1e9  # added to the attention given to padding
OPSET = 18  # of ONNX; what torch's exporter and onnxruntime's quantisation both know
PROBES = (  # compared before a graph is used, beside texts of the corpus: short, long, numbers, another script, one word
    "cannabis",
    "What is the organisation's position on the trafficking of drugs from Afghanistan?",
    "In 2018 the member states seized 40 percent of all opiates, more than 100 tonnes, on 12 routes.",
    "ШОС выступает за мирное урегулирование. 上海合作组织",
    " ".join(["The parties agreed to strengthen cooperation against terrorism, separatism and extremism."] * 12),
)

log = logging.getLogger(__name__)


class GraphEncoder(Encoder):
    """An exported graph, run by onnxruntime on the tokenizer's ids; loading takes a tenth of a second.

    One text at a time, a thread each: nothing is padded, so a text's vector does not depend on its neighbours. Safe from several threads.
    """

    def __init__(self, files: ModelFiles, graph: bytes | Path, digest: str, longest: int, lower: bytes | Path | None = None) -> None:
        """Take the whole model as *graph*, and as *lower* its lower layers as a cross-encoder changed them: files, or what they hold.

        *digest* is the graph's sha256 (hex), which takes 20 ms to compute.
        """
        from tokenizers import Tokenizer

        self.files = files
        self.engine = digest
        self._session = open_session(graph)
        self._lower = open_session(lower) if lower else None
        self._has_states = any(output.name == "states" for output in self._session.get_outputs())
        self._tokenizer = Tokenizer.from_file(str(files.folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(max_length=longest)
        self._vectors: dict[str, Vectors] = {}
        self._remembered_ids = lru_cache(maxsize=REMEMBERED)(self._token_ids)
        self.dimension = int(self._session.get_outputs()[0].shape[-1])

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        """Return one unit vector a text, shape ``(len(texts), dimension)``."""
        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        with ThreadPoolExecutor(os.cpu_count()) as threads:
            return np.stack(list(threads.map(self._vector, texts)))

    def encode_question(self, question: str) -> Vectors:
        """Return the unit vector of *question*, shape ``(dimension,)``."""
        known = self._vectors.get(question)
        return self._remember(question, self._vector(question)) if known is None else known

    def _vector(self, text: str) -> Vectors:
        return self._run(["vectors"], self.token_ids(text))[0]

    def encode_tokens(self, texts: Sequence[str]) -> tuple[Vectors, list[TokenStates]]:
        """Return one unit vector a text and each text's token states. Raises ModelError if the graph was exported without them."""
        if not self._has_states:
            raise ModelError(f"The model {self.files.name} has no layers {STATE_LAYERS}, so it gives no token states.")
        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32), []
        if len(texts) == 1:  # a question: starting a thread takes longer than it saves
            encoded = [self._tokens(texts[0])]
            self._remember(texts[0], encoded[0][0])
        else:
            with ThreadPoolExecutor(os.cpu_count()) as threads:
                encoded = list(threads.map(self._tokens, texts))
        return np.stack([vector for vector, _ in encoded]), [tokens for _, tokens in encoded]

    def _tokens(self, text: str) -> tuple[Vectors, TokenStates]:
        ids = self.token_ids(text)
        vector, states = self._run(["vectors", "states"], ids)
        return vector, TokenStates(ids, states)

    def _remember(self, question: str, vector: Vectors) -> Vectors:
        """Return the *vector* of *question*, kept for who asks on: what was asked before is looked for with the next one."""
        if len(self._vectors) >= REMEMBERED:
            self._vectors.clear()
        vector.flags.writeable = False  # what is remembered is handed out again
        self._vectors[question] = vector
        return vector

    def lower_states(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return what the LOWER_LAYERS, as a cross-encoder changed them, make of the tokens *ids*, shape ``(len(ids), dimension)``.

        Raises ModelError if there is no cross-encoder for the model.
        """
        if self._lower is None:
            raise ModelError(f"There is no cross-encoder for the model {self.files.name}.")
        states: NDArray[np.float32] = self._lower.run(["lower"], _inputs(ids))[0][0]
        return states

    def token_ids(self, text: str) -> NDArray[np.int64]:
        """Return the ids of *text*'s tokens, shape ``(n,)``, between the two that stand for its beginning and its end."""
        return self._remembered_ids(text)

    def _token_ids(self, text: str) -> NDArray[np.int64]:
        ids = np.array(self._tokenizer.encode(text).ids, dtype=np.int64)
        ids.flags.writeable = False  # what is remembered is handed out again
        return ids

    def token_spans(self, text: str) -> NDArray[np.int64]:
        """Return where each token of *text* begins and ends in it, shape ``(n, 2)``, in characters; empty for one that stands for none."""
        return np.array(self._tokenizer.encode(text).offsets, dtype=np.int64)

    def _run(self, outputs: list[str], ids: NDArray[np.int64]) -> list[NDArray[np.float32]]:
        return [output[0] for output in self._session.run(outputs, _inputs(ids))]


def _inputs(ids: NDArray[np.int64]) -> dict[str, NDArray[np.int64]]:
    return {"input_ids": ids[None, :], "attention_mask": np.ones((1, len(ids)), dtype=np.int64)}


def open_graph(files: ModelFiles, folder: Path) -> GraphEncoder | None:
    """Return the graph that was exported into *folder* for the model *files*, or None if there is none to be trusted.

    A graph whose digest differs from its record, or of another model, cross-encoder or version, is not opened.
    """
    return _opened(files, folder, _shipped_changes(files))


def _shipped_changes(files: ModelFiles) -> LowerChanges | None:
    cross_encoder = open_cross_encoder(files.digest)
    return cross_encoder.changes if cross_encoder else None


def _opened(files: ModelFiles, folder: Path, changes: LowerChanges | None) -> GraphEncoder | None:
    place = _place(files, folder)
    try:
        record = json.loads((place / "graph.json").read_text(encoding="utf-8"))
        graphs = [place / name for name in ("graph.onnx", "lower.onnx")]
        digests = [_digest(graph) for graph in graphs]
        lower = graphs[1] if graphs[1].stat().st_size else None
    except (OSError, ValueError):
        return None
    expected = {**_origin(files, changes), "sha256": digests}
    if not (isinstance(record, dict) and expected.items() <= record.items() and isinstance(record.get("longest"), int)):
        log.warning("The encoder's graph in %s was altered or is of another version; it is exported anew.", place)
        return None
    return GraphEncoder(files, graphs[0], digests[0], record["longest"], lower)


def is_exported(files: ModelFiles, folder: Path) -> bool:
    """Return whether a graph of the model *files* lies in *folder*, to be trusted or not."""
    return (_place(files, folder) / "graph.json").is_file()


def _origin(files: ModelFiles, changes: LowerChanges | None) -> dict[str, object]:
    """Return what a graph is made of, as its record says."""
    return {"version": GRAPH_VERSION, "model_digest": files.digest, "changes_digest": changes.digest if changes else ""}


def prepare_encoder(files: ModelFiles, folder: Path) -> Encoder:
    """Return the graph of the model *files*, exported into *folder* first if it is not there.

    A model that cannot be exported, or whose graph disagrees with it, is used as it is, through torch: slower, and said so in the log.
    Raises ModelError if the model does not load.
    """
    return prepare_changed_encoder(files, folder, _shipped_changes(files))


def prepare_changed_encoder(files: ModelFiles, folder: Path, changes: LowerChanges | None) -> Encoder:
    """Return what `prepare_encoder` does, its lower layers changed for another cross-encoder than the one that comes with the project."""
    opened = _opened(files, folder, changes)
    if opened is not None:
        return opened
    reference = SentenceEmbeddings(files, changes)
    try:
        graph, lower, longest = _export(reference)
        encoder = GraphEncoder(files, graph, _digest(graph), longest, lower)
        agreement = _agreement(reference, encoder)
    except Exception as error:  # an exporter fails in as many ways as there are models
        log.warning("The model %s cannot be exported (%s: %s); it is run by torch instead.", files.name, type(error).__name__, error)
        return reference
    if agreement < LEAST_COSINE:
        log.warning("The exported graph of %s agrees with it by a cosine of %.3f only; torch runs it instead.", files.name, agreement)
        return reference
    record = {
        **_origin(files, changes),
        "model": files.name,
        "sha256": [encoder.engine, _digest(lower)],
        "longest": longest,
        "lowest_cosine": round(agreement, 4),
    }
    try:
        _write(_place(files, folder), {"graph.onnx": graph, "lower.onnx": lower, "graph.json": json.dumps(record, indent=1).encode()})
    except OSError as error:
        log.warning("The encoder's graph cannot be kept in %s (%s); the next start exports it again.", folder, error.strerror)
    return _opened(files, folder, changes) or encoder  # by path, where it could be kept


def _place(files: ModelFiles, folder: Path) -> Path:
    return folder / f"encoder-{files.digest[:16]}"


def _digest(graph: bytes | Path) -> str:
    return hashlib.sha256(graph).hexdigest() if isinstance(graph, bytes) else sha256(graph)


def _write(place: Path, contents: dict[str, bytes]) -> None:
    """Write *contents* by file name into *place*, all of them or none."""
    draft = place.with_name(f"{place.name}.{os.getpid()}")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    for name, content in contents.items():
        write_synced(draft / name, content)
    shutil.rmtree(place, ignore_errors=True)
    draft.rename(place)


def _agreement(reference: SentenceEmbeddings, encoder: GraphEncoder) -> float:
    """Return the lowest cosine between what *reference* and *encoder* make of a probe."""
    return float((reference.encode_documents(PROBES) * encoder.encode_documents(PROBES)).sum(axis=1).min())


def _export(reference: SentenceEmbeddings) -> tuple[bytes, bytes, int]:
    """Return the model as an ONNX graph with int8 weights, its lower layers as another, and the number of tokens that it reads at most.

    The second is empty for a model that has no cross-encoder.
    """
    import tempfile

    import onnx
    import torch
    from onnxruntime.quantization import QuantType, quantize_dynamic

    module, longest = _exported_module(reference)
    ids = torch.arange(1000, 1018).reshape(2, 9)
    outputs = ["vectors", "states", "lower"][: len(module(ids, torch.ones_like(ids)))]
    axes = {name: {0: "texts", 1: "tokens"} for name in ("input_ids", "attention_mask", "states", "lower")} | {"vectors": {0: "texts"}}
    with tempfile.TemporaryDirectory() as scratch, torch.inference_mode(), warnings.catch_warnings(), _quiet_quantiser():
        warnings.simplefilter("ignore")  # the exporter's: of its successor, which takes thirty times as long, and of constants it folds
        full, small = Path(scratch) / "full.onnx", Path(scratch) / "int8.onnx"
        torch.onnx.export(
            module,
            (ids, torch.ones_like(ids)),
            str(full),
            dynamo=False,
            opset_version=OPSET,
            input_names=["input_ids", "attention_mask"],
            output_names=outputs,
            dynamic_axes={name: axes[name] for name in ("input_ids", "attention_mask", *outputs)},
        )
        # Seven bits for weights: on processors without VNNI products of full int8 overflow their 16-bit sums.
        quantize_dynamic(full, small, weight_type=QuantType.QInt8, per_channel=True, reduce_range=True)
        onnx.checker.check_model(str(small))
        whole = onnx.load(str(small))
        parts = [_fused(part) for part in (_part(whole, outputs[:2]), *(_part(whole, [name]) for name in outputs[2:]))]
        return parts[0], parts[1] if len(parts) > 1 else b"", longest


def _part(whole: "onnx.ModelProto", outputs: list[str]) -> bytes:
    """Return the graph that computes *outputs* of *whole* alone."""
    from onnx.utils import Extractor

    part: bytes = Extractor(whole).extract_model(["input_ids", "attention_mask"], outputs).SerializeToString()
    return part


def _fused(graph: bytes) -> bytes:
    """Return *graph* as onnxruntime rewrites it at each opening on any processor: it computes the same, and opens in half the time."""
    import tempfile

    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    with tempfile.TemporaryDirectory() as scratch:
        fused = Path(scratch) / "fused.onnx"
        options.optimized_model_filepath = str(fused)
        onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"], disabled_optimizers=KEPT_APART)
        return fused.read_bytes()


@contextmanager
def _quiet_quantiser() -> Iterator[None]:
    """Keep the quantiser's advice to developers, which it gives through the root logger, from users."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)


def _exported_module(reference: SentenceEmbeddings) -> tuple["torch.nn.Module", int]:
    """Return the whole pipeline of *reference* as a module of ids and mask, and its longest input in tokens. Raises ModelError."""
    import torch
    from torch.nn.functional import normalize

    model = reference.model
    if any(model.prompts.values()):
        raise ModelError("it puts prompts before texts, which a graph does not")
    transformer = model[0].auto_model
    config = transformer.config  # type: ignore[union-attr]  # a module's attribute by name
    transformer.set_attn_implementation("eager")  # type: ignore[union-attr,operator]  # likewise
    config.output_hidden_states = True  # type: ignore[union-attr]  # likewise
    with_types = getattr(config, "type_vocab_size", 0) > 0

    class Pipeline(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model
            self.lower = torch.nn.ModuleList(reference.lower_layers)

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> tuple[torch.Tensor, ...]:
            features = {"input_ids": input_ids, "attention_mask": attention_mask}
            if with_types:
                features["token_type_ids"] = torch.zeros_like(input_ids)
            encoded = self.model(features)
            vectors = normalize(encoded["sentence_embedding"], dim=-1)
            layers = encoded["all_layer_embeddings"]
            if len(layers) <= max(STATE_LAYERS):
                return (vectors,)
            states = torch.cat([layers[layer] for layer in STATE_LAYERS], dim=-1)
            if not self.lower:
                return vectors, states
            lower = layers[0]  # the same embeddings as above, or each graph would hold them in another precision
            for layer in self.lower:
                lower = layer(lower, (1 - attention_mask[:, None, None, :].float()) * BLOCKED)
            return vectors, states, lower

    return Pipeline().eval(), int(model.max_seq_length or LONGEST)
