"""Small talk gets a courtesy; a question, however it begins, gets an answer from the documents."""

from pathlib import Path

import pytest
import yaml

from bot.conversation import Conversation
from bot.courtesy import MAX_LENGTH, courtesy, small_talk_kind
from bot.follow_up import understand
from bot.messages import messages
from index.document import Description

TYPED = yaml.safe_load(Path(__file__).with_name("small_talk.yaml").read_text(encoding="utf-8"))

MIDWAY = yaml.safe_load(Path(__file__).with_name("small_talk_midway.yaml").read_text(encoding="utf-8"))
ABOUT_TERRORISM = Conversation().plus("user", "What is the SCO's position on terrorism?").plus("assistant", "It condemns it. [1]")

DESCRIPTIONS = (Description("a-2019", "First title", "speech", "2019-04-24"), Description("b", "Second title", "report"))
EXAMPLE = "Is it a military bloc?"

SMALL_TALK = [
    ("Hi", "greeting"),
    ("hello!!!", "greeting"),
    ("HELLO THERE", "greeting"),
    ("Good morning", "greeting"),
    ("Good evening, sir.", "greeting"),
    ("hey bot", "greeting"),
    ("Salam", "greeting"),
    ("Hello, hello", "greeting"),
    ("How are you?", "wellbeing"),
    ("hi, how are you today?", "wellbeing"),
    ("How's it going", "wellbeing"),
    ("Nice to meet you", "wellbeing"),
    ("What’s up?", "wellbeing"),
    ("thanks", "thanks"),
    ("Thank you very much!", "thanks"),
    ("Many thanks for your help", "thanks"),
    ("ok, thank you, that was helpful", "thanks"),
    ("Thanks for the quick answer.", "thanks"),
    ("much appreciated", "thanks"),
    ("thx", "thanks"),
    ("bye", "goodbye"),
    ("Goodbye!", "goodbye"),
    ("Thanks, bye", "goodbye"),
    ("see you tomorrow", "goodbye"),
    ("Have a nice day", "goodbye"),
    ("That's all for today", "goodbye"),
    ("ok", "acknowledgement"),
    ("Great", "acknowledgement"),
    ("I see", "acknowledgement"),
    ("That is interesting", "acknowledgement"),
    ("well done", "acknowledgement"),
    ("no", "acknowledgement"),
    ("Who are you?", "identity"),
    ("are you a human or a machine?", "identity"),
    ("What is your name?", "identity"),
    ("Am I talking to a person?", "identity"),
    ("who made you", "identity"),
    ("Hello! Who are you?", "identity"),
    ("What can you do?", "ability"),
    ("how does this work?", "ability"),
    ("Help", "ability"),
    ("Can you help me?", "ability"),
    ("Do you speak Russian?", "ability"),
    ("Can you answer in Chinese?", "ability"),
    ("What kind of questions can I ask?", "ability"),
    ("hi, what can I ask you", "ability"),
    ("clear", "clear"),
    ("Clear the conversation, please", "clear"),
    ("Please delete our chat", "clear"),
    ("start over", "clear"),
    ("forget everything", "clear"),
    ("Which documents do you have?", "documents"),
    ("What are your sources?", "documents"),
    ("List the documents", "documents"),
    ("show me your sources", "documents"),
    ("How many documents are there?", "documents"),
    ("Where do you get your information from?", "documents"),
    ("What are you based on?", "documents"),
]

OTHER_SMALL_TALK = [
    ("Привет!", "ru", "greeting"),
    ("Здравствуйте, кто вы?", "ru", "identity"),
    ("Добрый день. Какие у вас есть документы?", "ru", "documents"),
    ("Спасибо большое", "ru", "thanks"),
    ("Хорошо, спасибо!", "ru", "thanks"),
    ("что ты умеешь", "ru", "ability"),
    ("Как дела?", "ru", "wellbeing"),
    ("До свидания", "ru", "goodbye"),
    ("Понятно.", "ru", "acknowledgement"),
    ("Начать сначала", "ru", "clear"),
    ("Очистить чат", "ru", "clear"),
    ("Это не помогло", "ru", "complaint"),
    ("你好", "zh", "greeting"),
    ("你好，你是谁？", "zh", "identity"),
    ("您有哪些文件？", "zh", "documents"),
    ("谢谢！", "zh", "thanks"),
    ("你能做什么？", "zh", "ability"),
    ("再见", "zh", "goodbye"),
    ("好的", "zh", "acknowledgement"),
    ("重新开始", "zh", "clear"),
    ("答非所问", "zh", "complaint"),
]

QUESTIONS = [
    "Здравствуйте, что с наркотиками?",
    "Какие документы подписали в Бишкеке?",
    "Как дела в Афганистане?",
    "Спасибо. А терроризм?",
    "你好，毒品呢？",
    "谢谢。恐怖主义呢？",
    "阿富汗有哪些文件？",
    "Hello, what does the SCO say about drugs?",
    "Hi! Is the SCO a military bloc?",
    "Good morning. How should peace in Afghanistan be achieved?",
    "hi drugs",
    "Thanks. And terrorism?",
    "Thanks for the answer. What about drugs?",
    "Thank you for that, how is terrorism financed?",
    "thanks that helps what about cannabis",
    "ok and what about cannabis",
    "Great, how many delegates attended?",
    "No, I meant the report.",
    "Who are the observer states?",
    "Who made this statement?",
    "Who wrote the Charter?",
    "What is the SCO?",
    "How are terrorist groups financed?",
    "How is it going in Afghanistan?",
    "How are you fighting terrorism?",
    "What do you do about drugs?",
    "Can you speak about drugs?",
    "Can you talk about Afghanistan?",
    "Can you help me understand the position on Afghanistan?",
    "Help me find what is said on drugs",
    "What can the UN do in Afghanistan?",
    "What kind of things does the SCO fear?",
    "What are the sources of terrorist financing?",
    "Start a new conversation between India and Pakistan",
    "Delete which weapons?",
    "Clear up the position on drugs",
    "Name the sources of terrorist financing",
    "Which sources do terrorist groups use for financing?",
    "What is the data on drug seizures?",
    "What is in your documents about drugs?",
    "Give me the text on cannabis",
    "What documents did the leaders sign in Bishkek?",
    "Good relations with whom?",
    "Welcome statement by India",
    "start of the conference",
    "usage of drugs",
    "test of weapons in space",
    "Right of nations to self-defence",
    "Have a look at the drug trade for me and tell me what they say about it, please",
    "see you in Bishkek at the summit, who attends?",
    "Привет, что с наркотиками?",
    "上海",
    "hello " * 30 + "what about drugs?",
]


@pytest.mark.parametrize(("message", "kind"), SMALL_TALK, ids=lambda value: value)
def test_small_talk_is_recognised_whatever_its_punctuation_and_case(message, kind):
    """Each kind has its own reply."""
    expected = messages()[kind].split("{")[0]
    assert (courtesy(message, DESCRIPTIONS, EXAMPLE) or "").startswith(expected)


@pytest.mark.parametrize(("message", "kind"), [(message, kind) for kind, typed in TYPED["small_talk"].items() for message in typed])
def test_small_talk_is_recognised_as_visitors_type_it(message, kind):
    """Compliments, complaints, questions about the program, and trying it out."""
    assert small_talk_kind(message) == kind


@pytest.mark.parametrize("message", [message for typed in MIDWAY["small_talk"].values() for message in typed])
def test_after_an_answer_small_talk_is_small_talk(message):
    """It neither asks on nor asks for the source of what was answered."""
    assert small_talk_kind(message) is not None
    assert understand(message, ABOUT_TERRORISM).wish == "answer"


@pytest.mark.parametrize("message", [message for typed in MIDWAY["questions"].values() for message in typed])
def test_after_an_answer_a_question_is_a_question_however_it_begins(message):
    """Thanks, or words like those of small talk, are followed by a subject."""
    assert small_talk_kind(message) is None


@pytest.mark.parametrize("message", ["Sources?", "show me your sources", "what are your sources?"])
def test_after_an_answer_its_own_sources_are_meant(message):
    """Without one, all the documents are."""
    assert understand(message, ABOUT_TERRORISM).wish == "source"


@pytest.mark.parametrize("message", TYPED["unclear"])
def test_a_first_message_without_a_subject_is_unclear(message):
    """It is no small talk, since after an answer it follows up."""
    assert (small_talk_kind(message), understand(message, Conversation()).wish) == (None, "unclear")


@pytest.mark.parametrize("message", TYPED["questions"])
def test_a_message_with_a_subject_is_a_question_however_near_to_small_talk(message):
    """Keywords, too, ask something of the documents."""
    assert (small_talk_kind(message), understand(message, Conversation()).wish) in [(None, "answer"), (None, "more")]


@pytest.mark.parametrize(("message", "language", "kind"), OTHER_SMALL_TALK, ids=lambda value: value)
def test_small_talk_is_answered_in_its_language(message, language, kind):
    """Russian and Chinese have words of their own."""
    expected = messages(language)[kind].split("{")[0]
    assert (courtesy(message, DESCRIPTIONS, EXAMPLE) or "").startswith(expected)


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda value: value[:60])
def test_a_question_is_never_taken_for_small_talk(question):
    """Only what is small talk from end to end is; anything more is a question to the documents."""
    assert courtesy(question, DESCRIPTIONS, EXAMPLE) is None


def test_the_documents_are_listed_with_kind_and_date():
    """A document without a date is listed without one."""
    reply = courtesy("Which documents do you have?", DESCRIPTIONS, EXAMPLE)
    assert reply == "I answer from 2 documents:\n• First title (speech, 2019-04-24)\n• Second title (report)"


def test_what_it_can_do_is_said_with_an_example():
    """The example is one that the documents answer."""
    assert f"Try: “{EXAMPLE}”" in (courtesy("help", DESCRIPTIONS, EXAMPLE) or "")


def test_braces_in_a_title_stay_braces():
    """A title is text, not a template."""
    odd = Description("odd", "{example} {0} {", "speech")
    assert "• {example} {0} { (speech)" in (courtesy("list the documents", [odd], EXAMPLE) or "")


@pytest.mark.parametrize("words", ["bye", "ha", "thanks", "thanks again", "good", "ok", "thanks for a", "hi"])
def test_small_talk_over_and_over_comes_to_an_end(words):
    """28 times "bye" can be cut into small talk in half a million ways; trying them all would take a minute of the server's time."""
    message = f"{words} " * (MAX_LENGTH // len(words))
    assert courtesy(message[: MAX_LENGTH - 18] + " what about drugs", DESCRIPTIONS, EXAMPLE) is None
