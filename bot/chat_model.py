"""Turns messages into the text that a chat model writes, piece by piece, or into one named failure; never later than promised.

Knows nothing of questions, evidence or answers. The provider's library is loaded when a model is opened, not before. What
a provider's error says is never passed on: it may repeat a key, or a text of the server's own.
"""

import logging
import queue
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from bot.errors import ChatModelError

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import BaseMessage

NONE = "none"  # the setting that means: no chat model
_NAME = re.compile(r"(?P<provider>[a-z][a-z0-9_]*):(?P<model>[^\s:][^\s]*)")
FAILURES_IN_A_ROW = 5  # after which the model is left alone
REST_S = 30.0  # for so long
_PIP = re.compile(r"`(pip install [\w-]+)`")  # in what LangChain says when a provider's package is missing

Failure = Literal["unreachable", "refused", "too_slow", "too_long", "empty", "broken", "resting"]
Clock = Callable[[], float]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """How long (seconds) and how much (characters) a chat model may take.

    A reply is promised to begin within 8 s and to be whole within 30 s: rewriting, the first sentence and the rest take
    2.5 + 5 + 17 s at most, which leaves half a second of the first 8 for searching and verifying.
    """

    rewriting_s: float = 2.5
    first_sentence_s: float = 5.0
    whole_s: float = 22.0
    silence_s: float = 5.0  # between two pieces
    characters: int = 8_000  # twenty times what the prompt asks for


class ChatModelFailureError(Exception):
    """A chat model gave no usable text; ``failure`` says in which way, and nothing of what the provider said is kept."""

    def __init__(self, failure: Failure, what: str = "") -> None:
        super().__init__(f"{failure} ({what})" if what else failure)
        self.failure: Failure = failure


class Breaker:
    """Counts failures in a row: after FAILURES_IN_A_ROW nothing is allowed for REST_S, and then one failure more is enough."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._rests_until = 0.0

    def allows(self) -> bool:
        """Tell whether the model may be asked now."""
        with self._lock:
            return self._failures < FAILURES_IN_A_ROW or self._clock() >= self._rests_until

    def record(self, *, failed: bool) -> None:
        """Count one ended completion."""
        with self._lock:
            self._failures = self._failures + 1 if failed else 0
            if self._failures >= FAILURES_IN_A_ROW:
                self._rests_until = self._clock() + REST_S


class ChatModel:
    """An opened chat model with its limits; it is left alone for a while after it failed several times in a row."""

    def __init__(self, model: "BaseChatModel", limits: Limits, clock: Clock = time.monotonic) -> None:
        self.limits = limits
        self._model = model
        self._breaker = Breaker(clock)

    def ask(self, messages: "Sequence[BaseMessage]", first_s: float) -> "Completion":
        """Return what the model writes to *messages*: whole within *first_s* seconds, unless its `shown` is called by then.

        Raises ChatModelFailureError if the model rests.
        """
        if not self._breaker.allows():
            raise ChatModelFailureError("resting")
        return Completion(self._model, messages, self.limits, first_s, self._breaker)


class Completion:
    """The pieces of one text as the model writes them, each in time or not at all; ``text`` is what came so far.

    A thread of its own reads the provider's library, for none of its waits - a name, a handshake, a silent stream - is
    bounded by the whole. Iterating raises ChatModelFailureError, once, where a piece does not come.
    """

    def __init__(self, model: "BaseChatModel", messages: "Sequence[BaseMessage]", limits: Limits, first_s: float, breaker: Breaker) -> None:
        self.text = ""
        self._limits = limits
        self._breaker = breaker
        self._started = time.monotonic()
        self._ends = self._started + first_s
        self._pieces: queue.SimpleQueue[str | Exception | None] = queue.SimpleQueue()
        self._left = threading.Event()
        threading.Thread(target=_read, args=(model, messages, self._pieces, self._left), daemon=True).start()

    def __iter__(self) -> Iterator[str]:
        try:
            while (piece := self._next()) is not None:
                self.text += piece[: self._limits.characters - len(self.text)]
                if len(self.text) >= self._limits.characters:
                    raise ChatModelFailureError("too_long")
                yield piece
            if not self.text.strip():
                raise ChatModelFailureError("empty")
        except ChatModelFailureError as failure:
            _log.warning("The chat model failed: %s", failure)
            self._breaker.record(failed=True)
            raise
        finally:
            self._left.set()
        self._breaker.record(failed=False)

    def shown(self) -> None:
        """Note that something of the text can be shown, so that the rest has the time of the whole."""
        self._ends = self._started + self._limits.whole_s

    def _next(self) -> str | None:
        left = self._ends - time.monotonic()
        try:
            piece = self._pieces.get(timeout=max(0.0, min(left, self._limits.silence_s) if self.text else left))
        except queue.Empty:
            raise ChatModelFailureError("too_slow") from None
        if isinstance(piece, Exception):
            raise ChatModelFailureError(_failure(piece), _what(piece)) from None
        return piece


def open_chat_model(name: str, limits: Limits | None = None, clock: Clock = time.monotonic) -> ChatModel:
    """Return the chat model *name*, ``provider:model``; nothing is sent yet. Loading a provider's library takes seconds.

    Raises ChatModelError if the name is none, the provider is unknown, its package is missing, or it does not accept its
    own variables (``OPENAI_API_KEY`` and so on).
    """
    parts = _NAME.fullmatch(name)
    if parts is None:
        raise ChatModelError(
            f"SCO_CHAT_MODEL={name[:80]!r} is not provider:model. Write for example openai:gpt-4.1-mini or ollama:llama3.2, or unset it."
        )
    provider, limits = parts["provider"], limits or Limits()
    from langchain.chat_models import init_chat_model
    from pydantic import SecretStr

    try:
        if provider == "ollama":  # knows neither option, and tries nothing again
            model = init_chat_model(parts["model"], model_provider=provider, client_kwargs={"timeout": limits.silence_s})
        else:  # nothing is tried again: the documents' own sentences are there at once, and the breaker decides about later
            model = init_chat_model(parts["model"], model_provider=provider, timeout=limits.silence_s, max_retries=0)
    except ImportError as error:
        package = _PIP.search(f"{error}")
        line = package.group(1) if package else f"pip install langchain-{provider.replace('_', '-')}"
        raise ChatModelError(f"The package of the chat model's provider {provider} is not installed. Install it: {line}") from None
    except Exception as error:
        if f"{error}".startswith("Unsupported provider"):
            raise ChatModelError(
                f"SCO_CHAT_MODEL={name[:80]!r} names the provider {provider!r}, which LangChain does not know. "
                "Write openai, ollama, anthropic or another of its providers."
            ) from None
        # Its text is left out: it may repeat a key.
        raise ChatModelError(
            f"The chat model {name[:80]} cannot be set up ({type(error).__name__}). Set its key and address as its provider asks, "
            f"for example {provider.upper()}_API_KEY, or unset SCO_CHAT_MODEL."
        ) from None
    for _, value in model:
        if isinstance(value, SecretStr) and not re.fullmatch(r"[!-~]*", value.get_secret_value()):
            raise ChatModelError(
                f"The key of the chat model {name[:80]} holds a line break, a space or another character that no key holds. Set it anew."
            )
    return ChatModel(model, limits, clock)


def _read(
    model: "BaseChatModel",
    messages: "Sequence[BaseMessage]",
    pieces: "queue.SimpleQueue[str | Exception | None]",
    left: threading.Event,
) -> None:
    """Put what *model* writes into *pieces*, then None, or what went wrong; stop soon after *left* is set."""
    try:
        for chunk in model.stream(list(messages)):
            if left.is_set():
                return
            pieces.put(chunk.text)
        pieces.put(None)
    except Exception as error:  # a provider's library may raise anything; all of it means that no text comes
        pieces.put(error)


def _failure(error: Exception) -> Failure:
    """Return in which way a provider's *error* is a failure."""
    if isinstance(getattr(error, "status_code", None), int):
        return "refused"
    name = type(error).__name__
    if "Timeout" in name:
        return "too_slow"
    return "unreachable" if "Connect" in name else "broken"


def _what(error: Exception) -> str:
    """Return what may be logged of *error*: its class and status, never its text."""
    status = getattr(error, "status_code", None)
    return type(error).__name__ + (f" {status}" if isinstance(status, int) else "")
