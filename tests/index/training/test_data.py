"""Files of questions become groups: a question, the sentences of its paragraph, and which of them answer."""

import hashlib
import json

import pytest

from index.training import data as data_module
from index.training.data import (
    OWN,
    PARAGRAPH_QUESTIONS,
    PUBLIC,
    SOURCES,
    SQUAD_HELD,
    SQUAD_TRAINED,
    FollowUp,
    Group,
    TrainingDataError,
    after_another,
    is_held,
    read_data,
    read_digested,
    read_follow_ups,
    read_lines,
    read_squad,
    sample_paragraphs,
)

TEXT = "Peace came in June.  It lasted.\nDrugs were seized."
OWN_QUESTION = json.loads((OWN / "questions.jsonl").read_text(encoding="utf-8").splitlines()[0])["q"]
SENTENCES = ("Peace came in June.", "It lasted.", "Drugs were seized.")


def asked(question, *starts, impossible=False):
    """Return a question as SQuAD writes it, with answers that begin at *starts*."""
    return {"question": question, "is_impossible": impossible, "answers": [{"text": "-", "answer_start": start} for start in starts]}


def squad_file(path, articles):
    """Write a file in SQuAD's format: questions over TEXT by article."""
    data = [{"title": title, "paragraphs": [{"context": TEXT, "qas": questions}]} for title, questions in articles.items()]
    path.write_text(json.dumps({"data": data}))
    return path


def lines_files(folder, questions, paragraphs):
    """Write the two files of JSON lines and return their paths."""
    paths = folder / "questions.jsonl", folder / "paragraphs.jsonl"
    for path, rows in zip(paths, (questions, paragraphs), strict=True):
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return paths


# --- SQuAD's format


@pytest.mark.parametrize(
    ("question", "answers"),
    [
        pytest.param(asked("When?", TEXT.index("June")), (0,), id="one answer"),
        pytest.param(asked("What?", TEXT.index("Peace"), TEXT.index("Peace") + 1), (0,), id="the same sentence twice"),
        pytest.param(asked("What?", TEXT.index("Drugs"), TEXT.index("It")), (1, 2), id="answers in two sentences, in their order"),
        pytest.param(asked("Who?", impossible=True), (), id="nothing answers"),
        pytest.param(asked("Who?", 0, impossible=True), (), id="a plausible answer to what cannot be answered"),
    ],
)
def test_a_sentence_answers_if_an_answer_begins_in_it(tmp_path, question, answers):
    """Sentences are cut as documents are, line by line, and their spaces are plain."""
    groups = read_squad(squad_file(tmp_path / "s.json", {"One": [question]}))
    assert groups == {"One": (Group(TEXT, question["question"], SENTENCES, answers),)}


def test_an_answer_that_begins_in_no_sentence_is_left_out(tmp_path):
    """Neither right nor wrong can be learnt from it."""
    assert read_squad(squad_file(tmp_path / "s.json", {"One": [asked("?", TEXT.index("  It"))]})) == {"One": ()}


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"data": [{}]}', '{"data": [{"paragraphs": [{"context": "A.", "qas": [{}]}]}]}'])
def test_a_file_in_another_format_is_named(tmp_path, content):
    """The message says where the sets are told of."""
    (tmp_path / "s.json").write_text(content)
    with pytest.raises(TrainingDataError, match=r"s\.json is not in the format of SQuAD .*docs/reader\.md"):
        read_squad(tmp_path / "s.json")


# --- JSON lines


def test_lines_number_sentences_from_one(tmp_path):
    """And an empty list says that no sentence answers; a line separator within a text ends no line."""
    paths = lines_files(
        tmp_path,
        [{"p": "a/1", "q": "Which?", "a": [2], "k": "fact"}, {"p": "a/1", "q": "When?", "a": [], "k": "near_fact"}],
        [{"p": "a/1", "sentences": ["One\u2028.", "Two."]}],
    )
    texts = ("One\u2028.", "Two.")
    assert read_lines(*paths) == (Group("a/1", "Which?", texts, (1,)), Group("a/1", "When?", texts, ()))


@pytest.mark.parametrize(
    "row",
    [
        pytest.param({"p": "a/2", "q": "?", "a": []}, id="an unknown paragraph"),
        pytest.param({"p": "a/1", "q": "?", "a": [2]}, id="a sentence too far"),
        pytest.param({"p": "a/1", "q": "?", "a": [0]}, id="sentences count from one"),
        pytest.param({"p": "a/1", "a": []}, id="no question"),
        pytest.param(7, id="no object"),
    ],
)
def test_a_line_at_fault_is_named(tmp_path, row):
    """With its file and number."""
    paths = lines_files(tmp_path, [{"p": "a/1", "q": "?", "a": [1]}, row], [{"p": "a/1", "sentences": ["One."]}])
    with pytest.raises(TrainingDataError, match=r"questions\.jsonl line 2"):
        read_lines(*paths)


def test_questions_over_paragraphs_of_others_find_them_by_digest(tmp_path):
    """The beginning of the sha256 of the whole paragraph, as published for "abc"; it need not be in this repository."""
    path = tmp_path / "wiki.jsonl"
    path.write_text('{"p": "ba7816bf8f01cfea", "q": "Which?", "a": [1]}\n')
    assert read_digested(path, {"abc": ("abc",), "": ()}) == (Group("abc", "Which?", ("abc",), (0,)),)
    with pytest.raises(TrainingDataError, match=r"wiki\.jsonl line 1"):
        read_digested(path, {"abd": ("abd",)})


def test_a_follow_up_is_read_behind_what_it_leans_on_and_alone(tmp_path):
    """Behind the first question, behind that and the last message where another came between, and as it is said without either."""
    row = {
        "p": "a/1",
        "before": ["What is said of crime?", "and drugs?"],
        "q": "since when?",
        "alone": "Since when are drugs a threat?",
        "a": [2],
    }
    paths = lines_files(tmp_path, [row, {**row, "before": row["before"][:1], "a": []}], [{"p": "a/1", "sentences": ["One.", "Two."]}])
    second, first = read_follow_ups(*paths)
    assert second == FollowUp("a/1", tuple(row["before"]), row["q"], row["alone"], ("One.", "Two."), (1,))
    assert [group.question for group in second.groups()] == [
        "since when (What is said of crime)?",
        "since when (What is said of crime; and drugs)?",
        "Since when are drugs a threat?",
    ]
    assert [group.question for group in first.groups()] == ["since when (What is said of crime)?", "Since when are drugs a threat?"]
    assert {(group.paragraph, group.sentences, group.answers) for group in second.groups()} == {("a/1", ("One.", "Two."), (1,))}
    assert {group.answers for group in first.groups()} == {()}


@pytest.mark.parametrize("change", [{"before": []}, {"before": 7}, {"a": [3]}, {"p": "a/2"}])
def test_a_follow_up_at_fault_is_named(tmp_path, change):
    """One that follows nothing, or that nothing of its paragraph could answer."""
    row = {"p": "a/1", "before": ["Which?"], "q": "why?", "alone": "Why?", "a": [2]}
    paths = lines_files(tmp_path, [row, {**row, **change}], [{"p": "a/1", "sentences": ["One.", "Two."]}])
    with pytest.raises(TrainingDataError, match=r"questions\.jsonl line 2"):
        read_follow_ups(*paths)


def test_of_six_whole_questions_two_are_asked_after_another_one_too():
    """One after a question on another paragraph, one after one on its own: what is asked now, and what answers it, stays."""
    groups = [Group(f"p{at // 12}", f"q{at}?", ("One.", f"Two of {at}."), (1,)) for at in range(1200)]
    made = after_another(groups)
    assert len(made) == 200 + 200
    by_question = {group.question: group for group in groups}
    other, same = 0, 0
    for group in made:
        asked_now, before = group.question.removesuffix(")?").split(" (")
        own = by_question[f"{asked_now}?"]
        assert (group.paragraph, group.sentences, group.answers) == (own.paragraph, own.sentences, own.answers)
        other += by_question[f"{before}?"].paragraph != own.paragraph
        same += by_question[f"{before}?"].paragraph == own.paragraph
    assert (other, same) == (200, 200)


# --- what is trained on and what is kept aside


@pytest.mark.parametrize(("paragraph", "held"), [pytest.param("abc", True, id="abc"), pytest.param("", False, id="nothing")])
def test_a_fifth_of_the_speeches_is_kept_aside_by_digest(paragraph, held):
    """By the published digests of "abc", ba7816bf...f20015ad, which 5 divides, and of "", e3b0c442...7852b855, which leaves 4."""
    assert is_held(paragraph) == held


def test_no_question_is_both_trained_on_and_kept_aside(tmp_path):
    """Articles of SQuAD by title, paragraphs of speeches by digest, also those of the project's own that follow-ups were written to."""
    squad = squad_file(tmp_path / "dev.json", {title: [asked(title, 0)] for title in (*SQUAD_HELD, *SQUAD_TRAINED, "Another")})
    ids = [f"speech/{number}" for number in range(40)]
    lines_files(tmp_path, [{"p": i, "q": i, "a": [1]} for i in ids], [{"p": i, "sentences": ["One.", "Two."]} for i in ids])
    for name in ("questions", "paragraphs"):
        (tmp_path / f"{name}.jsonl").rename(tmp_path / f"ungd-{name}.jsonl")
    data = read_data(tmp_path, squad)
    assert [group.question for group in data.held["squad"]] == list(SQUAD_HELD)
    kept = {group.paragraph for group in data.held["speeches"]}
    assert kept == {i for i in ids if int(hashlib.sha256(i.encode()).hexdigest(), 16) % 5 == 0} != set()
    trained = {group.question for group in data.near_misses}
    assert trained.issuperset({*SQUAD_TRAINED, *(set(ids) - kept)})
    assert trained.isdisjoint({*SQUAD_HELD, "Another", *kept})
    follow_ups = read_follow_ups(OWN / "follow_ups.jsonl", OWN / "paragraphs.jsonl")
    aside = {group.paragraph for group in data.held["follow-ups"]}
    assert aside == {one.paragraph for one in follow_ups if int(hashlib.sha256(one.paragraph.encode()).hexdigest(), 16) % 5 == 0}
    assert aside.isdisjoint(group.paragraph for group in data.near_misses)
    assert len(data.near_misses) == 32_398 + 10_028 + 13_328 + len(SQUAD_TRAINED) + 40 - len(kept)


def test_sets_that_are_not_there_are_named_and_files_read_have_their_digests(tmp_path):
    """A record of training says what it was and was not made from."""
    squad_file(tmp_path / "policyqa-dev.json", {"": [asked("When?", 0)]})
    data = read_data(tmp_path, None)
    assert [group.question for group in data.public] == ["When?"]
    assert set(data.held) == {"follow-ups"}
    assert data.digests["policyqa-dev.json"] == hashlib.sha256((tmp_path / "policyqa-dev.json").read_bytes()).hexdigest()
    assert set(data.digests) == {"policyqa-dev.json", "questions.jsonl", "follow_ups.jsonl", "paragraphs.jsonl"}
    assert "policyqa-test.json" in data.absent
    assert "policyqa-dev.json" not in data.absent


def test_public_paragraphs_that_are_not_trained_on_are_kept_aside(tmp_path, monkeypatch):
    """A part of them, so that each public set has figures of its own."""
    texts = [f"Peace came in {year}. It lasted." for year in range(1900, 1930)]
    paragraphs = [{"context": text, "qas": [asked(text, 0)]} for text in texts]
    (tmp_path / "policyqa-dev.json").write_text(json.dumps({"data": [{"paragraphs": paragraphs}]}))
    monkeypatch.setitem(PUBLIC, "policyqa-dev.json", 20)
    monkeypatch.setattr(data_module, "HELD_PUBLIC", 5)
    data = read_data(tmp_path, None)
    trained, kept = ({group.paragraph for group in groups} for groups in (data.public, data.held["policyqa"]))
    assert (len(trained), len(kept)) == (20, 5)
    assert trained.isdisjoint(kept)


@pytest.mark.parametrize("without", [None, *SOURCES])
def test_a_source_left_out_is_only_kept_aside(tmp_path, without):
    """Of the others all stays as it was."""
    squad = squad_file(tmp_path / "dev.json", {title: [asked(title, 0)] for title in (*SQUAD_HELD, *SQUAD_TRAINED)})
    for source in ("squadshifts-reddit", "policyqa-dev"):
        squad_file(tmp_path / f"{source}.json", {"": [asked(source, 0)]})
    data = read_data(tmp_path, squad, without)
    trained = {group.question for group in (*data.public, *data.near_misses)}
    expected = {"squadshifts": "squadshifts-reddit", "policyqa": "policyqa-dev", "squad": "Normans", "speeches": OWN_QUESTION}
    assert {source for source, question in expected.items() if question in trained} == set(SOURCES) - {without}
    assert len(data.held["squad"]) == len(SQUAD_HELD)


def test_a_folder_that_is_none_is_named(tmp_path):
    """A slip of the pen is not taken for an empty folder."""
    with pytest.raises(TrainingDataError, match="nowhere is no folder"):
        read_data(tmp_path / "nowhere", None)


def test_another_part_of_squad_is_refused(tmp_path):
    """Else nothing would be kept aside, and nobody would notice."""
    with pytest.raises(TrainingDataError, match="holds no article Normans"):
        read_data(tmp_path, squad_file(tmp_path / "train.json", {"Beyoncé": [asked("?", 0)]}))


def test_public_paragraphs_are_drawn_whole_and_of_few_questions_each():
    """Paragraphs of one sentence and long articles are left out; the draw is the same each time."""
    groups = [Group(f"p{p}", f"q{q}", ("s",) * count, (0,)) for p, count in enumerate((1, 2, 12, 13)) for q in range(10)]
    drawn = sample_paragraphs(groups, 100)
    assert sorted((group.paragraph, group.question) for group in drawn) == [(p, f"q{q}") for p in ("p1", "p2") for q in range(6)]
    assert PARAGRAPH_QUESTIONS == 6
    assert len(sample_paragraphs(groups, 3)) == 6
    assert sample_paragraphs(groups, 3) == sample_paragraphs(groups, 3)


def test_the_projects_own_questions_are_what_the_model_card_says():
    """34,593 questions over 6,491 paragraphs of speeches and 5,608 over 1,140 of others; of eight, three that a sentence answers.

    And 6,240 follow-ups over 2,080 of the former, of three two that a sentence answers; 1,242 over 414 are kept aside.
    """
    groups = read_lines(OWN / "questions.jsonl", OWN / "paragraphs.jsonl")
    assert len(groups) == 34_593
    assert len({group.paragraph for group in groups}) == 6_491
    assert sum(bool(group.answers) for group in groups) == 13_248
    rows = [json.loads(line) for line in (OWN / "wiki.jsonl").read_text(encoding="utf-8").splitlines()]
    assert (len(rows), len({row["p"] for row in rows}), sum(bool(row["a"]) for row in rows)) == (5_608, 1_140, 2_281)
    follow_ups = read_follow_ups(OWN / "follow_ups.jsonl", OWN / "paragraphs.jsonl")
    assert (len(follow_ups), len({one.paragraph for one in follow_ups}), sum(bool(one.answers) for one in follow_ups)) == (
        6_240,
        2_080,
        4_084,
    )
    kept = [one.paragraph for one in follow_ups if is_held(one.paragraph)]
    assert (len(kept), len(set(kept))) == (1_242, 414)
