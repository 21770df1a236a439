"""Turns a document's text, or its blocks, into numbered paragraphs with printed numbers, roles and sentence spans (pure functions).

Nothing is lost, reordered or mended: paragraphs are spans of the text, and between them stands only white space.
Knows nothing of files, front matter or vectors.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from index.document import Description, Document, Paragraph, Role, Sentence

BlockKind = Literal["text", "heading", "footnote"]

# A block ends where Unicode says that a line must (UAX 14: LF, VT, FF, CR, NEL, LS, PS); word processors export all of these.
_BLOCK = re.compile(r"\S(?:[^\n\v\f\r\x85\u2028\u2029]*\S)?")

# A point's number stands at the start of the block. Of four digits it is a year; without a stop or bracket it is a quantity.
_POINT = re.compile(r"\(?(\d{1,3}(?:\.\d{1,3})*)[.)]\s+(?=\S)|(?=[一二三四五六七八九十（])（?([一二三四五六七八九十]{1,3})[、）]\s*(?=\S)")
# "Article 3 provides that" is a sentence: a label is a number only before a stop, a dash, a capital or nothing at all.
_LABEL = re.compile(
    r"((?i:article|art\.|section|sec\.|chapter|part|annex|paragraph|para\.|point|rule|principle|статья|ст\.|пункт|п\.|глава|раздел)"
    r"\s+(?:\d{1,3}|[IVXLC]{1,7}))(?:[.:)]\s+|\s*[—–-]\s+|\s+(?=[\"“«A-ZА-ЯЁ])|[.:]?\Z)|(第[一二三四五六七八九十百零〇\d]{1,5}[条章节款项])(?:[\s：:]+|\Z)"
)
_CONTAINS_POINTS = re.compile(r"(?:art|ст|第.*条)", re.IGNORECASE)  # the labels below which numbers begin anew
_ROMAN = re.compile(r"([IVXLC]{1,8})[.)]\s+(?=\S)")
_ROMAN_DIGITS = (
    (1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"),
    (4, "IV"), (1, "I"),
)  # fmt: skip
LARGEST_ROMAN = 3_999  # the next would need a digit for 5,000

# A heading in plain text: a short block of capitals, or a numbered section's name, without a mark at its end.
LONGEST_HEADING = 120  # characters
FEWEST_CAPITALS = 4  # letters; fewer are an acronym

# "## Security" - Markdown's headings name a subject and state nothing.
_HEADING = re.compile(r"#{1,6}\s+(?=\S)")

# A salutation addresses people and holds no statement; it stands before the first point and ends in a comma, colon or "!".
_SALUTATION = re.compile(
    r"(?:Mrs?\.?|Ms\.?|Madam|Sir|Your|Dear|Distinguished|Excellenc(?:y|ies)|Esteemed|Honou?rable|Respected|Colleagues|Ladies|Friends)(?!\w)"
    r"(?:\b(?:Mrs?|Ms|Dr)\.|[^.?])*[,:!]"
)

# How speakers of this genre end: after the last numbered point these words open the closing, which is no part of the point.
_CLOSING = re.compile(r"(?:In (?:conclusion|closing)|To (?:conclude|sum up)|(?:I )?thank you\b|Thank you|I thank)", re.IGNORECASE)

# sentencex takes quotation marks and brackets for shields and then returns a whole unclosed quotation as one sentence
# (mcis-2019-report, paragraph 4), so they are blanked, character for character, before it looks for boundaries.
_SHIELDS = str.maketrans(dict.fromkeys('"“”„«»()[]', " "))

# sentencex ends a sentence after these; in diplomatic texts more text follows ("Art. 2", "U.N. Doc. A/RES", "Dr. Norov").
_ABBREVIATION = re.compile(
    r"(?:\b(?:Arts?|paras?|Nos?|Doc|pp?|vol|ch|sec|cf|fig|Mr|Mrs|Ms|Dr|Prof|Gen|Col|Lt|St|Amb|Rev|Hon|vs|ст|п|г)|\b[A-ZА-Я])\.\s*$",
)
_BRACKETED = re.compile(r"\([^()]*\)")
_OPENING_MARKS = re.compile(r"\s[\"“„«(\[]+\s*$")  # at the end of a span they open the next sentence
_BETWEEN = "\n\n"  # blocks, in a text made of them
_OUTER_MARKS = {'"': '"', "“": "”", "«": "»"}


@dataclass(frozen=True, slots=True)
class Block:
    """One block as a format gives it: its text on one line, what it is, and the page that it begins on (1-based), if there are pages.

    ``turns`` tells where in the text further pages begin: offset and page, in order.
    """

    text: str
    kind: BlockKind = "text"
    page: int | None = None
    turns: tuple[tuple[int, int], ...] = ()

    def page_at(self, offset: int) -> int | None:
        """Return the page on which the character at *offset* stands."""
        return next((page for start, page in reversed(self.turns) if start <= offset), self.page)

    def part(self, start: int, end: int) -> "Block":
        """Return what stands from *start* to *end*."""
        turns = tuple((at - start, page) for at, page in self.turns if start < at < end)
        return Block(self.text[start:end], self.kind, self.page_at(start), turns)


@dataclass(frozen=True, slots=True)
class _Number:
    """The number that opens a block: as cited, where the block's own words begin, and whether it is a section's."""

    printed: str
    end: int
    section: bool


def parse_document(description: Description, text: str) -> Document:
    """Return the document whose paragraphs are the non-blank lines of *text*, numbered from 1.

    A block that opens with a printed number gives it to the blocks after it, up to the next number, heading or closing.
    """
    spans = [match.span() for match in _BLOCK.finditer(text)]
    return _document(description, text, [Block(text[start:end]) for start, end in spans], [start for start, _ in spans])


def parse_blocks(description: Description, blocks: Sequence[Block]) -> Document:
    """Return the document of which *blocks* are the paragraphs, its text being theirs with a blank line between.

    A footnote belongs to no point. A block that is blank or holds a line break is cut as ``parse_document`` cuts a text.
    """
    lines = [block.part(*match.span()) for block in blocks for match in _BLOCK.finditer(block.text)]
    starts, end = [], 0
    for block in lines:
        starts.append(end)
        end += len(block.text) + len(_BETWEEN)
    return _document(description, _BETWEEN.join(block.text for block in lines), lines, starts)


def _document(description: Description, text: str, blocks: Sequence[Block], starts: Sequence[int]) -> Document:
    """Return the document of *blocks*, which stand at *starts* in *text*."""
    numbers = _numbers(blocks)
    roles = _roles(description.title, blocks, numbers)
    paragraphs = []
    printed: str | None = None
    article: str | None = None
    for position, (block, start) in enumerate(zip(blocks, starts, strict=True)):
        number = numbers[position]
        if number:
            if number.section:
                article = number.printed if _CONTAINS_POINTS.match(number.printed) else None
            printed = f"{article}, point {number.printed}" if article and not number.section else number.printed
        elif roles[position] in ("heading", "closing"):
            printed = article = None
        body_start = number.end if number and number.end < len(block.text) else 0
        paragraphs.append(
            Paragraph(
                document_id=description.document_id,
                number=position + 1,
                start=start,
                text=block.text,
                role=roles[position],
                printed_number=None if block.kind == "footnote" else printed,
                sentences=_paged(block, split_sentences(block.text, description.language, body_start)),
                page=block.page,
            )
        )
    return Document(description, text, tuple(paragraphs))


def _paged(block: Block, sentences: tuple[Sentence, ...]) -> tuple[Sentence, ...]:
    """Return the *sentences* of *block*, those on its further pages with their page."""
    if not block.turns:
        return sentences
    pages = [block.page_at(sentence.start) for sentence in sentences]
    return tuple(replace(one, page=page if page != block.page else None) for one, page in zip(sentences, pages, strict=True))


def _numbers(blocks: Sequence[Block]) -> list[_Number | None]:
    """Return the printed number that opens each block, or None.

    Roman numerals count only in sequence from I to at least II: "V. Norov" opens a sentence.
    """
    found: list[_Number | None] = []
    romans: set[int] = set()
    due, most = 1, 0
    for position, block in enumerate(blocks):
        mark = _HEADING.match(block.text)
        point, label, roman = (pattern.match(block.text, mark.end() if mark else 0) for pattern in (_POINT, _LABEL, _ROMAN))
        if block.kind == "footnote":
            found.append(None)
        elif label:
            found.append(_Number(" ".join((label.group(1) or label.group(2)).split()), label.end(), section=True))
        elif point:
            found.append(_Number(point.group(1) or point.group(2), point.end(), section=False))
        elif roman and roman.group(1) in (roman_numeral(due), "I"):
            due = 2 if roman.group(1) == "I" else due + 1
            most = max(most, due - 1)
            romans.add(position)
            found.append(_Number(roman.group(1), roman.end(), section=True))
        else:
            found.append(None)
    return found if most > 1 else [None if position in romans else number for position, number in enumerate(found)]


def roman_numeral(value: int) -> str:
    """Return the roman numeral of *value*, from 1 to 3,999; nothing of another, which has none."""
    if not 0 < value <= LARGEST_ROMAN:
        return ""
    numeral = ""
    for worth, digits in _ROMAN_DIGITS:
        numeral, value = numeral + digits * (value // worth), value % worth
    return numeral


def is_numbered(line: str) -> bool:
    """Tell whether *line* opens with what may be a printed number, or is nothing else."""
    return bool(_LABEL.match(line) or any(pattern.match(f"{line} .") for pattern in (_POINT, _ROMAN)))


def _roles(title: str, blocks: Sequence[Block], numbers: Sequence[_Number | None]) -> list[Role]:
    """Tell title lines, headings, the salutation and the closing from the body."""
    roles: list[Role] = ["body"] * len(blocks)
    numbered = [position for position, number in enumerate(numbers) if number]
    first, last = (numbered[0], numbered[-1]) if numbered else (len(blocks), -1)
    folded_title = " ".join(title.split()).casefold()
    opening = True
    for position, block in enumerate(blocks):
        mark = _HEADING.match(block.text)
        if opening and " ".join(block.text[mark.end() if mark else 0 :].split()).casefold() == folded_title:
            roles[position] = "title"
        elif mark or _is_heading(block, numbers[position]):
            roles[position] = "heading"
        elif opening and position < first and _SALUTATION.fullmatch(block.text):
            roles[position] = "salutation"
        else:
            opening = False
    closing = next((at for at in range(last + 1, len(blocks)) if _CLOSING.match(blocks[at].text)), None) if numbered else None
    if closing is not None:
        roles[closing:] = ["closing"] * (len(blocks) - closing)
    return roles


def _is_heading(block: Block, number: _Number | None) -> bool:
    """Tell whether *block* names what follows it: by its format, by its capitals, or as a numbered section's name."""
    if block.kind != "text":
        return block.kind == "heading"
    words = block.text[number.end if number else 0 :]
    if len(block.text) > LONGEST_HEADING or (words and not words[-1].isalnum()):
        return False
    return (words.isupper() and sum(map(str.isalpha, words)) >= FEWEST_CAPITALS) or (number is not None and number.section)


def split_sentences(text: str, language: str, start: int = 0) -> tuple[Sentence, ...]:
    """Return the sentences of ``text[start:]`` as spans of *text*, in order, without surrounding white space.

    Boundaries come from sentencex; a quotation mark whose partner lies in another sentence is left outside the span.
    """
    import sentencex

    masked = text[start:].translate(_SHIELDS)
    ends = [start + boundary["end_index"] for boundary in sentencex.get_sentence_boundaries(language, masked)]
    bracketed = [match.span() for match in _BRACKETED.finditer(text)]
    spans: list[tuple[int, int]] = []
    begin = start
    for end in ends:
        inside_brackets = any(left < end < right for left, right in bracketed)
        if end != ends[-1] and (inside_brackets or _ABBREVIATION.search(masked[begin - start : end - start])):
            continue
        opening = _OPENING_MARKS.search(text, begin, end)
        end = opening.start() if opening and end != ends[-1] else end
        spans.append((begin, end))
        begin = end
    trimmed = (_trim(text, left, right) for left, right in spans)
    return tuple(Sentence(number, left, right) for number, (left, right) in enumerate((s for s in trimmed if s[0] < s[1]), start=1))


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    """Drop outer white space, and outer quotation marks that have no partner inside the span."""
    while start < end:
        inner = text[start:end]
        if inner[0].isspace():
            start += 1
        elif inner[-1].isspace():
            end -= 1
        elif inner[0] in _OUTER_MARKS and not _paired(inner, inner[0]):
            start += 1
        elif inner[-1] in _OUTER_MARKS.values() and not _paired(inner, inner[-1]):
            end -= 1
        else:
            break
    return start, end


def _paired(text: str, mark: str) -> bool:
    """Tell whether *mark* at an end of *text* has its partner in *text*."""
    if mark == '"':
        return text.count('"') % 2 == 0
    opening = next(left for left, right in _OUTER_MARKS.items() if mark in (left, right))
    return text.count(opening) == text.count(_OUTER_MARKS[opening])
