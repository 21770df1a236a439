"""Turns hard-wrapped lines into one line a paragraph, and tells whether a text is hard-wrapped at all (pure functions).

A text wrapped at a fixed width breaks its lines where the next word did not fit, in mid-sentence; a text of one paragraph a
line breaks them where a paragraph ends. Joining changes white space, and drops the hyphen of a divided word, and nothing else.
Knows nothing of files or formats.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

# The figures were found over 10,952 speeches of 1946 to 2024: every wrapped one is 51 to 130 characters wide, and 0.6 or more of
# its lines break in mid-sentence; of the six others that are as narrow, 0.43 or fewer.
WIDEST = 130  # characters of the line that nine in ten do not exceed; longer ones are paragraphs
NARROWEST = 20  # characters; shorter lines are lists, verse or columns
FLOWING = 0.5  # share of the line ends that stand in mid-sentence
FEWEST = 3  # line ends, below which a share says nothing
# A paragraph's last line is told by the room that it leaves, as a share of the width; the next word's length is taken off it.
ROOM_AFTER_A_SENTENCE = 0.1
ROOM_AFTER_WORDS = 0.3  # where no sentence ends, as after a heading or a name
INDENTED_AT_MOST = 0.4  # share of the lines; where more are indented, being so opens no paragraph

LONGEST_WORD = 40  # characters, hyphen and all, at the end of a line

_FINISHED = re.compile(r"[.?!:;。！？：；…][\"'”’»)\]]*\Z")
# What opens a paragraph of its own even in the middle of wrapped lines: numbers of points and articles, bullets.
_OPENING = re.compile(
    r"(?:\(?(?:\d{1,3}|[a-z]|[ivxl]{1,5})[.)]|[-*+•·–—▪◦>])\s|(?:article|section|chapter|статья|глава|раздел)\s+\d"
    r"|[（(]?[一二三四五六七八九十]{1,3}[、）)]|第[一二三四五六七八九十百零〇\d]{1,5}[条章节]",
    re.IGNORECASE,
)
_ALONE = re.compile(r"#{1,6}\s|\||(?:[-*_=] ?){3,}\Z")  # Markdown's headings, rows and rules: one line each in any text
_SOFT_HYPHEN = "\u00ad"
_DIVIDED = re.compile(r"(\w+)[-\u00ad\u2010]$")
_WORD = re.compile(r"[\w-]+")
_NO_SPACES = re.compile(r"[\u3000-\u30ff\u3400-\u9fff\uff00-\uff60]")  # scripts written without spaces between words


@dataclass(frozen=True, slots=True)
class Line:
    """A line that is not blank: its text without outer white space, and whether white space sets it apart from the one before."""

    text: str
    apart: bool = False  # after a blank line
    indented: bool = False
    page: int | None = None  # 1-based


def unwrap(text: str) -> str:
    """Return *text* with every paragraph on one line if it is hard-wrapped, else *text* itself."""
    lines: list[Line] = []
    apart = False
    for line in text.split("\n"):
        if line.strip():
            lines.append(Line(line.strip(), apart, line[0].isspace()))
        apart = not line.strip()
    if not is_hard_wrapped(lines):
        return text
    known, wide = words(lines), width(lines)
    return "\n\n".join(joined([line.text for line in part], known) for part in parts(lines, wide))


def is_hard_wrapped(lines: Sequence[Line]) -> bool:
    """Tell whether *lines* are narrow, and most of them break in mid-sentence; what stands on a line of its own is not counted."""
    prose = [line for line in lines if not _ALONE.match(line.text)]
    ends = [(line.text, after.text) for line, after in pairwise(prose) if not (after.apart or _OPENING.match(after.text))]
    if len(ends) < FEWEST or not NARROWEST <= width(prose) <= WIDEST:
        return False
    return sum(not (is_finished(line) or after[0].isupper()) for line, after in ends) >= FLOWING * len(ends)


def width(lines: Sequence[Line]) -> int:
    """Return the length in characters that nine lines in ten do not exceed; 0 for no lines."""
    lengths = sorted(len(line.text) for line in lines)
    return lengths[len(lengths) * 9 // 10] if lengths else 0


def parts(lines: Sequence[Line], wide: int) -> list[list[Line]]:
    """Return wrapped *lines* cut where a paragraph begins; *wide* is the width in characters of the whole text."""
    indents = sum(line.indented for line in lines) <= INDENTED_AT_MOST * len(lines)
    found: list[list[Line]] = []
    for line in lines:
        if found and not _begins(found[-1][-1].text, line, wide, indents):
            found[-1].append(line)
        else:
            found.append([line])
    return found


def words(lines: Sequence[Line]) -> frozenset[str]:
    """Return the words of *lines* in lower case, by which a hyphen that divides a word is told from one that belongs to it."""
    return frozenset(word.casefold() for line in lines for word in _WORD.findall(line.text))


def joined(texts: Sequence[str], known: frozenset[str]) -> str:
    """Return wrapped lines as one; a hyphen at a line's end goes if *known* has the word without it, and not with it."""
    pieces = [texts[0]]
    for before, after in pairwise(texts):
        divided, rest = _DIVIDED.search(before[-LONGEST_WORD:]), _WORD.match(after)
        if divided and rest:
            first, second = divided.group(1), rest.group()
            whole = f"{first}{second}".casefold() in known and f"{first}-{second}".casefold() not in known
            if whole or before.endswith(_SOFT_HYPHEN):
                pieces[-1] = pieces[-1][:-1]
        elif not (_NO_SPACES.match(before[-1]) and _NO_SPACES.match(after)):
            pieces.append(" ")
        pieces.append(after)
    return "".join(pieces)


def is_finished(line: str) -> bool:
    """Tell whether *line* ends as sentences and items of lists end."""
    return bool(_FINISHED.search(line))


def _begins(before: str, line: Line, wide: int, indents: bool) -> bool:
    """Tell whether a paragraph begins with *line*, which follows *before* in a text *wide* characters wide."""
    if _ALONE.match(before) or _ALONE.match(line.text):
        return True
    finished = is_finished(before)
    room = wide - len(before) - 1 - len(line.text.split()[0] if not _NO_SPACES.match(line.text) else "x")
    if line.text[0].islower() and not _OPENING.match(line.text):
        return finished and line.apart  # a sentence goes on, perhaps over the foot of a page
    if line.apart or (indents and line.indented):
        return True
    if _OPENING.match(line.text) and (finished or room > 0):
        return True
    return room > (ROOM_AFTER_A_SENTENCE if finished else ROOM_AFTER_WORDS) * wide
