"""Query files are read into checked queries; a faulty row is named with its file and line, and the others still count."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.evaluation import queries
from bot.evaluation.queries import Gold, QueryError, plain_cell, read_queries, safe_cell
from tests.evaluation.values import DOCUMENTS

ROW = {
    "id": "drugs-1",
    "class": "direct",
    "answerability": "answerable",
    "question": "Drugs?",
    "gold": [{"doc": "speech-2019", "paragraph": 1, "quote": "Drugs are a grave and growing danger.", "facet": 1, "grade": 2}],
}


def written(folder: Path, *rows: object, name: str = "queries.jsonl") -> Path:
    """Return a file of these rows, one a line."""
    path = folder / name
    path.write_text("".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return path


def test_a_row_becomes_a_query(tmp_path):
    """Every field is read, and those left out have their defaults."""
    (query,) = read_queries(written(tmp_path, ROW), DOCUMENTS).queries
    assert (query.query_id, query.query_class, query.question, query.language) == ("drugs-1", "direct", "Drugs?", "en")
    assert query.gold == (Gold("speech-2019", 1, "Drugs are a grave and growing danger.", 1, 2),)
    assert (query.turns, query.must_not, query.rewrite, query.split) == ((), (), None, None)


def test_the_turns_before_a_query_are_a_conversation_as_the_assistant_takes_it(tmp_path):
    """Speakers become roles, and markers of old citations go."""
    turns = [{"speaker": "user", "text": "Drugs?"}, {"speaker": "agent", "text": "They are a danger. [1]"}]
    (query,) = read_queries(written(tmp_path, {**ROW, "class": "conversation", "rewrite": "Drugs?", "turns": turns}), DOCUMENTS).queries
    assert [(turn.role, turn.content) for turn in query.before.turns] == [("user", "Drugs?"), ("assistant", "They are a danger.")]


def test_gold_of_one_facet_are_alternatives(tmp_path):
    """Two quotes of facet 1 and one of facet 2 are two facets; facet 0 is none."""
    told = {"doc": "report-2020", "paragraph": 1, "quote": "He called drugs a grave and growing danger.", "facet": 1}
    tourism = {"doc": "speech-2019", "paragraph": 1, "quote": "Tourism grows.", "facet": 2}
    bloc = {"doc": "speech-2019", "paragraph": 2, "quote": "nobody", "facet": 0, "grade": 1}
    (query,) = read_queries(written(tmp_path, {**ROW, "gold": [*ROW["gold"], told, tourism, bloc]}), DOCUMENTS).queries
    assert {number: len(alternatives) for number, alternatives in query.facets.items()} == {1: 2, 2: 1}


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        pytest.param({"anwser": "x"}, "unknown field 'anwser'", id="unknown field"),
        pytest.param({"answerability": "maybe"}, "answerability: Input should be 'answerable'", id="bad answerability"),
        pytest.param({"id": "two words"}, "id: String should match", id="white space in the id"),
        pytest.param({"question": 7}, "question: Input should be a valid string", id="question is no text"),
        pytest.param({"turns": [{"speaker": "bot", "text": "x"}]}, "turns.0.speaker", id="unknown speaker"),
        pytest.param({"gold": [{**ROW["gold"][0], "paragraph": 9}]}, "paragraph 9, but speech-2019 has 2", id="missing paragraph"),
        pytest.param({"gold": [{**ROW["gold"][0], "doc": "lost"}]}, "'lost', which the corpus does not hold", id="missing document"),
        pytest.param(
            {"gold": [{**ROW["gold"][0], "quote": "Drugs are fine."}]}, "'Drugs are fine.' does not stand verbatim", id="no quote"
        ),
        pytest.param({"gold": [{**ROW["gold"][0], "quote": ""}]}, "gold.0.quote", id="empty quote"),
        pytest.param({"gold": [{**ROW["gold"][0], "grade": 3}]}, "gold.0.grade", id="grade 3"),
        pytest.param({"answerability": "unanswerable"}, "'unanswerable' but has gold", id="gold of an unanswerable query"),
    ],
)
def test_a_faulty_row_is_named_and_the_rest_counts(tmp_path, change, fault):
    """The message says file, line and what does not fit; the good row is still there."""
    path = written(tmp_path, {**ROW, "id": "good"}, {**ROW, **change})
    found = read_queries(path, DOCUMENTS)
    assert [query.query_id for query in found.queries] == ["good"]
    (message,) = map(str, found.faults)
    assert message.startswith(f"{path} line 2: ")
    assert fault in message


@pytest.mark.parametrize("line", ["{", "[]", '"text"', "null"])
def test_a_line_that_is_no_object_is_named(tmp_path, line):
    """Broken JSON and other values are faults, not tracebacks."""
    found = read_queries(written(tmp_path, ROW, line), DOCUMENTS)
    assert len(found.queries) == 1
    assert "line 2: " in f"{found.faults[0]}"


def test_an_id_is_used_once(tmp_path):
    """Of two rows with one id in two files the second is refused, naming the place of the first."""
    first, second = written(tmp_path, ROW, name="a.jsonl"), written(tmp_path, ROW, name="b.jsonl")
    found = read_queries(tmp_path, DOCUMENTS)
    assert len(found.queries) == 1
    assert [*map(str, found.faults)] == [f"{second} line 1: the id 'drugs-1' was used before, in {first} line 1. Give it another id."]


@pytest.mark.parametrize(
    ("content", "message"), [("", "holds no query"), ("\n\n", "holds no query"), ("{}\n", "line 1: id: Field required")]
)
def test_no_usable_query_is_an_error(tmp_path, content, message):
    """An empty file, blank lines and nothing but faulty rows all stop the run, saying why."""
    path = tmp_path / "queries.jsonl"
    path.write_text(content)
    with pytest.raises(QueryError, match=message):
        read_queries(path, DOCUMENTS)


def test_a_missing_file_is_an_error(tmp_path):
    """The message names the file."""
    with pytest.raises(QueryError, match=r"none\.jsonl cannot be read"):
        read_queries(tmp_path / "none.jsonl", DOCUMENTS)


def test_a_file_that_is_not_utf8_is_an_error(tmp_path):
    """Bytes of another encoding stop the run."""
    path = tmp_path / "queries.jsonl"
    path.write_bytes(b'{"id": "caf\xe9"}\n')
    with pytest.raises(QueryError, match="cannot be read"):
        read_queries(path, DOCUMENTS)


def test_too_many_queries_are_refused_with_their_count(tmp_path, monkeypatch):
    """Nothing is measured in part; the bound is lowered here to keep the file short."""
    monkeypatch.setattr(queries, "MAX_QUERIES", 3)
    path = written(tmp_path, *({**ROW, "id": f"q-{number}"} for number in range(5)))
    with pytest.raises(QueryError, match="holds 5 queries; at most 3"):
        read_queries(path, DOCUMENTS)


def test_a_csv_row_becomes_a_query(tmp_path):
    """Each gold_quote column is a facet, found wherever a paragraph holds it; an empty cell is nothing."""
    header = "question,class,answerability,gold_quote_1,gold_quote_2"
    path = written(
        tmp_path, header, "Drugs?,direct,answerable,a grave and growing danger,Tourism grows.", "Oil?,far,unanswerable,,", name="a.csv"
    )
    drugs, oil = read_queries(path, DOCUMENTS).queries
    assert [(gold.paragraph_id, gold.facet) for gold in drugs.gold] == [("report-2020/p1", 1), ("speech-2019/p1", 1), ("speech-2019/p1", 2)]
    assert (oil.question, oil.query_class, oil.answerability, oil.gold) == ("Oil?", "far", "unanswerable", ())


def test_a_csv_cell_is_never_a_formula(tmp_path):
    """=1+1 is the question "=1+1", and so is the '=1+1 that an export wrote."""
    path = written(tmp_path, "id,question,class,answerability", "a,=1+1,far,unanswerable", "b,'=1+1,far,unanswerable", name="a.csv")
    assert [query.question for query in read_queries(path, DOCUMENTS).queries] == ["=1+1", "=1+1"]


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        pytest.param("Drugs?,direct,answerable,Drugs are fine.", "stands in no paragraph", id="no such quote"),
        pytest.param("Drugs?,direct", "fewer cells", id="cells missing"),
        pytest.param("Drugs?,direct,answerable,,x", "more or fewer cells", id="a cell too many"),
    ],
)
def test_a_faulty_csv_row_is_named(tmp_path, row, fault):
    """The line counted is the file's, header included."""
    path = written(tmp_path, "question,class,answerability,gold_quote", "Oil?,far,unanswerable,", row, name="a.csv")
    found = read_queries(path, DOCUMENTS)
    assert len(found.queries) == 1
    assert f"{found.faults[0]}".startswith(f"{path} line 3: ")
    assert fault in f"{found.faults[0]}"


@given(st.text("='a+-@\t", max_size=4))
def test_an_exported_cell_reads_back(text):
    """Any text survives, and none is written so that a spreadsheet runs it."""
    assert not safe_cell(text).startswith(("=", "+", "-", "@", "\t"))
    assert plain_cell(safe_cell(text)) == text
