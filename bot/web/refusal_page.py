"""Turns a refusal into the response that its reader can read: a page in the visitor's language for a browser, JSON for a program.

Knows nothing of why it is refused.
"""

from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import Scope

from bot.web.documents import site_page
from bot.web.labels import SPOKEN, labels, wanted
from bot.web.refusals import RefusalError, in_words, refusal_response


def refused(refusal: RefusalError, scope: Scope) -> Response:
    """Return the response that says *refusal* to whoever sent the request of *scope*: a page where a page was asked for."""
    request = Request(scope)
    if "text/html" not in request.headers.get("accept", ""):
        return refusal_response(refusal)
    language = wanted(request.cookies, request.headers)
    title = labels(language)["refused"]
    main = f"<h1>{title}</h1><p>{escape(in_words(refusal, language))}</p>"
    path = f"{scope['path']}".removeprefix(scope.get("root_path", ""))
    page = site_page(title, main, root="../" * (path.count("/") - 1) or "./", language=language)
    return HTMLResponse(page, refusal.status, {**SPOKEN, "cache-control": "no-store"})
