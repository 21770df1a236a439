"""What ``app.py`` has done to an index: built, published, verified, opened to answer from. Knows nothing of settings or questions."""

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from index.build import build, is_current
from index.corpus import Corpus, survey, told
from index.current import Folder, Source, open_usable
from index.embedding import Encoder, ModelFiles, check_model
from index.errors import BuildLockedError, IndexUnusableError
from index.graph import is_exported, prepare_encoder
from index.lock import build_lock
from index.manifest import REBUILD
from index.reader import open_reader
from index.store import Generation, open_generation, open_last_good, verify
from index.stores import Store

if TYPE_CHECKING:  # its modules are loaded where there is a server, which few have
    from index.milvus import Server

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Place:
    """Where an index is and what it is made of.

    Its documents' folder, its own, that of the encoder's graph, the embedding model, and the Milvus server that answers,
    or None where the folder itself does.
    """

    corpus: Path
    folder: Path
    encoder_folder: Path
    model: str
    server: "Server | None"


@dataclass(frozen=True, slots=True)
class Opened:
    """An index to answer from: where its successors will be found, the generation in use, and the encoder for both."""

    source: Source
    store: Store
    embeddings: Encoder


def make_index(place: Place, errors: TextIO) -> bool:
    """Build the index and publish it where there is a server; return whether all files are in it. Raises UserError."""
    survey(place.corpus)  # what is wrong with the folder is said before the seconds that an export takes
    if place.server is not None:
        place.server.collections()  # so is that it does not answer
    whole = _build(place, _encoder(check_model(place.model), place.encoder_folder, errors), errors)
    if place.server is not None:
        _publish(place.folder, place.server, errors)
    return whole


def verify_index(place: Place, output: TextIO, errors: TextIO) -> bool:
    """Say whether the index is whole, where it is published there too, or what is wrong with it, and return that."""
    wrong = verify(place.folder)
    if not wrong and place.server is not None:
        return _verify_published(place.folder, place.server, output, errors)
    if wrong:
        good = open_last_good(place.folder)
        meanwhile = f" Until then {good.folder.name} answers, the last good one." if good else ""
        _say(errors, *wrong, f"Rebuild it with: python app.py index{meanwhile}")
        return False
    held = open_generation(place.folder).manifest
    _say(
        output,
        f"The index in {place.folder} is whole: {held.documents} documents, {held.paragraphs} paragraphs, {held.sentences} sentences",
    )
    if held.probes:
        found = f"{held.recall:.1%} of the ten nearest paragraphs were found"
        _say(output, f"A question is looked for in {held.probes} lists, where {found}")
    return True


def open_index(place: Place, files: ModelFiles, errors: TextIO) -> Opened:
    """Return the index that answers under the model *files*, which is built first where the folder's own is missing or out of date.

    Raises UserError.
    """
    if place.server is not None:
        from index.milvus_store import Published

        source = Published(place.server)
        return Opened(source, source.open(), _encoder(files, place.encoder_folder, errors))
    return _open_built(place, files, errors)


def check_encoder(store: Store, embeddings: Encoder) -> None:
    """Raise IndexUnusableError if *store* was built with another model than that of *embeddings*; log it if it was for another reader."""
    if store.manifest.model_digest != embeddings.files.digest:
        raise IndexUnusableError(
            f"The index {store.manifest.generation} was built with another model, {store.manifest.model}, "
            f"and this one is set: {embeddings.files.name}. {REBUILD}, or set SCO_EMBEDDING_MODEL to the other."
        )
    reader = open_reader(embeddings.files.digest)
    if reader is not None and store.manifest.reader_digest != reader.digest:
        log.warning(
            "The index %s was built for another reader and is searched without one, which finds less. %s",
            store.manifest.generation,
            REBUILD,
        )


def _open_built(place: Place, files: ModelFiles, errors: TextIO) -> Opened:
    """Open the folder's index; where it is damaged, the last good one answers, with a warning, if there is one."""
    try:
        current = is_current(place.corpus, place.folder, files)
    except IndexUnusableError:
        current = True  # but damaged
    generation = open_usable(place.folder) if current else None
    if generation is None:
        survey(place.corpus)  # as before a build that is asked for
    embeddings = _encoder(files, place.encoder_folder, errors)
    return Opened(Folder(place.folder), generation or _open_new(place, embeddings, errors), embeddings)


def _encoder(files: ModelFiles, folder: Path, errors: TextIO) -> Encoder:
    """Return the model's encoder from *folder*; where it is to be exported first, say so, for that shows nothing for a while."""
    if not is_exported(files, folder):
        _say(errors, f"Preparing the model {files.name}, once: some 20 seconds")
    return prepare_encoder(files, folder)


def _open_new(place: Place, embeddings: Encoder, errors: TextIO) -> Generation:
    """Build the index and open it; while another process builds it, the one before answers, if there is one of this model."""
    try:
        _build(place, embeddings, errors)
    except BuildLockedError as locked:
        good = open_last_good(place.folder)
        if good is None or good.manifest.model_digest != embeddings.files.digest:
            raise
        _say(errors, f"{locked} Until then the index before it answers.")
    return open_usable(place.folder)


def _build(place: Place, embeddings: Encoder, errors: TextIO) -> bool:
    """Build the index, say what it holds and what was left out, and return whether all files are in it."""
    reports: list[Corpus] = []
    with _progress("Reading the documents", " files", errors) as reading, _progress("Building the index", " texts", errors) as progress:
        manifest = build(place.corpus, place.folder, embeddings, progress, reports.append, reading)
    held = f"{manifest.documents} documents: {manifest.paragraphs} paragraphs, {manifest.sentences} sentences"
    _say(errors, f"Indexed {held}, in {place.folder}")
    skipped, notices = reports[0].skipped, reports[0].notices
    if skipped:
        _say(errors, f"Left out {len(skipped):,} of the files:")
    _say(errors, *(f"- {line}" for line in (*told(skipped), *notices)))
    return not skipped


def _publish(folder: Path, server: "Server", errors: TextIO) -> None:
    """Publish the index in *folder* on *server*, and say so."""
    from index.milvus_publish import publish

    with build_lock(folder), _progress("Publishing the index", " texts", errors) as progress:
        generation = open_generation(folder)
        new = publish(server, generation, progress)
    where = f"on Milvus at {server.address.shown} as {server.address.prefix}"
    _say(errors, f"{'Published' if new else 'Was published already:'} {generation.manifest.generation}, {where}")


def _verify_published(folder: Path, server: "Server", output: TextIO, errors: TextIO) -> bool:
    """Say whether what is published on *server* is whole and equals the index in *folder*, or what is wrong, and return that."""
    from index.milvus_publish import faults
    from index.milvus_store import PUBLISH, Published

    generation, in_use = open_generation(folder), Published(server).in_use()
    if in_use != generation.manifest.generation:
        held = f"{in_use or 'Nothing'} is in use on Milvus at {server.address.shown}, not {generation.manifest.generation}."
        _say(errors, f"{held} {PUBLISH}")
        return False
    wrong = faults(server, generation)
    _say(errors, *wrong)
    if not wrong:
        _say(output, f"{in_use} on Milvus at {server.address.shown} is whole")
    return not wrong


@contextmanager
def _progress(doing: str, unit: str, errors: TextIO) -> Iterator[Callable[[int, int], None]]:
    """Show a bar from the first that there is to show, moved by what is yielded: how many are done, of how many."""
    from tqdm import tqdm  # which a question to an index that is there has no use for

    with ExitStack() as shown:
        bar: tqdm[None] | None = None

        def progress(done: int, total: int) -> None:
            nonlocal bar
            if bar is None:
                bar = shown.enter_context(tqdm(desc=doing, total=total, unit=unit, file=errors))
            bar.update(done - bar.n)
            if done == total:
                bar.close()  # the next begins on a line of its own

        yield progress


def _say(stream: TextIO, *lines: str) -> None:
    stream.writelines(f"{line}\n" for line in lines)
