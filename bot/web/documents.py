"""Turns a document into a complete page of HTML on which every paragraph and sentence has a permanent address.

Needs no script: the browser itself marks the sentence that the address names. Knows nothing of chat.
"""

from collections.abc import Iterable
from functools import cache
from html import escape
from pathlib import Path

from bot.languages import Voice, kind_in
from bot.web.labels import labels
from index.document import Description, Document, Paragraph

THEMES = ("light", "dark", "auto")  # "auto" follows the reader's system; naming any says that the chat page frames us

_FACTS = ("speaker", "date", "event", "place", "published_at", "document_title")  # labels of what is known of a document


@cache
def _style(root: str) -> str:
    return Path(__file__).with_name("documents.css").read_text(encoding="utf-8").replace('url("./', f'url("{root}')


def document_page(document: Document, theme: str = "", language: Voice = "en") -> str:
    """Return the page of the whole document, its text exact: ``p12`` is paragraph 12, ``p12s3`` its third sentence."""
    about = document.description
    body = "\n".join(_paragraph(paragraph) for paragraph in document.paragraphs)
    header = f'<header><p class="kind">{_kind(about.kind, language)}</p><h1>{escape(about.title)}</h1>{_facts(about, language)}</header>'
    article = f'<article lang="{escape(about.language)}">{header}\n<div class="text">\n{body}\n</div></article>'
    return site_page(about.title, article, theme, root="../", language=language)


def list_page(descriptions: Iterable[Description], theme: str = "", language: Voice = "en") -> str:
    """Return the page that lists every document with its kind, date and speaker."""
    items = "".join(
        f'<li lang="{escape(about.language)}"><a href="{_address(f"./documents/{about.document_id}", theme)}">{escape(about.title)}</a>'
        f"<p>{', '.join([_kind(about.kind.capitalize(), language), *map(escape, filter(None, (about.date, about.speaker)))])}</p></li>"
        for about in descriptions
    )
    title = labels(language)["all_documents"]
    return site_page(title, f'<h1>{title}</h1><ul class="documents">{items}</ul>', theme, listing=True, language=language)


def missing_page(document_id: str, theme: str = "", language: Voice = "en") -> str:
    """Return the page for an address that names no document."""
    title, said = (labels(language)[name] for name in ("no_such_document", "missing"))
    return site_page(title, f"<h1>{title}</h1><p>{escape(said.format(document=document_id))}</p>", theme, root="../", language=language)


def out_of_reach_page(theme: str = "", language: Voice = "en") -> str:
    """Return the page for a document that cannot be read now, but may be in a minute."""
    title, said = (labels(language)[name] for name in ("out_of_reach", "refused_index_unreachable"))
    return site_page(title, f"<h1>{title}</h1><p>{said}</p>", theme, root="../", language=language)


def site_page(title: str, main: str, theme: str = "", *, root: str = "./", listing: bool = False, language: Voice = "en") -> str:
    """Return *main* as a whole page in the looks of the documents, led by links to the chat and the list of documents.

    *root* leads from the page to the chat, ``./`` or ``../``: a proxy may show the site under any path.
    """
    framed, spoken = theme in THEMES, labels(language)
    links = [] if framed else [f'<a href="{root}">{spoken["ask_the_documents"]}</a>']
    links += [] if listing else [f'<a href="{_address(f"{root}documents", theme)}">{spoken["all_documents"]}</a>']
    nav = f'<nav aria-label="{spoken["site"]}">{" ".join(links)}</nav>' if links else ""
    chosen = f' data-theme="{theme}"' if framed else ""
    return (
        f'<!doctype html>\n<html lang="{language}"{chosen}>\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<title>{escape(title)}</title>\n<link rel="icon" href="{root}icon.svg">\n'
        f"<style>\n{_style(root)}</style>\n</head>\n<body>\n{nav}\n<main>\n{main}\n</main>\n</body>\n</html>\n"
    )


def _address(path: str, theme: str) -> str:
    return f"{path}?theme={theme}" if theme in THEMES else path


def _kind(kind: str, language: Voice) -> str:
    """Return the *kind* in *language*, marked as such among the document's own words; one that has no word there stays as it is."""
    said = kind_in(kind, language)
    return escape(kind) if said == kind else f'<span lang="{language}">{escape(said.capitalize() if kind[:1].isupper() else said)}</span>'


def _facts(about: Description, language: Voice) -> str:
    """Return what is known of the document, the origin of each fact that the document itself does not give included."""
    spoken = {name: f'<dt lang="{language}">{said}</dt>' for name, said in labels(language).items() if name in _FACTS}
    origins = {key.removesuffix("_source"): value for key, value in about.provenance if key.endswith("_source")}
    known = zip(_FACTS, (about.speaker, about.date, about.event, about.place), strict=False)
    items = [f"<div>{spoken[name]}<dd>{escape(value)}{_origin(origins.get(name))}</dd></div>" for name, value in known if value]
    if about.url:
        items.append(
            f"<div>{spoken['published_at']}"
            f'<dd><a href="{escape(about.url)}" target="_blank" rel="noopener">{escape(about.url)}</a></dd></div>'
        )
    if "title" in origins:
        items.append(f"<div>{spoken['document_title']}<dd>{_origin(origins['title'])}</dd></div>")
    return f"<dl>{''.join(items)}</dl>"


def _origin(origin: str | None) -> str:
    return f" <small>{escape(origin)}</small>" if origin else ""


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
    return bool(number and first and _bare(number) in paragraph.text[: first[0].start])


def _bare(printed_number: str) -> str:
    """Return the number without the names of what it counts: 1 of "Article 3, point 1"."""
    return printed_number.rpartition(" ")[2]


def _margin(paragraph: Paragraph) -> str:
    """Return the attribute that puts the paragraph's point into the margin, unless its text prints it or needs none."""
    if paragraph.role not in ("body", "closing") or _prints_number(paragraph):
        return ""
    return f' data-margin="{escape(_bare(paragraph.printed_number or f"¶{paragraph.number}"))}"'
