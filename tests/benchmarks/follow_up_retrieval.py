"""Measures whether follow-ups, as they are understood without a chat model, find what they find as rewritten by hand.

Every question of the human part of MTRAG that comes after others and has a passage that answers it is asked three times: its last
turn alone, after its turns, and as rewritten by hand without sight of the passages (`mtrag_rewrites.json`; a question that stands
alone is left as it is). All three go the same way, and are compared turn by turn. The time is the
processor's, for understanding alone, so that a busy machine does not change it.

    python -m tests.benchmarks.follow_up_retrieval FILE
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

from bot.assistant import Assistant
from bot.conversation import Conversation
from bot.follow_up import understand
from tests.benchmarks.datasets import mean_with_interval, open_dataset, recall_and_ndcg
from tests.benchmarks.figures import HEAD, machine, row

K = 5
ROUNDS = 20  # of timing, since one takes a fraction of a millisecond
REWRITES = Path(__file__).with_name("mtrag_rewrites.json")  # the question's id -> its rewrite


def main() -> None:
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser(description="Retrieval of follow-ups on MTRAG, paired with the last turn alone and a rewrite by hand.")
    parser.add_argument("file", type=Path, help="the human part as one file with documents and tasks (docs/evaluation.md)")
    rewrites: dict[str, str] = json.loads(REWRITES.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        opened = open_dataset("mtrag", parser.parse_args().file, Path(folder))
        assistant = Assistant(opened.generation, opened.encoder)
        later = [asked for asked in opened.asked if asked.before.turns and asked.gold]
        alone, ours, persons, took = [], [], [], []
        for asked in later:
            rewritten = rewrites.get(asked.identity, asked.question)
            for scores, question, before in (
                (alone, asked.question, Conversation()),
                (ours, asked.question, asked.before),
                (persons, rewritten, Conversation()),
            ):
                scores.append(recall_and_ndcg(assistant.trace(question, before).found, asked.gold, K))
            for _ in range(ROUNDS):
                start = time.thread_time()
                understand(asked.question, asked.before)
                took.append((time.thread_time() - start) * 1000)
    leans = [asked.identity in rewrites for asked in later]
    print(machine())
    print(f"{len(later)} later turns with a passage that answers, {sum(leans)} of them rewritten; passages counted: the first {K}")
    for name, kept in (("all", [True] * len(later)), ("rewritten", leans)):
        for measure, at in (("recall", 0), ("nDCG", 1)):
            values = [(one[at], our[at], person[at]) for one, our, person, keep in zip(alone, ours, persons, kept, strict=True) if keep]
            last, our, person = (sum(value[side] for value in values) / len(values) for side in range(3))
            print(f"{name:<10} {measure}@{K:<3} last turn {last:.3f}   understood {our:.3f}   rewritten by hand {person:.3f}")
            print(f"{'':<10} understood less last turn {mean_with_interval([value[1] - value[0] for value in values])}")
            print(f"{'':<10} understood less rewritten by hand {mean_with_interval([value[1] - value[2] for value in values])}")
    print("Milliseconds of the processor for understanding a message after its turns")
    print(HEAD)
    print(row("understand", took))


if __name__ == "__main__":
    main()
