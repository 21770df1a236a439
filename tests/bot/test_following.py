"""A server answers from the new index as soon as a build has switched to it, each reply from one index alone."""

from bot.assistant import Assistant
from bot.conversation import Conversation
from bot.following import FollowingAssistant
from index import current
from index.build import build
from index.current import Folder, Following
from index.store import open_generation
from tests.fakes import WordEmbeddings
from tests.index.test_crash import put, silent
from tests.index.test_current import until


def test_replies_documents_and_fingerprint_go_over_to_the_new_index(tmp_path, monkeypatch):
    """All of them at once, with no restart; a reply that was begun is ended by the old one."""
    monkeypatch.setattr(current, "CHECKED_EVERY", 0.0)
    embeddings = WordEmbeddings()
    first = build(put(tmp_path / "corpus", {"one-2019": "Apples grow in Tashkent."}), tmp_path / "index", embeddings, silent)
    old = open_generation(tmp_path / "index")
    following = Following(
        Folder(tmp_path / "index"), old, lambda store: Assistant(store, embeddings, ["Apples?", "Pears grow in Bishkek?"])
    )
    assistant = FollowingAssistant(following)
    assert assistant.index_fingerprint == first.index_fingerprint
    assert assistant.examples == ("Apples?",)
    begun = assistant.traces("Where do apples grow?", Conversation())

    second = build(put(tmp_path / "corpus", {"two-2020": "Pears grow in Bishkek."}), tmp_path / "index", embeddings, silent)
    until(lambda: assistant.index_fingerprint == second.index_fingerprint)

    *_, ended = begun
    assert ended.reply.index_fingerprint == first.index_fingerprint
    assert assistant.reply("Where do pears grow?", Conversation()).index_fingerprint == second.index_fingerprint
    assert [about.document_id for about in assistant.descriptions()] == ["two-2020"]
    assert assistant.document("one-2019") is None
    assert assistant.document("two-2020").text == "Pears grow in Bishkek."
    assert assistant.search("pears").passages[0].paragraph.text == "Pears grow in Bishkek."
    assert assistant.examples == ("Pears grow in Bishkek?",)


def test_nothing_of_an_assistant_is_left_unfollowed():
    """A method that is added to it is either made of the followed ones or followed itself."""
    public = {name for name, value in vars(Assistant).items() if callable(value) and not name.startswith("_")}
    assert public - set(vars(FollowingAssistant)) == {"reply", "trace"}  # which ask `traces`
