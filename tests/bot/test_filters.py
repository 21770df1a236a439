"""The words of a question become filters where they say which documents are meant, and nowhere else."""

from datetime import date

import pytest

from bot.errors import FilterError
from bot.filters import Filter, Library, Scope, combined, library_of, listed, read_filters, read_scope
from index.document import Description
from index.filters import Filters

NOROV = "Vladimir Norov, SCO Secretary-General"
# As the default corpus: two documents of one day and one speaker.
TWO = library_of(
    (
        Description("mcis-2019-report", "SCO Secretary-General takes part in a conference", "report", "2019-04-24", NOROV),
        Description("norov-remarks-mcis-2019", "SCO Secretary-General’s remarks", "speech", "2019-04-24", NOROV),
    )
)
MANY = library_of(
    (
        Description("astana-2017", "Astana Declaration", "declaration", "2017-06-09", "The Council of Heads of State"),
        Description("alimov-2018", "Address by Rashid Alimov", "speech", "2018-03-01", "Rashid Alimov, SCO Secretary-General"),
        Description("qingdao-2018", "On drugs", "statement", "2018-06-10", "The Council of Heads of State"),
        Description("mcis-2019-report", "A news report of the conference", "report", "2019-04-24", NOROV),
        Description("norov-remarks-mcis-2019", "Remarks in Moscow", "speech", "2019-04-24", NOROV),
        Description("undated", "A text", "statement"),
    )
)


def understood(question: str, library: Library) -> dict[str, str]:
    """Return what *question* is read as: a value a field, several joined."""
    values: dict[str, str] = {}
    for one in read_filters(question, library).filters:
        values[one.field] = f"{values[one.field]}, {one.value}" if one.field in values else one.value
    return values


def years(first: int, last: int) -> dict[str, str]:
    """Return the filters for the years *first* to *last*."""
    return {"since": f"{first}-01-01", "until": f"{last}-12-31"}


@pytest.mark.parametrize(
    ("question", "filters"),
    [
        # phrases about dated documents
        ("What does the SCO say about drugs in the 2018 statement?", {**years(2018, 2018), "kind": "statement"}),
        ("Is Iran mentioned in the 2017 declaration?", {**years(2017, 2017), "kind": "declaration"}),
        ("Is Iran mentioned in the 2012 declaration?", {**years(2012, 2012), "kind": "declaration"}),
        ("According to the 24 April 2019 speech, what about peace?", {"since": "2019-04-24", "until": "2019-04-24", "kind": "speech"}),
        ("Does the June 2018 statement mention drugs?", {"since": "2018-06-01", "until": "2018-06-30", "kind": "statement"}),
        ("What do documents since 2018 say about trade?", {"since": "2018-01-01"}),
        ("Which documents from 2017 mention Iran?", years(2017, 2017)),
        ("Statements from 2019 on Afghanistan", {**years(2019, 2019), "kind": "statement"}),
        ("cannabis in documents before June 2018", {"until": "2018-05-31"}),
        ("Drugs in speeches between 2017 and 2018", {**years(2017, 2018), "kind": "speech"}),
        ("Drugs in texts after 2018-06-10", {"since": "2018-06-11"}),
        ("documents from March 2018 to June 2018: what about peace?", {"since": "2018-03-01", "until": "2018-06-30"}),
        ("Only documents until 1 March 2018, please: what about drugs?", {"until": "2018-03-01"}),
        ("Find documents published in 2018 about drugs", years(2018, 2018)),
        # a bare date beside what was said or held
        ("What did the SCO say about drugs in 2018?", years(2018, 2018)),
        ("What did the SCO say in 2018 about drugs?", years(2018, 2018)),
        ("What was the SCO's position on Afghanistan in June 2018?", {"since": "2018-06-01", "until": "2018-06-30"}),
        ("In 2017, what did they say about the United Nations?", years(2017, 2017)),
        ("What has the SCO said about terrorism since 2018?", {"since": "2018-01-01"}),
        ("Since 2019, what has been said on trade?", {"since": "2019-01-01"}),
        ("What did the SCO say about cyber threats before 2018", {"until": "2017-12-31"}),
        ("What did the SCO say on trade between 2017 and 2018?", years(2017, 2018)),
        ("What was the SCO's view of NATO in 2017–2018?", years(2017, 2018)),
        ("what did the sco say about drugs in 2018", years(2018, 2018)),
        # kinds
        ("What is said in the report about delegates?", {"kind": "report"}),
        ("What does the speech say about drugs?", {"kind": "speech"}),
        ("According to the declaration, who fights terrorism?", {"kind": "declaration"}),
        ("What's in the speech about Afghanistan?", {"kind": "speech"}),
        ("Is cannabis mentioned in the news item?", {"kind": "report"}),
        ("What do the statements say about peace?", {"kind": "statement"}),
        ("What the report says about delegates", {"kind": "report"}),
        ("What is in the declaration and what does the statement say?", {"kind": "declaration, statement"}),
        # speakers
        ("What did Norov say about drugs?", {"speaker": "Vladimir Norov"}),
        ("what does vladimir norov think of cannabis", {"speaker": "Vladimir Norov"}),
        ("Statements by Alimov on trade", {"speaker": "Rashid Alimov"}),
        ("According to Mr Norov, is NATO a threat?", {"speaker": "Vladimir Norov"}),
        ("What is Norov’s position on cannabis?", {"speaker": "Vladimir Norov"}),
        ("Did the Council of Heads of State say anything on drugs?", {"speaker": "The Council of Heads of State"}),
        ("What did Norov say on drugs, and what did Alimov say?", {"speaker": "Vladimir Norov, Rashid Alimov"}),
        ("What is said in Norov’s speech about drugs?", {"kind": "speech", "speaker": "Vladimir Norov"}),
        # documents
        ("What does the Astana Declaration say about terrorism?", {"document": "astana-2017"}),
        ("Is trade mentioned in alimov-2018?", {"document": "alimov-2018"}),
        # the latest
        ("What is the latest statement on Afghanistan?", {"latest": "true"}),
        ("the most recent SCO position on cannabis", {"latest": "true"}),
        ("What is the latest on Afghanistan?", {"latest": "true"}),
        ("What does the newest document say about trade?", {"latest": "true"}),
    ],
)
def test_words_that_say_which_documents_are_meant_are_filters(question, filters):
    """In a library of several years, kinds and speakers."""
    assert understood(question, MANY) == filters


@pytest.mark.parametrize(
    "question",
    [
        # years of what the question is about
        "How many drugs were seized in 2018?",
        "What happened in 2019?",
        "Which edition of the conference was it in 2019?",
        "How long did the 2019 Moscow conference last, and on which day did it begin?",
        "What is the target for 2025?",
        "What are the plans until 2025?",
        "Who holds the rotating chairmanship in 2018?",
        "When the conference opened in April 2019, which number was it?",
        "Has trade grown since 2017?",
        "How did trafficking develop between 2017 and 2018?",
        "What did Russia do before June 2018?",
        "What did the SCO say about the attacks in Sri Lanka in 2019?",
        "What did the SCO say about the summit in 2018?",
        "What did they say about drugs seized in 2018?",
        "Did they say that trade grew in 2018?",
        "What is the view of those who joined in 2017?",
        "What did the SCO say about drugs in 1995?",
        "What did they say about 2000 delegates in 2021?",
        "What did the SCO say about drugs in 2017 and in 2018?",
        "How did its position change between June 2018 and April 2017?",
        "What do reports of 2019 attacks tell?",
        "Who signed the 2017 declaration?",
        "What was adopted by the summit of 2018?",
        "What documents were signed in June 2018?",
        "What was said in 2018 operations?",
        "Over the last five years, what was confiscated?",
        "In 2018, how many drugs were confiscated?",
        "Is 2019-02-30 a date in the SCO's view since 2019-02-30?",
        # kinds spoken of, not asked in
        "What does the SCO say about the report of the United Nations?",
        "Is it written in the statement by the Taliban?",
        "Are journalists free to report in SCO countries?",
        "Which declarations are to be signed at the June summit?",
        "Did he address the issue of drugs?",
        "Is there freedom of speech?",
        "Compare the speech and the report on fighters: how does the speech word it?",
        "Is the wish for joint work worded the same in the report and in the speech?",
        "Is that link made in the speech or in the report, or both?",
        "What does it say in article 5?",
        "What is in the joint communiqué?",
        "What was said in the UN report?",
        "Who made the speech?",
        # names spoken of, not as speaking
        "Who is Norov?",
        "When was Norov born?",
        "Who invited Norov?",
        "Was Alimov killed by Norov?",
        "What did Putin say about drugs?",
        "norov",
        "What do the heads of state want?",
        "Does the state say anything?",
        # documents spoken of
        "When was the Astana Declaration adopted?",
        "On drugs",
        # nothing of documents is the latest here
        "What is the latest technology against drugs?",
        "What is the latest report of the UN on drugs?",
        "When is the latest date for joining?",
        "What recent trends are there?",
        # kinds side by side
        "What do the speech and the report say about drugs?",
        "Does the speech or report mention drugs?",
        # odd
        "",
        "?",
        "in 2019",
        "since since 2018 in in the the report of",
    ],
)
def test_words_that_belong_to_what_is_asked_are_no_filters(question):
    """A filter that nobody meant hides the answer; one that was missed shows an answer with its date."""
    assert understood(question, MANY) == {}
    assert read_filters(question, MANY).question == question


@pytest.mark.parametrize(
    "question",
    [
        "What did Norov say about drugs?",
        "According to Norov, is NATO a threat?",
        "What did the SCO say about drugs in 2019?",
        "What did the SCO say about drugs in 2018?",
        "In 2018, what did the SCO say about drugs?",
        "What has the SCO said about terrorism since 2017?",
        "What is the latest statement on drugs?",
        "What is said in the declaration?",
        "What does the Astana Declaration say?",
        "What's in the speech about Afghanistan, and does the report repeat any of that?",
        "What does it say in the remarks and in the article?",
    ],
)
def test_what_tells_no_documents_of_the_library_apart_is_no_filter(question):
    """Two documents of one day and speaker: neither can be meant by its date or speaker, and both kinds are all there is."""
    assert understood(question, TWO) == {}
    assert read_filters(question, TWO).question == question


@pytest.mark.parametrize(
    ("question", "filters"),
    [
        ("Does the report mention an arms race?", {"kind": "report"}),
        ("Is cannabis mentioned in the remarks?", {"kind": "speech"}),
        ("Which documents since 2017 mention drugs?", {"since": "2017-01-01"}),
        ("Is Iran mentioned in the 2017 declaration?", years(2017, 2017)),
        ("What do statements from 2018 say about drugs?", years(2018, 2018)),
    ],
)
def test_what_names_documents_outright_is_a_filter_even_if_all_or_none_meet_it(question, filters):
    """Whoever asks for documents of a time is told what was read, and not answered from others."""
    assert understood(question, TWO) == filters


@pytest.mark.parametrize(
    ("question", "rest"),
    [
        ("What is said about delegates in the report?", "What is said about delegates?"),
        ("In the report, how many delegates were there?", "how many delegates were there?"),
        ("What does the report say about delegates?", "What does the report say about delegates?"),
        ("What did the SCO say about drugs in 2018?", "What did the SCO say about drugs?"),
        ("What do documents since 2018 say about trade?", "What do documents say about trade?"),
        ("What did the SCO say in the 2018 statement on drugs?", "What did the SCO say on drugs?"),
        ("What is the latest on Afghanistan?", "What is said on Afghanistan?"),
        ("What is the latest statement on Afghanistan?", "What is the statement on Afghanistan?"),
        ("What did Norov say in 2019 about drugs, in the report?", "What did they say about drugs?"),
        ("According to Norov, is NATO a threat?", "According to them, is NATO a threat?"),
        ("What is Norov’s position on cannabis?", "What is their position on cannabis?"),
        ("What is said in statements by Rashid Alimov on trade?", "What is said in statements by them on trade?"),
        ("What is said in Norov’s speech about drugs?", "What is said about drugs?"),
        ("What is in the report?", "What is in the report?"),
        ("Is peace in the speech or in the report?", "Is peace in the speech or in the report?"),
    ],
)
def test_the_question_is_searched_for_without_the_words_that_only_filter(question, rest):
    """They would be looked for in the documents; and a question never becomes empty."""
    assert read_filters(question, MANY).question == rest


def test_a_filter_keeps_the_words_that_it_was_read_from():
    """They are shown beside it."""
    question = "What did Norov say about drugs  in the\nreport, in documents since 2018?"
    assert set(read_filters(question, MANY).filters) == {
        Filter("speaker", "Vladimir Norov", "Norov"),
        Filter("kind", "report", "in the report"),
        Filter("since", "2018-01-01", "since 2018"),
    }


def test_what_was_given_outranks_what_words_say():
    """A field that was given keeps its values; the others are added."""
    words = (Filter("since", "2018-01-01", "since 2018"), Filter("kind", "report", "in the report"))
    assert combined(Filters(kinds=("speech",)), words) == Filters(since=date(2018, 1, 1), kinds=("speech",))
    assert combined(Filters(until=date(2017, 1, 1)), words) == Filters(until=date(2017, 1, 1), kinds=("report",))


def test_filters_are_listed_one_a_value_with_their_words():
    """Given ones have none."""
    filters = Filters(date(2018, 1, 1), date(2018, 12, 31), ("Norov",), ("speech", "report"), ("a-1",), latest=True)
    assert listed(filters, (Filter("kind", "report", "in the report"),)) == (
        Filter("since", "2018-01-01"),
        Filter("until", "2018-12-31"),
        Filter("speaker", "Norov"),
        Filter("kind", "speech"),
        Filter("kind", "report", "in the report"),
        Filter("document", "a-1"),
        Filter("latest", "true"),
    )


def test_two_speakers_of_one_surname_are_both_meant_by_it():
    """The words do not say which."""
    library = library_of([Description(f"d-{name}", "A text", "text", speaker=f"{name} Kim") for name in ("Ann", "Bo")])
    library = library_of([*library.descriptions, Description("other", "A text", "text", speaker="Jo Lee")])
    assert understood("What did Kim say?", library) == {"speaker": "Kim"}
    assert understood("What did Bo Kim say?", library) == {"speaker": "Bo Kim"}


@pytest.mark.parametrize(
    "question",
    [
        "\ue000 said",
        "did \ue000\ue000 say",
        "in \ue001",
        "said in \ue001\ue001\ue001\ue001?",
        "\ue001 \ue000’s view in 2018",
        "in the " * 280,
        "said in 2018 " * 150,
    ],
)
def test_odd_questions_are_read_without_harm(question):
    """Characters that mean nothing to anybody mean nothing here."""
    assert isinstance(understood(question, MANY), dict)


def test_an_empty_library_has_no_filters():
    """There is nothing to tell apart."""
    assert understood("What did Norov say in the report, and what is the latest?", library_of(())) == {}


@pytest.mark.parametrize(
    ("sent", "scope"),
    [
        ({}, Scope()),
        ({"since": None, "speakers": None}, Scope()),
        ({"since": "2019", "until": "2019-02"}, Scope(Filters(date(2019, 1, 1), date(2019, 2, 28)))),
        ({"since": "2019-04-24"}, Scope(Filters(date(2019, 4, 24)))),
        ({"speakers": ["Norov"], "kinds": ["speech", "report"]}, Scope(Filters(speakers=("Norov",), kinds=("speech", "report")))),
        ({"documents": ["a-1"], "latest": True}, Scope(Filters(document_ids=("a-1",), latest=True))),
        ({"from_words": False}, Scope(from_words=False)),
    ],
)
def test_filters_are_sent_as_an_object(sent, scope):
    """What is left out is not filtered by."""
    assert read_scope(sent) == scope


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        pytest.param([], "is an object", id="a list"),
        pytest.param("2019", "is an object", id="a text"),
        pytest.param(None, "is an object", id="null"),
        pytest.param({"speaker": "Norov", 7: 1}, "Unknown: 7, speaker", id="misspelt fields"),
        pytest.param({"since": "24 April"}, "\"since\".*'24 April'.*like 2019-04-24", id="no date"),
        pytest.param({"until": "2019-02-30"}, '"until".*2019-02-30', id="no day of any month"),
        pytest.param({"until": ["2019"]}, '"until"', id="a list for a date"),
        pytest.param({"kinds": "speech"}, '"kinds".*not a list', id="a text for a list"),
        pytest.param({"speakers": [7]}, '"speakers".*not a list', id="a number for a name"),
        pytest.param({"documents": [" "]}, '"documents".*not a list', id="a blank id"),
        pytest.param({"latest": "yes"}, '"latest".*neither true nor false', id="a text for a truth"),
        pytest.param({"from_words": 1}, '"from_words".*neither true nor false', id="a number for a truth"),
    ],
)
def test_filters_that_are_not_of_this_form_are_refused_by_name(sent, says):
    """A filter that is silently not applied would answer from documents that were not meant."""
    with pytest.raises(FilterError, match=says):
        read_scope(sent)


def test_a_speech_of_a_speaker_is_asked_in_where_others_speak_too():
    """The name in "Norov's" is read whole or not at all."""
    assert understood("According to Norov's speech, what threatens the region?", MANY)["kind"] == "speech"


@pytest.mark.parametrize("mark", ["\ue000", "\ue000\ue000"])
def test_a_character_for_private_use_is_nobodys_name(mark):
    """Whatever a question holds, it is read."""
    assert understood(f"According to {mark}, what threatens the region?", MANY) == {}
