"""Turns a corpus folder into documents, and names every file that cannot be used with the reason.

One file at fault costs itself: the rest is read. Knows nothing of paragraphs' insides (parse.py), of formats, vectors or search.
"""

import codecs
import hashlib
import os
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from index.document import Document
from index.errors import CorpusError
from index.formats.extracted import FormatError, Metadata
from index.front_matter import describe, missing, read_values, some, split
from index.isolated import SUFFIXES as ISOLATED
from index.isolated import IsolatedReader
from index.lines import unwrap
from index.parse import is_numbered, parse_blocks, parse_document

MARKDOWN = ".md"
TEXT = (MARKDOWN, ".txt")
SUFFIXES = (*TEXT, *ISOLATED)
SIDECAR = ".yaml"  # speech.pdf is described by speech.pdf.yaml
MAX_FILE_BYTES = 100_000_000  # the longest texts take some millions, PDFs with pictures some tens of millions
_LOCKS = ("~$", "._")  # what Word and macOS put beside a document that is open or was copied; no documents
_PDF, _ZIP = b"%PDF-", b"PK\x03\x04"  # how these formats begin, whatever a file's name says
SIGNATURE_WITHIN = 1024  # bytes: readers allow that much before the mark of a PDF
_STATES_ID = re.compile(rb"[\r\n]id[ \t]*:")
_MARKDOWN_TITLE = re.compile(r"\s*#[ \t]+[*_]*(\S.*?)[*_]*(?:[ \t]+#+)?[ \t]*(?:\n|\Z)")  # its closing marks and emphasis are no part of it
_SEPARATORS = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class CorpusFile:
    """One file of the corpus as found: where it lies, its id, the digest of its content, and what is written about it beside it."""

    path: Path
    document_id: str
    digest: str  # sha256, hex
    sidecar: bytes = b""

    def content(self) -> bytes:
        """Return the bytes of the file. Raises FormatError if they cannot be read, or are no longer those that were found."""
        try:
            content = self.path.read_bytes()
        except OSError as error:
            raise FormatError(f"it cannot be read ({error.strerror})") from error
        if hashlib.sha256(content).hexdigest() != self.digest:
            raise FormatError("it changed while the corpus was read. Try again")
        return content


@dataclass(frozen=True, slots=True)
class _Found:
    """A file that can be read, before it has an id."""

    path: Path
    digest: str
    sidecar: bytes
    stated_id: str  # or empty


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file or folder that is left out, and why: a sentence without its stop, to stand after the path."""

    path: Path
    reason: str


@dataclass(frozen=True, slots=True)
class Survey:
    """What lies in a corpus folder, unread: the files by document id, what is left out, and what else to say."""

    files: tuple[CorpusFile, ...]
    skipped: tuple[Skipped, ...]
    notices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Corpus:
    """What a corpus folder holds: its documents by id, what was left out and why, and what else to say of them."""

    documents: tuple[Document, ...] = field(repr=False)
    skipped: tuple[Skipped, ...]
    notices: tuple[str, ...]


def read_corpus(folder: Path) -> Corpus:
    """Return the documents of *folder* and its sub-folders, of equal ones the first by id.

    Raises CorpusError if the folder is missing or unreadable, or no file in it can be used.
    """
    found = survey(folder)
    read = read_files(found.files)
    skipped = (*found.skipped, *read.skipped)
    if not read.documents:
        raise nothing_usable(folder, skipped)
    repeats = repeated((document.document_id, text_digest([document.text])) for document in read.documents)
    documents = tuple(document for document in read.documents if document.document_id not in repeats)
    notices = (*found.notices, *read.notices, *told_repeats(repeats), *missing(document.description for document in documents))
    return Corpus(documents, skipped, notices)


def survey(folder: Path) -> Survey:
    """Return the files of *folder* and its sub-folders that may be documents. Links are not followed.

    Raises CorpusError if the folder is missing or unreadable, or holds nothing that may be a document.
    """
    if not folder.is_dir():
        raise CorpusError(f"The corpus folder {folder} does not exist. Create it, or name another with --corpus.")
    try:
        os.scandir(folder).close()
    except OSError as error:
        raise CorpusError(f"The corpus folder {folder} cannot be read ({error.strerror}). Make it readable.") from error
    skipped: list[Skipped] = []
    walked = list(_walk(folder, folder.resolve(), skipped))
    paths = frozenset(walked)
    found: list[_Found] = []
    for path in (path for path in walked if path.suffix.lower() in SUFFIXES):
        try:
            found.append(_look(path, path.with_name(f"{path.name}{SIDECAR}"), paths))
        except FormatError as error:
            skipped.append(Skipped(path, f"{error}"))
    files, clashes, notices = _with_ids(folder, found)
    skipped += clashes
    if not files:
        kinds = f"{', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}"
        raise CorpusError(" ".join((f"The corpus folder {folder} holds no document. Put {kinds} files into it.", *told(skipped))))
    strays = [path for path in walked if path.suffix.lower() == SIDECAR and path.with_suffix("") not in paths]
    if strays:
        names = some([str(path.relative_to(folder)) for path in strays])
        notices.append(f"No document lies beside {names}: name such a file after the whole name, as in speech.pdf.yaml.")
    return Survey(tuple(sorted(files, key=lambda file: file.document_id)), tuple(skipped), tuple(notices))


def find_files(folder: Path) -> tuple[CorpusFile, ...]:
    """Return the corpus files of *folder* and its sub-folders, ordered by document id. Raises CorpusError as survey does."""
    return survey(folder).files


def fingerprint(files: Iterable[CorpusFile]) -> str:
    """Return the sha256 (hex) over every file's id, content and sidecar: equal only for equal corpora."""
    digest = hashlib.sha256()
    for file in files:
        sidecar = hashlib.sha256(file.sidecar).hexdigest() if file.sidecar else ""
        digest.update(f"{file.document_id}\0{file.path.suffix.lower()}\0{file.digest}\0{sidecar}\n".encode())
    return digest.hexdigest()


def read_document(file: CorpusFile) -> Document:
    """Return the document that *file* holds. Raises CorpusError, naming the file and, where there is one, the line at fault."""
    read = read_files((file,))
    if read.skipped:
        raise CorpusError(f"{_named(file.path, read.skipped[0].reason)}.")
    return read.documents[0]


def read_files(files: Sequence[CorpusFile], progress: Callable[[int, int], None] = lambda done, total: None) -> Corpus:
    """Return the documents of *files* in their order; one that cannot be read is skipped with its reason.

    *progress* is told after each how many were read, of all.
    """
    documents, skipped, notices = [], [], []
    with IsolatedReader() as reader:
        for number, file in enumerate(files, start=1):
            try:
                document, remarks = _read(file, reader)
            except FormatError as error:
                skipped.append(Skipped(file.path, f"{error}"))
            else:
                documents.append(document)
                notices += [f"{_named(file.path, remark)}." for remark in remarks]
            progress(number, len(files))
    return Corpus(tuple(documents), tuple(skipped), tuple(notices))


def nothing_usable(folder: Path, skipped: Sequence[Skipped]) -> CorpusError:
    """Return the error of a corpus folder of which no file can be used."""
    return CorpusError(f"No file in the corpus folder {folder} can be used. {' '.join(told(skipped))}")


def text_digest(texts: Iterable[str]) -> str:
    """Return a digest (hex) that is equal for texts that, joined, differ in white space alone."""
    digest = hashlib.sha256()
    for text in texts:
        digest.update("".join(text.split()).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def repeated(digests: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return, for each id whose digest an id before it has, that id; the order is that of the ids."""
    first: dict[str, str] = {}
    return {one: first[digest] for one, digest in sorted(digests) if first.setdefault(digest, one) != one}


def told_repeats(repeats: dict[str, str]) -> tuple[str, ...]:
    """Return a notice for each document that repeats another."""
    return tuple(f"{one} repeats {other} word for word: indexed once, as {other}." for one, other in sorted(repeats.items()))


def told(skipped: Iterable[Skipped]) -> tuple[str, ...]:
    """Return a sentence for each reason, with the first of the files that it concerns."""
    by_reason: dict[str, list[str]] = {}
    for one in skipped:
        by_reason.setdefault(one.reason, []).append(str(one.path))
    return tuple(f"{_named(some(paths), reason)}." for reason, paths in by_reason.items())


def _named(name: object, reason: str) -> str:
    """Return a reason after what it is about; a line's number follows the name as if part of it."""
    return f"{name} {reason}" if reason.startswith("line ") else f"{name}: {reason}"


def _walk(folder: Path, root: Path, skipped: list[Skipped]) -> Iterator[Path]:
    """Yield the regular files below *folder* whose names may concern the corpus, in the order of names; other entries go to *skipped*."""
    try:
        with os.scandir(folder) as entries:
            inside = sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        skipped.append(Skipped(folder, f"the folder cannot be read ({error.strerror})"))
        return
    for entry in inside:
        path = folder / entry.name
        concerns = path.suffix.lower() in (*SUFFIXES, SIDECAR) and not entry.name.startswith(_LOCKS)
        if entry.is_symlink():
            reason = _link_fault(path, root)
            if reason and (concerns or path.is_dir()):
                skipped.append(Skipped(path, reason))
        elif entry.is_dir(follow_symlinks=False):
            yield from _walk(path, root, skipped)
        elif concerns and entry.is_file(follow_symlinks=False):
            yield path
        elif concerns:
            skipped.append(Skipped(path, "it is no regular file"))


def _link_fault(path: Path, root: Path) -> str:
    """Return why the link at *path* is left out; nothing if it leads to a place within *root*, which is read there."""
    try:
        target = path.resolve(strict=True)
    except (OSError, RuntimeError):
        return "it is a link that leads nowhere"
    return "" if target.is_relative_to(root) else f"it is a link that leads out of the corpus folder, to {target}, and is not followed"


def _look(path: Path, beside: Path, paths: frozenset[Path]) -> _Found:
    """Return what is known of a file before it is read. Raises FormatError if it cannot be used."""
    try:
        size = path.stat().st_size
        if not size:
            raise FormatError("it is empty")
        if size > MAX_FILE_BYTES:
            raise FormatError(f"it has {size:,} bytes, more than the {MAX_FILE_BYTES:,} that are read")
        content = path.read_bytes()
        sidecar = beside.read_bytes() if beside in paths else b""
    except OSError as error:
        raise FormatError(f"it cannot be read ({error.strerror})") from error
    return _Found(path, hashlib.sha256(content).hexdigest(), sidecar, _stated_id(path, content, sidecar))


def _stated_id(path: Path, content: bytes, sidecar: bytes) -> str:
    """Return the id that a file's front matter or its sidecar states, or nothing; faults are told when the file is read."""
    try:
        if sidecar:
            return read_values(sidecar.decode("utf-8-sig"), 1).get("id", "")
        # Looked for before anything is decoded or read: of a thousand texts, few state an id, and YAML is slow.
        opened = content.startswith((b"---", codecs.BOM_UTF8))
        if path.suffix.lower() not in TEXT or not opened or not _STATES_ID.search(content):
            return ""
        return read_values(split(_decoded(content))[0] or "", 1).get("id", "")
    except (FormatError, UnicodeDecodeError):
        return ""


def _with_ids(folder: Path, found: Sequence[_Found]) -> tuple[list[CorpusFile], list[Skipped], list[str]]:
    """Return the files with their ids: the stated one, else the name's, else, where names are shared, that of the whole path."""
    wanted = [one.stated_id or _slug(one.path.stem) for one in found]
    shared = Counter(wanted)
    files: dict[str, CorpusFile] = {}
    skipped: list[Skipped] = []
    lengthened: list[str] = []
    for one, wish in zip(found, wanted, strict=True):
        place = one.path.relative_to(folder)
        document_id = wish
        if shared[wish] > 1 and not one.stated_id:
            document_id = _slug(str(place))
            lengthened.append(str(place))
        if not document_id:
            reason = "no document id can be made of this name. Use letters or digits, ideally with the year"
            skipped.append(Skipped(one.path, reason))
        elif document_id in files:
            taken = files[document_id].path
            reason = f"its id would be '{document_id}', which {taken} has. State another with 'id: ...', or rename it"
            skipped.append(Skipped(one.path, reason))
        else:
            files[document_id] = CorpusFile(one.path, document_id, one.digest, one.sidecar)
    shares = f"Files of one name get ids made of their folders too: {some(lengthened)}. State others with 'id: ...'."
    return list(files.values()), skipped, [shares] if lengthened else []


def _slug(name: str) -> str:
    """Return the id that a name gives: small letters and digits, everything else a hyphen; possibly nothing."""
    return _SEPARATORS.sub("-", unicodedata.normalize("NFKC", name).casefold()).strip("-")


def _read(file: CorpusFile, reader: IsolatedReader) -> tuple[Document, tuple[str, ...]]:
    """Return the document that *file* holds, and remarks on it. Raises FormatError with the reason why it cannot be used."""
    content = file.content()
    suffix = file.path.suffix.lower()
    _check_signature(suffix, content)
    values = _sidecar_values(file)
    if suffix not in TEXT:
        extracted = reader.read(suffix, content)
        description = describe(file.document_id, file.path.name, values, extracted.metadata)
        document = parse_blocks(description, extracted.blocks)
        if not document.paragraphs:
            raise FormatError("it holds no text")
        return document, extracted.remarks
    front_matter, text = split(_decoded(content))
    if front_matter is not None:
        if file.sidecar:
            raise FormatError(f"it has front matter and a {file.path.name}{SIDECAR} beside it. Keep one of them")
        values = read_values(front_matter, 2)  # line 1 is the '---' above
    if not text.strip():
        raise FormatError("no text after the front matter. Add the document's text, or take the file out of the corpus")
    own = Metadata(_markdown_title(text) if suffix == MARKDOWN else None)
    return parse_document(describe(file.document_id, file.path.name, values, own), unwrap(text)), ()


def _markdown_title(text: str) -> str | None:
    """Return the heading of the first level that *text* begins with, if it is no numbered section's."""
    heading = _MARKDOWN_TITLE.match(text)
    return heading.group(1) if heading and not is_numbered(heading.group(1)) else None


def _check_signature(suffix: str, content: bytes) -> None:
    """Raise FormatError if a file is plainly of another format than its name says."""
    is_pdf = _PDF in content[:SIGNATURE_WITHIN]
    if suffix == ".pdf" and not is_pdf:
        raise FormatError("it is no PDF, whatever its name says")
    if suffix != ".pdf" and content.startswith(_PDF):
        raise FormatError("it is a PDF, whatever its name says. Let its name end in .pdf")
    if suffix != ".docx" and content.startswith(_ZIP) and not is_pdf:
        raise FormatError("it is a DOCX or another zip file, whatever its name says")


def _sidecar_values(file: CorpusFile) -> dict[str, str]:
    """Return what is written beside *file*. Raises FormatError, naming the sidecar and the line, if that cannot be read."""
    try:
        return read_values(file.sidecar.decode("utf-8-sig"), 1)
    except UnicodeDecodeError as error:
        raise FormatError(f"the {file.path.name}{SIDECAR} beside it is not UTF-8. Save it as UTF-8") from error
    except FormatError as error:
        raise FormatError(f"the {file.path.name}{SIDECAR} beside it is at fault. {error}") from error


def _decoded(content: bytes) -> str:
    """Return the text of a file, its lines ending as Unix ends them. Raises FormatError, naming the line, if it is no UTF-8 text."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise FormatError(f"line {line}: byte {error.object[error.start]:#04x} is not UTF-8. Save the file as UTF-8") from error
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise FormatError(f"line {line}: a NUL character, so this is no text file. Save it as plain UTF-8 text")
    return text
