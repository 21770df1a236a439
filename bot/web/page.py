"""The chat: Gradio blocks that turn what a visitor types into an exchange and show it. Knows nothing of HTTP.

The process keeps no conversation. The visitor's browser holds the exchanges as plain data and sends them along; every
message on the screen is rendered anew from them.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence

import gradio as gr
from gradio.blocks import Block

from bot.assistant import Assistant
from bot.courtesy import small_talk_kind
from bot.question import check_question
from bot.web.exchange import Exchange, conversation, exchange, last_answer, notice, read_exchanges, unanswered, write_exchanges
from bot.web.render import copy_text, messages, reply_html
from index.errors import UserError

TITLE = "Ask the SCO documents"
FAILED = "Something went wrong on our side, and it has been noted. Your question is back in the box: please try again."
STOPPED = "Stopped before an answer came."
MAX_WAITING = 64  # questions in the queue, some seconds' work; beyond it Gradio says that the server is busy
AT_ONCE = 4  # questions answered at the same time: twice the cores of a small machine

log = logging.getLogger(__name__)
Shown = Mapping[Block, object]


def build_page(assistant: Assistant) -> gr.Blocks:  # noqa: C901  # wiring: one small function an event
    """Return the chat over *assistant*: conversation, question box, and the buttons around them."""
    page = gr.Blocks(title=TITLE, analytics_enabled=False, fill_height=True)
    with page:
        # Places are those of one index, so another index begins another conversation. The key that Gradio wants for
        # what it stores in the browser hides nothing, since the page holds it too.
        held = gr.BrowserState([], storage_key=f"conversation-{assistant.index_fingerprint}", secret=assistant.index_fingerprint)
        chat = gr.Chatbot(
            label="Conversation",
            show_label=False,
            elem_id="chat",
            container=False,
            buttons=[],
            allow_tags=False,
            latex_delimiters=[],
            feedback_options=None,
            group_consecutive_messages=False,
            placeholder=_welcome(len(assistant.descriptions())),
            examples=[{"text": example} for example in assistant.examples],
        )
        with gr.Row(elem_id="ask-row"):
            box = gr.Textbox(label="Your question", placeholder="Type a question", elem_id="question", max_lines=6, container=False)
            ask = gr.Button("Ask", variant="primary", elem_id="ask", scale=0, min_width=80)
        with gr.Row(elem_id="tools"):
            copy = gr.Button("Copy with references", elem_id="copy", scale=0, interactive=False)
            new = gr.Button("New conversation", elem_id="new", scale=0)
            stop = gr.Button("Stop", elem_id="stop", scale=0, visible=False)
        copied = gr.Textbox(label="The last answer as plain text", elem_id="copied", visible="hidden")

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

        async def answer(question: object, sent: object, request: gr.Request) -> AsyncIterator[Shown]:
            before = read_exchanges(sent)
            try:
                asked = check_question(question)
            except UserError as error:
                yield {chat: [*messages(before), {"role": "assistant", "content": reply_html(notice("", f"{error}"))}]}
                return
            if small_talk_kind(asked) == "clear":
                yield {**show((), request), box: ""}
                return
            # Until there is a reply the browser holds the notice that there is none, so a question is never lost.
            said = notice(asked, STOPPED)
            busy: dict[Block, object] = {stop: gr.update(visible=True), new: gr.update(interactive=False)}
            yield {**show((*before, said), request), chat: messages((*before, unanswered(asked))), box: "", **busy}
            async for said in _replies(assistant, asked, before):
                yield {**show((*before, said), request), **busy}
            yield {**show((*before, said), request), **({box: asked} if said.kind == "notice" else {})}

        async def answer_chosen(sent: object, request: gr.Request, chosen: gr.SelectData) -> AsyncIterator[Shown]:
            async for shown in answer(_question(chosen), sent, request):
                yield shown

        def restore(sent: object, request: gr.Request) -> Shown:
            return show(read_exchanges(sent), request)

        def give_back(typed: object, sent: object, request: gr.Request) -> Shown:
            exchanges = read_exchanges(sent)
            lost = exchanges and exchanges[-1].kind == "notice" and not typed
            return {**show(exchanges, request), **({box: exchanges[-1].question} if lost else {})}

        def begin_anew(request: gr.Request) -> Shown:
            return show((), request)

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
        page.load(restore, [held], outputs, show_progress="hidden", api_visibility="private")
    page.queue(max_size=MAX_WAITING, default_concurrency_limit=AT_ONCE)
    return page


async def _replies(assistant: Assistant, asked: str, before: Sequence[Exchange]) -> AsyncIterator[Exchange]:
    """Yield what is said to *asked* as it grows, or the notice that it went wrong."""
    traces = assistant.traces(asked, conversation(before))
    try:
        while trace := await asyncio.to_thread(next, traces, None):  # a visitor who stops leaves the thread behind at once
            yield exchange(trace.reply)
    except Exception:
        log.exception("A question could not be answered.")
        yield notice(asked, FAILED)


def _question(chosen: gr.SelectData) -> object:
    """Return the question that was clicked: an example comes as an object, a suggestion as its text."""
    return chosen.value["text"] if isinstance(chosen.value, dict) else chosen.value


def _welcome(documents: int) -> str:
    return f"## What would you like to know?\nThe answer comes in the exact sentences of {documents} documents, or not at all."


def _site(request: gr.Request) -> str:
    """Return the address that the visitor's browser used, ``http://127.0.0.1:7860``."""
    return f"{request.request.base_url}".rstrip("/") if request.request else ""
