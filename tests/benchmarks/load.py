"""Many visitors at once, and what one of them could see of another: python -m tests.benchmarks.load [--visitors N] [--turns N]."""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

import app
from tests.benchmarks.figures import machine
from tests.benchmarks.serving import Visitor, serve

VISITORS = 50
QUESTIONS = 4  # of each visitor
LEAK_VISITORS = 100
TURNS = 10_000  # of all of them together
MARKER = "zqvisitor"  # begins a word that one visitor alone says, and that stands in no document and no reply's own words
OTHERS, BUSY = 403, 503


def main() -> None:
    """Measure, and print the figures; exit status 1 for an error or a leak."""
    parser = argparse.ArgumentParser(description="Many visitors at once, over the page and the API.")
    parser.add_argument("--visitors", type=int, default=VISITORS)
    parser.add_argument("--turns", type=int, default=TURNS, help="turns in which leaks are looked for")
    options = parser.parse_args()
    # Every visitor has an address of its own, as behind a proxy.
    os.environ.update(SCO_TRUSTED_PROXIES="127.0.0.1", SCO_REQUESTS_PER_MINUTE="1000000")
    print(machine())
    with tempfile.TemporaryDirectory() as folder, serve(Path(folder)) as served:
        api = at_once(options.visitors, lambda number: by_api(served.address, number))
        page = at_once(options.visitors, lambda number: by_page(served.address, number))
        print(f"{'seconds to a reply':<44}{'median':>8}{'p95':>8}{'longest':>9}")
        for name, seconds in ((f"API, {options.visitors} visitors at once", api), (f"page, {options.visitors} visitors at once", page)):
            print(f"{name:<44}{statistics.median(seconds):>8.2f}{p95(seconds):>8.2f}{max(seconds):>9.2f}")
        turns = options.turns // LEAK_VISITORS
        leaks = sum(at_once(LEAK_VISITORS, lambda number: leaks_of(served.address, number, turns)))
        replayed = sum(figure for number in range(LEAK_VISITORS) for figure in replays_of(served.address, number))
    print(f"{turns * LEAK_VISITORS} turns of {LEAK_VISITORS} visitors: {leaks} replies with another's marker")
    print(f"{LEAK_VISITORS} sessions named by another browser: {replayed} let in")
    raise SystemExit(1 if leaks or replayed else 0)


def at_once(visitors: int, visit: Callable[[int], list[float]]) -> list[float]:
    """Return all that the *visitors*, who begin at the same time, bring back."""
    with ThreadPoolExecutor(visitors) as threads:
        return [figure for figures in threads.map(visit, range(visitors)) for figure in figures]


def p95(seconds: list[float]) -> float:
    """Return the time within which 95 of 100 replies came."""
    return sorted(seconds)[max(0, -(-len(seconds) * 95 // 100) - 1)]


def questions(number: int, count: int) -> list[str]:
    """Return *count* questions, which begin elsewhere for every visitor."""
    return [app.EXAMPLES[(number + turn) % len(app.EXAMPLES)] for turn in range(count)]


def by_api(address: str, number: int) -> list[float]:
    """Return the seconds that each reply to one visitor took over the API. Raises HTTPStatusError for any error."""
    seconds = []
    with httpx.Client(base_url=address, timeout=60, headers=own_address(number)) as client:
        for question in questions(number, QUESTIONS):
            started = time.perf_counter()
            client.post("/api/chat", json={"question": question}).raise_for_status()
            seconds.append(time.perf_counter() - started)
    return seconds


def by_page(address: str, number: int) -> list[float]:
    """Return the seconds that each reply to one visitor took over the page's own requests."""
    seconds = []
    visitor = Visitor(address, f"visitor{number}")
    for question in questions(number, QUESTIONS):
        started = time.perf_counter()
        visitor.ask(question)
        seconds.append(time.perf_counter() - started)
    return seconds


def own_address(number: int) -> dict[str, str]:
    """Return the header by which a proxy tells the address of this visitor."""
    return {"X-Forwarded-For": f"10.1.{number // 250}.{number % 250 + 1}"}


def leaks_of(address: str, number: int, turns: int) -> list[float]:
    """Return 1.0 for each reply to one visitor that holds a marker of another: a word that this one alone says."""
    found, history = [], []
    mine = f"{MARKER}{number:03}"
    with httpx.Client(base_url=address, timeout=120) as client:
        for turn in range(turns):
            question = f"What did {mine} say of drugs in {turn}?"
            asked = {"question": question, "history": history[-4:], "stream": turn % 2 == 1}
            # Also a conversation's rate is for people: every turn comes from another address.
            place = {"X-Forwarded-For": f"10.{turn % 250}.{number // 250}.{number % 250 + 1}"}
            while (response := client.post("/api/chat", json=asked, headers=place)).status_code == BUSY:
                time.sleep(float(response.headers["retry-after"]))  # more are here than may wait
            response.raise_for_status()
            text = response.text.replace(mine, "")
            found.append(float(MARKER in text))
            history = [*history, {"question": question, "answer": f"Nothing of {mine}."}]
    return found


def replays_of(address: str, number: int) -> list[float]:
    """Return 1.0 for each of one visitor's sessions that another browser may read or use by its id."""
    with httpx.Client(base_url=address, timeout=60) as owner, httpx.Client(base_url=address, timeout=60) as other:
        owner.get("/").raise_for_status()
        other.get("/").raise_for_status()
        function = next(one["id"] for one in owner.get("/config").json()["dependencies"] if one["api_name"] == "answer")
        body = {"data": [f"What did {MARKER}{number:03} say?", []], "fn_index": function, "session_hash": f"replayed{number}"}
        owner.post("/gradio_api/queue/join", json=body).raise_for_status()
        read = other.get("/gradio_api/queue/data", params={"session_hash": f"replayed{number}"}).status_code
        used = other.post("/gradio_api/queue/join", json=body).status_code
        owner.get("/gradio_api/queue/data", params={"session_hash": f"replayed{number}"}).raise_for_status()
    return [float(read != OTHERS), float(used != OTHERS)]


if __name__ == "__main__":
    main()
