"""Measured values become lines of a table, and the machine a line above it."""

import os
import platform
from collections.abc import Sequence

import numpy as np

HEAD = f"{'':<44}{'n':>6}{'p50':>10}{'p95':>10}{'max':>10}"


def machine() -> str:
    """Return what the figures depend on."""
    return f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()} {platform.release()}, Python {platform.python_version()}"


def row(name: str, values: Sequence[float]) -> str:
    """Return a line with the count, median, 95th percentile and maximum of *values*."""
    p50, p95 = np.percentile(values, [50, 95])
    return f"{name[:43]:<44}{len(values):>6}{p50:>10.2f}{p95:>10.2f}{max(values):>10.2f}"
