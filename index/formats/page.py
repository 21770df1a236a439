"""Turns an HTML page into blocks: headings, paragraphs, list items with their numbers, table rows, footnotes.

Takes the part that the page itself marks as its main one, else all of it but what is nothing but links. Knows nothing of
the network: nothing is fetched.
"""

import codecs
import re

from lxml import etree, html

from index.formats.extracted import Extracted, FormatError, Metadata
from index.lines import unwrap
from index.parse import Block, BlockKind, roman_numeral

_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w:.-]{1,40})", re.IGNORECASE)
CHARSET_WITHIN = 1024  # bytes from the start in which the HTML standard looks for the declaration
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
# What browsers read for an encoding that is declared: one that holds it, or, for a page that was told to be UTF-16 in ASCII, UTF-8.
_READ_AS = {
    "ascii": "cp1252", "iso8859-1": "cp1252", "iso8859-9": "cp1254", "iso8859-11": "cp874", "tis-620": "cp874", "gb2312": "gb18030",
    "gbk": "gb18030", "shift_jis": "cp932", "euc_kr": "cp949", "utf-16": "utf-8", "utf-16-le": "utf-8", "utf-16-be": "utf-8",
}  # fmt: skip

_NO_TEXT = frozenset((
    "script", "style", "noscript", "template", "svg", "math", "head", "iframe", "object", "audio", "video", "canvas", "button", "input",
    "select", "textarea", "dialog",
))  # fmt: skip
_AROUND = frozenset(("nav", "aside", "header", "footer"))  # of a page; within its main part they hold titles and notes
_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
_INLINE = frozenset((
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em", "font", "i", "ins", "kbd", "label",
    "mark", "q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "time", "tt", "u", "var", "wbr",
))  # fmt: skip
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_GONE = re.compile(r"display\s*:\s*none", re.IGNORECASE)  # takes no room, and no number of a list
_LIST_STYLE = re.compile(r"(?:^|;)\s*list-style(?:-type)?\s*:([^;]*)", re.IGNORECASE)
_STYLES = {
    "decimal": "1", "lower-alpha": "a", "lower-latin": "a", "upper-alpha": "A", "upper-latin": "A", "lower-roman": "i", "upper-roman": "I",
}  # fmt: skip
_INTEGER = re.compile(r"\s*([+-]?[0-9]{1,9})")  # as HTML reads one: what follows it is ignored
_FOOTNOTE = re.compile(r"\b(?:doc-)?(?:(?:foot|end)notes?|fn[-:_]?\d)", re.IGNORECASE)
_WHITE = re.compile(r"[ \t\n\r\f]+")  # what HTML collapses; a non-breaking space is kept
CELLS = " | "  # between the cells of a table's row

# What pages declare of themselves, in the order of trust. A date that stands in an address or a text is no declaration.
_DATES = ("article:published_time", "dc.date", "dcterms.date", "dcterms.issued", "dcterms.created", "citation_publication_date", "date")
_TITLES = ("dc.title", "dcterms.title", "citation_title", "og:title")


def read_page(content: bytes) -> Extracted:
    """Return the blocks of an HTML page. Raises FormatError if it is not text or holds none."""
    text = _decoded(content)
    try:
        # Without huge_tree a text of more than ten million characters would be dropped in silence.
        root = html.document_fromstring(text, parser=html.HTMLParser(huge_tree=True)) if text.strip() else None
    except etree.XMLSyntaxError as error:  # the parser mends every fault of a page; it stops for want of memory alone
        raise MemoryError from error
    except (etree.ParserError, ValueError) as error:
        raise FormatError(f"it cannot be read as HTML ({error})") from error
    if root is None:
        raise FormatError("it holds no text")
    main, marked = _main(root)
    reader = _Reader(frozenset(("nav",)) if marked else _AROUND, keep_links=marked)
    reader.read(main)
    return Extracted(tuple(reader.blocks), _metadata(root))


def _decoded(content: bytes) -> str:
    """Return the text of a page in its declared encoding as browsers understand it, else UTF-8."""
    encoding, start = next(((name, len(mark)) for mark, name in _MARKS if content.startswith(mark)), ("", 0))
    declared = _CHARSET.search(content[:CHARSET_WITHIN])
    label = declared.group(1).decode("ascii", "replace") if declared else "utf-8"
    try:
        encoding = encoding or _encoding(label)
        # Every byte is a character of windows-1252 to browsers; five of them are none in its table.
        text = content[start:].decode(encoding, "replace" if encoding == "cp1252" else "strict")
    except LookupError as error:
        raise FormatError(f"it declares the encoding '{label}', which does not exist. Correct it, or save the page as UTF-8") from error
    except UnicodeDecodeError as error:
        raise FormatError(f"byte {error.start + start} is not {encoding}. Save the page as UTF-8") from error
    if "\0" in text:
        raise FormatError("it holds a NUL character, so it is no HTML page")
    return re.sub(r"\A\s*<\?xml[^>]*\?>", "", text)  # lxml refuses a declaration of encoding in a text that is decoded


def _encoding(label: str) -> str:
    """Return the encoding that browsers read where a page declares *label*. Raises LookupError if there is none."""
    name = codecs.lookup(label.casefold().removeprefix("x-")).name
    return _READ_AS.get(name, name)


def _main(root: etree._Element) -> tuple[etree._Element, bool]:
    """Return the element that the page marks as its main part, or its body, and whether it was marked."""
    for path in ("//main", "//*[@role='main']", "//article"):
        found = root.xpath(path)
        if len(found) == 1 and found[0].text_content().strip():
            return found[0], True
    body = root.find("body")
    return (root if body is None else body), False


class _Reader:
    """Reads a page's elements in order and cuts their text into blocks, white space collapsed as a browser does."""

    def __init__(self, left_out: frozenset[str], *, keep_links: bool) -> None:
        self.blocks: list[Block] = []
        self._left_out = left_out
        self._keep_links = keep_links
        self._pieces: list[str] = []
        self._unlinked = False  # whether the block holds text outside links
        self._links = self._rows = self._notes = self._verbatim = 0  # how many such elements are open
        self._prefix = ""  # a list item's number
        self._due: list[int] = []  # what the next item of each open numbered list counts

    def read(self, main: etree._Element) -> None:
        """Read *main* and all within."""
        walk = etree.iterwalk(main, events=("start", "end", "comment", "pi"))
        for event, element in walk:
            if event == "start":
                self._start(element)
                if self._is_left_out(element):
                    walk.skip_subtree()
                else:
                    self._add(element.text)
            else:
                if event == "end":
                    self._end(element)
                self._add(element.tail if element is not main else None)
        self._cut("text")

    def _is_left_out(self, element: etree._Element) -> bool:
        hidden = element.get("hidden") is not None or _HIDDEN.search(element.get("style") or "")
        return element.tag in _NO_TEXT or element.tag in self._left_out or bool(hidden)

    def _start(self, element: etree._Element) -> None:
        tag = element.tag
        if tag == "a":
            self._links += 1
        elif tag in ("td", "th") and self._rows:
            self._pieces += [CELLS] if element.getprevious() is not None else []
        elif tag not in _INLINE:
            self._cut("text")
        self._pieces += ["["] if _is_reference(element) else []
        self._rows += tag == "tr" and (self._rows > 0 or _is_data(element))
        self._notes += _is_footnote(element)
        self._verbatim += tag == "pre"
        if tag == "ol":
            self._due.append(_first(element))
        elif tag == "li":
            self._prefix = self._list_number(element)

    def _end(self, element: etree._Element) -> None:
        tag = element.tag
        if tag == "a":
            self._links -= 1
        self._pieces += ["]"] if _is_reference(element) else []
        self._verbatim -= tag == "pre"
        if tag == "ol":
            self._due.pop()
        self._rows -= tag == "tr" and self._rows > 0
        if tag not in _INLINE and tag not in ("td", "th"):
            self._cut("heading" if tag in _HEADINGS else "text")
        self._notes -= _is_footnote(element)

    def _list_number(self, item: etree._Element) -> str:
        """Return the number that a browser prints before *item*, or nothing if it prints none."""
        parent = item.getparent()
        if not self._due or parent is None or parent.tag != "ol" or _is_gone(item):
            return ""
        value = _integer(item.get("value"))
        count = self._due[-1] if value is None else value
        self._due[-1] = count + (1 if parent.get("reversed") is None else -1)
        printed = _in_style(count, _style(item, parent))
        return f"{printed}. " if printed else ""

    def _add(self, text: str | None) -> None:
        if text:
            self._pieces.append(text if self._verbatim else _WHITE.sub(" ", text))
            self._unlinked = self._unlinked or (not self._links and bool(text.strip()))

    def _cut(self, kind: BlockKind) -> None:
        """End a block; within a row, which is one block, blocks are only set apart."""
        if self._rows:
            self._pieces.append(" ")
            return
        text = re.sub(" {2,}", " ", "".join(self._pieces)).strip()
        if text and (self._unlinked or self._keep_links or kind == "heading"):
            self.blocks.append(Block(f"{self._prefix}{unwrap(text)}", "footnote" if self._notes and kind == "text" else kind))
        self._prefix = "" if text else self._prefix
        self._pieces, self._unlinked = [], False


def _is_data(row: etree._Element) -> bool:
    """Tell a row of data from one that lays out a page: no cell of it holds more than one block."""
    return all(sum(inner.tag not in _INLINE for inner in cell.iterdescendants()) <= 1 for cell in row)


def _is_reference(element: etree._Element) -> bool:
    """Tell a footnote's raised number from a power: it is a link. Without brackets it would read as part of the word."""
    return element.tag == "sup" and (element.find("a") is not None or element.getparent().tag == "a")


def _is_footnote(element: etree._Element) -> bool:
    """Tell whether the page marks *element* as a footnote, or as the place of footnotes."""
    return element.tag not in _INLINE and any(_FOOTNOTE.search(element.get(name) or "") for name in ("role", "class", "id"))


def _first(numbered: etree._Element) -> int:
    """Return what the first item of the list *numbered* counts."""
    start = _integer(numbered.get("start"))
    if start is not None:
        return start
    return 1 if numbered.get("reversed") is None else sum(not _is_gone(item) for item in numbered.iterchildren("li"))


def _is_gone(item: etree._Element) -> bool:
    return item.get("hidden") is not None or bool(_GONE.search(item.get("style") or ""))


def _integer(written: str | None) -> int | None:
    """Return the number that an attribute states, or None if it states none."""
    found = _INTEGER.match(written or "")
    return int(found.group(1)) if found else None


def _style(item: etree._Element, numbered: etree._Element) -> str:
    """Return the style of *item*'s number as the attribute ``type`` has it, or nothing for a bullet, none, or another script's."""
    for element in (item, numbered):
        declared = _LIST_STYLE.findall(element.get("style") or "")
        if declared:
            return next((_STYLES[word] for word in declared[-1].casefold().split() if word in _STYLES), "")
        if element.get("type") in _STYLES.values():
            return str(element.get("type"))
    return "1"


def _in_style(count: int, style: str) -> str:
    """Return *count* in letters, roman numerals or digits; in digits where the style has no form for it, as browsers print it."""
    if style in ("a", "A"):
        letters = _letters(count)
        return (letters.upper() if style == "A" else letters) or str(count)
    if style in ("i", "I"):
        numeral = roman_numeral(count)
        return (numeral.lower() if style == "i" else numeral) or str(count)
    return str(count) if style else ""


def _letters(count: int) -> str:
    """Return a, b ... z, aa, ab for 1, 2 ... 26, 27, 28; nothing below 1."""
    letters = ""
    while count > 0:
        count, rest = divmod(count - 1, 26)
        letters = chr(ord("a") + rest) + letters
    return letters


def _metadata(root: etree._Element) -> Metadata:
    """Return what the page declares of itself."""
    declared: dict[str, str] = {}
    for meta in root.iter("meta"):
        name = (meta.get("property") or meta.get("name") or "").casefold()
        if meta.get("content", "").strip():
            declared.setdefault(name, meta.get("content").strip())
    named = (" ".join("".join(element.itertext()).split()) for name in ("h1", "title") for element in root.iter(name))
    heading = next(filter(None, named), "")
    title = next((declared[name] for name in _TITLES if name in declared), heading)
    address = next((link.get("href") for link in root.iter("link") if link.get("rel") == "canonical"), None)
    return Metadata(title or None, next((declared[name] for name in _DATES if name in declared), None), root.get("lang"), address)
