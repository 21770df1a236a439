"""Reads PDF, DOCX and HTML files in a process of its own, so that a bomb or a fault of a parser costs one file and no more.

Turns a file's bytes into its blocks, or a reason why not. The process has bounds of memory, processor time and waiting, holds
no secrets of the environment and can write no file; one that dies is replaced. Knows nothing of folders or documents.

Run as a module it is that process: it reads requests from standard input until that closes.
"""

import contextlib
import io
import json
import os
import re
import selectors
import signal
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, cast

from index.formats.extracted import MAX_CHARACTERS, Extracted, FormatError, Metadata
from index.parse import Block

SUFFIXES = (".html", ".htm", ".pdf", ".docx")
_ROOT = Path(__file__).resolve().parent.parent
_KEPT_VARIABLES = ("PATH", "LD_LIBRARY_PATH", "HOME", "TMPDIR")  # of the environment; keys and addresses are no business of a parser
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_READ_SIZE = 1 << 20  # bytes


@dataclass(frozen=True, slots=True)
class Limits:
    """What reading one file may cost."""

    memory: int = 1_000_000_000  # bytes of addresses; the parsers themselves take 70 million
    processor: int = 30  # seconds of processor time; 5,000 pages of text take about 20
    wait: float = 90.0  # seconds until a process that neither works nor answers is ended


class IsolatedReader:
    """The process, started with the first file; leave the context to end it."""

    def __init__(self, limits: Limits = Limits()) -> None:
        self._limits = limits
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "IsolatedReader":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._end()

    def read(self, suffix: str, content: bytes) -> Extracted:
        """Return what the file of that content holds; *suffix* is one of SUFFIXES. Raises FormatError with the reason why not."""
        process = self._process or self._start()
        try:
            _send(cast(IO[bytes], process.stdin), suffix, content)  # a pipe, as is the other
            answer = _receive(cast(IO[bytes], process.stdout), time.monotonic() + self._limits.wait)
        except (BrokenPipeError, EOFError):
            raise FormatError(self._died()) from None
        except TimeoutError:
            self._end()
            raise FormatError(f"it was given up after {self._limits.wait:g} seconds") from None
        except BaseException:  # an interrupt in mid-answer: the next answer would be this file's
            self._end()
            raise
        return _extracted(answer)

    def _start(self) -> subprocess.Popen[bytes]:
        environment = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
        command = [sys.executable, "-m", "index.isolated", str(self._limits.memory), str(self._limits.processor)]
        self._process = subprocess.Popen(  # noqa: S603  # this very module, by this interpreter
            command,
            cwd=_ROOT,
            env=environment | {"PYTHONUTF8": "1", "PYTHONHASHSEED": "0"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        return self._process

    def _died(self) -> str:
        """Return why the process ended by itself."""
        status = self._process.wait() if self._process else 0
        self._end()
        if status == -signal.SIGXCPU:
            return f"it took more than {self._limits.processor} seconds of processor time"
        return f"its parser broke down (status {status}), perhaps for want of memory: it is given {self._limits.memory // 1_000_000:,} MB"

    def _end(self) -> None:
        if self._process:
            self._process.kill()
            self._process.communicate()
            self._process = None


def _send(requests: IO[bytes], suffix: str, content: bytes) -> None:
    """Write one request: a line of JSON, then the content."""
    requests.write(json.dumps({"suffix": suffix, "bytes": len(content)}).encode() + b"\n" + content)
    requests.flush()


def _receive(answers: IO[bytes], deadline: float) -> bytes:
    """Return the next line of *answers*. Raises TimeoutError after *deadline*, EOFError if there will be none."""
    parts: list[bytes] = []
    with selectors.DefaultSelector() as selector:
        selector.register(answers, selectors.EVENT_READ)
        while not (parts and parts[-1].endswith(b"\n")):
            if not selector.select(max(0.0, deadline - time.monotonic())):
                raise TimeoutError
            part = os.read(answers.fileno(), _READ_SIZE)
            if not part:
                raise EOFError
            parts.append(part)
    return b"".join(parts)


def _extracted(answer: bytes) -> Extracted:
    """Return the extracted value of an answer's JSON, or raise its fault."""
    fields = json.loads(answer)
    if "fault" in fields:
        raise FormatError(fields["fault"])
    blocks = (Block(text, kind, page, tuple((at, number) for at, number in turns)) for text, kind, page, turns in fields["blocks"])
    return Extracted(tuple(blocks), Metadata(**fields["metadata"]), tuple(fields["remarks"]))


# --- what follows runs in the process with limits


def _serve(requests: IO[bytes], answers: IO[bytes], processor: int) -> None:
    """Answer requests in turn until there are no more."""
    import resource

    while line := requests.readline():
        request = json.loads(line)
        content = requests.read(request["bytes"])
        used = resource.getrusage(resource.RUSAGE_SELF)
        spent = int(used.ru_utime + used.ru_stime) + 1
        resource.setrlimit(resource.RLIMIT_CPU, (spent + processor, resource.RLIM_INFINITY))
        answers.write(_answer(request["suffix"], content) + b"\n")
        answers.flush()


def _answer(suffix: str, content: bytes) -> bytes:
    """Return what a file holds, or its fault, as one line of JSON."""
    try:
        extracted = _read(suffix, content)
        if sum(len(block.text) for block in extracted.blocks) > MAX_CHARACTERS:
            raise FormatError(f"it holds more than the {MAX_CHARACTERS:,} characters that are read")
        blocks = [(_storable(block.text), block.kind, block.page, block.turns) for block in extracted.blocks]
        fields = {"blocks": blocks, "metadata": asdict(extracted.metadata), "remarks": extracted.remarks}
        return json.dumps(fields).encode()
    except FormatError as error:
        fault = str(error)
    except MemoryError:
        fault = "it takes more memory than is given to one file"
    except Exception as error:  # parsers let anything through; whatever it is costs this file alone
        fault = f"it cannot be read ({type(error).__name__}: {error})"
    return json.dumps({"fault": fault}).encode()


def _storable(text: str) -> str:
    """Return *text* without what no database and no page takes: lone halves of characters and control characters."""
    return _CONTROL.sub(" ", text.encode("utf-8", "replace").decode("utf-8"))


def _read(suffix: str, content: bytes) -> Extracted:
    """Return what a file holds, by the reader of its format."""
    if suffix == ".pdf":
        from index.formats.pdf import read_pdf

        return read_pdf(content)
    if suffix == ".docx":
        from index.formats.word import read_word

        return read_word(content)
    from index.formats.page import read_page

    return read_page(content)


def _main(memory: int, processor: int) -> None:
    """Set the process's own limits, then answer on what was standard output; parsers that print write to nowhere."""
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with os.fdopen(os.dup(1), "wb") as answers, Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        with contextlib.redirect_stdout(io.StringIO()):
            _serve(sys.stdin.buffer, answers, processor)


if __name__ == "__main__":
    _main(int(sys.argv[1]), int(sys.argv[2]))
