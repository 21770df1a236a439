"""Isolation: nothing of one visitor's reaches another, neither by chance nor by another's ids, through the API or the page."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from fastapi.testclient import TestClient

from bot.web.access import Access
from bot.web.sessions import COOKIE
from tests.web.site import Scripted, site

VISITORS, TURNS = 20, 5  # tests/benchmarks/load.py has a hundred visitors take ten thousand turns
OTHERS = 403


@pytest.fixture(scope="module")
def scripted() -> Scripted:
    """What the server under test asks."""
    return Scripted()


@pytest.fixture(scope="module")
def client(scripted: Scripted) -> Iterator[TestClient]:
    """The site; every request names its cookies itself."""
    with site(scripted, Access(per_address=10**6)) as client:
        yield client


def browser(client: TestClient) -> dict[str, str]:
    """Return the cookie header of a browser that has just opened the page."""
    client.cookies.clear()
    given = client.get("/").cookies[COOKIE]
    client.cookies.clear()
    return {"cookie": f"{COOKIE}={given}"}


def join(client: TestClient, session: str, question: str, held: object, headers: dict[str, str]) -> int:
    """Ask as the page does, and return the status."""
    function = next(one["id"] for one in client.get("/config").json()["dependencies"] if one["api_name"] == "answer")
    body = {"data": [question, held], "fn_index": function, "session_hash": session}
    return client.post("/gradio_api/queue/join", json=body, headers=headers).status_code


def stream(client: TestClient, session: str, headers: dict[str, str]) -> tuple[int, str]:
    """Return the status of a session's stream and all that comes."""
    response = client.get("/gradio_api/queue/data", params={"session_hash": session}, headers=headers)
    return response.status_code, response.text


def test_a_browser_gets_one_cookie_that_scripts_and_other_sites_do_not_see(client):
    """Of chance alone, and only when the page is opened without one."""
    client.cookies.clear()
    given = client.get("/").headers["set-cookie"]
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(given.split("; "))
    assert client.get("/").headers.get("set-cookie") is None  # the client sends it along
    client.cookies.clear()
    assert client.get("/").headers["set-cookie"] != given
    client.cookies.clear()
    assert "set-cookie" not in client.get("/documents").headers
    assert "set-cookie" not in client.post("/api/chat", json={"question": "A?"}).headers


def test_anothers_session_can_neither_be_read_nor_used_nor_stopped(client):
    """Its id alone is of no use, whether the other browser has a cookie or none; the owner's goes on."""
    mine, others = browser(client), browser(client)
    assert join(client, "mine1", "Is it so, marker-one?", [], mine) == 200
    for headers in (others, {}, {"cookie": f"{COOKIE}=forged"}):
        assert stream(client, "mine1", headers)[0] == OTHERS
        assert join(client, "mine1", "And so?", [], headers) == OTHERS
        assert client.post("/gradio_api/cancel", json={"session_hash": "mine1", "fn_index": 0}, headers=headers).status_code == OTHERS
        assert client.get("/gradio_api/heartbeat/mine1", headers=headers).status_code == OTHERS
    status, text = stream(client, "mine1", mine)
    assert status == 200
    assert "marker-one" in text


@pytest.mark.parametrize("others", ['prefs={"a":1,"b":2}', "name=Иван", "x=a b", "flag", "a[b c]=1"])
def test_whatever_other_cookies_the_host_has_a_browser_is_told_by_ours(client, others):
    """Neither does its session fall to everybody, nor is it lost."""
    session, mine = f"odd{len(others)}", browser(client)["cookie"]
    with_others = {"cookie": f"{others}; {mine}".encode()}
    assert join(client, session, "Is it so?", [], with_others) == 200
    assert stream(client, session, {"cookie": others.encode()})[0] == OTHERS
    assert "process_completed" in stream(client, session, with_others)[1]


def test_a_browser_without_cookies_can_chat(client):
    """In a frame of another site browsers send none."""
    client.cookies.clear()
    assert join(client, "bare1", "Is it so?", [], {}) == 200
    assert "process_completed" in stream(client, "bare1", {})[1]


def test_visitors_at_the_same_time_see_their_own_turns_alone(client, scripted):
    """Each visitor's every turn carries a marker: no other visitor's reply holds it, and none was asked with another's history."""

    def visit(number: int) -> list[str]:
        marker, history, seen = f"marker-{number}x", [], []
        for turn in range(TURNS):
            asked = {"question": f"Is it {marker} {turn}?", "history": history, "stream": turn % 2 == 1}
            text = client.post("/api/chat", json=asked).text
            seen.append(text)
            history = [*history, {"question": asked["question"], "answer": f"It is {marker}."}]
        return seen

    with ThreadPoolExecutor(VISITORS) as visitors:
        seen = list(visitors.map(visit, range(VISITORS)))
    markers = [f"marker-{number}x" for number in range(VISITORS)]
    for number, texts in enumerate(seen):
        assert all(markers[number] in text for text in texts)
        assert not [marker for marker in markers if marker != markers[number] and marker in "".join(texts)]
    for question, conversation in scripted.asked:
        named = {marker for marker in markers if marker in question}
        assert all(marker in named for turn in conversation.turns for marker in markers if marker in turn.content)


def test_visitors_of_the_page_see_their_own_turns_alone(client):
    """The same over the page's own requests, with cookies."""
    lock, browsers = threading.Lock(), [browser(client) for _ in range(5)]

    def visit(number: int) -> str:
        marker, seen, held = f"page-marker-{number}x", "", []
        for turn in range(2):
            with lock:
                assert join(client, f"page{number}", f"Is it {marker} {turn}?", held, browsers[number]) == 200
            status, text = stream(client, f"page{number}", browsers[number])
            assert status == 200
            done = next(message for line in text.splitlines() if "process_completed" in line for message in [json.loads(line[6:])])
            held, seen = done["output"]["data"][0], seen + text
        return seen

    with ThreadPoolExecutor(5) as visitors:
        seen = list(visitors.map(visit, range(5)))
    for number, text in enumerate(seen):
        assert f"page-marker-{number}x" in text
        assert not [other for other in range(5) if other != number and f"page-marker-{other}x" in text]
