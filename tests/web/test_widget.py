"""The widget in a real browser, on pages of another origin than the chat's."""

import dataclasses
import gzip
import json
import re
from collections.abc import Callable, Iterator

import pytest
import yaml
from playwright.sync_api import Browser, Locator, Page, expect

from bot.filters import Filter
from bot.languages import kind_in
from tests.project import ROOT
from tests.web.chat_server import CANNABIS, DRUGS, LEGALISING, REMARKS, WIDGET, ChatServer, Server, cited, foreign_site, served
from tests.web.conftest import PATIENCE, violations
from tests.web.examples import abstention, answer, courtesy

LIMIT = 30_000  # bytes of the compressed script: what a page's owner gives for it without thinking
QUESTION = "What about cannabis?"
WIDE, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
PAGE = """<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<link rel="icon" href="data:,"><title>News</title>{head}</head><body><main><h1>A foreign page</h1><p>{text}</p><button id="own">Own</button>
<div id="place"></div>{body}</main>{line}</body></html>"""


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[ChatServer, Server]]:
    """The chat, and the foreign site."""
    with served(ChatServer()) as chat, served(foreign_site()) as site:
        assert isinstance(chat, ChatServer)
        yield chat, site


@pytest.fixture
def chat(servers: tuple[ChatServer, Server]) -> Iterator[ChatServer]:
    """The chat, as if it had just been started."""
    servers[0].reset()
    yield servers[0]
    servers[0].go.set()


@pytest.fixture
def console() -> list[str]:
    """What the console complains of; a test that means it to takes it out."""
    return []


@pytest.fixture
def visit(browser: Browser, servers: tuple[ChatServer, Server], chat: ChatServer, console: list[str]) -> Iterator[Callable[..., Page]]:
    """Opens a page of the foreign site; at the end nothing may have gone to a third, and the console must be clean."""
    site, contexts, requests = servers[1], [], []

    def open_page(attributes: str = "", *, viewport: dict[str, int] = WIDE, **more: object) -> Page:
        """*attributes* are those of the one line; parts of the page, response headers and a browser context's options may follow."""
        parts = {"lang": "en", "head": "", "body": "", "text": "Words. " * 300, "line": line(chat, attributes)}
        parts |= {name: more.pop(name) for name in tuple(parts) if name in more}
        site.pages["/"] = ("text/html", PAGE.format(**parts))
        site.headers = more.pop("headers", {})
        before = more.pop("before", "")
        context = more.pop("context", None) or browser.new_context(viewport=viewport, **more)
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: requests.append(request.url))
        page.on("console", lambda message: console.append(message.text) if message.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: console.append(f"{error}"))
        page.on("dialog", lambda dialog: (console.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        if before:
            page.add_init_script(before)
        page.goto(site.origin)
        return page

    yield open_page
    for context in contexts:
        context.close()
    known = (f"{site.origin}/", f"{chat.origin}/", "data:", "http://127.0.0.1:1/")
    assert [url for url in requests if not url.startswith(known)] == []
    assert console == []


def line(chat: ChatServer, attributes: str = "") -> str:
    """Return the one line that a page's owner pastes."""
    return f'<script src="{chat.origin}{chat.under}/widget.js" defer {attributes}></script>'


def opened(page: Page) -> Locator:
    """Open the chat with its button and return its panel."""
    page.locator("sco-chat .launcher").click()
    return page.get_by_role("dialog", name="Ask the documents")


def ask(panel: Locator, question: str = QUESTION) -> Locator:
    """Ask, and return the reply once it is there."""
    replies = panel.get_by_role("group", name="Reply")
    before = replies.count()
    panel.get_by_role("textbox", name="Your question").fill(question)
    panel.get_by_role("textbox", name="Your question").press("Enter")
    expect(replies).to_have_count(before + 1)
    return replies.nth(before)


def events(page: Page) -> list[str]:
    """Return the names of the events that reached the document since `LISTEN` ran."""
    return page.evaluate("window.heard.map(([name]) => name)")


LISTEN = """window.heard = [];
for (const name of ["ready", "open", "close", "question", "answer", "citation-click", "reset", "error"])
  document.addEventListener(`sco-chat:${name}`, (event) => window.heard.push([name, JSON.parse(JSON.stringify(event.detail))]));"""


# --- asking and reading


def test_one_line_puts_a_button_into_the_page_that_opens_the_chat(visit, chat):
    """A visitor asks, and reads the answer with its markers; the documents are those of the script's own host."""
    panel = opened(visit())
    reply = ask(panel)
    expect(reply).to_contain_text(f"{LEGALISING}[1] {DRUGS}[2][3]")
    assert [asked["question"] for asked in chat.asked] == [QUESTION]
    expect(panel.get_by_role("link", name="All documents")).to_have_attribute("href", f"{chat.origin}/documents")


def test_a_marker_opens_the_sentence_with_its_document_point_date_and_permanent_address(visit, chat):
    """Nobody has to leave the page to see what an answer rests on."""
    panel = opened(visit())
    marker = ask(panel).get_by_role("link", name=f"Source 1: {REMARKS.title}, point 10, 2019-04-24").first
    marker.click()
    card = panel.get_by_role("dialog", name="Source 1")
    expect(card.locator("blockquote")).to_have_text(LEGALISING)
    expect(card).to_contain_text(REMARKS.title)
    expect(card).to_contain_text("point 10 · 2019-04-24 · speech · Vladimir Norov")
    expect(card.get_by_role("link", name="Read it in the document")).to_have_attribute(
        "href", f"{chat.origin}/documents/remarks-2019#p12s1"
    )
    expect(marker).to_have_attribute("aria-expanded", "true")


@pytest.mark.parametrize(
    ("printed_number", "shown"),
    [("Article 3", "Article 3, p. 7"), ("第三条", "第三条, p. 7"), ("10", "point 10, p. 7"), (None, "paragraph 12, p. 7")],
)
def test_a_place_is_named_as_its_document_names_it_with_its_page(visit, chat, printed_number, shown):
    """Nobody cites "point Article 3"."""
    place = dataclasses.replace(cited(1, REMARKS, LEGALISING, point=printed_number), page=7)
    chat.reply = answer((LEGALISING, (1,)), citations=(place,), question=QUESTION)
    expect(ask(opened(visit())).get_by_role("link", name=f"Source 1: {REMARKS.title}, {shown}, 2019-04-24").first).to_be_visible()


def test_a_marker_opened_in_another_tab_is_an_ordinary_link(visit, chat):
    """It leads to the permanent address, and tells that address nothing of the page."""
    marker = ask(opened(visit())).locator(".marker").first
    expect(marker).to_have_attribute("href", f"{chat.origin}/documents/remarks-2019#p12s1")
    expect(marker).to_have_attribute("rel", "noopener noreferrer")


def test_the_card_leads_on_to_the_answers_other_sources(visit):
    """In the order of their markers, and back."""
    panel = opened(visit())
    ask(panel).locator(".marker").first.click()
    for name in ("Source 2", "Source 3"):
        panel.get_by_role("button", name="Next source").click()
        expect(panel.get_by_role("dialog", name=name)).to_be_visible()
    expect(panel.get_by_role("button", name="Next source")).to_be_disabled()
    panel.get_by_role("button", name="Previous source").click()
    expect(panel.locator(".card blockquote")).to_have_text(DRUGS)


def test_sources_are_listed_by_document_and_what_merely_says_the_same_comes_last(visit):
    """Each document once, with its date and its cited points."""
    items = ask(opened(visit())).locator(".sources li")
    expect(items).to_have_text(
        [re.compile(rf"^{REMARKS.title}, 2019-04-24.*1 point 10.*2 point 11"), re.compile("^Also in Report.*, 2019.*3 paragraph 12")]
    )


def test_an_abstention_is_set_apart_and_its_nearest_passages_are_named_as_no_answer(visit, chat):
    """They open as sentences, never as sources."""
    chat.reply = abstention()
    panel = opened(visit())
    reply = ask(panel, "Why?")
    expect(reply).to_contain_text("The documents do not say this.")
    expect(reply.get_by_text("Nearest passages, not an answer")).to_be_visible()
    expect(reply.locator(".marker")).to_have_count(0)
    reply.get_by_role("link", name="It is near.").click()
    expect(panel.get_by_role("dialog", name="Passage, not an answer").locator("blockquote")).to_have_text("It is near.")


def test_what_was_understood_is_shown_where_it_differs_from_what_was_asked(visit, chat):
    """A follow-up names the question that was searched for; a whole question does not."""
    panel = opened(visit())
    expect(ask(panel)).not_to_contain_text("Understood as")
    chat.reply = answer(("Yes.", (1,)), citations=(cited(1, REMARKS, "Yes."),), question="Is it so?")
    chat.reply = dataclasses.replace(chat.reply, standalone_question="Is cannabis so?")
    expect(ask(panel, "Is it so?")).to_contain_text("Understood as: Is cannabis so?")


def test_the_filters_that_were_read_from_a_question_are_shown(visit, chat):
    """So that a misread word is seen."""
    filters = (Filter("since", "2017-01-01", "since 2017"), Filter("speaker", "Norov", "did Norov say"), Filter("latest", "true", "latest"))
    chat.reply = dataclasses.replace(CANNABIS, filters=filters)
    expect(ask(opened(visit()))).to_contain_text("Only documents that meet: since 2017-01-01; speaker Norov; the latest")


def test_suggestions_and_examples_ask_when_pressed(visit, chat):
    """What stands on the button is what is asked; only the last reply offers anything."""
    chat.reply = dataclasses.replace(abstention(), suggestions=("And peace?", "And drugs?"))
    panel = opened(visit('data-example-questions="What about cannabis? | Who met, and where?"'))
    panel.get_by_role("button", name="Who met, and where?").click()
    panel.get_by_role("button", name="And peace?").click()
    expect(panel.get_by_role("group", name="Reply")).to_have_count(2)
    expect(panel.get_by_role("button", name="And peace?")).to_have_count(1)
    assert [asked["question"] for asked in chat.asked] == ["Who met, and where?", "And peace?"]


def test_a_question_goes_with_the_turns_before_it_and_the_language_of_the_page(visit, chat, console):
    """So that a follow-up can be understood; what failed is no turn."""
    panel = opened(visit(lang="en-GB"))
    ask(panel)
    chat.behaviour = "fail"
    panel.get_by_role("textbox", name="Your question").fill("And this?")
    panel.get_by_role("textbox", name="Your question").press("Enter")
    panel.get_by_role("button", name="Try again").wait_for()
    chat.behaviour = "answer"
    ask(panel, "And drugs?")
    assert chat.asked[-1] == {
        "question": "And drugs?",
        "history": [{"role": "user", "content": QUESTION}, {"role": "assistant", "content": CANNABIS.text}],
        "conversation": chat.asked[0]["conversation"],
        "language": "en",
        "stream": True,
    }
    console.clear()


def test_a_sentence_is_shown_as_soon_as_it_has_come(visit, chat):
    """With its marker, which is not shown before it leads somewhere."""
    chat.behaviour = "slow"
    panel = opened(visit())
    panel.get_by_role("textbox", name="Your question").fill(QUESTION)
    panel.get_by_role("textbox", name="Your question").press("Enter")
    expect(panel.locator(".answer")).to_have_text(f"{LEGALISING}[1]")
    expect(panel.get_by_role("log")).to_have_attribute("aria-busy", "true")
    chat.go.set()
    expect(panel.locator(".answer")).to_contain_text(f"{DRUGS}[2][3]")
    expect(panel.get_by_role("log")).to_have_attribute("aria-busy", "false")


def test_an_answer_that_is_replaced_leaves_nothing_of_the_first(visit, chat):
    """Also before the last event: sentences of two answers never stand side by side."""
    chat.behaviour = "replace"
    panel = opened(visit())
    panel.get_by_role("textbox", name="Your question").fill(QUESTION)
    panel.get_by_role("textbox", name="Your question").press("Enter")
    expect(panel.locator(".answer")).to_have_text(f"{LEGALISING}[1] {DRUGS}[2][3]")
    expect(panel.get_by_role("log")).to_have_attribute("aria-busy", "true")
    chat.go.set()
    expect(panel.get_by_role("log")).to_have_attribute("aria-busy", "false")


def test_an_answer_can_be_stopped_and_the_question_is_back_in_the_box(visit, chat):
    """Nothing that was typed is lost."""
    chat.behaviour = "hang"
    panel = opened(visit())
    box = panel.get_by_role("textbox", name="Your question")
    box.fill(QUESTION)
    box.press("Enter")
    panel.get_by_role("button", name="Stop").click()
    expect(panel.get_by_role("group", name="Reply")).to_have_text("Stopped before an answer came.")
    expect(box).to_have_value(QUESTION)
    expect(panel.get_by_role("button", name="Ask", exact=True)).to_be_visible()


def test_a_visitor_says_what_is_wrong_with_a_reply(visit, chat):
    """With a note, and with the reply that is meant."""
    panel = opened(visit())
    ask(panel)
    panel.get_by_role("button", name="No", exact=True).click()
    expect(panel.get_by_role("button", name="The source is wrong")).to_be_in_viewport(ratio=1)
    panel.get_by_role("textbox", name="A note").fill("Look at point 11.")
    panel.get_by_role("button", name="The source is wrong").click()
    expect(panel.get_by_text("Thank you. It was noted.").first).to_be_visible()
    sent = chat.asked[-1]
    assert (sent["path"], sent["verdict"], sent["note"], sent["reply"]["question"]) == (
        "/api/feedback",
        "wrong_source",
        "Look at point 11.",
        QUESTION,
    )


# --- the conversation


@pytest.mark.parametrize(("persist", "kept"), [("", 1), ("session", 1), ("local", 1), ("none", 0)])
def test_a_conversation_survives_a_reload_unless_it_is_not_to_be_kept(visit, persist, kept):
    """Its citations open as before."""
    page = visit(f'data-persist="{persist}"' if persist else "")
    ask(opened(page))
    page.reload()
    panel = opened(page)
    expect(panel.get_by_role("group", name="Reply")).to_have_count(kept)
    if kept:
        panel.locator(".marker").first.click()
        expect(panel.locator(".card blockquote")).to_have_text(LEGALISING)


@pytest.mark.parametrize(("persist", "kept"), [("session", 0), ("local", 1)])
def test_only_a_conversation_kept_locally_is_found_in_another_tab(visit, persist, kept):
    """A session is one tab's."""
    page = visit(f'data-persist="{persist}"')
    ask(opened(page))
    other = visit(f'data-persist="{persist}"', context=page.context)
    expect(opened(other).get_by_role("group", name="Reply")).to_have_count(kept)


def test_a_new_conversation_is_empty_and_stays_so(visit):
    """Also after a reload."""
    page = visit()
    panel = opened(page)
    ask(panel)
    panel.get_by_role("button", name="New conversation").click()
    expect(panel.get_by_role("group", name="Reply")).to_have_count(0)
    page.reload()
    expect(opened(page).get_by_role("group", name="Reply")).to_have_count(0)


NO_STORAGE = """for (const name of ["localStorage", "sessionStorage"])
  Object.defineProperty(window, name, {get() { throw new DOMException("no", "SecurityError"); }});"""


def test_where_the_browser_keeps_nothing_the_chat_works_all_the_same(visit, chat):
    """No cookie is sent to the API either, though the browser has one for it."""
    page = visit(before=NO_STORAGE)
    page.context.add_cookies([{"name": "known", "value": "visitor", "url": chat.origin}])
    expect(ask(opened(page))).to_contain_text(LEGALISING)
    assert not [path for path, headers in chat.requests if path.startswith("/api/") and "cookie" in headers.lower()]


@pytest.mark.parametrize(
    "stored", ["{", "7", '{"turns": 7}', '{"turns": [null, {"question": 1, "reply": {"kind": "answer", "answer": []}}]}']
)
def test_what_is_stored_and_not_ours_is_passed_over(visit, chat, stored):
    """The conversation begins anew."""
    page = visit(before=f"sessionStorage.setItem('sco-chat:{chat.origin}', {json.dumps(stored)})")
    expect(opened(page).get_by_role("group", name="Reply")).to_have_count(0)


def test_several_chats_of_one_page_keep_their_conversations_apart(visit):
    """Also after a reload, and without ids."""
    page = visit(body="<sco-chat mode=inline></sco-chat><sco-chat mode=inline></sco-chat>")
    one, two = page.locator("sco-chat").nth(0), page.locator("sco-chat").nth(1)
    ask(one)
    expect(two.get_by_role("group", name="Reply")).to_have_count(0)
    page.reload()
    expect(one.get_by_role("group", name="Reply")).to_have_count(1)
    expect(two.get_by_role("group", name="Reply")).to_have_count(0)
    expect(page.locator("sco-chat")).to_have_count(2)


# --- what goes wrong is said


@pytest.mark.parametrize(
    ("behaviour", "code", "said"),
    [
        ("fail", "failed", "could not answer this because of an error of its own"),
        ("refuse", "refused", "You asked too often. Wait a minute."),
        ("refuse late", "refused", "It went wrong. Ask again."),
        ("damaged", "broken_stream", "The answer arrived damaged"),
        ("of another form", "broken_stream", "The answer arrived damaged"),
        ("cut off", "cut_off", "The connection was lost before the answer was complete"),
        ("html", "not_json", "answered with something else than the chat's data"),
        ("another server", "wrong_address", "There is no chat at"),
    ],
)
def test_an_answer_that_fails_says_why_and_can_be_tried_again(visit, chat, console, behaviour, code, said):
    """In a sentence for the visitor, in a line of the console that names it, and as an event; no half answer stays."""
    page = visit(before=LISTEN)
    panel = opened(page)
    page.wait_for_load_state("networkidle")  # until it has found its chat: what is to fail is the answer
    chat.behaviour = behaviour
    reply = ask(panel)
    expect(reply).to_contain_text(said)
    expect(reply.locator(".marker")).to_have_count(0)
    assert page.evaluate("window.heard.at(-1)")[1]["code"] == code
    assert any(text.startswith(f"[sco-chat] {code}: ") for text in console)
    chat.behaviour = "answer"
    reply.get_by_role("button", name="Try again").click()
    expect(panel.get_by_role("group", name="Reply")).to_contain_text(LEGALISING)
    console.clear()


@pytest.mark.parametrize(
    ("behaviour", "code", "said"),
    [
        ("html", "not_json", "answered with something else than the chat's data"),
        ("another server", "wrong_address", "There is no chat at"),
    ],
)
def test_a_chat_that_cannot_work_says_so_before_anything_is_asked(visit, chat, console, behaviour, code, said):
    """The page's owner reads it in the console as soon as the page is loaded."""
    chat.behaviour = behaviour
    page = visit()
    expect(opened(page).get_by_role("group", name="Reply")).to_contain_text(said)
    assert any(text.startswith(f"[sco-chat] {code}: ") for text in console)
    console.clear()


def test_a_chat_that_is_starting_says_so_and_goes_on_by_itself(visit, chat, console):
    """Before anything is asked, and with a question, which is answered once it has started."""
    chat.starting = 1
    panel = opened(visit())
    starting = panel.locator(".searching", has_text="The chat is starting. It goes on by itself…")
    expect(starting).to_be_visible()
    expect(starting).to_have_count(0)
    chat.starting = 2
    panel.get_by_role("textbox", name="Your question").fill(QUESTION)
    panel.get_by_role("textbox", name="Your question").press("Enter")
    expect(starting).to_be_visible()
    expect(panel.get_by_role("group", name="Reply")).to_contain_text(LEGALISING)
    assert [asked["question"] for asked in chat.asked] == [QUESTION]
    assert all("503" in text for text in console)  # what the browser says of every such answer
    console.clear()


def test_a_question_to_a_chat_that_is_starting_can_be_stopped(visit, chat, console):
    """It is then not sent again."""
    panel = opened(visit())
    chat.starting = 1_000
    panel.get_by_role("textbox", name="Your question").fill(QUESTION)
    panel.get_by_role("textbox", name="Your question").press("Enter")
    expect(panel.locator(".exchange .searching", has_text="The chat is starting.")).to_be_visible()
    panel.get_by_role("button", name="Stop").click()
    expect(panel.get_by_role("group", name="Reply")).to_contain_text("Stopped before an answer came.")
    assert chat.asked == []
    console.clear()


@pytest.mark.parametrize(
    ("language", "said"), [("en", "Too often. Wait."), ("ru", "Слишком много запросов за минуту."), ("zh", "一分钟内的请求太多")]
)
def test_a_refusal_is_said_in_the_pages_language(visit, chat, console, language, said):
    """By its code, where it is one that a visitor may meet; else in the server's own words."""
    chat.behaviour = "refuse often"
    page = visit(f'data-language="{language}"')
    page.evaluate("question => ScoChat.ask(question)", QUESTION)
    expect(page.locator("sco-chat .notice")).to_contain_text(said)
    console.clear()


def test_every_language_has_every_word(visit):
    """As many keys in Russian and Chinese as in English, in groups alike, and none of them empty; what differs is the words."""
    source = WIDGET.read_text(encoding="utf-8")
    words = source[source.index("const WORDS = ") + len("const WORDS = ") : source.index("const fill = ")].rpartition("};")[0] + "}"
    keys = """words => { const keys = (value, under) => typeof value === "string" ? [[under, value]] :
        Object.entries(value).flatMap(([name, inner]) => keys(inner, `${under}.${name}`));
        return Object.fromEntries(Object.entries(words).map(([language, all]) => [language, keys(all, "")])); }"""
    found = visit().evaluate(f"({keys})({words})")
    assert list(found) == ["en", "ru", "zh"]
    named = [sorted(name for name, _ in found[language]) for language in found]
    assert named[0] == named[1] == named[2]
    slots = [{name: sorted(set(re.findall(r"{\d}", said))) for name, said in found[language]} for language in found]
    assert [name for name in slots[0] if not slots[0][name] == slots[1][name] == slots[2][name] and "refusals" not in name] == []
    assert all(said.strip() for language in found for _, said in found[language])


@pytest.mark.parametrize(("language", "said"), [("ru", "пояснив по-английски: You asked"), ("zh", "用英文说明：You asked")])
def test_a_refusal_without_words_in_the_pages_language_is_said_to_be_in_english(visit, chat, console, language, said):
    """Nobody takes it for the page's own."""
    chat.behaviour = "refuse"
    page = visit(f'data-language="{language}"')
    page.evaluate("question => ScoChat.ask(question)", QUESTION)
    expect(page.locator("sco-chat .notice")).to_contain_text(said)
    console.clear()


def test_the_refusals_that_have_words_are_those_of_the_api():
    """As docs/api.md lists them; whichever else there are is told in the server's own."""
    source = WIDGET.read_text(encoding="utf-8")
    codes = set(re.findall(r'^ {8}(\w+): "\{2\}",$', source[: source.index("    ru: {")], re.MULTILINE))
    listed = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    assert {"question_refused", "rate_limited", "too_large"} <= codes
    assert [code for code in codes - {"refused"} if f"`{code}`" not in listed] == []


@pytest.mark.parametrize("language", ["ru", "zh"])
def test_kinds_of_documents_are_called_as_the_chat_page_calls_them(visit, chat, language):
    """In the filters and on a citation's card."""
    chat.reply = dataclasses.replace(CANNABIS, filters=(Filter("kind", "speech", "speech"),))
    page = visit(f'data-language="{language}" data-open-on-load="true"')
    page.evaluate("question => ScoChat.ask(question)", QUESTION)
    expect(page.locator("sco-chat .remark")).to_contain_text(kind_in("speech", language))
    page.locator("sco-chat .marker").first.click()
    expect(page.locator("sco-chat .card .where")).to_contain_text(kind_in("speech", language))


def test_the_widget_knows_the_kinds_that_the_chat_page_knows():
    """By the same words."""
    source = WIDGET.read_text(encoding="utf-8")
    rows = re.findall(r'^ {4}"?([^":]+)"?: \{ ru: "(.+?)", zh: "(.+?)" \},$', source, re.MULTILINE)
    assert len(rows) > 20
    for kind, russian, chinese in rows:
        assert (kind_in(kind, "ru"), kind_in(kind, "zh")) == (russian, chinese)
    held = yaml.safe_load((ROOT / "prompts" / "languages" / "ru.yaml").read_text(encoding="utf-8"))
    assert [kind for kind, _, _ in rows] == list(held["kinds"])


def test_a_page_that_is_not_allowed_is_told_so(visit, servers, chat, console):
    """With its own address, and in the console with what the server says to do; asking tells the same."""
    chat.allowed = False
    page = visit()
    panel = opened(page)
    refused = (
        f"This page may not show the chat: the chat at {chat.origin} does not list this page's address, {servers[1].origin}, among those"
    )
    expect(panel.get_by_role("group", name="Reply")).to_contain_text(refused)
    assert any("[sco-chat] origin_not_allowed: " in text and "SCO_ALLOWED_ORIGINS does not list it." in text for text in console)
    panel.get_by_role("textbox", name="Your question").fill(QUESTION)
    panel.get_by_role("textbox", name="Your question").press("Enter")
    expect(panel.get_by_role("group", name="Reply")).to_contain_text([refused])
    expect(panel.locator(".exchange")).to_contain_text(refused)
    console.clear()


def test_a_server_that_cannot_be_reached_is_named(visit, console):
    """And once it can, trying again is enough."""
    page = visit('data-api-url="http://127.0.0.1:1"')
    panel = opened(page)
    expect(panel.get_by_role("group", name="Reply")).to_contain_text("The chat at http://127.0.0.1:1 cannot be reached.")
    assert any(text.startswith("[sco-chat] unreachable: ") for text in console)
    console.clear()


@pytest.mark.parametrize("address", ["javascript:alert(1)", "https://", "ftp://127.0.0.1/"])
def test_an_address_that_is_none_is_named(visit, console, address):
    """Nothing is called and no link leads there."""
    page = visit(f'data-api-url="{address}"')
    panel = opened(page)
    expect(panel.get_by_role("group", name="Reply")).to_contain_text("There is no chat at")
    assert panel.get_by_role("link", name="All documents").get_attribute("href").startswith("unusable:")
    assert any(text.startswith("[sco-chat] wrong_address: ") for text in console)
    console.clear()


def test_a_policy_of_the_page_that_forbids_the_chat_is_named(visit, chat, console):
    """With the directive that has to be changed."""
    page = visit(headers={"Content-Security-Policy": f"default-src 'none'; script-src {chat.origin}"})
    panel = opened(page)
    expect(panel.get_by_role("group", name="Reply")).to_contain_text("It has to allow it under connect-src.")
    assert any("[sco-chat] blocked_by_policy: " in text and f"connect-src has to hold {chat.origin}" in text for text in console)
    console.clear()


def test_a_stream_that_stalls_is_given_up(visit, chat, console):
    """After a minute without a byte."""
    chat.behaviour = "hang"
    page = visit()
    panel = opened(page)
    page.clock.install()
    panel.get_by_role("textbox", name="Your question").fill(QUESTION)
    with page.expect_response(re.compile("/api/chat")):
        panel.get_by_role("textbox", name="Your question").press("Enter")
    page.clock.fast_forward(61_000)
    expect(panel.get_by_role("group", name="Reply")).to_contain_text("No answer came for 60 seconds")
    assert any(text.startswith("[sco-chat] stalled: ") for text in console)
    console.clear()


# --- in other people's pages


def test_a_strict_policy_needs_two_directives(visit, chat):
    """script-src and connect-src with the chat's host; no inline style, and scripts of trusted types alone."""
    policy = f"default-src 'none'; img-src data:; script-src {chat.origin}; connect-src {chat.origin}"
    types = "require-trusted-types-for 'script'; trusted-types 'none'"
    panel = opened(visit(headers={"Content-Security-Policy": f"{policy}; {types}"}))
    ask(panel).locator(".marker").first.click()
    expect(panel.locator(".card")).to_have_css("position", "absolute")


def test_behind_a_proxy_the_chat_is_found_under_the_scripts_own_path(visit, chat):
    """Addresses of sentences too."""
    chat.under = "/ask/here"
    panel = opened(visit())
    expect(ask(panel).locator(".marker").first).to_have_attribute("href", f"{chat.origin}/ask/here/documents/remarks-2019#p12s1")


HOSTILE_STYLE = """<style>
* { color: red !important; font: 40px fantasy !important; letter-spacing: 9px !important; transition: all 3s !important }
* { text-transform: uppercase !important }
button, textarea, a, div, dialog { background: lime !important; border: 9px solid !important; display: inline !important }
sco-chat { opacity: .1 !important; transform: rotate(9deg) !important; position: relative !important; filter: blur(3px) !important }
</style>"""
LOOKS = """selectors => selectors.map(selector => {
  const part = getComputedStyle(document.querySelector("sco-chat").shadowRoot.querySelector(selector));
  return [selector, part.color, part.font, part.letterSpacing, part.textTransform, part.backgroundColor, part.border, part.display];
})"""
HOST_LOOKS = "(({opacity, transform, filter}) => [opacity, transform, filter])(getComputedStyle(document.querySelector('sco-chat')))"
OWN_LOOKS = """[...document.querySelectorAll("html, body, main, h1, p, button")].map(element => {
  const style = getComputedStyle(element);
  return JSON.stringify([...style].map(name => [name, style[name]]));
})"""


def test_no_style_of_the_page_reaches_the_chat(visit):
    """However loud."""
    parts = [".root", ".panel", ".bar h2", ".question", ".marker", ".send", "#box", ".answer p"]
    seen = []
    for head in ("", HOSTILE_STYLE):
        page = visit('data-persist="none"', head=head)
        page.locator("sco-chat .launcher").click()
        ask(page.locator("sco-chat"))
        seen.append(page.evaluate(LOOKS, parts))
        assert page.evaluate(HOST_LOOKS) == ["1", "none", "none"]
    assert seen[0] == seen[1]


def test_no_style_of_the_chat_reaches_the_page(visit):
    """Every computed style is what it was without it, and the page's title and viewport are its own."""
    plain, with_chat = visit(line=""), visit()
    ask(opened(with_chat))
    with_chat.locator("#own").hover()
    plain.locator("#own").hover()
    assert with_chat.evaluate(OWN_LOOKS) == plain.evaluate(OWN_LOOKS)
    assert with_chat.title() == "News"
    assert with_chat.evaluate("Object.keys(window)") == [*plain.evaluate("Object.keys(window)"), "ScoChat"]


def test_the_pages_own_shortcuts_do_not_see_what_is_typed(visit):
    """To them the whole chat is one element, and no text box."""
    page = visit(before="window.typed = []; addEventListener('keydown', (event) => window.typed.push(event.key))")
    ask(opened(page), "s")
    assert page.evaluate("window.typed") == []


@pytest.mark.parametrize(
    ("lang", "attributes", "title", "send"),
    [
        ("ru", "", "Спросить документы", "Спросить"),
        ("zh-CN", "", "查询文件", "提问"),
        ("ru", 'data-language="en"', "Ask the documents", "Ask"),
        ("fr", "", "Ask the documents", "Ask"),
    ],
    ids=["russian page", "chinese page", "asked for", "unknown language"],
)
def test_labels_are_in_the_pages_language_or_the_one_asked_for(visit, lang, attributes, title, send):
    """In English where there are none."""
    page = visit(attributes, lang=lang)
    page.locator("sco-chat .launcher").click()
    expect(page.get_by_role("dialog", name=title).get_by_role("button", name=send, exact=True)).to_be_visible()


def test_the_owners_words_and_colour_are_taken(visit):
    """Title, greeting and placeholder as they are written; words on the colour are those that can be read."""
    words = 'data-title="Look it up <b>" data-greeting="Welcome." data-placeholder="Ask away"'
    page = visit(f'{words} data-primary-color="gold" data-position="top-left"')
    page.locator("sco-chat .launcher").click()
    panel = page.get_by_role("dialog", name="Look it up <b>")
    expect(panel).to_contain_text("Welcome.")
    expect(panel.get_by_placeholder("Ask away")).to_be_visible()
    expect(panel.locator(".send")).to_have_css("background-color", "rgb(255, 215, 0)")
    expect(panel.locator(".send")).to_have_css("color", "rgb(20, 25, 30)")
    assert panel.bounding_box()["x"] < 100
    assert panel.bounding_box()["y"] < 100


@pytest.mark.parametrize("colour", ["hsl(201 70% 27%)", "oklch(0.4 0.1 240)", "color-mix(in srgb, navy, teal)"])
def test_any_colour_of_css_is_taken(visit, colour):
    """Whatever its space."""
    panel = opened(visit(f'data-primary-color="{colour}" data-theme="light"'))
    red, green, blue = (
        int(part) for part in re.findall(r"\d+", panel.locator(".send").evaluate("b => getComputedStyle(b).backgroundColor"))
    )
    assert red < green < blue or red < green == blue
    expect(panel.locator(".send")).to_have_css("color", "rgb(255, 255, 255)")


def test_colours_follow_the_pages_custom_properties(visit):
    """As the widget's own attribute would set them."""
    page = visit(head="<style>sco-chat { --sco-chat-primary: rgb(120, 0, 60); --sco-chat-paper: rgb(250, 250, 240) }</style>")
    panel = opened(page)
    expect(panel.locator(".send")).to_have_css("background-color", "rgb(120, 0, 60)")
    expect(panel).to_have_css("background-color", "rgb(250, 250, 240)")


@pytest.mark.parametrize(
    ("theme", "scheme", "dark"), [("", "dark", True), ("auto", "light", False), ("light", "dark", False), ("dark", "light", True)]
)
def test_the_theme_is_the_one_asked_for_or_the_visitors(visit, theme, scheme, dark):
    """Dark paper or light."""
    panel = opened(visit(f'data-theme="{theme}"', color_scheme=scheme))
    expect(panel).to_have_css("background-color", "rgb(20, 25, 30)" if dark else "rgb(255, 255, 255)")


def test_inline_the_chat_stands_where_it_is_put_and_moves_nothing(visit):
    """In the target, without a button; asking scrolls the chat, not the page, and no focus is taken on loading."""
    page = visit('data-mode="inline" data-target="#place"')
    chat = page.locator("#place sco-chat")
    expect(chat.get_by_role("region", name="Ask the documents")).to_be_visible()
    expect(page.locator(".launcher")).to_have_count(0)
    assert page.evaluate("[document.activeElement.tagName, scrollY]") == ["BODY", 0]
    chat.get_by_role("textbox").evaluate("box => { box.value = 'What about cannabis?'; box.form.requestSubmit(); }")
    expect(chat.get_by_role("group", name="Reply")).to_contain_text(LEGALISING)
    assert page.evaluate("scrollY") == 0


def test_inline_without_a_target_the_chat_stands_where_the_line_does(visit, chat):
    """Right after it."""
    page = visit(line="", body=f"{line(chat, 'data-mode=inline')}<p id=after>After</p>")
    expect(page.locator("script + sco-chat + #after")).to_be_visible()


def test_a_target_that_is_not_there_is_named(visit, console):
    """The chat stands at the page's end instead."""
    page = visit('data-mode="inline" data-target="#nowhere"')
    expect(page.locator("body > sco-chat")).to_be_visible()
    assert console == ['[sco-chat] target: nothing on this page matches "#nowhere"; the chat stands at the page\'s end.']
    console.clear()


def test_the_element_takes_the_same_attributes_and_follows_their_change(visit):
    """Without a tooltip over it; a change costs neither the conversation nor an open panel."""
    page = visit("", body='<sco-chat title="Look it up" persist="none"></sco-chat>')
    expect(page.locator("sco-chat")).to_have_count(1)
    page.locator("sco-chat .launcher").click()
    chat = page.locator("sco-chat")
    ask(chat)
    chat.evaluate("chat => { chat.setAttribute('language', 'ru'); chat.setAttribute('theme', 'dark'); }")
    expect(page.get_by_role("dialog", name="Look it up")).to_have_css("background-color", "rgb(20, 25, 30)")
    expect(page.get_by_role("group", name="Ответ", exact=True)).to_contain_text(LEGALISING)
    expect(chat.locator(".root")).to_have_attribute("title", "")


# --- what a page calls and hears


def test_calls_made_before_loading_are_kept_and_done(visit, console):
    """Listeners first, so that they hear of the chat itself."""
    early = """<script>window.heard = []; window.ScoChat = [["ask", "What about cannabis?"], ["on", "ready", () => heard.push("ready")],
      ["on", "answer", ({question, reply}) => heard.push(question, reply.kind)], ["nothing"]]</script>"""
    page = visit(head=early)
    expect(page.get_by_role("group", name="Reply")).to_contain_text(LEGALISING)
    assert page.evaluate("window.heard") == ["ready", QUESTION, "answer"]
    assert console == ['[sco-chat] there is no call "nothing".']
    console.clear()


def test_a_page_opens_asks_clears_closes_and_removes_the_chat(visit):
    """Each with its event, which bubbles to the document."""
    page = visit(before=LISTEN)
    page.locator("sco-chat .launcher").wait_for()
    panel = page.get_by_role("dialog", name="Ask the documents")
    page.evaluate("ScoChat.open()")
    expect(panel).to_be_visible()
    page.evaluate("ScoChat.ask('Filled in', {submit: false})")
    expect(panel.get_by_role("textbox", name="Your question")).to_have_value("Filled in")
    assert page.evaluate("ScoChat.ask('What about cannabis?').then((reply) => reply.citations.length)") == 3
    panel.locator(".marker").first.click()
    page.evaluate("ScoChat.clear()")
    expect(panel.get_by_role("group", name="Reply")).to_have_count(0)
    page.evaluate("ScoChat.toggle()")
    expect(panel).to_be_hidden()
    assert events(page) == ["ready", "open", "question", "answer", "citation-click", "reset", "close"]
    page.evaluate("ScoChat.destroy()")
    expect(page.locator("sco-chat")).to_have_count(0)


COUNTING = """{
  const count = () => (window.count += 1);
  ScoChat.on("open", count); ScoChat.open(); ScoChat.close(); ScoChat.off("open", count); ScoChat.open();
}"""


def test_a_listener_can_be_taken_off_and_options_given_by_call(visit):
    """Init returns the new element."""
    page = visit(before="window.count = 0; window.ScoChat = [['init', {title: 'Mine', exampleQuestions: ['One, or two?']}]]")
    page.evaluate(COUNTING)
    expect(page.get_by_role("dialog", name="Mine").get_by_role("button", name="One, or two?")).to_be_visible()
    expect(page.locator("sco-chat")).to_have_count(1)
    assert page.evaluate("window.count") == 1


def test_a_page_may_show_citations_itself(visit, chat):
    """It is told the citation and its address, and prevents the card."""
    page = visit(before="addEventListener('sco-chat:citation-click', (event) => { event.preventDefault(); window.shown = event.detail; })")
    panel = opened(page)
    ask(panel).locator(".marker").first.click()
    expect(panel.locator(".card")).to_be_hidden()
    assert page.evaluate("[shown.citation.cited_text, shown.address]") == [LEGALISING, f"{chat.origin}/documents/remarks-2019#p12s1"]


# --- keyboard, screen reader, phone


def test_the_focus_moves_in_and_comes_back(visit):
    """From the button to the box; Esc closes the card, then the chat."""
    page = visit()
    for _ in range(5):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.tagName") == "SCO-CHAT":
            break
    page.keyboard.press("Enter")
    panel = page.get_by_role("dialog", name="Ask the documents")
    expect(panel.get_by_role("textbox", name="Your question")).to_be_focused()
    marker = ask(panel).locator(".marker").first
    marker.focus()
    page.keyboard.press("Enter")
    expect(panel.get_by_role("dialog", name="Source 1")).to_be_focused()
    page.keyboard.press("Escape")
    expect(marker).to_be_focused()
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(page.locator("sco-chat .launcher")).to_be_focused()


def test_opened_by_the_page_the_focus_returns_to_where_it_was(visit):
    """To the page's own button."""
    page = visit(body="<button id=mine onclick='ScoChat.open()'>Open</button>")
    page.locator("#mine").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("textbox", name="Your question")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#mine")).to_be_focused()


def test_opened_on_loading_it_takes_no_focus_and_on_a_phone_stays_shut(visit):
    """A page is there to be read."""
    page = visit('data-open-on-load="true"')
    expect(page.get_by_role("dialog", name="Ask the documents")).to_be_visible()
    assert page.evaluate("document.activeElement.tagName") == "BODY"
    expect(visit(body="<sco-chat open-on-load></sco-chat>").get_by_role("dialog", name="Ask the documents")).to_be_visible()
    expect(visit('data-open-on-load="true"', viewport=PHONE).locator("sco-chat .launcher")).to_be_visible()


def test_enter_that_ends_a_composition_sends_nothing(visit, chat):
    """In Chinese it chooses a word."""
    panel = opened(visit())
    panel.get_by_role("textbox").fill("zhong")
    panel.get_by_role("textbox").evaluate(
        "box => box.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', isComposing: true, bubbles: true, cancelable: true}))"
    )
    panel.get_by_role("textbox").press("Shift+Enter")
    expect(panel.get_by_role("textbox")).to_have_value("zhong\n")
    assert chat.asked == []


BOX = """async panel => {
  await Promise.all(panel.getAnimations().map(({finished}) => finished));
  const {x, y, width, height} = panel.getBoundingClientRect();
  return [x, y, width, height];
}"""


def test_on_a_phone_the_chat_fills_the_screen_and_keeps_the_focus(visit):
    """Nothing behind it can be reached until it is closed."""
    page = visit(viewport=PHONE)
    panel = opened(page)
    ask(panel)
    assert panel.evaluate(BOX) == [0, 0, 390, 844]
    for _ in range(12):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.tagName") != "BUTTON"
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(page.locator("sco-chat .launcher")).to_be_focused()


def test_nothing_moves_for_those_who_asked_for_less_motion(visit):
    """Neither panel nor card."""
    page = visit(reduced_motion="reduce")
    panel = opened(page)
    ask(panel).locator(".marker").first.click()
    assert page.evaluate("document.querySelector('sco-chat').shadowRoot.getAnimations().length") == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("viewport", "colour"), [(WIDE, ""), (PHONE, ""), (WIDE, "gold"), (WIDE, "#400")], ids=["wide", "phone", "gold", "maroon"]
)
def test_axe_finds_no_fault_in_any_state(visit, chat, console, viewport, scheme, colour):
    """Closed, open, with answer, card, abstention and failure; with any primary colour."""
    page = visit(
        f'data-primary-color="{colour}" data-example-questions="One?|Two?"', viewport=viewport, color_scheme=scheme, reduced_motion="reduce"
    )
    page.locator("sco-chat .launcher").wait_for()
    assert violations(page) == []
    panel = opened(page)
    ask(panel)
    chat.reply = dataclasses.replace(abstention(), suggestions=("And peace?",))
    ask(panel, "Why?")
    chat.behaviour = "fail"
    ask(panel, "And?")
    assert violations(page) == []
    chat.behaviour, chat.reply = "answer", CANNABIS
    ask(panel).locator(".marker").first.click()
    expect(panel.locator(".card")).to_be_visible()
    assert violations(page) == []
    console.clear()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_fault_inline(visit, scheme):
    """With an answer, and the form that says what is wrong with it."""
    page = visit('data-mode="inline" data-target="#place"', color_scheme=scheme)
    ask(page.locator("sco-chat"))
    page.get_by_role("button", name="No", exact=True).click()
    assert violations(page) == []


# --- the file


def test_the_widget_is_small_and_whole():
    """Under 30 KB compressed; it names no other host, builds nothing from text, and imports nothing."""
    source = WIDGET.read_text(encoding="utf-8")
    assert len(gzip.compress(source.encode("utf-8"), 9)) < LIMIT
    assert set(re.findall(r"https?://[\w./-]+", source)) == {"https://host/widget.js", "http://www.w3.org/2000/svg"}
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b|new Function|\bimport\b|srcdoc|document\.cookie", source
    )


def test_a_courtesy_is_shown_as_it_is(visit, chat):
    """With its lines, and without anything to judge."""
    chat.reply = courtesy("I answer from 2 documents:\n- one\n- two")
    panel = opened(visit())
    expect(ask(panel, "Hi")).to_have_text("I answer from 2 documents:\n- one\n- two", use_inner_text=True)
    expect(panel.get_by_text("Was this right?")).to_have_count(0)
