"""Turns exchanges into the messages a chat shows, and into plain text to copy. Pure; knows nothing of Gradio or HTTP.

A chat message is Markdown with HTML in it. All text of documents and people is written so that neither can see markup
in it, and every message is one line of HTML, which Markdown leaves as it is.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import groupby

from bot.web.exchange import Exchange, Place, Said

STATUSES = {
    "verbatim": "Repeats the cited sentence word for word",
    "supported": "Reworded by the chat model; compared with the cited sentence",
}
_NEITHER_LETTER_NOR_SPACE = re.compile(r"[^\w ]|_")


def literal(text: str) -> str:
    """Return *text* as HTML in one line that shows exactly its characters, whatever HTML or Markdown they would make."""
    return _NEITHER_LETTER_NOR_SPACE.sub(_entity, text)


def _entity(match: re.Match[str]) -> str:
    character = match.group()
    if character == "\n":
        return "<br>"
    return "" if unicodedata.category(character) in ("Cc", "Cs") else f"&#{ord(character)};"


def messages(exchanges: Iterable[Exchange]) -> list[dict[str, object]]:
    """Return the chat's messages, two for each exchange, or the question alone if nothing was said to it yet.

    The questions suggested with the last reply are its options, which the chat shows as buttons.
    """
    shown: list[dict[str, object]] = []
    for one in exchanges:
        shown.append({"role": "user", "content": f'<div class="question">{literal(one.question)}</div>'})
        if one.said:
            options = [{"value": question} for question in one.suggestions]
            shown.append({"role": "assistant", "content": reply_html(one), "options": options})
    return shown


def reply_html(one: Exchange) -> str:
    """Return what was said as HTML: an answer with linked markers and its sources, an abstention with what comes nearest."""
    places = {place.marker: place for place in one.places}
    paragraphs = [""]
    for piece in one.said:
        if piece.opens_paragraph:
            paragraphs.append("")
        markers = "".join(f" {_marker(places[number])}" for number in piece.markers if number in places)
        start, space, word = piece.text.rpartition(" ")
        ending = f'<span class="ending">{literal(word)}{markers}{_status(piece)}</span>'
        paragraphs[-1] += (" " if paragraphs[-1] else "") + literal(start + space) + ending
    body = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    if one.understood:
        body = f'<p class="understood">Understood as: {literal(one.understood)}</p>{body}'
    if one.note:
        body += f'<p class="remark">{literal(one.note)}</p>'
    if one.kind == "answer":
        body += f'<div class="sources"><p class="label">Sources</p><ul>{_sources(one.places)}</ul></div>'
    elif one.places:
        passages = "".join(f"<li>{_passage(place)}</li>" for place in one.places)
        body += f'<div class="nearest"><p class="label">Nearest passages, not an answer</p><ul>{passages}</ul></div>'
    return f'<div class="{one.kind}">{body}</div>'


def _status(piece: Said) -> str:
    return f' <small class="status" title="{STATUSES[piece.status]}">{piece.status}</small>' if piece.status else ""


def _marker(place: Place) -> str:
    return f'<a class="marker" href="{place.address}" title="{literal(f"Source {place.marker}: {place.label}")}">[{place.marker}]</a>'


def _sources(places: Sequence[Place]) -> str:
    """Return one list item a document, with its cited places; documents that merely say the same come last."""
    ordered = sorted(places, key=lambda place: (place.also, min(p.marker for p in places if _home(p) == _home(place)), place.marker))
    items = []
    for _, group in groupby(ordered, key=_home):
        cited = list(group)
        links = " ".join(f'<a class="source" href="{place.address}"><b>{place.marker}</b> {literal(place.point)}</a>' for place in cited)
        also = "<i>Also in</i> " if cited[0].also else ""
        items.append(f'<li>{also}{_where(cited[0].title, cited[0].date)} <span class="places">{links}</span></li>')
    return "".join(items)


def _home(place: Place) -> tuple[bool, str]:
    return place.also, place.document_id


def _where(title: str, *parts: str | None) -> str:
    return ", ".join([literal(title), *(f'<span class="date">{literal(part)}</span>' for part in parts if part)])


def _passage(place: Place) -> str:
    return f'<a href="{place.address}">{literal(place.quote)}</a> <span class="where">{_where(place.title, place.point, place.date)}</span>'


def copy_text(one: Exchange, site: str) -> str:
    """Return what was said as plain text with its references; *site* (``https://host``) makes the addresses whole."""
    text = ""
    for piece in one.said:
        text += ("\n\n" if piece.opens_paragraph else " ") if text else ""
        text += piece.text + "".join(f" [{number}]" if at == 0 else f"[{number}]" for at, number in enumerate(piece.markers))
    if one.kind == "answer":
        text += "\n"
        for place in one.places:
            text += f"\n[{place.marker}] {'Also in: ' if place.also else ''}{place.label}\n    {site}{place.address}"
    return text
