"""Turns a trained reader into the ONNX graph that index/reader.py runs without torch.

The steps are written one by one; torch's exporter writes others that compute the same and take up to a third longer. Here
tokens come before pairs, so that onnxruntime reads attention's heads where they lie, and states are added within a product.
Knows nothing of training.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from index.graph import OPSET
from index.training.model import HEADS, LAYERS, WIDTH, ReaderModule

IR_VERSION = 8  # of ONNX's files: the one that came with OPSET
FEWEST_HALVED = 1000  # numbers of a weight that is kept in float16; smaller ones are biases and scales, which save nothing
BLOCKED = -1e9  # added to the attention given to padding
LEAST_NORM = 1e-12  # that a state is divided by, as in torch's normalize
LEAST_WEIGHT = 1e-6  # that a question's likeness is divided by, as in ReaderModule
EPSILON = 1e-5  # of a normalisation, torch's
ASKED, TOLD = 0, 1  # the sides of a pair, as of_sentence has them

INPUTS = {
    "states": (TensorProto.FLOAT, ("pairs", "tokens", WIDTH)),
    "of_sentence": (TensorProto.INT64, ("pairs", "tokens")),
    "shared": (TensorProto.FLOAT, ("pairs", "tokens")),
    "information": (TensorProto.FLOAT, ("pairs", "tokens")),
    "used": (TensorProto.BOOL, ("pairs", "tokens")),
    "cosines": (TensorProto.FLOAT, ("pairs",)),
}

Value = str  # the name of an input, of a weight, or of what a step makes
Numbers = NDArray[np.float32] | NDArray[np.float16] | NDArray[np.int64]


class _Steps:
    """The steps of a graph in the order in which they are written, and the numbers that they need."""

    def __init__(self, weights: Mapping[str, NDArray[np.float32]]) -> None:
        self._weights = weights
        self._nodes: list[onnx.NodeProto] = []
        self._numbers: dict[Value, onnx.TensorProto] = {}

    def do(self, operation: str, *inputs: Value, **attributes: int | float | Sequence[int]) -> Value:
        """Write a step, and return what it makes."""
        made = f"{operation}.{len(self._nodes)}"
        node = helper.make_node(operation, inputs, [made])
        node.attribute.extend(helper.make_attribute(name, value) for name, value in attributes.items())
        self._nodes.append(node)
        return made

    def weight(self, name: str, part: int = 0, parts: int = 1) -> Value:
        """Write a weight of the module, or one *part* of *parts* of its rows, large ones in float16: onnxruntime widens them at opening."""
        values = np.split(self._weights[name], parts)[part]
        if values.size < FEWEST_HALVED:
            return self._write(f"{name}.{part}", values)
        return self.do("Cast", self._write(f"{name}.{part}", values.astype(np.float16)), to=TensorProto.FLOAT)

    def number(self, value: float) -> Value:
        """Write one number."""
        return self._write(f"{value:g}", np.array(value, dtype=np.float32))

    def whole(self, *values: int) -> Value:
        """Write whole numbers: axes, or a shape."""
        return self._write(str(values), np.array(values, dtype=np.int64))

    def _write(self, name: Value, values: Numbers) -> Value:
        self._numbers[name] = numpy_helper.from_array(values, name)
        return name

    def graph(self, output: Value) -> bytes:
        """Return the graph of INPUTS whose output, "logits", is what was made last as *output*."""
        self._nodes.append(helper.make_node("Identity", [output], ["logits"]))
        inputs = [helper.make_tensor_value_info(name, kind, shape) for name, (kind, shape) in INPUTS.items()]
        outputs = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ("pairs",))]
        graph = helper.make_graph(self._nodes, "reader", inputs, outputs, list(self._numbers.values()))
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
        onnx.checker.check_model(model)
        content: bytes = model.SerializeToString()
        return content


def graph_of(net: ReaderModule) -> bytes:
    """Return `ReaderModule.read` of *net* as an ONNX graph for any number of pairs and tokens; its inputs are named as there."""
    steps = _Steps(_weights(net))
    asked, told = (_side(steps, side) for side in (ASKED, TOLD))
    nearest = _nearest(steps)
    likeness = _likeness(steps, nearest, asked)
    hidden = _encoded(steps, _featured(steps, nearest))
    return steps.graph(_logits(steps, _pooled(steps, hidden, asked, told), likeness))


def _weights(net: ReaderModule) -> dict[str, NDArray[np.float32]]:
    """Return the weights of *net* by name, those of sides and features joined: a token's side, 0 or 1, is one feature more."""
    weights = {name: values.detach().numpy() for name, values in net.state_dict().items()}
    sides = weights["seg.weight"]
    weights["features.weight"] = np.column_stack([weights["feat.weight"], sides[TOLD] - sides[ASKED]])
    weights["features.bias"] = weights["feat.bias"] + sides[ASKED]
    return weights


def _side(steps: _Steps, side: int) -> Value:
    """Make 1 for each token of *side* and 0 for others and padding, shape ``(pairs, tokens)``."""
    of_side = steps.do("Equal", "of_sentence", steps.whole(side))
    return steps.do("Cast", steps.do("And", "used", of_side), to=TensorProto.FLOAT)


def _nearest(steps: _Steps) -> Value:
    """Make each token's greatest cosine to a token of the other side, shape ``(pairs, tokens)``."""
    squares = steps.do("ReduceSum", steps.do("Mul", "states", "states"), steps.whole(2))
    unit = steps.do("Div", "states", steps.do("Sqrt", steps.do("Max", squares, steps.number(LEAST_NORM**2))))
    cosines = steps.do("MatMul", unit, steps.do("Transpose", unit, perm=(0, 2, 1)))
    same = steps.do("Equal", *(steps.do("Unsqueeze", "of_sentence", steps.whole(axis)) for axis in (1, 2)))
    unused = steps.do("Unsqueeze", steps.do("Not", "used"), steps.whole(1))
    across = steps.do("Where", steps.do("Or", same, unused), steps.number(-1), cosines)
    return steps.do("ReduceMax", across, steps.whole(2), keepdims=0)


def _likeness(steps: _Steps, nearest: Value, asked: Value) -> Value:
    """Make the mean of what is *nearest* to the question's tokens, weighted by their information, shape ``(pairs,)``."""
    weight = steps.do("Mul", "information", asked)
    weighted = steps.do("Mul", weight, nearest)
    met, whole = (steps.do("ReduceSum", values, steps.whole(1), keepdims=0) for values in (weighted, weight))
    return steps.do("Div", met, steps.do("Max", whole, steps.number(LEAST_WEIGHT)))


def _featured(steps: _Steps, nearest: Value) -> Value:
    """Make the states with what each token's side and features add, shape ``(tokens * pairs, width)``."""
    side = steps.do("Cast", "of_sentence", to=TensorProto.FLOAT)
    values = [steps.do("Unsqueeze", value, steps.whole(2)) for value in (nearest, "shared", "information", side)]
    states, features = (steps.do("Transpose", value, perm=(1, 0, 2)) for value in ("states", steps.do("Concat", *values, axis=2)))
    flat = steps.do("Reshape", features, steps.whole(-1, len(values)))
    return _added(steps, "features", flat, steps.do("Reshape", states, steps.whole(-1, WIDTH)))


def _encoded(steps: _Steps, hidden: Value) -> Value:
    """Make what the layers make of *hidden*, normalised, shape ``(tokens, pairs, width)``."""
    pairs, tokens = (steps.do("Shape", "used", start=axis, end=axis + 1) for axis in (0, 1))
    by_head = steps.do("Concat", tokens, pairs, steps.whole(HEADS, WIDTH // HEADS), axis=0)
    unused = steps.do("Cast", steps.do("Not", "used"), to=TensorProto.FLOAT)
    padding = steps.do("Unsqueeze", steps.do("Mul", unused, steps.number(BLOCKED)), steps.whole(1, 2))
    for layer in range(LAYERS):
        name = f"enc.layers.{layer}"
        given = _normalised(steps, f"{name}.norm1", hidden)
        hidden = _added(steps, f"{name}.self_attn.out_proj", _attended(steps, f"{name}.self_attn", given, by_head, padding), hidden)
        inner = steps.do("Relu", _mapped(steps, f"{name}.linear1", _normalised(steps, f"{name}.norm2", hidden)))
        hidden = _added(steps, f"{name}.linear2", inner, hidden)
    by_token = steps.do("Concat", tokens, pairs, steps.whole(WIDTH), axis=0)
    return steps.do("Reshape", _normalised(steps, "out", hidden), by_token)


def _attended(steps: _Steps, name: str, given: Value, by_head: Value, padding: Value) -> Value:
    """Make what the heads of the attention *name* read of the tokens *given*, both of shape ``(tokens * pairs, width)``."""
    queries, keys, values = (
        steps.do("Transpose", steps.do("Reshape", _projected(steps, name, given, part), by_head), perm=perm)
        for part, perm in enumerate([(1, 2, 0, 3), (1, 2, 3, 0), (1, 2, 0, 3)])
    )
    products = steps.do("Mul", steps.do("MatMul", queries, keys), steps.number((WIDTH // HEADS) ** -0.5))
    shares = steps.do("Softmax", steps.do("Add", products, padding), axis=-1)
    read = steps.do("Transpose", steps.do("MatMul", shares, values), perm=(2, 0, 1, 3))
    return steps.do("Reshape", read, steps.whole(-1, WIDTH))


def _pooled(steps: _Steps, hidden: Value, asked: Value, told: Value) -> Value:
    """Make the mean of *hidden* over each side's tokens, side by side, shape ``(pairs, 2 * width)``."""
    sides = steps.do("Concat", *(steps.do("Unsqueeze", side, steps.whole(1)) for side in (asked, told)), axis=1)
    counts = steps.do("Max", steps.do("ReduceSum", sides, steps.whole(2)), steps.number(1))
    means = steps.do("MatMul", steps.do("Div", sides, counts), steps.do("Transpose", hidden, perm=(1, 0, 2)))
    return steps.do("Reshape", means, steps.whole(-1, 2 * WIDTH))


def _logits(steps: _Steps, pooled: Value, likeness: Value) -> Value:
    """Make what the head makes of *pooled* states, the vectors' cosines and the words' *likeness*, shape ``(pairs,)``."""
    numbers = [steps.do("Unsqueeze", value, steps.whole(1)) for value in ("cosines", likeness)]
    inner = _gelu(steps, _mapped(steps, "head.0", steps.do("Concat", pooled, *numbers, axis=1)))
    return steps.do("Squeeze", _mapped(steps, "head.2", inner), steps.whole(1))


def _gelu(steps: _Steps, values: Value) -> Value:
    """Make x / 2 * (1 + erf(x / sqrt(2))) of each of *values*."""
    error = steps.do("Erf", steps.do("Div", values, steps.number(2**0.5)))
    return steps.do("Mul", steps.do("Mul", values, steps.do("Add", error, steps.number(1))), steps.number(0.5))


def _normalised(steps: _Steps, name: str, values: Value) -> Value:
    return steps.do("LayerNormalization", values, steps.weight(f"{name}.weight"), steps.weight(f"{name}.bias"), epsilon=EPSILON)


def _projected(steps: _Steps, name: str, given: Value, part: int) -> Value:
    """Make the queries (*part* 0), keys (1) or values (2) of the attention *name*."""
    weight, bias = (steps.weight(f"{name}.in_proj_{kind}", part, parts=3) for kind in ("weight", "bias"))
    return steps.do("Gemm", given, weight, bias, transB=1)


def _mapped(steps: _Steps, name: str, values: Value) -> Value:
    return steps.do("Gemm", values, steps.weight(f"{name}.weight"), steps.weight(f"{name}.bias"), transB=1)


def _added(steps: _Steps, name: str, values: Value, hidden: Value) -> Value:
    """Make what the map *name* makes of *values*, added to *hidden*, within the product."""
    return steps.do("Add", steps.do("Gemm", values, steps.weight(f"{name}.weight"), hidden, transB=1), steps.weight(f"{name}.bias"))
