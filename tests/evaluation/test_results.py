"""Queries are asked in order, follow-ups after their turns, and what cannot be read is a result like any other."""

from bot.evaluation.results import ask_all
from tests.evaluation.values import COURTESY, DOCUMENTS, DRUGS, RIGHT, SILENT, TURNS, WRONG, ListedReplies, query


def test_each_query_gets_its_result_in_order():
    """Outcome, text, probability and score come from the reply; progress is told once a query."""
    asked = [query("a", gold=(DRUGS,)), query("b", "conversational", question="hi"), query("c", "unanswerable", question="Oil?")]
    told = []
    results = ask_all(ListedReplies({"Drugs?": RIGHT, "hi": COURTESY, "Oil?": SILENT}), asked, DOCUMENTS, lambda: told.append(1))
    assert [result.query.query_id for result in results] == ["a", "b", "c"]
    assert [result.outcome for result in results] == ["answer", "courtesy", "abstention"]
    assert [result.probability for result in results] == [0.9, 0.0, 0.1]
    assert [result.right for result in results] == [True, None, False]
    assert [result.text for result in results] == [RIGHT.text, "Hello.", "Not found."]
    assert len(told) == 3


def test_an_abstention_is_judged_by_the_sentence_beside_it():
    """The nearest sentence is the gold one: the assistant would have been right to answer."""
    (result,) = ask_all(ListedReplies({"Drugs?": SILENT}), [query(gold=(DRUGS,))], DOCUMENTS, list)
    assert result.right is True
    assert result.scores["facet recall"] == 0


def test_a_question_that_cannot_be_read_is_refused_not_raised():
    """The result keeps the reason; nothing was ranked, so every ranking measure is 0."""
    (result,) = ask_all(ListedReplies({}), [query(question=" ", gold=(DRUGS,))], DOCUMENTS, list)
    assert (result.outcome, result.text, result.ranking) == ("refused", "It holds no words.", ())
    assert result.scores["R@5"] == result.scores["sentence@1"] == 0


def test_a_follow_up_is_asked_after_its_turns_and_again_as_rewritten():
    """The follow-up missed what its rewrite finds: the loss is 1. The rewrite is asked without the turns."""
    assistant = ListedReplies({"and drugs?": WRONG, "What of drugs?": RIGHT})
    asked = query(question="and drugs?", rewrite="What of drugs?", turns=TURNS, gold=(DRUGS,))
    (result,) = ask_all(assistant, [asked], DOCUMENTS, list)
    assert (result.scores["rewrite facet recall"], result.scores["follow-up loss"]) == (1, 1)
    (first, history), (second, nothing) = assistant.asked
    assert (first, second) == ("and drugs?", "What of drugs?")
    assert [(turn.role, turn.content) for turn in history.turns] == [("user", "What about tourism?"), ("assistant", "Tourism grows.")]
    assert nothing.turns == ()
