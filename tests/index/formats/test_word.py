"""A DOCX file becomes blocks: what Word shows, with the numbers that it prints."""

import io
import zipfile
from collections.abc import Callable

import docx
import pytest
from docx.document import Document as WordDocument
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn

from index.formats.extracted import FormatError
from index.formats.word import read_word
from index.parse import Block


def saved(document: WordDocument) -> bytes:
    """Return the bytes of *document*."""
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def made(*parts: Callable[[WordDocument], object]) -> tuple[Block, ...]:
    """Return the blocks of a document to which each of *parts* adds something."""
    document = docx.Document()
    for part in parts:
        part(document)
    return read_word(saved(document)).blocks


def texts(*parts: Callable[[WordDocument], object]) -> list[str]:
    """Return the texts of those blocks."""
    return [block.text for block in made(*parts)]


def paragraph(xml: str) -> Callable[[WordDocument], object]:
    """Return what adds a paragraph of this inner XML."""
    inner = f"<w:p {nsdecls('w')}>{xml}</w:p>"
    return lambda document: document.element.body.insert(len(document.element.body) - 1, parse_xml(inner))


def replaced(content: bytes, name: str, part: bytes) -> bytes:
    """Return a package with one part replaced or added."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as package, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as other:
        for one in package.namelist():
            if one != name:
                other.writestr(one, package.read(one))
        other.writestr(name, part)
    return file.getvalue()


def test_paragraphs_and_headings():
    """Headings and titles are told by their styles, whatever the language of Word."""
    found = made(
        lambda d: d.add_heading("Bishkek Declaration", 0),
        lambda d: d.add_heading("Security", 2),
        lambda d: d.add_paragraph("Peace is needed."),
        lambda d: d.add_paragraph("  "),
    )
    assert found == (Block("Bishkek Declaration", "heading"), Block("Security", "heading"), Block("Peace is needed."))


def test_lists_get_the_numbers_that_word_prints():
    """They stand in no text of the file; bullets print none."""
    numbered = [lambda d, text=text: d.add_paragraph(text, style="List Number") for text in ("One", "Two")]
    assert texts(
        *numbered, lambda d: d.add_paragraph("A bullet", style="List Bullet"), lambda d: d.add_paragraph("Three", style="List Number")
    ) == [
        "1. One",
        "2. Two",
        "A bullet",
        "3. Three",
    ]


LEVELS = """<w:abstractNum {ns} w:abstractNumId="77">
<w:lvl w:ilvl="0"><w:start w:val="3"/><w:numFmt w:val="upperRoman"/><w:lvlText w:val="%1."/></w:lvl>
<w:lvl w:ilvl="1"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:lvlText w:val="%2)"/></w:lvl>
<w:lvl w:ilvl="2"><w:start w:val="1"/><w:numFmt w:val="lowerLetter"/><w:lvlText w:val="%2.%3"/></w:lvl>
</w:abstractNum>"""


def test_levels_are_counted_anew_below_each_number_above():
    """Roman numerals from III, digits below, letters that repeat the digit."""

    def lists(document: WordDocument) -> None:
        numbering = document.part.numbering_part.element
        numbering.insert(0, parse_xml(LEVELS.format(ns=nsdecls("w"))))
        numbering.append(parse_xml(f'<w:num {nsdecls("w")} w:numId="77"><w:abstractNumId w:val="77"/></w:num>'))

    def at(level: int) -> Callable[[WordDocument], object]:
        properties = f'<w:pPr><w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="77"/></w:numPr></w:pPr>'
        return paragraph(f"{properties}<w:r><w:t>x</w:t></w:r>")

    assert texts(lists, *map(at, (0, 1, 2, 2, 1, 0, 1))) == ["III. x", "1) x", "1.a x", "1.b x", "2) x", "IV. x", "1) x"]


@pytest.mark.parametrize(
    ("form", "expected"),
    [("decimal", "1. x"), ("upperRoman", "I. x"), ("lowerLetter", "a. x"), ("ordinal", "x"), ("chineseCounting", "x"), ("none", "x")],
)
def test_a_number_in_a_form_that_is_not_known_is_left_out(form, expected):
    """Word would print it otherwise than in digits, and a citation by digits would lead nowhere."""

    def lists(document: WordDocument) -> None:
        numbering = document.part.numbering_part.element
        level = f'<w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="{form}"/><w:lvlText w:val="%1."/></w:lvl>'
        numbering.insert(0, parse_xml(f'<w:abstractNum {nsdecls("w")} w:abstractNumId="78">{level}</w:abstractNum>'))
        numbering.append(parse_xml(f'<w:num {nsdecls("w")} w:numId="78"><w:abstractNumId w:val="78"/></w:num>'))

    item = paragraph('<w:pPr><w:numPr><w:ilvl w:val="0"/><w:numId w:val="78"/></w:numPr></w:pPr><w:r><w:t>x</w:t></w:r>')
    assert texts(lists, item) == [expected]


def test_a_tables_rows_are_blocks():
    """Cells in order, with bars between; what is in a cell is one line."""

    def table(document: WordDocument) -> None:
        cells = document.add_table(2, 2)
        for row, values in enumerate((("State", "Since"), ("India\nand Pakistan", "2017"))):
            for column, value in enumerate(values):
                cells.cell(row, column).text = value

    assert texts(table) == ["State | Since", "India and Pakistan | 2017"]


@pytest.mark.parametrize(
    ("xml", "expected"),
    [
        pytest.param("<w:r><w:t>One </w:t></w:r><w:ins><w:r><w:t>two</w:t></w:r></w:ins>", ["One two"], id="what was inserted"),
        pytest.param("<w:r><w:t>One</w:t></w:r><w:del><w:r><w:delText>two</w:delText></w:r></w:del>", ["One"], id="what was struck out"),
        pytest.param("<w:hyperlink><w:r><w:t>A link</w:t></w:r></w:hyperlink>", ["A link"], id="a link"),
        pytest.param("<w:sdt><w:sdtContent><w:r><w:t>Chosen</w:t></w:r></w:sdtContent></w:sdt>", ["Chosen"], id="a content control"),
        pytest.param("<w:r><w:t>One</w:t><w:br/><w:t>two</w:t></w:r>", ["One\ntwo"], id="a line break"),
        pytest.param("<w:r><w:t>One</w:t><w:tab/><w:t>two</w:t></w:r>", ["One\ttwo"], id="a tab"),
        pytest.param("<w:r><w:instrText>PAGE</w:instrText></w:r><w:r><w:t>3</w:t></w:r>", ["3"], id="a field's code"),
    ],
)
def test_what_word_shows_is_read(xml, expected):
    """As if all changes were accepted."""
    assert texts(paragraph(xml)) == expected


def test_a_text_box_follows_the_paragraph_that_holds_it():
    """Its text is read once."""
    box = "<w:r><w:t>Around.</w:t><w:pict><w:txbxContent><w:p><w:r><w:t>Within.</w:t></w:r></w:p></w:txbxContent></w:pict></w:r>"
    assert texts(paragraph(box)) == ["Around.", "Within."]


def test_a_block_within_a_content_control_is_read():
    """Templates put whole paragraphs into them."""

    def control(document: WordDocument) -> None:
        outer, inner = OxmlElement("w:sdt"), OxmlElement("w:sdtContent")
        document.add_paragraph("Within.")
        inner.append(document.element.body.find(qn("w:p")))
        outer.append(inner)
        document.element.body.insert(0, outer)

    assert texts(control) == ["Within."]


def test_footnotes_follow_with_their_marks():
    """In the order of the marks in the text, whatever their ids."""
    document = docx.Document()
    paragraph('<w:r><w:t>One</w:t><w:footnoteReference w:id="9"/><w:t>, two</w:t><w:footnoteReference w:id="4"/></w:r>')(document)
    note = '<w:footnote w:id="{}"><w:p><w:r><w:t>{}</w:t></w:r></w:p></w:footnote>'
    notes = f"<w:footnotes {nsdecls('w')}>{note.format(-1, '')}{note.format(4, 'See two.')}{note.format(9, 'See one.')}</w:footnotes>"
    content = replaced(saved(document), "word/footnotes.xml", notes.encode())
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/footnotes"
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        relations = package.read("word/_rels/document.xml.rels").decode()
        types = package.read("[Content_Types].xml").decode()
    added = f'<Relationship Id="rId99" Type="{kind}" Target="footnotes.xml"/></Relationships>'
    content = replaced(content, "word/_rels/document.xml.rels", relations.replace("</Relationships>", added).encode())
    override = '<Override PartName="/word/footnotes.xml" ContentType="application/xml"/></Types>'
    content = replaced(content, "[Content_Types].xml", types.replace("</Types>", override).encode())
    assert read_word(content).blocks == (Block("One[1], two[2]"), Block("[1] See one.", "footnote"), Block("[2] See two.", "footnote"))


def test_the_title_and_language_are_the_files_own():
    """Its author and times are not taken: who typed a statement, and when, says not whose it is."""
    document = docx.Document()
    document.core_properties.title, document.core_properties.language = "Bishkek Declaration", "ru-RU"
    document.add_paragraph("x")
    about = read_word(saved(document)).metadata
    assert (about.title, about.language, about.date) == ("Bishkek Declaration", "ru-RU", None)


@pytest.mark.parametrize(
    ("style", "title"),
    [
        pytest.param("Title", "Bishkek Declaration", id="the title's style"),
        pytest.param("Heading 1", "Bishkek Declaration", id="a heading of the first level"),
        pytest.param("Heading 2", None, id="a heading of another level"),
        pytest.param("Normal", None, id="no heading"),
    ],
)
def test_without_a_title_of_the_file_it_is_the_first_paragraph_if_its_style_says_so(style, title):
    """Empty paragraphs before it and tables, such as a letter's head, do not count; what comes later is no title."""
    document = docx.Document()
    document.core_properties.title = " "
    document.add_paragraph(" ")
    document.add_table(1, 1).cell(0, 0).text = "Secretariat"
    document.add_paragraph("Bishkek \n Declaration", style=style)
    document.add_heading("Security", 0)
    assert read_word(saved(document)).metadata.title == title


def test_a_numbered_heading_names_a_section_and_no_document():
    """Of the first level though it is."""
    document = docx.Document()
    document.core_properties.title = ""
    document.add_heading("1. Security", 1)
    assert read_word(saved(document)).metadata.title is None


PLAIN = docx.Document()
PLAIN.add_paragraph("x")
LAUGHS = b"<!DOCTYPE l [<!ENTITY a 'ha'>" + b"".join(b"<!ENTITY %c '%s'>" % (98 + i, b"&%c;" % (97 + i) * 10) for i in range(9)) + b"]>"
BODY = b'<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>&j;</w:t></w:r></w:p></w:body></w:document>'


def declaring(size: int) -> bytes:
    """Return a package whose directory says that its last part unpacks to *size* bytes."""
    file = io.BytesIO(saved(PLAIN))
    with zipfile.ZipFile(file, "a") as package:
        package.writestr("word/media/picture.bin", b"0")
        package.infolist()[-1].file_size = size
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param(b"", "not a zip file", id="nothing"),
        pytest.param(saved(PLAIN)[:9000], "not a zip file", id="cut short"),
        pytest.param(bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600), "protected by a password, or a .doc", id="a password"),
        pytest.param(replaced(saved(PLAIN), "word/document.xml", b"<w:p"), "cannot be read as DOCX", id="broken XML"),
        pytest.param(replaced(saved(PLAIN), "word/media/a.bin", bytes(12_000_000)), "times its size, more than the 100", id="a ratio"),
        pytest.param(declaring(4_000_000_000), r"unpacks to 4,000,\d{3},\d{3} bytes, more than the 200,000,000", id="4 GB"),
        pytest.param(replaced(saved(PLAIN), "word/document.xml", LAUGHS + BODY), "declares a document type", id="a billion laughs"),
        pytest.param(
            replaced(saved(PLAIN), "word/document.xml", b"<!--" + b" " * 5000 + b"-->" + LAUGHS + BODY),
            "cannot be read as DOCX",
            id="a billion laughs behind a comment",
        ),
    ],
)
def test_what_is_no_document_or_a_bomb_is_refused(content, says):
    """Before anything of it is unpacked, but for the last, which the XML parser refuses."""
    with pytest.raises(FormatError, match=says):
        read_word(content)
