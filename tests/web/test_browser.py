"""The page in a real browser: a question is asked, its answer read, its marker followed to the marked sentence."""

import asyncio
import re
import socket
import threading
from collections.abc import Callable, Iterator

import pytest
import uvicorn
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, expect

from bot.assistant import Assistant, Trace
from bot.conversation import Conversation
from bot.filters import ALL_DOCUMENTS, Scope
from bot.languages import language_of, translated
from bot.web.labels import labels
from bot.web.server import build_server
from tests.web.conftest import PATIENCE
from tests.web.examples import HOSTILE
from tests.web.site import PLENTY

CANNABIS = "What is the SCO's position on legalising cannabis?"
TERRORISM = "What is the SCO's position on terrorism?"
TRAFFICKING = "What does the SCO say about drug trafficking?"
UNANSWERED = "Who won the football world cup in 1998?"
WAIT, FAIL = "wait until told", "fail"
WIDE, LAPTOP = {"width": 1440, "height": 900}, {"width": 1280, "height": 720}
PHONE, SMALL = {"width": 390, "height": 844}, {"width": 320, "height": 568}
# What Chromium says when a machine is slow; it tells of time alone.
LATE = re.compile(r"was preloaded using link preload but not used within a few seconds")
# What Gradio says of the stream that it breaks off itself when a page is left soon after a reply.
LEFT = re.compile(r"AbortError: signal is aborted without reason")


def _complains(message: ConsoleMessage) -> bool:
    return message.type in ("error", "warning") and not LATE.search(message.text) and not LEFT.match(message.text)


class Moody:
    """The assistant, waiting until `go` is set on one question and failing on another."""

    def __init__(self, assistant: Assistant) -> None:
        self.examples, self.index_fingerprint = assistant.examples, assistant.index_fingerprint
        self.descriptions, self.document = assistant.descriptions, assistant.document
        self.go = threading.Event()
        self._assistant = assistant

    def traces(self, question: str, conversation: Conversation, scope: Scope = ALL_DOCUMENTS) -> Iterator[Trace]:
        """Yield what the assistant yields, late or not at all where the question says so."""
        if question == WAIT:
            self.go.wait(PATIENCE / 1000)
        if question == FAIL:
            raise RuntimeError("as asked")
        yield from self._assistant.traces(question, conversation, scope)


@pytest.fixture(scope="module")
def moody(assistant: Assistant) -> Moody:
    """What the site asks."""
    return Moody(assistant)


@pytest.fixture(scope="module")
def site(moody: Moody) -> Iterator[str]:
    """The address of the real server, running in a thread on a free port of this machine."""
    listening = socket.create_server(("127.0.0.1", 0))
    servers: list[uvicorn.Server] = []
    ready = threading.Event()

    async def run() -> None:
        site = build_server(moody, access=PLENTY)
        servers.append(uvicorn.Server(uvicorn.Config(site, log_level="warning", ws="none", timeout_graceful_shutdown=1)))
        ready.set()
        await servers[0].serve(sockets=[listening])

    thread = threading.Thread(target=asyncio.run, args=(run(),))
    thread.start()
    assert ready.wait(60)
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    moody.go.set()
    servers[0].should_exit = True
    thread.join(30)


@pytest.fixture
def visit(browser: Browser, site: str) -> Iterator[Callable[..., Page]]:
    """Opens the page as a new visitor; at the end nothing may have gone elsewhere, and the console must be clean."""
    contexts, requests, complaints = [], [], []

    def open_page(viewport: dict[str, int] = WIDE, path: str = "/", **options: object) -> Page:
        context = browser.new_context(viewport=viewport, **options)
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: requests.append(request.url))
        page.on("console", lambda message: complaints.append(f"{message.type}: {message.text}") if _complains(message) else None)
        page.on("pageerror", lambda error: complaints.append(f"{error}"))
        page.on("dialog", lambda dialog: (complaints.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.goto(site + path)
        return page

    yield open_page
    seen, said = [*requests], [*complaints]  # closing a page breaks off what it still waits for
    for context in contexts:
        context.close()
    elsewhere = [url for url in seen if not url.startswith((f"{site}/", "data:"))]
    assert not elsewhere, "the page asked other hosts: " + ", ".join(elsewhere)
    assert not said, "the console said: " + "; ".join(said)


def box(page: Page) -> Locator:
    """Return the box for the question."""
    return page.get_by_role("textbox", name="Your question")


def replies(page: Page) -> Locator:
    """Return the replies in the conversation."""
    return page.get_by_role("log").get_by_role("group", name="Reply")


def ask(page: Page, question: str) -> Locator:
    """Ask, and return the reply once it is there."""
    before = replies(page).count()
    box(page).fill(question)
    box(page).press("Enter")
    expect(replies(page)).to_have_count(before + 1)
    expect(page.locator("#new")).to_be_enabled()  # the stream is over: Gradio complains of a page that is left in the middle of one
    return replies(page).nth(before)


def marked(page: Page) -> str:
    """Return the sentence in the document panel whose background differs from that of the sentences around it."""
    sentence = page.frame_locator("#document").locator(":target")
    expect(sentence).to_be_visible()
    expect(sentence).to_be_in_viewport()
    colour = "element => getComputedStyle(element).backgroundColor"
    others = page.frame_locator("#document").locator("span[id]:not(:target)")
    assert sentence.evaluate(colour) != others.first.evaluate(colour)
    return sentence.inner_text().replace("\u00a0", " ")


def follow(page: Page, link: Locator) -> None:
    """Follow a link of the conversation and wait until the panel shows its place."""
    fragment = link.get_attribute("href").partition("#")[2]
    link.click()
    expect(page.frame_locator("#document").locator(f"#{fragment}:target")).to_be_visible()


# --- asking and reading


@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
def test_an_answers_marker_leads_to_the_marked_sentence_in_its_document(visit, viewport):
    """The question and the cited answer appear; the marker shows the sentence, marked, in the panel."""
    page = visit(viewport)
    reply = ask(page, CANNABIS)
    expect(page.get_by_role("group", name="Question")).to_have_text(CANNABIS)
    expect(reply).to_contain_text("raises serious concerns. [1]")
    follow(page, reply.get_by_role("link", name=re.compile(r"Source 1: .*remarks.*, point 10, 2019-04-24")))
    assert marked(page).startswith("At the same time, the trend towards legalising cannabis")


def test_a_new_answer_shows_its_first_citation_at_once(visit):
    """Nobody need click to see where an answer comes from."""
    page = visit()
    ask(page, CANNABIS)
    assert "legalising cannabis" in marked(page)


def test_each_marker_moves_the_panel_to_its_own_sentence(visit):
    """The sentence that is marked is the one that the answer repeats, or what another document says to the same effect."""
    page = visit()
    reply = ask(page, TERRORISM)
    markers = reply.locator(".marker")
    assert markers.count() > 1
    said = reply.inner_text().replace("\u00a0", " ")
    seen = []
    for number in range(markers.count()):
        follow(page, markers.nth(number))
        seen.append(marked(page))
        expect(markers.nth(number)).to_have_attribute("aria-current", "true")
    assert seen[0] in said
    assert len(set(seen)) == len(seen)
    assert all("terror" in sentence.casefold() for sentence in seen)


def test_an_abstention_is_set_apart_and_its_nearest_passages_open(visit):
    """What comes nearest is labelled as no answer, and leads to its place."""
    page = visit()
    reply = ask(page, UNANSWERED)
    expect(reply.get_by_text("Nearest passages, not an answer")).to_be_visible()
    expect(reply.locator(".marker")).to_have_count(0)
    follow(page, reply.get_by_role("link").first)
    assert marked(page) in reply.inner_text().replace("\u00a0", " ")


def test_an_example_asks_when_clicked(visit):
    """The first thing a visitor can do is one click."""
    page = visit()
    page.get_by_role("button", name=CANNABIS).click()
    expect(replies(page)).to_contain_text("legalising")


def test_a_suggested_question_asks_when_clicked(visit):
    """The last reply offers what to ask next; earlier replies no longer do."""
    page = visit()
    ask(page, CANNABIS)
    offered = page.get_by_role("log").get_by_role("button")
    question = offered.first.inner_text()
    offered.first.click()
    expect(replies(page)).to_have_count(2)
    expect(page.get_by_role("group", name="Question").last).to_have_text(question)


def test_a_filter_is_told_and_taken_away_by_a_button(visit):
    """The same question is asked again of all documents; its reply stands in the place of the first."""
    page = visit()
    expect(ask(page, "What is said in the report about the number of delegates?")).to_contain_text("Only documents that meet")
    page.get_by_role("log").get_by_role("button", name="The same without: of the kind report (“in the report”)").click()
    expect(replies(page).last).not_to_contain_text("Only documents that meet")
    expect(replies(page).last.locator(".answer")).to_be_visible()
    expect(replies(page)).to_have_count(1)


def test_what_was_understood_is_shown_where_it_is_not_what_was_typed(visit):
    """Quietly, above the answer; a whole question is not repeated."""
    page = visit()
    expect(ask(page, CANNABIS)).not_to_contain_text("Understood as")
    expect(ask(page, "and terrorism?")).to_contain_text("Understood as: What is the SCO's position on terrorism?")


def test_an_unclear_question_is_asked_back_with_questions_to_click(visit):
    """A click asks one of them, and it is answered."""
    page = visit()
    expect(ask(page, "what about it?").locator(".abstention")).to_be_visible()
    offered = page.get_by_role("log").get_by_role("button")
    assert 2 <= offered.count() <= 3
    offered.first.click()
    expect(replies(page).nth(1).locator(".marker").first).to_be_visible()


def test_a_request_to_clear_begins_a_new_conversation(visit):
    """Typed, it does what the button does."""
    page = visit()
    ask(page, CANNABIS)
    box(page).fill("Clear the conversation, please.")
    box(page).press("Enter")
    expect(replies(page)).to_have_count(0)
    expect(page.get_by_role("button", name=CANNABIS)).to_be_visible()
    expect(box(page)).to_have_value("")


def test_every_document_can_be_opened_from_the_list_in_the_panel(visit):
    """What there is to ask can be read without asking."""
    page = visit()
    panel = page.frame_locator("#document")
    panel.get_by_role("link", name=re.compile("remarks at the Moscow Conference")).click()
    expect(panel.get_by_role("heading", level=1)).to_contain_text("remarks at the Moscow Conference")
    expect(page.get_by_role("link", name="Open in a new tab")).to_have_attribute("href", "/documents/norov-remarks-mcis-2019")
    panel.get_by_role("link", name="All documents").click()
    expect(panel.get_by_role("listitem")).to_have_count(2)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_chat_and_document_follow_the_readers_colours(visit, scheme):
    """Both are dark, or both are light."""
    page = visit(color_scheme=scheme)
    ask(page, CANNABIS)
    colour = "element => getComputedStyle(element).backgroundColor"
    outer, inner = page.locator("body").evaluate(colour), page.frame_locator("#document").locator("body").evaluate(colour)
    assert outer == inner
    assert (int(re.search(r"\d+", outer).group()) < 128) == (scheme == "dark")


# --- the conversation


def test_two_visitors_do_not_see_each_others_turns(visit):
    """What one asks is on that one's page alone, also after the other loads the page again."""
    one, two = visit(), visit()
    ask(one, CANNABIS)
    ask(two, TRAFFICKING)
    two.reload()
    expect(replies(two)).to_have_count(1)
    expect(replies(one)).to_have_count(1)
    assert "cannabis" not in " ".join(two.get_by_role("log").get_by_role("group").all_inner_texts())
    assert TRAFFICKING not in " ".join(one.get_by_role("log").get_by_role("group").all_inner_texts())


def test_a_conversation_survives_a_reload_and_ends_when_asked(visit):
    """Citations included; a new conversation is empty, and stays so."""
    page = visit()
    ask(page, CANNABIS)
    page.reload()
    expect(replies(page).locator(".marker")).to_have_count(1)
    assert "legalising cannabis" in marked(page)
    page.get_by_role("button", name="New conversation").click()
    expect(replies(page)).to_have_count(0)
    expect(page.get_by_role("button", name=CANNABIS)).to_be_visible()
    page.reload()
    expect(page.get_by_role("button", name=CANNABIS)).to_be_visible()


def test_a_question_shows_at_once_and_can_be_stopped_and_asked_again(visit, moody):
    """While the reply is awaited the question is there; stopped, it is back in the box."""
    page = visit()
    box(page).fill(WAIT)
    box(page).press("Enter")
    expect(page.get_by_role("group", name="Question")).to_have_text(WAIT)
    expect(box(page)).to_have_value("")
    page.get_by_role("button", name="Stop").click()
    expect(box(page)).to_have_value(WAIT)
    expect(replies(page)).to_have_text("Stopped before an answer came.")
    expect(page.get_by_role("button", name="Stop")).to_be_hidden()
    expect(ask(page, CANNABIS)).to_contain_text("legalising")
    moody.go.set()
    expect(replies(page)).to_have_count(2)


@pytest.mark.parametrize(
    ("question", "said"),
    [("x" * 2001, "at most 2,000 are taken"), ("?", "holds no words"), (FAIL, "Something went wrong on our side")],
    ids=["too long", "no words", "an error of ours"],
)
def test_when_there_is_no_reply_the_page_says_so_and_the_question_stays(visit, question, said):
    """Nothing typed and nothing answered is lost."""
    page = visit()
    ask(page, CANNABIS)
    expect(ask(page, question)).to_contain_text(said)
    expect(box(page)).to_have_value(question)
    expect(replies(page).first).to_contain_text("legalising")


def test_a_lost_connection_is_told_and_costs_neither_the_conversation_nor_the_question(browser, site):
    """Once the server can be reached again, the page is as it was."""
    page = browser.new_context(viewport=WIDE).new_page()
    page.goto(site)
    ask(page, CANNABIS)
    page.route("**/gradio_api/**", lambda route: route.abort())
    box(page).fill(TRAFFICKING)
    box(page).press("Enter")
    expect(page.get_by_text("Connection to the server was lost")).to_be_visible()
    with page.expect_navigation():
        page.unroute("**/gradio_api/**")
    expect(box(page)).to_have_value(TRAFFICKING)
    expect(replies(page)).to_have_count(1)
    box(page).press("Enter")
    expect(replies(page)).to_have_count(2)
    page.context.close()


@pytest.mark.parametrize("language", ["ru", "zh"])
def test_a_lost_connection_is_told_in_the_pages_language(browser, site, language):
    """Gradio's own words for it are English."""
    page = browser.new_context(viewport=WIDE, locale=language).new_page()
    page.goto(site)
    asked = page.get_by_role("textbox", name=labels(language)["your_question"])
    expect(asked).to_be_editable()
    page.route("**/gradio_api/**", lambda route: route.abort())
    asked.fill(TRAFFICKING)
    asked.press("Enter")
    expect(page.get_by_text(labels(language)["reconnecting"])).to_be_visible()
    expect(page.get_by_text(labels(language)["error"])).to_be_visible()
    assert page.get_by_text("Connection").count() == 0
    page.context.close()


@pytest.mark.parametrize("language", ["ru", "zh"])
def test_until_the_page_is_restored_its_controls_are_in_the_visitors_language_already(browser, site, language):
    """And its title, whether the server ever answers or not; Gradio holds them in English."""
    page = browser.new_context(viewport=WIDE, locale=language).new_page()
    page.route("**/gradio_api/queue/join*", lambda route: route.fulfill(status=503, json={"detail": "Queue is full."}))
    page.goto(site)
    for name in ("ask", "copy", "new"):
        expect(page.get_by_role("button", name=labels(language)[name], exact=True)).to_be_visible()
    expect(page.get_by_text(labels(language)["busy"]).first).to_be_visible()
    expect(page.get_by_role("button", name=labels(language)["close"]).first).to_be_visible()
    expect(page).to_have_title(labels(language)["title"])
    shown = page.locator("#conversation").inner_text()
    assert language_of(shown) == language
    assert not re.search("[A-Za-z]", shown)
    page.context.close()


def test_the_last_answer_is_copied_with_its_references(visit, site):
    """Text with markers, then title, point, date and whole address."""
    page = visit(permissions=["clipboard-read", "clipboard-write"])
    copy = page.get_by_role("button", name="Copy with references")
    expect(copy).to_be_disabled()
    ask(page, CANNABIS)
    copy.click()
    expect(page.locator("#status")).to_have_text("Copied.")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert re.match(r"At the same time, .* concerns\. \[1\]\n\n\[1\] SCO .*, point 10, 2019-04-24\n    ", copied)
    assert copied.endswith(f"{site}/documents/norov-remarks-mcis-2019#p27s1")


# --- hostile text


def test_questions_show_as_they_were_typed(visit):
    """No markup in them is obeyed: no element, no link, no dialog, no request elsewhere."""
    page = visit()
    questions = page.get_by_role("group", name="Question")
    for count, text in enumerate(HOSTILE):
        ask(page, f"{text} word")
        typed = " ".join(f"{text} word".replace("\n", "").split())
        assert " ".join(questions.nth(count).text_content().split()) == typed
    expect(questions.locator(":not(div, span, br)")).to_have_count(0)


# --- languages


@pytest.mark.parametrize(("locale", "language"), [("ru-RU", "ru"), ("zh-CN", "zh")])
def test_the_page_speaks_the_browsers_language(visit, locale, language):
    """Heading, welcome, examples, controls and names; an example is answered by the English documents' own sentences."""
    spoken = labels(language)
    page = visit(locale=locale)
    expect(page.locator("html")).to_have_attribute("lang", language)
    expect(page.get_by_role("heading", level=1)).to_have_text(spoken["title"])
    expect(page.get_by_role("heading", name=spoken["welcome"])).to_be_visible()
    expect(page.get_by_role("button", name=spoken["ask"], exact=True)).to_be_enabled()
    expect(page.get_by_role("textbox", name=spoken["your_question"])).to_have_attribute("placeholder", spoken["type_here"])
    page.get_by_role("button", name=translated(CANNABIS, language)).click()
    log = page.get_by_role("log", name=spoken["conversation"])
    reply = log.get_by_role("group", name=spoken["reply"])
    expect(reply).to_contain_text("legalising cannabis")
    expect(reply).to_contain_text(spoken["sources"])
    expect(reply.get_by_role("link", name=re.compile(spoken["source"].format(marker=1, place="")))).to_be_visible()
    expect(page.frame_locator("#document").get_by_role("link", name=spoken["all_documents"])).to_be_visible()


def test_the_language_is_chosen_on_the_page_and_remembered(visit):
    """The conversation stays; what was typed stays; the next visit speaks it too."""
    page = visit()
    ask(page, CANNABIS)
    box(page).fill("a draft")
    page.get_by_role("combobox", name="Language").select_option("中文")
    expect(page.get_by_role("combobox", name=labels("zh")["language"])).to_have_value("zh")
    expect(page.get_by_role("button", name=labels("zh")["ask"], exact=True)).to_be_enabled()
    expect(page.get_by_role("group", name=labels("zh")["reply"])).to_contain_text("legalising cannabis")
    expect(page.get_by_role("textbox", name=labels("zh")["your_question"])).to_have_value("a draft")
    expect(page.locator("html")).to_have_attribute("lang", "zh")
    page.reload()
    expect(page.get_by_role("button", name=labels("zh")["ask"], exact=True)).to_be_visible()


def test_a_question_that_cannot_be_read_here_is_answered_in_its_language_with_questions_to_click(visit):
    """On a page in English too: the visitor reads what they wrote in."""
    page = visit()
    expect(ask(page, "Как ШОС относится к легализации марихуаны?")).to_contain_text("спросите по-английски")
    page.get_by_role("log").get_by_role("button").first.click()
    expect(replies(page).nth(1)).to_contain_text("legalising cannabis")


# --- keyboard, screen reader, phone


def test_the_page_can_be_used_with_the_keyboard_alone(visit):
    """Tab to the box, ask, keep the focus, go back to a marker, follow it with Enter."""
    page = visit()
    expect(page.get_by_role("button", name=CANNABIS)).to_be_visible()
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.tagName") == "TEXTAREA":
            break
    expect(box(page)).to_be_focused()
    page.keyboard.type("What is the SCO's position")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("on terrorism?")
    expect(box(page)).to_have_value("What is the SCO's position\non terrorism?")
    page.keyboard.press("Enter")
    expect(replies(page)).to_have_count(1)
    expect(box(page)).to_be_focused()
    second = replies(page).locator(".marker").nth(1)
    for _ in range(10):
        page.keyboard.press("Shift+Tab")
        if second.evaluate("element => element === document.activeElement"):
            break
    expect(second).to_be_focused()
    assert second.evaluate("element => getComputedStyle(element).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    fragment = second.get_attribute("href").partition("#")[2]
    expect(page.frame_locator("#document").locator(f"#{fragment}:target")).to_be_visible()
    expect(page.locator("#status")).to_contain_text("Shown in the documents panel: Source 2")


def test_everything_has_a_name_for_a_screen_reader(visit):
    """One main heading, named regions, controls and frame, and a live region for the answers."""
    page = visit()
    ask(page, CANNABIS)
    expect(page.get_by_role("heading", level=1)).to_have_text("Ask the SCO documents")
    expect(page.get_by_role("complementary", name="Documents")).to_be_visible()
    expect(page.get_by_role("main")).to_have_count(1)
    expect(page.locator("iframe")).to_have_attribute("title", "The cited document")
    expect(page.get_by_role("log")).to_have_attribute("aria-live", "polite")
    for control in page.locator("button:visible, textarea:visible, a:visible").all():
        assert re.search(r'"\S', control.aria_snapshot() or ""), control.evaluate("element => element.outerHTML")


@pytest.mark.parametrize("viewport", [PHONE, SMALL, LAPTOP], ids=["phone", "small", "laptop"])
def test_nothing_is_cut_off_and_the_box_stays_in_sight(visit, viewport):
    """No scroll bars on the page itself, however long the conversation."""
    page = visit(viewport)
    for question in (TRAFFICKING, UNANSWERED, "x" * 300):
        ask(page, question)
        width, height = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
        assert (width, height) == (viewport["width"], viewport["height"])
        expect(box(page)).to_be_in_viewport(ratio=1)
        expect(page.get_by_role("button", name="Ask", exact=True)).to_be_in_viewport(ratio=1)
        log = page.get_by_role("log")
        assert log.evaluate("element => element.scrollWidth <= element.clientWidth")


def test_a_reply_longer_than_the_screen_is_read_from_its_beginning(visit):
    """The question stands at the top; who scrolled on is left there."""
    page = visit(SMALL)
    ask(page, CANNABIS)
    reply = ask(page, UNANSWERED)
    expect(page.get_by_role("group", name="Question").last).to_be_in_viewport(ratio=1)
    expect(reply.get_by_text("The documents do not say this")).to_be_in_viewport()
    page.get_by_role("button", name="Scroll down").click()
    expect(page.get_by_role("log").get_by_role("button").last).to_be_in_viewport()


def test_on_a_phone_the_document_opens_over_the_conversation_and_closes_again(visit):
    """The focus goes with it, and comes back to the marker."""
    page = visit(PHONE)
    marker = ask(page, CANNABIS).locator(".marker")
    expect(page.locator("iframe")).to_be_hidden()
    follow(page, marker)
    close = page.get_by_role("button", name="Close")
    expect(close).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("iframe")).to_be_hidden()
    expect(marker).to_be_focused()
    page.get_by_role("button", name="Documents", exact=True).click()
    expect(page.locator("iframe")).to_be_visible()
    close.click()
    expect(page.locator("iframe")).to_be_hidden()


# --- without the script


def test_a_permanent_address_marks_its_sentence_without_any_script(visit):
    """The browser alone does it."""
    page = visit(path="/documents/norov-remarks-mcis-2019#p27s1", java_script_enabled=False)
    sentence = page.locator("#p27s1")
    expect(sentence).to_be_in_viewport()
    expect(sentence).to_have_css("background-color", "rgb(255, 229, 143)")
    expect(page.locator("#p27")).to_have_css("background-color", "rgba(0, 0, 0, 0)")


def test_without_our_script_a_marker_opens_the_permanent_address(browser, site):
    """It is an ordinary link."""
    page = browser.new_context(viewport=WIDE).new_page()
    page.route("**/page.js", lambda route: route.abort())
    page.goto(site)
    box(page).fill(CANNABIS)
    box(page).press("Enter")
    with page.context.expect_page() as opened:
        page.locator(".marker").click()
    expect(opened.value.locator(":target")).to_contain_text("legalising")
    page.context.close()


def test_without_any_script_the_page_leads_to_the_documents(visit):
    """Asking needs a script; reading does not."""
    page = visit(java_script_enabled=False)
    page.get_by_role("link", name="read them here").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("All documents")
