"""Lets one process at a time publish under a prefix of a Milvus server, and tells any other who that is.

Milvus has no locks. Whoever wants to publish writes a record of its own, and then reads all that were ever acknowledged: of
two, at least the later one finds the other's, and withdraws. A record is renewed for as long as its process works; one that
was not for STALE_S is a dead process's, and counts for nothing. Knows nothing of what is published.
"""

import datetime
import hashlib
import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from index.errors import BuildLockedError, IndexUnreachableError
from index.milvus import Record, Server
from index.milvus_records import TEXT_FIELDS, text_record

STALE_S = 300.0  # seconds; a call to the server takes up to 60 of them, and the machines' clocks may differ by half
RENEWED_S = 30.0  # seconds from one renewal to the next


@contextmanager
def publishing(server: Server, folder: Path) -> Iterator[Callable[[], None]]:
    """Hold the right to publish what lies in *folder*, whose `build_lock` the caller holds; yield what raises once it was lost.

    Raises BuildLockedError, naming the holder, if another process has it, or took it over; IndexUnreachableError as every call does.
    """
    holding = _Holding(server, folder)
    holding.take()
    ended = threading.Event()
    renewing = threading.Thread(target=holding.renew_until, args=(ended,), daemon=True)
    renewing.start()
    try:
        yield holding.check
    finally:
        ended.set()
        renewing.join()  # a renewal after the record has gone would leave it there
        with suppress(IndexUnreachableError):  # then it goes when it is stale
            holding.leave()


def collection(prefix: str) -> str:
    """Return the name of the collection of the publishers' records."""
    return f"{prefix}_publishers"


class _Holding:
    """The right of one process, and the record that it is known by."""

    def __init__(self, server: Server, folder: Path) -> None:
        self._server, self._collection = server, collection(server.address.prefix)
        # A process that ended without leaving is told by its folder: that of another that lives is locked, there or on its machine.
        about = (socket.gethostname(), f"{folder.resolve()}", folder.stat().st_ino)
        self._key = hashlib.sha256(f"{about}".encode()).hexdigest()[:16]
        self._since = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        self._renewed = 0.0  # by the clock that nobody sets

    def take(self) -> None:
        """Write the record and look for others. Raises BuildLockedError if there are any that live."""
        self._server.share(self._collection, TEXT_FIELDS)
        self._renew()
        others = {key: record for key, record in self._server.all(self._collection, ("text",)).items() if key != self._key}
        for record in others.values():
            if not _is_stale(record):
                self.leave()
                raise BuildLockedError(_told(self._server, record))
        if others:
            self._server.remove(self._collection, list(others))

    def renew_until(self, ended: threading.Event) -> None:
        """Renew the record again and again; what is lost is lost."""
        while not ended.wait(RENEWED_S) and not self._is_lost():
            with suppress(IndexUnreachableError):  # it may be back the next time
                self._renew()

    def check(self) -> None:
        """Raise BuildLockedError if the record was not renewed for so long that another may have taken this process for dead."""
        if self._is_lost():
            raise BuildLockedError(
                f"This process could not tell Milvus at {self._server.address.shown} for {STALE_S / 2:g} seconds that it is publishing, "
                "so another may have begun to. What was in use before still answers. Publish again with: python app.py index"
            )

    def leave(self) -> None:
        """Remove the record."""
        self._server.remove(self._collection, [self._key])

    def _is_lost(self) -> bool:
        return time.monotonic() - self._renewed >= STALE_S / 2

    def _renew(self) -> None:
        now = time.monotonic()
        about = {"process": os.getpid(), "host": socket.gethostname(), "since": self._since, "renewed": time.time()}
        self._server.upsert(self._collection, [text_record(self._key, json.dumps(about))])
        self._renewed = now


def _is_stale(record: Record) -> bool:
    renewed: float = json.loads(f"{record['text']}")["renewed"]
    return time.time() - renewed >= STALE_S


def _told(server: Server, record: Record) -> str:
    about = json.loads(f"{record['text']}")
    free = datetime.datetime.fromtimestamp(about["renewed"] + STALE_S, datetime.UTC).isoformat(timespec="seconds")
    return (
        f"On Milvus at {server.address.shown}, process {about['process']} on {about['host']} publishes under the prefix "
        f"{server.address.prefix!r} since {about['since']}. Wait until it ends, or choose another: SCO_MILVUS_PREFIX. If it has died, "
        f"nothing stands in the way from {free} on."
    )
