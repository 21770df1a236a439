"""The Model Context Protocol: a program finds the tools, calls them, and is told what a call could not do."""

import json

import pytest
from fastapi.testclient import TestClient

from bot.reply import reply_to_json
from tests.web.examples import answer
from tests.web.site import TEXT, TWO_CITATIONS, TWO_SENTENCES, Scripted, api, site


@pytest.fixture(scope="module")
def client() -> TestClient:
    """The API."""
    return api(Scripted())


def call(client: TestClient, method: str, **parameters: object) -> dict[str, object]:
    """Send one request, and return what comes."""
    response = client.post("/mcp", json={"jsonrpc": "2.0", "id": 7, "method": method, "params": parameters})
    assert response.status_code == 200
    assert (response.json()["jsonrpc"], response.json()["id"]) == ("2.0", 7)
    return response.json()


def use(client: TestClient, name: str, **arguments: object) -> dict[str, object]:
    """Call a tool, and return its result."""
    return call(client, "tools/call", name=name, arguments=arguments)["result"]


@pytest.mark.parametrize(("wanted", "agreed"), [("2025-03-26", "2025-03-26"), ("2025-06-18", "2025-06-18"), ("1999-01-01", "2025-06-18")])
def test_a_program_and_the_server_agree_on_a_version(client, wanted, agreed):
    """The program's if it is known, else the newest; then the program says that it is ready, which nobody answers."""
    result = call(client, "initialize", protocolVersion=wanted, capabilities={}, clientInfo={"name": "a program", "version": "1"})["result"]
    assert (result["protocolVersion"], result["capabilities"]) == (agreed, {"tools": {}})
    ready = client.post("/mcp", json={"jsonrpc": "2.0", "method": "notifications/initialized"})
    assert (ready.status_code, ready.content) == (202, b"")
    assert call(client, "ping")["result"] == {}


def test_the_tools_are_described_with_what_they_take(client):
    """As JSON Schema."""
    tools = {tool["name"]: tool["inputSchema"] for tool in call(client, "tools/list")["result"]["tools"]}
    assert set(tools) == {"search", "answer", "get_paragraph"}
    assert all(schema["type"] == "object" for schema in tools.values())
    assert tools["answer"]["required"] == ["question"]


def test_an_answer_comes_as_text_with_references_and_as_the_reply_object(client):
    """The same as every face shows."""
    result = use(client, "answer", question="Is it so?")
    assert result["isError"] is False
    assert result["structuredContent"] == reply_to_json(answer(*TWO_SENTENCES, citations=TWO_CITATIONS))
    assert "[1] Remarks at the conference, point 10, 2019-04-24" in result["content"][0]["text"]


def test_passages_are_found_and_a_paragraph_is_read_by_its_id(client):
    """What the search names can be read."""
    (first, _) = use(client, "search", question="drugs")["structuredContent"]["passages"]
    read = use(client, "get_paragraph", paragraph_id=first["paragraph_id"])
    assert read["content"][0]["text"] == TEXT
    assert read["structuredContent"]["address"] == "/documents/remarks-2019#p12"


@pytest.mark.parametrize(
    ("name", "arguments", "says"),
    [
        ("get_paragraph", {"paragraph_id": "remarks-2019/p99"}, "no paragraph"),
        ("get_paragraph", {"paragraph_id": "../p1"}, "paragraph_id"),
        ("answer", {"question": "?!"}, "question"),
        ("answer", {"query": "drugs"}, "query"),
        ("search", {"question": "drugs", "limit": 1000}, "limit"),
        ("answer", {"question": "fail"}, "went wrong"),
    ],
)
def test_what_a_tool_cannot_do_is_said_to_the_model(client, name, arguments, says):
    """So that it can correct itself; of a failure of ours no details."""
    result = use(client, name, **arguments)
    assert result["isError"] is True
    assert says in result["content"][0]["text"]
    assert "secret" not in json.dumps(result)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", -32700),
        (b"[" * 100_000, -32700),
        (b"[]", -32600),
        (b'{"jsonrpc": "2.0", "id": null, "method": "ping"}', -32600),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "resources/list"}', -32601),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": []}', None),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": [1]}', -32602),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "run"}}', -32602),
    ],
)
def test_what_is_no_call_has_the_protocols_own_error(client, body, code):
    """By JSON-RPC's numbers."""
    answered = client.post("/mcp", content=body).json()
    assert answered.get("error", {}).get("code") == code


def test_pages_of_other_sites_may_not_call_and_there_is_no_stream():
    """As the protocol asks: origins are checked, and a server without a stream says so."""
    with site(Scripted()) as client:
        assert client.post("/mcp", json={}, headers={"origin": "https://attacker.example"}).status_code == 403
        assert client.get("/mcp").status_code == 405
        assert client.post("/mcp", json={"jsonrpc": "2.0", "id": 1, "method": "ping"}).json()["result"] == {}
