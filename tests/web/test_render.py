"""An exchange becomes messages in which all text shows as it was written, and plain text to copy."""

import re
from dataclasses import replace
from html import unescape

import pytest

from bot.filters import Filter
from bot.web.exchange import exchange, notice, unanswered
from bot.web.render import copy_text, literal, messages, reply_html
from tests.web.examples import HOSTILE, REMARKS, REPORT, Parsed, abstention, answer, citation, courtesy

OUR_TAGS = {"div", "p", "span", "a", "ul", "li", "b", "i", "br"}
OUR_ATTRIBUTES = {"class", "href", "title"}


def shown(html: str) -> str:
    """Return the text a reader sees, white space folded."""
    return " ".join(Parsed(html).text.split())


# --- text is text


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: text[:20])
def test_text_shows_every_character_and_makes_no_element(text):
    """What could be taken for HTML or Markdown is shown as it was typed."""
    parsed = Parsed(literal(text))
    assert parsed.text == text
    assert parsed.tags <= {"br"}


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: text[:20])
def test_text_holds_no_character_that_markdown_or_html_acts_on(text):
    """Beside entities and line breaks only letters, digits and spaces are left, on one line."""
    left = re.sub(r"&#\d+;|<br>", "", literal(text))
    assert all(character.isalnum() or character == " " for character in left)


def test_of_a_sentence_without_spaces_only_its_end_stays_beside_the_marker():
    """Else a Chinese sentence would be one line, however narrow the screen; a Latin word breaks nowhere."""
    said = {
        text: reply_html(exchange(answer((text, (1,)), citations=(citation(1),))))
        for text in ("会议于六月在比什凯克举行，各国代表出席。", "So it is.")
    }
    endings = [unescape(re.search(r'<span class="ending">(.*?) <a', html).group(1)) for html in said.values()]
    assert endings == ["凯克举行，各国代表出席。", "is."]
    assert all(text in shown(html) for text, html in said.items())


def test_control_characters_and_lone_surrogates_are_dropped():
    """Neither can be shown, and the second cannot be sent."""
    assert literal("a\x00b\x1bc\ud800d") == "abcd"


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: text[:20])
@pytest.mark.parametrize("place", ["question", "sentence", "title", "date", "nearest sentence", "courtesy", "notice"])
def test_hostile_text_anywhere_makes_only_our_elements_and_links_only_to_documents(place, text):
    """A document's sentence, title or date, a question, a courtesy and a notice are all shown as text."""
    described = replace(REMARKS, title=text) if place == "title" else replace(REMARKS, date=text) if place == "date" else REMARKS
    said = {
        "question": exchange(courtesy(question=text)),
        "nearest sentence": exchange(abstention(sentence=text)),
        "courtesy": exchange(courtesy(text)),
        "notice": notice("Q", text),
    }.get(place) or exchange(answer((text.strip(), (1,)), citations=(citation(1, described),)))
    for message in messages([said]):
        parsed = Parsed(message["content"])
        assert parsed.tags <= OUR_TAGS
        assert parsed.attributes <= OUR_ATTRIBUTES
        assert all(address.startswith("./documents/") for address, _ in parsed.links)
        assert "\n" not in message["content"]
    assert " ".join(text.split()) in " ".join(shown(message["content"]) for message in messages([said]))


# --- answers


def test_a_marker_is_a_link_to_the_sentence_and_names_its_source():
    """The link leads to the permanent address; its title says number, title, point and date."""
    html = reply_html(exchange(answer(("So it is.", (1,)), citations=(citation(1),))))
    assert Parsed(html).links[0] == ("./documents/remarks-2019#p12s1", "Source 1: Remarks at the conference, point 10, 2019-04-24")
    assert shown(html).startswith("So it is. [1]")


def test_the_sources_name_each_document_once_with_its_points_in_order():
    """Three citations of two documents give two lines, and every number, title, point and date is there."""
    cited = (citation(1), citation(2, REPORT, point=None), citation(3, sentence=2))
    html = reply_html(exchange(answer(("A.", (1,)), ("B.", (2,)), ("C.", (3,)), citations=cited)))
    assert [shown(item) for item in re.findall(r"<li>(.*?)</li>", html)] == [
        "Remarks at the conference, 2019-04-24 1 point 10 3 point 10",
        "Report on the conference 2 paragraph 12",
    ]


def test_a_document_that_says_the_same_is_listed_last_as_also_in():
    """The words "Also in" are for the citation that repeats another, even where its number is the lower one."""
    cited = (citation(1), citation(2, REPORT, also=True), citation(3, sentence=2))
    html = reply_html(exchange(answer(("A.", (1, 2)), ("B.", (3,)), citations=cited)))
    assert shown(html).index("3 point 10") < shown(html).index("Also in Report on the conference")


def test_a_new_document_opens_a_paragraph():
    """Where the answer's text has a blank line, its HTML has a paragraph."""
    html = reply_html(exchange(answer(("A.", (1,)), ("\nB.", (2,)), ("C.", (3,)), citations=(citation(1), citation(2), citation(3)))))
    paragraphs = re.findall(r"<p>(.*?)</p>", html)
    assert [shown(paragraph) for paragraph in paragraphs] == ["A. [1]", "B. [2] C. [3]"]


def test_brackets_in_a_documents_sentence_are_no_markers():
    """Only what the reply gives as a marker becomes a link."""
    html = reply_html(exchange(answer(("As in [2].", (1,)), citations=(citation(1), citation(2)))))
    assert html.count('class="marker"') == 1
    assert shown(html).startswith("As in [2]. [1]")


# --- abstentions, courtesies, and what is still open


def test_an_abstention_shows_its_text_and_labels_what_comes_nearest():
    """The nearest passage is a link to its sentence, under a label that says it is no answer."""
    html = reply_html(exchange(abstention()))
    assert shown(html).startswith("The documents do not say this.")
    assert "Nearest passages, not an answer" in html
    assert Parsed(html).links == [("./documents/report-2019#p3s1", "")]
    assert 'class="marker"' not in html


def test_a_courtesy_is_text_alone():
    """It claims nothing, so it links nothing."""
    html = reply_html(exchange(courtesy("Hello.\nAsk on.")))
    assert Parsed(html).links == []
    assert Parsed(html).text == "Hello.\nAsk on."


def test_a_question_without_a_reply_yet_is_shown_alone():
    """The question appears at once."""
    assert [message["role"] for message in messages([unanswered("Is it so?")])] == ["user"]


def test_suggested_questions_are_options_of_the_reply():
    """The chat shows them as buttons; they are no part of the message's markup."""
    reply = messages([exchange(replace(abstention(), suggestions=("What <b>else</b>?",)))])[-1]
    assert reply["options"] == [{"value": "What <b>else</b>?"}]
    assert "else" not in reply["content"]


def test_a_note_stands_with_the_answer():
    """It is shown as text."""
    noted = replace(answer(("So it is.", (1,)), citations=(citation(1),)), note="Not <i>so</i> worded.")
    assert "Not <i>so</i> worded." in shown(reply_html(exchange(noted)))


def test_what_was_understood_stands_above_the_answer():
    """It is shown as text."""
    understood = replace(abstention(), standalone_question="Why <i>so</i>?")
    assert shown(reply_html(exchange(understood))).startswith("Understood as: Why <i>so</i>?")


def test_each_sentence_of_a_chat_model_shows_how_it_was_verified():
    """Behind its markers."""
    worded = replace(answer(("So it is.", (1,)), citations=(citation(1),)), mode="llm")
    assert "So it is. [1] verbatim" in shown(reply_html(exchange(worded)))


# --- copying


def test_copied_text_has_the_markers_and_then_point_date_and_whole_address_of_each():
    """As it stands in a report: the answer, a blank line, the references."""
    cited = (citation(1), citation(2, REPORT, point=None, also=True))
    assert copy_text(exchange(answer(("So it is.", (1, 2)), ("\nSo be it.", (1,)), citations=cited)), "https://site.example") == (
        "So it is. [1][2]\n\nSo be it. [1]\n\n"
        "[1] Remarks at the conference, point 10, 2019-04-24\n    https://site.example/documents/remarks-2019#p12s1\n"
        "[2] Also in: Report on the conference, paragraph 12\n    https://site.example/documents/report-2019#p12s1"
    )


def test_copied_text_is_not_escaped():
    """Plain text has no entities."""
    text = copy_text(exchange(answer(('He said "A & B" <now>.', (1,)), citations=(citation(1),))), "")
    assert text == unescape(text)
    assert text.startswith('He said "A & B" <now>. [1]')


# --- filters


def test_filters_are_told_with_an_answer_and_each_can_be_taken_away():
    """On the page before the answer, with a button; in the copied text after it."""
    filters = (Filter("kind", "speech", "in the <b>speech"),)
    one = exchange(replace(answer(("So it is.", (1,)), citations=(citation(1),)), filters=filters))
    assert shown(reply_html(one)).startswith("Only documents that meet: of the kind speech (“in the <b>speech”)So it is.")
    assert messages([one])[1]["options"][0] == {"value": "The same without: of the kind speech (“in the <b>speech”)"}
    assert "\n\nOnly documents that meet: of the kind speech (“in the <b>speech”)\n\n[1]" in copy_text(one, "https://example.org")
