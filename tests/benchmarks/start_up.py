"""Measures the seconds from the start of ``python app.py`` until ``/healthz`` and ``/`` answer.

Runs the first start, which builds the index, and later ones, which open it, each as a process of its own with an index
folder of its own. With --imports, prints which libraries' imports take the most time of a start.

    python -m tests.benchmarks.start_up [--runs 5] [--imports]
"""

import argparse
import re
import tempfile
from collections import defaultdict
from pathlib import Path

from tests.benchmarks.figures import HEAD, machine, row
from tests.benchmarks.serving import serve

RUNS = 5
HEAVIEST = 15  # libraries shown; the rest take less than 50 ms each
_IMPORT = re.compile(rb"import time:\s+(\d+) \|\s+\d+ \| +([\w.]+)")


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description="Seconds until the server answers.")
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--imports", action="store_true", help="also print the heaviest imports")
    options = parser.parse_args()
    first, later = [], []
    for _ in range(options.runs):
        with tempfile.TemporaryDirectory() as folder:
            for seconds in (first, later):
                with serve(Path(folder)) as served:
                    seconds.append(served.seconds)
    print(machine())
    print("Seconds from the start of the process until /healthz and / answer")
    print(HEAD)
    print(row("first start: builds the index", first))
    print(row("later starts: open it", later))
    if options.imports:
        print("\nSeconds in imports, by library (with -X importtime, which slows them)")
        for library, seconds in imports()[:HEAVIEST]:
            print(f"{library:<44}{seconds:>26.2f}")


def imports() -> list[tuple[str, float]]:
    """Return the seconds that each library's own modules take to import in one start, the heaviest first."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as errors:
        with serve(Path(folder) / "index", ("-X", "importtime"), errors):
            pass
        errors.seek(0)
        seconds: dict[str, float] = defaultdict(float)
        for microseconds, module in _IMPORT.findall(errors.read()):
            seconds[module.decode().split(".")[0]] += int(microseconds) / 1e6
    return sorted(seconds.items(), key=lambda item: -item[1])


if __name__ == "__main__":
    main()
