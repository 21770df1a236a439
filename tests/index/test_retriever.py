"""The LangChain face: the same passages as search, as LangChain documents."""

import pytest
from langchain_core.embeddings import Embeddings
from langchain_core.retrievers import BaseRetriever
from langchain_tests.integration_tests import EmbeddingsIntegrationTests, RetrieversIntegrationTests

from index.build import build
from index.errors import NoDocumentError
from index.filters import Filters
from index.retriever import EncoderEmbeddings, ParagraphRetriever
from index.search import search
from index.store import open_generation

QUESTION = "What does the SCO say about drug trafficking?"


def test_a_retriever_returns_what_search_returns(generation, embeddings):
    """Ids are paragraph ids, texts are verbatim, and the metadata says where a paragraph stands."""
    documents = ParagraphRetriever(generation=generation, embeddings=embeddings, k=4).invoke(QUESTION)
    passages = search(generation, embeddings, QUESTION, 4).passages
    assert [(d.id, d.page_content) for d in documents] == [(p.paragraph.paragraph_id, p.paragraph.text) for p in passages]
    assert [d.metadata for d in documents] == [
        {
            "document_id": p.paragraph.document_id,
            "date": "2019-04-24",
            "printed_number": p.paragraph.printed_number,
            "score": p.score,
        }
        for p in passages
    ]


def test_a_retriever_with_filters_returns_paragraphs_of_their_documents_alone(generation, embeddings):
    """The same ranking without the other documents."""
    found = ParagraphRetriever(generation=generation, embeddings=embeddings, k=44, filters=Filters(kinds=("report",))).invoke(QUESTION)
    assert {document.metadata["document_id"] for document in found} == {"mcis-2019-report"}
    assert len(found) == 7


def test_a_retriever_with_filters_that_no_document_meets_says_so(generation, embeddings):
    """No empty list, which would say that the documents hold nothing."""
    with pytest.raises(NoDocumentError, match="No document meets the filters"):
        ParagraphRetriever(generation=generation, embeddings=embeddings, filters=Filters(kinds=("treaty",))).invoke(QUESTION)


def test_a_retriever_of_the_latest_returns_the_newest_first(tmp_path, embeddings):
    """Of equal dates the better one; undated ones come last."""
    (tmp_path / "corpus").mkdir()
    for name, date in (("old", "date: 2001\n"), ("new", "date: 2020-05\n"), ("undated", ""), ("middle", "date: 2010-01-01\n")):
        (tmp_path / "corpus" / f"{name}.md").write_text(f"---\ntitle: {name}\nkind: text\n{date}---\nPeace talks, {name}.")
    build(tmp_path / "corpus", tmp_path / "index", embeddings, lambda done, total: None)
    latest = Filters(latest=True)
    retriever = ParagraphRetriever(generation=open_generation(tmp_path / "index"), embeddings=embeddings, filters=latest, k=4)
    assert [document.metadata["document_id"] for document in retriever.invoke("peace")] == ["new", "middle", "old", "undated"]


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
