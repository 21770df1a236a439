"""The LangChain faces of encoder and index, for anyone composing with LangChain; nothing of ours is routed through them."""

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document as LangChainDocument
from langchain_core.embeddings import Embeddings
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict, SkipValidation

from index.embedding import Encoder
from index.filters import EVERYTHING, Filters, matching
from index.ranking import newest_passages_first
from index.search import search
from index.stores import Store


class ParagraphRetriever(BaseRetriever):
    """Returns the ``k`` best paragraphs of the documents that meet ``filters``, best first, or, for the latest, newest first.

    Ids are paragraph ids, metadata holds document, its date, point and score. Raises NoDocumentError if no document meets the filters.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)
    generation: SkipValidation[Store]  # a protocol, of which pydantic can check nothing
    embeddings: Encoder
    k: int = 5
    filters: Filters = EVERYTHING

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun, k: int | None = None
    ) -> list[LangChainDocument]:
        described = {one.document_id: one for one in self.generation.descriptions()}
        within = None if self.filters == EVERYTHING else matching(self.filters, described.values())
        found = search(self.generation, self.embeddings, query, k or self.k, within)
        passages = newest_passages_first(found.passages, described.values()) if self.filters.latest else found.passages
        return [
            LangChainDocument(
                id=passage.paragraph.paragraph_id,
                page_content=passage.paragraph.text,
                metadata={
                    "document_id": passage.paragraph.document_id,
                    "date": described[passage.paragraph.document_id].date,
                    "printed_number": passage.paragraph.printed_number,
                    "score": passage.score,
                },
            )
            for passage in passages
        ]


class EncoderEmbeddings(Embeddings):
    """LangChain's two verbs for an encoder."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Return one unit vector a text."""
        return [[float(number) for number in vector] for vector in self._encoder.encode_documents(texts)]

    def embed_query(self, text: str) -> list[float]:
        """Return the unit vector of a question."""
        return [float(number) for number in self._encoder.encode_question(text)]
