"""A Milvus server for the specifications: milvus-lite in a process of its own, on this machine alone, that can be killed."""

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from index.milvus import Address

PATIENCE = 60  # seconds to wait for a start; a busy machine may take them


class MilvusServer:
    """Runs the server over *folder*, at one free port whatever happens to it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with socket.create_server(("127.0.0.1", 0)) as listening:
            self.port = listening.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def uri(self) -> str:
        """Where it answers, or did."""
        return f"http://127.0.0.1:{self.port}"

    def address(self, prefix: str) -> Address:
        """Return the address under which collections of that *prefix* lie."""
        return Address(self.uri, "", prefix)

    def start(self) -> "MilvusServer":
        """Start it, and wait until it takes connections."""
        where = ["--host", "127.0.0.1", "--port", f"{self.port}", "--data-dir", f"{self._folder / 'data'}"]
        self._folder.mkdir(exist_ok=True)
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen([sys.executable, "-m", "milvus_lite", "server", *where], stdout=log, stderr=log)
        end = time.monotonic() + PATIENCE
        while not self._answers():
            assert time.monotonic() < end, "it did not start"
            assert self._process.poll() is None, (self._folder / "log").read_text()
            time.sleep(0.05)
        return self

    def kill(self) -> None:
        """End it as a loss of power does."""
        self._signal(signal.SIGKILL)

    def freeze(self) -> None:
        """Let it take connections and answer nothing."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """End it, if it runs."""
        if self._process is not None:
            self._signal(signal.SIGTERM)

    def _signal(self, sent: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(sent)
        self._process.wait()
        self._process = None

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1):
                return True
        except OSError:
            return False
