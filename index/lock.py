"""Lets one process at a time build an index folder, and tells any other who that is.

The kernel holds the lock for as long as the process lives: after a crash it is free, whatever the lock file says.
Readers need no lock. Knows nothing of what is built.
"""

import datetime
import fcntl
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from index.errors import BuildLockedError

LOCK = "LOCK"  # stays in the folder: removing it would let two processes lock two files of one name


@contextmanager
def build_lock(folder: Path) -> Iterator[None]:
    """Hold the right to change *folder*, which is made if it is missing.

    Raises BuildLockedError, naming the holder, if another process or thread has it; OSError if the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BuildLockedError(
                f"The index in {folder} is being built by {_holder(descriptor)}. Wait until that build ends, or name another "
                "folder: SCO_INDEX_DIR"
            ) from error
        since = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        holder = json.dumps({"process": os.getpid(), "host": socket.gethostname(), "since": since})
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, holder.encode(), 0)
        yield
    finally:
        os.close(descriptor)  # which frees the lock


def _holder(descriptor: int) -> str:
    """Return who the lock file says holds the lock, which in the first instant of a build it may not say yet."""
    try:
        said = json.loads(os.pread(descriptor, 1000, 0))
        return f"process {said['process']} on {said['host']} since {said['since']}"
    except (ValueError, TypeError, KeyError):
        return "another process"
