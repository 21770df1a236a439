"""Measures whether follow-ups, as they are understood without a chat model, find better than their last turn alone.

Every question of the human part of MTRAG that comes after others and has a passage that answers it is searched for twice, and the
two are compared turn by turn. The time is the processor's, for understanding alone, so that a busy machine does not change it.

    python -m tests.benchmarks.follow_up_retrieval FILE
"""

import argparse
import tempfile
import time
from pathlib import Path

from bot.assistant import Assistant
from bot.follow_up import understand
from index.search import search
from tests.benchmarks.datasets import mean_with_interval, open_dataset, recall_and_ndcg
from tests.benchmarks.figures import HEAD, machine, row

K = 5
ROUNDS = 20  # of timing, since one takes a fraction of a millisecond


def main() -> None:
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser(description="Retrieval of follow-ups on MTRAG, paired with that of the last turn alone.")
    parser.add_argument("file", type=Path, help="the human part as one file with documents and tasks (docs/evaluation.md)")
    with tempfile.TemporaryDirectory() as folder:
        opened = open_dataset("mtrag", parser.parse_args().file, Path(folder))
        assistant = Assistant(opened.generation, opened.encoder)
        later = [asked for asked in opened.asked if asked.before.turns and asked.gold]
        alone, ours, rewritten, took = [], [], [], []
        for asked in later:
            alone.append(recall_and_ndcg(search(opened.generation, opened.encoder, asked.question), asked.gold, K))
            ours.append(recall_and_ndcg(assistant.trace(asked.question, asked.before).found, asked.gold, K))
            for _ in range(ROUNDS):
                start = time.thread_time()
                understood = understand(asked.question, asked.before)
                took.append((time.thread_time() - start) * 1000)
            rewritten.append(understood.question != asked.question)
    print(machine())
    print(f"{len(later)} later turns with a passage that answers, {sum(rewritten)} of them rewritten; passages counted: the first {K}")
    for name, kept in (("all", [True] * len(later)), ("rewritten", rewritten)):
        for measure, at in (("recall", 0), ("nDCG", 1)):
            pairs = [(one[at], other[at]) for one, other, keep in zip(alone, ours, kept, strict=True) if keep]
            last, our = (sum(pair[side] for pair in pairs) / len(pairs) for side in (0, 1))
            difference = mean_with_interval([other - one for one, other in pairs])
            print(f"{name:<10} {measure}@{K:<3} last turn {last:.3f}   understood {our:.3f}   difference {difference}")
    print("Milliseconds of the processor for understanding a message after its turns")
    print(HEAD)
    print(row("understand", took))


if __name__ == "__main__":
    main()
