"""Turns what cannot be done into one readable form: a status, a code, what happened and what to do. Knows nothing of routes."""

import json
import logging
from collections.abc import Mapping

from starlette.responses import JSONResponse

from bot.languages import Voice
from bot.web.labels import labels
from index.errors import IndexUnreachableError, UserError

REACHED_S = 10  # after which an index that was out of reach is worth another try: a server starts again in some seconds

log = logging.getLogger(__name__)


class RefusalError(Exception):
    """A request is not answered: its HTTP status, a code for programs, a message for people, and what they can do.

    ``retry_after_s`` are the seconds after which the same request may succeed, where time is what is missing.
    """

    def __init__(self, status: int, code: str, message: str, what_to_do: str, retry_after_s: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.what_to_do = what_to_do
        self.retry_after_s = retry_after_s

    def to_json(self) -> dict[str, str]:
        """Return code, message and what to do."""
        return {"code": self.code, "message": self.message, "what_to_do": self.what_to_do}


class Json(JSONResponse):
    """A response of JSON in UTF-8 that nobody stores; a lone surrogate leaves as the escape that JSON has for it."""

    def __init__(self, content: object, status_code: int = 200, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(content, status_code, {"cache-control": "no-store", **(headers or {})})

    def render(self, content: object) -> bytes:
        """Return *content* as bytes of JSON."""
        return json_bytes(content)


def json_bytes(content: object) -> bytes:
    """Return *content* as bytes of JSON in UTF-8, on one line."""
    return json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8", "backslashreplace")


def refusal_response(refusal: RefusalError) -> Json:
    """Return the response that says *refusal*."""
    return Json({"error": refusal.to_json()}, refusal.status, _waiting(refusal))


def _waiting(refusal: RefusalError) -> dict[str, str]:
    return {} if refusal.retry_after_s is None else {"retry-after": f"{refusal.retry_after_s}"}


def in_words(refusal: RefusalError, language: Voice) -> str:
    """Return what *refusal* says to the visitor of a page in *language*. Raises KeyError if no page of ours meets one of its code."""
    return labels(language)[f"refused_{refusal.code}"].format(seconds=refusal.retry_after_s)


def shown_by_gradio(refusal: RefusalError, language: Voice) -> Json:
    """Return the response that says *refusal* where Gradio's page reads it, and shows it to the visitor, in *language*."""
    return Json({"detail": in_words(refusal, language), "error": refusal.to_json()}, refusal.status, _waiting(refusal))


def failed() -> RefusalError:
    """Return the refusal for a fault of ours, whose details the log has."""
    return RefusalError(500, "failed", "Something went wrong on our side, and it has been noted.", "Ask again.")


def said(error: UserError) -> RefusalError:
    """Return the refusal that says *error*, which is worded for whoever asked; an index out of reach is the operator's, and logged."""
    if isinstance(error, IndexUnreachableError):
        log.warning("A request could not be answered. %s", error)
        message, what_to_do = "The documents cannot be reached at this moment, so nothing was looked up.", f"Ask again in {REACHED_S} s."
        return RefusalError(503, "index_unreachable", message, what_to_do, REACHED_S)
    return RefusalError(422, "question_refused", f"{error}", "Change what the message names, and ask again.")
