"""Turns a corpus folder into the current generation of an index folder, when and only when something changed.

Knows nothing of questions. Loads the model only if there is something to embed.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from index.corpus import find_files, fingerprint, read_document
from index.embedding import BATCH, Encoder, ModelFiles, Vectors
from index.errors import CorpusError, IndexUnusableError
from index.reader import Reader, SentenceStates, open_reader
from index.store import Manifest, read_manifest, write_generation

Progress = Callable[[int, int], None]  # called with texts embedded so far and in all


def is_current(corpus: Path, folder: Path, model: ModelFiles) -> bool:
    """Tell whether the index in *folder* was built from just this corpus, model, reader and format.

    Raises IndexUnusableError if there is an index that cannot be read or was altered, CorpusError for the corpus folder.
    """
    current = read_manifest(folder)
    if current is None:
        return False
    manifest = current[1]
    reader = open_reader(model.digest)
    built_from = (manifest.corpus_fingerprint, manifest.model_digest, manifest.reader_digest)
    return built_from == (fingerprint(find_files(corpus)), model.digest, reader.digest if reader else "")


def build(corpus: Path, folder: Path, embeddings: Encoder, progress: Progress) -> Manifest:
    """Build the generation of *corpus* into *folder* and make it the current one; a failure leaves the old one in use.

    Raises CorpusError for a document that cannot be used, IndexUnusableError if *folder* cannot be written.
    """
    files = find_files(corpus)
    documents = [read_document(file) for file in files]
    paragraphs = [paragraph for document in documents for paragraph in document.paragraphs]
    sentences = [paragraph.sentence_text(sentence) for paragraph in paragraphs for sentence in paragraph.sentences]
    if not sentences:
        raise CorpusError(f"The documents in {corpus} hold no sentence, so there is nothing to answer from. Add a document with text.")
    reader = open_reader(embeddings.files.digest)
    vectors, states = _encode_once(embeddings, reader, [paragraph.text for paragraph in paragraphs], sentences, progress)
    try:
        return write_generation(
            folder,
            documents,
            vectors[: len(paragraphs)],
            vectors[len(paragraphs) :],
            corpus_fingerprint=fingerprint(files),
            model=embeddings.files.name,
            model_digest=embeddings.files.digest,
            reader_digest=reader.digest if reader else "",
            sentence_states=states,
        )
    except OSError as error:
        raise IndexUnusableError(
            f"The index folder {folder} cannot be written ({error.strerror}). Make room or name another: SCO_INDEX_DIR"
        ) from error


def _encode_once(
    embeddings: Encoder, reader: Reader | None, paragraphs: Sequence[str], sentences: Sequence[str], progress: Progress
) -> tuple[Vectors, list[SentenceStates]]:
    """Return one vector a text, paragraphs first, and what *reader* keeps of each sentence (nothing without a reader).

    Equal texts are embedded once, and in order of length, which spares padding.
    """
    texts, kept = [*paragraphs, *sentences], set(sentences)
    distinct = sorted(set(texts), key=lambda text: (len(text), text))
    parts: list[Vectors] = []
    states: dict[str, SentenceStates] = {}
    for start in range(0, len(distinct), BATCH):
        batch = distinct[start : start + BATCH]
        if reader is None:
            parts.append(embeddings.encode_documents(batch))
        else:
            vectors, tokens = embeddings.encode_tokens(batch)
            parts.append(vectors)
            states.update((text, reader.sentence(one)) for text, one in zip(batch, tokens, strict=True) if text in kept)
        progress(min(start + BATCH, len(distinct)), len(distinct))
    rows = {text: row for row, text in enumerate(distinct)}
    return np.concatenate(parts)[[rows[text] for text in texts]], [states[text] for text in sentences] if reader else []
