"""Measures what is lost when a question comes in another language and a perfect model puts it into English.

XQuAD has the same questions in several languages. A stub in place of the chat model answers each with its English twin, so
that what differs from the English question's reply is lost by our own steps. Besides: how many questions of the
language are told as such.

    python -m tests.benchmarks.other_languages ENGLISH_FILE OTHER_FILE --language ru [--limit 100]
"""

import argparse
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from langchain_core.messages import BaseMessage

from bot.assistant import Assistant
from bot.chat_model import Limits
from bot.conversation import Conversation
from bot.languages import VOICES, language_of
from bot.question import check_question
from bot.reply import Abstention, Answer
from tests.benchmarks.datasets import open_dataset, recall_and_ndcg
from tests.benchmarks.figures import machine

LIMITS = Limits()
LIMIT = 100  # questions: enough to see a step that loses one in fifty


@dataclass(frozen=True)
class Twins:
    """A stub of a chat model, which writes the English twin of the question in a rewriting prompt."""

    english: Mapping[str, str]
    limits: Limits = LIMITS

    def ask(self, messages: Sequence[BaseMessage], first_s: float) -> Iterator[str]:
        """Yield the twin of the question that stands as JSON at the prompt's end."""
        yield self.english[json.loads(f"{messages[-1].content}".rpartition("string: ")[2])]


def questions(path: Path) -> dict[str, str]:
    """Return the questions of an XQuAD file by their ids, as the assistant takes them."""
    articles = json.loads(path.read_text(encoding="utf-8"))["data"]
    return {
        asked["id"]: check_question(asked["question"]) for article in articles for part in article["paragraphs"] for asked in part["qas"]
    }


def main() -> None:
    """Measure, and print the figures."""
    parser = argparse.ArgumentParser(description="Questions of XQuAD in another language, against their English twins.")
    parser.add_argument("english", type=Path, help="XQuAD in English")
    parser.add_argument("other", type=Path, help="XQuAD in the other language")
    parser.add_argument("--language", choices=[language for language in VOICES if language != "en"], required=True)
    parser.add_argument("--limit", type=int, default=LIMIT)
    options = parser.parse_args()
    twins = questions(options.other)
    told = [language_of(question) == options.language for question in twins.values()]
    told_english = [language_of(question) == "en" for question in questions(options.english).values()]
    with tempfile.TemporaryDirectory() as folder:
        opened = open_dataset("xquad", options.english, Path(folder), options.limit)
        plain = Assistant(opened.generation, opened.encoder)
        translating = Assistant(opened.generation, opened.encoder, (), Twins({twins[one.identity]: one.question for one in opened.asked}))
        english = [plain.trace(one.question, Conversation()) for one in opened.asked]
        other = [translating.trace(twins[one.identity], Conversation()) for one in opened.asked]
        unread = [plain.reply(twins[one.identity], Conversation()) for one in opened.asked]
    print(machine())
    print(f"told as {options.language}: {sum(told)} of {len(told)}; English told as English: {sum(told_english)} of {len(told_english)}")
    for name, traces in (("asked in English", english), (f"asked in {options.language}, put into English", other)):
        recall = [recall_and_ndcg(trace.found, one.gold, 5)[0] for trace, one in zip(traces, opened.asked, strict=True)]
        answered = sum(isinstance(trace.reply, Answer) for trace in traces)
        print(f"{name:<34} R@5 {sum(recall) / len(recall):.3f}   answered {answered} of {len(traces)}")
    same = sum(one.reply.text == two.reply.text for one, two in zip(english, other, strict=True) if isinstance(one.reply, Answer))
    print(f"the same answer, word for word: {same} of {sum(isinstance(trace.reply, Answer) for trace in english)}")
    honest = sum(isinstance(reply, Abstention) and reply.reason == "other_language" for reply in unread)
    print(f"without a chat model told that it cannot be read: {honest} of {len(unread)}")


if __name__ == "__main__":
    main()
