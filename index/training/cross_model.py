"""The cross-encoder as a torch module: turns batches of joined question-sentence pairs into one logit each.

And its upper layers into the graph that index/cross_encoder.py runs without torch, and what changed in the lower ones into thin
matrices. Knows nothing of where pairs come from.
"""

import tempfile
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from index.cross_encoder import pair_of
from index.embedding import LOWER_LAYERS, ModelFiles
from index.graph import OPSET

DROPOUT = 0.1  # of what the head is given
BLOCKED = -1e9  # added to the attention given to padding
RANK = 12  # of what is added to a weight of the lower layers: half a megabyte in all, which is what the upper ones leave of six

Ids = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class JoinedBatch:
    """Pairs side by side, each the question's tokens, the sentence's, then padding; all of shape ``(pairs, tokens)``."""

    ids: Tensor
    of_sentence: Tensor  # 1 for a token of the sentence, else 0
    used: Tensor  # False for padding


class LowRank(nn.Module):
    """A linear layer that stays as it is, and a product of two thin matrices added to it: nothing at first (Hu et al. 2021, LoRA)."""

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        self.linear = linear
        self.down = nn.Linear(linear.in_features, RANK, bias=False)
        self.up = nn.Linear(RANK, linear.out_features, bias=False)
        nn.init.normal_(self.down.weight, std=linear.in_features**-0.5)
        nn.init.zeros_(self.up.weight)

    def forward(self, states: Tensor) -> Tensor:
        """Return what the layer makes of *states*, and what is added."""
        added: Tensor = self.linear(states) + self.up(self.down(states))
        return added


class CrossEncoderModule(nn.Module):
    """The encoder's transformer, its lower layers changed by little, and a head on what the upper ones make of a pair."""

    def __init__(self, files: ModelFiles) -> None:
        from transformers import BertModel

        super().__init__()
        self.transformer = BertModel.from_pretrained(str(files.folder), add_pooling_layer=False, attn_implementation="eager")
        width = int(self.transformer.config.hidden_size)
        self.side = nn.Embedding(2, width)
        nn.init.zeros_(self.side.weight)  # so that the upper layers begin with what they know
        self.head = nn.Sequential(nn.Linear(3 * width, width), nn.GELU(), nn.Linear(width, 1))
        self.drop = nn.Dropout(DROPOUT)
        self.transformer.embeddings.requires_grad_(requires_grad=False)
        for layer in self.lower_layers():
            layer.requires_grad_(requires_grad=False)
            for name, linear in [(name, part) for name, part in layer.named_modules() if isinstance(part, nn.Linear)]:
                layer.set_submodule(name, LowRank(linear))

    def lower_layers(self) -> list[nn.Module]:
        """Return the layers that are changed by thin matrices alone."""
        return list(self.transformer.encoder.layer[:LOWER_LAYERS])

    def train(self, mode: bool = True) -> "CrossEncoderModule":
        """Set the mode of the upper layers and the head; the lower ones never drop out."""
        super().train(mode)
        for part in (self.transformer.embeddings, *self.lower_layers()):
            part.eval()
        return self

    def forward(self, batch: JoinedBatch) -> Tensor:
        """Return one logit a pair, shape ``(pairs,)``."""
        mask = torch.zeros(batch.used.shape).masked_fill(~batch.used, BLOCKED)[:, None, None, :]
        with torch.no_grad():
            states: Tensor = self.transformer.embeddings(input_ids=batch.ids)
        for layer in self.lower_layers():
            states = _run(layer, states, mask)
        return self.upper(states, batch.of_sentence, batch.used, mask)

    def changes(self) -> dict[str, tuple[NDArray[np.float16], NDArray[np.float16]]]:
        """Return the thin matrices by the names of the weights that they are added to, as index/embedding.py's LowerChanges has them."""
        return {
            f"{number}.{name}": (_halved(part.down), _halved(part.up))
            for number, layer in enumerate(self.lower_layers())
            for name, part in layer.named_modules()
            if isinstance(part, LowRank)
        }

    def upper(self, states: Tensor, of_sentence: Tensor, used: Tensor | None = None, mask: Tensor | None = None) -> Tensor:
        """Return the logits of pairs whose tokens the lower layers have made *states*; without *used* no token is padding."""
        states = states + self.side(of_sentence)
        for layer in self.transformer.encoder.layer[LOWER_LAYERS:]:
            states = _run(layer, states, mask)
        sides = [(of_sentence == side) if used is None else used & (of_sentence == side) for side in (0, 1)]
        means = [(states * side.unsqueeze(-1)).sum(1) / side.sum(1, keepdim=True) for side in sides]
        logits: Tensor = self.head(self.drop(torch.cat([states[:, 0], *means], dim=1)))
        return logits[:, 0]


def _halved(linear: nn.Linear) -> NDArray[np.float16]:
    return linear.weight.detach().numpy().astype(np.float16)


def _run(layer: nn.Module, states: Tensor, mask: Tensor | None) -> Tensor:
    made = layer(states, mask)
    result: Tensor = made[0] if isinstance(made, tuple) else made
    return result


def join(pairs: Sequence[tuple[Ids, Ids]]) -> JoinedBatch:
    """Return *pairs* of a question's and a sentence's token ids, each with its marks, as one batch."""
    joined = [pair_of(question, sentence) for question, sentence in pairs]
    shape = len(joined), max(len(ids) for ids, _ in joined)
    ids, of_sentence, used = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=bool)
    for row, (tokens, sides) in enumerate(joined):
        ids[row, : len(tokens)], of_sentence[row, : len(tokens)], used[row, : len(tokens)] = tokens, sides, True
    return JoinedBatch(*(torch.from_numpy(values) for values in (ids, of_sentence, used)))


class _Upper(nn.Module):
    """The part of a cross-encoder that is not the encoder's, as a module of its own."""

    def __init__(self, net: CrossEncoderModule) -> None:
        super().__init__()
        self.net = net

    def forward(self, lower: Tensor, of_sentence: Tensor) -> Tensor:
        return self.net.upper(lower, of_sentence)


def upper_graph(net: CrossEncoderModule) -> bytes:
    """Return `CrossEncoderModule.upper` of *net* as an ONNX graph with int8 weights, for one pair of any number of tokens."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    example = torch.zeros(1, 5, int(net.transformer.config.hidden_size)), torch.tensor([[0, 0, 0, 1, 1]])
    with tempfile.TemporaryDirectory() as scratch, torch.inference_mode(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's remarks on itself
        full, small = Path(scratch) / "full.onnx", Path(scratch) / "int8.onnx"
        torch.onnx.export(
            _Upper(net).eval(),
            example,
            str(full),
            dynamo=False,
            opset_version=OPSET,
            input_names=["lower", "of_sentence"],
            output_names=["logits"],
            dynamic_axes={"lower": {1: "tokens"}, "of_sentence": {1: "tokens"}},
        )
        # Seven bits for weights, as in index/graph.py and for the same reason.
        quantize_dynamic(full, small, weight_type=QuantType.QInt8, per_channel=True, reduce_range=True)
        return small.read_bytes()
