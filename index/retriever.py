"""The LangChain faces of encoder and index, for anyone composing with LangChain; nothing of ours is routed through them."""

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document as LangChainDocument
from langchain_core.embeddings import Embeddings
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict

from index.embedding import Encoder
from index.search import search
from index.store import Generation


class ParagraphRetriever(BaseRetriever):
    """Returns the ``k`` best paragraphs, best first; ids are paragraph ids, metadata holds document, point and score."""

    model_config = ConfigDict(arbitrary_types_allowed=True)
    generation: Generation
    embeddings: Encoder
    k: int = 5

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun, k: int | None = None
    ) -> list[LangChainDocument]:
        return [
            LangChainDocument(
                id=passage.paragraph.paragraph_id,
                page_content=passage.paragraph.text,
                metadata={
                    "document_id": passage.paragraph.document_id,
                    "printed_number": passage.paragraph.printed_number,
                    "score": passage.score,
                },
            )
            for passage in search(self.generation, self.embeddings, query, k or self.k).passages
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
