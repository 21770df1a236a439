"""Hostile text in a real browser: wherever it is shown, it is text. No script of it runs, and nothing of it loads or covers anything."""

import dataclasses
import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from bot.assistant import Trace
from bot.conversation import Conversation
from bot.filters import ALL_DOCUMENTS, Scope
from bot.web.access import Access
from bot.web.server import build_server
from index.document import Description, Document
from index.parse import parse_document
from tests.web.chat_server import foreign_site, served
from tests.web.conftest import PATIENCE, running
from tests.web.examples import answer, citation
from tests.web.payloads import ELSEWHERE, PAYLOADS

AT_ONCE = 5  # payloads a question on the chat page, where a question takes long
PLENTY = 100_000  # questions a minute
WATCH = "for (const name of ['alert', 'confirm', 'prompt']) window[name] = () => { window.ran = true; };"
# Everything that text could have become in a part of a page: elements, handlers, styles, and links to other places.
FOREIGN = """(part, [allowed, links]) => [...part.querySelectorAll("*")].flatMap((element) => [
  allowed.includes(element.localName) ? [] : [element.localName],
  [...element.attributes].filter(({name}) => name.startsWith("on") || name === "style" || name === "srcdoc").map(({name}) => name),
  element.href && !new RegExp(links).test(element.href) ? [element.href] : [],
].flat())"""
ELEMENTS = "a article b blockquote br button dd div dl dt form h1 h2 h3 header i li main nav p path section small span svg textarea ul"


def described(number: int) -> Description:
    """Return the description of the document that has the payload with this number in all of its fields."""
    payload = PAYLOADS[number]
    # The corpus takes no address that does not begin like this.
    url = payload if re.match("https?://", payload) else f"https://www.example.org/{payload}"
    return Description(
        f"document-{number}", payload, payload, "2019-04-24", speaker=payload, event=payload, place=payload, url=url,
        provenance=(("date_source", payload), ("title_source", payload)),
    )  # fmt: skip


class Poisoned:
    """An assistant whose documents are payloads, and which repeats every question in every part of its answer."""

    examples = (PAYLOADS[0],)
    index_fingerprint = "0" * 16

    def descriptions(self) -> tuple[Description, ...]:
        """Return one description a payload."""
        return tuple(described(number) for number in range(len(PAYLOADS)))

    def document(self, document_id: str) -> Document | None:
        """Return the document with the payload of that number as heading, point and paragraph."""
        number = int(document_id.removeprefix("document-"))
        payload = PAYLOADS[number].replace("\n", " ")
        return parse_document(described(number), f"{payload}\n\n# {payload}\n\n1. {payload}\n\n{payload} It is so. {payload}")

    def traces(self, question: str, conversation: Conversation, scope: Scope = ALL_DOCUMENTS) -> Iterator[Trace]:
        """Yield an answer that consists of the question's lines, each citing a document that consists of it too."""
        lines = [piece for piece in question.splitlines() if piece.strip()]
        citations = tuple(
            dataclasses.replace(
                citation(marker, dataclasses.replace(described(0), title=line, kind=line, date=line, speaker=line, url=line), point=line),
                quote=line,
            )
            for marker, line in enumerate(lines, start=1)
        )
        reply = answer(*((line, (marker,)) for marker, line in enumerate(lines, start=1)), citations=citations, question=question)
        yield Trace(dataclasses.replace(reply, standalone_question=f"{question}?", suggestions=tuple(lines), note=question), None)


@pytest.fixture(scope="module")
def sites() -> Iterator[tuple[str, str]]:
    """The addresses of the chat over the payloads, and of a foreign page without any policy that shows the widget."""
    with served(foreign_site()) as host:
        access = Access(allowed_origins=(host.origin,), per_address=PLENTY, per_conversation=PLENTY)
        with running(lambda: build_server(Poisoned(), access=access)) as chat:
            line = f'<script src="{chat}/widget.js" defer data-persist="none"></script>'
            host.pages["/"] = ("text/html", f'<!doctype html><link rel="icon" href="data:,"><title>x</title>{line}')
            yield chat, host.origin


@pytest.fixture
def visit(browser: Browser, sites: tuple[str, str]) -> Iterator[Callable[[str], Page]]:
    """Opens an address; at the end no script of a payload has run, no dialog was opened, and nothing was asked of another host."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    context.set_default_timeout(PATIENCE)
    context.add_init_script(WATCH)
    page, requests, dialogs = context.new_page(), [], []
    page.on("request", lambda request: requests.append(request.url))
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))

    def open_page(address: str) -> Page:
        page.goto(address)
        return page

    yield open_page
    assert page.evaluate("window.ran") is None
    assert len(context.pages) == 1
    context.close()
    assert dialogs == []
    assert [url for url in requests if not url.startswith((*(f"{site}/" for site in sites), "data:"))] == []


def squeezed(text: str) -> str:
    """Return *text* without white space, of which a page shows only that there is some."""
    return "".join(text.split())


# Asks each payload in a conversation of its own, opens its first citation, and looks.
ASK_ALL = f"""
  const root = document.querySelector("sco-chat").shadowRoot, seen = [];
  for (const payload of payloads) {{
    await ScoChat.ask(payload);
    root.querySelector(".marker").click();
    const [question, quote] = [".question", ".card blockquote"].map((part) => root.querySelector(part).textContent);
    seen.push({{question, quote, foreign: ({FOREIGN})(root.querySelector(".middle"), given)}});
    ScoChat.clear();
  }}
  return seen;"""


def foreign(part: Locator, links: str) -> list[str]:
    """Return what in a part of a page is none of ours: elements, attributes, and links that do not match *links*."""
    return part.evaluate(FOREIGN, [ELEMENTS.split(), links])


def test_there_are_two_hundred_payloads_of_many_kinds():
    """Each once; more than half of them would run something, and a third would reach another host."""
    assert len(set(PAYLOADS)) == 200
    assert sum("alert(1)" in payload for payload in PAYLOADS) > 100
    assert sum(ELSEWHERE in payload for payload in PAYLOADS) > 60


def test_the_widget_shows_every_payload_as_text(visit, sites):
    """As question, sentence, title, point, date, speaker, note, suggestion and quotation, on a page that forbids nothing."""
    page = visit(sites[1])
    page.locator("sco-chat .launcher").click()
    seen = page.evaluate(f"async ([payloads, ...given]) => {{ {ASK_ALL} }}", [PAYLOADS, ELEMENTS.split(), f"^{sites[0]}/documents"])
    assert [shown["foreign"] for shown in seen] == [[]] * len(PAYLOADS)
    for payload, shown in zip(PAYLOADS, seen, strict=True):
        first = next(line for line in payload.splitlines() if line.strip())
        assert squeezed(shown["question"]) == squeezed(f"Question: {payload}")
        assert squeezed(shown["quote"]) == squeezed(first)


LOADING = "form, iframe, object, embed, link, img, video, audio, dialog, marquee, math, base, meta"  # around the messages too


def test_the_chat_page_shows_every_payload_as_text(visit, sites):
    """As question, sentence, title, point, date, quotation and suggestion."""
    page = visit(sites[0])
    for start in range(0, len(PAYLOADS), AT_ONCE):
        typed = "\n".join(PAYLOADS[start : start + AT_ONCE])
        page.get_by_role("textbox", name="Your question").fill(typed)
        page.get_by_role("textbox", name="Your question").press("Enter")
        page.locator("#chat .answer .marker").first.wait_for()
        question = page.locator("#chat .question")
        assert squeezed(question.inner_text()) == squeezed(typed)
        for part in (question, page.locator("#chat .answer")):
            assert foreign(part, f"^{sites[0]}/documents") == [], typed
        assert page.locator("#chat").locator(LOADING).count() == 0
        page.get_by_role("button", name="New conversation").click()
        expect(question).to_have_count(0)


SHOWN = "['h1', '.text p:last-of-type'].map((part) => document.querySelector(part).textContent)"


def test_every_documents_page_shows_its_payload_as_text(visit, sites):
    """As title, kind, speaker, event, place, address, heading, point and paragraph."""
    for number, payload in enumerate(PAYLOADS):
        page = visit(f"{sites[0]}/documents/document-{number}")
        title, text, found = page.evaluate(f"(given) => [...{SHOWN}, ({FOREIGN})(document.body, given)]", [ELEMENTS.split(), "^https?://"])
        assert squeezed(title) == squeezed(payload)
        assert squeezed(text) == squeezed(f"{payload} It is so. {payload}")
        assert found == [], payload


def test_the_list_of_documents_shows_every_payload_as_text(visit, sites):
    """All at once."""
    page = visit(f"{sites[0]}/documents")
    titles = [squeezed(title) for title in page.locator(".documents a").all_text_contents()]
    assert titles == [squeezed(payload) for payload in PAYLOADS]
    assert foreign(page.locator("main"), f"^{sites[0]}/documents/document-") == []
