"""Turns texts into what the index keeps of them, each text once: what is known from before is taken over, the rest computed.

What is computed is saved as it comes, so that a build that was interrupted goes on where it stopped. Knows texts by
their digests only, and nothing of documents or generations.
"""

import hashlib
import io
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.embedding import BATCH, Encoder
from index.files import remove, sha256, sync, write_synced
from index.reader import Reader

KEY = 16  # bytes of a text's sha256: two of 10^9 texts share them with a chance of 1 in 10^21
SAVED = 32 * BATCH  # texts saved at a time: some 8 seconds of two cores' work, and whole batches, so that resuming changes no bit

_MOST = 127  # the greatest signed byte but one: as far from 0 as the least that is used

Progress = Callable[[int, int], None]  # called with texts embedded so far and to embed in all
Keys = NDArray[np.uint8]
PackedStates = NDArray[np.uint8]  # a signed byte a number and, last, the half-precision number that they are multiplied by
StoredVectors = NDArray[np.float16]  # half the bytes of what the model gives, and the same ten of eleven thousand nearest


@dataclass(frozen=True, slots=True, eq=False)
class EncodedTexts:
    """What was computed of texts, row by row: ``lengths[n]`` token ids and states of text n follow those of text n - 1.

    Only sentences have token states, and only where there is a reader; every other text has the length 0.
    """

    keys: Keys  # (texts, KEY)
    vectors: StoredVectors  # (texts, dimension)
    lengths: NDArray[np.int32]  # (texts,)
    ids: NDArray[np.int32]  # (tokens,)
    states: PackedStates  # (tokens, width + 2)


def keys_of(texts: Sequence[str]) -> Keys:
    """Return the key of each text, shape ``(len(texts), KEY)``."""
    digests = b"".join(hashlib.sha256(text.encode()).digest()[:KEY] for text in texts)
    return np.frombuffer(digests, dtype=np.uint8).reshape(-1, KEY)


def packed(states: NDArray[np.float16]) -> PackedStates:
    """Return token states in half the bytes, each number to within a 254th of its token's greatest.

    On 250 SQuAD questions the reader's logits differed by 0.004 on average and 0.03 at most, and one question's first sentence.
    """
    steps = np.abs(states).max(axis=1, keepdims=True, initial=0).astype(np.float32) / _MOST
    steps = np.where(steps > 0, steps, 1).astype(np.float16)
    numbers = np.clip(np.rint(states / steps.astype(np.float32)), -_MOST, _MOST).astype(np.int8)
    return np.concatenate([numbers.view(np.uint8), steps.view(np.uint8)], axis=1)


def unpacked(states: PackedStates) -> NDArray[np.float16]:
    """Return the token states that `packed` packed, shape ``(tokens, width)``."""
    steps = np.ascontiguousarray(states[:, -2:]).view(np.float16)
    return (np.ascontiguousarray(states[:, :-2]).view(np.int8) * steps.astype(np.float32)).astype(np.float16)


class KnownTexts:
    """Everything computed so far, to be asked for by text; holds the arrays, which may lie on disk."""

    def __init__(self, parts: Iterable[EncodedTexts] = ()) -> None:
        self._parts: list[tuple[EncodedTexts, NDArray[np.int64]]] = []  # each with the end of every text's tokens
        self._starts = [0]  # the number of texts in all parts before
        self._places: tuple[dict[bytes, int], dict[bytes, int]] = ({}, {})  # of all texts, and of those with states, over all parts
        for part in parts:
            self.add(part)

    def add(self, part: EncodedTexts) -> None:
        """Take *part* in."""
        keys, start = _bytes(part.keys), self._starts[-1]
        self._places[0].update(zip(keys, range(start, start + len(keys)), strict=True))
        self._places[1].update((keys[row], start + row) for row in np.flatnonzero(part.lengths).tolist())
        self._parts.append((part, np.cumsum(part.lengths, dtype=np.int64)))
        self._starts.append(start + len(keys))

    def missing(self, texts: Iterable[str], with_states: bool) -> set[str]:
        """Return those of *texts* of which nothing is known, or no token states where they are wanted."""
        wanted, known = list(texts), self._places[with_states]
        return {text for text, key in zip(wanted, _bytes(keys_of(wanted)), strict=True) if key not in known}

    def rows(self, texts: Sequence[str], with_states: bool) -> EncodedTexts:
        """Return what is known of *texts*, in their order. Raises KeyError for a text that is missing."""
        keys = keys_of(texts)
        found = [self._find(self._places[with_states][key]) for key in _bytes(keys)]
        spans = [(part, slice(int(ends[row] - part.lengths[row]), int(ends[row]))) for part, ends, row in found if with_states]
        return EncodedTexts(
            keys,
            np.stack([part.vectors[row] for part, _, row in found]) if found else np.zeros((0, self._dimension), dtype=np.float16),
            np.array([part.lengths[row] if with_states else 0 for part, _, row in found], dtype=np.int32),
            np.concatenate([part.ids[span] for part, span in spans]) if spans else np.zeros(0, dtype=np.int32),
            np.concatenate([part.states[span] for part, span in spans]) if spans else np.zeros((0, 0), dtype=np.uint8),
        )

    def _find(self, place: int) -> tuple[EncodedTexts, NDArray[np.int64], int]:
        """Return the part that holds the text at *place* among all, the ends of its tokens, and the text's row in it."""
        number = bisect_right(self._starts, place) - 1
        return *self._parts[number], place - self._starts[number]

    @property
    def _dimension(self) -> int:
        return int(self._parts[0][0].vectors.shape[1]) if self._parts else 0


def encode_missing(
    known: KnownTexts, embeddings: Encoder, reader: Reader | None, paragraphs: Sequence[str], sentences: Sequence[str], saved: Path,
    progress: Progress,
) -> None:  # fmt: skip
    """Add to *known* what is still missing of *paragraphs* and *sentences*, in order of length, which spares padding.

    Every SAVED texts go to a file in the folder *saved* first; what a build before left there is taken over.
    Raises OSError if they cannot be written.
    """
    for part in _saved_parts(saved):
        known.add(part)
    read = known.missing(sentences, with_states=reader is not None)
    missing = sorted(read | known.missing(paragraphs, with_states=False), key=lambda text: (len(text), text))
    for start in range(0, len(missing), SAVED):
        texts = missing[start : start + SAVED]
        batches: list[EncodedTexts] = []
        for first in range(0, len(texts), BATCH):
            batches.append(_encode(embeddings, reader, texts[first : first + BATCH], read))
            progress(start + first + len(batches[-1].keys), len(missing))
        part = _joined(batches)
        known.add(_save(saved, part) if len(texts) == SAVED else part)


def _encode(embeddings: Encoder, reader: Reader | None, texts: Sequence[str], read: set[str]) -> EncodedTexts:
    if reader is None:
        nothing = np.zeros(len(texts), dtype=np.int32), np.zeros(0, dtype=np.int32), np.zeros((0, 0), dtype=np.uint8)
        return EncodedTexts(keys_of(texts), embeddings.encode_documents(texts).astype(np.float16), *nothing)
    vectors, tokens = embeddings.encode_tokens(texts)
    kept = [reader.sentence(one) if text in read else None for text, one in zip(texts, tokens, strict=True)]
    return EncodedTexts(
        keys_of(texts),
        vectors.astype(np.float16),
        np.array([len(one.ids) if one else 0 for one in kept], dtype=np.int32),
        np.concatenate([np.zeros(0, dtype=np.int32), *(one.ids for one in kept if one)]),
        _stacked([packed(one.states) for one in kept if one]),
    )


def _joined(parts: Sequence[EncodedTexts]) -> EncodedTexts:
    return EncodedTexts(
        np.concatenate([part.keys for part in parts]),
        np.concatenate([part.vectors for part in parts]),
        np.concatenate([part.lengths for part in parts]),
        np.concatenate([part.ids for part in parts]),
        _stacked([part.states for part in parts if len(part.ids)]),
    )


def _stacked(states: Sequence[PackedStates]) -> PackedStates:
    return np.concatenate(states) if states else np.zeros((0, 0), dtype=np.uint8)


def _bytes(keys: Keys) -> list[bytes]:
    """Return each row of *keys* as bytes."""
    flat: list[bytes] = np.ascontiguousarray(keys).view(f"V{KEY}")[:, 0].tolist() if len(keys) else []
    return flat


def _save(folder: Path, part: EncodedTexts) -> EncodedTexts:
    """Write *part* to a file named by its digest, and return it as it lies there, which frees the memory."""
    content = io.BytesIO()
    for array in (part.keys, part.vectors, part.lengths, part.ids, part.states):
        np.lib.format.write_array(content, np.ascontiguousarray(array), allow_pickle=False)
    if not folder.exists():
        folder.mkdir()
        sync(folder.parent)
    path = folder / hashlib.sha256(content.getbuffer()).hexdigest()
    write_synced(path, content.getvalue())
    sync(folder)
    return _mapped(path)


def _saved_parts(folder: Path) -> list[EncodedTexts]:
    """Return the parts in *folder* whose names are the digests of their content, and remove the others."""
    parts = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.is_file() and sha256(path) == path.name:
            parts.append(_mapped(path))
        else:
            remove(path)  # cut short when the build was
    return parts


def _mapped(path: Path) -> EncodedTexts:
    """Return the part in the file *path*; its arrays stay on disk until they are read."""
    arrays = []
    with path.open("rb") as file:
        for _ in range(5):
            np.lib.format.read_magic(file)
            shape, _, dtype = np.lib.format.read_array_header_1_0(file)
            size = int(np.prod(shape)) * dtype.itemsize
            arrays.append(np.memmap(path, dtype, "r", file.tell(), shape) if size else np.zeros(shape, dtype))
            file.seek(size, io.SEEK_CUR)
    return EncodedTexts(*arrays)
