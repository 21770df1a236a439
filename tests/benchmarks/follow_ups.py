"""Measures how much of an answer is lost when a question is asked as a follow-up instead of whole, over many speeches.

The follow-ups kept aside from training (docs/reader.md) are asked over their own paragraphs, a document each, in three ways: by
themselves, after the messages before them, and as rewritten by hand. The writers saw the one paragraph, so that every
follow-up stays on it, and rewrites borrow its words: the three compare with each other, not with other sets.

    python -m tests.benchmarks.follow_ups [--every N]
"""

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from bot.assistant import Assistant
from bot.conversation import Conversation
from bot.reply import Answer
from index.build import build
from index.embedding import DEFAULT_MODEL, check_model
from index.graph import prepare_encoder
from index.store import open_generation
from index.training.data import OWN, FollowUp, is_held, read_follow_ups
from tests.benchmarks.datasets import mean_with_interval
from tests.benchmarks.figures import machine

WAYS = ("by itself", "after its turns", "rewritten by hand")
SAID = "The documents do not say this."  # what the assistant is told to have said to a follow-up that nothing answers


@dataclass(frozen=True, slots=True)
class Outcome:
    """Whether the first sentence, shown or only found, is a right one (None: no sentence is), and whether the question was answered."""

    right: bool | None
    answered: bool


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description="Follow-ups over speeches, by themselves, after their turns, and rewritten by hand.")
    parser.add_argument("--every", type=int, default=1, help="ask those to one paragraph of N")
    every = parser.parse_args().every
    follow_ups = [one for one in read_follow_ups(OWN / "follow_ups.jsonl", OWN / "paragraphs.jsonl") if is_held(one.paragraph)]
    paragraphs = {one.paragraph: one.sentences for one in follow_ups}
    asked_of = frozenset(list(paragraphs)[::every])
    with tempfile.TemporaryDirectory() as folder:
        assistant = _assistant(list(paragraphs.values()), Path(folder))
        asked = [(one, before) for one, before in conversations(follow_ups) if one.paragraph in asked_of]
        outcomes: dict[str, list[Outcome]] = {way: [] for way in WAYS}
        for one, before in tqdm(asked, unit=" follow-ups"):
            questions = ((one.message, Conversation()), (one.message, before), (one.alone, Conversation()))
            for way, (question, turns) in zip(WAYS, questions, strict=True):
                outcomes[way].append(_outcome(assistant, question, turns, one))
    print(machine())
    print(f"{len(paragraphs)} paragraphs; {sum(bool(one.answers) for one, _ in asked)} follow-ups that a sentence answers, ", end="")
    print(f"{sum(not one.answers for one, _ in asked)} that none does")
    print(f"{'':<20}{'first right':>13}{'not answered':>14}{'answered, though nothing does':>31}")
    for way, of_way in outcomes.items():
        answerable = [outcome for outcome in of_way if outcome.right is not None]
        others = [outcome.answered for outcome in of_way if outcome.right is None]
        print(f"{way:<20}{_share([outcome.right is True for outcome in answerable]):>13.3f}", end="")
        print(f"{_share([not outcome.answered for outcome in answerable]):>14.3f}{_share(others):>31.3f}")
    pairs = zip(outcomes[WAYS[1]], outcomes[WAYS[2]], strict=True)
    lost = [float(person.right is True) - float(ours.right is True) for ours, person in pairs if ours.right is not None]
    print(f"first right, lost against the rewrite: {mean_with_interval(lost)}")


def conversations(follow_ups: Sequence[FollowUp]) -> Iterator[tuple[FollowUp, Conversation]]:
    """Yield each of *follow_ups*, which stand in the order of their conversations, with the turns before it.

    What the assistant said is the sentence that answers; to the first question, whose answer is not told here, it is left open.
    """
    said: dict[tuple[str, ...], str] = {}
    for one in follow_ups:
        before = Conversation()
        for at, message in enumerate(one.before):
            before = before.plus("user", message).plus("assistant", said.get(one.before[: at + 1], ""))
        said[(*one.before, one.message)] = one.sentences[one.answers[0]] if one.answers else SAID
        yield one, before


def _assistant(paragraphs: Sequence[Sequence[str]], folder: Path) -> Assistant:
    """Return an assistant over *paragraphs*, a document each, indexed in the empty *folder*."""
    corpus, index = folder / "corpus", folder / "index"
    corpus.mkdir()
    for number, sentences in enumerate(paragraphs):
        (corpus / f"speech-{number}.txt").write_text(" ".join(" ".join(sentence.split()) for sentence in sentences), encoding="utf-8")
    encoder = prepare_encoder(check_model(DEFAULT_MODEL), index)
    with tqdm(desc="indexing", unit=" texts") as bar:
        build(corpus, index, encoder, lambda done, total: bar.update(done - bar.n))
    return Assistant(open_generation(index), encoder, suggestions_file=folder / "suggestions.json")


def _outcome(assistant: Assistant, question: str, before: Conversation, asked: FollowUp) -> Outcome:
    trace = assistant.trace(question, before)
    answered = isinstance(trace.reply, Answer)
    if not asked.answers:
        return Outcome(None, answered)
    sentences = trace.found.sentences if trace.found else ()
    leading = trace.reply.sentences[0].text if isinstance(trace.reply, Answer) else (sentences[0].text if sentences else "")
    right = [" ".join(asked.sentences[at].split()) for at in asked.answers]
    shown = " ".join(leading.split())
    return Outcome(bool(shown) and any(shown in sentence or sentence in shown for sentence in right), answered)


def _share(values: Sequence[bool]) -> float:
    return sum(values) / max(len(values), 1)


if __name__ == "__main__":
    main()
