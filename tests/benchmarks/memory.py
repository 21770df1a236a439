"""Measures the resident memory of the server, after its start and while questions are asked through the page.

Starts ``python app.py`` as a process of its own and asks as browsers do, ten questions a conversation. Reads
/proc, so it runs on Linux alone.

    python -m tests.benchmarks.memory [--questions 100]
"""

import argparse
import itertools
import tempfile
from pathlib import Path

import app
from tests.benchmarks.figures import machine
from tests.benchmarks.serving import Visitor, serve

QUESTIONS = 100
CONVERSATION = 10  # questions a visitor asks


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description="Megabytes of resident memory of the server.")
    parser.add_argument("--questions", type=int, default=QUESTIONS)
    questions = parser.parse_args().questions
    print(machine())
    print("Megabytes of resident memory of the server")
    with tempfile.TemporaryDirectory() as folder:
        with serve(Path(folder)):
            pass  # builds the index, so that the server that is measured opens it as every later one does
        with serve(Path(folder)) as served:
            print(f"{'after the start':<44}{resident(served.process.pid):>10.0f}")
            asked = itertools.islice(itertools.cycle(app.EXAMPLES), questions)
            for number, question in enumerate(asked, start=1):
                if number % CONVERSATION == 1:
                    visitor = Visitor(served.address, f"visitor{number}")
                visitor.ask(question)
                if number in (1, questions // 2, questions):
                    print(f"{f'after {number} questions':<44}{resident(served.process.pid):>10.0f}")


def resident(process: int) -> float:
    """Return the megabytes (10^6 bytes) of memory that a process has resident."""
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:")) * 1024 / 1e6


if __name__ == "__main__":
    main()
