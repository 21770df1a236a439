"""Turns a corpus folder into the current generation of an index folder, when and only when something changed.

Of what the generation before holds, only what changed is read, embedded and counted anew; the result is the same as from
nothing. Knows nothing of questions.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from index.corpus import CorpusFile, find_files, fingerprint, read_document
from index.embedding import Encoder, ModelFiles
from index.encoded import KnownTexts, Progress, encode_missing
from index.entries import Entry, enter, sentence_texts
from index.errors import CorpusError, IndexUnusableError, NewerIndexError
from index.lock import build_lock
from index.manifest import FORMAT_VERSION, GENERATION, Manifest, read_manifest
from index.reader import Reader, open_reader
from index.store import Generation, open_generation, open_last_good
from index.write import SAVED_PARTS, tidy, unwritable, write_generation


def is_current(corpus: Path, folder: Path, model: ModelFiles) -> bool:
    """Tell whether the index in *folder* was built from just this corpus, model, reader and format.

    Raises IndexUnusableError if there is an index that cannot be read or was altered, CorpusError for the corpus folder.
    """
    current = read_manifest(folder)
    return current is not None and _built_from(current[1], find_files(corpus), model, open_reader(model.digest))


def build(corpus: Path, folder: Path, embeddings: Encoder, progress: Progress) -> Manifest:
    """Build the generation of *corpus* into *folder* and make it the current one; a failure leaves the old one in use.

    Raises CorpusError for a document that cannot be used, BuildLockedError if another process is building, NewerIndexError
    if the index there is of a newer format, IndexUnusableError if *folder* cannot be written.
    """
    files = find_files(corpus)
    try:
        with build_lock(folder):
            return _build(corpus, files, folder, embeddings, progress)
    except OSError as error:
        raise unwritable(folder, error) from error


def _build(corpus: Path, files: tuple[CorpusFile, ...], folder: Path, embeddings: Encoder, progress: Progress) -> Manifest:
    """Do what `build` does, holding the lock."""
    model, reader = embeddings.files, open_reader(embeddings.files.digest)
    before, in_use = _generation_before(folder)
    saved = folder / f"{SAVED_PARTS}{_digest(model, reader)}"
    tidy(folder, {saved.name, *(path.name for path in folder.glob(f"{GENERATION}*"))})
    if before is not None and in_use and _built_from(before.manifest, files, model, reader):
        return before.manifest
    base = (
        before if before is not None and (before.manifest.model_digest, before.manifest.reader_digest) == _digests(model, reader) else None
    )
    sources = {file.document_id: fingerprint((file,)) for file in files}
    unchanged = {one for one, source in base.sources().items() if sources.get(one) == source} if base else set()
    documents = {file.document_id: read_document(file) for file in files if file.document_id not in unchanged}
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
            else:
                yield enter(documents[document_id], source, known, with_states=reader is not None)

    return write_generation(
        folder,
        entries(),
        corpus_fingerprint=fingerprint(files),
        model=model.name,
        model_digest=model.digest,
        reader_digest=reader.digest if reader else "",
        kept=before.folder.name if before else "",
    )


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


def _digest(model: ModelFiles, reader: Reader | None) -> str:
    """Return 16 hex digits for all that decides what is computed of a text."""
    return hashlib.sha256(f"{FORMAT_VERSION} {_digests(model, reader)}".encode()).hexdigest()[:16]
