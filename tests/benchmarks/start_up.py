"""Measures the seconds from the start of ``python app.py`` until the chat page can be used, and of ``python app.py ask`` to its end.

Each start is a process of its own over one index, which the first start builds; a first start also exports the model's
graph, which takes many times as long, so it is measured once unless asked for more. Beside the seconds stand those of the
processor, which a busy machine lengthens less. With --imports, prints which libraries' imports take the most time of a start.
Reads /proc, so it runs on Linux alone.

    python -m tests.benchmarks.start_up [--runs 5] [--first 1] [--imports]
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import app
from tests.benchmarks.figures import HEAD, machine, row
from tests.benchmarks.serving import as_users_have_it, serve
from tests.project import ROOT

RUNS = 5
HEAVIEST = 15  # libraries shown; the rest take less than 50 ms each
_IMPORT = re.compile(rb"import time:\s+(\d+) \|\s+\d+ \| +([\w.]+)")


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(
        description="Seconds until the server answers, and until a question asked in the terminal is answered."
    )
    parser.add_argument("--runs", type=int, default=RUNS, help="later starts, and questions")
    parser.add_argument("--first", type=int, default=1, help="first starts, a minute each")
    parser.add_argument("--imports", action="store_true", help="also print the heaviest imports")
    options = parser.parse_args()
    print(machine())
    print("Seconds from the start of the process, and of the processor")
    print(HEAD)
    with tempfile.TemporaryDirectory() as folder:
        built = Path(folder)
        _print("first start: exports and builds", [start(built / f"{number}") for number in range(options.first)])
        _print("later starts", [start(built / "0") for _ in range(options.runs)])
        _print("app.py ask, to its end", [ask(built / "0", app.EXAMPLES[n % len(app.EXAMPLES)]) for n in range(options.runs)])
        if options.imports:
            print("\nSeconds in imports, by library (with -X importtime, which slows them)")
            for library, seconds in imports(built / "0")[:HEAVIEST]:
                print(f"{library:<44}{seconds:>26.2f}")


def _print(name: str, taken: list[tuple[float, float]]) -> None:
    seconds, processor = zip(*taken, strict=True)
    print(row(name, seconds))
    print(row("  of the processor", processor), flush=True)


def start(index_dir: Path) -> tuple[float, float]:
    """Return the seconds until the server over the index in *index_dir* answers, and those that its processor worked."""
    with serve(index_dir) as served:
        return served.seconds, served.processor_s


def ask(index_dir: Path, question: str) -> tuple[float, float]:
    """Return the seconds that `app.py ask` takes over the index in *index_dir*, and those that its processor worked."""
    started = time.perf_counter()
    environment = {**as_users_have_it(), "SCO_INDEX_DIR": f"{index_dir}"}
    asked = subprocess.Popen([sys.executable, "app.py", "ask", question], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(asked.pid, 0)
    asked.returncode = os.waitstatus_to_exitcode(status)
    if asked.returncode:
        raise SystemExit(f"app.py ask ended with status {asked.returncode}. Run it by hand: python app.py ask {question!r}")
    return time.perf_counter() - started, used.ru_utime + used.ru_stime


def imports(index_dir: Path) -> list[tuple[str, float]]:
    """Return the seconds that each library's own modules take to import in one start, the heaviest first."""
    with tempfile.TemporaryFile() as errors:
        with serve(index_dir, ("-X", "importtime"), errors):
            pass
        errors.seek(0)
        seconds: dict[str, float] = defaultdict(float)
        for microseconds, module in _IMPORT.findall(errors.read()):
            seconds[module.decode().split(".")[0]] += int(microseconds) / 1e6
    return sorted(seconds.items(), key=lambda item: -item[1])


if __name__ == "__main__":
    main()
