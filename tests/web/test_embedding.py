"""The whole of it, with the real assistant: a page of another site embeds the chat by one line, and one that may not is told why."""

from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Browser, Page, expect
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.assistant import Assistant
from bot.web.access import Access
from bot.web.feedback import FeedbackFile
from bot.web.server import build_server
from tests.web.chat_server import WIDGET, Server, foreign_site, served
from tests.web.conftest import PATIENCE, running
from tests.web.site import Scripted

QUESTION = "What is the SCO's position on legalising cannabis?"
PAGE = '<!doctype html><html lang="en"><link rel="icon" href="data:,"><title>News</title><h1>News</h1>{line}</html>'


@pytest.fixture(scope="module")
def sites(assistant: Assistant, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Server, Server, Path]]:
    """The chat's address, a site that it lets in, one that it does not, and where feedback goes."""
    path = tmp_path_factory.mktemp("feedback") / "feedback.jsonl"
    with served(foreign_site()) as welcome, served(foreign_site()) as unwelcome:
        access = Access(allowed_origins=(welcome.origin,), feedback=FeedbackFile(path))
        with running(lambda: build_server(assistant, access=access)) as chat:
            for site in (welcome, unwelcome):
                site.pages["/"] = ("text/html", PAGE.format(line=f'<script src="{chat}/widget.js" defer></script>'))
            yield chat, welcome, unwelcome, path


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A new visitor's tab."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(PATIENCE)
    yield context.new_page()
    context.close()


def test_a_visitor_of_an_allowed_page_asks_follows_a_citation_and_finds_the_conversation_again(page, sites):
    """The quoted sentence is shown in the page, marked in the document, and there after a reload."""
    chat, welcome, _, _ = sites
    page.goto(welcome.origin)
    page.get_by_role("button", name="Ask the documents").click()
    panel = page.get_by_role("dialog", name="Ask the documents")
    panel.get_by_role("textbox", name="Your question").fill(QUESTION)
    panel.get_by_role("textbox", name="Your question").press("Enter")
    reply = panel.get_by_role("group", name="Reply")
    expect(reply).to_contain_text("raises serious concerns.")
    reply.locator(".marker").first.click()
    quoted = panel.locator(".card blockquote").inner_text()
    assert "legalising cannabis" in quoted
    with page.context.expect_page() as opened:
        panel.get_by_role("link", name="Read it in the document").click()
    sentence = opened.value.locator(":target")
    expect(sentence).to_have_text(quoted)
    expect(sentence).to_be_in_viewport()
    assert opened.value.url.startswith(f"{chat}/documents/norov-remarks-mcis-2019#p27s1")
    page.reload()
    page.get_by_role("button", name="Ask the documents").click()
    expect(reply).to_contain_text("raises serious concerns.")
    panel.get_by_role("textbox", name="Your question").fill("Where does it say that?")
    panel.get_by_role("textbox", name="Your question").press("Enter")
    expect(reply).to_have_count(2)
    expect(reply.last).to_contain_text("cannabis")


def test_what_a_visitor_thinks_of_a_reply_is_kept(page, sites):
    """In the form that becomes a test query."""
    _, welcome, _, path = sites
    page.goto(welcome.origin)
    page.get_by_role("button", name="Ask the documents").click()
    page.get_by_role("textbox", name="Your question").fill(QUESTION)
    page.get_by_role("textbox", name="Your question").press("Enter")
    page.get_by_role("button", name="Yes", exact=True).click()
    expect(page.get_by_text("Thank you. It was noted.").first).to_be_visible()
    assert QUESTION in path.read_text(encoding="utf-8")


def test_a_page_that_is_not_allowed_is_refused_with_a_sentence_that_says_why(page, sites):
    """The visitor reads it in the panel, the page's owner in the console, with what to set."""
    chat, _, unwelcome, _ = sites
    console: list[str] = []
    page.on("console", lambda message: console.append(message.text))
    page.goto(unwelcome.origin)
    page.get_by_role("button", name="Ask the documents").click()
    refused = f"the chat at {chat} does not list this page's address, {unwelcome.origin}, among those that may"
    expect(page.get_by_role("group", name="Reply")).to_contain_text(refused)
    page.get_by_role("textbox", name="Your question").fill(QUESTION)
    page.get_by_role("textbox", name="Your question").press("Enter")
    expect(page.locator(".exchange").get_by_role("group", name="Reply")).to_contain_text(refused)
    told = next(text for text in console if "[sco-chat] origin_not_allowed" in text)
    assert "SCO_ALLOWED_ORIGINS must list exactly this origin" in told


def test_a_wrong_address_on_the_right_server_is_named(page, sites):
    """As one: there is no chat there."""
    chat, welcome, _, _ = sites
    welcome.pages["/wrong"] = ("text/html", PAGE.format(line=f'<script src="{chat}/widget.js" data-api-url="{chat}/chat" defer></script>'))
    page.goto(f"{welcome.origin}/wrong")
    page.get_by_role("button", name="Ask the documents").click()
    expect(page.get_by_role("group", name="Reply")).to_contain_text(f"There is no chat at {chat}/chat.")


def test_the_demonstration_shows_the_chat_in_both_forms(page, sites):
    """The file as it comes, on another site, but for the address."""
    chat, welcome, _, _ = sites
    demo = (WIDGET.parent / "demo.html").read_text(encoding="utf-8")
    assert demo.count("http://127.0.0.1:7860") == 2
    welcome.pages["/demo"] = ("text/html", demo.replace("http://127.0.0.1:7860", chat))
    page.goto(f"{welcome.origin}/demo")
    inline = page.get_by_role("region", name="Ask the documents")
    inline.get_by_role("button", name=QUESTION).click()
    expect(inline.get_by_role("group", name="Reply")).to_contain_text("raises serious concerns.")
    expect(page.locator("sco-chat .launcher")).to_be_visible()


def test_behind_a_proxy_that_takes_a_path_off_answers_and_addresses_stand_below_it(page, sites):
    """Though the server knows nothing of the path."""
    _, welcome, _, _ = sites
    with running(lambda: below("/ask", build_server(Scripted(), access=Access(allowed_origins=(welcome.origin,))))) as proxy:
        welcome.pages["/below"] = ("text/html", PAGE.format(line=f'<script src="{proxy}/ask/widget.js" defer></script>'))
        page.goto(f"{welcome.origin}/below")
        page.get_by_role("button", name="Ask the documents").click()
        page.get_by_role("textbox", name="Your question").fill("Is it so?")
        page.get_by_role("textbox", name="Your question").press("Enter")
        page.locator(".marker").first.click()
        with page.context.expect_page() as opened:
            page.get_by_role("link", name="Read it in the document").click()
        expect(opened.value.locator(":target")).to_have_text("So it is.")
        assert opened.value.url == f"{proxy}/ask/documents/remarks-2019#p12s1"


def below(path: str, site: ASGIApp) -> ASGIApp:
    """Return *site* behind a proxy that shows it under *path* and takes the path off."""

    async def proxy(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            assert scope["path"].startswith(f"{path}/")
            stripped = scope["path"].removeprefix(path)
            scope = {**scope, "path": stripped, "raw_path": stripped.encode()}
        await site(scope, receive, send)

    return proxy


def test_the_script_is_fetched_anew_only_when_it_changed(sites):
    """By its ETag, from pages of every origin."""
    with urlopen(f"{sites[0]}/widget.js") as first:
        tag = first.headers["ETag"]
        assert first.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    with pytest.raises(OSError, match="304"):
        urlopen(Request(f"{sites[0]}/widget.js", headers={"If-None-Match": tag}))
