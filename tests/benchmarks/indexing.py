"""Measures paragraphs a second of a build beside LangChain's, in turns, over the same speeches, and what each finds of them.

LangChain is `HuggingFaceEmbeddings` into its FAISS store, with default settings and the same model: it embeds paragraphs.
A build reads files, embeds paragraphs and sentences with the exported graph, keeps token states, indexes terms, and syncs,
reads back and checks what it wrote. The speeches are pieces of those that the reader was trained on, and so are the
questions; no search asks the reader. What int8 costs is told by a build with sentence-transformers, which is not timed.

    pip install langchain-huggingface==1.2.3 langchain-community==0.4.2
    python -m tests.benchmarks.indexing [--paragraphs 300] [--rounds 3]
"""

import argparse
import importlib
import json
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from index.build import build
from index.corpus import find_files, read_files
from index.embedding import DEFAULT_MODEL, Encoder, SentenceEmbeddings, check_model
from index.graph import prepare_encoder
from index.search import search
from index.store import Generation, open_generation
from tests.benchmarks.datasets import mean_with_interval
from tests.benchmarks.figures import HEAD, machine, row

TRAINING = Path(__file__).resolve().parent.parent.parent / "index" / "training"
K = 5  # passages looked at
WARM = 8  # paragraphs embedded before the clock counts


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, and the id of the paragraph that answers it."""

    question: str
    gold: str


def main() -> None:
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser(description="Paragraphs a second of a build beside LangChain's, and recall of both.")
    parser.add_argument("--paragraphs", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        asked = write_speeches(folder / "corpus", options.paragraphs)
        read = read_files(find_files(folder / "corpus")).documents
        texts = {one.paragraph_id: one.text for document in read for one in document.paragraphs}
        files = check_model(DEFAULT_MODEL)
        encoder = prepare_encoder(files, folder)
        sides = {
            "LangChain, paragraphs": LangChain(files.folder, texts, folder / "langchain"),
            "a build, paragraphs and sentences": Build(encoder, folder / "corpus", folder),
            "the graph alone, paragraphs": Vectors(encoder, list(texts.values())),
        }
        wall, processor = measured(sides, options.rounds)
        reference = Build(SentenceEmbeddings(files), folder / "corpus", folder)
        reference()
        found = {
            "LangChain": sides["LangChain, paragraphs"].found,
            "a build": sides["a build, paragraphs and sentences"].found,
            "a build with float32": reference.found,
        }
        hits = {name: [float(one.gold in find(one.question)) for one in asked] for name, find in found.items()}
    print(machine())
    print(f"{len(texts)} paragraphs of {len(read)} speeches, {sum(len(one.sentences) for d in read for one in d.paragraphs)} sentences")
    for unit, rates in (("second", wall), ("second of the processor", processor)):
        print(f"Paragraphs a {unit}\n{HEAD}")
        for name, seconds in rates.items():
            print(row(name, [len(texts) / one for one in seconds]))
        for name in list(rates)[1:]:
            times = sorted(theirs / ours for theirs, ours in zip(rates["LangChain, paragraphs"], rates[name], strict=True))
            print(f"{name}: {times[len(times) // 2]:.2f} times LangChain's, {times[0]:.2f} to {times[-1]:.2f}")
    print(f"recall@{K}, {len(asked)} questions, by hybrid search but for LangChain")
    for name, hit in hits.items():
        difference = mean_with_interval([ours - other for ours, other in zip(hits["a build"], hit, strict=True)])
        print(f"{name:<44}{sum(hit) / len(hit):.3f}   a build's less this {difference}")


def measured(sides: dict[str, Callable[[], None]], rounds: int) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Return the seconds, and those of the processor, that each of *sides* took in each round, one side after the other."""
    wall: dict[str, list[float]] = {name: [] for name in sides}
    processor: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, side in sides.items():
            started, used = time.perf_counter(), time.process_time()
            side()
            wall[name].append(time.perf_counter() - started)
            processor[name].append(time.process_time() - used)
    return wall, processor


class LangChain:
    """Its embeddings and its FAISS store, made of *texts* by id and saved into *folder*."""

    def __init__(self, model: Path, texts: dict[str, str], folder: Path) -> None:
        # By name: it is no dependency of the specifications, and comes with some dozen others.
        self._store_of = importlib.import_module("langchain_community.vectorstores").FAISS
        self._embeddings = importlib.import_module("langchain_huggingface").HuggingFaceEmbeddings(model_name=str(model))
        self._texts, self._folder = texts, folder
        self._embeddings.embed_documents(list(texts.values())[:WARM])

    def __call__(self) -> None:
        """Embed and store all texts."""
        self._store = self._store_of.from_texts(list(self._texts.values()), self._embeddings, ids=list(self._texts))
        self._store.save_local(str(self._folder))

    def found(self, question: str) -> list[str]:
        """Return the ids of the first paragraphs for *question*."""
        return [document.id for document in self._store.similarity_search(question, K)]


class Build:
    """A build of *corpus* from nothing, into a new folder within *scratch* each time."""

    def __init__(self, encoder: Encoder, corpus: Path, scratch: Path) -> None:
        self._encoder, self._corpus, self._scratch = encoder, corpus, scratch
        self._generation: Generation | None = None

    def __call__(self) -> None:
        """Build, and open what was built."""
        folder = Path(tempfile.mkdtemp(dir=self._scratch))
        build(self._corpus, folder, self._encoder, lambda done, total: None)
        self._generation = open_generation(folder)

    def found(self, question: str) -> list[str]:
        """Return the ids of the first paragraphs for *question*."""
        assert self._generation is not None
        return [passage.paragraph.paragraph_id for passage in search(self._generation, self._encoder, question).passages[:K]]


class Vectors:
    """What LangChain does, done by the graph: a vector a paragraph."""

    def __init__(self, encoder: Encoder, texts: Sequence[str]) -> None:
        self._encoder, self._texts = encoder, texts
        encoder.encode_documents(texts[:WARM])

    def __call__(self) -> None:
        """Embed all texts."""
        self._encoder.encode_documents(self._texts)


def write_speeches(folder: Path, paragraphs: int) -> list[Asked]:
    """Write so many paragraphs of speeches into *folder*, a file a speech, and return the questions that they answer."""
    folder.mkdir()
    speeches = [(name, list(group)) for name, group in groupby(sorted(rows("paragraphs"), key=lambda one: one["p"]), key=speech)]
    random.Random(1).shuffle(speeches)
    ids: dict[str, str] = {}
    for name, group in speeches:
        kept = group[: paragraphs - len(ids)]
        if kept:
            (folder / f"{name}.txt").write_text("\n\n".join(" ".join(one["sentences"]) for one in kept), encoding="utf-8")
            document_id = name.lower().replace("_", "-")
            ids |= {one["p"]: f"{document_id}/p{number}" for number, one in enumerate(kept, start=1)}
    return [Asked(one["q"], ids[one["p"]]) for one in rows("questions") if one["p"] in ids and one["a"]]


def rows(name: str) -> list[dict]:
    """Return the rows of that training file."""
    return [json.loads(line) for line in (TRAINING / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


def speech(paragraph: dict) -> str:
    """Return the name of the speech that the paragraph is of."""
    return str(paragraph["p"]).split("/")[0]


if __name__ == "__main__":
    main()
