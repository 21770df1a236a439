"""Ten thousand requests that nobody would send, to a running server: python -m tests.benchmarks.fuzz [--requests N] [--seed N]."""

import argparse
import os
import socket
import tempfile
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

from tests.benchmarks.figures import machine
from tests.benchmarks.memory import resident
from tests.benchmarks.serving import serve
from tests.web.fuzzing import FuzzedRequest, fuzzed

REQUESTS = 10_000
WARM_UP = 1_000  # requests after which memory is measured: libraries load what they need when it is first asked for
PATIENCE_S = 60.0  # for a status
HEAD = 12  # bytes of "HTTP/1.1 200"


def main() -> None:
    """Send the requests, and print what came of them; exit status 1 if one failed or the server died."""
    parser = argparse.ArgumentParser(description="Requests that nobody would send, to a running server.")
    parser.add_argument("--requests", type=int, default=REQUESTS)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    os.environ["SCO_REQUESTS_PER_MINUTE"] = "1000000"
    statuses: Counter[int] = Counter()
    failures: list[str] = []
    print(machine())
    with tempfile.TemporaryDirectory() as folder, serve(Path(folder)) as served:
        place = urlsplit(served.address)
        for request in fuzzed(WARM_UP, options.seed + 1):
            status_of(place.hostname or "", place.port or 80, request)
        before = resident(served.process.pid)
        for request in fuzzed(options.requests, options.seed):
            status = status_of(place.hostname or "", place.port or 80, request)
            statuses[status] += 1
            failures += [f"{status}: {request}"] if status >= 500 else []
        growth, alive = resident(served.process.pid) - before, served.process.poll() is None
    print(f"{sum(statuses.values())} requests: {dict(sorted(statuses.items()))}; 0 means a connection closed without an answer")
    print(f"answers of 500 or above: {len(failures)}; process alive: {alive}; memory grew by {growth:.1f} MB from {before:.0f} MB")
    print("\n".join(failures[:20]))
    raise SystemExit(1 if failures or not alive else 0)


def status_of(host: str, port: int, request: FuzzedRequest) -> int:
    """Send *request* on a connection of its own, and return the status that comes back, 0 if the server only hangs up."""
    named = {name for name, _ in request.headers}
    headers = [*request.headers, (b"connection", b"close")]
    headers += [] if b"host" in named else [(b"host", b"%s:%d" % (host.encode(), port))]
    headers += [(b"content-length", b"%d" % len(request.body))] if request.body else []
    lines = [f"{request.method} {request.target} HTTP/1.1".encode(), *(name + b": " + value for name, value in headers), b"", b""]
    with socket.create_connection((host, port), timeout=PATIENCE_S) as connection:
        try:
            connection.sendall(b"\r\n".join(lines) + request.body)
            answer = b""
            while len(answer) < HEAD and (more := connection.recv(4096)):
                answer += more
        except (ConnectionResetError, BrokenPipeError):
            return 0
    if answer.startswith(b"HTTP/1.1 100"):
        return 100
    return int(answer[9:HEAD]) if len(answer) >= HEAD else 0


if __name__ == "__main__":
    main()
