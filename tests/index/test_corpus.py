"""A folder of files becomes documents, or an error that names the file, the line and what to do."""

from pathlib import Path

import pytest

from index.corpus import CorpusFile, find_files, fingerprint, read_document
from index.document import Document
from index.errors import CorpusError
from tests.conftest import CORPUS

HEAD = b"---\ntitle: A speech\nkind: speech\n---\n"


def read(content: bytes, name: str = "speech-2019.md") -> Document:
    """Return the document that a file of this content holds."""
    return read_document(CorpusFile(Path(name), "speech-2019", content))


def refusal(content: bytes) -> str:
    """Return the message with which a file of this content is refused."""
    with pytest.raises(CorpusError) as caught:
        read(content)
    return str(caught.value)


# --- the documents that come with the project


def test_the_corpus_holds_two_documents_in_the_order_of_their_ids():
    """The order of ids is the order of rows in the index, whatever the disk says."""
    assert [file.document_id for file in find_files(CORPUS)] == ["mcis-2019-report", "norov-remarks-mcis-2019"]


@pytest.mark.parametrize("file", find_files(CORPUS), ids=lambda file: file.document_id)
def test_a_documents_text_is_the_file_after_its_front_matter(file):
    """Not a character is added, dropped or changed."""
    text = read_document(file).text
    head, separator, rest = file.path.read_bytes().decode("utf-8").partition("\n---\n")
    assert head.startswith("---\n")
    assert separator
    assert text == rest


def test_front_matter_becomes_the_description():
    """What is known of the speech is what its front matter says; further keys are kept as provenance."""
    description = read_document(find_files(CORPUS)[1]).description
    assert description.title == "SCO Secretary-General Vladimir Norov’s remarks at the Moscow Conference on International Security"
    assert (description.kind, description.date, description.place, description.language) == ("speech", "2019-04-24", "Moscow", "en")
    assert description.speaker == "Vladimir Norov, SCO Secretary-General"
    assert [key for key, _ in description.provenance] == ["date_source"]
    assert description.url is None


# --- front matter


@pytest.mark.parametrize(
    ("line", "field", "value"),
    [
        pytest.param("date: 2019-04-24", "date", "2019-04-24", id="a day"),
        pytest.param("date: 2019-04", "date", "2019-04", id="a month"),
        pytest.param("date: 2019", "date", "2019", id="a year"),
        pytest.param("date: 2020-02-29", "date", "2020-02-29", id="a leap day"),
        pytest.param("language: no", "language", "no", id="Norwegian is not False"),
        pytest.param("place: 12:30", "place", "12:30", id="no sexagesimal numbers"),
        pytest.param("speaker: 'Norov: a speaker'", "speaker", "Norov: a speaker", id="quoted, with a colon"),
        pytest.param("event: >\n  Over two\n  lines", "event", "Over two lines", id="folded lines"),
        pytest.param("url: https://example.org/a?b=c#d", "url", "https://example.org/a?b=c#d", id="an address"),
    ],
)
def test_a_value_is_the_text_that_was_written(line, field, value):
    """YAML's guesses at types do not reach the description."""
    description = read(f"---\ntitle: T\nkind: speech\n{line}\n---\nText.".encode()).description
    assert getattr(description, field) == value


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param(b"Text.", ["line 1", "no front matter"], id="no front matter"),
        pytest.param(b"", ["line 1", "no front matter"], id="an empty file"),
        pytest.param(b"---\ntitle: T\nkind: speech\nText.", ["line 1", "no front matter"], id="front matter that does not end"),
        pytest.param(b"\n" + HEAD + b"Text.", ["line 1", "no front matter"], id="a blank line before it"),
        pytest.param(b"---\ntitle: T\n---\nText.", ["no 'kind'", "Add a line"], id="a required key is missing"),
        pytest.param(b"---\ntitle:\nkind: speech\n---\nText.", ["line 2", "'title'"], id="an empty value"),
        pytest.param(b"---\ntitle: T\nkind: [a, b]\n---\nText.", ["line 3", "'kind'"], id="a list"),
        pytest.param(b"---\ntitle: T\nkind: {a: b}\n---\nText.", ["line 3", "'kind'"], id="a mapping"),
        pytest.param(b"---\n? [a]\n: b\n---\nText.", ["line 2"], id="a key that is a list"),
        pytest.param(b"---\ntitle: T\nkind: speech\ntitle: U\n---\nText.", ["line 4", "twice"], id="a key twice"),
        pytest.param(b"---\ntitle: T\nkind: a: b\n---\nText.", ["line 3", "not YAML"], id="a colon unquoted"),
        pytest.param(b"---\ntitle: T\nkind: 'speech\n---\nText.", ["line", "not YAML"], id="a quotation unclosed"),
        pytest.param(b"---\ntitle: T\n\tkind: speech\n---\nText.", ["line 3", "not YAML"], id="a tab"),
        pytest.param(b"---\ntitle: T\x07\nkind: speech\n---\nText.", ["line 2", "not YAML"], id="a control character"),
        pytest.param(b"---\n" + b"[" * 5000 + b"\n---\nText.", ["line 2", "not YAML"], id="lists in lists in lists"),
        pytest.param(b"---\ntitle: *a\nkind: speech\n---\nText.", ["line 2", "not YAML"], id="an alias of nothing"),
        pytest.param(b"---\n- title\n---\nText.", ["line 2", "'key: value'"], id="a list of lines"),
        pytest.param(b"---\njust words\n---\nText.", ["line 2", "'key: value'"], id="words"),
        pytest.param(b"---\ntitle: T\nkind: speech\ndate: April\n---\nText.", ["line 4", "'April'"], id="a date in words"),
        pytest.param(b"---\ntitle: T\nkind: speech\ndate: 2019-13-45\n---\nText.", ["line 4", "'2019-13-45'"], id="a month 13"),
        pytest.param(b"---\ntitle: T\nkind: speech\ndate: 2019-02-29\n---\nText.", ["line 4", "'2019-02-29'"], id="no leap year"),
        pytest.param(
            b"---\ntitle: T\nkind: speech\ndate: 24.04.2019\n---\nText.", ["line 4", "'24.04.2019'"], id="a date the other way round"
        ),
        pytest.param(
            b"---\ntitle: T\nkind: speech\nurl: javascript:alert(1)\n---\nText.", ["line 4", "http"], id="an address that is a script"
        ),
        pytest.param(HEAD, ["no text"], id="nothing after the front matter"),
        pytest.param(HEAD + " \n\u00a0\n".encode(), ["no text"], id="white space after the front matter"),
        pytest.param(HEAD + b"Good.\nB\xe4d.", ["line 6", "0xe4", "UTF-8"], id="Latin-1"),
        pytest.param("Text.".encode("utf-16"), ["line 1", "0xff", "UTF-8"], id="UTF-16"),
        pytest.param(HEAD + b"Good.\nB\0d.", ["line 6", "NUL"], id="NUL"),
    ],
)
def test_a_fault_is_named_with_file_and_line(content, says):
    """Whoever keeps the corpus is told where to look and what to do."""
    message = refusal(content)
    assert message.startswith("speech-2019.md")
    for words in says:
        assert words in message


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(HEAD.replace(b"\n", b"\r\n") + b"One.\r\nTwo.", id="Windows line ends"),
        pytest.param(HEAD.replace(b"\n", b"\r") + b"One.\rTwo.", id="old Macintosh line ends"),
        pytest.param(b"\xef\xbb\xbf" + HEAD + b"One.\nTwo.", id="a byte order mark"),
        pytest.param(HEAD.replace(b"---\n", b"--- \t\n") + b"One.\nTwo.", id="spaces after the rules"),
    ],
)
def test_other_ways_of_saving_a_file_make_no_difference(content):
    """What a text editor adds or changes is no part of the document."""
    assert read(content).text == "One.\nTwo."


def test_a_rule_in_the_text_ends_nothing():
    """Only the first rule after the front matter closes it."""
    assert read(HEAD + b"One.\n---\nTwo.").text == "One.\n---\nTwo."


# --- the folder


@pytest.fixture
def folder(tmp_path):
    """A corpus folder of one document."""
    (tmp_path / "speech-2019.md").write_bytes(HEAD + b"Text.")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "document_id"),
    [
        ("plain.txt", "plain"),
        ("UPPER.MD", "upper"),
        ("Speech of 24 April, 2019.md", "speech-of-24-april-2019"),
        ("a__b--c.md", "a-b-c"),
        (".hidden.md", "hidden"),
        ("sub/folder/deep.md", "deep"),
    ],
)
def test_a_files_name_gives_its_id(folder, name, document_id):
    """The id is the name in lower case, everything else a hyphen."""
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(HEAD + b"Text.")
    assert document_id in [file.document_id for file in find_files(folder)]


@pytest.mark.parametrize("name", ["notes.pdf", "data.json", "no-suffix", "folder.md/inner.json"])
def test_other_files_are_left_alone(folder, name):
    """Only .md and .txt files are documents, and a folder never is."""
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(b"\0")
    assert [file.document_id for file in find_files(folder)] == ["speech-2019"]


@pytest.mark.parametrize("name", ["речь.md", "___.txt"])
def test_a_name_that_gives_no_id_is_refused(folder, name):
    """An id is never made up."""
    (folder / name).write_bytes(HEAD + b"Text.")
    with pytest.raises(CorpusError, match="no document id can be made"):
        find_files(folder)


def test_two_files_of_one_id_are_refused(folder):
    """Neither would be citable; the message names both."""
    (folder / "Speech 2019.txt").write_bytes(HEAD + b"Text.")
    with pytest.raises(CorpusError, match="both get the id 'speech-2019'") as caught:
        find_files(folder)
    assert "speech-2019.md" in str(caught.value)
    assert "Speech 2019.txt" in str(caught.value)


@pytest.mark.parametrize("content", [None, "notes.pdf"], ids=["nothing", "no document"])
def test_an_empty_folder_is_refused(tmp_path, content):
    """An assistant over nothing would abstain for ever; say why instead."""
    if content:
        (tmp_path / content).touch()
    with pytest.raises(CorpusError, match="holds no document"):
        find_files(tmp_path)


def test_a_missing_folder_is_refused(tmp_path):
    """The message names the folder and the option."""
    with pytest.raises(CorpusError, match=r"does not exist.*--corpus"):
        find_files(tmp_path / "nowhere")


def test_a_file_in_place_of_the_folder_is_refused(folder):
    """A single document is given as a folder that holds it."""
    with pytest.raises(CorpusError, match="does not exist"):
        find_files(folder / "speech-2019.md")


# --- the fingerprint


def test_the_fingerprint_knows_ids_and_contents_and_nothing_else(folder, tmp_path_factory):
    """Moving a corpus changes nothing; another byte, another name or another file does."""
    before = fingerprint(find_files(folder))
    moved = tmp_path_factory.mktemp("moved")
    (moved / "sub").mkdir()
    (moved / "sub" / "speech-2019.txt").write_bytes(HEAD + b"Text.")
    assert fingerprint(find_files(moved)) == before

    changes = []
    (folder / "speech-2019.md").write_bytes(HEAD + b"Text!")
    changes.append(fingerprint(find_files(folder)))
    (folder / "speech-2019.md").rename(folder / "speech-2020.md")
    changes.append(fingerprint(find_files(folder)))
    (folder / "other.md").write_bytes(HEAD + b"Text.")
    changes.append(fingerprint(find_files(folder)))
    assert len({before, *changes}) == 4
