"""Measures the seconds that a build takes when one file of many has changed, beside a build from nothing.

The documents are made up of the corpus' own words, and so are the vectors and token states, in the sizes of the default
model: what is measured is everything but the model, which has only the changed file's texts to embed.

    python -m tests.benchmarks.incremental_build [--files 1000] [--paragraphs 12] [--runs 5]
"""

import argparse
import random
import tempfile
import time
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from index.build import build
from index.corpus import find_files, read_document
from index.embedding import DEFAULT_MODEL, TokenStates, Vectors, check_model
from index.reader import open_reader
from tests.benchmarks.figures import HEAD, machine, row
from tests.fakes import WordEmbeddings

CORPUS = Path(__file__).resolve().parent.parent.parent / "index" / "corpus"
SENTENCES = 3  # a paragraph; speeches have 3 on average
WORDS = 18  # a sentence
SUBWORDS = 1.3  # tokens a word


class MadeUp(WordEmbeddings):
    """Stands in for the default model at no cost: vectors and token states of its sizes, by the texts' checksums."""

    dimension = 384

    def __init__(self) -> None:
        super().__init__()
        self.files = check_model(DEFAULT_MODEL)
        self._numbers = np.random.default_rng(1).standard_normal(1_000_000, dtype=np.float32)

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        """Return one unit vector a text."""
        self.asked.extend(texts)
        vectors = np.stack([self._some(text, self.dimension) for text in texts])
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    def encode_tokens(self, texts: Sequence[str]) -> tuple[Vectors, list[TokenStates]]:
        """Return one unit vector a text, and states for its words."""
        tokens = []
        for text in texts:
            count = 2 + int(SUBWORDS * (text.count(" ") + 1))
            states = self._some(text, count * 2 * self.dimension).reshape(count, -1)
            tokens.append(TokenStates(np.arange(count, dtype=np.int64), states))
        return self.encode_documents(texts), tokens

    def _some(self, text: str, count: int) -> Vectors:
        start = zlib.crc32(text.encode()) % (len(self._numbers) - count)
        return self._numbers[start : start + count]


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description="Seconds of a build after one file has changed.")
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--paragraphs", type=int, default=12)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    chance = random.Random(1)
    words = " ".join(document.text for document in map(read_document, find_files(CORPUS))).split()
    embeddings = MadeUp()
    assert open_reader(embeddings.files.digest) is not None
    with tempfile.TemporaryDirectory() as scratch:
        corpus, index = Path(scratch, "corpus"), Path(scratch, "index")
        corpus.mkdir()
        for number in range(options.files):
            write(corpus / f"speech-{number}.md", words, chance, options.paragraphs)
        first = measure(corpus, index, embeddings)
        texts, embeddings.asked = len(embeddings.asked), []
        later = []
        for _ in range(options.runs):
            write(corpus / "speech-500.md", words, chance, options.paragraphs)
            later.append(measure(corpus, index, embeddings))
        size = sum(path.stat().st_size for path in index.rglob("*") if path.is_file()) / 2e6
    print(machine())
    print(f"{options.files} files of {options.paragraphs} paragraphs; {size:.0f} MB a generation")
    print(f"Texts to embed: {texts} from nothing, {len(embeddings.asked) // options.runs} after a change")
    print("Seconds of a build, without the model")
    print(HEAD)
    print(row("from nothing", [first]))
    print(row("one file changed", later))


def measure(corpus: Path, index: Path, embeddings: MadeUp) -> float:
    """Return the seconds of a build."""
    started = time.perf_counter()
    build(corpus, index, embeddings, lambda done, total: None)
    return time.perf_counter() - started


def write(path: Path, words: list[str], chance: random.Random, paragraphs: int) -> None:
    """Write a document of sentences that stand nowhere else."""
    lines = []
    for _ in range(paragraphs):
        sentences = (" ".join(chance.choices(words, k=WORDS)).replace(".", "").capitalize() for _ in range(SENTENCES))
        lines.append(". ".join(sentences) + ".")
    path.write_text("---\ntitle: A speech\nkind: speech\n---\n" + "\n\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
