"""An assistant over whichever generation of the index is in use: when a build has switched to another, it goes over too.

Each reply is made by one generation from beginning to end. Knows nothing of how replies are made.
"""

from collections.abc import Iterator

from bot.assistant import Assistant, Trace
from bot.conversation import Conversation
from bot.filters import ALL_DOCUMENTS, Scope
from index.current import Following
from index.document import Description, Document
from index.filters import EVERYTHING, Filters
from index.search import SearchResult


class FollowingAssistant(Assistant):
    """Hands every call to the assistant over the generation in use; holds none itself."""

    def __init__(self, following: Following[Assistant]) -> None:
        self._following = following

    @property
    def examples(self) -> tuple[str, ...]:
        """Questions to begin with."""
        return self._following.get().examples

    @property
    def index_fingerprint(self) -> str:  # type: ignore[override]  # nobody writes it
        """16 hex digits that stand for the generation in use."""
        return self._following.get().index_fingerprint

    def traces(self, question: str, conversation: Conversation, scope: Scope = ALL_DOCUMENTS) -> Iterator[Trace]:
        """Yield as `Assistant.traces` does."""
        return self._following.get().traces(question, conversation, scope)

    def prepare(self) -> None:
        """Do nothing: the assistant over a generation was prepared before it was taken."""

    def search(self, question: str, filters: Filters = EVERYTHING) -> SearchResult:
        """Return as `Assistant.search` does."""
        return self._following.get().search(question, filters)

    def descriptions(self) -> tuple[Description, ...]:
        """Return as `Assistant.descriptions` does."""
        return self._following.get().descriptions()

    def document(self, document_id: str) -> Document | None:
        """Return as `Assistant.document` does."""
        return self._following.get().document(document_id)
