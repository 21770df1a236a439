"""Turns exchanges into the messages a chat shows, and into plain text to copy. Pure; knows nothing of Gradio or HTTP.

A chat message is Markdown with HTML in it. All text of documents and people is written so that neither can see markup
in it, and every message is one line of HTML, which Markdown leaves as it is.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

from bot.web.exchange import Exchange, Place, Said
from bot.web.labels import labels

KEPT = 12  # characters at a sentence's end that stay beside its markers; a Chinese sentence is one long word
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

    The questions suggested with the last reply, and the same question with a filter less, are its options: the chat's buttons.
    """
    shown: list[dict[str, object]] = []
    for one in exchanges:
        shown.append({"role": "user", "content": f'<div class="question">{literal(one.question)}</div>'})
        if one.said:
            options = [{"value": question} for question in (*one.removals, *one.suggestions)]
            shown.append({"role": "assistant", "content": reply_html(one), "options": options})
    return shown


def reply_html(one: Exchange) -> str:
    """Return what was said as HTML: an answer with linked markers and its sources, an abstention with what comes nearest."""
    spoken = labels(one.language)
    places = {place.marker: place for place in one.places}
    paragraphs = [""]
    for piece in one.said:
        if piece.opens_paragraph:
            paragraphs.append("")
        markers = "".join(f" {_marker(places[number], spoken)}" for number in piece.markers if number in places)
        word = piece.text.rpartition(" ")[2][-KEPT:]
        ending = f'<span class="ending">{literal(word)}{markers}{_status(piece, spoken)}</span>'
        paragraphs[-1] += (" " if paragraphs[-1] else "") + literal(piece.text.removesuffix(word)) + ending
    body = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    if one.understood:
        body = f'<p class="understood">{literal(spoken["understood"].format(question=one.understood))}</p>{body}'
    if one.narrowed and one.kind == "answer":  # an abstention says it in its text
        body = f'<p class="remark">{literal(_only(one))}</p>{body}'
    if one.note:
        remark = f'<p class="remark">{literal(one.note)}</p>'
        body = body + remark if one.language == "en" else remark + body  # that the documents are in English is said first
    if one.kind == "answer":
        body += f'<div class="sources"><p class="label">{spoken["sources"]}</p><ul>{_sources(one.places, spoken)}</ul></div>'
    elif one.places:
        passages = "".join(f"<li>{_passage(place)}</li>" for place in one.places)
        body += f'<div class="nearest"><p class="label">{spoken["nearest"]}</p><ul>{passages}</ul></div>'
    return f'<div class="{one.kind}">{body}</div>'


def _only(one: Exchange) -> str:
    return labels(one.language)["only"].format(filters="; ".join(narrowing.text for narrowing in one.narrowed))


def _status(piece: Said, spoken: Mapping[str, str]) -> str:
    if not piece.status:
        return ""
    return f' <small class="status" title="{literal(spoken[f"{piece.status}_means"])}">{spoken[piece.status]}</small>'


def _marker(place: Place, spoken: Mapping[str, str]) -> str:
    name = spoken["source"].format(marker=place.marker, place=place.label)
    return f'<a class="marker" href=".{place.address}" title="{literal(name)}">[{place.marker}]</a>'


def _sources(places: Sequence[Place], spoken: Mapping[str, str]) -> str:
    """Return one list item a document, with its cited places; documents that merely say the same come last."""
    ordered = sorted(places, key=lambda place: (place.also, min(p.marker for p in places if _home(p) == _home(place)), place.marker))
    items = []
    for _, group in groupby(ordered, key=_home):
        cited = list(group)
        links = " ".join(f'<a class="source" href=".{place.address}"><b>{place.marker}</b> {literal(place.point)}</a>' for place in cited)
        also = f"<i>{spoken['also_in']}</i> " if cited[0].also else ""
        items.append(f'<li>{also}{_where(cited[0].title, cited[0].date)} <span class="places">{links}</span></li>')
    return "".join(items)


def _home(place: Place) -> tuple[bool, str]:
    return place.also, place.document_id


def _where(title: str, *parts: str | None) -> str:
    return ", ".join([literal(title), *(f'<span class="date">{literal(part)}</span>' for part in parts if part)])


def _passage(place: Place) -> str:
    return (
        f'<a href=".{place.address}">{literal(place.quote)}</a> <span class="where">{_where(place.title, place.point, place.date)}</span>'
    )


def copy_text(one: Exchange, site: str) -> str:
    """Return what was said as plain text with its references; *site* (``https://host``) makes the addresses whole."""
    text = ""
    for piece in one.said:
        text += ("\n\n" if piece.opens_paragraph else " ") if text else ""
        text += piece.text + "".join(f" [{number}]" if at == 0 else f"[{number}]" for at, number in enumerate(piece.markers))
    if one.kind == "answer":
        text += f"\n\n{_only(one)}" if one.narrowed else ""
        text += "\n"
        for place in one.places:
            also = f"{labels(one.language)['also_in']}: " if place.also else ""
            text += f"\n[{place.marker}] {also}{place.label}\n    {site}{place.address}"
    return text
