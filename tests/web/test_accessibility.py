"""The chat page and the documents' pages, looked at by axe in a real browser: light and dark, on a desk and on a phone."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from bot.web.server import build_server
from tests.web.conftest import PATIENCE, running, violations
from tests.web.site import PLENTY, Scripted

DESK, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """The whole site over a scripted assistant."""
    with running(lambda: build_server(Scripted(), access=PLENTY)) as address:
        yield address


@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_fault_on_any_page(browser: Browser, site, scheme, viewport):
    """The chat when empty and after an answer, an abstention and a courtesy; the documents, one of them, and one that is not there."""
    context = browser.new_context(color_scheme=scheme, viewport=viewport, reduced_motion="reduce")
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.goto(site)
    expect(page.locator("#chat .example")).to_be_visible()
    assert violations(page) == []
    box = page.get_by_role("textbox", name="Your question")
    for count, question in enumerate(("Is it so?", "why", "hi"), start=1):
        box.fill(question)
        box.press("Enter")
        expect(page.get_by_role("log").get_by_role("group", name="Reply")).to_have_count(count)
    assert violations(page) == []
    for path in ("/documents", "/documents/remarks-2019#p12s1", "/documents/none", "/evaluation"):
        page.goto(site + path)
        assert violations(page) == [], path
    context.close()
