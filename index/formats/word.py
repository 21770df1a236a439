"""Turns a DOCX file into blocks: headings by style, paragraphs with the numbers that Word prints, table rows, footnotes.

What was inserted is read and what was struck out is not, as if all changes were accepted. Knows nothing of pages: where they
end is decided when the file is printed.
"""

import io
import re
import zipfile
from collections.abc import Iterator

import docx
from docx.document import Document as WordDocument
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.opc.exceptions import PackageNotFoundError
from docx.oxml.ns import qn
from docx.oxml.parser import parse_xml
from lxml import etree

from index.formats.extracted import MAX_EXPANDED, MAX_RATIO, RATIO_FREE, Extracted, FormatError, Metadata
from index.formats.word_numbers import ListNumbers
from index.parse import Block, is_numbered

CELLS = " | "  # between the cells of a table's row
LOOKED_AT = 4096  # bytes of each part's beginning, where a document type with its entities would have to stand
_OLE = bytes.fromhex("d0cf11e0a1b11ae1")  # how files of Word 97 and password-protected ones begin
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"  # repeats its neighbour for old readers
_BOX = qn("w:txbxContent")
_NOT_SHOWN = frozenset((qn("w:del"), qn("w:moveFrom"), qn("w:instrText"), qn("w:delText"), qn("w:pPr"), qn("w:rPr"), _FALLBACK))
_BREAKS = {qn("w:tab"): "\t", qn("w:br"): "\n", qn("w:cr"): "\n", qn("w:noBreakHyphen"): "\u2011"}
_WRAPPERS = frozenset((qn("w:sdt"), qn("w:sdtContent"), qn("w:ins"), qn("w:moveTo"), qn("w:customXml")))
_HEADING = re.compile(r"heading [1-9]|title|subtitle")  # built-in styles keep these names in every language


def read_word(content: bytes) -> Extracted:
    """Return the blocks of a DOCX file. Raises FormatError if it is none, is protected, or unpacks to too much."""
    if content.startswith(_OLE):
        raise FormatError("it is protected by a password, or a .doc of Word 97. Save it as .docx without a password")
    _check_package(content)
    try:
        document = docx.Document(io.BytesIO(content))
    except (PackageNotFoundError, KeyError, ValueError, zipfile.BadZipFile, etree.XMLSyntaxError) as error:
        raise FormatError(f"it cannot be read as DOCX ({error})") from error
    reader = _Reader(document)
    blocks = (*reader.blocks(document.element.body), *reader.footnotes())
    properties = document.core_properties
    title = properties.title.strip() or reader.title
    return Extracted(blocks, Metadata(title=title or None, language=properties.language.strip() or None))


def _check_package(content: bytes) -> None:
    """Raise FormatError if the package is broken, would unpack to too much, or declares entities in its XML."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            expanded = sum(part.file_size for part in package.infolist())
            if expanded > MAX_EXPANDED:
                raise FormatError(f"it unpacks to {expanded:,} bytes, more than the {MAX_EXPANDED:,} that are read")
            if expanded > RATIO_FREE and expanded > MAX_RATIO * len(content):
                raise FormatError(f"it unpacks to {expanded // len(content):,} times its size, more than the {MAX_RATIO} that are read")
            for part in package.infolist():
                if part.filename.endswith((".xml", ".rels")):
                    with package.open(part) as opened:
                        if b"<!DOCTYPE" in opened.read(LOOKED_AT):
                            raise FormatError(f"its part {part.filename} declares a document type, which no Word file does")
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise FormatError(f"it cannot be read as DOCX ({error})") from error


class _Reader:
    """Reads a document's paragraphs in order, counting its lists and footnotes."""

    def __init__(self, document: WordDocument) -> None:
        self._document = document
        self._numbers = ListNumbers(document)
        self._styles = {style.style_id: (style.name or "").lower() for style in document.styles}
        self._first: tuple[str, str] | None = None  # the first paragraph's style and text, with its number
        self._notes: list[str] = []  # the ids of the footnotes in the order of their marks

    def blocks(self, parent: etree._Element) -> Iterator[Block]:
        """Yield the blocks of *parent*'s paragraphs and tables, also those within content controls and text boxes."""
        for element in parent:
            if element.tag == qn("w:p"):
                number, text = self._numbers.next(element), self._text(element)
                style = element.find(f"{qn('w:pPr')}/{qn('w:pStyle')}")
                name = "" if style is None else self._styles.get(style.get(qn("w:val")), "")
                if text.strip():
                    self._first = self._first or (name, f"{number}{text}")
                    yield Block(f"{number}{text}", "heading" if _HEADING.fullmatch(name) else "text")
                for box in element.iter(_BOX):
                    if not any(outer.tag == _FALLBACK for outer in box.iterancestors()):
                        yield from self.blocks(box)
            elif element.tag == qn("w:tbl"):
                for row in element.iterchildren(qn("w:tr")):
                    cells = [" ".join(" ".join(map(self._text, cell.iter(qn("w:p")))).split()) for cell in row.iterchildren(qn("w:tc"))]
                    if any(cells):
                        yield Block(CELLS.join(cells))
            elif element.tag in _WRAPPERS:
                yield from self.blocks(element)

    @property
    def title(self) -> str:
        """The first paragraph, if styled as the title or as an unnumbered heading of the first level; ask once the blocks are read."""
        style, text = self._first or ("", "")
        titled = style == "title" or (style == "heading 1" and not is_numbered(text))
        return " ".join(text.split()) if titled else ""

    def footnotes(self) -> Iterator[Block]:
        """Yield the footnotes in the order of their marks; call it once the blocks are read."""
        try:
            root = parse_xml(self._document.part.part_related_by(RELATIONSHIP_TYPE.FOOTNOTES).blob)
        except KeyError:
            return
        notes = {note.get(qn("w:id")): note for note in root.iterchildren(qn("w:footnote"))}
        for number, name in enumerate(self._notes, start=1):
            text = " ".join(" ".join(map(self._text, notes[name].iter(qn("w:p")))).split()) if name in notes else ""
            if text:
                yield Block(f"[{number}] {text}", "footnote")

    def _text(self, paragraph: etree._Element) -> str:
        """Return the text of *paragraph* as shown, a footnote's mark in brackets."""
        pieces: list[str] = []
        walk = etree.iterwalk(paragraph, events=("start",))
        for _, element in walk:
            if element.tag in _NOT_SHOWN or element.tag == _BOX:
                walk.skip_subtree()
            elif element.tag == qn("w:t"):
                pieces.append(element.text or "")
            elif element.tag in _BREAKS:
                pieces.append(_BREAKS[element.tag])
            elif element.tag == qn("w:footnoteReference"):
                self._notes.append(element.get(qn("w:id")))
                pieces.append(f"[{len(self._notes)}]")
        return "".join(pieces)
