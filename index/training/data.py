"""Turns files of questions into groups: a question, the sentences of the paragraph it was asked of, and which answer it.

Reads SQuAD's format and JSON lines. Knows nothing of models.
"""

import hashlib
import json
import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from index.errors import UserError
from index.files import sha256
from index.in_context import in_context
from index.parse import split_sentences

OWN = Path(__file__).parent  # holds questions.jsonl, follow_ups.jsonl and paragraphs.jsonl, written for this project, and wiki.jsonl
WIKI = "squadshifts-new_wiki.json"  # the public set whose paragraphs the questions of wiki.jsonl were asked of
# The public sets by file name, and how many questions are taken of each: none may outweigh the speeches.
PUBLIC = {
    "squadshifts-new_wiki.json": 6000,
    "squadshifts-reddit.json": 2500,
    "squadshifts-amazon_reviews.json": 1500,
    "policyqa-dev.json": 2000,
    "policyqa-test.json": 1500,
}
SOURCES = ("squadshifts", "policyqa", "squad", "speeches")  # what can be left out, to see how the rest helps on what it never saw
SPEECHES = ("ungd-questions.jsonl", "ungd-paragraphs.jsonl")
SQUAD_TRAINED = ("Normans", "1973_oil_crisis", "Yuan_dynasty", "Imperialism")  # articles of the SQuAD 2.0 development set
SQUAD_HELD = ("Huguenot", "Packet_switching", "Scottish_Parliament", "French_and_Indian_War")
HELD_PUBLIC = 250  # questions kept aside of each public set, of paragraphs that none is trained on
HELD_SHARE = 5  # one paragraph of so many of the speeches is kept aside
AFTER_ANOTHER = 6  # of so many whole questions one is asked after one on another paragraph, and one after one on its own
AWAY = 1009  # places between a question and the one on another paragraph: more than any paragraph has
DIGEST_LENGTH = 16  # hex digits that stand for a paragraph: no two of some thousands agree in them
PARAGRAPH_QUESTIONS = 6  # questions taken of a public paragraph at most, so that many paragraphs are seen
PARAGRAPH_SENTENCES = range(2, 13)  # of a public paragraph: one alone leaves nothing to tell apart, whole articles outweigh

Read = TypeVar("Read")

_BLOCK = re.compile(r"[^\n]+")


class TrainingDataError(UserError):
    """A file of questions or paragraphs cannot be used as it stands."""


@dataclass(frozen=True, slots=True)
class Group:
    """A question with the sentences of one paragraph; ``answers`` are the 0-based positions of those that answer it, or none."""

    paragraph: str  # its id, or its text where it has none
    question: str
    sentences: tuple[str, ...]
    answers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A message with the visitor's messages before it, the first one whole, the same said alone, and what answers it, as in `Group`."""

    paragraph: str
    before: tuple[str, ...]
    message: str
    alone: str
    sentences: tuple[str, ...]
    answers: tuple[int, ...]

    def groups(self) -> tuple[Group, ...]:
        """Return it as it is read: behind the first question, behind that and the last message, and alone."""
        contexts = dict.fromkeys([self.before[:1], (self.before[0], self.before[-1])[: len(self.before)]])
        questions = [in_context(self.message, *context) for context in contexts] + [self.alone]
        return tuple(Group(self.paragraph, question, self.sentences, self.answers) for question in questions)


@dataclass(frozen=True, slots=True)
class Data:
    """All groups by their use; ``digests`` are the sha256 (hex) of the files read, ``absent`` the names of those not there."""

    public: tuple[Group, ...]  # all or nearly all answerable
    near_misses: tuple[Group, ...]  # with questions that look answerable and are not
    held: dict[str, tuple[Group, ...]]  # kept aside, by the name of the set
    digests: dict[str, str]
    absent: tuple[str, ...]
    without: str | None = None  # the one of SOURCES that is not trained on


def read_data(folder: Path, squad: Path | None, without: str | None = None) -> Data:
    """Return what of the public sets lies in *folder*, parts of SQuAD 2.0 if its file is given, and the project's own questions.

    Of the source *without*, one of SOURCES, only what is kept aside is returned.

    Raises TrainingDataError for a file that is not in its format, or lacks the articles that are trained on or kept aside.
    """
    if not folder.is_dir():
        raise TrainingDataError(f"{folder} is no folder. Name that of the public sets: docs/reader.md")
    digests: dict[str, str] = {}
    trained: dict[str, list[Group]] = {source: [] for source in SOURCES}
    held: dict[str, list[Group]] = {name: [] for name in (*SOURCES, "follow-ups")}
    near: tuple[Group, ...] = ()
    for name, count in PUBLIC.items():
        if (folder / name).is_file():
            groups = [group for article in read_squad(folder / name).values() for group in article]
            drawn, source = sample_paragraphs(groups, count), name.split("-")[0]
            seen = {group.paragraph for group in drawn}
            trained[source] += drawn
            held[source] += sample_paragraphs([group for group in groups if group.paragraph not in seen], HELD_PUBLIC)
            digests[name] = sha256(folder / name)
    if (folder / WIKI).is_file():
        texts = {group.paragraph: group.sentences for article in read_squad(folder / WIKI).values() for group in article}
        near = read_digested(OWN / "wiki.jsonl", texts)
        digests["wiki.jsonl"] = sha256(OWN / "wiki.jsonl")
    follow_ups = read_follow_ups(OWN / "follow_ups.jsonl", OWN / "paragraphs.jsonl")
    kept_aside = {one.paragraph for one in follow_ups if is_held(one.paragraph)}
    own = [group for group in read_lines(OWN / "questions.jsonl", OWN / "paragraphs.jsonl") if group.paragraph not in kept_aside]
    trained["speeches"] += own + after_another(own)
    trained["speeches"] += [group for one in follow_ups if one.paragraph not in kept_aside for group in one.groups()]
    held["follow-ups"] = [one.groups()[0] for one in follow_ups if one.paragraph in kept_aside]
    digests |= {name: sha256(OWN / name) for name in ("questions.jsonl", "follow_ups.jsonl", "paragraphs.jsonl")}
    if all((folder / name).is_file() for name in SPEECHES):
        for group in read_lines(folder / SPEECHES[0], folder / SPEECHES[1]):
            (held if is_held(group.paragraph) else trained)["speeches"].append(group)
        digests |= {name: sha256(folder / name) for name in SPEECHES}
    if squad is not None:
        articles = read_squad(squad)
        if missing := [title for title in (*SQUAD_TRAINED, *SQUAD_HELD) if title not in articles]:
            raise TrainingDataError(f"{squad} holds no article {missing[0]}. Name the development set of SQuAD 2.0: docs/reader.md")
        trained["squad"] += [group for title in SQUAD_TRAINED for group in articles[title]]
        held["squad"] += [group for title in SQUAD_HELD for group in articles[title]]
        digests[squad.name] = sha256(squad)
    if without is not None:
        trained[without] = []
        near = () if without == WIKI.split("-")[0] else near
    absent = tuple(name for name in (*PUBLIC, *SPEECHES) if name not in digests)
    return Data(
        public=(*trained["squadshifts"], *trained["policyqa"]),
        near_misses=(*trained["speeches"], *trained["squad"], *near),
        held={source: tuple(groups) for source, groups in held.items() if groups},
        digests=digests,
        absent=absent,
        without=without,
    )


def read_squad(path: Path) -> dict[str, tuple[Group, ...]]:
    """Return the groups of a file in SQuAD's format by article title; articles without a title come under "".

    A sentence answers if an answer begins in it. A question whose answers begin between sentences is left out.
    Raises TrainingDataError.
    """
    articles: dict[str, tuple[Group, ...]] = {}
    try:
        for article in json.loads(path.read_text(encoding="utf-8"))["data"]:
            groups = tuple(group for paragraph in article["paragraphs"] for group in _squad_paragraph(paragraph))
            title = article.get("title", "")
            articles[title] = articles.get(title, ()) + groups
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TrainingDataError(f"{path} is not in the format of SQuAD ({error!r}). Fetch it again: docs/reader.md") from error
    return articles


def _squad_paragraph(paragraph: dict[str, object]) -> list[Group]:
    text = str(paragraph["context"])
    spans = [
        (block.start() + sentence.start, block.start() + sentence.end)
        for block in _BLOCK.finditer(text)
        for sentence in split_sentences(block.group(), "en")
    ]
    sentences = tuple(" ".join(text[start:end].split()) for start, end in spans)
    groups = []
    for asked in paragraph["qas"]:  # type: ignore[attr-defined]  # an object that is no list ends in the reader's TypeError
        impossible = asked.get("is_impossible", False)
        starts = [] if impossible else [answer["answer_start"] for answer in asked["answers"]]
        answers = tuple(at for at, (start, end) in enumerate(spans) if any(start <= begin < end for begin in starts))
        if answers or impossible:
            groups.append(Group(text, asked["question"].strip(), sentences, answers))
    return groups


def read_lines(questions: Path, paragraphs: Path) -> tuple[Group, ...]:
    """Return the groups of two files of JSON lines.

    A paragraph is ``{"p": id, "sentences": [...]}``, a question ``{"p": id, "q": question, "a": [numbers]}`` with the
    1-based numbers of the sentences that answer it. Raises TrainingDataError with file and line.
    """
    texts = _paragraphs(paragraphs)
    return tuple(_lines(questions, lambda row: _group(row["p"], row["q"], row["a"], texts[row["p"]])))


def read_follow_ups(follow_ups: Path, paragraphs: Path) -> tuple[FollowUp, ...]:
    """Return the follow-ups of two files of JSON lines, paragraphs as in `read_lines`.

    A follow-up is ``{"p": id, "before": [messages], "q": message, "alone": question, "a": [numbers]}``. Raises TrainingDataError with
    file and line.
    """
    texts = _paragraphs(paragraphs)

    def follow_up(row: dict[str, Any]) -> FollowUp:
        group = _group(row["p"], row["alone"], row["a"], texts[row["p"]])
        before = tuple(map(str, row["before"]))
        if not before:
            raise ValueError("no message before it")
        return FollowUp(group.paragraph, before, str(row["q"]), group.question, group.sentences, group.answers)

    return tuple(_lines(follow_ups, follow_up))


def after_another(groups: Sequence[Group]) -> list[Group]:
    """Return some of *groups*, whole questions, behind another one, which they do not lean on: what is asked now is what counts."""
    behind = [(at, (at - AWAY) % len(groups)) for at in range(0, len(groups), AFTER_ANOTHER)]
    behind += [(at, at - 1) for at in range(AFTER_ANOTHER // 2, len(groups), AFTER_ANOTHER) if _same_paragraph(groups[at - 1 : at + 1])]
    return [
        Group(group.paragraph, in_context(group.question, groups[before].question), group.sentences, group.answers)
        for group, before in ((groups[at], before) for at, before in behind)
        if group.question != groups[before].question
    ]


def _same_paragraph(groups: Sequence[Group]) -> bool:
    return len({group.paragraph for group in groups}) == 1


def _paragraphs(path: Path) -> dict[str, tuple[str, ...]]:
    return dict(_lines(path, lambda row: (str(row["p"]), tuple(row["sentences"]))))


def _lines(path: Path, read: Callable[[dict[str, Any]], Read]) -> Iterator[Read]:
    """Yield what *read* makes of each line of *path*. Raises TrainingDataError with file and line for one that it cannot read."""
    for number, line in enumerate(path.read_bytes().splitlines(), start=1):  # bytes: U+2028 in a text ends no line
        try:
            yield read(json.loads(line))
        except (ValueError, KeyError, TypeError) as error:
            raise TrainingDataError(f"{path} line {number}: {error!r}. The form is told in docs/reader.md") from error


def read_digested(questions: Path, texts: Mapping[str, Sequence[str]]) -> tuple[Group, ...]:
    """Return the groups of a file of JSON lines without its paragraphs: *texts* has those, the sentences by the whole text.

    A question is as in `read_lines`; its ``p`` is the beginning of the sha256 (hex) of its paragraph. Raises TrainingDataError with
    file and line, also for a paragraph that is not among *texts*.
    """
    by_digest = {hashlib.sha256(text.encode()).hexdigest()[:DIGEST_LENGTH]: text for text in texts}
    return tuple(_lines(questions, lambda row: _group(by_digest[row["p"]], row["q"], row["a"], texts[by_digest[row["p"]]])))


def _group(paragraph: str, question: str, numbers: Sequence[int], sentences: Sequence[str]) -> Group:
    """Return the group of a line. Raises ValueError for a number that no sentence has."""
    if not all(1 <= number <= len(sentences) for number in numbers):
        raise ValueError(f"no sentence {max(numbers)} in a paragraph of {len(sentences)}")
    return Group(paragraph, question, tuple(sentences), tuple(number - 1 for number in numbers))


def is_held(paragraph: str) -> bool:
    """Tell whether the paragraph of this id is kept aside, by its digest: the same in every run, whatever else is read."""
    return int(hashlib.sha256(paragraph.encode()).hexdigest(), 16) % HELD_SHARE == 0


def sample_paragraphs(groups: Sequence[Group], count: int) -> list[Group]:
    """Return about *count* of *groups*, whole paragraphs of PARAGRAPH_SENTENCES drawn by a fixed seed, a few questions of each."""
    by_paragraph: dict[str, list[Group]] = {}
    for group in groups:
        if len(group.sentences) in PARAGRAPH_SENTENCES:
            by_paragraph.setdefault(group.paragraph, []).append(group)
    order = sorted(by_paragraph)
    random.Random(2).shuffle(order)  # noqa: S311  # a sample, no secret
    taken: list[Group] = []
    for paragraph in order:
        if len(taken) >= count:
            break
        taken += by_paragraph[paragraph][:PARAGRAPH_QUESTIONS]
    return taken
