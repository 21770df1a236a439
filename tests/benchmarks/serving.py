"""Starts the server as a process of its own, waits for it, asks it as the page does, and stops it."""

import json
import os
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import IO

import httpx

from tests.project import ROOT

PATIENCE = 900  # seconds until a start counts as failed; a later start took 3 minutes beside ten other processes on two cores


@dataclass(frozen=True, slots=True)
class Served:
    """A running server: its process, its address, and the seconds from its start until its pages answered."""

    process: subprocess.Popen[bytes]
    address: str
    seconds: float

    @property
    def processor_s(self) -> float:
        """The seconds that the processor has worked for it so far, in its own code and the system's (Linux)."""
        numbers = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(numbers[11]) + int(numbers[12])) / os.sysconf("SC_CLK_TCK")


def as_users_have_it() -> dict[str, str]:
    """Return the environment without the variable that keeps Python from keeping what it compiled, as some images of Python set it."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


@contextmanager
def serve(index_dir: Path, interpreter: tuple[str, ...] = (), errors: IO[bytes] | int = subprocess.DEVNULL) -> Iterator[Served]:
    """Run ``python app.py`` over the index in *index_dir* on a free port, and stop it at the end."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = {**as_users_have_it(), "SCO_PORT": str(port), "SCO_INDEX_DIR": str(index_dir)}
    address, started = f"http://127.0.0.1:{port}", time.perf_counter()
    process = subprocess.Popen([sys.executable, *interpreter, "app.py"], cwd=ROOT, env=environment, stdout=errors, stderr=errors)
    try:
        while not _answers(port):
            if process.poll() is not None or time.perf_counter() - started > PATIENCE:
                raise SystemExit(f"The server did not start (exit status {process.poll()}). Run it by hand: python app.py")
            time.sleep(0.05)
        yield Served(process, address, time.perf_counter() - started)
    finally:
        process.terminate()
        process.wait(timeout=30)


def _answers(port: int) -> bool:
    """Ask with as little work as can be: a client of httpx reads all certificates of the machine, in time that the start wants."""
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        for path in ("/healthz", "/", "/config"):  # the last is what the page asks before it shows the chat
            connection.request("GET", path)
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                return False
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
    return True


@cache
def _certificates() -> ssl.SSLContext:
    return ssl.create_default_context()


def client(address: str, timeout: float = 60, **headers: str) -> httpx.Client:
    """Return a client that asks at *address*; its own would read all certificates of the machine, each anew, for some 30 ms."""
    return httpx.Client(base_url=address, timeout=timeout, headers=headers, verify=_certificates())


class Visitor:
    """One browser's conversation with a server, over the page's own requests."""

    def __init__(self, address: str, session: str) -> None:
        self._client = client(address)
        self._session = session
        functions = self._client.get("/config").json()["dependencies"]
        self._function = next(one["id"] for one in functions if one["api_name"] == "answer")
        self._held: object = []

    def ask(self, question: str) -> None:
        """Ask, and wait until the reply is complete."""
        body = {"data": [question, self._held], "fn_index": self._function, "session_hash": self._session}
        self._client.post("/gradio_api/queue/join", json=body).raise_for_status()
        with self._client.stream("GET", "/gradio_api/queue/data", params={"session_hash": self._session}) as stream:
            # What only goes by is not read: on the server's own cores a visitor should cost as little as can be.
            done = json.loads(next(line.removeprefix("data: ") for line in [*stream.iter_lines()] if '"msg":"process_completed"' in line))
        if not done["success"]:
            raise SystemExit(f"The page could not answer {question!r}: {done}")
        self._held = done["output"]["data"][0]
