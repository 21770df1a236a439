"""Turns ONNX graphs into sessions that compute, and reads the graphs that come with the project if they are whole.

Knows nothing of what a graph computes.
"""

import hashlib
import logging
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

# What onnxruntime would join and is slower for it: its joined step adds and normalises one number after the other, which takes two to
# four times as long as the two steps, and made up a tenth of a pass of the encoder (docs/decisions/010).
KEPT_APART = ["SkipLayerNormFusion"]

log = logging.getLogger(__name__)


def open_session(graph: bytes | Path) -> "InferenceSession":
    """Return what runs *graph*, given as a file or as what it holds, on one thread; a file is not kept in memory a second time."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1  # the threads are the caller's: one a text, one a visitor
    options.log_severity_level = 3  # errors; what it warns of is of no use here
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"], disabled_optimizers=KEPT_APART)


def shipped(weights: Path) -> bytes | None:
    """Return what the file *weights* of the project holds, or None, and a word in the log, if it is missing or was altered.

    Its sha256 stands beside it, in a file of that ending in the format of sha256sum. Questions are then answered without it.
    """
    try:
        expected, content = weights.with_suffix(".sha256").read_text(encoding="ascii").split()[0], weights.read_bytes()
        whole = hashlib.sha256(content).hexdigest() == expected
    except (OSError, IndexError) as error:
        log.warning(
            "The weights %s cannot be read (%s). Questions are answered without them; restore them from the project.", weights, error
        )
        return None
    if not whole:
        log.warning("%s was altered. Questions are answered without it; restore it: git checkout -- %s", weights, weights.name)
    return content if whole else None
