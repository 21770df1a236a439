"""Many visitors at once, and what one of them could see of another.

python -m tests.benchmarks.load [--visitors N] [--rounds N] [--turns N]
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from pathlib import Path

import app
from tests.benchmarks.figures import machine
from tests.benchmarks.serving import Served, Visitor, client, serve

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
    parser.add_argument("--rounds", type=int, default=1, help="how often the times are measured")
    parser.add_argument("--turns", type=int, default=TURNS, help="turns in which leaks are looked for")
    options = parser.parse_args()
    # Every visitor has an address of its own, as behind a proxy.
    os.environ.update(SCO_TRUSTED_PROXIES="127.0.0.1", SCO_REQUESTS_PER_MINUTE="1000000")
    print(machine())
    with tempfile.TemporaryDirectory() as folder, serve(Path(folder)) as served:
        at_once(1, lambda number: by_api(served.address, number))  # the first questions after a start load what it left
        print(f"{'seconds to a reply':<36}{'median':>8}{'p95':>8}{'longest':>9}{'processor ms: server':>23}{'visitors':>10}")
        for _ in range(options.rounds):
            visitors = range(options.visitors)
            measured(f"API, {len(visitors)} visitors at once", served, [partial(by_api, served.address, number) for number in visitors])
            opened = [Visitor(served.address, f"visitor{number}") for number in visitors]
            measured(
                f"page, {len(visitors)} visitors at once", served, [partial(by_page, *both) for both in zip(opened, visitors, strict=True)]
            )
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


def measured(name: str, served: Served, visits: Sequence[Callable[[], list[float]]]) -> None:
    """Print the seconds that the *visits* waited for their replies, and what a reply cost the server's processor and the visitors'."""
    before = served.processor_s, time.process_time()
    seconds = at_once(len(visits), lambda number: visits[number]())
    server, own = (1000 * (now - then) / len(seconds) for now, then in zip((served.processor_s, time.process_time()), before, strict=True))
    waited = f"{statistics.median(seconds):>8.2f}{p95(seconds):>8.2f}{max(seconds):>9.2f}"
    print(f"{name:<36}{waited}{server:>23.1f}{own:>10.1f}", flush=True)


def p95(seconds: list[float]) -> float:
    """Return the time within which 95 of 100 replies came."""
    return sorted(seconds)[max(0, -(-len(seconds) * 95 // 100) - 1)]


@cache
def asked() -> tuple[str, ...]:
    """Return the examples, and the dev queries that need no conversation and have an answer: visitors ask this and that."""
    rows = [json.loads(line) for line in (app.QUERIES / "dev.jsonl").read_text(encoding="utf-8").splitlines()]
    return (*app.EXAMPLES, *(row["question"] for row in rows if not row.get("turns") and row["answerability"] == "answerable"))


def questions(number: int) -> list[str]:
    """Return the questions of one visitor; of the first fifty no two have one in common."""
    return [asked()[(number * QUESTIONS + turn) % len(asked())] for turn in range(QUESTIONS)]


def by_api(address: str, number: int) -> list[float]:
    """Return the seconds that each reply to one visitor took over the API. Raises HTTPStatusError for any error."""
    seconds = []
    with client(address, **own_address(number)) as visitor:
        for question in questions(number):
            started = time.perf_counter()
            visitor.post("/api/chat", json={"question": question}).raise_for_status()
            seconds.append(time.perf_counter() - started)
    return seconds


def by_page(visitor: Visitor, number: int) -> list[float]:
    """Return the seconds that each reply to one visitor, who has opened the page, took over the page's own requests."""
    seconds = []
    for question in questions(number):
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
    with client(address, timeout=120) as visitor:
        for turn in range(turns):
            question = f"What did {mine} say of drugs in {turn}?"
            asked = {"question": question, "history": history[-4:], "stream": turn % 2 == 1}
            # Also a conversation's rate is for people: every turn comes from another address.
            place = {"X-Forwarded-For": f"10.{turn % 250}.{number // 250}.{number % 250 + 1}"}
            while (response := visitor.post("/api/chat", json=asked, headers=place)).status_code == BUSY:
                time.sleep(float(response.headers["retry-after"]))  # more are here than may wait
            response.raise_for_status()
            text = response.text.replace(mine, "")
            found.append(float(MARKER in text))
            history = [*history, {"question": question, "answer": f"Nothing of {mine}."}]
    return found


def replays_of(address: str, number: int) -> list[float]:
    """Return 1.0 for each of one visitor's sessions that another browser may read or use by its id."""
    with client(address) as owner, client(address) as other:
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
