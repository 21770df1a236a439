"""Builds an index again and again, each time in a process of its own that is stopped at its next step towards the disk.

Every write, sync, rename, new folder, removal and commit of a build is a step. At the k-th the process is killed, having
written half of what it was to write; or power is lost as well: what was not synced by then is halved, and renames that
were not synced never were; or the disk is full.
"""

import builtins
import io
import os
import shutil
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path

import faiss

import index.encoded
from index.build import build
from index.errors import IndexUnusableError
from tests.fakes import WordEmbeddings

KILLED, REFUSED = 9, 7  # exit statuses: stopped at its step; ended by an error for the user


class Steps:
    """Counts steps and stops the process at one of them, as *end* says: "killed", "powerless" or "full"."""

    def __init__(self, folder: Path, last: int, end: str) -> None:
        self.count = 0
        self._folder, self._last, self._end = folder, last, end
        self._unsynced: set[int] = set()  # inodes
        self._renames: list[tuple[str, str, bytes | None]] = []  # from, to, and what was there, since the folder was last synced

    def step(self, half: Callable[[], object] = lambda: None, needs_room: bool = True) -> None:
        """Count a step; at the last one, do *half* of it and stop. A disk that is full stays full for every step that needs room."""
        self.count += 1
        if self.count < self._last:
            return
        if self._end == "full":
            if needs_room:
                raise OSError(28, "No space left on device")
            return
        half()
        if self._end == "powerless":
            self._lose_power()
        os._exit(KILLED)

    def _lose_power(self) -> None:
        for path in list(self._folder.rglob("*")):
            if path.is_file() and path.stat().st_ino in self._unsynced:
                os.truncate(path, path.stat().st_size // 2)
        for before, after, content in reversed(self._renames):
            RENAME(after, before)
            if content is not None:
                with OPEN(after, "wb") as file:
                    file.write(content)

    def written(self, inode: int) -> None:
        """Note that a file holds what is not on the disk yet."""
        self._unsynced.add(inode)

    def install(self) -> None:
        """Take the place of what changes files."""
        io.open = builtins.open = self._open
        os.replace = os.rename = self._rename
        os.fsync = self._fsync
        for name in ("mkdir", "unlink", "rmdir", "ftruncate", "pwrite"):
            setattr(os, name, self._stepping(getattr(os, name), name not in ("unlink", "rmdir")))
        connect = sqlite3.connect
        sqlite3.connect = lambda path, **options: Connection(self, Path(str(path)), connect(path, **options))

    def _stepping(self, function, needs_room):
        def stepping(*arguments, **options):
            self.step(needs_room=needs_room)
            return function(*arguments, **options)

        return stepping

    def _open(self, file, mode="r", *arguments, **options):
        opened = OPEN(file, mode, *arguments, **options)
        return File(self, opened) if "w" in mode else opened

    def _rename(self, before, after, **options) -> None:
        self.step()
        content = Path(after).read_bytes() if Path(after).is_file() else None
        RENAME(before, after, **options)
        self._renames.append((str(before), str(after), content))

    def _fsync(self, descriptor: int) -> None:
        self.step()  # and no more: whether a disk keeps what it was given is not tried here
        self._unsynced.discard(os.fstat(descriptor).st_ino)
        if os.path.isdir(f"/proc/self/fd/{descriptor}"):  # noqa: PTH112
            self._renames.clear()


class File:
    """An open file whose writes are steps."""

    def __init__(self, steps: Steps, file) -> None:
        self._steps, self._file = steps, file

    def write(self, content):
        """Write *content*, or at the last step half of it."""
        self._steps.written(os.fstat(self._file.fileno()).st_ino)
        self._steps.step(lambda: (self._file.write(content[: len(content) // 2]), self._file.flush()))
        return self._file.write(content)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self._file.close()

    def __getattr__(self, name):
        return getattr(self._file, name)


class Connection:
    """A database whose statements and commits are steps."""

    def __init__(self, steps: Steps, path: Path, connection) -> None:
        self._steps, self._path, self._connection = steps, path, connection

    def __getattr__(self, name):
        if name not in ("execute", "executemany", "executescript", "commit"):
            return getattr(self._connection, name)

        def stepping(*arguments):
            self._steps.step()
            result = getattr(self._connection, name)(*arguments)
            if self._path.is_file():
                self._steps.written(self._path.stat().st_ino)
            return result

        return stepping


OPEN, RENAME = builtins.open, os.rename


def stopped_build(corpus: Path, folder: Path, last: int, end: str) -> int:
    """Build in a process of its own that stops at step *last*; return its exit status."""
    child = os.fork()
    if child == 0:
        Steps(folder, last, end).install()
        try:
            build(corpus, folder, WordEmbeddings(), lambda done, total: None)
        except IndexUnusableError as error:
            os._exit(REFUSED if "No space left on device" in str(error) else 1)
        except BaseException:
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main(corpus: Path, base: Path, folders: Path, end: str) -> None:
    """Stop builds of *corpus* over a copy of the index *base* at every step, each in its own folder of *folders*, named by the step.

    Prints the exit status of each; the last is the build that had fewer steps than it was to stop at.
    """
    faiss.omp_set_num_threads(1)  # threads do not survive a fork
    index.encoded.SAVED = 4  # so that a few texts are saved on the way
    statuses: list[int] = []
    while 0 not in statuses:
        folder = folders / str(len(statuses) + 1)
        shutil.copytree(base, folder, copy_function=os.link)  # a build changes no file in its place
        statuses.append(stopped_build(corpus, folder, len(statuses) + 1, end))
    print(*statuses)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]), sys.argv[4])
