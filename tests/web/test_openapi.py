"""The API's description is true: whatever it allows is answered as it says, and what it does not allow is refused."""

import asyncio

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    positive_data_acceptance,
    response_schema_conformance,
    status_code_conformance,
)

from bot.web.access import Access
from bot.web.feedback import FeedbackFile
from bot.web.server import build_server
from tests.web.site import Scripted

EXAMPLES = 12  # requests of each kind for a route: seconds in all
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
ROUTES = [
    "POST /api/chat",
    "POST /api/search",
    "GET /api/documents",
    "GET /api/documents/{document_id}",
    "POST /api/feedback",
    "POST /v1/chat/completions",
    "GET /v1/models",
    "GET /v1/models/{model}",
    "GET /api/embedding",
    "GET /healthz",
    "GET /readyz",
    "GET /metrics",
]


@pytest.fixture(scope="module")
def described(tmp_path_factory):
    """What the site says of its API, with the site behind it, route by route."""

    async def built():
        file = FeedbackFile(tmp_path_factory.mktemp("feedback") / "feedback.jsonl")
        return build_server(Scripted(), access=Access(per_address=1_000_000, per_conversation=1_000_000, feedback=file))

    schema = schemathesis.openapi.from_asgi("/openapi.json", asyncio.run(built()))
    return {operation.label: operation for operation in (found.ok() for found in schema.get_all_operations())}


def test_every_route_is_described(described):
    """And no other."""
    assert sorted(described) == sorted(ROUTES)


@pytest.mark.parametrize("route", ROUTES)
def test_what_the_description_allows_is_answered_as_it_says(described, route):
    """Status, type and form are among those described, and a request of the described form is not refused for its form.

    That the last message of a completion's is the user's and holds words cannot be described.
    """
    checks = CHECKS if route.startswith("POST /v1") else [*CHECKS, positive_data_acceptance]

    @given(described[route].as_strategy(generation_mode=GenerationMode.POSITIVE))
    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
    def ask(case):
        case.call_and_validate(checks=checks)

    ask()


@pytest.mark.parametrize("route", [route for route in ROUTES if route.startswith("POST")])
def test_what_the_description_does_not_allow_is_refused(described, route):
    """With a status and form that are described as well."""

    @given(described[route].as_strategy(generation_mode=GenerationMode.NEGATIVE))
    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
    def ask(case):
        case.call_and_validate(checks=[*CHECKS, negative_data_rejection])

    ask()
