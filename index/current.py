"""Keeps open what is made of the generation in use, and makes it anew when a build has switched to another: no restart.

Whoever asks while that happens gets the old one. Knows nothing of what is made.
"""

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from index.errors import IndexUnusableError, NewerIndexError
from index.manifest import CURRENT, pointed
from index.store import Generation, open_generation, open_last_good

CHECKED_EVERY = 1.0  # seconds between two looks at the pointer, each of which costs some microseconds
_NONE = (0, 0)  # the mark of no pointer
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


class Following(Generic[Made]):
    """What *make* makes of *generation*, and later of those that builds of *folder* switch to. Safe in several threads."""

    def __init__(self, folder: Path, generation: Generation, make: Callable[[Generation], Made]) -> None:
        self._folder, self._make = folder, make
        mark = self._mark()  # before the pointer is read, or what is written between the two would never be noticed
        self._seen = mark if self._in_use() == generation.folder.name else _NONE
        self._made = make(generation)
        self._checked = time.monotonic()
        self._switching = threading.Lock()

    def get(self) -> Made:
        """Return what was made last; at most every CHECKED_EVERY seconds, see first whether there is a newer generation."""
        now = time.monotonic()
        if now - self._checked >= CHECKED_EVERY:
            self._checked = now
            if self._mark() != self._seen and self._switching.acquire(blocking=False):
                threading.Thread(target=self._switch, name="index switch", daemon=True).start()  # which releases the lock
        return self._made

    def _switch(self) -> None:
        """Make it of the generation in use now; one that cannot be opened is passed over with a warning."""
        try:
            self._seen = self._mark()
            generation = open_generation(self._folder)
            self._made = self._make(generation)
            log.info("Went over to %s.", generation.folder.name)
        except IndexUnusableError as error:
            log.warning("%s The index before it goes on answering.", error)
        finally:
            self._switching.release()

    def _in_use(self) -> str:
        """Return the name of the generation in use, or an empty text where the pointer names none."""
        try:
            return pointed(self._folder)
        except IndexUnusableError:
            return ""

    def _mark(self) -> tuple[int, int]:
        """Return what differs whenever the pointer was written anew; _NONE where there is none."""
        try:
            status = (self._folder / CURRENT).stat()
        except OSError:
            return _NONE
        return status.st_ino, status.st_mtime_ns
