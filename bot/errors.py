"""The errors of asking and serving; each message is written for the person who can act on it."""

from index.errors import UserError


class QuestionError(UserError):
    """A question is blank, too long, or not text."""


class HistoryError(UserError):
    """The turns before a question are not of the documented form."""


class FilterError(UserError):
    """Filters are not of the documented form."""


class ServerError(UserError):
    """The server cannot start as configured."""


class ChatModelError(UserError):
    """The configured chat model cannot be opened."""
