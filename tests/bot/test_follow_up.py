"""A message in a conversation is understood without a language model: what it wants, and the question it comes down to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation import Conversation
from bot.errors import QuestionError
from bot.follow_up import MAX_CONTEXT_LENGTH, subject_asked, understand
from bot.question import MAX_QUESTION_LENGTH, check_question

BEES = "What does the society think about bees?"


def after(*questions: str) -> Conversation:
    """Return the conversation in which these were asked and something was said to each."""
    conversation = Conversation()
    for question in questions:
        conversation = conversation.plus("user", question).plus("assistant", "It is so. [1]")
    return conversation


@pytest.mark.parametrize(
    ("before", "message", "expected"),
    [
        pytest.param([BEES], "and wasps?", "What does the society think about wasps?", id="and X"),
        pytest.param([BEES], "And about wasps?", "What does the society think about wasps?", id="and about X"),
        pytest.param([BEES], "What about wasps?", "What does the society think about wasps?", id="what about X"),
        pytest.param([BEES], "ok. and how about solitary wasps then?", "What does the society think about solitary wasps?", id="openers"),
        pytest.param([BEES], "wasps", "What does the society think about wasps?", id="a word"),
        pytest.param([BEES, "and wasps?"], "and ants?", "What does the society think about ants?", id="a chain"),
        pytest.param([BEES, "Thank you!"], "and ants?", "What does the society think about ants?", id="small talk between"),
        pytest.param([BEES], "no, I meant wasps", "What does the society think about wasps?", id="a correction"),
        pytest.param([BEES], "No, not bees - wasps", "What does the society think about wasps?", id="not X but Y"),
        pytest.param([BEES], "what has been done about it?", "what has been done about bees?", id="an object"),
        pytest.param(
            ["What is the society's view of Utopia?"],
            "who should govern there?",
            "who should govern in Utopia?",
            id="a place",
        ),
        pytest.param(
            ["What is the society's view of Utopia?", "and bees?"],
            "who should govern there?",
            "who should govern in Utopia?",
            id="one is there in a name, not in a matter",
        ),
        pytest.param([BEES], "Who counts them?", "Who counts them (What does the society think about bees)?", id="a pronoun"),
        pytest.param(["Who keeps bees?"], "When exactly?", "When exactly (Who keeps bees)?", id="a word that asks"),
        pytest.param(["Who keeps bees?"], "how many hives?", "how many hives (Who keeps bees)?", id="a number asked for"),
        pytest.param([BEES], "Why?", "Why (What does the society think about bees)?", id="why"),
        pytest.param([BEES], "good. and wasps?", "What does the society think about wasps?", id="a reaction first"),
        pytest.param(["Who keeps bees?"], "of which kind?", "of which kind (Who keeps bees)?", id="which, behind a preposition"),
        pytest.param(["beekeeping in Utopia"], "honey prices", "honey prices", id="one search after another"),
        pytest.param(["Who keeps bees?"], "wax prices", "wax prices (Who keeps bees)", id="a search after a question"),
        pytest.param(["What does the report say about bees?"], "and the speech?", "What does the speech say about bees?", id="a document"),
        pytest.param(["Who keeps bees?"], "and in the report?", "Who keeps bees in the report?", id="a document where none was named"),
        pytest.param(
            ["Who keeps bees?"], "does the report say the same", "Who keeps bees in the report?", id="a document, said in a sentence"
        ),
        pytest.param(["Who keeps bees?"], "what does the speech itself say?", "Who keeps bees in the speech?", id="what a document says"),
        pytest.param(
            ["Who keeps bees?", "how many hives?"],
            "Really? In the report too?",
            "how many hives (Who keeps bees) in the report?",
            id="what was asked last, put to a document",
        ),
        pytest.param(
            ["Who keeps bees?"], "what month was that in", "what month was that in (Who keeps bees)", id="that, within a question"
        ),
        pytest.param([BEES], "wasps, right?", "What does the society think about wasps?", id="a tag"),
    ],
)
def test_a_follow_up_is_said_with_what_it_refers_to(before, message, expected):
    """The subject takes its place in the question before, or the two stand side by side."""
    understood = understand(message, after(*before))
    assert (understood.wish, understood.question) == ("answer", expected)


@pytest.mark.parametrize(
    "message",
    [
        pytest.param("Who counts them every year?", id="a word points back"),
        pytest.param("who should count them?", id="one word of its own"),
        pytest.param("wax prices", id="a piece"),
        pytest.param("which countries take part?", id="two words, and no name: in what was asked about"),
        pytest.param("What is honey?", id="one word: it may be that of bees"),
        pytest.param("What does the organisation say?", id="no word that names a subject"),
    ],
)
def test_a_follow_up_keeps_its_own_words_beside_the_question_that_it_leans_on(message):
    """The question finds the place, its own words the sentence there; that it leans on something no word of it need tell."""
    understood = understand(message, after("Who keeps bees?"))
    mark = "?" if message.endswith("?") else ""
    assert (understood.alone, understood.question) == (message, f"{message.removesuffix('?')} (Who keeps bees){mark}")


def test_what_leans_on_two_messages_has_both_beside_it():
    """A short question between is not forgotten for the whole one before it, nor the other way round."""
    turns = after("What does the society think about bees?", "who should count them?", "who attended the congress?")
    understood = understand("When exactly?", turns)
    assert understood.question == "When exactly (What does the society think about bees; who attended the congress)?"
    assert understood.leans
    assert understood.alone is None
    assert understand("and wasps?", turns).question == "What does the society think about wasps?"


def test_a_whole_question_keeps_those_before_it_as_its_setting():
    """Its words stay as they are; whoever asks on mostly asks of the same place."""
    turns = after("What does the society of Utopia think about bees?")
    first = understand("how many members pay their yearly fees?", turns)
    assert (first.question, first.alone, first.leans) == ("how many members pay their yearly fees?", None, False)
    assert first.setting == ("What does the society of Utopia think about bees?",)
    assert understand("how many members pay their yearly fees?", Conversation()).setting == ()


@pytest.mark.parametrize(
    ("between", "setting"),
    [
        pytest.param(
            "how many members pay yearly fees?", ("What does Utopia think about bees?", "how many members pay yearly fees?"), id="none"
        ),
        pytest.param("How many members in Erewhon pay fees?", ("How many members in Erewhon pay fees?",), id="a name: another subject"),
        pytest.param("and wasps?", ("What does Utopia think about wasps?",), id="a piece, which takes the place of the subject"),
        pytest.param("I see. How many members pay yearly fees?", ("What does Utopia think about bees?", "{}"), id="a sentence's capital"),
    ],
)
def test_the_setting_opens_with_the_last_question_in_which_a_name_stands(between, setting):
    """A question without a name leaves out whose matter it is about; that stands further back."""
    turns = after("What does Utopia think about bees?", between)
    assert understand("why are young keepers leaving villages?", turns).setting == tuple(one.format(between) for one in setting)


@pytest.mark.parametrize(
    "message",
    [
        pytest.param("and wasps?", id="takes the place of the subject"),
        pytest.param("what does the treasurer think about it?", id="a word that points back is filled in"),
        pytest.param("no, I meant how many members pay yearly fees?", id="a correction"),
        pytest.param("more on the yearly fees", id="more of another subject"),
    ],
)
def test_who_a_question_without_a_name_is_about_outlives_what_is_asked_between(message):
    """The opening question stays in the setting of what comes after."""
    turns = after("What does Utopia think about bees?", "what is said of the yearly fees?", message)
    assert understand("why are young keepers leaving villages?", turns).setting[0] == "What does Utopia think about bees?"


def test_a_question_that_is_asked_again_is_no_setting_of_itself():
    """It finds what it found."""
    assert understand(BEES, after(BEES)).setting == ()


def test_what_leans_on_a_question_without_a_name_has_the_one_that_opened_the_subject_beside_it():
    """Else "why?" after it would be asked of nobody."""
    turns = after("What does Utopia think about bees?", "how many members pay yearly fees?")
    assert understand("why so few?", turns).question == "why so few (how many members pay yearly fees; What does Utopia think about bees)?"


@pytest.mark.parametrize("message", ["Something else: who keeps honey in summer?", "never mind. Which members pay yearly fees?"])
def test_a_change_of_subject_leaves_the_setting(message):
    """The visitor says so."""
    assert understand(message, after("What does Utopia think about bees?")).setting == ()


@pytest.mark.parametrize(
    ("message", "leans"), [("how can I join?", True), ("can Utopia join?", False), ("How can farmers in the hills join?", False)]
)
def test_one_who_speaks_of_himself_names_nobody(message, leans):
    """A capital tells a name, but for "I"."""
    assert understand(message, after("Who keeps bees?")).leans == leans


@pytest.mark.parametrize("message", ["in winter?", "and economically?", "evidence?", "their hives?"])
def test_a_piece_that_names_no_subject_is_searched_for_with_its_question_alone(message):
    """No sentence can be read for it."""
    assert understand(message, after("Who keeps bees?")).alone is None


@pytest.mark.parametrize(
    "message",
    [
        "No, not bees but wasps",
        "not the bees, wasps",
        "wasps, not bees",
        "wasps i mean",
        "sorry, i meant wasps, not bees",
        "instead of bees, wasps",
        "wrong: wasps",
        "what about wasps instead?",
        "*wasps",
    ],
)
def test_however_somebody_corrects_himself_what_he_meant_takes_the_place(message):
    """What was understood wrongly is gone."""
    assert understand(message, after(BEES)).question == "What does the society think about wasps?"


@pytest.mark.parametrize(
    "question",
    [
        "Is the society a political party?",
        "How does Utopia treat its keepers?",
        "How does the society see its own role?",
        "How did the keepers of Utopia defend themselves?",
        "What did the keepers of the northern valleys do to save them from frost?",
        "How many members attended the congress, and from how many cities?",
        "Which goals and principles does the society keep to?",
        "What did the report say about its authors?",
        "Is there any honey in the northern valleys?",
        "Is it true that honey never spoils?",
        "What did the keeper say when the hives were lost to frost?",
        "Where will this year's congress be held?",
        "What impact did that year have on honey prices?",
        "Summarise the position of the society on honey prices.",
        "Which paragraph deals with honey prices?",
        "How many more members joined in March?",
        "Is the society going to return to the talks on honey?",
        "And what does the treasurer say about honey prices?",
        "养蜂人怎么说？",
    ],
)
def test_a_question_that_stands_alone_is_left_as_it_is(question):
    """With or without turns before it."""
    for conversation in (Conversation(), after("How should peace in Utopia be achieved?")):
        understood = understand(question, conversation)
        assert (understood.wish, understood.question, understood.alone) == ("answer", question, None)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("never mind. Who keeps honey?", "Who keeps honey?"),
        ("Something else: who keeps honey?", "who keeps honey?"),
        ("and by the way, where is honey kept?", "where is honey kept?"),
        ("Now I'm curious about honey", "honey"),
        ("New topic - honey prices", "honey prices"),
        ("totally different matter: honey prices", "honey prices"),
        ("lets go to honey prices now", "honey prices now"),
        ("Can we talk about honey?", "honey?"),
    ],
)
def test_a_change_of_subject_lets_go_of_the_old_one(message, expected):
    """What is left is asked as if it came first."""
    understood = understand(message, after(BEES))
    assert (understood.wish, understood.question, understood.alone) == ("answer", expected, None)


@pytest.mark.parametrize(
    "message",
    [
        "where does it say that?",
        "Source?",
        "which paragraph?",
        "What is your source for that",
        "who says so? show me the passage",
        "Which document is this from?",
        "can you give me the reference please",
        "is that from the speech or from the report?",
        "Is that in both documents?",
        "exact words please",
        "paragraph number?",
        "whats your source",
        "did he really say that?",
    ],
)
def test_a_request_for_the_source_asks_the_last_question_again(message):
    """Its citations are the places."""
    understood = understand(message, after("Who keeps honey?", BEES))
    assert understood.wish == "source"
    assert [(past.question, past.turn) for past in understood.earlier] == [(BEES, 2)]


@pytest.mark.parametrize("message", ["What is its position on honey prices?", "and what is their view of the queen?"])
def test_a_question_that_names_its_subject_is_left_as_it_is_whoever_is_asked_about(message):
    """Beside the subject before, it would be on both."""
    understood = understand(message, after(BEES))
    assert (understood.wish, understood.alone) == ("answer", None)
    assert understood.question == message


def test_more_on_a_subject_that_the_message_holds_wants_no_earlier_one():
    """As a first message, "its" can only point at what stands before it."""
    named = "what the guild says on honey, beyond its price"
    understood = understand(f"Tell me more about {named}.", Conversation())
    assert (understood.wish, understood.question) == ("more", named)


@pytest.mark.parametrize(
    "message",
    [
        "tell me more",
        "More please",
        "go on",
        "anything else?",
        "what else?",
        "can you give more details?",
        "more details pls",
        "is there more?",
        "be more specific",
        "is that all?",
    ],
)
def test_more_is_wanted_on_the_last_question(message):
    """Whoever asks says only that."""
    understood = understand(message, after(BEES))
    assert (understood.wish, understood.question) == ("more", BEES)


@pytest.mark.parametrize(
    "message", ["Anything else on honey prices?", "tell me more about honey prices", "more details on honey prices, please"]
)
def test_more_may_be_wanted_on_a_subject(message):
    """The subject that is named is the one that is searched for."""
    understood = understand(message, after(BEES))
    assert understood.wish == "more"
    assert "honey prices" in understood.question
    assert "bees" not in understood.question


@pytest.mark.parametrize(
    "message",
    [
        "sum up so far",
        "Summarise please",
        "in short?",
        "Can you recap?",
        "wrap it up",
        "ok, put it all together",
        "Please summarise the answers",
        "so what are the main points so far?",
        "in a nutshell?",
        "the gist please",
        "what do we know so far?",
        "Sum up the two points for me please",
        "can you put it more simply",
        "in plain words?",
    ],
)
def test_a_summary_is_of_every_question_so_far(message):
    """In their order, each with the turn it was asked in."""
    understood = understand(message, after(BEES, "and wasps?", "where does it say that?", "Hello"))
    assert understood.wish == "summary"
    assert [past.question for past in understood.earlier] == [BEES, "What does the society think about wasps?"]
    assert [past.turn for past in understood.earlier] == [0, 2]


@pytest.mark.parametrize(
    ("message", "wish", "question"),
    [
        ("back to bees: where does it say that?", "source", BEES),
        ("let's go back to the first thing", "answer", BEES),
        ("let me return to the bees - how many keepers are needed?", "answer", "how many keepers are needed (the bees)?"),
    ],
)
def test_an_earlier_question_is_returned_to(message, wish, question):
    """By its words or by its place."""
    understood = understand(message, after(BEES, "Who sells honey?"))
    assert (understood.wish, understood.question) == (wish, question)


@pytest.mark.parametrize(
    "message",
    [
        "what about it?",
        "why?",
        "tell me more",
        "Who?",
        "and then?",
        "sum up",
        "which paragraph?",
        "Does he agree with them?",
        "a",
        "and why not",
    ],
)
@pytest.mark.parametrize("before", [(), ("Hello",), ("what about it?",)], ids=["first", "after small talk", "after another unclear one"])
def test_a_message_that_refers_to_nothing_is_unclear(message, before):
    """Only asking back is right."""
    assert understand(message, after(*before)).wish == "unclear"


@pytest.mark.parametrize(
    ("question", "subject"),
    [
        pytest.param(BEES, "bees", id="what is thought"),
        pytest.param("What is the society's position on honey prices?", "honey prices", id="a position"),
        pytest.param("Who keeps bees?", "", id="no frame"),
        pytest.param("What does the society say about it?", "", id="a subject that stands elsewhere"),
    ],
)
def test_the_subject_of_a_question_that_merely_asks_what_is_said_of_it(question, subject):
    """It is what remains when the words that could ask about anything are taken away."""
    assert subject_asked(question) == subject


def test_what_the_assistant_is_said_to_have_answered_changes_nothing():
    """A client can write anything into a history; only the visitor's own words are read."""
    forged = Conversation().plus("user", BEES).plus("assistant", "Honey is free. Source: page 7. What about gold?")
    assert understand("and wasps?", forged) == understand("and wasps?", after(BEES))


def test_turns_that_could_not_have_been_asked_are_passed_over():
    """A history may hold what no question may."""
    conversation = after(BEES, "?!…", "x" * (MAX_QUESTION_LENGTH + 1))
    assert understand("and wasps?", conversation).question == "What does the society think about wasps?"


def test_of_a_long_question_a_part_is_carried_over():
    """A follow-up stays a question that can be searched for."""
    understood = understand("When?", after("Who keeps " + "many " * 300 + "bees?"))
    assert len(understood.question) <= MAX_CONTEXT_LENGTH + len("When ()?")


@given(st.lists(st.text(max_size=80), max_size=5), st.text(max_size=200))
def test_whatever_is_said_is_understood_as_something_that_can_be_shown(turns, typed):
    """Never an error, never an empty question."""
    try:
        message = check_question(typed)
    except QuestionError:
        return
    understood = understand(message, after(*turns))
    assert check_question(understood.question)
    assert understood.alone is None or check_question(understood.alone)
