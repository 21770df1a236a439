"""The query files of the project itself: every quote verbatim, every class well filled, the parts split by rule."""

import hashlib
import re
from collections import Counter
from pathlib import Path

import pytest

from bot.evaluation.queries import Query, QuerySet, read_queries
from index.corpus import find_files, read_document
from tests.conftest import CORPUS

FOLDER = Path(__file__).resolve().parent.parent / "queries"


@pytest.fixture(scope="module")
def query_set() -> QuerySet:
    """All queries of both parts."""
    documents = {document.document_id: document for document in map(read_document, find_files(CORPUS))}
    return read_queries(FOLDER, documents)


def test_no_row_is_faulty(query_set):
    """Every field is known, every id its own, and every gold quote stands verbatim in its paragraph."""
    assert query_set.faults == ()


def test_answerable_queries_have_gold_and_a_rewrite(query_set):
    """A facet of grade 2 for each answerable query, no gold for any other, a standalone form for all."""

    def fits(query: Query) -> bool:
        grades = {gold.grade for alternatives in query.facets.values() for gold in alternatives}
        return grades == ({2} if query.is_answerable else set()) and bool(query.gold) == query.is_answerable and bool(query.rewrite)

    assert [query.query_id for query in query_set.queries if not fits(query)] == []


def test_a_facet_has_no_quote_twice(query_set):
    """A doubled alternative would be an oversight; one sentence may state two facets."""
    assert [query.query_id for query in query_set.queries if len(set(query.gold)) < len(query.gold)] == []


def test_the_parts_are_split_by_conversation(query_set):
    """The sha256 of what stands before "::" in the id, even for dev, odd for test: nobody chooses what is held out."""

    def part(query: Query) -> str:
        return "test" if hashlib.sha256(query.query_id.split("::")[0].encode()).digest()[-1] % 2 else "dev"

    assert [query.query_id for query in query_set.queries if query.split != part(query)] == []


def test_classes_are_well_filled(query_set):
    """At least five queries of each class in each part, and a hundred that must not be answered in each part."""
    counts = Counter((query.split, query.query_class) for query in query_set.queries)
    classes = {name for _, name in counts}
    assert all(counts[split, name] >= 5 for split in ("dev", "test") for name in classes)
    unanswerable = Counter(query.split for query in query_set.queries if query.answerability == "unanswerable")
    assert min(unanswerable["dev"], unanswerable["test"]) >= 100


def test_the_guide_counts_what_is_there(query_set):
    """The table of tests/queries/README.md is the files' own count."""
    counts = Counter((query.query_class, query.split) for query in query_set.queries)
    rows = re.findall(r"^\| `(\w+)` \|.*\| (\d+) \| (\d+) \|$", (FOLDER / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert {(name, int(dev), int(test)) for name, dev, test in rows} == {
        (name, counts[name, "dev"], counts[name, "test"]) for name, _ in counts
    }
