"""Questions to begin with are those that the documents at hand answer, whoever wrote them down."""

import pytest

from bot.assistant import Assistant
from bot.conversation import Conversation
from index.build import build
from index.store import open_generation
from tests.fakes import WordEmbeddings
from tests.index.test_crash import put, silent

FRUIT = "Apples grow in Tashkent."
NAMED = "What the documents do say is about Utopia."


@pytest.fixture
def over(tmp_path):
    """Makes an assistant over one document of a text, with these examples."""

    def made(text: str, examples: list[str]) -> Assistant:
        embeddings = WordEmbeddings()
        build(put(tmp_path / "corpus", {"one-2019": text}), tmp_path / "index", embeddings, silent)
        return Assistant(open_generation(tmp_path / "index"), embeddings, examples)

    return made


def test_examples_that_the_documents_do_not_answer_are_not_offered(over):
    """The others are, in their order."""
    examples = ["Is the organisation a bloc?", "Where do apples grow?", "What is the capital of France?", "Apples?"]
    assert over(FRUIT, examples).examples == ("Where do apples grow?", "Apples?")


def test_where_no_example_is_answered_questions_about_the_documents_are_offered(over):
    """Those that are offered beside replies."""
    assert over(NAMED, ["Apples?"]).examples == ("What do the documents say about Utopia?",)


@pytest.mark.parametrize("message", ["help", "What about it?"])
def test_where_nothing_can_be_offered_no_example_is_quoted(over, message):
    """The half-sentence that would hold it is left out."""
    assistant = over(FRUIT, ["Is the organisation a bloc?"])
    assert assistant.examples == ()
    text = assistant.reply(message, Conversation()).text
    assert text.endswith(".")
    assert "“" not in text
