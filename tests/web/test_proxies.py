"""Behind a reverse proxy the site is shown under any path, as at the root of a host."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from bot.assistant import Trace
from bot.conversation import Conversation
from bot.web.access import Access
from bot.web.server import build_server
from tests.web.conftest import PATIENCE, running
from tests.web.examples import abstention
from tests.web.reverse_proxy import UnderPath
from tests.web.site import Scripted, site

PATH = "/tools/sco"
BEHIND = Access(per_address=10**6, trusted_proxies=("127.0.0.1", "testclient"))
UNDER = {"x-forwarded-prefix": PATH}
ADDRESS = re.compile(r'(?:href|src|action)="([^"#]*)')


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    """The site, behind a proxy that it believes."""
    with site(Scripted(), BEHIND) as client:
        yield client


class Measured(Scripted):
    """Stands in for the assistant also where it is measured: it abstains."""

    def trace(self, question: str, conversation: Conversation) -> Trace:
        """Return an abstention with nothing beside it."""
        return Trace(replace(abstention(question=question), nearest=()), None)


# --- what the proxy says


@pytest.mark.parametrize(
    ("sent", "root"),
    [
        ("/sco", "/sco"),
        ("/sco/", "/sco"),
        ("/tools/sco", "/tools/sco"),
        ("/", ""),
        ("", ""),
        ("sco", ""),
        ("//elsewhere.example", ""),
        ("/../up", ""),
        ("/sco/../up", ""),
        ("https://elsewhere.example/", ""),
        ('/"><script>', ""),
        ("/sco, /other", ""),
        ("/s" * 200, ""),
    ],
)
def test_a_prefix_is_a_plain_path_or_nothing(client, sent, root):
    """Gradio makes addresses of it, and so does the front page."""
    headers = {"x-forwarded-prefix": sent}
    assert client.get("/config", headers=headers).json()["root"] == f"http://testserver{root}"
    assert f'<base href="{root}/">' in client.get("/", headers=headers).text


def test_a_prefix_is_taken_from_a_trusted_proxy_alone():
    """Else a visitor could choose the addresses that are in a reply."""
    with site(Scripted(), Access(trusted_proxies=("192.0.2.1",))) as client:
        assert client.get("/config", headers=UNDER).json()["root"] == "http://testserver"


@pytest.mark.parametrize("path", ["/", "/documents", "/documents/remarks-2019", "/documents/nothing", "/evaluation", "/api"])
def test_every_address_in_a_page_is_relative(client, path):
    """So it leads to the same place under any path."""
    addresses = ADDRESS.findall(client.get(path, headers=UNDER).text)
    own = [address for address in addresses if not address.startswith("http")]
    assert [address for address in own if address and not address.startswith(("./", "../", "data:")) and address != f"{PATH}/"] == []


def test_a_reply_in_openais_form_cites_the_address_that_a_reader_can_open(client):
    """With the path that the proxy took off."""
    asked = {"messages": [{"role": "user", "content": "Is it so?"}]}
    told = client.post("/v1/chat/completions", json=asked, headers=UNDER).json()["choices"][0]["message"]
    assert told["annotations"][0]["url_citation"]["url"] == f"http://testserver{PATH}/documents/remarks-2019#p12s1"


def test_the_pages_cookie_is_for_its_own_path(client):
    """Whatever else the host shows does not get it."""
    client.cookies.clear()
    assert f"Path={PATH}/;" in client.get("/", headers=UNDER).headers["set-cookie"]


# --- in a browser


@pytest.fixture(scope="module")
def proxied() -> Iterator[str]:
    """The address of the site as the proxy shows it."""
    with running(lambda: build_server(Measured(), access=BEHIND)) as behind, running(lambda: UnderPath(PATH, behind)) as proxy:
        yield f"{proxy}{PATH}"


@pytest.fixture
def visit(browser: Browser, proxied: str) -> Iterator[Callable[[str], Page]]:
    """Opens a page below the proxy's path; at the end nothing else may have been asked for, and the console must be clean."""
    seen: list[str] = []
    said: list[str] = []
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(PATIENCE)

    def open_page(path: str) -> Page:
        page = context.new_page()
        page.on("request", lambda request: seen.append(request.url))
        page.on("response", lambda response: said.append(f"{response.status} {response.url}") if response.status >= 400 else None)
        page.on("console", lambda message: said.append(message.text) if message.type == "error" and not _of_icon(message) else None)
        page.on("pageerror", lambda error: said.append(f"{error}"))
        page.goto(f"{proxied}{path}")
        return page

    yield open_page
    requests, complaints = [*seen], [*said]
    context.close()
    assert [url for url in requests if not url.startswith((f"{proxied}/", "data:"))] == []
    assert complaints == []


def _of_icon(message: ConsoleMessage) -> bool:
    """Tell what Chromium says of the icon that it looks for at the root of every host: a report names none of its own."""
    return message.location["url"].endswith("/favicon.ico")


def answered(page: Page, question: str) -> None:
    """Ask, and wait for the reply."""
    replies = page.get_by_role("log").get_by_role("group", name="Reply")
    before = replies.count()
    page.get_by_role("textbox", name="Your question").fill(question)
    page.get_by_role("textbox", name="Your question").press("Enter")
    expect(replies).to_have_count(before + 1)
    expect(page.locator("#new")).to_be_enabled()


def test_a_question_is_answered_and_its_marker_leads_to_the_sentence(visit, proxied):
    """The page, Gradio's files and calls, the panel and the copied addresses are all below the path."""
    page = visit("/")
    answered(page, "Is it so?")
    page.get_by_role("log").locator("a.marker").first.click()
    expect(page.frame_locator("#document").locator(":target")).to_have_text("So it is.")
    assert page.locator("#panel-alone").evaluate("link => link.href") == f"{proxied}/documents/remarks-2019#p12s1"
    assert f"{proxied}/documents/remarks-2019#p12s1" in page.locator("#copied textarea").input_value()


def test_a_conversation_is_found_again_and_the_language_is_kept(visit, proxied):
    """The browser keeps both for this path."""
    page = visit("/")
    answered(page, "Is it so?")
    page.locator("#language").select_option("ru")
    expect(page.get_by_role("log").locator("a.marker")).to_have_count(3)
    assert page.locator("html").get_attribute("lang") == "ru"
    assert {cookie["path"] for cookie in page.context.cookies()} == {f"{PATH}/"}


def test_a_permanent_address_leads_on_to_the_list_and_the_chat(visit, proxied):
    """A reader who was sent the link finds the rest of the site."""
    page = visit("/documents/remarks-2019#p12s2")
    expect(page.locator(":target")).to_have_text("And so it stays.")
    page.get_by_role("link", name="All documents").click()
    expect(page).to_have_url(f"{proxied}/documents")
    page.get_by_role("link", name="Remarks at the conference").click()
    expect(page).to_have_url(f"{proxied}/documents/remarks-2019")
    page.get_by_role("link", name="Ask the documents").click()
    expect(page).to_have_url(f"{proxied}/")


def test_queries_are_measured_and_a_failure_can_be_asked_again(visit, proxied):
    """The form is sent to the path, and the report's links lead back to the chat there."""
    page = visit("/evaluation")
    file = {"name": "own.csv", "mimeType": "text/csv", "buffer": b"question,answerability,class\nhi,conversational,talk\n"}
    page.locator("#queries").set_input_files(file)
    page.get_by_role("button", name="Measure").click()
    expect(page.get_by_role("heading", name="Evaluation: own.csv")).to_be_visible()
    assert page.url == f"{proxied}/evaluation"
    again = page.get_by_role("link", name="Ask this question")
    page.locator("details").evaluate_all("all => all.forEach(one => one.open = true)")
    again.click()
    expect(page.get_by_role("textbox", name="Your question")).to_have_value("hi")
    expect(page).to_have_url(f"{proxied}/")


def test_the_page_of_the_api_names_its_own_address(visit, proxied):
    """What it shows can be copied and run."""
    page = visit("/api")
    expect(page.locator("pre").first).to_contain_text(f"{proxied}/api/chat")
    page.get_by_role("link", name="openapi.json").click()
    expect(page).to_have_url(f"{proxied}/openapi.json")
