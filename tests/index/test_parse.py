"""A text becomes numbered paragraphs with printed numbers, roles and sentence spans, and nothing of it is lost."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.corpus import find_files, read_document
from index.document import Description, Document
from index.parse import Block, parse_blocks, parse_document, split_sentences
from tests.conftest import CORPUS

PLAIN = Description("doc", "A title", "speech")


def parse(text: str, title: str = "A title") -> Document:
    """Return *text* parsed, as a speech of that title."""
    return parse_document(Description("doc", title, "speech"), text)


def texts(document: Document) -> list[str]:
    """Return the paragraphs' texts."""
    return [paragraph.text for paragraph in document.paragraphs]


def sentences(text: str, language: str = "en") -> list[str]:
    """Return the texts of the sentences of *text*."""
    return [text[sentence.start : sentence.end] for sentence in split_sentences(text, language)]


@pytest.fixture(scope="module")
def report() -> Document:
    """The report on the conference of 2019."""
    return next(read_document(file) for file in find_files(CORPUS) if file.document_id == "mcis-2019-report")


@pytest.fixture(scope="module")
def speech() -> Document:
    """The speech at the conference of 2019."""
    return next(read_document(file) for file in find_files(CORPUS) if file.document_id == "norov-remarks-mcis-2019")


# --- the two documents, counted by hand


def test_the_report_has_seven_paragraphs(report):
    """Seven lines follow the report's front matter; each is one paragraph, all of the body and without a printed number."""
    assert len(report.paragraphs) == 7
    assert {(paragraph.role, paragraph.printed_number) for paragraph in report.paragraphs} == {("body", None)}


def test_the_speech_has_thirty_seven_paragraphs(speech):
    """The title twice, the salutation, 32 blocks of twelve points, and a closing of two."""
    assert [paragraph.role for paragraph in speech.paragraphs] == ["title"] * 2 + ["salutation"] + ["body"] * 32 + ["closing"] * 2
    assert [paragraph.number for paragraph in speech.paragraphs] == list(range(1, 38))


def test_a_printed_number_holds_for_all_blocks_of_its_point(speech):
    """Point 5 runs over five blocks of the speech, of which only the first bears the number."""
    blocks_a_point = {"1": 1, "2": 4, "3": 1, "4": 1, "5": 5, "6": 4, "7": 1, "8": 2, "9": 2, "10": 4, "11": 5, "12": 2}
    printed = [paragraph.printed_number for paragraph in speech.paragraphs]
    assert printed == [None] * 3 + [number for number, blocks in blocks_a_point.items() for _ in range(blocks)] + [None] * 2


def test_a_printed_number_stays_in_the_paragraph_but_outside_its_sentence(speech):
    """The paragraph is verbatim; its first sentence begins after "10. "."""
    point = speech.paragraphs[24]
    assert point.text.startswith("10. We are deeply concerned")
    assert point.sentence_text(point.sentences[0]).startswith("We are deeply concerned")


def test_the_title_is_a_title_each_time_it_stands_at_the_head(speech):
    """The speech's file opens with its title twice."""
    assert speech.paragraphs[0].text == speech.paragraphs[1].text == speech.description.title
    assert speech.paragraphs[0].start == 0 < speech.paragraphs[1].start


def test_the_salutation_stands_before_the_first_point_and_the_closing_after_the_last(speech):
    """Neither belongs to a point."""
    assert speech.paragraphs[2].text == "Mr Chairman, colleagues, ladies and gentlemen,"
    assert [paragraph.text.replace("\u00a0", " ") for paragraph in speech.paragraphs[-2:]] == [
        "In conclusion, I would like to wish a productive conference to all participants.",
        "Thank you for your attention.",
    ]


@pytest.mark.parametrize("document_id", ["mcis-2019-report", "norov-remarks-mcis-2019"])
def test_non_breaking_spaces_are_kept(document_id):
    """The documents bind prepositions with U+00A0; all of them are in the paragraphs."""
    file = next(file for file in find_files(CORPUS) if file.document_id == document_id)
    in_file = file.content().decode().count("\u00a0")
    assert in_file > 30
    assert sum(paragraph.text.count("\u00a0") for paragraph in read_document(file).paragraphs) == in_file


def test_a_quotation_that_stays_open_hides_no_boundary(report):
    """Paragraph 4 of the report opens a quotation in its first sentence and closes it at its end; it holds three sentences."""
    paragraph = report.paragraphs[3]
    assert [at for at, character in enumerate(paragraph.text) if character == '"'] == [115, len(paragraph.text) - 1]
    openings = [paragraph.sentence_text(sentence)[:19] for sentence in paragraph.sentences]
    assert openings == ["Vladimir Norov adde", "There is a tendency", "In this situation, "]


def test_a_quotation_over_two_sentences_is_two_sentences_without_its_mark(report):
    """Paragraph 3 of the report opens with a quotation mark whose partner stands in its second sentence."""
    paragraph = report.paragraphs[2]
    first, second = (paragraph.sentence_text(sentence) for sentence in paragraph.sentences)
    assert paragraph.text[0] == '"'
    assert (first[:8], second[:14]) == ("The SCO,", "When embarking")


def test_a_quotation_within_one_sentence_keeps_both_marks(report):
    """Paragraph 5 of the report quotes half a sentence, then closes a quotation that was never opened."""
    paragraph = report.paragraphs[4]
    first, second = (paragraph.sentence_text(sentence).replace("\u00a0", " ") for sentence in paragraph.sentences)
    assert first.endswith('in financing terrorism."')
    assert second.endswith("drugs and their precursors.")


# --- blocks


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("One.\nTwo.", ["One.", "Two."], id="line feed"),
        pytest.param("One.\r\nTwo.\r\n", ["One.", "Two."], id="Windows line ends"),
        pytest.param("One.\rTwo.", ["One.", "Two."], id="old Macintosh line ends"),
        pytest.param("One.\n\n \t\n\u00a0\nTwo.", ["One.", "Two."], id="blank lines of several kinds"),
        pytest.param("One.\fTwo.", ["One.", "Two."], id="form feed, as between pages of a PDF"),
        pytest.param("One.\vTwo.", ["One.", "Two."], id="vertical tab, a word processor's line break"),
        pytest.param("One.\u2028Two.", ["One.", "Two."], id="line separator"),
        pytest.param("One.\u2029Two.", ["One.", "Two."], id="paragraph separator"),
        pytest.param("One.\x85Two.", ["One.", "Two."], id="next line"),
        pytest.param("\tOne\ttwo.\t", ["One\ttwo."], id="tabs inside are kept, outside are not"),
        pytest.param("\u00a0One.\u00a0", ["One."], id="non-breaking spaces around"),
        pytest.param("  x  ", ["x"], id="one character"),
        pytest.param("# A subject\n\n- a point\n* * *", ["# A subject", "- a point", "* * *"], id="Markdown is kept as written"),
        pytest.param("word " * 40_000 + "end.", ["word " * 40_000 + "end."], id="a line of 200,000 characters"),
    ],
)
def test_a_paragraph_is_a_line_that_is_not_blank(text, expected):
    """Every line break that Unicode makes mandatory ends a paragraph, and nothing else does."""
    assert texts(parse(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("1. A\nB\n2. C", ["1", "1", "2"], id="a block without a number belongs to the point before"),
        pytest.param("A\n1. B", [None, "1"], id="a block before the first point belongs to none"),
        pytest.param("1) A\n2) B", ["1", "2"], id="brackets"),
        pytest.param("1.\tA", ["1"], id="tab after the number"),
        pytest.param("10.\u00a0A", ["10"], id="non-breaking space after the number"),
        pytest.param("007. A", ["007"], id="a number is kept as printed"),
        pytest.param("2019 was a year.", [None], id="a sentence that opens with a year"),
        pytest.param("3.5 percent of it.", [None], id="a decimal fraction"),
        pytest.param("1,000 delegates came.", [None], id="a thousands separator"),
        pytest.param("40 percent of it.", [None], id="a number without a stop"),
        pytest.param("2019. A", [None], id="four digits are a year"),
        pytest.param("II. A", [None], id="a roman numeral alone"),
        pytest.param("I. A\nB\nII. C\nIII. D", ["I", "I", "II", "III"], id="roman numerals in sequence"),
        pytest.param("I. A\nV. Norov spoke.\nII. C", ["I", "I", "II"], id="an initial between roman numerals"),
        pytest.param("C. Smith spoke.\nD. Brown did too.", [None, None], id="initials"),
        pytest.param("(1) A\n(2) B", ["1", "2"], id="brackets on both sides"),
        pytest.param("2.1. A\n2.2. B", ["2.1", "2.2"], id="two levels"),
        pytest.param("Article 3. A\nB", ["Article 3"] * 2, id="an article with a stop"),
        pytest.param("Article 3\nA\nB", ["Article 3"] * 3, id="an article on a line of its own"),
        pytest.param("Article 3 Purposes of it\nA.", ["Article 3"] * 2, id="an article with its name"),
        pytest.param("ARTICLE II — TASKS\nA.", ["ARTICLE II"] * 2, id="an article in capitals with a dash"),
        pytest.param("Article 3\n1. A\n2. B", ["Article 3", "Article 3, point 1", "Article 3, point 2"], id="points of an article"),
        pytest.param("Chapter I\n1. A\nChapter II\n2. B", ["Chapter I", "1", "Chapter II", "2"], id="points counted through chapters"),
        pytest.param("Article 3 of the Charter says so.", [None], id="a sentence about an article"),
        pytest.param("Article 30 years on.", [None], id="an article of news"),
        pytest.param("Para. 7. A", ["Para. 7"], id="a paragraph by name"),
        pytest.param("## Article 3. Tasks\nA", ["Article 3"] * 2, id="an article in a Markdown heading"),
        pytest.param("## 2. Trade\nA\n## Youth\nB", ["2", "2", None, None], id="a numbered Markdown heading"),
        pytest.param("第三条规定如下。", [None], id="a sentence about a Chinese article"),
        pytest.param("Статья 3. А", ["Статья 3"], id="a Russian article"),
        pytest.param("第三条 成员国", ["第三条"], id="a Chinese article"),
        pytest.param("一、成员国\n二、观察员", ["一", "二"], id="Chinese numerals"),
        pytest.param("(a) A", [None], id="a letter in brackets"),
        pytest.param("1. A\n## Security\nB", ["1", None, None], id="a heading ends the point before it"),
        pytest.param("1. A\nIn conclusion, B.", ["1", None], id="a closing ends the last point"),
        pytest.param("1. A\nIn conclusion, B.\n2. C", ["1", "1", "2"], id="no closing before the last point"),
    ],
)
def test_printed_numbers(text, expected):
    """A block's printed number is that of the document's own numbering, or none."""
    assert [paragraph.printed_number for paragraph in parse(text).paragraphs] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("A title\nText.", ["title", "body"], id="the title at the head"),
        pytest.param("a  TITLE\nText.", ["title", "body"], id="the title in other case and spacing"),
        pytest.param("# A title\nText.", ["title", "body"], id="the title as a Markdown heading"),
        pytest.param("Text.\nA title", ["body", "body"], id="the title's words further down"),
        pytest.param("## Security\nText.", ["heading", "body"], id="a Markdown heading"),
        pytest.param("#1 priority.", ["body"], id="a number sign is no heading"),
        pytest.param("####### Text", ["body"], id="seven number signs are no heading"),
        pytest.param("SECURITY AND TRADE\nText.", ["heading", "body"], id="a line of capitals"),
        pytest.param("WE ARE AGREED.\nText.", ["body", "body"], id="a sentence in capitals"),
        pytest.param("SCO\nText.", ["body", "body"], id="an acronym"),
        pytest.param("A " + "VERY " * 30 + "LONG LINE\nText.", ["body", "body"], id="more than a heading holds"),
        pytest.param("I. Security\nText.\nII. Trade\nText.", ["heading", "body"] * 2, id="numbered sections' names"),
        pytest.param("I. We agree.\nII. We act.", ["body", "body"], id="numbered statements"),
        pytest.param("Article 3\nText.", ["heading", "body"], id="an article's number alone"),
        pytest.param("Dear friends!\nText.", ["salutation", "body"], id="a salutation in a text without points"),
        pytest.param("Mr Chairman, colleagues,\n1. Text.", ["salutation", "body"], id="Mr without a stop"),
        pytest.param("Mr. Chairman, colleagues,\n1. Text.", ["salutation", "body"], id="Mr with a stop"),
        pytest.param("Mrs. Chair, Dr. Ling,\n1. Text.", ["salutation", "body"], id="Mrs and Dr with a stop"),
        pytest.param("Excellencies, ladies and gentlemen,\n1. Text.", ["salutation", "body"], id="excellencies"),
        pytest.param("Your Excellency:\n1. Text.", ["salutation", "body"], id="a colon"),
        pytest.param("Honourable ministers,\nDear colleagues,\n1. Text.", ["salutation"] * 2 + ["body"], id="two salutations"),
        pytest.param("Mr Norov spoke first.\n1. Text.", ["body", "body"], id="a statement about a Mr"),
        pytest.param("Sirius shines,\nText.", ["body", "body"], id="a longer word"),
        pytest.param("1. Text.\nDear colleagues,\n2. Text.", ["body"] * 3, id="an address between points"),
        pytest.param("1. Text.\nThank you.\nGoodbye.", ["body", "closing", "closing"], id="all that follows the closing's opening"),
        pytest.param("Text.\nThank you.", ["body", "body"], id="no closing without points"),
    ],
)
def test_roles(text, expected):
    """What names, addresses or takes leave is told from what states something."""
    assert [paragraph.role for paragraph in parse(text).paragraphs] == expected


# --- blocks as formats give them


def test_blocks_become_paragraphs_with_a_blank_line_between():
    """Each stands in the text at its offset, with its page."""
    document = parse_blocks(PLAIN, [Block("One.", page=1), Block("Two.", page=2)])
    assert document.text == "One.\n\nTwo."
    assert [(paragraph.text, paragraph.start, paragraph.page) for paragraph in document.paragraphs] == [("One.", 0, 1), ("Two.", 6, 2)]


def test_a_block_that_holds_line_breaks_is_several_paragraphs():
    """A paragraph is a line, wherever it comes from; blank blocks are none."""
    document = parse_blocks(PLAIN, [Block(" "), Block("One.\n\n Two. "), Block("")])
    assert texts(document) == ["One.", "Two."]
    assert document.text == "One.\n\nTwo."


def test_a_heading_by_format_needs_no_mark():
    """It ends the point before it, as Markdown's do."""
    document = parse_blocks(PLAIN, [Block("1. One."), Block("Trade", "heading"), Block("Two.")])
    assert [(p.role, p.printed_number) for p in document.paragraphs] == [("body", "1"), ("heading", None), ("body", None)]


def test_a_footnote_belongs_to_no_point_and_interrupts_none():
    """The point goes on after it."""
    document = parse_blocks(PLAIN, [Block("1. One."), Block("2) See there.", "footnote"), Block("More.")])
    assert [(p.role, p.printed_number) for p in document.paragraphs] == [("body", "1"), ("body", None), ("body", "1")]


# --- sentences


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("One. Two? Three!", ["One.", "Two?", "Three!"], id="three marks"),
        pytest.param("One", ["One"], id="no mark at all"),
        pytest.param("One;  two", ["One;  two"], id="a semicolon is no end"),
        pytest.param("Mr Norov and Mr. Li met. They spoke.", ["Mr Norov and Mr. Li met.", "They spoke."], id="Mr with and without a stop"),
        pytest.param("See Art. 2 and paras. 3. It binds.", ["See Art. 2 and paras. 3.", "It binds."], id="articles and paragraphs"),
        pytest.param("U.N. Doc. A/RES/1 says so. Next.", ["U.N. Doc. A/RES/1 says so.", "Next."], id="United Nations documents"),
        pytest.param("J. F. Kennedy spoke. OK.", ["J. F. Kennedy spoke.", "OK."], id="initials"),
        pytest.param("At 5 p.m. we left. Next.", ["At 5 p.m. we left.", "Next."], id="time of day"),
        pytest.param("It cost 3.5 million. Then 4.", ["It cost 3.5 million.", "Then 4."], id="decimal fraction"),
        pytest.param("(One. Two.) Three.", ["(One. Two.)", "Three."], id="sentences in brackets stay together"),
        pytest.param("One (see fig. 2. and on). Two.", ["One (see fig. 2. and on).", "Two."], id="a stop in brackets"),
        pytest.param("One. [1] Two.", ["One.", "[1] Two."], id="square brackets open a sentence"),
        pytest.param('He said "we agree." "Then" he left.', ['He said "we agree."', '"Then" he left.'], id="a quotation after a quotation"),
        pytest.param("“One. Two.” Three.", ["One.", "Two.", "Three."], id="typographic quotation over two sentences"),
        pytest.param("«One. Two.» Three.", ["One.", "Two.", "Three."], id="angle quotation over two sentences"),
        pytest.param("“One.” Two.", ["“One.”", "Two."], id="a quotation of one sentence"),
        pytest.param("‘One.’ Two.", ["‘One.’", "Two."], id="single quotation marks"),
        pytest.param("One.”", ["One."], id="a closing mark without an opening one"),
        pytest.param("“", [], id="nothing but a quotation mark"),
        pytest.param("...", ["..."], id="nothing but stops"),
        pytest.param("—", ["—"], id="nothing but a dash"),
        pytest.param("One.\u00a0Two.", ["One.", "Two."], id="a non-breaking space between"),
        pytest.param("😀 One. Two 😀😀. Three.", ["😀 One.", "Two 😀😀.", "Three."], id="characters beyond the basic plane"),
        pytest.param("e\u0301 One. Two.", ["e\u0301 One.", "Two."], id="a combining accent"),
    ],
)
def test_sentences(text, expected):
    """A boundary is where a reader sees one, and marks without a partner stay outside."""
    assert sentences(text) == expected


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        pytest.param("ru", "Что это? Это ст. 5 закона. Вот.", ["Что это?", "Это ст. 5 закона.", "Вот."], id="Russian"),
        pytest.param("zh", "上海合作组织成立。总部在北京。", ["上海合作组织成立。", "总部在北京。"], id="Chinese"),
        pytest.param("xx", "One. Two.", ["One.", "Two."], id="a language that nobody knows"),
    ],
)
def test_other_languages(language, text, expected):
    """The document's language decides its boundaries; an unknown one is split as English is."""
    assert sentences(text, language) == expected


def test_a_sentence_stands_on_the_page_that_it_begins_on():
    """Not on the one that its paragraph begins on."""
    block = Block("One. Two and three. Four.", page=6, turns=((10, 7), (20, 9)))
    (paragraph,) = parse_blocks(PLAIN, [block]).paragraphs
    assert [(paragraph.sentence_text(one), paragraph.page_of(one)) for one in paragraph.sentences] == [
        ("One.", 6),
        ("Two and three.", 6),
        ("Four.", 9),
    ]


def test_a_block_that_is_cut_keeps_its_pages():
    """Each line stands where it stood."""
    block = Block("One. Two.\nThree. Four.\nFive.", page=1, turns=((5, 2), (17, 3)))
    paragraphs = parse_blocks(PLAIN, [block]).paragraphs
    found = [(paragraph.page, [paragraph.page_of(one) for one in paragraph.sentences]) for paragraph in paragraphs]
    assert found == [(1, [1, 2]), (2, [2, 3]), (3, [3])]


# --- nothing is lost, whatever the text

MARKS = ["\n", "\n\n", "\r\n", " ", "\u00a0", "\t", "\f", "\u2028", ". ", "? ", "… ", '"', "“", "”", "«", "»", "(", ")", "["]
OPENINGS = [
    "1. ",
    "12) ",
    "(3) ",
    "I. ",
    "II. ",
    "Article 3",
    "Section 2: ",
    "Mr. ",
    "Art. ",
    "U.N. ",
    "e.g. ",
    "In conclusion, ",
    "Thank you",
    "Dear colleagues,",
    "# ",
    "A title",
]
WORDS = ["SCO", "word", "Ünïcödé", "上海。", "😀", "e\u0301"]
PIECES = st.sampled_from([*MARKS, *OPENINGS, *WORDS])
TEXTS = st.one_of(st.lists(PIECES, min_size=1, max_size=40).map("".join), st.text(min_size=1, max_size=200))
NUMBER = re.compile(r"(?:#{1,6}\s+)?(?:(?:Article|Section) )?[(\d]*[IVXLC]*[\d.:)]*[\s\"“”«»]*")
OUTSIDE = re.compile(r"[\s\"“”«»]*")


@given(TEXTS)
def test_paragraphs_and_the_white_space_between_them_are_the_text(text):
    """Each paragraph stands in the text at its offset, in order, and only white space lies outside."""
    document = parse_document(PLAIN, text)
    end = 0
    for number, paragraph in enumerate(document.paragraphs, start=1):
        assert paragraph.number == number
        assert not text[end : paragraph.start].strip()
        assert text[paragraph.start : paragraph.start + len(paragraph.text)] == paragraph.text
        assert paragraph.text == paragraph.text.strip() != ""
        end = paragraph.start + len(paragraph.text)
    assert not text[end:].strip()


@given(TEXTS)
def test_sentences_are_ordered_spans_and_outside_them_stand_only_spaces_quotation_marks_and_the_printed_number(text):
    """No word of a paragraph is outside its sentences, and none is in two of them."""
    for paragraph in parse_document(PLAIN, text).paragraphs:
        end = paragraph.sentences[0].start if paragraph.sentences else len(paragraph.text)
        assert NUMBER.fullmatch(paragraph.text[:end])
        for at, sentence in enumerate(paragraph.sentences, start=1):
            assert sentence.number == at
            assert OUTSIDE.fullmatch(paragraph.text[end : sentence.start])
            assert end <= sentence.start < sentence.end <= len(paragraph.text)
            assert paragraph.sentence_text(sentence) == paragraph.sentence_text(sentence).strip()
            end = sentence.end
        assert OUTSIDE.fullmatch(paragraph.text[end:])


@given(TEXTS)
def test_parsing_twice_gives_equal_documents(text):
    """The same text is parsed the same way every time."""
    assert parse_document(PLAIN, text) == parse_document(PLAIN, text)
