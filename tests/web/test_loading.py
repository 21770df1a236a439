"""While the server loads it says so on its port, and whoever comes then is served afterwards."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading

import httpx
import pytest

from bot.assistant import Assistant
from bot.web.access import Access
from bot.web.loading import answering_meanwhile
from bot.web.serving import serve
from tests.project import ROOT
from tests.web.chat_server import WIDGET

WELCOME = "https://www.example.org"


@pytest.fixture
def listening():
    """A free port of this machine."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


def get(listening: socket.socket, path: str, accept: str = "*/*", **headers: str) -> httpx.Response:
    """Ask whoever answers there."""
    return httpx.get(f"http://127.0.0.1:{listening.getsockname()[1]}{path}", headers={"accept": accept, **headers}, timeout=30)


def test_it_is_alive_and_not_ready(listening):
    """A watcher leaves it running and sends nobody there yet; a program is told when to come again."""
    with answering_meanwhile(listening, (WELCOME,), local=True):
        assert get(listening, "/healthz").json()["status"] == "loading"
        ready, asked = get(listening, "/readyz"), get(listening, "/api/documents")
    for response in (ready, asked):
        assert (response.status_code, response.json()["error"]["code"]) == (503, "loading")
        assert int(response.headers["retry-after"]) > 0


def test_a_page_that_may_ask_reads_that_it_is_loading(listening):
    """So a chat in another site's page says so, and not that there is none; whether it may ask, any page's gets to read."""
    with answering_meanwhile(listening, (WELCOME,), local=True):
        asked = get(listening, "/api/chat", origin=WELCOME)
        checked = get(listening, "/api/embedding", origin="https://other.example")
        other = get(listening, "/api/chat", origin="https://other.example")
    assert (asked.json()["error"]["code"], asked.headers["access-control-allow-origin"]) == ("loading", WELCOME)
    assert (checked.json()["error"]["code"], checked.headers["access-control-allow-origin"]) == ("loading", "*")
    assert (other.status_code, "access-control-allow-origin" in other.headers) == (403, False)


def test_the_script_of_a_page_that_embeds_the_chat_is_served_at_once(listening):
    """As it is later; it says by itself that the chat is starting."""
    with answering_meanwhile(listening, (), local=True):
        script, demo = get(listening, "/widget.js", origin="https://other.example"), get(listening, "/widget/demo.html")
    assert (script.status_code, script.headers["access-control-allow-origin"]) == (200, "*")
    assert script.text == WIDGET.read_text(encoding="utf-8")
    assert demo.status_code == 503


@pytest.mark.parametrize(
    ("access", "status"), [(Access(), 421), (Access(trusted_proxies=("127.0.0.1",)), 503)], ids=["alone", "behind a proxy"]
)
def test_a_server_that_listens_on_this_machine_alone_takes_no_other_name_unless_a_proxy_is_named(access, status):
    """From its first moment on."""
    told: list[int] = []
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    def load() -> Assistant:
        told.append(httpx.get(f"http://127.0.0.1:{port}/readyz", headers={"host": "sco.example"}, timeout=30).status_code)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        serve(load, "127.0.0.1", port, access)
    assert told == [status]


def test_a_person_sees_a_page_that_comes_back_by_itself(listening):
    """With the headers of every page."""
    with answering_meanwhile(listening, (WELCOME,), local=True):
        page = get(listening, "/", "text/html,*/*")
    assert page.status_code == 503
    assert "still being loaded" in page.text
    assert int(page.headers["refresh"]) > 0
    assert "frame-ancestors 'self'" in page.headers["content-security-policy"]


def test_the_port_is_served_on_by_whoever_comes_next(listening):
    """It is never closed in between, also if loading fails."""
    with pytest.raises(RuntimeError), answering_meanwhile(listening, (WELCOME,), local=True):
        raise RuntimeError
    visitor = threading.Thread(target=lambda: socket.create_connection(listening.getsockname(), 30).close())
    visitor.start()
    listening.settimeout(30)  # whoever served before left it not to wait
    connection, _ = listening.accept()
    connection.close()
    visitor.join(30)
    assert not [thread for thread in threading.enumerate() if thread.name == "loading"]


STARTING = """
import app
from tests.web.site import Scripted
app._assistant = lambda settings: Scripted()
app.main([])
"""


def test_a_start_says_so_at_once_and_names_its_address_when_the_page_is_there():
    """Whoever opens the address that is printed finds the chat and not that it is being loaded; Ctrl-C stops it, without a traceback."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        environment = {**os.environ, "SCO_PORT": f"{free.getsockname()[1]}"}
    command = [sys.executable, "-c", STARTING]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as started:
        assert started.stderr.readline() == "Starting; the address to open follows.\n"
        address = re.search(r"open (http://\S+)", started.stdout.readline()).group(1)
        statuses = [httpx.get(f"{address}{path}", timeout=30).status_code for path in ("/", "/config", "/readyz")]
        started.send_signal(signal.SIGINT)
        assert (statuses, started.stderr.read()) == ([200, 200, 200], "")
