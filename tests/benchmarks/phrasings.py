"""Measures in how many ways a position can be asked for: what is answered of what the documents say, and of what they do not.

Ways to ask (phrasings.jsonl) were written without sight of the documents or of the program, and subjects (subjects.jsonl) with
sight of the documents alone: 90 on which they say something, with the place, and 120 on which they say nothing, half of them of the
same field. Each way is asked of a sample of the subjects, over the default corpus. Half of the last 80 ways is kept aside: the words
of prompts/asking/ were not chosen by them.

    python -m tests.benchmarks.phrasings [--subjects N]
"""

import argparse
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

import app
from bot.assistant import Assistant
from bot.conversation import Conversation
from bot.evaluation.figures import cell, figure
from bot.reply import Answer
from bot.settings import read_settings
from tests.benchmarks.figures import machine

SUBJECTS = 12  # of each kind, asked in each way: with 200 ways 7,200 replies, some three minutes
SEED = 20_261_123  # of the sample
KINDS = ("said", "near", "far")

_FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Outcome:
    """One reply: its phrasing's split, its subject's kind, whether it was answered, and whether by the sentence that says it."""

    split: str
    kind: str
    answered: bool
    right: bool


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description="Ways to ask for a position, of subjects that the documents know and others.")
    parser.add_argument("--subjects", type=int, default=SUBJECTS, help="of each kind, asked in each way")
    outcomes = list(_ask(app._assistant(read_settings()), parser.parse_args().subjects))
    print(machine())
    print(f"{'':<14}{'replies':>8}   {'said, answered':<24}{'by what says it':<24}{'near, answered':<24}{'far, answered':<24}")
    for split in ("tuned", "kept aside"):
        of_split = [outcome for outcome in outcomes if outcome.split == split]
        shares = [[float(outcome.answered) for outcome in of_split if outcome.kind == kind] for kind in KINDS]
        shares.insert(1, [float(outcome.right) for outcome in of_split if outcome.kind == "said"])
        print(f"{split:<14}{len(of_split):>8}   " + "".join(f"{cell(figure(share)):<24}" for share in shares))


def _ask(assistant: Assistant, most: int) -> Iterator[Outcome]:
    phrasings, subjects = _lines("phrasings.jsonl"), _lines("subjects.jsonl")
    kinds: dict[str, list[dict[str, str]]] = {kind: [] for kind in KINDS}
    for subject in subjects:
        kinds["said" if subject["said"] else "near" if subject["near"] else "far"].append(subject)
    sample = random.Random(SEED)
    asked = [(phrasing, kind, subject) for phrasing in phrasings for kind, known in kinds.items() for subject in sample.sample(known, most)]
    for phrasing, kind, subject in tqdm(asked, unit=" questions"):
        reply = assistant.reply(phrasing["phrasing"].format(subject["subject"]), Conversation())
        quoted = [citation.quote for citation in reply.citations] if isinstance(reply, Answer) else []
        says = kind == "said" and any(subject["quote"] in quote or quote in subject["quote"] for quote in quoted)
        yield Outcome(phrasing["split"], kind, isinstance(reply, Answer), says)


def _lines(name: str) -> list[dict[str, str]]:
    return [json.loads(line) for line in (_FOLDER / name).read_text(encoding="utf-8").splitlines()]


if __name__ == "__main__":
    main()
