"""What is written about a document becomes its description; a fault is named with its line, and nothing is guessed."""

import pytest

from index.document import Description
from index.formats.extracted import FormatError, Metadata
from index.front_matter import describe, missing, read_values, split

NONE = Metadata()


def test_front_matter_is_split_from_the_text():
    """Between two rules at the head of the file; without them, all is text."""
    assert split("---\ntitle: T\n---\nText.") == ("title: T\n", "Text.")
    assert split("Text.\n---\nMore.\n---\n") == (None, "Text.\n---\nMore.\n---\n")


@pytest.mark.parametrize(
    ("line", "name", "value"),
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
        pytest.param("id: 比什凯克-2019", "id", "比什凯克-2019", id="a Chinese id"),
    ],
)
def test_a_value_is_the_text_that_was_written(line, name, value):
    """YAML's guesses at types do not reach the description."""
    assert read_values(line, 1) == {name: value}


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        pytest.param("title:\nkind: speech", ["line 2", "'title'"], id="an empty value"),
        pytest.param("title: T\nkind: [a, b]", ["line 3", "'kind'"], id="a list"),
        pytest.param("title: T\nkind: {a: b}", ["line 3", "'kind'"], id="a mapping"),
        pytest.param("? [a]\n: b", ["line 2"], id="a key that is a list"),
        pytest.param("title: T\nkind: speech\ntitle: U", ["line 4", "twice"], id="a key twice"),
        pytest.param("title: T\nkind: a: b", ["line 3", "not YAML"], id="a colon unquoted"),
        pytest.param("title: T\nkind: 'speech", ["line", "not YAML"], id="a quotation unclosed"),
        pytest.param("title: T\n\tkind: speech", ["line 3", "not YAML"], id="a tab"),
        pytest.param("title: T\x07\nkind: speech", ["line 2", "not YAML"], id="a control character"),
        pytest.param("[" * 5000, ["line 2", "not YAML"], id="lists in lists in lists"),
        pytest.param("title: *a", ["line 2", "not YAML"], id="an alias of nothing"),
        pytest.param("- title", ["line 2", "'key: value'"], id="a list of lines"),
        pytest.param("just words", ["line 2", "'key: value'"], id="words"),
        pytest.param("title: T\ndate: April", ["line 3", "'April'"], id="a date in words"),
        pytest.param("title: T\ndate: 2019-13-45", ["line 3", "'2019-13-45'"], id="a month 13"),
        pytest.param("title: T\ndate: 2019-02-29", ["line 3", "'2019-02-29'"], id="no leap year"),
        pytest.param("title: T\ndate: 24.04.2019", ["line 3", "'24.04.2019'"], id="a date the other way round"),
        pytest.param("title: T\nurl: javascript:alert(1)", ["line 3", "http"], id="an address that is a script"),
        pytest.param("id: Two words", ["line 2", "'Two words'"], id="an id that is none"),
    ],
)
def test_a_fault_is_named_with_its_line(lines, says):
    """Line 1 is the rule above the lines."""
    with pytest.raises(FormatError) as caught:
        read_values(lines, 2)
    for words in says:
        assert words in str(caught.value)


def test_what_is_written_goes_before_what_the_file_says_of_itself():
    """Other keys are kept as provenance, in order."""
    about = Metadata(title="scan0001", date="2019-06-14T10:00:00+06:00", language="en-GB", url="https://example.org")
    assert describe("doc", "a.pdf", {"title": "Speech", "kind": "speech", "scanned_by": "AB", "box": "7"}, about) == Description(
        document_id="doc",
        title="Speech",
        kind="speech",
        date="2019-06-14",
        language="en",
        url="https://example.org",
        provenance=(("box", "7"), ("scanned_by", "AB")),
    )


@pytest.mark.parametrize("date", ["14 June 2019", "2019-06-31", "D:20190614", "2019/06/14"])
def test_a_date_of_another_form_is_none(date):
    """A wrong date would be worse than a missing one."""
    assert describe("doc", "a.pdf", {}, Metadata(date=date)).date is None


@pytest.mark.parametrize(("stated", "language"), [("ru-RU", "ru"), ("zh_CN", "zh"), ("EN", "en"), ("Russian", "en"), ("x-none", "en")])
def test_a_language_is_a_code(stated, language):
    """What is no code is left out, and the default holds."""
    assert describe("doc", "a.pdf", {}, Metadata(language=stated)).language == language


def test_without_a_title_a_document_goes_by_its_files_name():
    """Its provenance says so, and a notice names it."""
    bare = describe("bare", "bare.txt", {}, NONE)
    assert (bare.title, bare.kind, bare.date) == ("bare.txt", "document", None)
    dated = describe("dated", "dated.txt", {"date": "2019"}, NONE)
    full = describe("full", "full.txt", {"title": "full.txt", "date": "2019"}, NONE)
    assert missing([full, dated, bare]) == (
        "No title is stated for bare, dated: cited by the file's name. State one with 'title: ...'.",
        "No date is stated for bare: cited without one. State it with 'date: ...'.",
    )
    assert missing([full]) == ()
