"""The API in OpenAI's form, as the official client library sees it."""

import asyncio
import socket
import threading
from collections.abc import Iterator

import openai
import pytest
import uvicorn

from bot.reply import reply_to_json
from bot.web.server import build_server
from tests.web.examples import abstention, answer
from tests.web.site import EXTRACT, FAILED, TWO_CITATIONS, TWO_SENTENCES, Scripted, api

REMARKS_AT_12 = "/documents/remarks-2019#p12s1"


@pytest.fixture(scope="module")
def scripted() -> Scripted:
    """What the server under test asks."""
    return Scripted()


@pytest.fixture(scope="module")
def address(scripted: Scripted) -> Iterator[str]:
    """The address of the site, served in a thread on a free port of this machine."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server: list[uvicorn.Server] = []
        started = threading.Event()

        async def run() -> None:
            config = uvicorn.Config(build_server(scripted), log_level="error", ws="none")
            server.append(uvicorn.Server(config))
            started.set()
            await server[0].serve(sockets=[listening])

        thread = threading.Thread(target=lambda: asyncio.run(run()))
        thread.start()
        assert started.wait(60)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server[0].should_exit = True
        thread.join(30)


@pytest.fixture(scope="module")
def client(address: str) -> Iterator[openai.OpenAI]:
    """The official client, which needs a key and gets one that means nothing."""
    with openai.OpenAI(base_url=f"{address}/v1", api_key="none", max_retries=0, timeout=60) as client:
        yield client


def test_the_client_reads_the_answer_and_its_citations(client, address):
    """Every marker of every sentence is an annotation: the part of the text, the permanent address, the title and the date."""
    done = client.chat.completions.create(model="sco-documents", messages=[{"role": "user", "content": "Is it so?"}], temperature=0.3)
    message = done.choices[0].message
    assert (message.role, message.content) == ("assistant", "One. [1] Two. [2][1]")
    cited = [annotation.url_citation for annotation in message.annotations]
    assert [message.content[one.start_index : one.end_index] for one in cited] == ["One.", "Two.", "Two."]
    assert [one.url.removeprefix(address) for one in cited] == [REMARKS_AT_12, "/documents/remarks-2019#p12s2", REMARKS_AT_12]
    assert {one.title for one in cited} == {"Remarks at the conference, 2019-04-24"}
    assert done.choices[0].finish_reason == "stop"


def test_the_whole_reply_comes_under_one_key(client):
    """Nothing of it is lost in OpenAI's form."""
    done = client.chat.completions.create(model="any", messages=[{"role": "user", "content": "Is it so?"}])
    assert done.sco_reply == reply_to_json(answer(*TWO_SENTENCES, citations=TWO_CITATIONS))


def test_an_abstention_is_a_message_without_annotations(client):
    """What it says is the content; that it abstained is in the whole reply."""
    done = client.chat.completions.create(model="any", messages=[{"role": "user", "content": "Why?"}])
    assert done.choices[0].message.content == abstention().text
    assert done.choices[0].message.annotations == []
    assert done.sco_reply["abstained"] is True


def test_the_turns_before_are_a_conversation(client, scripted):
    """Instructions to a model are no turns; a content of parts is their text."""
    client.chat.completions.create(
        model="any",
        messages=[
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": [{"type": "text", "text": "Is it so?"}]},
            {"role": "assistant", "content": "It is. [1]"},
            {"role": "user", "content": "And then?"},
        ],
    )
    question, conversation = scripted.asked[-1]
    assert question == "And then?"
    assert [(turn.role, turn.content) for turn in conversation.turns] == [("user", "Is it so?"), ("assistant", "It is.")]


def test_a_stream_grows_by_sentences_and_ends_with_the_citations(client):
    """The pieces make the whole content; the last chunk with a choice has the annotations and the whole reply."""
    messages = [{"role": "user", "content": "grow"}]
    chunks = list(client.chat.completions.create(model="any", messages=messages, stream=True, stream_options={"include_usage": True}))
    pieces = [chunk.choices[0].delta.content for chunk in chunks if chunk.choices and chunk.choices[0].delta.content]
    assert pieces == ["One. [1]", " Two. [2][1]"]
    assert (chunks[0].choices[0].delta.role, chunks[-2].choices[0].finish_reason) == ("assistant", "stop")
    assert [one["url_citation"]["title"] for one in chunks[-2].choices[0].delta.annotations] == [
        "Remarks at the conference, 2019-04-24"
    ] * 3
    assert chunks[-2].sco_reply["answer"] == "".join(pieces)
    assert chunks[-1].usage.total_tokens == 0
    assert len({(chunk.object, chunk.id, chunk.created) for chunk in chunks}) == 1


def test_an_answer_that_replaces_what_was_sent_follows_it_whole_with_its_note(client):
    """A client cannot take back what it got; the annotations are those of the text that it has in the end."""
    chunks = list(client.chat.completions.create(model="any", messages=[{"role": "user", "content": "break"}], stream=True))
    content = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert content == f"One. [1]\n\n{FAILED}\n\n{EXTRACT.text}"
    cited = [one["url_citation"] for one in chunks[-1].choices[0].delta.annotations]
    assert [content[one["start_index"] : one["end_index"]] for one in cited] == ["Alpha.", "Beta."]


def test_a_client_may_send_null_for_what_it_leaves_out():
    """As OpenAI's own description of the request lets it; nothing is streamed then, and no usage told."""
    asked = {"messages": [{"role": "user", "content": "Is it so?"}], "model": None, "stream": None, "stream_options": None}
    with api(Scripted()) as client:
        assert client.post("/v1/chat/completions", json=asked).json()["object"] == "chat.completion"
        asked |= {"stream": True, "stream_options": {"include_usage": None}}
        assert '"usage"' not in client.post("/v1/chat/completions", json=asked).text


def test_what_cannot_be_asked_is_an_error_of_the_client(client):
    """It holds our message and code."""
    with pytest.raises(openai.UnprocessableEntityError, match="no words") as raised:
        client.chat.completions.create(model="any", messages=[{"role": "user", "content": "?!"}])
    assert raised.value.code == "question_refused"
    with pytest.raises(openai.UnprocessableEntityError, match="last"):
        client.chat.completions.create(model="any", messages=[{"role": "assistant", "content": "It is."}])


def test_a_failure_in_a_stream_is_an_error_of_the_client(client):
    """Not an answer that ends early."""
    with pytest.raises(openai.APIError, match="went wrong"):
        list(client.chat.completions.create(model="any", messages=[{"role": "user", "content": "fail"}], stream=True))


def test_there_is_one_model(client):
    """Listed and described; another is not found."""
    assert [model.id for model in client.models.list()] == ["sco-documents"]
    assert client.models.retrieve("sco-documents").object == "model"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("gpt-4")
