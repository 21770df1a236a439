"""The LangChain face: the same passages as search, as LangChain documents."""

import pytest
from langchain_core.embeddings import Embeddings
from langchain_core.retrievers import BaseRetriever
from langchain_tests.integration_tests import EmbeddingsIntegrationTests, RetrieversIntegrationTests

from index.retriever import EncoderEmbeddings, ParagraphRetriever
from index.search import search

QUESTION = "What does the SCO say about drug trafficking?"


def test_a_retriever_returns_what_search_returns(generation, embeddings):
    """Ids are paragraph ids, texts are verbatim, and the metadata says where a paragraph stands."""
    documents = ParagraphRetriever(generation=generation, embeddings=embeddings, k=4).invoke(QUESTION)
    passages = search(generation, embeddings, QUESTION, 4).passages
    assert [(d.id, d.page_content) for d in documents] == [(p.paragraph.paragraph_id, p.paragraph.text) for p in passages]
    assert [d.metadata for d in documents] == [
        {"document_id": p.paragraph.document_id, "printed_number": p.paragraph.printed_number, "score": p.score} for p in passages
    ]


class TestLangChainConformance(RetrieversIntegrationTests):
    """LangChain's own tests of what calls itself a retriever."""

    @pytest.fixture(autouse=True)
    def _real_index(self, generation, embeddings) -> None:
        self._parameters = {"generation": generation, "embeddings": embeddings}

    @property
    def retriever_constructor(self) -> type[BaseRetriever]:
        """The class under test."""
        return ParagraphRetriever

    @property
    def retriever_constructor_params(self) -> dict[str, object]:
        """What it is made of."""
        return self._parameters

    @property
    def retriever_query_example(self) -> str:
        """A question."""
        return QUESTION


class TestEmbeddingsConformance(EmbeddingsIntegrationTests):
    """LangChain's own tests of what calls itself an Embeddings."""

    @pytest.fixture
    def model(self, embeddings) -> Embeddings:
        """The real model, loaded once for all specifications."""
        return EncoderEmbeddings(embeddings)

    @property
    def embeddings_class(self) -> type[Embeddings]:
        """The class under test."""
        return EncoderEmbeddings
