"""Decides which other sites' pages may use the assistant: a list of exact origins, for calls and for frames alike.

An origin is what a browser says of a page: scheme, host and port, ``https://www.example.org``. Knows nothing of HTTP's forms.
"""

import re
from dataclasses import dataclass

from bot.errors import ServerError

_ORIGIN = re.compile(r"https?://(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::[1-9]\d{0,4})?")
_DEFAULT_PORT = re.compile(r"(?:^http://.*:80|^https://.*:443)$")
NONE = "none"  # the setting that means: pages of this server alone
MAX_ORIGIN_LENGTH = 300  # characters that are repeated in a message; a host's name has 253 at most


def read_origins(setting: str) -> tuple[str, ...]:
    """Return the origins of a comma-separated *setting*, none for "none". Raises ServerError naming one that no browser sends."""
    if setting.strip() == NONE:
        return ()
    origins = tuple(part.strip() for part in setting.split(","))
    for origin in origins:
        if fault := _fault(origin):
            raise ServerError(
                f"SCO_ALLOWED_ORIGINS names {origin!r}, which is no exact origin: {fault}. Write it as a browser does: https://www.example.org"
            )
    return origins


def _fault(origin: str) -> str:
    """Return what keeps *origin* from being one that browsers send, or nothing."""
    if "*" in origin:
        return "it holds a wildcard; name every site"
    if origin.endswith("/") and _ORIGIN.fullmatch(origin.rstrip("/")):
        return "it ends in a slash"
    if origin != origin.lower() and _ORIGIN.fullmatch(origin.lower()):
        return "it has capital letters"
    if re.match(r"https?://[^/]+/", origin):
        return "it holds a path"
    if _ORIGIN.fullmatch(origin) and _DEFAULT_PORT.match(origin):
        return "browsers leave out the default port"
    return "" if _ORIGIN.fullmatch(origin) else "it is not scheme, host and, if need be, port"


def own_origin(host: str, scheme: str) -> str:
    """Return the origin that a browser gives to this server's own pages, from the *host* that it named."""
    default = {"http": ":80", "https": ":443"}.get(scheme, "")
    return f"{scheme}://{host.lower().removesuffix(default)}"


@dataclass(frozen=True, slots=True)
class Embedding:
    """Whether pages of *origin* may use the assistant, and the sentence that says so."""

    origin: str
    allowed: bool
    message: str


def embedding(origin: str, own: str, allowed: tuple[str, ...]) -> Embedding:
    """Return whether pages of *origin* may use the assistant of the site *own*, where the sites *allowed* may besides."""
    shown = origin[:MAX_ORIGIN_LENGTH]
    if origin in (own, *allowed):
        return Embedding(shown, True, f"Pages of {shown} may use this assistant.")
    if origin in ("", "null"):
        return Embedding(shown, False, "A page without an origin, such as a file or a sandboxed frame, may not use this assistant.")
    return Embedding(
        shown,
        False,
        f"Pages of {shown} may not use this assistant. Its operator can let them in: SCO_ALLOWED_ORIGINS must list exactly this origin.",
    )
