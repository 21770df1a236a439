"""Measures what search costs as the index grows: milliseconds, recall, memory, and the seconds and bytes of a build.

The texts are real: those of a folder of plain text files, as many as are needed up to DISTINCT paragraphs, and from there
on the same again under other ids. Vectors are made up from those of EMBEDDED paragraphs, two of them mixed and some
noise added, because a model takes hours for a million; so are the reader's token states. What is mixed lies closer
together than what is written, so that lists find less of it than of real vectors. Questions are the beginnings of
sentences of the folder's other files, embedded by the real model. Reads /proc, so it runs on Linux alone.

    python -m tests.benchmarks.scale FOLDER [--sizes 40 10000 100000 1000000] [--questions 200] [--scratch DIR]
"""

import argparse
import itertools
import multiprocessing
import os
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from app import ONE_THREAD
from bot.assistant import Assistant
from bot.conversation import Conversation
from index.document import Description, Document
from index.embedding import DEFAULT_MODEL, Encoder, check_model
from index.encoded import EncodedTexts, StoredVectors, keys_of, packed
from index.entries import Entry, Texts, enter, sentence_texts
from index.graph import prepare_encoder
from index.lines import unwrap
from index.lock import build_lock
from index.manifest import Manifest
from index.nearest import NEAR, Nearest
from index.parse import parse_document
from index.postings import STATISTICS
from index.reader import open_reader
from index.search import search
from index.store import Generation, open_generation
from index.terms import terms
from index.write import write_generation
from tests.benchmarks.figures import HEAD, machine, row

SIZES = (40, 10_000, 100_000, 1_000_000)
QUESTIONS = 200
DISTINCT = 100_000  # paragraphs that are read; a few minutes' work
EMBEDDED = 3_000  # paragraphs whose vectors are mixed
NOISE = 0.02  # standard deviation a number, of 0.05 that a number of a unit vector has
SHARE = 0.5  # of a paragraph's vector in those of its sentences; the rest is another's
WIDTH = 128  # numbers of a token's state
SUBWORDS = 1.3  # tokens a word
WORDS = 10  # of a question
WARM = 20  # questions before the clock counts
BLOCK = 65_536  # vectors compared at a time
ROUNDING = 1e-5  # by which a cosine differs when it is computed among others
SEARCHED = ("postings-starts.npy", "postings-texts.npy", "postings-weights.npy", *STATISTICS)  # files of terms


@dataclass(frozen=True)
class Served:
    """What one process measured that answers from an index."""

    opened: float  # seconds, with every file compared with its digest
    resident: dict[str, tuple[float, float]]  # megabytes, by when: own, and mapped from files, which the system takes back when it must
    milliseconds: dict[str, list[float]]
    recall: float


def main() -> None:
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser(description="What search costs as the index grows.")
    parser.add_argument("folder", type=Path, help="text files, one document each")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="paragraphs")
    parser.add_argument("--questions", type=int, default=QUESTIONS)
    parser.add_argument("--scratch", type=Path, help="where the indexes are made: some 25 KB a paragraph")
    options = parser.parse_args()
    os.environ.update(ONE_THREAD)  # for the processes that serve
    print(machine(), flush=True)
    paths = sorted(options.folder.rglob("*.txt"))
    random.Random(1).shuffle(paths)
    with tempfile.TemporaryDirectory(dir=options.scratch) as scratch:
        encoder = prepare_encoder(check_model(DEFAULT_MODEL), Path(scratch))
        held_out, paths = paths[: options.questions], paths[options.questions :]
        questions = [question(path, number) for number, path in enumerate(held_out)]
        made = MadeUp(read(paths, min(DISTINCT, max(options.sizes))), encoder)
        for size in options.sizes:
            measure(made, size, Path(scratch), questions)


def measure(made: "MadeUp", size: int, scratch: Path, questions: Sequence[str]) -> None:
    """Build an index of *size* paragraphs or some more, have a process of its own serve from it, and print what it took."""
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        started = time.perf_counter()
        manifest = made.write(Path(folder), size)
        built = time.perf_counter() - started
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            served = pool.apply(serve, (Path(folder), scratch, questions))
        show(Path(folder) / manifest.generation, manifest, built, served)


def show(generation: Path, manifest: Manifest, built: float, served: Served) -> None:
    """Print what it took to build and to serve from the folder *generation*."""
    files = {path: path.stat().st_size for path in generation.rglob("*") if path.is_file()}
    vectors = sum(size for path, size in files.items() if path.name == f"paragraphs{'-lists' if manifest.probes else ''}.faiss")
    of_terms = sum(size for path, size in files.items() if path.parent.name.endswith("-terms") and path.name in SEARCHED)
    whole = sum(files.values())
    print(f"\n{manifest.paragraphs:,} paragraphs, {manifest.sentences:,} sentences, {manifest.documents:,} documents")
    print(
        f"build {built:.0f} s (no model, no parsing); {whole / 1e6:,.0f} MB on disk, {whole / manifest.paragraphs:,.0f} bytes a paragraph"
    )
    searched = f"{manifest.probes} lists looked in" if manifest.probes else "every vector compared"
    print(f"{searched}; recall@{NEAR} {served.recall:.4f}, {manifest.recall:.4f} by the build")
    print(f"searched: {vectors / manifest.paragraphs:.0f} bytes a paragraph of vectors, {of_terms / manifest.paragraphs:.0f} of terms")
    print(f"opened in {served.opened:.1f} s; MB of memory, its own and mapped from files:")
    for when, (own, mapped) in served.resident.items():
        print(f"{when:<44}{own:>16,.0f}{mapped:>10,.0f}")
    print(f"milliseconds{HEAD[12:]}")
    for name, milliseconds in served.milliseconds.items():
        print(row(name, milliseconds), flush=True)


def serve(folder: Path, encoder_folder: Path, questions: Sequence[str]) -> Served:
    """Answer *questions* from the index in *folder*, and return what that took."""
    encoder = prepare_encoder(check_model(DEFAULT_MODEL), encoder_folder)
    encoder.encode_tokens(questions[:1])
    resident = {"before": memory()}
    started = time.perf_counter()
    generation = open_generation(folder)
    opened = time.perf_counter() - started
    assistant = Assistant(generation, encoder)
    assistant.prepare()
    resident["opened"] = memory()
    vectors = {question: encoder.encode_tokens([question])[0][0] for question in questions}
    parts = {
        "reply": lambda question: assistant.reply(question, Conversation()),
        "search": lambda question: search(generation, encoder, question),
        "  nearest": lambda question: generation.nearest(vectors[question], 50),
        "  matching": lambda question: generation.matching(terms(question), 50),
    }
    milliseconds: dict[str, list[float]] = {}
    for name, part in parts.items():
        for question in questions[:WARM]:
            part(question)
        milliseconds[name] = [taken(part, question) for question in questions]
    resident[f"after {len(questions) + WARM} replies and searches"] = memory()
    return Served(opened, resident, milliseconds, recall(generation, list(vectors.values())))


def taken(part: object, question: str) -> float:
    """Return the milliseconds that *part* takes for *question*."""
    started = time.perf_counter()
    part(question)
    return (time.perf_counter() - started) * 1000


def recall(generation: Generation, questions: Sequence[np.ndarray]) -> float:
    """Return the share in [0, 1] of the nearest paragraphs that are found, against all stored vectors compared by numpy."""
    stored, asked = Nearest(generation.folder).vectors, np.stack(questions)
    best = np.zeros((len(asked), 0), dtype=np.float32)
    for start in range(0, len(stored), BLOCK):
        cosines = asked @ stored[start : start + BLOCK].astype(np.float32).T
        best = -np.sort(-np.concatenate([best, cosines], axis=1), axis=1)[:, :NEAR]
    found = [stored[generation.nearest(vector, NEAR)].astype(np.float32) @ vector for vector in asked]
    return float(np.mean([cosines >= lowest - ROUNDING for cosines, lowest in zip(found, best[:, -1], strict=True)]))


def memory() -> tuple[float, float]:
    """Return the megabytes (10^6 bytes) that this process has resident: its own, and mapped from files."""
    status = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    kilobytes = {name: int(line.split()[1]) for line in status for name in ("RssAnon", "RssFile") if line.startswith(f"{name}:")}
    return kilobytes["RssAnon"] * 1024 / 1e6, kilobytes["RssFile"] * 1024 / 1e6


def question(path: Path, number: int) -> str:
    """Return the beginning of a sentence in the file at *path*."""
    sentences = sentence_texts(document(path, number))
    long_enough = [sentence for sentence in sentences if len(sentence.split()) > WORDS and not any(map(str.isdigit, sentence))]
    return " ".join(random.Random(number).choice(long_enough or ["What was said about peace and security in the world?"]).split()[:WORDS])


def document(path: Path, number: int) -> Document:
    """Return the file at *path* as a document."""
    text = path.read_text(encoding="utf-8", errors="replace").removeprefix("\ufeff")
    return parse_document(Description(f"speech-{number:06}", path.stem.replace("_", " "), "speech"), unwrap(text))


def read(paths: Sequence[Path], size: int) -> list[Document]:
    """Return documents with *size* paragraphs together, or some more."""
    documents: list[Document] = []
    paragraphs = 0
    for number, path in enumerate(paths):
        if paragraphs >= size:
            break
        documents.append(document(path, number))
        paragraphs += len(documents[-1].paragraphs)
    return documents


class MadeUp:
    """Writes indexes of any size of real documents with made-up vectors and token states."""

    def __init__(self, documents: Sequence[Document], encoder: Encoder) -> None:
        self._chance = np.random.default_rng(1)
        self._files, self._engine = encoder.files, encoder.engine
        texts = [paragraph.text for one in documents for paragraph in one.paragraphs if len(paragraph.text) > 100]
        random.Random(1).shuffle(texts)
        self._real = encoder.encode_documents(texts[:EMBEDDED])
        self._states = packed(self._chance.standard_normal((100_000, WIDTH)).astype(np.float16))
        self._tokens = [
            np.array([int(SUBWORDS * len(sentence.split())) + 1 for sentence in sentence_texts(one)], dtype=np.int32).clip(max=51)
            for one in documents
        ]
        self._entries = [enter(one, "", self, with_states=False) for one in documents]

    def rows(self, texts: Sequence[str], with_states: bool) -> EncodedTexts:
        """Return the keys of *texts*, and nothing else yet."""
        nothing = np.zeros(0, dtype=np.int32)
        return EncodedTexts(keys_of(texts), np.zeros((0, 0), np.float16), nothing, nothing, self._states[:0])

    def write(self, folder: Path, size: int) -> Manifest:
        """Write an index of *size* paragraphs, or some more, into *folder*."""
        reader = open_reader(self._files.digest)
        assert reader is not None
        with build_lock(folder):
            return write_generation(
                folder,
                self._some(size),
                corpus_fingerprint="",
                model=self._files.name,
                model_digest=self._files.digest,
                reader_digest=reader.digest,
                engine=self._engine,
            )

    def _some(self, size: int) -> Iterator[Entry]:
        written = 0
        for copy in itertools.count():
            for entry, tokens in zip(self._entries, self._tokens, strict=True):
                if written >= size:
                    return
                written += len(entry.rows)
                name = f"copy-{copy:03}-{entry.document_id}"
                about = entry.description.replace(entry.document_id, name)
                yield self._encoded(replace(entry, document_id=name, description=about), tokens)

    def _encoded(self, entry: Entry, tokens: np.ndarray) -> Entry:
        """Return *entry* with vectors and token states, others for each copy."""
        first, second = self._some_real(len(entry.rows)), self._some_real(len(entry.rows))
        share = self._chance.uniform(0, 1, (len(entry.rows), 1)).astype(np.float32)
        paragraphs = self._unit(share * first + (1 - share) * second)
        of = np.repeat(np.arange(len(entry.rows)), [row.sentence_count for row in entry.rows])
        sentences = self._unit(SHARE * paragraphs[of].astype(np.float32) + (1 - SHARE) * self._some_real(len(of)))
        count = int(tokens.sum())
        start = int(self._chance.integers(0, len(self._states) - count))
        none = np.zeros(len(entry.rows), dtype=np.int32)
        return replace(
            entry,
            paragraphs=_with(entry.paragraphs, paragraphs, none, none[:0], self._states[:0]),
            sentences=_with(entry.sentences, sentences, tokens, np.arange(count, dtype=np.int32), self._states[start : start + count]),
        )

    def _some_real(self, count: int) -> np.ndarray:
        return self._real[self._chance.integers(0, len(self._real), count)]

    def _unit(self, vectors: np.ndarray) -> StoredVectors:
        vectors = vectors + NOISE * self._chance.standard_normal(vectors.shape, dtype=np.float32)
        return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16)


def _with(texts: Texts, vectors: StoredVectors, lengths: np.ndarray, ids: np.ndarray, states: np.ndarray) -> Texts:
    return replace(texts, encoded=replace(texts.encoded, vectors=vectors, lengths=lengths, ids=ids, states=states))


if __name__ == "__main__":
    main()
