"""The API's page shows what its description says, without a script."""

import pytest

from tests.web.examples import Parsed
from tests.web.site import Scripted, site


@pytest.fixture(scope="module")
def client():
    """The site."""
    with site(Scripted()) as client:
        yield client


def test_every_route_field_and_refusal_of_the_description_is_on_the_page(client):
    """Nothing is left out, and nothing runs."""
    described, page = client.get("/openapi.json").json(), client.get("/api")
    shown = Parsed(page.text)
    assert page.headers["content-type"].startswith("text/html")
    assert "script" not in shown.tags
    for path, methods in described["paths"].items():
        for method in methods:
            assert f"{method.upper()} {path}" in shown.text
    for schema in described["components"]["schemas"].values():
        for field in schema.get("properties", {}):
            assert field in shown.text
    assert "Retry-After" in shown.text


def test_links_lead_to_forms_that_are_on_the_page(client):
    """And its example names the address at which it was opened."""
    text = client.get("/api").text
    for target, _ in Parsed(text).links:
        assert not target.startswith("#") or f'id="{target[1:]}"' in text
    assert "http://testserver/api/chat" in text


def test_the_description_is_for_any_program_to_read(client):
    """In OpenAPI's own form, version 3.1."""
    assert client.get("/openapi.json").json()["openapi"].startswith("3.1")
