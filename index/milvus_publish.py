"""Publishes a generation that was built in a folder on a Milvus server: complete, checked, and only then in use, in one step.

What is published lies beside what is in use, in collections of its own, until one alias is moved. A publication that was
cut off is taken up where it stopped. Knows nothing of models or questions.
"""

import base64
from collections.abc import Callable, Iterator, Sequence, Set
from itertools import accumulate

import numpy as np

from index.encoded import PackedStates, Progress
from index.entries import Texts
from index.errors import IndexUnreachableError, IndexUnusableError
from index.manifest import MANIFEST
from index.milvus import Record, Server
from index.milvus_lock import publishing
from index.milvus_records import (
    PARAGRAPHS,
    SENTENCES,
    TEXTS,
    Ints,
    Names,
    PublishedParagraph,
    current,
    document_key,
    document_text,
    fields,
    file_key,
    in_pieces,
    named,
    paragraph_record,
    sentence_record,
    text_record,
)
from index.milvus_store import BEFORE, COUNT, PUBLISH, PublishedGeneration, published_files
from index.postings import load_statistics
from index.store import Generation

BATCH = 400  # records sent at a time, of at most 140 KB each: Milvus takes 64 MB
COMPARED = 16  # paragraphs that are read back and compared, from the first to the last
_ROUNDING = 1e-3  # by which a vector's product with itself may fall short of its length's square


def publish(server: Server, generation: Generation, progress: Progress) -> bool:
    """Publish *generation* and have it answer from now on; return False if it did already and is whole.

    *progress* is told how many paragraphs and sentences are there, of all. What is neither in use now nor was before is removed.
    Whoever calls this holds the `build_lock` of the generation's folder. Raises BuildLockedError if another process publishes
    under this prefix, IndexUnreachableError if the server does not answer in time, IndexUnusableError if it does not give back what
    it was sent; what was in use stays so.
    """
    with publishing(server, generation.folder.parent) as check:
        return _publish(server, generation, progress, check)


def _publish(server: Server, generation: Generation, progress: Progress, check: Callable[[], None]) -> bool:
    """Do what `publish` does; *check* raises if another process may have begun to."""

    def checked(done: int, total: int) -> None:
        check()
        progress(done, total)

    prefix, manifest = server.address.prefix, generation.manifest
    names, in_use = Names(prefix, manifest.index_fingerprint), named(prefix, server.pointed(current(prefix)))
    before = in_use
    if in_use == names:
        before = _before(server, names)
        if not faults(server, generation):
            _tidy(server, {names, before})
            return False
    _tidy(server, {names, before})
    new = {kind for kind, of_kind in fields(manifest).items() if server.ensure(names.of(kind), of_kind)}
    _Publication(server, names, new).send(generation, before, checked)
    for kind in fields(manifest):
        server.finish(names.of(kind))
    for fault in faults(server, generation):
        raise IndexUnusableError(f"{fault} What was in use before still answers.")
    check()
    server.point(current(prefix), names.of(TEXTS))
    _tidy(server, {names, before})
    return True


def faults(server: Server, generation: Generation) -> tuple[str, ...]:
    """Return a sentence for each thing in which what was published differs from *generation*; none if it is whole.

    Counts and digests are compared, and a few paragraphs. Raises IndexUnreachableError if the server does not answer in time.
    """
    names = Names(server.address.prefix, generation.manifest.index_fingerprint)
    if missing := {names.of(kind) for kind in fields(generation.manifest)} - set(server.collections()):
        return (f"Milvus at {server.address.shown} has no {', '.join(sorted(missing))}. {PUBLISH}",)
    try:
        published = PublishedGeneration(server, names)
    except IndexUnreachableError:
        raise
    except IndexUnusableError as error:
        return (f"{error}",)
    rows = sorted({int(row) for row in np.linspace(0, generation.manifest.paragraphs - 1, COMPARED)})
    found, here = published.found(rows, ()), generation.found(rows, ())
    sentences = list(here.first_sentences)
    same = found.paragraphs == here.paragraphs and found.first_sentences == here.first_sentences
    same = same and np.array_equal(found.vectors, here.vectors) and np.array_equal(found.sentence_vectors, here.sentence_vectors)
    for there, own in zip(published.sentence_states(sentences), generation.sentence_states(sentences), strict=True):
        same = same and np.array_equal(there.ids, own.ids) and np.array_equal(there.states, own.states)
    for vector in here.vectors if same else ():
        nearest = published.found(published.nearest(vector, 1), ()).vectors
        same = same and len(nearest) == 1 and bool(nearest[0] @ vector >= vector @ vector - _ROUNDING)
    return () if same else (f"Paragraphs of {published.where} are not those that were sent. {PUBLISH}",)


class _Publication:
    """Sends the records of one generation, in batches; those that lie there from a publication that was cut off are passed over."""

    def __init__(self, server: Server, names: Names, new: Set[str]) -> None:
        """Take which kinds of collections are *new*, and therefore empty."""
        self._server, self._names, self._new = server, names, new
        self._waiting: dict[str, list[Record]] = {}
        self._texts = 0

    def send(self, generation: Generation, before: Names | None, progress: Progress) -> None:
        """Send all of *generation*, and the name of the one *before*."""
        manifest, row, sentence = generation.manifest, 0, 0
        statistics = load_statistics(generation.folder / "paragraphs-terms")
        for number, document_id in enumerate(sorted(generation.sources())):  # their rows are in the order of their ids
            entry = generation.entry(document_id)
            self._add_text(document_key(number), document_text(entry.description, entry.tail, row, len(entry.rows)))
            firsts = accumulate((one.sentence_count for one in entry.rows), initial=sentence)
            for one, first, vector, ids in zip(entry.rows, firsts, entry.paragraphs.encoded.vectors, _ids(entry.paragraphs), strict=False):
                paragraph = PublishedParagraph(document_id, first, one, ids)
                self._add(PARAGRAPHS, paragraph_record(row, number, paragraph, vector, statistics.weights(ids)))
                row += 1
            for vector, ids, (tokens, states) in zip(
                entry.sentences.encoded.vectors, _ids(entry.sentences), _states(entry.sentences), strict=True
            ):
                self._add(SENTENCES, sentence_record(sentence, vector, ids, tokens, states))
                sentence += 1
            progress(row + sentence, manifest.paragraphs + manifest.sentences)
        for name in published_files(manifest):
            self._add_text(file_key(name), base64.b64encode((generation.folder / name).read_bytes()).decode("ascii"))
        self._add_text(MANIFEST, manifest.text)
        self._add_text(BEFORE, before.of(TEXTS) if before else "")
        for kind in (PARAGRAPHS, SENTENCES):
            self._send(kind)
        self._add_text(COUNT, f"{self._texts + 1}")
        self._send(TEXTS)

    def _add_text(self, key: str, text: str) -> None:
        self._add(TEXTS, text_record(key, text))

    def _add(self, kind: str, record: Record) -> None:
        """Send *record*, its long texts in pieces, with the next batch of that *kind*."""
        short, pieces = in_pieces(record, f"{kind}/{record['id']}")
        for of_kind, one in [*((TEXTS, piece) for piece in pieces), (kind, short)]:
            waiting = self._waiting.setdefault(of_kind, [])
            waiting.append(one)
            self._texts += of_kind == TEXTS
            if len(waiting) == BATCH:
                self._send(of_kind)

    def _send(self, kind: str) -> None:
        """Send what waits of that *kind*, if it is not there."""
        records, name = self._waiting.pop(kind, []), self._names.of(kind)
        if not records:
            return
        if kind in self._new:
            self._server.insert(name, records)
        elif kind == TEXTS or self._server.count(name, _span(records)) != len(records):
            self._server.upsert(name, records)


def _span(records: Sequence[Record]) -> str:
    """Return the filter for these *records*, whose keys are numbers in a row."""
    return f"id >= {records[0]['id']} and id <= {records[-1]['id']}"


def _ids(texts: Texts) -> Iterator[Ints]:
    """Yield the ids of the terms of each text."""
    yield from np.split(texts.terms.ids, np.cumsum(texts.terms.lengths)[:-1])


def _states(texts: Texts) -> Iterator[tuple[Ints, PackedStates]]:
    """Return the ids of each text's tokens, and their states."""
    ends = np.cumsum(texts.encoded.lengths)[:-1]
    return zip(np.split(texts.encoded.ids, ends), np.split(texts.encoded.states, ends), strict=True)


def _before(server: Server, names: Names) -> Names | None:
    """Return the names of the generation that was in use when that of *names* was published, if that is still known."""
    known = names.of(TEXTS) in server.collections()
    records = server.get(names.of(TEXTS), [BEFORE], ["text"]) if known else {}
    return named(names.prefix, f"{records[BEFORE]['text']}") if records else None


def _tidy(server: Server, kept: Set[Names | None]) -> None:
    """Remove the collections of all generations but those *kept*."""
    for collection in server.collections():
        names = named(server.address.prefix, collection)
        if names is not None and names not in kept:
            server.drop(collection)
