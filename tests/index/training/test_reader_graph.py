"""The graph computes what the module does; torch is the judge of the arithmetic."""

import numpy as np
import onnx
import pytest
import torch

from index.runtime import open_session
from index.training.model import WIDTH, ReaderModule
from index.training.reader_graph import graph_of

NAMES = ("states", "of_sentence", "shared", "information", "used", "cosines")


@pytest.fixture(scope="module")
def net() -> ReaderModule:
    """A module of weights by chance, normalisations too, as float16 has them."""
    torch.manual_seed(11)
    module = ReaderModule(state_width=12).eval()
    chance = {name: values + 0.1 * torch.randn_like(values) for name, values in module.state_dict().items()}
    module.load_state_dict({name: values.half().float() for name, values in chance.items()})
    return module


@pytest.fixture(scope="module")
def content(net) -> bytes:
    """Its graph, as a file holds it."""
    return graph_of(net)


def pairs(asked: int, told: list[int]) -> dict[str, np.ndarray]:
    """Return a batch of chance: a question of *asked* tokens beside a sentence of each of *told*, padded to the longest."""
    rng = np.random.default_rng(asked)
    shape = len(told), asked + max(told)
    used = np.arange(shape[1]) < asked + np.array(told)[:, None]
    values = (
        rng.standard_normal((*shape, WIDTH)).astype(np.float32) * used[:, :, None],
        ((np.arange(shape[1]) >= asked) & used).astype(np.int64),
        ((rng.random(shape) < 0.2) & used).astype(np.float32),
        rng.random(shape).astype(np.float32) * used,
        used,
        rng.random(len(told)).astype(np.float32),
    )
    return dict(zip(NAMES, values, strict=True))


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        pytest.param(7, [20], id="one pair"),
        pytest.param(2, [1], id="a question of its marks alone and a sentence of one token"),
        pytest.param(9, [12, 12, 12], id="no padding"),
        pytest.param(13, [51, 3, 1, 30, 25, 2, 40, 51], id="padding of all lengths"),
        pytest.param(32, [51] * 70, id="the longest texts, many pairs"),
    ],
)
def test_the_graph_gives_the_logits_of_the_module(net, content, asked, told):
    """For any number of pairs and tokens, with padding and without."""
    batch = pairs(asked, told)
    with torch.inference_mode():
        expected = net.read(*(torch.from_numpy(batch[name]) for name in NAMES)).numpy()
    (logits,) = open_session(content).run(["logits"], batch)
    assert np.ptp(expected) > 0.1 or len(told) == 1  # the pairs differ, or anything would do
    np.testing.assert_allclose(logits, expected, atol=1e-5)


def test_states_of_nothing_but_zeros_have_a_logit(net, content):
    """Nothing is divided by zero: neither the norm of a state nor the information of a question."""
    batch = pairs(3, [4, 2])
    batch |= {"states": np.zeros_like(batch["states"]), "information": np.zeros_like(batch["information"])}
    with torch.inference_mode():
        expected = net.read(*(torch.from_numpy(batch[name]) for name in NAMES)).numpy()
    (logits,) = open_session(content).run(["logits"], batch)
    np.testing.assert_allclose(logits, expected, atol=1e-5)


def test_large_weights_are_kept_in_two_bytes_a_number(net, content):
    """The thinning before it is not in the graph; all else of the module is, and little besides."""
    kept = sum(values.numel() for name, values in net.state_dict().items() if not name.startswith(("proj.", "norm.")))
    assert 2 * kept < len(content) < 2 * kept + 50_000


def test_any_runtime_can_run_the_graph(content):
    """Its steps are ONNX's own, none of onnxruntime's."""
    assert {step.domain for step in onnx.load_from_string(content).graph.node} == {""}
