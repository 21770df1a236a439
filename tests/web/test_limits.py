"""Limits: one visitor cannot take what belongs to all, and every refusal says when to come again."""

import asyncio
import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import ServerError
from bot.web.access import Access
from bot.web.feedback import FeedbackFile
from bot.web.limits import MovingWindow, Rates, Workers, network, read_proxies
from bot.web.refusals import RefusalError
from tests.web.site import Scripted, api, site

QUESTION = {"question": "Is it so?"}


class Clock:
    """A clock that is set by hand."""

    now = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


# --- rates


def test_a_window_takes_so_many_in_any_minute_and_says_when_the_next_is_taken():
    """At 0, 10 and 20 s three are taken; the fourth at 30 s waits until 60 s, when the first is a minute old."""
    clock = Clock()
    window = MovingWindow(3, clock)
    for clock.now in (0.0, 10.0, 20.0):
        assert window.wait_s("a") == 0
    clock.now = 30.0
    assert window.wait_s("a") == 30
    assert window.wait_s("b") == 0
    clock.now = 60.0
    assert window.wait_s("a") == 0
    assert window.wait_s("a") == 10


@given(st.lists(st.floats(0.01, 30), min_size=1, max_size=60), st.integers(1, 5))
def test_no_minute_ever_holds_more_than_is_allowed(gaps, allowed):
    """Counted independently, over every window of a minute; a refused request costs nothing."""
    clock, taken = Clock(), []
    window = MovingWindow(allowed, clock)
    for gap in gaps:
        clock.now += gap
        if window.wait_s("a") == 0:
            taken.append(clock.now)
        else:
            assert sum(clock.now - 60 < time <= clock.now for time in taken) == allowed
    assert all(sum(start <= time < start + 60 for time in taken) <= allowed for start in taken)


def test_a_window_remembers_a_bounded_number_of_visitors():
    """The longest unseen is forgotten first."""
    window = MovingWindow(1, Clock(), keys=2)
    assert [window.wait_s(key) for key in ("a", "b", "c", "a")] == [0, 0, 0, 0]
    assert window.wait_s("c") > 0


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("testclient", "testclient", True),
    ],
)
def test_a_visitor_is_an_ipv4_address_or_an_ipv6_network(one, other, same):
    """An IPv6 subscriber has a whole /64 to choose addresses from."""
    assert (network(one) == network(other)) is same


def test_a_conversation_has_its_own_rate():
    """Several people behind one address do not wait for the one who is quick."""
    rates = Rates(per_address=10, per_conversation=1, clock=Clock())
    rates.count_question("192.0.2.1", "Is it so?")
    with pytest.raises(RefusalError, match="1 questions a minute are taken in one conversation"):
        rates.count_question("192.0.2.1", "Is it so?")
    rates.count_question("192.0.2.1", "Is it not?")
    rates.count_question("192.0.2.2", "Is it so?")


def test_a_class_that_asks_the_same_is_not_one_conversation():
    """Forty behind one address begin with one question, and go on alike; each names its conversation, as the widget does."""
    client = api(Scripted(), rates=Rates(per_address=1000, per_conversation=2))
    asked = {"question": "Why?", "history": [{"question": "Is it so?", "answer": "It is."}]}
    first = [client.post("/api/chat", json=QUESTION).status_code for _ in range(40)]
    second = [client.post("/api/chat", json={**asked, "conversation": f"c{at}"}).status_code for at in range(40)]
    assert {*first, *second} == {200}


@pytest.mark.parametrize("name", [{}, {"conversation": "c1"}], ids=["told by its first question", "named"])
def test_who_asks_on_and_on_in_one_conversation_has_to_wait(name):
    """Named or not."""
    client, began = api(Scripted(), rates=Rates(per_address=1000, per_conversation=2)), [{"question": "Is it so?", "answer": "It is."}]
    asked = {"question": "Why?", "history": began, **name}
    assert [client.post("/api/chat", json=asked).status_code for _ in range(3)] == [200, 200, 429]


def test_too_many_requests_are_refused_with_the_time_to_wait():
    """Readable as every refusal, and as the header that clients read; other addresses are served all the while."""
    with site(Scripted(), Access(per_address=2, trusted_proxies=("testclient",))) as client:
        mine, other = {"x-forwarded-for": "192.0.2.1"}, {"x-forwarded-for": "192.0.2.2"}
        statuses = [client.post("/api/chat", json=QUESTION, headers=mine).status_code for _ in range(3)]
        refused = client.post("/v1/chat/completions", json={"messages": [{"role": "user", "content": "A?"}]}, headers=mine)
        assert statuses == [200, 200, 429]
        assert refused.status_code == 429
        assert 1 <= int(refused.headers["retry-after"]) <= 60
        assert refused.json()["error"]["code"] == "rate_limited"
        assert client.post("/api/search", json=QUESTION, headers=mine).status_code == 429
        assert client.post("/api/chat", json=QUESTION, headers=other).status_code == 200
        assert client.get("/healthz", headers=mine).status_code == 200


@pytest.mark.parametrize(
    ("trusted", "forwarded", "statuses"),
    [
        ((), ("192.0.2.1", "192.0.2.2"), [200, 429]),
        (("testclient",), ("192.0.2.1", "192.0.2.2"), [200, 200]),
        (("testclient", "10.0.0.0/8"), ("192.0.2.7, 192.0.2.1, 10.0.0.1", "192.0.2.8, 192.0.2.1, 10.0.0.2"), [200, 429]),
    ],
    ids=["nobody is trusted", "the proxy is trusted", "what the visitor made up, behind two proxies"],
)
def test_the_visitors_address_is_taken_from_trusted_proxies_alone(trusted, forwarded, statuses):
    """Of a list only what the trusted ones added counts: the visitor may have sent the rest."""
    with site(Scripted(), Access(per_address=1, trusted_proxies=trusted)) as client:
        responses = [client.post("/api/chat", json=QUESTION, headers={"x-forwarded-for": value}) for value in forwarded]
        assert [response.status_code for response in responses] == statuses


@pytest.mark.parametrize(("setting", "proxies"), [("none", ()), ("10.0.0.7", ("10.0.0.7",)), ("10.0.0.0/24, ::1", ("10.0.0.0/24", "::1"))])
def test_trusted_proxies_are_addresses_and_networks(setting, proxies):
    """Separated by commas."""
    assert read_proxies(setting) == proxies


@pytest.mark.parametrize("setting", ["*", "proxy.example", "10.0.0.7/24", "10.0.0.256", "", "10.0.0.7,"])
def test_what_is_no_address_or_network_is_named(setting):
    """At the start; a star would believe everybody."""
    with pytest.raises(ServerError, match="SCO_TRUSTED_PROXIES names"):
        read_proxies(setting)


def test_what_the_chat_page_asks_counts_as_what_the_api_is_asked():
    """Both by one rate of the address; the refusal says so where Gradio's page reads it, and by its code."""
    with site(Scripted(), Access(per_address=2)) as client:
        joined = [client.post("/gradio_api/queue/join", json={"data": [], "fn_index": 0, "session_hash": "a"}) for _ in range(3)]
        assert joined[2].status_code == client.post("/api/chat", json=QUESTION).status_code == 429
        assert 429 not in (joined[0].status_code, joined[1].status_code)
        assert joined[2].json()["detail"].startswith("Too many requests. Try again in ")
        assert joined[2].json()["error"]["code"] == "rate_limited"
        assert 1 <= int(joined[2].headers["retry-after"]) <= 60


def test_judgements_have_a_rate_of_their_own(tmp_path):
    """Ten a minute of an address that may send 120 requests; the eleventh is not kept."""
    body = {"verdict": "good", "reply": {"question": "Is it so?"}}
    with api(Scripted(), FeedbackFile(tmp_path / "feedback.jsonl"), Rates(per_address=120, clock=Clock())) as client:
        responses = [client.post("/api/feedback", json=body) for _ in range(11)]
        assert client.post("/api/search", json=QUESTION).status_code == 200
    assert [response.status_code for response in responses] == [200] * 10 + [429]
    assert "10 judgements a minute" in responses[-1].json()["error"]["message"]


# --- the queue and the deadline


class Held:
    """Work that goes on until it is let go."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.begun = 0

    def produce(self) -> Iterator[int]:
        """Yield one number when let go, and a second at once."""
        self.begun += 1
        assert self.go.wait(30)
        yield 1
        yield 2


async def all_of(items) -> list[int]:
    """Return everything that comes."""
    return [item async for item in items]


def test_only_so_many_run_and_wait_and_the_next_is_refused_at_once():
    """With one thread and one place to wait the third is told to come again; then there is room anew."""

    async def run() -> None:
        held, workers = Held(), Workers(at_once=1, waiting=1)
        taken = [asyncio.create_task(all_of(workers.start(held.produce))) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(RefusalError, match="waiting") as raised:
            workers.start(held.produce)
        assert (raised.value.status, raised.value.code) == (503, "busy")
        assert raised.value.retry_after_s
        held.go.set()
        assert await asyncio.gather(*taken) == [[1, 2], [1, 2]]
        assert await all_of(workers.start(held.produce)) == [1, 2]

    asyncio.run(run())


def test_an_answer_that_is_not_ready_in_time_is_refused_and_its_place_comes_free_later():
    """The thread cannot be stopped: until it ends, nobody else gets its place."""

    async def run() -> None:
        held, workers = Held(), Workers(at_once=1, waiting=0, deadline_s=0.05)
        with pytest.raises(RefusalError, match=r"within 0\.05 s") as raised:
            await all_of(workers.start(held.produce))
        assert (raised.value.status, raised.value.code) == (504, "too_slow")
        with pytest.raises(RefusalError, match="waiting"):
            workers.start(held.produce)
        held.go.set()
        while True:
            try:
                assert await all_of(workers.start(lambda: iter((3,)))) == [3]
                return
            except RefusalError:
                await asyncio.sleep(0.01)

    asyncio.run(run())


def test_a_timeout_in_the_work_is_not_taken_for_the_deadline():
    """It is an error like any other, and raised where the work is waited for."""

    def fail() -> Iterator[int]:
        yield 1
        raise TimeoutError("the model's host")

    with pytest.raises(TimeoutError, match="the model's host"):
        asyncio.run(all_of_workers(fail))


async def all_of_workers(produce) -> list[int]:
    """Return everything that *produce* yields in a thread."""
    return await all_of(Workers(at_once=1, waiting=0).start(produce))


def test_what_nobody_waits_for_any_more_is_not_begun():
    """A visitor who left takes no thread."""

    async def run() -> None:
        held, later, workers = Held(), Held(), Workers(at_once=1, waiting=1)
        first = asyncio.create_task(all_of(workers.start(held.produce)))
        second = asyncio.create_task(all_of(workers.start(later.produce)))
        await asyncio.sleep(0)
        second.cancel()
        await asyncio.wait([second])
        held.go.set()
        assert await first == [1, 2]
        while True:  # until the place of the second is given back
            try:
                assert await all_of(workers.start(lambda: iter((3,)))) == [3]
                break
            except RefusalError:
                await asyncio.sleep(0.01)
        assert later.begun == 0

    asyncio.run(run())


def test_the_server_answers_others_while_a_reply_is_worked_out():
    """A question that takes its time holds up neither the health check nor a second question."""
    scripted, statuses = Scripted(), []
    with site(scripted) as client:
        thread = threading.Thread(target=lambda: statuses.append(client.post("/api/chat", json={"question": "wait"}).status_code))
        thread.start()
        assert client.get("/healthz").status_code == 200
        assert client.post("/api/chat", json=QUESTION).status_code == 200
        assert statuses == []
        scripted.go.set()
        thread.join(30)
    assert statuses == [200]
