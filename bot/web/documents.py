"""Turns a document into a complete page of HTML on which every paragraph and sentence has a permanent address.

Needs no script: the browser itself marks the sentence that the address names. Knows nothing of chat.
"""

from collections.abc import Iterable
from functools import cache
from html import escape
from pathlib import Path

from index.document import Description, Document, Paragraph

THEMES = ("light", "dark", "auto")  # "auto" follows the reader's system; naming any says that the chat page frames us


@cache
def _style() -> str:
    return Path(__file__).with_name("documents.css").read_text(encoding="utf-8")


def document_page(document: Document, theme: str = "") -> str:
    """Return the page of the whole document, its text exact: ``p12`` is paragraph 12, ``p12s3`` its third sentence."""
    about = document.description
    body = "\n".join(_paragraph(paragraph) for paragraph in document.paragraphs)
    header = f'<header><p class="kind">{escape(about.kind)}</p><h1>{escape(about.title)}</h1>{_facts(about)}</header>'
    article = f'<article lang="{escape(about.language)}">{header}\n<div class="text">\n{body}\n</div></article>'
    return site_page(about.title, article, theme)


def list_page(descriptions: Iterable[Description], theme: str = "") -> str:
    """Return the page that lists every document with its kind, date and speaker."""
    items = "".join(
        f'<li><a href="{_address(f"/documents/{about.document_id}", theme)}">{escape(about.title)}</a>'
        f"<p>{_joined(about.kind.capitalize(), about.date, about.speaker)}</p></li>"
        for about in descriptions
    )
    return site_page("All documents", f'<h1>All documents</h1><ul class="documents">{items}</ul>', theme, listing=True)


def missing_page(document_id: str, theme: str = "") -> str:
    """Return the page for an address that names no document."""
    said = f"<h1>No such document</h1><p>There is no document “{escape(document_id)}” here. It may have been renamed or taken out.</p>"
    return site_page("No such document", said, theme)


def site_page(title: str, main: str, theme: str = "", *, listing: bool = False) -> str:
    """Return *main* as a whole page in the looks of the documents, led by links to the chat and the list of documents."""
    framed = theme in THEMES
    links = [] if framed else ['<a href="/">Ask the documents</a>']
    links += [] if listing else [f'<a href="{_address("/documents", theme)}">All documents</a>']
    nav = f'<nav aria-label="Site">{" ".join(links)}</nav>' if links else ""
    chosen = f' data-theme="{theme}"' if framed else ""
    return (
        f'<!doctype html>\n<html lang="en"{chosen}>\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<title>{escape(title)}</title>\n<link rel="icon" href="/icon.svg">\n'
        f"<style>\n{_style()}</style>\n</head>\n<body>\n{nav}\n<main>\n{main}\n</main>\n</body>\n</html>\n"
    )


def _address(path: str, theme: str) -> str:
    return f"{path}?theme={theme}" if theme in THEMES else path


def _facts(about: Description) -> str:
    """Return what is known of the document, the origin of each fact that the document itself does not give included."""
    origins = {key.removesuffix("_source"): value for key, value in about.provenance if key.endswith("_source")}
    rows = [("Speaker", about.speaker), ("Date", about.date), ("Event", about.event), ("Place", about.place)]
    items = [f"<div><dt>{name}</dt><dd>{escape(value)}{_origin(origins.get(name.lower()))}</dd></div>" for name, value in rows if value]
    if about.url:
        items.append(
            f'<div><dt>Published at</dt><dd><a href="{escape(about.url)}" target="_blank" rel="noopener">{escape(about.url)}</a></dd></div>'
        )
    if "title" in origins:
        items.append(f"<div><dt>Title</dt><dd>{_origin(origins['title'])}</dd></div>")
    return f"<dl>{''.join(items)}</dl>"


def _origin(origin: str | None) -> str:
    return f" <small>{escape(origin)}</small>" if origin else ""


def _joined(*parts: str | None) -> str:
    return escape(", ".join(part for part in parts if part))


def _paragraph(paragraph: Paragraph) -> str:
    """Return the paragraph with its text exact, a printed number set apart, and every sentence addressable."""
    pieces: list[str] = []
    end = 0
    for sentence in paragraph.sentences:
        between = escape(paragraph.text[end : sentence.start])
        pieces.append(f"<b>{between}</b>" if end == 0 and _prints_number(paragraph) else between)
        pieces.append(f'<span id="p{paragraph.number}s{sentence.number}">{escape(paragraph.sentence_text(sentence))}</span>')
        end = sentence.end
    text = "".join(pieces) + escape(paragraph.text[end:])
    return f'<p id="p{paragraph.number}" class="{paragraph.role}"{_margin(paragraph)}>{text}</p>'


def _prints_number(paragraph: Paragraph) -> bool:
    number, first = paragraph.printed_number, paragraph.sentences[:1]
    return bool(number and first and paragraph.text[: first[0].start].startswith(number))


def _margin(paragraph: Paragraph) -> str:
    """Return the attribute that puts the paragraph's point into the margin, unless its text prints it or needs none."""
    if paragraph.role not in ("body", "closing") or _prints_number(paragraph):
        return ""
    return f' data-margin="{escape(paragraph.printed_number or f"¶{paragraph.number}")}"'
