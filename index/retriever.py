"""The LangChain face of the index: a question in, LangChain documents out, for anyone composing with LangChain."""

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document as LangChainDocument
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
