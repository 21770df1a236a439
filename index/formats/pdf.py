"""Turns a PDF into blocks with their pages: running heads and feet dropped, wrapped lines joined, headings and footnotes told by size.

A PDF holds lines at places on pages and nothing of paragraphs, so these are found from room, indents and sizes of type. Text that
is a picture is not read. Knows nothing of files.
"""

import io
import logging
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise

from pypdf import PageObject, PdfReader
from pypdf.errors import DependencyError, PyPdfError

from index.formats.extracted import MAX_CHARACTERS, MAX_PAGES, Extracted, FormatError, Metadata
from index.lines import Line, is_finished, joined, parts, width, words
from index.parse import LONGEST_HEADING, Block, BlockKind, is_numbered

EDGE = 2  # lines at the top and at the foot of a page that may be running ones
RUNNING = 0.4  # share of the pages on which a running line stands: left and right pages may differ
HEADING_SIZE = 1.15  # of the body's type
FOOTNOTE_SIZE = 0.9
APART = 1.3  # of the usual distance between lines: more separates paragraphs
RAISED = 0.7  # of the type's size: a smaller step down is that of a raised or lowered mark, not of a line
NARROWEST_COLUMN = 40  # characters; where all lines are shorter, all are paragraphs
MOST_DIGITS = 6  # of a number that may count pages
INDENT = 0.8  # of the body's type size
_NUMERALS = re.compile(r"\d+")
_PAGE_NUMBER = re.compile(r"(?:page\s+)?[-–—]?\s*(\d{1,4})\s*[-–—]?(?:\s*(?:of|/)\s*\d{1,4})?", re.IGNORECASE)
_CAPTION = re.compile(r"(?:table|figure|box|таблица|рисунок|表|图)\s*\d", re.IGNORECASE)
_FOOTNOTE = re.compile(r"(?:\d{1,3}|\*{1,3}|[†‡])[\s.)]*\S")
_NO_TITLE = re.compile(r"(?:microsoft word - .*|untitled.*|.*\.(?:docx?|rtf|odt|indd|qxd|pdf|tmp))", re.IGNORECASE)  # made up by programs


@dataclass(slots=True)
class _Printed:
    """A line as printed: its text, the place of its start in points (y upwards), its largest type, and whether all of it is bold."""

    page: int
    x: float
    y: float
    text: str = ""
    size: float = 0.0
    bold: bool = True


@dataclass(slots=True)
class _PageText:
    """The lines of one page, in the order in which they are drawn."""

    page: int
    lines: list[_Printed] = field(default_factory=list)
    _open: bool = False

    def visit(self, text: str, place: Sequence[float], matrix: Sequence[float], font: Mapping[str, object] | None, size: float) -> None:
        """Take the next piece of text with the matrices that place it; a line break in it ends a line."""
        for number, piece in enumerate(text.split("\n")):
            self._open = self._open and not number
            if not piece.strip() and not self._open:
                continue
            if not self._open:
                x = matrix[4] * place[0] + matrix[5] * place[2] + place[4]
                y = matrix[4] * place[1] + matrix[5] * place[3] + place[5]
                self.lines.append(_Printed(self.page, x, y))
                self._open = True
            line = self.lines[-1]
            line.text += piece
            if piece.strip():
                line.size = max(line.size, round(abs(size * matrix[3] * place[3]), 1))
                line.bold = line.bold and "bold" in str((font or {}).get("/BaseFont", "")).casefold()


def read_pdf(content: bytes) -> Extracted:
    """Return the blocks of a PDF. Raises FormatError if it is none, is protected, has too many pages or no text."""
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # its warnings on every oddity of a file help nobody here
    try:
        reader = PdfReader(io.BytesIO(content))
        if reader.is_encrypted and not reader.decrypt(""):
            raise FormatError("it is protected by a password. Save it without one")
        count = len(reader.pages)
        if count > MAX_PAGES:
            raise FormatError(f"it has {count:,} pages, more than the {MAX_PAGES:,} that are read")
        pages = _pages(reader)
        title = (reader.metadata.title if reader.metadata else None) or ""
        language = reader.root_object.get("/Lang")
    except DependencyError as error:
        raise FormatError(f"it is encrypted and cannot be decrypted here ({error}). Save it without protection") from error
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, IndexError) as error:  # pypdf lets all of these through
        raise FormatError(f"it cannot be read as PDF ({type(error).__name__}: {error})") from error
    if not any(pages):
        said = "its page is a picture" if count == 1 else f"its {count:,} pages are pictures"
        raise FormatError(f"it holds no text: {said}, or broken. Run text recognition (OCR) over it")
    lines = list(_without_running_lines(pages))
    metadata = Metadata(None if _NO_TITLE.fullmatch(title.strip()) else title.strip() or None, language=str(language) if language else None)
    return Extracted(tuple(_blocks(lines)), metadata, _remarks(pages))


def _pages(reader: PdfReader) -> list[list[_Printed]]:
    """Return the lines of each page. Raises FormatError once there is too much text."""
    pages, characters = [], 0
    for number, page in enumerate(reader.pages, start=1):
        pages.append(_lines(page, number))
        characters += sum(len(line.text) for line in pages[-1])
        if characters > MAX_CHARACTERS:
            raise FormatError(f"it holds more than the {MAX_CHARACTERS:,} characters that are read")
    return pages


def _lines(page: PageObject, number: int) -> list[_Printed]:
    text = _PageText(number)
    page.extract_text(visitor_text=text.visit)
    for line in text.lines:
        line.text = " ".join(line.text.split(" ")).strip()
    return text.lines


def _remarks(pages: Sequence[Sequence[_Printed]]) -> tuple[str, ...]:
    """Return what to say of pages without text among pages with it."""
    empty = [str(number) for number, lines in enumerate(pages, start=1) if not lines]
    return (f"no text was found on page {', '.join(empty)}; it may be a picture",) if empty else ()


def _without_running_lines(pages: Sequence[Sequence[_Printed]]) -> Iterator[_Printed]:
    """Yield the lines of all pages but heads and feet: what recurs at an edge, or counts the pages there."""
    edges = [_edges(lines) for lines in pages]
    seen = Counter(key for keys in edges for key in set().union(*keys.values()))
    enough = max(2, RUNNING * len(pages))
    for lines, keys in zip(pages, edges, strict=True):
        for position, line in enumerate(lines):
            number = _PAGE_NUMBER.fullmatch(line.text)
            if position in keys and (any(seen[key] >= enough for key in keys[position]) or (number and int(number.group(1)) <= line.page)):
                continue
            yield line


def _edges(lines: Sequence[_Printed]) -> dict[int, set[tuple[str, str, float]]]:
    """Return the positions of the lines at the top and the foot of a page, each with all that makes it the same on another page.

    The size of type is part of it: a title on the first page is larger than when it runs on.
    """
    downwards = sorted(range(len(lines)), key=lambda position: -lines[position].y)
    places = [*((position, "foot") for position in downwards[-EDGE:]), *((position, "top") for position in downwards[:EDGE])]
    return {position: {(edge, said, lines[position].size) for said in _recurring(lines[position])} for position, edge in places}


def _recurring(line: _Printed) -> Iterator[str]:
    """Yield the ways in which the text of *line* may recur: word for word, or with one number that goes up with the pages.

    "Article 1" and "Article 2" are no head that counts its pages, even where each fills one: without them points go astray.
    """
    yield line.text
    if is_numbered(line.text) or _CAPTION.match(line.text):
        return
    for number in _NUMERALS.finditer(line.text):
        if len(number.group()) <= MOST_DIGITS:
            yield f"{line.text[: number.start()]}#{int(number.group()) - line.page}#{line.text[number.end() :]}"


def _blocks(lines: Sequence[_Printed]) -> Iterator[Block]:
    """Yield headings and paragraphs in order, and after each page's last paragraph its footnotes."""
    sizes: Counter[float] = Counter()
    for line in lines:
        sizes[line.size] += len(line.text)
    body = sizes.most_common(1)[0][0] if sizes else 0.0
    bold = sum(len(line.text) for line in lines if line.bold) * 2 > sum(len(line.text) for line in lines)
    notes = _footnotes(lines, body)
    text = [line for position, line in enumerate(lines) if position not in notes]
    set_apart = _set_apart(text, body)
    known, wide = words(set_apart), max(width(set_apart), NARROWEST_COLUMN)
    waiting = _footnote_blocks([lines[position] for position in sorted(notes)], known)
    at = 0
    for heading, group in groupby(text, key=lambda line: _is_heading(line, body, bold)):
        count = len(list(group))
        for part in parts(set_apart[at : at + count], wide):
            while waiting and (waiting[0].page or 0) < (part[0].page or 0):
                yield waiting.pop(0)
            yield _block(part, known, "heading" if heading else "text")
        at += count
    yield from waiting


def _block(lines: Sequence[Line], known: frozenset[str], kind: BlockKind) -> Block:
    """Return *lines* as one block, with where in it each further page begins."""
    text = joined([line.text for line in lines], known)
    # What follows a line is joined as it would be without it, so the rest's length tells where it begins.
    turns = [
        (len(text) - len(joined([line.text for line in lines[at:]], known)), line.page)
        for at, (before, line) in enumerate(pairwise(lines), start=1)
        if before.page != line.page
    ]
    return Block(text, kind, lines[0].page, tuple((start, page) for start, page in turns if page is not None))


def _is_heading(line: _Printed, body: float, bold: bool) -> bool:
    """Tell whether *line* is set larger than the body's size, or bold where the text is not, and ends as headings do."""
    larger = line.size >= HEADING_SIZE * body or (line.bold and not bold and line.size >= body)
    return larger and len(line.text) <= LONGEST_HEADING and (line.text[-1].isalnum() or line.text[-1] in ")”’")


def _footnotes(lines: Sequence[_Printed], body: float) -> set[int]:
    """Return the positions of the lines at the foot of their pages in smaller type, from the first that opens with a mark."""
    found: set[int] = set()
    for _, group in groupby(range(len(lines)), key=lambda position: lines[position].page):
        upwards = sorted(group, key=lambda position: (lines[position].y, -position))
        small = []
        for position in upwards:
            if lines[position].size > FOOTNOTE_SIZE * body:
                break
            small.append(position)
        while small and not _FOOTNOTE.match(lines[small[-1]].text):
            small.pop()
        found.update(small)
    return found


def _footnote_blocks(lines: Sequence[_Printed], known: frozenset[str]) -> list[Block]:
    """Return one block a footnote; a line that opens with a mark begins one."""
    found: list[list[_Printed]] = []
    for line in lines:
        if found and line.page == found[-1][0].page and not _FOOTNOTE.match(line.text):
            found[-1].append(line)
        else:
            found.append([line])
    return [Block(joined([line.text for line in note], known), "footnote", note[0].page) for note in found]


def _set_apart(lines: Sequence[_Printed], body: float) -> list[Line]:
    """Return *lines* with whether white space above or before them sets them apart, or a page after the end of a sentence."""
    steps = sorted(
        before.y - line.y for before, line in pairwise(lines) if before.page == line.page and before.y - line.y > RAISED * line.size
    )
    usual = steps[len(steps) // 4] if steps else 0.0  # of four steps more than one is within a paragraph, even where these are short
    margins = Counter(round(line.x) for line in lines)
    margin = margins.most_common(1)[0][0] if margins else 0
    return [
        Line(
            line.text,
            apart=before is not None and (before.y - line.y > APART * usual if before.page == line.page else is_finished(before.text)),
            indented=line.x - margin > INDENT * body,
            page=line.page,
        )
        for before, line in pairwise([None, *lines])
        if line is not None
    ]
