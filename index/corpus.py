"""Turns a folder of text files with YAML front matter into documents, and names the file and line at fault.

Knows nothing of paragraphs' insides (parse.py), vectors or search.
"""

import datetime
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from index.document import DOCUMENT_ID, Description, Document
from index.errors import CorpusError
from index.parse import parse_document

SUFFIXES = (".md", ".txt")
_REQUIRED = ("title", "kind")
_OPTIONAL = ("date", "speaker", "event", "place", "language", "url")
_DATE = re.compile(r"\d{4}(?:-\d{2}(?:-\d{2})?)?")
_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?\n)---[ \t]*(?:\n|\Z)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class CorpusFile:
    """One file of the corpus as found: where it lies, its id and its bytes."""

    path: Path
    document_id: str
    content: bytes


def find_files(folder: Path) -> tuple[CorpusFile, ...]:
    """Return the corpus files of *folder* and its sub-folders, ordered by document id.

    Raises CorpusError if the folder is missing or unreadable, holds no document, or two files give one id.
    """
    if not folder.is_dir():
        raise CorpusError(f"The corpus folder {folder} does not exist. Create it, or name another with --corpus.")
    try:
        paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
        files = [CorpusFile(path, _document_id(path), path.read_bytes()) for path in paths]
    except OSError as error:
        raise CorpusError(f"{error.filename} cannot be read ({error.strerror}). Make it readable, or take it out of the corpus.") from error
    if not files:
        raise CorpusError(f"The corpus folder {folder} holds no document. Put {' or '.join(SUFFIXES)} files into it.")
    seen: dict[str, Path] = {}
    for file in files:
        if file.document_id in seen:
            raise CorpusError(f"{file.path} and {seen[file.document_id]} both get the id '{file.document_id}'. Rename one of them.")
        seen[file.document_id] = file.path
    return tuple(sorted(files, key=lambda file: file.document_id))


def fingerprint(files: tuple[CorpusFile, ...]) -> str:
    """Return the sha256 (hex) over every file's id and content: equal only for equal corpora."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.document_id}\0{hashlib.sha256(file.content).hexdigest()}\n".encode())
    return digest.hexdigest()


def read_document(file: CorpusFile) -> Document:
    """Return the document that *file* holds, its text exactly as after the front matter.

    Raises CorpusError, naming the file and line, for text that is not UTF-8, for broken front matter or an empty text.
    """
    try:
        content = file.content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = file.content.count(b"\n", 0, error.start) + 1
        raise CorpusError(
            f"{file.path} line {line}: byte {error.object[error.start]:#04x} is not UTF-8. Save the file as UTF-8."
        ) from error
    content = content.replace("\r\n", "\n").replace("\r", "\n")
    if "\0" in content:
        line = content.count("\n", 0, content.index("\0")) + 1
        raise CorpusError(f"{file.path} line {line}: a NUL character, so this is no text file. Save it as plain UTF-8 text.")
    match = _FRONT_MATTER.match(content)
    if not match:
        raise CorpusError(
            f"{file.path} line 1: no front matter. Begin the file with '---', lines such as 'title: ...' and 'kind: speech', and '---'."
        )
    description = _description(file, match.group(1))
    text = content[match.end() :]
    if not text.strip():
        raise CorpusError(f"{file.path}: no text after the front matter. Add the document's text, or take the file out of the corpus.")
    return parse_document(description, text)


def _document_id(path: Path) -> str:
    """Return the id that the file's name gives: lower case, everything else a hyphen."""
    slug = re.sub(r"[^a-z0-9]+", "-", path.stem.lower()).strip("-")
    if not DOCUMENT_ID.fullmatch(slug):
        raise CorpusError(f"{path}: no document id can be made of this name. Use Latin letters, digits and hyphens, ideally with the year.")
    return slug


def _description(file: CorpusFile, front_matter: str) -> Description:
    """Return the checked front matter; unknown keys are kept as provenance."""
    import yaml

    try:
        # Composed, not constructed: every value stays the text that was written ("language: no" is no False), with its line.
        root = yaml.compose(front_matter, Loader=yaml.BaseLoader)
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 2 if mark else 2  # line 1 is the '---' above
        raise CorpusError(
            f"{file.path} line {line}: the front matter is not YAML ({getattr(error, 'problem', error)}). Mend that line."
        ) from error
    if not isinstance(root, yaml.MappingNode):
        raise CorpusError(f"{file.path} line 2: the front matter is not 'key: value' lines. Write at least 'title: ...' and 'kind: ...'.")
    values: dict[str, str] = {}
    for key, value in root.value:
        where = f"{file.path} line {key.start_mark.line + 2}"
        name = str(key.value)
        if not (isinstance(key, yaml.ScalarNode) and isinstance(value, yaml.ScalarNode) and value.value.strip()):
            raise CorpusError(f"{where}: front matter '{name}' is not one plain value. Write '{name}: some text', or leave it out.")
        if name in values:
            raise CorpusError(f"{where}: front matter '{name}' stands there twice. Leave one of them.")
        values[name] = value.value.strip()
        _check_value(where, name, values[name])
    for name in _REQUIRED:
        if name not in values:
            raise CorpusError(f"{file.path} line 1: the front matter has no '{name}'. Add a line '{name}: ...'.")
    known = {name: values.pop(name) for name in (*_REQUIRED, *_OPTIONAL) if name in values}
    return Description(document_id=file.document_id, provenance=tuple(sorted(values.items())), **known)


def _check_value(where: str, name: str, value: str) -> None:
    """Raise CorpusError if *value* cannot be the front matter's *name*."""
    if name == "date" and not _is_date(value):
        raise CorpusError(f"{where}: the date '{value}' is no day, month or year like 2019-04-24, 2019-04 or 2019. Correct it.")
    if name == "url" and not value.startswith(("http://", "https://")):
        raise CorpusError(f"{where}: the url '{value}' does not begin with http:// or https://. Correct it.")


def _is_date(text: str) -> bool:
    """Tell whether *text* is an ISO 8601 day, month or year that exists."""
    if not _DATE.fullmatch(text):
        return False
    try:
        datetime.date.fromisoformat(f"{text}-01-01"[:10])
    except ValueError:
        return False
    return True
