"""Turns a corpus folder into the current generation of an index folder, when and only when something changed.

Of what the generation before holds, only what changed is read, embedded and counted anew; the result is the same as from
nothing. Knows nothing of questions.
"""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

from index.corpus import (
    Corpus,
    CorpusFile,
    Survey,
    find_files,
    fingerprint,
    nothing_usable,
    read_files,
    repeated,
    survey,
    text_digest,
    told_repeats,
)
from index.embedding import Encoder, ModelFiles
from index.encoded import KnownTexts, Progress, encode_missing
from index.entries import Entry, enter, sentence_texts
from index.errors import CorpusError, IndexUnusableError, NewerIndexError
from index.front_matter import missing
from index.lock import build_lock
from index.manifest import FORMAT_VERSION, Manifest, read_manifest
from index.reader import Reader, open_reader
from index.store import Generation, complete_generations, open_generation, open_last_good
from index.write import SAVED_PARTS, tidy, unwritable, write_generation

Report = Callable[[Corpus], None]  # called once with the documents read anew, all that was left out, and what else to say


def is_current(corpus: Path, folder: Path, model: ModelFiles) -> bool:
    """Tell whether the index in *folder* was built from just this corpus, model, reader and format.

    Raises IndexUnusableError if there is an index that cannot be read or was altered, CorpusError for the corpus folder.
    """
    current = read_manifest(folder)
    return current is not None and _built_from(current[1], find_files(corpus), model, open_reader(model.digest))


def unheard(read: Corpus) -> None:
    """Take a report and say nothing."""


def unseen(done: int, total: int) -> None:
    """Take progress and show nothing."""


def build(
    corpus: Path, folder: Path, embeddings: Encoder, progress: Progress, report: Report = unheard, reading: Progress = unseen
) -> Manifest:
    """Build the generation of *corpus* into *folder* and make it the current one; a failure leaves the old one in use.

    *reading* is told how many files were read, of those to read, and *progress* of the texts. A file that cannot be used is left
    out, and *report* is told why, also where nothing had to be built. Raises CorpusError
    if none can be used, BuildLockedError if another process is building, NewerIndexError
    if the index there is of a newer format, IndexUnusableError if *folder* cannot be written.
    """
    found = survey(corpus)
    try:
        with build_lock(folder):
            return _build(corpus, found, folder, embeddings, progress, report, reading)
    except OSError as error:
        raise unwritable(folder, error) from error


def _build(
    corpus: Path, found: Survey, folder: Path, embeddings: Encoder, progress: Progress, report: Report, reading: Progress
) -> Manifest:
    """Do what `build` does, holding the lock."""
    files = found.files
    model, reader = embeddings.files, open_reader(embeddings.files.digest)
    before, in_use = _generation_before(folder)
    saved = folder / f"{SAVED_PARTS}{_digest(embeddings, reader)}"
    if before is not None and in_use and _built_from(before.manifest, files, model, reader):
        left_out, _ = _read(found, before, set(before.sources()), reading)
        if not left_out.documents:  # else a file that could not be read for a passing reason now can be
            others = [path for path in complete_generations(folder) if path.name != before.folder.name]
            tidy(folder, {before.folder.name, *(path.name for path in others[:1])})
            report(left_out)
            return before.manifest
    tidy(folder, {saved.name, *(path.name for path in complete_generations(folder))})
    base = before if before is not None and _same_encoder(before.manifest, embeddings, reader) else None
    sources = {file.document_id: fingerprint((file,)) for file in files}
    unchanged = {one for one, source in base.sources().items() if sources.get(one) == source} if base else set()
    read, repeats = _read(found, base, unchanged, reading)
    report(read)
    unchanged -= repeats
    documents = {document.document_id: document for document in read.documents}
    if not documents and not unchanged:
        raise nothing_usable(corpus, read.skipped)
    paragraphs = [paragraph.text for document in documents.values() for paragraph in document.paragraphs]
    sentences = [text for document in documents.values() for text in sentence_texts(document)]
    if not sentences and (base is None or not len(base.rows_of(unchanged)[1])):
        raise CorpusError(f"The documents in {corpus} hold no sentence, so there is nothing to answer from. Add a document with text.")
    known = KnownTexts(base.encoded() if base else ())
    encode_missing(known, embeddings, reader, paragraphs, sentences, saved, progress)

    def entries() -> Iterator[Entry]:
        for document_id, source in sources.items():
            if base is not None and document_id in unchanged:
                yield base.entry(document_id)
            elif document_id in documents:
                yield enter(documents[document_id], source, known, with_states=reader is not None)

    return write_generation(
        folder,
        entries(),
        corpus_fingerprint=fingerprint(files),
        model=model.name,
        model_digest=model.digest,
        reader_digest=reader.digest if reader else "",
        engine=embeddings.engine,
        kept=before.folder.name if before else "",
    )


def _read(found: Survey, base: Generation | None, unchanged: set[str], reading: Progress) -> tuple[Corpus, set[str]]:
    """Read what is not in *unchanged*, the documents that *base* holds as they are, and return it with the ids of all repeats.

    What was left out or repeated another is in no generation, so it is read, and told of, at every build.
    """
    read = read_files([file for file in found.files if file.document_id not in unchanged], reading)
    digests = {document.document_id: text_digest([document.text]) for document in read.documents}
    descriptions = {document.document_id: document.description for document in read.documents}
    if base is not None:
        digests |= {one: digest for one, digest in base.text_digests().items() if one in unchanged}
        descriptions |= {about.document_id: about for about in base.descriptions() if about.document_id in unchanged}
    repeats = repeated(digests.items())
    return Corpus(
        tuple(document for document in read.documents if document.document_id not in repeats),
        (*found.skipped, *read.skipped),
        (
            *found.notices,
            *read.notices,
            *told_repeats(repeats),
            *missing(about for one, about in descriptions.items() if one not in repeats),
        ),
    ), set(repeats)


def _generation_before(folder: Path) -> tuple[Generation | None, bool]:
    """Return the generation to start from, if there is one, and whether it is the one in use: the last good one if that is damaged."""
    try:
        return open_generation(folder), True
    except NewerIndexError:
        raise
    except IndexUnusableError:
        return open_last_good(folder), False


def _digests(model: ModelFiles, reader: Reader | None) -> tuple[str, str]:
    return model.digest, reader.digest if reader else ""


def _built_from(manifest: Manifest, files: tuple[CorpusFile, ...], model: ModelFiles, reader: Reader | None) -> bool:
    built_from = (manifest.corpus_fingerprint, manifest.model_digest, manifest.reader_digest)
    return built_from == (fingerprint(files), *_digests(model, reader))


def _same_encoder(manifest: Manifest, embeddings: Encoder, reader: Reader | None) -> bool:
    made_by = (manifest.model_digest, manifest.reader_digest, manifest.engine)
    return made_by == (*_digests(embeddings.files, reader), embeddings.engine)


def _digest(embeddings: Encoder, reader: Reader | None) -> str:
    """Return 16 hex digits for all that decides what is computed of a text."""
    made_by = (FORMAT_VERSION, *_digests(embeddings.files, reader), embeddings.engine)
    return hashlib.sha256(f"{made_by}".encode()).hexdigest()[:16]
