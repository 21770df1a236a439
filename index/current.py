"""Keeps open what is made of the generation in use, and makes it anew when a build has switched to another: no restart.

Whoever asks while that happens gets the old one. Knows nothing of what is made, nor of how generations are kept.
"""

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from index.errors import IndexUnreachableError, IndexUnusableError, NewerIndexError
from index.manifest import CURRENT, pointed
from index.store import Generation, open_generation, open_last_good
from index.stores import Store

CHECKED_EVERY = 1.0  # seconds between two looks at the pointer
Made = TypeVar("Made")

log = logging.getLogger(__name__)


def open_usable(folder: Path) -> Generation:
    """Open the generation in use, or, with a warning, the last good one if it is damaged.

    Raises NewerIndexError if the one in use is of a newer format, IndexUnusableError if there is neither.
    """
    try:
        return open_generation(folder)
    except NewerIndexError:
        raise
    except IndexUnusableError as damage:
        good = open_last_good(folder)
        if good is None:
            raise
        about = f"{good.manifest.documents} documents, {good.manifest.paragraphs} paragraphs"
        log.warning("%s Until then the index before it answers, %s of %s.", damage, good.folder.name, about)
        return good


class Source(Protocol):
    """Where generations come from: a folder in which builds are made, or a server on which they are published."""

    def mark(self) -> object:
        """Return what differs whenever a generation was switched to. Raises IndexUnreachableError if that cannot be known now."""

    def in_use(self) -> str:
        """Return the name of the generation in use, or an empty text where there is none. Raises as `mark` does."""

    def open(self) -> Store:
        """Open the generation in use. Raises IndexUnusableError if that is not possible."""


class Folder:
    """A folder in which builds are made."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def mark(self) -> object:
        """Return what differs whenever the pointer was written anew; None where there is none."""
        try:
            status = (self._path / CURRENT).stat()
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns

    def in_use(self) -> str:
        """Return the name of the generation in use, or an empty text where the pointer names none."""
        try:
            return pointed(self._path)
        except IndexUnusableError:
            return ""

    def open(self) -> Store:
        """Open the generation in use. Raises as `open_generation` does."""
        return open_generation(self._path)


class Following(Generic[Made]):
    """What *make* makes of *store*, and later of the generations that *source* switches to. Safe in several threads."""

    def __init__(self, source: Source, store: Store, make: Callable[[Store], Made]) -> None:
        """Raise IndexUnreachableError if *source* cannot be reached."""
        self._source, self._make = source, make
        mark = source.mark()  # before the pointer is read, or what is written between the two would never be noticed
        self._seen = mark if source.in_use() == store.manifest.generation else None
        self._made = make(store)
        self._checked = time.monotonic()
        self._looking = threading.Lock()
        self._reached = True

    def get(self) -> Made:
        """Return what was made last; at most every CHECKED_EVERY seconds, have a thread see whether there is a newer generation."""
        now = time.monotonic()
        if now - self._checked >= CHECKED_EVERY and self._looking.acquire(blocking=False):
            self._checked = now
            threading.Thread(target=self._look, name="index switch", daemon=True).start()  # which releases the lock
        return self._made

    def _look(self) -> None:
        """Make it of the generation in use now, if that is another; one that cannot be opened is passed over with a warning."""
        before = self._seen
        try:
            mark = self._source.mark()
            if mark != before:
                self._seen = mark
                store = self._source.open()
                self._made = self._make(store)
                log.info("Went over to %s.", store.manifest.generation)
            self._reached = True
        except IndexUnreachableError as error:
            self._seen = before  # so that it is tried again
            if self._reached:
                log.warning("%s It is looked for again, every %s s at most.", error, CHECKED_EVERY)
            self._reached = False
        except IndexUnusableError as error:
            log.warning("%s The index before it goes on answering.", error)
        finally:
            self._looking.release()
