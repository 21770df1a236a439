"""Fakes of our own: small, deterministic, and they remember what they were asked."""

import re
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from index.embedding import ModelFiles, Vectors


class WordEmbeddings:
    """Stands in for the model without loading one: a unit vector that counts a text's words in hashed places."""

    dimension = 64

    def __init__(self, name: str = "words", digest: str = "0" * 64, engine: str = "") -> None:
        self.engine = engine
        self.files = ModelFiles(name, Path("nowhere"), digest)
        self.asked: list[str] = []

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        """Return one unit vector a text."""
        self.asked.extend(texts)
        return np.stack([self._vector(text) for text in texts])

    def encode_question(self, question: str) -> Vectors:
        """Return the unit vector of *question*."""
        self.asked.append(question)
        return self._vector(question)

    def _vector(self, text: str) -> Vectors:
        counts = np.full(self.dimension, 1e-3, dtype=np.float32)  # no text is the zero vector
        for word in re.findall(r"\w+", text.lower()):
            counts[zlib.crc32(word.encode("utf-8", "replace")) % self.dimension] += 1
        return counts / np.linalg.norm(counts)
