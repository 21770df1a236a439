"""Turns a corpus folder into the current generation of an index folder, when and only when something changed.

Knows nothing of questions. Loads the model only if there is something to embed.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from index.corpus import find_files, fingerprint, read_document
from index.embedding import BATCH, ModelFiles, SentenceEmbeddings, Vectors
from index.errors import CorpusError, IndexUnusableError
from index.store import Manifest, read_manifest, write_generation

Progress = Callable[[int, int], None]  # called with texts embedded so far and in all


def is_current(corpus: Path, folder: Path, model: ModelFiles) -> bool:
    """Tell whether the index in *folder* was built from just this corpus, model and format.

    Raises IndexUnusableError if there is an index that cannot be read or was altered, CorpusError for the corpus folder.
    """
    current = read_manifest(folder)
    if current is None:
        return False
    manifest = current[1]
    return (manifest.corpus_fingerprint, manifest.model_digest) == (fingerprint(find_files(corpus)), model.digest)


def build(corpus: Path, folder: Path, embeddings: SentenceEmbeddings, progress: Progress) -> Manifest:
    """Build the generation of *corpus* into *folder* and make it the current one; a failure leaves the old one in use.

    Raises CorpusError for a document that cannot be used, IndexUnusableError if *folder* cannot be written.
    """
    files = find_files(corpus)
    documents = [read_document(file) for file in files]
    paragraphs = [paragraph for document in documents for paragraph in document.paragraphs]
    sentences = [paragraph.sentence_text(sentence) for paragraph in paragraphs for sentence in paragraph.sentences]
    if not sentences:
        raise CorpusError(f"The documents in {corpus} hold no sentence, so there is nothing to answer from. Add a document with text.")
    vectors = _encode_once(embeddings, [*(paragraph.text for paragraph in paragraphs), *sentences], progress)
    try:
        return write_generation(
            folder,
            documents,
            vectors[: len(paragraphs)],
            vectors[len(paragraphs) :],
            corpus_fingerprint=fingerprint(files),
            model=embeddings.files.name,
            model_digest=embeddings.files.digest,
        )
    except OSError as error:
        raise IndexUnusableError(
            f"The index folder {folder} cannot be written ({error.strerror}). Make room or name another: SCO_INDEX_DIR"
        ) from error


def _encode_once(embeddings: SentenceEmbeddings, texts: Sequence[str], progress: Progress) -> Vectors:
    """Return one vector a text, embedding equal texts once and in order of length, which spares padding."""
    distinct = sorted(set(texts), key=lambda text: (len(text), text))
    rows = {text: row for row, text in enumerate(distinct)}
    parts = []
    for start in range(0, len(distinct), BATCH):
        parts.append(embeddings.encode_documents(distinct[start : start + BATCH]))
        progress(min(start + BATCH, len(distinct)), len(distinct))
    return np.concatenate(parts)[[rows[text] for text in texts]]
