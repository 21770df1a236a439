"""A PDF becomes blocks with their pages: paragraphs joined, heads and feet dropped, headings and footnotes told by their type."""

import io
import zlib

import pypdf
import pytest
from fpdf import FPDF

from index.formats import pdf
from index.formats.extracted import Extracted, FormatError
from index.formats.pdf import read_pdf

SENTENCE = "The member states of the Organisation reaffirm their commitment to peace and will deepen their cooperation. "


class Printed(FPDF):
    """A document of 11-point type that can have a running head and foot."""

    head = foot = ""

    def header(self):
        """Print the head, a little smaller than the text."""
        self.set_font("helvetica", size=10)
        if self.head:
            self.cell(0, 8, self.head)
            self.ln(12)
        self.set_font("helvetica", size=11)

    def footer(self):
        """Print the foot with the page's number."""
        self.set_y(-15)
        self.set_font("helvetica", size=10)
        if self.foot:
            self.cell(0, 8, self.foot.format(self.page_no()))

    def put(self, text: str, size: float = 11, style: str = "", space: float = 3) -> None:
        """Print one paragraph, and leave *space* millimetres after it."""
        self.set_font("helvetica", style, size)
        self.multi_cell(0, size / 2, text, align="L", new_x="LMARGIN", new_y="NEXT")
        self.ln(space)


def document(head: str = "", foot: str = "") -> Printed:
    """Return a document with one empty page."""
    made = Printed()
    made.head, made.foot = head, foot
    made.add_page()
    return made


def read(made: FPDF) -> Extracted:
    """Return what is read of *made*."""
    return read_pdf(bytes(made.output()))


def test_printed_lines_are_joined_into_paragraphs():
    """Told apart by the room between them."""
    made = document()
    made.put(f"1. {SENTENCE * 3}")
    made.put(f"2. {SENTENCE * 4}")
    assert [block.text for block in read(made).blocks] == [f"1. {SENTENCE * 3}".strip(), f"2. {SENTENCE * 4}".strip()]


def test_without_room_between_them_paragraphs_are_told_by_their_numbers_and_last_lines():
    """As in many a typescript."""
    made = document()
    for number in (1, 2, 3):
        made.put(f"{number}. {SENTENCE * 3}", space=0)
    assert [block.text[:2] for block in read(made).blocks] == ["1.", "2.", "3."]


def test_a_paragraph_over_two_pages_is_one_and_stands_on_the_first():
    """Neither foot nor head interrupts it."""
    made = document("Shanghai Cooperation Organisation", "Page {} of 3")
    long = "They reaffirm their commitment to peace" + ", and to all that leads to it" * 200 + "."
    made.put(long)
    made.put("The end is near.")
    made.add_page()
    made.put("It is here.")
    found = read(made).blocks
    assert [(block.text, block.page) for block in found] == [
        (long, 1),
        ("The end is near.", 2),
        ("It is here.", 3),
    ]


def test_a_paragraph_over_pages_tells_where_each_begins():
    """To the character, though a word is divided there, and head and foot stand between."""
    made = document("Shanghai Cooperation Organisation", "Page {} of 3")
    made.set_auto_page_break(False)
    made.put("They will widen their cooperation. They need peace and coopera-", space=0)
    made.add_page()
    made.put("tion between all who live there, and between all who want to; and then", space=0)
    made.add_page()
    made.put("more. They need trade.")
    (block,) = read(made).blocks
    assert block.page == 1
    assert [(block.text[start:][:9], page) for start, page in block.turns] == [("tion betw", 2), ("more. The", 3)]


def test_what_stands_once_at_an_edge_stays():
    """Only what recurs is a head or a foot."""
    made = document()
    for text in ("On the first page.", "On the second page.", "On the third page."):
        made.put(text)
        made.add_page()
    made.put("On the last page.")
    assert [block.page for block in read(made).blocks] == [1, 2, 3, 4]


def paged(*tops: str) -> list[str]:
    """Return the texts read of a document that has each of *tops* at the top of a page, above a point of its own."""
    made = document()
    for number, top in enumerate(tops, start=1):
        if number > 1:
            made.add_page()
        made.put(top)
        made.put(f"1. The states of the {'abcdefgh'[number]} group {SENTENCE * 3}")
        made.put(f"{SENTENCE * 2}The states {'abcdefgh'[number]} end.")
    return [block.text for block in read(made).blocks]


@pytest.mark.parametrize("top", ["Article {}", "Chapter {}.", "Annex {}", "Table {}", "{}.", "Section {}"])
def test_a_number_at_the_top_of_each_page_stays(top):
    """Without "Article 2" the points below it would be cited under Article 1."""
    tops = [top.format(number) for number in (1, 2, 3, 4)]
    assert [text for text in paged(*tops) if text in tops] == tops


def test_a_name_that_counts_something_else_than_pages_stays():
    """Its numbers do not go up with the pages."""
    tops = ["Decision 4", "Decision 7", "Decision 9", "Decision 15"]
    assert [text for text in paged(*tops) if text in tops] == tops


def test_a_head_that_recurs_word_for_word_goes_though_it_holds_a_number():
    """As where every page names the chapter."""
    assert "Chapter 2" not in paged(*["Chapter 2"] * 4)


def test_a_head_that_counts_the_pages_goes():
    """From whatever number, beside others that stay the same."""
    assert not [text for text in paged(*(f"SCO 2019 | {page} | 40" for page in (11, 12, 13, 14))) if text.startswith("SCO")]


def test_the_title_stays_though_it_runs_on():
    """On the first page it is larger than in the heads."""
    made = document("Bishkek Declaration")
    made.put("Bishkek Declaration", size=16)
    for _ in range(3):
        made.put(SENTENCE)
        made.add_page()
    made.put(SENTENCE)
    assert [(block.kind, block.text, block.page) for block in read(made).blocks][:2] == [
        ("heading", "Bishkek Declaration", 1),
        ("text", SENTENCE.strip(), 1),
    ]


@pytest.mark.parametrize("number", ["1", "- 1 -", "Page 1", "1/1"])
def test_a_page_number_is_dropped_even_from_a_single_page(number):
    """It is the number of its page."""
    made = document(foot=number)
    made.put(SENTENCE)
    assert [block.text for block in read(made).blocks] == [SENTENCE.strip()]


def test_headings_are_told_by_larger_or_bold_type():
    """What ends in a full stop is none, however it is printed."""
    made = document()
    made.put("Security cooperation", size=14)
    made.put(SENTENCE * 2)
    made.put("Trade", style="B")
    made.put(SENTENCE * 2)
    made.put("We say this with emphasis.", style="B")
    assert [block.kind for block in read(made).blocks] == ["heading", "text", "heading", "text", "text"]


def test_footnotes_are_told_by_smaller_type_at_the_foot_and_do_not_interrupt():
    """They follow the last paragraph that begins on their page."""
    made = document()
    made.put("A short paragraph comes first.")
    made.put(SENTENCE * 35, space=0)
    made.set_auto_page_break(False)
    made.page = 1
    made.set_y(-18)
    made.put("1 See the Charter of the Organisation, adopted in 2002.", size=8, space=0)
    made.page = 2
    found = read(made).blocks
    assert [(block.kind, block.page) for block in found] == [("text", 1), ("text", 1), ("footnote", 1)]
    assert found[1].text == (SENTENCE * 35).strip()


def test_the_files_own_title_is_taken_but_not_a_programs():
    """Nor is the time at which it was made the document's date."""
    for title, expected in (("Bishkek Declaration", "Bishkek Declaration"), ("Microsoft Word - final2.docx", None), ("", None)):
        made = document()
        made.put(SENTENCE)
        made.set_title(title)
        about = read(made).metadata
        assert (about.title, about.date) == (expected, None)


def test_scanned_pages_are_refused_with_what_to_do():
    """A picture of a text is no text."""
    made = document()
    made.rect(20, 20, 100, 100)
    made.add_page()
    with pytest.raises(FormatError, match=r"holds no text: its 2 pages are pictures, or broken\. Run text recognition"):
        read(made)


def test_a_page_without_text_among_others_is_named():
    """The rest is read."""
    made = document()
    made.put(SENTENCE)
    made.add_page()
    made.rect(20, 20, 100, 100)
    made.add_page()
    made.put("The end.")
    found = read(made)
    assert [block.page for block in found.blocks] == [1, 3]
    assert found.remarks == ("no text was found on page 2; it may be a picture",)


@pytest.mark.parametrize("algorithm", ["RC4-128", "AES-128", "AES-256"])
def test_a_password_is_named(algorithm):
    """A file that opens without one, and only may not be printed, is read."""
    made = document()
    made.put("Peace is needed.")
    writer = pypdf.PdfWriter(io.BytesIO(bytes(made.output())))
    locked, open_to_all = io.BytesIO(), io.BytesIO()
    writer.encrypt("secret", algorithm=algorithm)
    writer.write(locked)
    with pytest.raises(FormatError, match="protected by a password"):
        read_pdf(locked.getvalue())
    writer = pypdf.PdfWriter(io.BytesIO(bytes(made.output())))
    writer.encrypt("", owner_password="secret", algorithm=algorithm)
    writer.write(open_to_all)
    assert [block.text for block in read_pdf(open_to_all.getvalue()).blocks] == ["Peace is needed."]


@pytest.mark.parametrize("part", [0, 40, 0.5, 0.9], ids=["nothing", "40 bytes", "half", "most"])
def test_a_truncated_file_is_refused_or_read(part):
    """Never an error of another kind; where the end is missing, what can be mended is read."""
    made = document()
    made.put(SENTENCE)
    content = bytes(made.output())
    cut = content[: part if isinstance(part, int) else int(len(content) * part)]
    try:
        found = [block.text for block in read_pdf(cut).blocks]
    except FormatError:
        found = []
    assert found in ([], [SENTENCE.strip()])


def assembled(*objects: bytes) -> bytes:
    """Return a PDF of these objects, numbered from 1, of which the first is the catalogue."""
    content, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(content))
        content += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    start = len(content)
    content += b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R >>\n" % (size, table, size)
    return content + b"startxref\n%d\n%%%%EOF" % start


CATALOGUE = b"<</Type/Catalog/Pages 2 0 R>>"
ONE_PAGE = b"<</Type/Pages/Kids[3 0 R]/Count 1>>"
PAGE = b"<</Type/Page/Parent 2 0 R/Contents 4 0 R/MediaBox[0 0 9 9]/Resources<<>>>>"


def stream(content: bytes, filters: bytes) -> bytes:
    """Return a stream object."""
    return b"<</Length %d/Filter[%s]>>\nstream\n%s\nendstream" % (len(content), filters, content)


def test_a_tree_of_ten_million_pages_is_refused():
    """Seven levels of ten branches each, in a kilobyte."""
    levels = [b"<</Type/Pages/Kids[%s]/Count 10000000>>" % (b"%d 0 R " % (level + 3) * 10) for level in range(7)]
    with pytest.raises(FormatError, match="cannot be read as PDF"):
        read_pdf(assembled(CATALOGUE, *levels, b"<</Type/Page/MediaBox[0 0 9 9]>>"))


def test_a_circle_of_pages_is_refused():
    """A page tree that holds itself has no end."""
    with pytest.raises(FormatError, match="cyclic"):
        read_pdf(assembled(CATALOGUE, b"<</Type/Pages/Kids[2 0 R]/Count 1>>"))


@pytest.mark.parametrize(
    ("filters", "content"),
    [
        pytest.param(b"/FlateDecode/FlateDecode", zlib.compress(zlib.compress(bytes(300_000_000), 1), 9), id="packed twice"),
        pytest.param(b"/FlateDecode", zlib.compress(bytes(300_000_000), 1), id="packed once"),
    ],
)
def test_a_stream_that_unpacks_to_too_much_is_not_unpacked(filters, content):
    """300 MB of zeros out of a few kilobytes."""
    with pytest.raises(FormatError):
        read_pdf(assembled(CATALOGUE, ONE_PAGE, PAGE, stream(content, filters)))


def test_too_many_pages_are_refused(monkeypatch):
    """The limit is lowered here, for no book needs five thousand blank pages."""
    monkeypatch.setattr(pdf, "MAX_PAGES", 2)
    made = document()
    made.add_page()
    made.add_page()
    with pytest.raises(FormatError, match="has 3 pages, more than the 2"):
        read(made)


def test_too_much_text_is_refused(monkeypatch):
    """Page by page, so that it is never all in memory."""
    monkeypatch.setattr(pdf, "MAX_CHARACTERS", 100)
    made = document()
    made.put(SENTENCE)
    with pytest.raises(FormatError, match="more than the 100 characters"):
        read(made)
