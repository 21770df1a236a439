"""Counts a DOCX file's numbered lists as Word does: a paragraph -> the number that Word prints before it.

The numbers are in no text of the file, yet they are what readers cite. Knows nothing of the paragraphs' texts.
"""

from docx.document import Document as WordDocument
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml.ns import qn
from lxml import etree

from index.parse import roman_numeral

DEEPEST_STYLE = 20  # styles that rest on one another; more is a circle


class ListNumbers:
    """The lists of one document, and how far each of their levels has been counted."""

    def __init__(self, document: WordDocument) -> None:
        self._styles = {style.get(qn("w:styleId")): style for style in document.styles.element.findall(qn("w:style"))}
        try:
            numbering = document.part.part_related_by(RELATIONSHIP_TYPE.NUMBERING).element  # type: ignore[attr-defined]  # an XML part
        except KeyError:
            numbering = etree.Element("none")
        self._lists = {one.get(qn("w:numId")): one for one in numbering.findall(qn("w:num"))}
        self._kinds = {one.get(qn("w:abstractNumId")): one for one in numbering.findall(qn("w:abstractNum"))}
        self._counts: dict[str, dict[int, int]] = {}

    def next(self, paragraph: etree._Element) -> str:
        """Return the number that Word prints before *paragraph*, with a space after it; nothing if it has none."""
        found = self._list_and_level(paragraph)
        if found is None:
            return ""
        name, level = found
        one = self._lists[name]
        kind = _value(one, "w:abstractNumId")
        levels = {int(each.get(qn("w:ilvl"), "0")): each for each in self._kinds[kind].findall(qn("w:lvl"))} if kind in self._kinds else {}
        if level not in levels:
            return ""
        overridden = {int(each.get(qn("w:ilvl"), "0")): _value(each, "w:startOverride") for each in one.findall(qn("w:lvlOverride"))}
        # Lists of one kind go on counting where the last one stopped, unless a list says where it starts.
        counts = self._counts.setdefault(f"list {name}" if overridden else f"kind {kind}", {})
        for deeper in [each for each in counts if each > level]:
            del counts[deeper]
        for each in range(level + 1):
            if each in levels and each not in counts:
                counts[each] = int(overridden.get(each) or _value(levels[each], "w:start") or 1) - (each == level)
        counts[level] += 1
        text = _value(levels[level], "w:lvlText") or ""
        if _value(levels[level], "w:numFmt") == "bullet":
            return ""
        for each in range(level + 1):
            if each in levels and f"%{each + 1}" in text:
                printed = _formatted(counts[each], _value(levels[each], "w:numFmt") or "decimal")
                if not printed:
                    return ""
                text = text.replace(f"%{each + 1}", printed)
        return f"{text} " if text else ""

    def _list_and_level(self, paragraph: etree._Element) -> tuple[str, int] | None:
        """Return the list and level of *paragraph*, its own or its style's; None if it belongs to no list of the file."""
        holder, name = paragraph, _value(paragraph.find(qn("w:pPr")), "w:pStyle")
        for _ in range(DEEPEST_STYLE):
            properties = holder.find(qn("w:pPr"))
            belongs = properties.find(qn("w:numPr")) if properties is not None else None
            if belongs is not None and (number := _value(belongs, "w:numId")) is not None:
                return (number, int(_value(belongs, "w:ilvl") or 0)) if number in self._lists else None
            if name is None or name not in self._styles:
                return None
            holder = self._styles[name]
            name = _value(holder, "w:basedOn")
        return None


def _value(parent: etree._Element | None, tag: str) -> str | None:
    """Return the value of *parent*'s child *tag*, or None without one."""
    child = parent.find(qn(tag)) if parent is not None else None
    return None if child is None else child.get(qn("w:val"))


def _formatted(count: int, form: str) -> str:
    """Return *count* in one of Word's forms: digits, letters or roman numerals; nothing in another, which would be guessed."""
    if form in ("lowerLetter", "upperLetter") and count > 0:
        letter = chr(ord("a") + (count - 1) % 26) * ((count - 1) // 26 + 1)  # Word goes on with aa, bb
        return letter if form == "lowerLetter" else letter.upper()
    if form in ("lowerRoman", "upperRoman"):
        numeral = roman_numeral(count)
        return numeral.lower() if form == "lowerRoman" else numeral
    return str(count) if form == "decimal" else ""
