"""A generation is published on a Milvus server whole or not at all, is followed without a restart, and is missed with an error."""

import json
import os
import socket
import time

import pytest

from index import current, milvus, milvus_lock, milvus_records
from index.build import build
from index.current import Following
from index.errors import BuildLockedError, IndexUnreachableError, IndexUnusableError, NewerIndexError
from index.milvus import Address, Server
from index.milvus_lock import STALE_S, publishing
from index.milvus_publish import faults, publish
from index.milvus_records import TEXTS, Names, named, text_record
from index.milvus_store import Published
from index.search import search
from index.store import Generation, open_generation
from tests.fakes import WordEmbeddings
from tests.index.test_crash import NEW, OLD, answers, put, silent
from tests.index.test_current import until
from tests.milvus_server import MilvusServer

NEWEST = {"one-2019": "Peace last. Then trade in Tashkent.", "five-2023": "Bishkek."}


@pytest.fixture(scope="module")
def generations(tmp_path_factory) -> list[Generation]:
    """Three generations, one after the other."""
    folder = tmp_path_factory.mktemp("generations")
    for number, texts in enumerate((OLD, NEW, NEWEST)):
        build(put(folder / "corpus", texts), folder / f"{number}", WordEmbeddings(), silent)
    return [open_generation(folder / f"{number}") for number in range(3)]


@pytest.fixture
def server(milvus, request) -> Server:
    """The server, under a prefix of the test's own."""
    return Server(milvus.address(f"t{abs(hash(request.node.name))}"))


@pytest.fixture(scope="module")
def mortal(tmp_path_factory):
    """A server that may be killed, and is started again."""
    running = MilvusServer(tmp_path_factory.mktemp("mortal")).start()
    yield running
    running.stop()


def held(server: Server) -> set[str]:
    """Return the fingerprints of all generations of which the server holds anything."""
    return {names.fingerprint for name in server.collections() if (names := named(server.address.prefix, name))}


def fingerprints(generations: list[Generation]) -> set[str]:
    """Return those of these generations."""
    return {generation.manifest.index_fingerprint for generation in generations}


def back(mortal: MilvusServer, server: Server) -> None:
    """Start the server again, and wait until it is reached: a lost connection is tried again after a second or so."""
    mortal.start()

    def is_reached() -> bool:
        try:
            server.collections()
        except IndexUnreachableError:
            return False
        return True

    until(is_reached)


# --- publishing


def test_what_is_published_answers_as_the_generation_does(server, generations):
    """Passages, scores, sentences and known terms."""
    assert publish(server, generations[0], silent)
    assert answers(Published(server).open()) == answers(generations[0])
    assert faults(server, generations[0]) == ()


def test_what_is_published_already_is_left_as_it_is(server, generations):
    """Nothing is sent twice."""
    publish(server, generations[0], silent)
    before = server.collections()
    assert not publish(server, generations[0], silent)
    assert server.collections() == before


def test_the_one_before_is_kept_and_older_ones_are_removed(server, generations):
    """Whoever still reads the one before ends what was begun; going back is as good as going on."""
    for generation, kept in zip(generations, (generations[:1], generations[:2], generations[1:]), strict=True):
        publish(server, generation, silent)
        assert held(server) == fingerprints(kept)
        assert answers(Published(server).open()) == answers(generation)
    publish(server, generations[1], silent)
    publish(server, generations[1], silent)
    assert held(server) == fingerprints(generations[1:])
    assert answers(Published(server).open()) == answers(generations[1])


def test_progress_ends_with_all_texts(server, generations):
    """Paragraphs and sentences."""
    told: list[tuple[int, int]] = []
    publish(server, generations[0], lambda done, total: told.append((done, total)))
    total = generations[0].manifest.paragraphs + generations[0].manifest.sentences
    assert told[-1] == (total, total)
    assert told == sorted(told)


def test_two_prefixes_are_two_indexes(milvus, generations):
    """One server serves several corpora."""
    one, other = (Server(milvus.address(prefix)) for prefix in ("shared", "shared_too"))
    publish(one, generations[0], silent)
    publish(other, generations[1], silent)
    publish(one, generations[2], silent)
    assert answers(Published(one).open()) == answers(generations[2])
    assert answers(Published(other).open()) == answers(generations[1])


def test_a_text_of_any_length_and_script_comes_back_whole(server, tmp_path):
    """Milvus takes 65,535 bytes in a field, so a longer one is sent in pieces."""
    long = {"long-2019": "和平与安全，" * 15_000 + "\n\nShort.", "other-2020": "Peace \U0001f54a \\ \" ' {ids} %."}
    build(put(tmp_path / "corpus", long), tmp_path / "index", WordEmbeddings(), silent)
    generation = open_generation(tmp_path / "index")
    publish(server, generation, silent)
    published = Published(server).open()
    for document_id in long:
        assert published.document(document_id) == generation.document(document_id)
    assert search(published, WordEmbeddings(), "peace").passages == search(generation, WordEmbeddings(), "peace").passages


def test_many_batches_are_sent_as_one(server, tmp_path, monkeypatch):
    """A batch is no boundary of anything."""
    monkeypatch.setattr("index.milvus_publish.BATCH", 7)
    texts = {f"document-{number}": "\n\n".join(f"Paragraph {at} of {number}. Peace." for at in range(9)) for number in range(5)}
    build(put(tmp_path / "corpus", texts), tmp_path / "index", WordEmbeddings(), silent)
    generation = open_generation(tmp_path / "index")
    publish(server, generation, silent)
    rows = list(range(generation.manifest.paragraphs))
    assert Published(server).open().found(rows, ()).paragraphs == generation.found(rows, ()).paragraphs


def test_a_large_index_is_searched_by_a_graph(server, generations, monkeypatch):
    """Which finds the same where there is little to miss."""
    monkeypatch.setattr(milvus_records, "EXACT", 0)
    publish(server, generations[1], silent)
    assert answers(Published(server).open()) == answers(generations[1])


# --- one at a time


def written(server: Server, renewed: float) -> None:
    """Have the server hold the record of another publisher, renewed at that time."""
    name = milvus_lock.collection(server.address.prefix)
    server.share(name, milvus_records.TEXT_FIELDS)
    about = {"process": 17, "host": "elsewhere", "since": "2026-01-01T00:00:00+00:00", "renewed": renewed}
    server.upsert(name, [text_record("another", json.dumps(about))])


def publishers(server: Server) -> list[dict]:
    """Return the records of those who publish."""
    return [json.loads(record["text"]) for record in server.all(milvus_lock.collection(server.address.prefix), ("text",)).values()]


def test_a_second_publisher_is_refused_and_told_who_publishes(server, generations, monkeypatch):
    """In mid-publication of the first, which goes on; after it the second may."""
    insert, said = Server.insert, []

    def insert_and_meet(self, name, records):
        if not said:
            with pytest.raises(BuildLockedError) as met:
                publish(Server(server.address), generations[1], silent)
            said.append(f"{met.value}")
        insert(self, name, records)

    with monkeypatch.context() as patched:
        patched.setattr(Server, "insert", insert_and_meet)
        publish(server, generations[0], silent)
    assert f"process {os.getpid()} on {socket.gethostname()} publishes under the prefix '{server.address.prefix}' since" in said[0]
    assert answers(Published(server).open()) == answers(generations[0])
    assert publishers(server) == []
    assert publish(server, generations[1], silent)


def test_a_publisher_that_lives_stands_in_the_way_and_one_that_died_does_not(server, generations):
    """It is told from when on it counts as dead; then its record goes."""
    written(server, time.time() - STALE_S / 2)
    with pytest.raises(BuildLockedError, match=r"process 17 on elsewhere .* If it has died, nothing stands in the way from 20"):
        publish(server, generations[0], silent)
    assert [one["host"] for one in publishers(server)] == ["elsewhere"]
    written(server, time.time() - STALE_S)
    assert publish(server, generations[0], silent)
    assert publishers(server) == []


def test_a_publisher_renews_its_record_while_it_works(server, tmp_path, monkeypatch):
    """However long one of its steps takes."""
    monkeypatch.setattr(milvus_lock, "RENEWED_S", 0.01)
    with publishing(server, tmp_path):
        (first,) = publishers(server)
        until(lambda: publishers(server)[0]["renewed"] > first["renewed"])


def test_a_publisher_that_may_count_as_dead_changes_nothing(server, generations, monkeypatch):
    """As after its machine slept: another may be publishing."""
    publish(server, generations[0], silent)
    monkeypatch.setattr(milvus_lock, "STALE_S", 0.0)
    with pytest.raises(BuildLockedError, match=r"another may have begun to.*python app\.py index"):
        publish(server, generations[1], silent)
    assert answers(Published(server).open()) == answers(generations[0])


# --- cut off


def calls(server: Server, monkeypatch, fail_at: int) -> list[int]:
    """Have the server refuse its call number *fail_at* and all later ones; return the list that counts them."""
    made: list[int] = []
    call = Server._call

    def counted(self, act):
        made.append(len(made))
        if len(made) > fail_at:
            raise IndexUnreachableError("It was cut off.")
        return call(self, act)

    monkeypatch.setattr(Server, "_call", counted)
    return made


def test_wherever_it_is_cut_off_the_old_one_or_the_new_one_answers_and_the_next_try_clears_up(server, generations, monkeypatch):
    """Between any two calls to the server."""
    old, new = generations[:2]
    expected = {one.manifest.index_fingerprint: answers(one) for one in (old, new)}
    publish(server, old, silent)
    met, at, ended = set(), 0, False
    while not ended:
        with monkeypatch.context() as patched:
            calls(server, patched, at)
            try:
                publish(server, new, silent)
                ended = True
            except IndexUnreachableError:
                pass
        opened = Published(server).open()
        assert answers(opened) == expected[opened.manifest.index_fingerprint]
        met.add(opened.manifest.index_fingerprint)
        at += 1 if at % 2 else 3
    assert met == set(expected)
    assert held(server) == set(expected)


def test_a_server_killed_in_mid_publication_answers_from_the_old_one_and_ends_with_the_new_one(mortal, generations, monkeypatch):
    """What it had acknowledged is there when it comes back, and is not sent again."""
    server = Server(mortal.address("killed"))
    publish(server, generations[0], silent)
    insert, sent = Server.insert, []

    def insert_and_die(self, name, records):
        insert(self, name, records)
        sent.append(name)
        mortal.kill()

    with monkeypatch.context() as patched:
        patched.setattr(Server, "insert", insert_and_die)
        with pytest.raises(IndexUnreachableError):
            publish(server, generations[1], silent)
    back(mortal, server)
    assert len(sent) == 1
    assert answers(Published(server).open()) == answers(generations[0])
    assert publish(server, generations[1], silent)
    assert answers(Published(server).open()) == answers(generations[1])
    assert held(server) == fingerprints(generations[:2])


@pytest.mark.parametrize("kind", ["paragraphs", "sentences", "texts"])
def test_what_was_lost_is_told_of_and_mended(server, generations, kind):
    """By the number of records that there must be."""
    publish(server, generations[0], silent)
    name = Names(server.address.prefix, generations[0].manifest.index_fingerprint).of(kind)
    key = "id >= 1" if kind != TEXTS else 'id == "document/1"'
    server._call(lambda client: client.delete(name, filter=key))
    with pytest.raises(IndexUnusableError, match=rf"holds [0-9]+ of [0-9]+ {kind}.*python app\.py index"):
        Published(server).open()
    assert f"{kind}" in faults(server, generations[0])[0]
    assert publish(server, generations[0], silent)
    assert answers(Published(server).open()) == answers(generations[0])


@pytest.mark.parametrize("kind", ["paragraphs", "sentences"])
def test_a_collection_that_was_dropped_is_told_of_and_mended(server, generations, kind):
    """Whoever runs the server may have taken it for something else."""
    publish(server, generations[0], silent)
    name = Names(server.address.prefix, generations[0].manifest.index_fingerprint).of(kind)
    server.drop(name)
    assert name in faults(server, generations[0])[0]
    assert publish(server, generations[0], silent)
    assert answers(Published(server).open()) == answers(generations[0])


def test_what_was_altered_is_told_of_and_mended(server, generations):
    """Files have digests, and paragraphs are compared."""
    publish(server, generations[0], silent)
    name = Names(server.address.prefix, generations[0].manifest.index_fingerprint).of(TEXTS)
    server.upsert(name, [text_record("file/vocabulary.json", "e30=")])
    with pytest.raises(IndexUnusableError, match=r"was altered since it was published: vocabulary\.json"):
        Published(server).open()
    assert publish(server, generations[0], silent)
    assert answers(Published(server).open()) == answers(generations[0])


# --- what cannot be opened


def test_where_nothing_is_published_the_way_to_publish_is_told(server):
    """With the server and the prefix."""
    with pytest.raises(IndexUnusableError, match=r"No index is published on Milvus at http://127.*SCO_STORE=milvus python app\.py index"):
        Published(server).open()
    assert Published(server).in_use() == ""


@pytest.mark.parametrize(("layout", "error", "says"), [(99, NewerIndexError, "newer version"), (0, IndexUnusableError, "older version")])
def test_another_layout_is_not_read(server, generations, layout, error, says):
    """Of a newer one the program must be updated; an older one is published anew."""
    publish(server, generations[0], silent)
    names = Names(server.address.prefix, generations[0].manifest.index_fingerprint, layout)
    server.ensure(names.of(TEXTS), milvus_records.fields(generations[0].manifest)[TEXTS])
    server.point(milvus_records.current(server.address.prefix), names.of(TEXTS))
    with pytest.raises(error, match=says):
        Published(server).open()


def test_a_newer_format_is_not_read(server, generations, monkeypatch):
    """As with an index in a folder."""
    publish(server, generations[0], silent)
    monkeypatch.setattr("index.milvus_store.FORMAT_VERSION", generations[0].manifest.format_version - 1)
    with pytest.raises(NewerIndexError, match="newer version"):
        Published(server).open()


@pytest.mark.parametrize("uri", ["milvus.db", "ftp://127.0.0.1:1", "127.0.0.1:19530", "http://"])
def test_an_address_that_is_none_is_refused(uri):
    """Before anything is done."""
    with pytest.raises(IndexUnusableError, match="SCO_MILVUS_URI"):
        Server(Address(uri, "", "sco"))


def test_a_prefix_that_is_none_is_refused():
    """It begins the names of collections."""
    with pytest.raises(IndexUnusableError, match="SCO_MILVUS_PREFIX"):
        Server(Address("http://127.0.0.1:1", "", "sco-2"))


def test_without_the_client_the_way_to_install_it_is_told(monkeypatch):
    """It is no part of a usual installation."""
    monkeypatch.setitem(__import__("sys").modules, "pymilvus", None)
    with pytest.raises(IndexUnusableError, match=r"pip install -r requirements-milvus\.txt"):
        Server(Address("http://127.0.0.1:1", "", "sco"))


# --- out of reach


def asked(store) -> dict[str, object]:
    """Return everything that may be asked of a store, as functions."""
    vector = WordEmbeddings().encode_question("peace")
    return {
        "nearest": lambda: store.nearest(vector, 5),
        "matching": lambda: store.matching(("peac",), 5),
        "found": lambda: store.found([0], ()),
        "document": lambda: store.document("one-2019"),
    }


def test_a_server_that_is_gone_is_an_error_and_one_that_is_back_answers(mortal, generations):
    """Never an empty result, and no restart of ours."""
    server = Server(mortal.address("gone"))
    publish(server, generations[0], silent)
    opened = Published(server).open()
    mortal.kill()
    for ask in asked(opened).values():
        with pytest.raises(IndexUnreachableError, match=rf"Milvus at {mortal.uri} cannot be used"):
            ask()
    with pytest.raises(IndexUnreachableError):
        Published(server).open()
    back(mortal, server)
    assert answers(opened) == answers(generations[0])


def test_a_server_that_does_not_answer_is_an_error_within_the_limit(mortal, generations, monkeypatch):
    """A visitor does not wait for ever."""
    server = Server(mortal.address("frozen"))
    publish(server, generations[0], silent)
    opened = Published(server).open()
    monkeypatch.setattr(milvus, "READING_S", 0.3)
    mortal.freeze()
    try:
        for ask in asked(opened).values():
            began = time.monotonic()
            with pytest.raises(IndexUnreachableError, match="DEADLINE_EXCEEDED"):
                ask()
            assert time.monotonic() - began < 30  # a hundred times the limit: a busy machine may be late
    finally:
        mortal.thaw()
    until(lambda: answers(opened) == answers(generations[0]))


def test_where_no_server_ever_was_the_error_names_the_address_and_no_secret():
    """A log is read by many."""
    server = Server(Address("http://user:secret@127.0.0.1:1", "secret", "sco"))
    with pytest.raises(IndexUnreachableError) as told:
        Published(server).open()
    assert "http://127.0.0.1:1" in f"{told.value}"
    assert "secret" not in f"{told.value}{server.address!r}"


# --- following


@pytest.fixture
def always_looking(monkeypatch):
    """Look for another generation whenever asked."""
    monkeypatch.setattr(current, "CHECKED_EVERY", 0.0)


def test_a_publication_is_followed_without_a_restart(server, generations, always_looking):
    """Again and again, and back."""
    publish(server, generations[0], silent)
    source = Published(server)
    following = Following(source, source.open(), answers)
    for generation in (generations[1], generations[0]):
        publish(server, generation, silent)
        expected = answers(generation)
        until(lambda expected=expected: following.get() == expected)


def test_while_the_server_is_gone_it_is_looked_for_with_one_warning(mortal, generations, always_looking, caplog):
    """And what was published meanwhile is followed when it is back."""
    server = Server(mortal.address("followed"))
    publish(server, generations[0], silent)
    source = Published(server)
    following = Following(source, source.open(), answers)
    mortal.kill()
    until(lambda: following.get() == answers(generations[0]) and "It is looked for again" in caplog.text)
    for _ in range(20):
        following.get()
        time.sleep(0.01)
    assert caplog.text.count("It is looked for again") == 1
    back(mortal, server)
    publish(server, generations[1], silent)
    until(lambda: following.get() == answers(generations[1]))
