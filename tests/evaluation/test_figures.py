"""Means come with intervals whose expected values are published ones, counted by hand, or exact."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.evaluation.figures import Figure, auroc, by_class, by_measure, cell, figure, latency, over_all, risk_coverage, table
from tests.evaluation.values import DRUGS, RIGHT, answer, citation, query, result
from tests.evaluation.values import SPEECH as DOCUMENT

ANSWERABLE, UNANSWERABLE = query(gold=(DRUGS,)), query(answerability="unanswerable")


def judged(probability: float, right: bool, asked=ANSWERABLE):
    """Return a result of that probability."""
    return result(reply=answer(citation(1, DOCUMENT, 1, 1), probability=probability), right=right, asked=asked)


def test_a_share_has_wilsons_interval():
    """8 of 10: .490 to .943 (Brown, Cai and DasGupta 2001); none of 10: 0 to .278."""
    found = figure([1] * 8 + [0] * 2)
    assert (found.mean, found.count) == (0.8, 10)
    assert found.interval == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert figure([0] * 10).interval == pytest.approx((0, 0.2775), abs=1e-4)


def test_a_mean_has_a_bootstrap_interval():
    """For 400 even values from 0 to 1 it is near the normal one: .5 +- 1.96 * .2887 / 20."""
    found = figure(np.linspace(0, 1, 400).tolist())
    assert found.interval == pytest.approx((0.4717, 0.5283), abs=0.004)


def test_the_same_values_give_the_same_interval():
    """Resampling is seeded, so two runs can be compared by eye."""
    assert figure([0.2, 0.5, 0.9]) == figure([0.2, 0.5, 0.9])


def test_equal_values_tell_no_interval():
    """Two halves have a mean but no spread to resample."""
    assert figure([0.5, 0.5]) == Figure(0.5, None, 2)


@given(st.lists(st.sampled_from([0, 0.25, 0.5, 1]), min_size=1, max_size=12))
def test_an_interval_holds_numbers_in_order(values):
    """However few and odd the values, the ends are numbers within [0, 1], the lower one first."""
    found = figure(values)
    if found.interval is not None:
        assert 0 <= found.interval[0] <= found.interval[1] <= 1


def test_figures_count_only_queries_that_have_a_value():
    """Of three results two have a recall; measures without a value have no figure."""
    found = by_measure([result(scores={"facet recall": 1}), result(scores={"facet recall": 0.5}), result()])
    assert found.keys() == {"facet recall"}
    assert (found["facet recall"].mean, found["facet recall"].count) == (0.75, 2)


def test_results_are_grouped_by_class():
    """Classes come in the order of their names."""
    results = [result(asked=query(query_class=name)) for name in ("near", "far", "near")]
    assert {name: len(group) for name, group in by_class(results).items()} == {"far": 1, "near": 2}


def test_auroc_is_the_share_of_pairs_in_order():
    """Answerable .9 and .4 against unanswerable .4 and .1: three pairs in order and one tie, 3.5 of 4."""
    results = [judged(0.9, True), judged(0.4, True), judged(0.4, False, UNANSWERABLE), judged(0.1, False, UNANSWERABLE)]
    assert auroc(results).mean == 0.875
    assert auroc(results).count == 4


def test_auroc_needs_both_kinds():
    """With answerable queries alone there is nothing to tell apart."""
    assert auroc([judged(0.9, True), judged(0.4, True)]) is None
    assert over_all([judged(0.9, True)]) == {}


def test_the_risk_is_that_of_the_most_probable():
    """Right .9, wrong and right at .8, wrong .1: risks 0, then half an error of two, one of three, two of four."""
    results = [judged(0.8, False), judged(0.9, True), judged(0.1, False), judged(0.8, True)]
    assert risk_coverage(results).tolist() == pytest.approx([0, 0.25, 1 / 3, 0.5])
    assert risk_coverage(results[::-1]).tolist() == pytest.approx([0, 0.25, 1 / 3, 0.5])


def test_small_talk_is_left_out_of_the_risk():
    """What cannot be right or wrong has no place on the curve."""
    assert len(risk_coverage([judged(0.9, True), result(right=None)])) == 1


def test_briers_score_is_the_mean_square_error():
    """(.9 - 1)^2, (.4 - 0)^2, (.4 - 0)^2 and (.1 - 0)^2 have the mean .085."""
    results = [judged(0.9, True), judged(0.4, False), judged(0.4, False, UNANSWERABLE), judged(0.1, False, UNANSWERABLE)]
    assert over_all(results)["Brier score"].mean == pytest.approx(0.085)


def test_latency_is_given_by_percentiles():
    """Of 0 to 100 ms the median is 50 and the 95th percentile 95."""
    assert latency([result(seconds=ms / 1000) for ms in range(101)]) == pytest.approx((0.05, 0.095))


def test_the_table_shows_mean_interval_and_count():
    """One line a measure, one a class."""
    lines = table([result(scores={"false answer": value}, asked=query(query_class="near")) for value in (1, 0)]).splitlines()
    assert lines[1].split() == ["false", "answer", "0.500", "0.095", "-", "0.905", "2"]
    assert lines[-1].split() == ["near", "2", ".50", "[.09-.91]"]


def test_a_cell_without_a_figure_is_empty():
    """A class that a measure does not apply to shows nothing, not 0."""
    assert (cell(None), cell(Figure(0.5, None, 2)), cell(Figure(1, (0.81, 1), 9))) == ("", ".50", "1.00 [.81-1.00]")


def test_replies_give_their_probability():
    """An answer's is its own."""
    assert result(reply=RIGHT).probability == 0.9
