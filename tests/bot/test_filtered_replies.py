"""Replies are made of the documents that are meant, and say so; what is meant is given, or read from the question."""

from datetime import date
from pathlib import Path

import pytest

from bot.assistant import Assistant
from bot.conversation import Conversation
from bot.filters import Filter, Scope
from bot.reply import Abstention, Answer, Reply
from index.build import build
from index.errors import NoDocumentError
from index.filters import Filters
from index.store import open_generation

CORPUS = {
    "astana-2017": (
        "title: Astana Declaration\nkind: declaration\ndate: 2017-06-09\nspeaker: The Council of Heads of State",
        "The member states will fight the illegal trade in drugs from Afghanistan together.\n"
        "The member states call for peace in Syria through talks of all parties.",
    ),
    "alimov-2018": (
        "title: Remarks in Tashkent\nkind: speech\ndate: 2018-03\nspeaker: Rashid Alimov, Secretary-General",
        "The illegal trade in drugs from Afghanistan remains the main source of money for terrorists.\n"
        "Trade between the member states has doubled within ten years.",
    ),
    "norov-2019": (
        "title: Remarks in Moscow\nkind: speech\ndate: 2019-04-24\nspeaker: Vladimir Norov, Secretary-General",
        "We are concerned that the illegal trade in drugs from Afghanistan grows from year to year.\n"
        "Young people are to be protected from extremists on the internet.",
    ),
}
DRUGS = "What is said about the illegal trade in drugs from Afghanistan?"


@pytest.fixture(scope="module")
def years(tmp_path_factory, embeddings) -> Assistant:
    """The assistant over three documents of three years, kinds and speakers."""
    folder: Path = tmp_path_factory.mktemp("years")
    (folder / "corpus").mkdir()
    for name, (head, text) in CORPUS.items():
        (folder / "corpus" / f"{name}.md").write_text(f"---\n{head}\n---\n{text}", encoding="utf-8")
    build(folder / "corpus", folder / "index", embeddings, lambda done, total: None)
    return Assistant(open_generation(folder / "index"), embeddings)


def cited(reply: Reply) -> set[str]:
    """Return the documents that an answer cites."""
    assert isinstance(reply, Answer), reply.text
    return {citation.description.document_id for citation in reply.citations}


@pytest.mark.parametrize(
    ("filters", "document_id"),
    [
        pytest.param(Filters(since=date(2019, 1, 1)), "norov-2019", id="since"),
        pytest.param(Filters(until=date(2017, 12, 31)), "astana-2017", id="until"),
        pytest.param(Filters(speakers=("Alimov",)), "alimov-2018", id="speaker"),
        pytest.param(Filters(kinds=("declaration",)), "astana-2017", id="kind"),
        pytest.param(Filters(document_ids=("norov-2019",)), "norov-2019", id="document"),
        pytest.param(Filters(latest=True), "norov-2019", id="latest"),
        pytest.param(Filters(latest=True, until=date(2018, 12, 31)), "alimov-2018", id="the latest of some"),
    ],
)
def test_an_answer_is_made_of_the_documents_of_its_filters(years, filters, document_id):
    """All three documents answer the question."""
    assert cited(years.reply(DRUGS, Conversation(), Scope(filters))) == {document_id}


@pytest.mark.parametrize(
    ("question", "document_id", "filters"),
    [
        (
            "What did they say about the illegal trade in drugs from Afghanistan in 2018?",
            "alimov-2018",
            (Filter("since", "2018-01-01", "in 2018"), Filter("until", "2018-12-31", "in 2018")),
        ),
        (
            "What is said about the illegal trade in drugs from Afghanistan in the declaration?",
            "astana-2017",
            (Filter("kind", "declaration", "in the declaration"),),
        ),
        (
            "What did Norov say about the illegal trade in drugs from Afghanistan?",
            "norov-2019",
            (Filter("speaker", "Vladimir Norov", "Norov"),),
        ),
        ("What is the latest on the illegal trade in drugs from Afghanistan?", "norov-2019", (Filter("latest", "true", "the latest"),)),
    ],
)
def test_words_of_the_question_choose_the_documents_and_are_shown(years, question, document_id, filters):
    """The reply tells each filter with the words that it was read from."""
    reply = years.reply(question, Conversation())
    assert cited(reply) == {document_id}
    assert reply.filters == filters


def test_the_latest_is_the_newest_document_that_says_something_on_the_subject(years):
    """Newer documents on other subjects do not count."""
    assert cited(years.reply("What is the latest on peace in Syria?", Conversation())) == {"astana-2017"}


def test_words_are_no_filters_where_they_were_taken_away(years):
    """A reader who was misunderstood asks again without them."""
    reply = years.reply(DRUGS.replace("?", " in the declaration?"), Conversation(), Scope(from_words=False))
    assert cited(reply) != {"astana-2017"}
    assert reply.filters == ()


def test_a_filter_that_no_document_meets_is_named(years):
    """It is neither dropped nor answered around, and the filters that some document meets are not blamed."""
    reply = years.reply("What is said about drugs in speeches since 2021?", Conversation())
    assert isinstance(reply, Abstention)
    assert (reply.reason, reply.nearest, reply.citations if isinstance(reply, Answer) else ()) == ("no_document", (), ())
    assert reply.text == ("No document here meets this: from 2021-01-01 on (“since 2021”). Take it away or change it, and ask again.")
    assert reply.filters == (Filter("since", "2021-01-01", "since 2021"), Filter("kind", "speech", "speeches"))


def test_filters_that_no_document_meets_together_are_all_named(years):
    """Each of them alone is met by some."""
    reply = years.reply(DRUGS, Conversation(), Scope(Filters(speakers=("Norov",), kinds=("declaration",))))
    assert reply.text.startswith("No document here meets this: by Norov; of the kind declaration.")


def test_an_abstention_says_which_documents_alone_were_searched(years):
    """That the documents do not say this would otherwise be said of all."""
    reply = years.reply("What is said about peace in Syria?", Conversation(), Scope(Filters(kinds=("speech",))))
    assert isinstance(reply, Abstention)
    assert reply.text.endswith("Only documents that meet this were searched: of the kind speech.")
    assert {nearest.description.kind for nearest in reply.nearest} == {"speech"}


def test_a_follow_up_keeps_the_documents_of_the_question_that_it_leans_on(years):
    """What is asked next is asked of the same documents."""
    before = Conversation().plus("user", "What does the declaration say about peace in Syria?").plus("assistant", "They call for peace.")
    reply = years.reply("And about the illegal trade in drugs?", before)
    assert cited(reply) == {"astana-2017"}
    assert [one.field for one in reply.filters] == ["kind"]


def test_a_search_keeps_to_its_filters(years):
    """Ranked as ever, or, for the latest, newest first."""
    found = years.search("drugs", Filters(kinds=("speech",), latest=True))
    dates = [passage.paragraph.document_id for passage in found.passages]
    assert dates == ["norov-2019", "norov-2019", "alimov-2018", "alimov-2018"]
    with pytest.raises(NoDocumentError):
        years.search("drugs", Filters(kinds=("treaty",)))
