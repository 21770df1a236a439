"""Which generation of an index folder is in use, and what it must hold: the pointer, and the manifest of digests.

Knows how generations are named, and nothing of what stands in their files.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from index.errors import IndexUnusableError, NewerIndexError
from index.files import digest_of_blocks

FORMAT_VERSION = 10  # raised whenever parsing, terms or the files of a generation change: older generations are rebuilt
REBUILD = "Rebuild it with: python app.py index"
CURRENT = "CURRENT"  # the pointer file: holds the name of the generation in use
MANIFEST = "manifest.json"
GENERATION = "generation-"  # how the name of a complete generation begins; its manifest's fingerprint follows
_NAME = re.compile(rf"{GENERATION}[0-9a-f]{{16}}")


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a generation was built from and what it holds; ``files`` maps a file's name to its `digest_of_blocks`."""

    format_version: int
    corpus_fingerprint: str
    model: str
    model_digest: str
    dimension: int
    reader_digest: str  # of the reader that the sentences' token states are kept for, or empty
    documents: int
    paragraphs: int
    sentences: int
    files: dict[str, str]
    engine: str = ""  # of the encoder: vectors of two engines differ in their last digits, and are not mixed
    probes: int = 0  # lists of vectors in which a question is looked for; 0 where it is compared with every vector
    recall: float = 1.0  # share in [0, 1] of the ten nearest paragraphs that are found so, as measured by the build

    @property
    def index_fingerprint(self) -> str:
        """16 hex digits that differ whenever anything that decides an answer's sources differs."""
        return _fingerprint(asdict(self))

    @property
    def generation(self) -> str:
        """The name of the generation's folder, which says what its manifest must be."""
        return f"{GENERATION}{self.index_fingerprint}"

    @property
    def text(self) -> str:
        """The content of the manifest's file."""
        return _text(asdict(self))


def pointed(folder: Path) -> str:
    """Return the name of the generation in use, or an empty text where none was ever built.

    Raises IndexUnusableError if the pointer cannot be read or names no generation.
    """
    pointer = folder / CURRENT
    try:
        name = pointer.read_bytes().decode("ascii")
    except FileNotFoundError:
        return ""
    except (OSError, ValueError) as error:
        raise IndexUnusableError(f"{pointer} cannot be read ({error}). {REBUILD}") from error
    if not _NAME.fullmatch(name):
        raise IndexUnusableError(f"{pointer} was altered since it was written. {REBUILD}")
    return name


def read_manifest(folder: Path) -> tuple[Path, Manifest] | None:
    """Return the current generation's folder and manifest, or None where none was ever built, or only one of an older format.

    Raises NewerIndexError if it has a format that this program does not know yet, and IndexUnusableError if the pointer or
    the manifest cannot be read, or was altered.
    """
    name = pointed(folder)
    manifest = manifest_of(folder / name) if name else None
    return None if manifest is None else (folder / name, manifest)


def manifest_of(generation: Path) -> Manifest | None:
    """Return the manifest of the folder *generation*, or None if it has an older format. Raises as `read_manifest` does."""
    file = generation / MANIFEST
    if not generation.is_dir():
        raise IndexUnusableError(f"{generation.parent / CURRENT} names {generation.name}, which is not there. {REBUILD}")
    try:
        text = file.read_bytes().decode("utf-8")
        fields = json.loads(text)
        if text != _text(fields) or generation.name != f"{GENERATION}{_fingerprint(fields)}":
            raise IndexUnusableError(f"{file} was altered since it was built. {REBUILD}")
        version = fields["format_version"]
        if version > FORMAT_VERSION:
            raise NewerIndexError(
                f"The index in {generation.parent} has format {version}, and this program knows formats up to {FORMAT_VERSION}. Update "
                "the program, or name another folder: SCO_INDEX_DIR. Nothing was changed; to do without that index, delete its folder."
            )
        return None if version < FORMAT_VERSION else Manifest(**fields)
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise IndexUnusableError(f"{file} cannot be read ({error}). {REBUILD}") from error


def faults(folder: Path, manifest: Manifest) -> Iterator[str]:
    """Yield a sentence for each file of the generation in *folder* that is not what it was when it was built."""
    for name, digest in manifest.files.items():
        path = folder / name
        try:
            if not path.is_file():
                yield f"{path} is missing."
            elif digest_of_blocks(path) != digest:
                yield f"{path} was altered or cut short since it was built."
        except OSError as error:
            yield f"{path} cannot be read ({error.strerror})."


def _text(fields: Mapping[str, object]) -> str:
    return json.dumps(fields, indent=1, sort_keys=True)


def _fingerprint(fields: Mapping[str, object]) -> str:
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()[:16]
