"""Turns a document's text into numbered paragraphs with printed numbers, roles and sentence spans (pure functions).

Nothing is lost, reordered or mended: paragraphs are spans of the text, and between them stands only white space.
Knows nothing of files, front matter or vectors.
"""

import re

from index.document import Description, Document, Paragraph, Role, Sentence

# A block ends where Unicode says that a line must (UAX 14: LF, VT, FF, CR, NEL, LS, PS); word processors export all of these.
_BLOCK = re.compile(r"\S(?:[^\n\v\f\r\x85\u2028\u2029]*\S)?")

# "10. We are ..." - a point's number stands at the start of the block, followed by a full stop or bracket and a space.
_PRINTED_NUMBER = re.compile(r"(\d{1,3})[.)]\s+(?=\S)")

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
_OUTER_MARKS = {'"': '"', "“": "”", "«": "»"}


def parse_document(description: Description, text: str) -> Document:
    """Return the document whose paragraphs are the non-blank lines of *text*, numbered from 1.

    A block that opens with a printed number gives it to the blocks after it, up to the next number, heading or closing.
    """
    spans = [match.span() for match in _BLOCK.finditer(text)]
    blocks = [text[start:end] for start, end in spans]
    numbers = [_PRINTED_NUMBER.match(block) for block in blocks]
    numbered = [position for position, number in enumerate(numbers) if number]
    roles = _roles(description.title, blocks, numbered)
    paragraphs = []
    printed: str | None = None
    for position, (start, _) in enumerate(spans):
        number = numbers[position]
        printed = None if roles[position] in ("heading", "closing") else number.group(1) if number else printed
        body_start = number.end() if number else 0
        paragraphs.append(
            Paragraph(
                document_id=description.document_id,
                number=position + 1,
                start=start,
                text=blocks[position],
                role=roles[position],
                printed_number=printed,
                sentences=split_sentences(blocks[position], description.language, body_start),
            )
        )
    return Document(description, text, tuple(paragraphs))


def _roles(title: str, blocks: list[str], numbered: list[int]) -> list[Role]:
    """Tell title lines, headings, the salutation and the closing from the body."""
    roles: list[Role] = ["body"] * len(blocks)
    first, last = (numbered[0], numbered[-1]) if numbered else (len(blocks), -1)
    folded_title = " ".join(title.split()).casefold()
    opening = True
    for position, block in enumerate(blocks):
        heading = _HEADING.match(block)
        if opening and " ".join(block[heading.end() if heading else 0 :].split()).casefold() == folded_title:
            roles[position] = "title"
        elif heading:
            roles[position] = "heading"
        elif opening and position < first and _SALUTATION.fullmatch(block):
            roles[position] = "salutation"
        else:
            opening = False
    closing = next((at for at in range(last + 1, len(blocks)) if _CLOSING.match(blocks[at])), None) if numbered else None
    if closing is not None:
        roles[closing:] = ["closing"] * (len(blocks) - closing)
    return roles


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
