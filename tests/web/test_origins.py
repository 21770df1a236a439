"""Who may embed: exact origins and no others, the same for calls and for frames, and a page can learn why it may not."""

from collections.abc import Iterator

import pytest
from fastapi.responses import PlainTextResponse
from fastapi.testclient import TestClient

from bot.errors import ServerError
from bot.web.access import Access
from bot.web.guard import Guard
from bot.web.origins import read_origins
from tests.web.site import Scripted, site

WELCOME = "https://www.example.org"
QUESTION = {"question": "Is it so?"}
PREFLIGHT = {"access-control-request-method": "POST", "access-control-request-headers": "content-type"}
FOREIGN = {
    "no origin of its own": "null",
    "http instead of https": "http://www.example.org",
    "another port": "https://www.example.org:8443",
    "the default port spelt out": "https://www.example.org:443",
    "a longer name": "https://www.example.org.attacker.example",
    "a name that ends so": "https://attackerwww.example.org",
    "a name that contains it": "https://www.example.org@attacker.example",
    "a name below it": "https://a.www.example.org",
    "the name above it": "https://example.org",
    "capital letters": "https://WWW.EXAMPLE.ORG",
    "a slash": "https://www.example.org/",
    "a path": "https://www.example.org/page",
    "two origins": "https://www.example.org, https://attacker.example",
    "a star": "*",
    "nothing": "",
    "another scheme": "ftp://www.example.org",
    "an extension": "chrome-extension://abcdefgh",
    "our name with http": "https://testserver",
    "our name with a port": "http://testserver:81",
    "a dot at the end": "https://www.example.org.",
}


@pytest.fixture(scope="module")
def closed() -> Iterator[TestClient]:
    """A site that lets in no other site's pages."""
    with site(Scripted()) as client:
        yield client


@pytest.fixture(scope="module")
def opened() -> Iterator[TestClient]:
    """A site that lets in two other sites' pages."""
    with site(Scripted(), Access(allowed_origins=(WELCOME, "http://127.0.0.1:8000"))) as client:
        yield client


def local() -> TestClient:
    """A client of a server that listens on this machine alone."""
    return TestClient(Guard(PlainTextResponse("Here."), (), local=True))


@pytest.mark.parametrize("origin", FOREIGN.values(), ids=FOREIGN.keys())
def test_a_page_of_any_other_origin_is_refused_in_words_that_it_cannot_read(opened, origin):
    """Neither a call nor the question before a call is let in; the operator reads why in the browser's tools."""
    called = opened.post("/api/chat", json=QUESTION, headers={"origin": origin})
    asked = opened.options("/api/chat", headers={"origin": origin, **PREFLIGHT})
    for response in (called, asked):
        assert response.status_code == 403
        assert response.json()["error"]["code"] == "origin_not_allowed"
        assert "access-control-allow-origin" not in response.headers


@pytest.mark.parametrize("origin", [WELCOME, "http://127.0.0.1:8000"])
def test_a_page_of_a_listed_origin_may_call_and_read(opened, origin):
    """Without credentials; a refusal and the time to wait can be read as well."""
    called = opened.post("/api/chat", json=QUESTION, headers={"origin": origin, "sec-fetch-site": "cross-site"})
    refused = opened.post("/api/chat", json={}, headers={"origin": origin})
    asked = opened.options("/api/chat", headers={"origin": origin, **PREFLIGHT})
    assert (called.status_code, refused.status_code, asked.status_code) == (200, 422, 200)
    for response in (called, refused, asked):
        assert response.headers["access-control-allow-origin"] == origin
        assert "origin" in response.headers["vary"].lower()
        assert "access-control-allow-credentials" not in response.headers
    assert called.headers["access-control-expose-headers"].lower() == "retry-after"


def test_a_listed_origin_may_not_call_the_chat_page(opened):
    """It may show the page in a frame; only the API is called from elsewhere."""
    assert opened.post("/gradio_api/queue/join", json={}, headers={"origin": WELCOME}).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://testserver"},
        {},
        {"origin": "https://sco.example", "host": "sco.example", "sec-fetch-site": "same-origin"},
        {"origin": "http://testserver:7860", "host": "testserver:7860"},
        {"origin": "http://[::1]:7860", "host": "[::1]:7860"},
    ],
    ids=["own page", "no browser", "own page behind a proxy that speaks https", "own port", "own IPv6 address"],
)
def test_the_servers_own_pages_and_programs_may_call(closed, headers):
    """Nothing needs to be set for them."""
    assert closed.post("/api/chat", json=QUESTION, headers=headers).status_code == 200


@pytest.mark.parametrize("host", ["localhost:7860", "LOCALHOST", "127.0.0.1", "127.0.0.1:7860", "[::1]:7860"])
def test_a_server_of_one_machine_goes_by_that_machines_names(host):
    """With any port."""
    assert local().get("/healthz", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["attacker.example", "attacker.example:7860", "127.0.0.1.attacker.example", "192.0.2.1", "localhost.example"]
)
def test_a_site_that_gives_its_name_this_machines_address_is_refused(host):
    """Its page is no page of ours, though the browser takes the two for one site."""
    response = local().get("/healthz", headers={"host": host, "origin": f"http://{host}", "sec-fetch-site": "same-origin"})
    assert (response.status_code, response.json()["error"]["code"]) == (421, "other_host")


def test_without_a_setting_nobody_else_may_call(closed):
    """Deny by default."""
    assert closed.post("/api/chat", json=QUESTION, headers={"origin": WELCOME}).status_code == 403


# --- frames


def frames(client: TestClient, path: str) -> str:
    """Return who may show *path* in a frame."""
    policy = client.get(path).headers["content-security-policy"]
    return policy.split("frame-ancestors ")[1]


def test_frames_are_let_in_by_the_same_list(opened, closed):
    """Without a list only our own pages frame each other, for old browsers too; the page with a form is in nobody's frame."""
    assert frames(opened, "/") == f"'self' {WELCOME} http://127.0.0.1:8000"
    assert "x-frame-options" not in opened.get("/").headers
    assert frames(opened, "/evaluation") == "'self'"
    assert frames(closed, "/") == "'self'"
    assert closed.get("/").headers["x-frame-options"] == "SAMEORIGIN"


# --- learning why


@pytest.mark.parametrize(
    ("origin", "allowed", "says"),
    [
        (WELCOME, True, "may use"),
        ("https://attacker.example", False, "SCO_ALLOWED_ORIGINS"),
        ("null", False, "without an origin"),
        ("http://testserver", True, "may use"),
    ],
)
def test_any_page_can_learn_whether_it_may_embed(opened, origin, allowed, says):
    """It is the one answer readable everywhere, and it tells nothing else."""
    for response in (
        opened.get("/api/embedding", params={"origin": origin}, headers={"origin": "https://attacker.example"}),
        opened.get("/api/embedding", headers={"origin": origin}),
    ):
        assert response.status_code == 200
        assert response.headers["access-control-allow-origin"] in ("*", origin)
        assert response.json()["allowed"] is allowed
        assert says in response.json()["message"]
        assert set(response.json()) == {"origin", "allowed", "message"}


def test_a_page_of_any_origin_may_load_the_widgets_files(opened, closed):
    """What a script tag elsewhere loads is not held back by our own headers, and its own words tell what is wrong."""
    for client in (opened, closed):
        response = client.get("/widget.js", headers={"origin": "https://attacker.example"})
        assert response.headers["cross-origin-resource-policy"] == "cross-origin"
        assert client.get("/page.js").headers["cross-origin-resource-policy"] == "same-origin"


def test_the_widget_travels_compressed_where_the_browser_takes_that(opened):
    """Within 30 KB, the same text, known again by its tag."""
    plain = opened.get("/widget.js", headers={"accept-encoding": "identity"})
    packed = opened.get("/widget.js", headers={"accept-encoding": "gzip, br"})
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) <= 30_000
    assert packed.text == plain.text
    for response in (plain, packed):
        assert "accept-encoding" in response.headers["vary"].lower()
        again = {"if-none-match": response.headers["etag"], "accept-encoding": "gzip"}
        assert opened.get("/widget.js", headers=again).status_code == 304


@pytest.mark.parametrize("name", ["..%2fserver.py", "%2e%2e/server.py", "nothing.js", ".", "a/b.js"])
def test_only_the_widgets_own_files_are_served_so(closed, name):
    """No path leads out of their folder."""
    assert closed.get(f"/widget/{name}").status_code == 404


# --- the setting


@pytest.mark.parametrize(
    ("setting", "origins"),
    [
        ("none", ()),
        ("https://a.example", ("https://a.example",)),
        ("https://a.example,http://b.example:8080", ("https://a.example", "http://b.example:8080")),
        (" https://a.example , http://[::1]:8080 ", ("https://a.example", "http://[::1]:8080")),
        ("http://localhost:3000", ("http://localhost:3000",)),
    ],
)
def test_the_setting_is_a_list_of_origins(setting, origins):
    """Separated by commas; spaces do no harm."""
    assert read_origins(setting) == origins


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("*", "wildcard"),
        ("https://*.example.org", "wildcard"),
        ("https://a.example/", "slash"),
        ("https://a.example/page", "path"),
        ("a.example", "scheme"),
        ("https://A.example", "capital"),
        ("https://a.example:443", "default port"),
        ("http://a.example:80", "default port"),
        ("null", "scheme"),
        ("https://a.example;https://b.example", "path"),
        ("https://a.example,", "''"),
        ("https://user@a.example", "scheme"),
        ("https://a.example; script-src *", "wildcard"),
        ("https://a.example script-src", "scheme"),
    ],
)
def test_what_is_no_exact_origin_is_named_with_its_fault(setting, says):
    """At the start, so that nobody believes a site let in that is not; nothing else can slip into the header."""
    with pytest.raises(ServerError, match="is no exact origin") as raised:
        read_origins(setting)
    assert says in f"{raised.value}"
    assert "https://www.example.org" in f"{raised.value}"
