"""The chat: Gradio blocks that turn what a visitor types into an exchange and show it. Knows nothing of HTTP.

The process keeps no conversation. The visitor's browser holds the exchanges as plain data and sends them along; every
message on the screen is rendered anew from them.
"""

import asyncio
import inspect
import json
import logging
import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from functools import lru_cache
from html import escape
from pathlib import Path

import gradio as gr
from gradio.blocks import Block

from bot.assistant import Assistant, Trace
from bot.courtesy import small_talk_kind
from bot.filters import ALL_DOCUMENTS, Scope
from bot.languages import VOICES, Voice, translated
from bot.question import MAX_QUESTION_LENGTH, check_question
from bot.web.exchange import Exchange, conversation, exchange, last_answer, notice, read_exchanges, unanswered, write_exchanges
from bot.web.labels import labels, number, wanted
from bot.web.render import copy_text, messages, reply_html
from index.errors import IndexUnreachableError, UserError

TITLE = "Ask the SCO documents"
MAX_WAITING = 64  # questions in the queue, some seconds' work; beyond it Gradio says that the server is busy
QUEUE_SLEEP_S = 0.01  # between two looks at the queue; Gradio looks every millisecond, which takes a twentieth of a core while nobody asks
PLACE_TOLD_S = 2.0  # between two words to those who wait on their place in the queue; Gradio tells all of them whenever one is served
MAX_FRONTS = 16  # front pages remembered: one a language, for a few proxies
SETTLED_S = 0.5  # what is replaced sooner is not shown: each state on the screen costs Gradio a quarter of a reply's work
# What Gradio says in English alone -> the label of what we say. A key that ends in a colon is only the beginning of what it says.
GRADIO_SAYS = {
    "Error": "error",
    "Connection to the server was lost. Attempting reconnection...": "reconnecting",
    "This application is currently busy. Please try again.": "busy",
    "Connection errored out.": "broke_off",
    "Could not parse server response:": "unreadable",
    "Close": "close",
}
FIRST_SAID = ("your_question", "ask", "copy", "new", "stop", "plain_text")  # labels that Gradio shows until the page is restored
AT_ONCE = 4  # questions answered at the same time: twice the cores of a small machine

log = logging.getLogger(__name__)
Shown = Mapping[Block, object]


def _with_signatures(page: gr.Blocks) -> gr.Blocks:
    """Return *page* with the constructors of its components knowing their own signatures.

    Gradio makes a component anew for each output of an event, and each time works its constructor's signature out twice.
    """
    for kind in {type(block) for block in page.blocks.values()}:
        constructor: object = kind.__init__
        signature = inspect.signature(kind.__init__)
        while constructor is not None:  # those that Gradio has wrapped, too
            vars(constructor)["__signature__"] = signature
            constructor = getattr(constructor, "__wrapped__", None)
    return page


class _Page(gr.Blocks):
    """Blocks whose queue, which each makes for itself, has our limits from the beginning: another one would build another application."""

    def queue(self, *arguments: object, **options: object) -> gr.Blocks:
        """Make the queue; nothing that is asked of it changes its limits."""
        super().queue(status_update_rate=PLACE_TOLD_S, max_size=MAX_WAITING, default_concurrency_limit=AT_ONCE)
        self._queue.sleep_when_free = QUEUE_SLEEP_S
        return self


def build_page(assistant: Assistant) -> gr.Blocks:  # noqa: C901  # wiring: one small function an event
    """Return the chat over *assistant*: conversation, question box, and the buttons around them."""
    english = labels()  # until the page is loaded: only then is the visitor's language known
    page = _Page(title=TITLE, analytics_enabled=False, fill_height=True)
    with page:
        # Places are those of one index, so another index begins another conversation. The key that Gradio wants for
        # what it stores in the browser hides nothing, since the page holds it too.
        held = gr.BrowserState([], storage_key=f"conversation-{assistant.index_fingerprint}", secret=assistant.index_fingerprint)
        chat = gr.Chatbot(
            show_label=False,
            elem_id="chat",
            container=False,
            buttons=[],
            autoscroll=False,  # to the end, over the beginning of a long reply; page.js scrolls
            allow_tags=False,
            latex_delimiters=[],
            feedback_options=None,
            group_consecutive_messages=False,
        )
        with gr.Row(elem_id="ask-row"):
            # Closed until the conversation is restored: Gradio loses a call that is made while an earlier one's stream is closing.
            box = gr.Textbox(label=english["your_question"], elem_id="question", max_lines=6, container=False, interactive=False)
            ask = gr.Button(english["ask"], variant="primary", elem_id="ask", scale=0, min_width=80, interactive=False)
        with gr.Row(elem_id="tools"):
            copy = gr.Button(english["copy"], elem_id="copy", scale=0, interactive=False)
            new = gr.Button(english["new"], elem_id="new", scale=0)
            stop = gr.Button(english["stop"], elem_id="stop", scale=0, visible=False)
        copied = gr.Textbox(label=english["plain_text"], elem_id="copied", visible="hidden")

        def show(exchanges: Sequence[Exchange], request: gr.Request) -> dict[Block, object]:
            answered = last_answer(exchanges)
            return {
                held: write_exchanges(exchanges),
                chat: messages(exchanges),
                copied: copy_text(answered, _site(request)) if answered else "",
                copy: gr.update(interactive=answered is not None),
                new: gr.update(interactive=True),
                stop: gr.update(visible=False),
            }

        async def put(question: object, sent: object, request: gr.Request, scope: Scope) -> AsyncIterator[Shown]:
            before, spoken = read_exchanges(sent), labels(_language(request))
            try:
                asked = check_question(question)
            except UserError:
                refused = reply_html(notice("", _refusal(question, _language(request))))
                yield {chat: [*messages(before), {"role": "assistant", "content": refused}]}
                return
            if small_talk_kind(asked) == "clear":
                yield {**show((), request), box: ""}
                return
            # Until there is a reply the browser holds the notice that there is none, so a question is never lost.
            none_yet = notice(asked, spoken["stopped"])
            emptied: dict[Block, object] = {box: ""}
            async for said, goes_on in _settled(none_yet, _replies(assistant.traces(asked, conversation(before), scope), asked, spoken)):
                shown = show((*before, said), request)
                if goes_on:
                    busy: dict[Block, object] = {stop: gr.update(visible=True), new: gr.update(interactive=False)}
                    visible = messages((*before, unanswered(asked) if said is none_yet else said))
                    yield {**shown, chat: visible, **busy, **emptied}
                else:
                    yield {**shown, **({box: asked} if said.kind == "notice" else emptied)}
                emptied = {}

        async def answer(question: object, sent: object, request: gr.Request) -> AsyncIterator[Shown]:
            async for shown in put(question, sent, request, ALL_DOCUMENTS):
                yield shown

        async def answer_chosen(sent: object, request: gr.Request, chosen: gr.SelectData) -> AsyncIterator[Shown]:
            question, exchanges, scope = _question(chosen), read_exchanges(sent), ALL_DOCUMENTS
            if exchanges and (left := exchanges[-1].without(question)) is not None:  # the last question again, of more documents
                question, sent, scope = exchanges[-1].question, write_exchanges(exchanges[:-1]), left
            async for shown in put(question, sent, request, scope):
                yield shown

        def restore(sent: object, request: gr.Request) -> Shown:
            exchanges, language = read_exchanges(sent), _language(request)
            spoken, documents = labels(language), len(assistant.descriptions())
            return {
                **show(exchanges, request),
                chat: gr.update(
                    value=messages(exchanges),
                    placeholder=f"## {spoken['welcome']}\n{spoken['promise'].format(count=documents)}",
                    examples=[{"text": translated(example, language)} for example in assistant.examples],
                ),
                box: gr.update(label=spoken["your_question"], placeholder=spoken["type_here"], interactive=True),
                ask: gr.update(value=spoken["ask"], interactive=True),
                copy: gr.update(value=spoken["copy"], interactive=last_answer(exchanges) is not None),
                new: gr.update(value=spoken["new"], interactive=True),
                stop: gr.update(value=spoken["stop"], visible=False),
            }

        def give_back(typed: object, sent: object, request: gr.Request) -> Shown:
            exchanges = read_exchanges(sent)
            lost = exchanges and exchanges[-1].kind == "notice" and not typed
            return {**show(exchanges, request), **({box: exchanges[-1].question} if lost else {})}

        def begin_anew(request: gr.Request) -> Shown:
            return show((), request)

        # Gradio makes a component anew for every output of an event, also for one that is left as it is.
        outputs = [held, chat, copied, copy, new, stop, box]
        typed = gr.on(
            [box.submit, ask.click], answer, [box, held], outputs, show_progress_on=chat, concurrency_id="answer", api_visibility="private"
        )
        picked = gr.on(
            [chat.example_select, chat.option_select],
            answer_chosen,
            [held],
            outputs,
            show_progress_on=chat,
            concurrency_id="answer",
            api_visibility="private",
        )
        stop.click(None, cancels=[typed, picked], api_visibility="private")
        # To Gradio's page a cancelled call is a failed one; only after it may the next question be sent.
        typed.failure(give_back, [box, held], outputs, show_progress="hidden", api_visibility="private")
        picked.failure(give_back, [box, held], outputs, show_progress="hidden", api_visibility="private")
        new.click(begin_anew, None, outputs, show_progress="hidden", api_visibility="private")
        page.load(restore, [held], [*outputs, ask], show_progress="hidden", api_visibility="private")
    return _with_signatures(page)


async def _settled(first: Exchange, others: AsyncIterator[Exchange]) -> AsyncIterator[tuple[Exchange, bool]]:
    """Yield *first* and *others*, each with whether it goes on; but for the last, those alone that no other follows within SETTLED_S."""
    said = first
    while True:
        coming = asyncio.ensure_future(anext(others, None))
        try:
            if not (await asyncio.wait({coming}, timeout=SETTLED_S))[0]:
                yield said, True
            following = await coming
        finally:
            coming.cancel()  # a visitor who stops leaves it behind
        if following is None:
            yield said, False
            return
        said = following


async def _replies(traces: Iterator[Trace], asked: str, spoken: Mapping[str, str]) -> AsyncIterator[Exchange]:
    """Yield what is said as it grows, or the notice that nothing can be, in the words of the labels *spoken*."""
    try:
        while trace := await asyncio.to_thread(next, traces, None):  # a visitor who stops leaves the thread behind at once
            yield exchange(trace.reply)
    except IndexUnreachableError as error:
        log.warning("A question could not be answered. %s", error)
        yield notice(asked, spoken["unreachable"])
    except Exception:
        log.exception("A question could not be answered.")
        yield notice(asked, spoken["failed"])


def _question(chosen: gr.SelectData) -> object:
    """Return the question that was clicked: an example comes as an object, a suggestion as its text."""
    return chosen.value["text"] if isinstance(chosen.value, dict) else chosen.value


def _refusal(question: object, language: Voice) -> str:
    """Return why *question* could not be asked."""
    spoken = labels(language)
    if isinstance(question, str) and len(question) > MAX_QUESTION_LENGTH:
        return spoken["too_long"].format(length=number(len(question), language), limit=number(MAX_QUESTION_LENGTH, language))
    return spoken["no_words"]


def _language(request: gr.Request) -> Voice:
    """Return the language that the visitor's browser wants."""
    return wanted(request.request.cookies, request.request.headers) if request.request else "en"


def _site(request: gr.Request) -> str:
    """Return the address that the visitor's browser used, ``http://127.0.0.1:7860``."""
    return f"{request.request.base_url}".rstrip("/") if request.request else ""


def _in_our_words(language: Voice) -> dict[str, str]:
    """Return what page.js puts into *language*: the English that Gradio's page shows -> what it is to show."""
    english, spoken = labels(), labels(language)
    return {said: spoken[name] for said, name in GRADIO_SAYS.items()} | {english[name]: spoken[name] for name in FIRST_SAID}


@lru_cache(MAX_FRONTS)
def front_page(language: Voice, root: str) -> str:
    """Return our own page around Gradio's, with the files that Gradio's page loads but none of its inline scripts.

    *root* is the path under which a proxy shows the site, ``/ask``, or nothing.
    """
    template = (Path(gr.__file__).parent / "templates" / "frontend" / "index.html").read_text(encoding="utf-8")
    assets = re.findall(r'<script type="module"[^>]* src="[^"]+"></script>|<link rel="stylesheet"[^>]* href="[^"]+">', template)
    options = "".join(
        f'<option value="{voice}" lang="{voice}"{" selected" if voice == language else ""}>{name}</option>'
        for voice, name in VOICES.items()
    )
    values = {name: escape(said) for name, said in labels(language).items()}
    values |= {"gradio": escape(json.dumps(_in_our_words(language), ensure_ascii=False))}
    values |= {"lang": language, "root": root, "languages": options, "assets": "\n".join(assets)}
    page = Path(__file__).with_name("page.html").read_text(encoding="utf-8")
    return re.sub(r"\{(\w+)\}", lambda slot: values[slot.group(1)], page)
