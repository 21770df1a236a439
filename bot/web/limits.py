"""Bounds what one visitor and all visitors together can ask: a rate an address and a conversation, a queue, and a deadline.

Knows nothing of routes or replies. Times are seconds.
"""

import asyncio
import hashlib
import ipaddress
import math
import threading
import time
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Generic, TypeVar

from bot.errors import ServerError
from bot.web.refusals import RefusalError

NONE = "none"  # the setting that means: no proxy
MINUTE = 60.0
PER_ADDRESS = 120  # requests a minute: an office of forty behind one address, each asking every 20 seconds; a setting's default too
REQUESTS_PER_JUDGEMENT = 12  # of an address's rate: ten judgements a minute, and nobody reads and judges faster
REQUESTS_PER_UPLOAD = 60  # of an address's rate: two a minute, each of which may ask hundreds of questions
PER_CONVERSATION = 30  # questions a minute: one every two seconds, which nobody reads
MAX_KEYS = 20_000  # addresses and conversations remembered, some 10 MB at their fullest; the longest unseen is forgotten first
AT_ONCE = 4  # replies worked on at the same time: twice the cores of a small machine
MAX_WAITING = 64  # requests that wait for their turn: some seconds' work, and within the patience of whoever waits
DEADLINE_S = 45.0  # a chat model is promised to be done in 30, after a wait of some seconds
BUSY_RETRY_S = 2  # half of a full queue is answered in this time

Item = TypeVar("Item")
Clock = Callable[[], float]


class MovingWindow:
    """Counts what each key did in the last minute and refuses more than *allowed*; remembers at most *keys* of them."""

    def __init__(self, allowed: int, clock: Clock = time.monotonic, keys: int = MAX_KEYS) -> None:
        self._allowed = allowed
        self._clock = clock
        self._keys = keys
        self._lock = threading.Lock()
        self._times: OrderedDict[str, deque[float]] = OrderedDict()

    def wait_s(self, key: str) -> float:
        """Count one more for *key* and return 0.0, or count nothing and return the seconds until one more is allowed."""
        with self._lock:
            now = self._clock()
            times = self._times.setdefault(key, deque())
            self._times.move_to_end(key)
            while times and times[0] <= now - MINUTE:
                times.popleft()
            if len(times) >= self._allowed:
                return times[0] + MINUTE - now
            times.append(now)
            while len(self._times) > self._keys:
                self._times.popitem(last=False)
            return 0.0


class Rates:
    """The rates of one server: requests a minute of an address, and questions a minute of a conversation."""

    def __init__(self, per_address: int = PER_ADDRESS, per_conversation: int = PER_CONVERSATION, clock: Clock = time.monotonic) -> None:
        self._of_addresses = MovingWindow(per_address, clock)
        self._of_conversations = MovingWindow(per_conversation, clock)
        self._judgements = max(1, per_address // REQUESTS_PER_JUDGEMENT)
        self._uploads = max(1, per_address // REQUESTS_PER_UPLOAD)
        self._of_judgements = MovingWindow(self._judgements, clock)
        self._of_uploads = MovingWindow(self._uploads, clock)
        self._per_address = per_address
        self._per_conversation = per_conversation

    def count_request(self, address: str) -> None:
        """Count one request of *address*. Raises RefusalError if it has had too many in a minute."""
        _check(self._of_addresses.wait_s(network(address)), f"{self._per_address} requests a minute are taken from one address")

    def count_question(self, address: str, conversation: str) -> None:
        """Count one question of *address* in its *conversation*, told by any text; "" for one begun by it. Raises RefusalError as above."""
        self.count_request(address)
        if not conversation:
            return
        digest = hashlib.sha256(conversation.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        waiting = self._of_conversations.wait_s(f"{network(address)} {digest}")
        _check(waiting, f"{self._per_conversation} questions a minute are taken in one conversation")

    def count_judgement(self, address: str) -> None:
        """Count one reply that *address* judges. Raises RefusalError as above."""
        self.count_request(address)
        _check(self._of_judgements.wait_s(network(address)), f"{self._judgements} judgements a minute are taken from one address")

    def count_upload(self, address: str) -> None:
        """Count one file of queries that *address* has measured. Raises RefusalError as above."""
        self.count_request(address)
        _check(self._of_uploads.wait_s(network(address)), f"{self._uploads} files a minute are measured for one address")


def _check(wait_s: float, rule: str) -> None:
    if wait_s > 0:
        seconds = math.ceil(wait_s)
        raise RefusalError(429, "rate_limited", f"Too many requests: at most {rule}.", f"Ask again in {seconds} s.", seconds)


def read_proxies(setting: str) -> tuple[str, ...]:
    """Return the addresses and networks of a comma-separated *setting*, none for "none". Raises ServerError naming one that is none."""
    proxies = () if setting.strip() == NONE else tuple(part.strip() for part in setting.split(","))
    for proxy in proxies:
        try:
            ipaddress.ip_network(proxy)
        except ValueError as error:
            raise ServerError(
                f"SCO_TRUSTED_PROXIES names {proxy!r}, which is no IP address or network: {error}. Write it as 10.0.0.7 or 10.0.0.0/24."
            ) from error
    return proxies


def network(address: str) -> str:
    """Return what counts as one visitor's *address*: an IPv4 address, or the /64 network that an IPv6 subscriber is given."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]  # of a test client, or of a socket file
    if isinstance(parsed, ipaddress.IPv4Address):
        return f"{parsed}"
    return f"{parsed.ipv4_mapped or ipaddress.ip_network((parsed.packed[:8] + bytes(8), 64))}"


@dataclass(frozen=True, slots=True)
class _End:
    """Nothing more comes, because of *error* if there is one."""

    error: Exception | None = None


@dataclass(frozen=True, slots=True)
class _Work(Generic[Item]):
    """What a thread hands on to the one who waits, and the word that nobody does any more."""

    produced: "asyncio.Queue[Item | _End]"
    left: threading.Event


class Workers:
    """Threads in which replies are worked out, so that the server goes on meanwhile; a bounded number run, and a bounded number wait."""

    def __init__(self, at_once: int = AT_ONCE, waiting: int = MAX_WAITING, deadline_s: float = DEADLINE_S) -> None:
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="reply")
        self._deadline_s = deadline_s
        self._places = threading.BoundedSemaphore(at_once + waiting)

    def start(self, produce: Callable[[], Iterator[Item]]) -> AsyncIterator[Item]:
        """Have a thread run *produce*, and return what it yields, as it does; an error in it is raised there.

        Raises RefusalError at once if too many wait, and in the midst if the deadline passes. A thread cannot be stopped: it ends
        with the next thing it yields, and its place is taken until then.
        """
        if not self._places.acquire(blocking=False):
            raise RefusalError(
                503, "busy", "Too many questions are waiting at this moment.", f"Ask again in {BUSY_RETRY_S} s.", BUSY_RETRY_S
            )
        loop = asyncio.get_running_loop()
        work: _Work[Item] = _Work(asyncio.Queue(), threading.Event())

        def hand_on(item: Item | _End) -> None:
            with suppress(RuntimeError):  # the server has stopped, and its loop is closed
                loop.call_soon_threadsafe(work.produced.put_nowait, item)

        def run() -> None:
            if work.left.is_set():
                return
            try:
                for item in produce():
                    hand_on(item)
                    if work.left.is_set():
                        return
                hand_on(_End())
            except Exception as error:  # raised again where it is waited for
                hand_on(_End(error))

        self._threads.submit(run).add_done_callback(self._give_place_back)
        return self._received(work, loop.time() + self._deadline_s)

    def _give_place_back(self, ended: "Future[None]") -> None:
        self._places.release()

    async def _received(self, work: _Work[Item], deadline: float) -> AsyncIterator[Item]:
        try:
            while not isinstance(item := await self._next(work, deadline), _End):
                yield item
            if item.error is not None:
                raise item.error
        finally:
            work.left.set()

    async def _next(self, work: _Work[Item], deadline: float) -> Item | _End:
        try:
            async with asyncio.timeout_at(deadline):  # unlike wait_for it makes no task
                return await work.produced.get()
        except TimeoutError:  # of this wait alone: one in the work itself is handed on
            message = f"No answer was ready within {self._deadline_s:g} s."
            raise RefusalError(504, "too_slow", message, "Ask again, or ask something shorter.", BUSY_RETRY_S) from None
