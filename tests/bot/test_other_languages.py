"""A question in Russian or Chinese is answered in its language from the English documents, or told honestly why not."""

from collections.abc import Mapping, Sequence

import numpy as np
import pytest
import yaml
from numpy.typing import NDArray

from app import EXAMPLES
from bot.assistant import Assistant
from bot.chat_model import open_chat_model
from bot.conversation import Conversation
from bot.languages import english_twin, language_of, translated
from bot.messages import messages
from bot.reply import Abstention, Answer, Courtesy
from index.embedding import Encoder, TokenStates, Vectors
from tests.bot.openai_server import openai_server
from tests.project import ROOT

CANNABIS = "What is the SCO's position on legalising cannabis?"
TRAFFICKING = "What does the SCO say about drug trafficking?"
OTHERS = {"ru": "Как ШОС относится к легализации марихуаны?", "zh": "上合组织怎样看待娱乐用大麻？"}  # no twins
LANGUAGES = pytest.mark.parametrize("language", OTHERS)


@LANGUAGES
@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_in_another_language_is_answered_as_its_english_twin_is(assistant, language, example):
    """In the same sentences, word for word, with a word on the documents' language."""
    reply, twin = (assistant.reply(question, Conversation()) for question in (translated(example, language), example))
    assert isinstance(reply, Answer)
    assert (reply.text, reply.citations) == (twin.text, twin.citations)
    assert (reply.question, reply.standalone_question) == (translated(example, language), example)
    assert reply.note == messages(language)["original_language"]
    assert twin.note == ""


@LANGUAGES
def test_what_this_set_up_cannot_read_is_said_in_its_language(assistant, language):
    """With what to set, and with twins of English questions to try, of which the first names the subject; each is answered."""
    reply = assistant.reply(OTHERS[language], Conversation())
    assert isinstance(reply, Abstention)
    assert (reply.reason, reply.text) == ("other_language", messages(language)["other_language"])
    assert all(name in reply.text for name in ("SCO_CHAT_MODEL", "SCO_EMBEDDING_MODEL"))
    assert 1 <= len(reply.suggestions) <= 3
    assert "cannabis" in english_twin(reply.suggestions[0])
    for question in reply.suggestions:
        assert language_of(question) == language
        assert isinstance(assistant.reply(question, Conversation()), Answer), question


@pytest.mark.parametrize("question", ["Какая завтра погода?", "ما هو موقف المنظمة من المخدرات؟", "किसान"])
def test_a_question_of_which_no_word_is_known_is_offered_what_the_documents_answer(assistant, question):
    """Any script is told from English."""
    reply = assistant.reply(question, Conversation())
    assert isinstance(reply, Abstention)
    assert reply.reason == "other_language"
    assert reply.suggestions


@LANGUAGES
def test_what_is_offered_next_is_in_the_questions_language_and_was_not_asked(assistant, language):
    """Neither a question that was asked by its twin; the reply to what refers to nothing gives its example in that language too."""
    conversation = Conversation().plus("user", translated(TRAFFICKING, language)).plus("assistant", "So.")
    reply = assistant.reply(translated(CANNABIS, language), conversation)
    assert {language_of(question) for question in reply.suggestions} == {language}
    assert not {translated(question, language) for question in (CANNABIS, TRAFFICKING)} & set(reply.suggestions)


@LANGUAGES
def test_small_talk_is_answered_in_its_language_with_an_example_in_it(assistant, language):
    """The example can be asked as it stands."""
    reply = assistant.reply({"ru": "Что ты умеешь?", "zh": "你能做什么？"}[language], Conversation())
    assert isinstance(reply, Courtesy)
    assert translated(CANNABIS, language) in reply.text


def test_a_follow_up_in_english_leans_on_a_twin_and_on_nothing_unread(assistant):
    """What could not be read is no subject to take up."""
    twin, unread = translated("What does the SCO say about drug trafficking?", "ru"), OTHERS["ru"]
    asked = assistant.reply("and terrorism?", Conversation().plus("user", twin).plus("assistant", "So.").plus("user", unread))
    assert asked.standalone_question == "What does the SCO say about terrorism?"


# --- with a chat model


@pytest.fixture(scope="module")
def translating(generation, embeddings):
    """A server that writes one English question whatever it is asked, and the assistant with it."""
    with openai_server() as server, pytest.MonkeyPatch.context() as variables:
        variables.setenv("OPENAI_BASE_URL", server.address)
        variables.setenv("OPENAI_API_KEY", "none")
        server.write = lambda sent: CANNABIS
        yield server, Assistant(generation, embeddings, EXAMPLES, open_chat_model("openai:m"))


@LANGUAGES
def test_with_a_chat_model_the_question_is_put_into_english_and_answered_word_for_word(translating, assistant, language):
    """The model is asked once: an answer worded in another language could not be verified, so none is."""
    server, translator = translating
    server.asked.clear()
    reply = translator.reply(OTHERS[language], Conversation())
    assert isinstance(reply, Answer)
    assert reply.text == assistant.reply(CANNABIS, Conversation()).text
    assert (reply.mode, reply.standalone_question) == ("extractive", CANNABIS)
    assert reply.note == messages(language)["original_language"]
    assert len(server.asked) == 1


def test_small_talk_in_another_language_costs_no_call(translating):
    """It is known without a model."""
    server, translator = translating
    server.asked.clear()
    assert isinstance(translator.reply("Спасибо!", Conversation()), Courtesy)
    assert server.asked == []


@LANGUAGES
def test_a_chat_model_that_fails_to_translate_is_said_in_the_questions_language(translating, language):
    """What is set need not be set again."""
    server, translator = translating
    server.behaviour = "failing"
    reply = translator.reply(OTHERS[language], Conversation())
    server.behaviour = "write"
    assert isinstance(reply, Abstention)
    assert (reply.reason, reply.text) == ("other_language", messages(language)["not_translated"])


# --- with a model that reads the language


class Polyglot(Encoder):
    """The default model, to which a text of *twins* is its English twin: as good as a model of many languages can be."""

    def __init__(self, encoder: Encoder, twins: Mapping[str, str]) -> None:
        self.files, self.dimension = encoder.files, encoder.dimension
        self._encoder, self._twins = encoder, twins

    def _english(self, texts: Sequence[str]) -> list[str]:
        return [self._twins.get(text, text) for text in texts]

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        """As the default model does to their English twins."""
        return self._encoder.encode_documents(self._english(texts))

    def encode_question(self, question: str) -> Vectors:
        """As the default model does to its English twin."""
        return self._encoder.encode_question(*self._english([question]))

    def encode_tokens(self, texts: Sequence[str]) -> tuple[Vectors, list[TokenStates]]:
        """As the default model does to their English twins."""
        return self._encoder.encode_tokens(self._english(texts))

    def token_ids(self, text: str) -> NDArray[np.int64]:
        """As the default model does to its English twin."""
        return self._encoder.token_ids(*self._english([text]))

    def lower_states(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """As the default model does."""
        return self._encoder.lower_states(ids)


@LANGUAGES
def test_a_model_that_reads_the_language_needs_no_reader(generation, embeddings, language, monkeypatch):
    """The reader is for the default model alone; nearness then decides, and sentences still stand word for word in the documents."""
    monkeypatch.setattr("index.search.open_reader", lambda digest: None)
    reply = _reading(generation, embeddings, language).reply(OTHERS[language], Conversation())
    assert isinstance(reply, Answer)
    assert {sentence.status for sentence in reply.sentences} == {"verbatim"}
    assert reply.note == messages(language)["original_language"]


def _reading(generation, embeddings, language) -> Assistant:
    data = yaml.safe_load((ROOT / "prompts" / "languages" / f"{language}.yaml").read_text(encoding="utf-8"))
    twins = {twin: english for english, twin in data["sentences"].items()} | {OTHERS[language]: CANNABIS}
    return Assistant(generation, Polyglot(embeddings, twins), EXAMPLES)


@LANGUAGES
def test_with_a_model_that_reads_the_language_its_questions_are_searched_for_as_they_are(generation, embeddings, language):
    """The document's own sentences, with a word on their language."""
    reply = _reading(generation, embeddings, language).reply(OTHERS[language], Conversation())
    assert isinstance(reply, Answer)
    assert "drugs" in reply.citations[0].quote
    assert reply.standalone_question == OTHERS[language]
    assert reply.note == messages(language)["original_language"]
