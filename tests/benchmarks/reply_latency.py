"""Measures the milliseconds from a question to its complete reply, in one process that has everything loaded.

Runs the example questions again and again, after one round that is not counted, and prints count, median, 95th
percentile and maximum. Page and network are not part of it.

    python -m tests.benchmarks.reply_latency [--rounds 200]
"""

import argparse
import time

import app
from bot.conversation import Conversation
from bot.settings import read_settings
from tests.benchmarks.figures import HEAD, machine, row

ROUNDS = 200  # with five questions 1,000 replies, 50 of them beyond the 95th percentile


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description="Milliseconds from a question to its complete reply, warm.")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    rounds = parser.parse_args().rounds
    assistant = app._assistant(read_settings())
    taken: dict[str, list[float]] = {question: [] for question in app.EXAMPLES}
    for counted in range(-1, rounds):
        for question, milliseconds in taken.items():
            start = time.perf_counter()
            assistant.reply(question, Conversation())
            if counted >= 0:
                milliseconds.append((time.perf_counter() - start) * 1000)
    print(machine())
    print("Milliseconds from a question to its complete reply")
    print(HEAD)
    for question, milliseconds in taken.items():
        print(row(question, milliseconds))
    print(row("all", [value for milliseconds in taken.values() for value in milliseconds]))


if __name__ == "__main__":
    main()
