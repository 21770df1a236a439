"""What every format gives: the blocks of one file and what the file says of itself. Knows nothing of folders or limits of time."""

from dataclasses import dataclass

from index.parse import Block

MAX_PAGES = 5_000  # of a PDF; the longest report of an organisation has some hundreds
MAX_CHARACTERS = 20_000_000  # of text out of one file: 20 times the Bible's New Testament
MAX_EXPANDED = 200_000_000  # bytes that the parts of a DOCX unpack to, pictures and all
MAX_RATIO = 100  # bytes unpacked for one packed; Word's XML packs to a tenth or a twentieth
RATIO_FREE = 10_000_000  # bytes that may be unpacked at any ratio: a small file of much white space is no bomb


class FormatError(Exception):
    """A file cannot be read; the message is the reason, to be shown after the file's name."""


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a file says of itself; only what is declared, or marked as its title, nothing concluded."""

    title: str | None = None
    date: str | None = None  # as written there
    language: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Extracted:
    """One file's blocks in reading order, its metadata, and remarks on what was not read."""

    blocks: tuple[Block, ...]
    metadata: Metadata = Metadata()
    remarks: tuple[str, ...] = ()
