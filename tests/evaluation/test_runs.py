"""A run record keeps every query's measures; against a baseline, a loss counts only if it is no chance and no trifle."""

import json

import ir_measures
import numpy as np
import pytest

from bot.evaluation.runs import Run, RunError, compare, comparison_table, paired_p, read_run, run_of, write_run
from tests.evaluation.values import RIGHT, SILENT, query, result

RESULTS = [
    result("a", {"facet recall": 1.0, "words": 7.0, "R@5": 2 / 3}, ranking=("speech-2019/p1", "speech-2019/p2")),
    result("b", {"false answer": 0.0}, reply=SILENT, ranking=("report-2020/p1",)),
    result("c", reply=None),
]


def run(**scores: float) -> Run:
    """Return a run in which query q-0, q-1, ... has the next value of each measure."""
    count = max(len(values) for values in scores.values())
    return Run({}, {f"q-{at}": {name.replace("_", " "): values[at] for name, values in scores.items()} for at in range(count)})


def test_a_record_reads_back(tmp_path):
    """What was written is what is read, rounded to four decimals."""
    write_run(tmp_path / "deep" / "run.json", RESULTS, {"index": "f" * 16})
    read = read_run(tmp_path / "deep" / "run.json")
    assert read == run_of(RESULTS, {"index": "f" * 16})
    assert read.scores == {"a": {"facet recall": 1, "words": 7, "R@5": 0.6667}, "b": {"false answer": 0}, "c": {}}


def test_a_record_has_a_line_for_each_query(tmp_path):
    """So that version control shows which queries changed."""
    write_run(tmp_path / "run.json", RESULTS, {})
    lines = (tmp_path / "run.json").read_text().splitlines()
    assert [line.split(":")[0] for line in lines if line.startswith(('"a"', '"b"', '"c"'))] == ['"a"', '"b"', '"c"']


def test_the_ranking_stands_beside_it_in_trecs_format(tmp_path):
    """The field's own reader finds the paragraphs, best first."""
    write_run(tmp_path / "run.json", RESULTS, {})
    read = list(ir_measures.read_trec_run(str(tmp_path / "run.trec")))
    assert [(doc.query_id, doc.doc_id) for doc in sorted(read, key=lambda doc: (doc.query_id, -doc.score))] == [
        ("a", "speech-2019/p1"),
        ("a", "speech-2019/p2"),
        ("b", "report-2020/p1"),
    ]


def test_the_replies_stand_beside_it(tmp_path):
    """What was said and cited, one object a query."""
    write_run(tmp_path / "run.json", RESULTS, {})
    said = [json.loads(line) for line in (tmp_path / "run.replies.jsonl").read_text().splitlines()]
    assert [(reply["id"], reply["outcome"], reply["answer"]) for reply in said] == [
        ("a", "answer", RIGHT.text),
        ("b", "abstention", "Not found."),
        ("c", "refused", "It holds no words."),
    ]
    assert [citation["id"] for citation in said[0]["citations"]] == ["speech-2019/p1/s1", "report-2020/p1/s1"]


@pytest.mark.parametrize(
    "content", ["", "{}", "[]", '{"format": 9}', '{"format": 1, "about": {}, "measures": ["R@1"], "queries": {"a": [1, 2]}}']
)
def test_what_is_no_record_is_refused(tmp_path, content):
    """The message names the file and how to write one."""
    path = tmp_path / "run.json"
    path.write_text(content)
    with pytest.raises(RunError, match=r"is no run record .* app\.py evaluate --run"):
        read_run(path)


def test_a_record_that_cannot_be_written_is_an_error(tmp_path):
    """A file in the way of the folder is named."""
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="cannot be written"):
        write_run(tmp_path / "file" / "run.json", RESULTS, {})


def test_the_p_of_five_pairs_all_in_one_direction_is_exact():
    """Of the 32 ways to sign five differences of 1, two are as far from 0: 2/32."""
    assert paired_p(np.ones(5), np.zeros(5)) == 0.0625
    assert paired_p(np.ones(5), np.ones(5)) == 1


def test_a_significant_loss_is_marked():
    """Six of six queries lost: p = 2/64 < .05."""
    (found,) = compare(run(facet_recall=[1] * 6), run(facet_recall=[0] * 6))
    assert (found.before, found.after, found.count, found.p, found.lost) == (1, 0, 6, 0.03125, True)
    assert "LOST" in comparison_table([found])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param({"facet_recall": [1] * 5}, {"facet_recall": [0] * 5}, id="five queries may be chance"),
        pytest.param({"facet_recall": [0.5] * 9}, {"facet_recall": [0.496] * 9}, id="four thousandths are a trifle"),
        pytest.param({"facet_recall": [0] * 9}, {"facet_recall": [1] * 9}, id="a gain"),
        pytest.param({"false_answer": [1] * 9}, {"false_answer": [0] * 9}, id="fewer false answers"),
    ],
)
def test_what_is_chance_trifle_or_gain_is_no_loss(before, after):
    """None of these stops a change."""
    (found,) = compare(run(**before), run(**after))
    assert not found.lost
    assert "LOST" not in comparison_table([found])


def test_more_false_answers_are_a_loss():
    """Less is better there, so a rise is a loss."""
    (found,) = compare(run(false_answer=[0] * 9), run(false_answer=[1] * 9))
    assert found.lost


def test_length_is_neither_better_nor_worse():
    """Words are recorded but not compared."""
    assert compare(run(words=[10] * 9), run(words=[90] * 9)) == ()


def test_only_shared_queries_are_compared():
    """A query that is new, or has no value in one run, is left out."""
    before, after = run(facet_recall=[1] * 6), run(facet_recall=[1] * 8)
    del after.scores["q-0"]["facet recall"]
    assert compare(before, after)[0].count == 5


def test_nothing_in_common_is_an_error():
    """A baseline of other queries compares nothing, which must not pass for no loss."""
    with pytest.raises(RunError, match="share no query"):
        compare(Run({}, {"a": {}}), run_of([result(asked=query("b"))], {}))
