"""While the index is out of reach every face says so, with when to come again, and none says that the documents are silent."""

import pytest

from bot.web.labels import labels
from index.document import Document
from index.errors import IndexUnreachableError
from tests.web.examples import REMARKS
from tests.web.site import Scripted, api, events, site

WHY = "The index on Milvus at http://10.0.0.7:19530 cannot be used (no answer)."


class Severed(Scripted):
    """An assistant that knows its documents, and cannot reach them."""

    def traces(self, *asked):
        """Fail as its store does."""
        raise IndexUnreachableError(WHY)

    def search(self, *asked):
        """Fail as its store does."""
        raise IndexUnreachableError(WHY)

    def document(self, document_id: str) -> Document | None:
        """Fail as its store does."""
        raise IndexUnreachableError(WHY)


@pytest.fixture
def client():
    """The API over it."""
    return api(Severed())


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/api/chat", {"question": "Is it so?"}),
        ("POST", "/api/search", {"question": "Is it so?"}),
        ("GET", f"/api/documents/{REMARKS.document_id}", None),
    ],
)
def test_the_api_refuses_with_the_time_to_refused_index_unreachable(client, caplog, method, path, body):
    """503, for programs that wait and ask again; the server's address is for the log alone."""
    response = client.request(method, path, json=body)
    refusal = response.json()["error"]
    assert (response.status_code, refusal["code"], response.headers["retry-after"]) == (503, "index_unreachable", "10")
    assert "nothing was looked up" in refusal["message"]
    assert "10.0.0.7" not in response.text
    assert WHY in caplog.text


def test_a_stream_ends_with_the_refusal(client):
    """As with any other."""
    told = events(client.post("/api/chat", json={"question": "Is it so?", "stream": True}).text)
    assert [(event["type"], event["code"]) for event in told] == [("error", "index_unreachable")]


def test_a_documents_page_says_when_to_refused_index_unreachable_in_the_visitors_language(caplog):
    """Not that there is no such document."""
    with site(Severed()) as client:
        response = client.get(f"/documents/{REMARKS.document_id}", headers={"accept-language": "ru"})
    assert (response.status_code, response.headers["retry-after"]) == (503, "10")
    assert labels("ru")["refused_index_unreachable"] in response.text
    assert WHY in caplog.text
