"""Writes files so that after a loss of power a name stands for all of its content or for what it stood for before.

Also digests files. Knows nothing of what is in them.
"""

import hashlib
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

BLOCK = 2**23  # bytes digested at a time: a thread holds so many, and takes some milliseconds for them


def sha256(path: Path) -> str:
    """Return the digest (hex) of the file's content. Raises OSError if it cannot be read."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest_of_blocks(path: Path) -> str:
    """Return the sha256 (hex) of the sha256s of the file's blocks, which all cores digest at once. Raises OSError if it cannot be read."""
    with path.open("rb") as file:

        def digested(start: int) -> bytes:
            return hashlib.sha256(os.pread(file.fileno(), BLOCK, start)).digest()

        starts = range(0, os.fstat(file.fileno()).st_size, BLOCK)
        if len(starts) == 1:  # most files; starting a thread takes longer
            return hashlib.sha256(digested(0)).hexdigest()
        with ThreadPoolExecutor(os.cpu_count()) as threads:
            return hashlib.sha256(b"".join(threads.map(digested, starts))).hexdigest()


def write_synced(path: Path, content: bytes) -> None:
    """Write *content* to *path* and wait until it is on the disk."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def replace_synced(path: Path, content: bytes) -> None:
    """Make *content* that of *path* in one step: whoever opens *path* finds the old content or the new."""
    fresh = path.with_name(f"{path.name}.new")
    write_synced(fresh, content)
    fresh.replace(path)
    sync(path.parent)


def sync(path: Path) -> None:
    """Wait until the file's content, or the folder's list of names, is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_tree(folder: Path) -> None:
    """Wait until everything below *folder*, and its own list of names, is on the disk."""
    for path in sorted(folder.rglob("*"), reverse=True):  # what is in a folder before the folder
        sync(path)
    sync(folder)


def remove(path: Path) -> None:
    """Remove a file or a folder with all that it holds; what cannot be removed stays."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
