"""What whoever runs the server decides: who may ask, how much, where feedback goes. Knows nothing of pages or HTTP."""

from dataclasses import dataclass

from bot.web.feedback import FeedbackFile
from bot.web.limits import PER_ADDRESS, PER_CONVERSATION


@dataclass(frozen=True, slots=True)
class Access:
    """Who may ask, how much, where feedback goes: other sites' origins, the proxies that are believed, the rates a minute.

    *measuring* tells whether visitors may have files of queries measured.
    """

    allowed_origins: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()
    per_address: int = PER_ADDRESS
    per_conversation: int = PER_CONVERSATION
    feedback: FeedbackFile | None = None
    local: bool = False  # only this machine's own names are the server's
    measuring: bool = True


BY_DEFAULT = Access()
