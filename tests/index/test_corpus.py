"""A folder of files becomes documents; what cannot be used is named with its reason, and the rest is read."""

import os
import unicodedata
from pathlib import Path

import docx
import pytest
from fpdf import FPDF

from index.corpus import (
    MAX_FILE_BYTES,
    Skipped,
    find_files,
    fingerprint,
    read_corpus,
    read_document,
    repeated,
    survey,
    told,
)
from index.document import Document
from index.errors import CorpusError
from tests.conftest import CORPUS

HEAD = b"---\ntitle: A speech\nkind: speech\ndate: 2019\n---\n"


def read(content: bytes, folder: Path, name: str = "speech-2019.md") -> Document:
    """Return the document that a file of this name and content holds."""
    (folder / name).write_bytes(content)
    return read_document(next(file for file in find_files(folder) if file.path.name == name))


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


# --- a file of text

FAULTS = [
    pytest.param(b"---\ntitle: T\nkind: speech\nText.", ["line 1", "does not end"], id="front matter that does not end"),
    pytest.param(b"---\ntitle:\nkind: speech\n---\nText.", ["line 2", "'title'"], id="an empty value"),
    pytest.param(b"---\ntitle: T\nkind: a: b\n---\nText.", ["line 3", "not YAML"], id="a colon unquoted"),
    pytest.param(b"---\ntitle: T\nkind: speech\ndate: April\n---\nText.", ["line 4", "'April'"], id="a date in words"),
    pytest.param(HEAD, ["no text"], id="nothing after the front matter"),
    pytest.param(HEAD + " \n\u00a0\n".encode(), ["no text"], id="white space after the front matter"),
    pytest.param(HEAD + b"Good.\nB\xe4d.", ["line 7", "0xe4", "UTF-8"], id="Latin-1"),
    pytest.param("Text.".encode("utf-16"), ["line 1", "0xff", "UTF-8"], id="UTF-16"),
    pytest.param(HEAD + b"Good.\nB\0d.", ["line 7", "NUL"], id="NUL"),
    pytest.param(b"%PDF-1.4 and so on", ["is a PDF"], id="a PDF by its content"),
    pytest.param(b"PK\x03\x04 and so on", ["zip file"], id="a zip file by its content"),
]


@pytest.mark.parametrize(("content", "says"), FAULTS)
def test_a_fault_is_named_with_file_and_line(tmp_path, content, says):
    """Whoever keeps the corpus is told where to look and what to do."""
    with pytest.raises(CorpusError) as caught:
        read(content, tmp_path)
    assert str(caught.value).startswith(f"{tmp_path / 'speech-2019.md'}")
    for words in says:
        assert words in str(caught.value)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(HEAD.replace(b"\n", b"\r\n") + b"One.\r\nTwo.", id="Windows line ends"),
        pytest.param(HEAD.replace(b"\n", b"\r") + b"One.\rTwo.", id="old Macintosh line ends"),
        pytest.param(b"\xef\xbb\xbf" + HEAD + b"One.\nTwo.", id="a byte order mark"),
        pytest.param(HEAD.replace(b"---\n", b"--- \t\n") + b"One.\nTwo.", id="spaces after the rules"),
    ],
)
def test_other_ways_of_saving_a_file_make_no_difference(tmp_path, content):
    """What a text editor adds or changes is no part of the document."""
    assert read(content, tmp_path).text == "One.\nTwo."


def test_a_rule_in_the_text_ends_nothing(tmp_path):
    """Only the first rule after the front matter closes it."""
    assert read(HEAD + b"One.\n---\nTwo.", tmp_path).text == "One.\n---\nTwo."


def test_hard_wrapped_lines_are_joined(tmp_path):
    """Its lines break in mid-sentence, so the paragraphs are two, and not a line each."""
    wrapped = b"""The member states of the Organisation met in Bishkek and
agreed on further steps towards peace and security in the
whole region, as they had announced a year before.

They also discussed the fight against drugs, in which the
states of Central Asia bear most of the burden, and trade.
"""
    assert [paragraph.text[-12:] for paragraph in read(HEAD + wrapped, tmp_path).paragraphs] == ["year before.", ", and trade."]


def test_a_text_without_front_matter_is_a_document_too(tmp_path):
    """It goes by its file's name, which its provenance says."""
    description = read(b"Peace is needed.", tmp_path, "statement.txt").description
    assert (description.title, description.kind, description.date) == ("statement.txt", "document", None)
    assert [key for key, _ in description.provenance] == ["title_source"]


@pytest.mark.parametrize(
    ("text", "name", "title"),
    [
        pytest.param("# Bishkek Declaration\nPeace.", "d.md", "Bishkek Declaration", id="a heading of the first level"),
        pytest.param("\n\n#  **Bishkek Declaration**  ##\r\nPeace.", "d.md", "Bishkek Declaration", id="with marks around it"),
        pytest.param("---\nkind: declaration\n---\n\n# Bishkek Declaration", "d.md", "Bishkek Declaration", id="below front matter"),
        pytest.param("---\ntitle: The declaration\n---\n# Bishkek", "d.md", "The declaration", id="a stated title goes before it"),
        pytest.param("## Security\nPeace.", "d.md", "d.md", id="a heading of another level"),
        pytest.param("# 1. Security\nPeace.", "d.md", "d.md", id="a numbered section"),
        pytest.param("Peace.\n# Bishkek Declaration", "d.md", "d.md", id="a heading further down"),
        pytest.param("#Bishkek", "d.md", "d.md", id="no heading"),
        pytest.param("# Bishkek Declaration\nPeace.", "d.txt", "d.txt", id="no Markdown"),
    ],
)
def test_the_title_that_nobody_states_is_the_heading_that_markdown_begins_with(tmp_path, text, name, title):
    """It says itself what it is called; nothing else in a text does."""
    document = read(text.encode(), tmp_path, name)
    assert document.description.title == title
    assert any(key == "title_source" for key, _ in document.description.provenance) == (title == name)


# --- other formats


def pdf(text: str, title: str = "") -> bytes:
    """Return a PDF of one page with this text."""
    made = FPDF()
    made.set_title(title)
    made.add_page()
    made.set_font("helvetica", size=11)
    made.multi_cell(0, 6, text)
    return bytes(made.output())


def test_the_formats_are_read_side_by_side(tmp_path):
    """Each gives its text and the title that it states of itself."""
    (tmp_path / "a.pdf").write_bytes(pdf("Peace is needed here.", "A statement"))
    word = docx.Document()
    word.core_properties.title = "A declaration"
    word.add_paragraph("Trade is growing fast.")
    word.save(str(tmp_path / "b.docx"))
    (tmp_path / "c.html").write_text("<title>A page</title><p>Drugs do harm.</p>")
    (tmp_path / "d.HTM").write_text("<title>Another page</title><p>Youth matters.</p>")
    (tmp_path / "e.md").write_bytes(HEAD + b"A text.")
    documents = read_corpus(tmp_path).documents
    assert [(document.document_id, document.description.title, document.paragraphs[-1].text) for document in documents] == [
        ("a", "A statement", "Peace is needed here."),
        ("b", "A declaration", "Trade is growing fast."),
        ("c", "A page", "Drugs do harm."),
        ("d", "Another page", "Youth matters."),
        ("e", "A speech", "A text."),
    ]
    assert documents[0].paragraphs[0].page == 1


def test_a_sidecar_says_more_than_the_file(tmp_path):
    """What is written in speech.pdf.yaml goes before what speech.pdf says of itself."""
    (tmp_path / "speech.pdf").write_bytes(pdf("Peace is needed here.", "scan0001"))
    (tmp_path / "speech.pdf.yaml").write_text("title: Speech in Bishkek\ndate: 2019-06-14\nid: bishkek-2019\narchive: box 7\n")
    document = read_corpus(tmp_path).documents[0]
    assert (document.document_id, document.description.title, document.description.date) == (
        "bishkek-2019",
        "Speech in Bishkek",
        "2019-06-14",
    )
    assert document.description.provenance == (("archive", "box 7"),)


def test_a_fault_of_a_sidecar_is_named_with_its_line(tmp_path):
    """The document is left out: what it would be cited as is not known."""
    (tmp_path / "speech.txt").write_text("Peace.")
    (tmp_path / "speech.txt.yaml").write_text("title: T\ndate: April\n")
    with pytest.raises(CorpusError, match=r"speech\.txt\.yaml beside it is at fault\. line 2: the date 'April'"):
        read_corpus(tmp_path)


def test_front_matter_and_a_sidecar_together_are_a_fault(tmp_path):
    """Neither goes before the other."""
    (tmp_path / "speech.txt").write_bytes(HEAD + b"Peace.")
    (tmp_path / "speech.txt.yaml").write_text("title: T\n")
    with pytest.raises(CorpusError, match="Keep one of them"):
        read_corpus(tmp_path)


def test_a_sidecar_of_no_document_is_named(folder):
    """A name mistyped would otherwise go unnoticed."""
    (folder / "speech-2018.md.yaml").write_text("title: T\n")
    assert read_corpus(folder).notices == (
        "No document lies beside speech-2018.md.yaml: name such a file after the whole name, as in speech.pdf.yaml.",
    )


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
        ("比什凯克宣言 2019.txt", "比什凯克宣言-2019"),
        ("Речь.md", "речь"),
        (unicodedata.normalize("NFD", "Déclaration.txt"), "déclaration"),
    ],
)
def test_a_files_name_gives_its_id(folder, name, document_id):
    """The id is the name in small letters of any script, everything else a hyphen."""
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(HEAD + b"Text.")
    assert document_id in [file.document_id for file in find_files(folder)]


def test_front_matter_may_state_the_id(folder):
    """So that a permanent address can outlive a file's name."""
    (folder / "final (2).md").write_bytes(HEAD.replace(b"title", b"id: bishkek-2019\ntitle") + b"Text.")
    assert [file.document_id for file in find_files(folder)] == ["bishkek-2019", "speech-2019"]


@pytest.mark.parametrize(
    "name", ["notes.odt", "data.json", "no-suffix", "folder.md/inner.json", "~$speech.docx", "._speech.md", ".DS_Store"]
)
def test_other_files_are_left_alone(folder, name):
    """Neither files of other formats nor what Word and macOS put beside a document are named or read; a folder never is a file."""
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(b"\0")
    found = survey(folder)
    assert [file.document_id for file in found.files] == ["speech-2019"]
    assert found.skipped == found.notices == ()


def test_a_name_that_gives_no_id_is_left_out(folder):
    """An id is never made up."""
    (folder / "___.txt").write_bytes(HEAD + b"Text.")
    assert [one.reason for one in survey(folder).skipped] == [
        "no document id can be made of this name. Use letters or digits, ideally with the year"
    ]


def test_files_of_one_name_get_ids_of_their_whole_paths(tmp_path):
    """Both stay citable whatever the other is called, and it is said."""
    for year in ("2019", "2020"):
        (tmp_path / year).mkdir()
        (tmp_path / year / "statement.md").write_bytes(HEAD + year.encode())
    found = survey(tmp_path)
    assert [file.document_id for file in found.files] == ["2019-statement-md", "2020-statement-md"]
    assert found.notices == (
        "Files of one name get ids made of their folders too: 2019/statement.md, 2020/statement.md. State others with 'id: ...'.",
    )


def test_of_two_files_that_state_one_id_the_second_is_left_out(tmp_path):
    """It could not be cited; the reason names the first."""
    for name in ("a.md", "b.md"):
        (tmp_path / name).write_bytes(HEAD.replace(b"title", b"id: x\ntitle") + name.encode())
    found = survey(tmp_path)
    assert [file.path.name for file in found.files] == ["a.md"]
    assert [(one.path.name, "its id would be 'x'" in one.reason, "a.md" in one.reason) for one in found.skipped] == [("b.md", True, True)]


@pytest.mark.parametrize("content", [None, "notes.odt"], ids=["nothing", "no document"])
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


# --- what is left out, each with its reason, while the rest is read


def skipped_of(folder: Path) -> list[tuple[str, str]]:
    """Return what is left out of a corpus, by name, and check that its one good document is read."""
    corpus = read_corpus(folder)
    assert [document.document_id for document in corpus.documents] == ["speech-2019"]
    return [(one.path.name, one.reason) for one in corpus.skipped]


def test_a_broken_file_costs_itself_alone(folder):
    """The reason holds the line where there is one."""
    (folder / "bad.txt").write_bytes(b"Good.\nB\xe4d.")
    assert skipped_of(folder) == [("bad.txt", "line 2: byte 0xe4 is not UTF-8. Save the file as UTF-8")]


def test_a_pdf_that_is_none_costs_itself_alone(folder):
    """Its name promises what it is not."""
    (folder / "bad.pdf").write_bytes(b"Hello.")
    assert skipped_of(folder) == [("bad.pdf", "it is no PDF, whatever its name says")]


def test_a_large_file_is_left_out_unread(folder):
    """A file of holes takes no room on the disk, and would take a gigabyte of memory."""
    with (folder / "large.txt").open("wb") as file:
        file.truncate(1_000_000_000)
    assert skipped_of(folder) == [("large.txt", f"it has 1,000,000,000 bytes, more than the {MAX_FILE_BYTES:,} that are read")]


def test_thousands_of_empty_files_are_one_sentence(folder):
    """Each is left out, the summary counts them."""
    (folder / "empty").mkdir()
    for number in range(2_000):
        (folder / "empty" / f"{number:04}.txt").touch()
    found = survey(folder)
    assert [file.document_id for file in found.files] == ["speech-2019"]
    assert len(found.skipped) == 2_000
    names = ", ".join(str(folder / "empty" / f"000{number}.txt") for number in range(3))
    assert told(found.skipped) == (f"{names} and 1,997 more: it is empty.",)


def test_a_link_that_leads_out_of_the_folder_is_not_followed(folder, tmp_path_factory):
    """Neither to a file nor to a folder; both are named with where they lead."""
    outside = tmp_path_factory.mktemp("outside")
    (outside / "secret.md").write_bytes(HEAD + b"Secret.")
    (folder / "link.md").symlink_to(outside / "secret.md")
    (folder / "sub").symlink_to(outside)
    assert skipped_of(folder) == [
        ("link.md", f"it is a link that leads out of the corpus folder, to {outside / 'secret.md'}, and is not followed"),
        ("sub", f"it is a link that leads out of the corpus folder, to {outside}, and is not followed"),
    ]


def test_links_within_the_folder_and_in_circles_add_nothing(folder):
    """What they lead to is read in its own place, once."""
    (folder / "again.md").symlink_to(folder / "speech-2019.md")
    (folder / "circle").symlink_to(folder)
    assert skipped_of(folder) == []


def test_a_link_to_nothing_is_named(folder):
    """The file that it stood for is missed."""
    (folder / "gone.md").symlink_to(folder / "nowhere.md")
    assert skipped_of(folder) == [("gone.md", "it is a link that leads nowhere")]


def test_a_pipe_is_not_opened(folder):
    """Reading one would wait for ever."""
    os.mkfifo(folder / "pipe.md")
    assert skipped_of(folder) == [("pipe.md", "it is no regular file")]


def test_a_sub_folder_that_cannot_be_read_is_named(folder, monkeypatch):
    """Permissions are refused here by the call itself, since an administrator may read everything."""
    (folder / "private").mkdir()
    scan = os.scandir

    def refusing(path):
        if Path(path).name == "private":
            raise PermissionError(13, "Permission denied")
        return scan(path)

    monkeypatch.setattr(os, "scandir", refusing)
    assert skipped_of(folder) == [("private", "the folder cannot be read (Permission denied)")]


def test_a_corpus_folder_that_cannot_be_read_is_refused(folder, monkeypatch):
    """There is nothing to read the rest of."""

    def refusing(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "scandir", refusing)
    with pytest.raises(CorpusError, match=r"cannot be read \(Permission denied\)"):
        read_corpus(folder)


def test_a_file_that_changes_between_finding_and_reading_is_refused(folder):
    """The index would otherwise hold what its fingerprint does not speak of."""
    file = find_files(folder)[0]
    file.path.write_bytes(HEAD + b"Another text.")
    with pytest.raises(CorpusError, match="changed while the corpus was read"):
        read_document(file)


def test_where_nothing_can_be_used_the_reasons_are_in_the_message(tmp_path):
    """The first build of a new user may well be this one."""
    (tmp_path / "bad.pdf").write_bytes(b"Hello.")
    with pytest.raises(CorpusError, match=r"No file .* can be used\. .*bad\.pdf: it is no PDF"):
        read_corpus(tmp_path)


# --- notices


def test_a_document_that_repeats_another_is_named_and_read_once(folder):
    """White space makes no difference: the same statement as text and as a page is one."""
    (folder / "speech-copy.html").write_text("<title>T</title><p>  Text.\n</p>")
    corpus = read_corpus(folder)
    assert [document.document_id for document in corpus.documents] == ["speech-2019"]
    assert corpus.skipped == ()
    assert corpus.notices == ("speech-copy repeats speech-2019 word for word: indexed once, as speech-2019.",)


def test_of_equal_documents_the_first_by_id_stays():
    """Whatever the order in which they are found."""
    assert repeated([("c", "x"), ("b", "y"), ("a", "x"), ("d", "x")]) == {"c": "a", "d": "a"}


def test_missing_titles_and_dates_are_named_once(tmp_path):
    """Three documents and how many more, not a line each; nothing is guessed."""
    for number in range(5):
        (tmp_path / f"s{number}.txt").write_text(f"Statement {number}.")
    (tmp_path / "full.md").write_bytes(HEAD + b"Text.")
    assert read_corpus(tmp_path).notices == (
        "No title is stated for s0, s1, s2 and 2 more: cited by the file's name. State one with 'title: ...'.",
        "No date is stated for s0, s1, s2 and 2 more: cited without one. State it with 'date: ...'.",
    )


def test_reasons_are_told_together():
    """Files of one fault share a sentence; a line's number follows the name."""
    skipped = [Skipped(Path("a"), "it is empty"), Skipped(Path("b"), "line 2: NUL"), Skipped(Path("c"), "it is empty")]
    assert told(skipped) == ("a, c: it is empty.", "b line 2: NUL.")


# --- the fingerprint


def test_the_fingerprint_knows_ids_and_contents_and_nothing_else(folder, tmp_path_factory):
    """Moving a corpus changes nothing; another byte, another name, another file or another sidecar does."""
    before = fingerprint(find_files(folder))
    moved = tmp_path_factory.mktemp("moved")
    (moved / "sub").mkdir()
    (moved / "sub" / "speech-2019.md").write_bytes(HEAD + b"Text.")
    assert fingerprint(find_files(moved)) == before

    changes = []
    (folder / "speech-2019.md").write_bytes(HEAD + b"Text!")
    changes.append(fingerprint(find_files(folder)))
    (folder / "speech-2019.md").rename(folder / "speech-2020.md")
    changes.append(fingerprint(find_files(folder)))
    (folder / "other.md").write_bytes(HEAD + b"Text.")
    changes.append(fingerprint(find_files(folder)))
    (folder / "other.md.yaml").write_text("title: T")
    changes.append(fingerprint(find_files(folder)))
    assert len({before, *changes}) == 5
