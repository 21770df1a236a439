"""A document becomes a page that shows its text exactly and on which every sentence has an address."""

import re
from html import unescape

import pytest

from bot.reply import permanent_address
from bot.web.documents import document_page, list_page, missing_page
from index.corpus import find_files, read_document
from index.document import Description, Document, Paragraph, Sentence
from index.parse import parse_document
from tests.conftest import CORPUS
from tests.web.examples import HOSTILE, Parsed

DOCUMENTS = [read_document(file) for file in find_files(CORPUS)]
FRAME_TAGS = {"html", "head", "meta", "title", "style", "link", "body", "nav", "main", "h1", "p", "a"}
OUR_TAGS = FRAME_TAGS | {"article", "header", "dl", "div", "dt", "dd", "small", "span", "b", "ul", "li"}
OUR_ATTRIBUTES = {"lang", "charset", "name", "content", "aria-label", "class", "id", "href", "rel", "data-margin"}
BY_ID = {document.document_id: document for document in DOCUMENTS}


def plain(html: str) -> str:
    """Return *html* as the text a browser gives, white space kept."""
    return unescape(re.sub(r"<[^>]*>", "", html))


def element(page: str, identity: str) -> str:
    """Return the text of the element with this id."""
    return plain(re.search(rf'<(p|span) id="{identity}"[^>]*>(.*?)</\1>', page).group(2))


def made(text: str, **described: str) -> Document:
    """Return a document of one paragraph that is one sentence."""
    paragraph = Paragraph("made-2020", 1, 0, text, "body", None, (Sentence(1, 0, len(text)),))
    return Document(Description(**{"document_id": "made-2020", "title": "T", "kind": "speech", **described}), text, (paragraph,))


# --- the text


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.document_id)
def test_the_paragraphs_of_the_page_are_the_documents_lines_exactly(document):
    """Printed numbers, quotation marks and every space are there, in order, and nothing else is."""
    paragraphs = re.findall(r'<p id="p\d+"[^>]*>(.*?)</p>', document_page(document))
    lines = [line.strip("\n") for line in document.text.split("\n") if line.strip()]
    assert [plain(paragraph) for paragraph in paragraphs] == [line.strip() for line in lines]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.document_id)
def test_every_paragraph_and_sentence_has_its_address(document):
    """The fragment of a permanent address is the id of the element that holds the text."""
    page = document_page(document)
    for paragraph in document.paragraphs:
        assert element(page, permanent_address("x", paragraph.number).partition("#")[2]) == paragraph.text
        for sentence in paragraph.sentences:
            fragment = permanent_address("x", paragraph.number, sentence.number).partition("#")[2]
            assert element(page, fragment) == paragraph.sentence_text(sentence)


def test_an_id_is_given_once():
    """An address leads to one place."""
    identities = re.findall(r'id="([^"]+)"', document_page(DOCUMENTS[1]))
    assert len(identities) == len(set(identities)) > 50


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: text[:20])
@pytest.mark.parametrize("field", ["text", "title", "kind", "speaker", "date", "event", "language"])
def test_hostile_text_is_shown_not_obeyed(field, text):
    """A document's text and front matter cannot make elements."""
    document = made(text) if field == "text" else made("A.", **{field: text})
    for page in (document_page(document), list_page([document.description]), missing_page(text)):
        parsed = Parsed(page)
        assert parsed.tags <= OUR_TAGS
        assert parsed.attributes <= OUR_ATTRIBUTES
        assert all(re.match(r"\.\.?/(documents(/[a-z0-9-]+)?)?$", address) for address, _ in parsed.links)


# --- what is told of the document


def test_the_page_says_kind_speaker_date_and_event_and_where_the_date_comes_from():
    """The speech carries no date of its own; the page says which document dates it."""
    page = plain(document_page(BY_ID["norov-remarks-mcis-2019"]))
    for said in ("speech", "Vladimir Norov, SCO Secretary-General", "2019-04-24", "8th Moscow Conference on International Security"):
        assert said in page
    assert "The speech carries no date of its own; the report on it (mcis-2019-report) dates the opening of the conference." in page


def test_a_printed_point_is_set_apart_and_its_further_paragraphs_name_it_in_the_margin():
    """Point 10 is printed before its first paragraph; the two after it belong to it as well."""
    page = document_page(BY_ID["norov-remarks-mcis-2019"])
    assert re.search(r'<b>10\. </b><span id="p\d+s1">We are deeply concerned', page)
    assert re.search(r'data-margin="10"><span id="p\d+s1">Over the last five years', page)


def test_in_the_margin_stands_a_points_number_alone():
    """Of "Article 3, point 1" there is room for the 1; where the text prints it, however it is marked, it is set apart there."""
    document = parse_document(Description("made-2020", "T", "statute"), "Article 3\n(1) The states agree.\nThey act.")
    page = document_page(document)
    assert '<p id="p2" class="body"><b>(1) </b>' in page
    assert '<p id="p3" class="body" data-margin="1">' in page


def test_a_paragraph_without_a_point_is_counted_in_the_margin():
    """The report prints no numbers, and is cited by paragraph."""
    assert 'id="p5" class="body" data-margin="¶5"' in document_page(BY_ID["mcis-2019-report"])


def test_the_original_is_linked_where_it_is_known():
    """In its own tab, so that it never opens inside the panel."""
    assert '<a href="https://example.org/a?b&amp;c" target="_blank" rel="noopener">' in document_page(
        made("A.", url="https://example.org/a?b&c")
    )


def test_the_page_needs_no_script_and_fetches_nothing_from_elsewhere():
    """It is one file, fonts of this server apart."""
    page = document_page(DOCUMENTS[0])
    assert "<script" not in page
    assert "http" not in re.sub(r'href="https?://[^"]*"', "", page)
    assert ":target" in page


# --- themes and the list


@pytest.mark.parametrize(("theme", "chosen"), [("dark", ' data-theme="dark"'), ("light", ' data-theme="light"'), ("", ""), ('"><b>', "")])
def test_a_theme_that_is_known_is_followed(theme, chosen):
    """Any other leaves the choice to the reader's system."""
    assert f'<html lang="en"{chosen}>' in document_page(DOCUMENTS[0], theme)


def test_inside_the_panel_links_keep_the_theme_and_none_leads_to_the_chat():
    """The chat would otherwise open within itself."""
    page = document_page(DOCUMENTS[0], "dark")
    assert 'href="../documents?theme=dark"' in page
    assert 'href="../"' not in page


def test_the_list_links_every_document_with_its_kind_and_date():
    """What there is to ask can be seen before asking."""
    page = list_page(document.description for document in DOCUMENTS)
    for document in DOCUMENTS:
        assert f'<a href="./documents/{document.document_id}">' in page
    assert "Speech, 2019-04-24, Vladimir Norov, SCO Secretary-General" in page


@pytest.mark.parametrize(("language", "kind", "speaker"), [("ru", "выступление", "Выступающий"), ("zh", "讲话", "发言人")])
def test_what_is_said_of_a_document_is_in_the_readers_language_and_marked_as_such(language, kind, speaker):
    """The document around it is in its own; a kind without a word in that language stays the document's."""
    page = document_page(BY_ID["norov-remarks-mcis-2019"], language=language)
    assert f'<p class="kind"><span lang="{language}">{kind}</span></p>' in page
    assert f'<dt lang="{language}">{speaker}</dt><dd>Vladimir Norov' in page
    listed = list_page([BY_ID["norov-remarks-mcis-2019"].description], language=language)
    assert f'<p><span lang="{language}">{kind.capitalize()}</span>, 2019-04-24, ' in listed
    assert '<p class="kind">aide-mémoire</p>' in document_page(made("A.", kind="aide-mémoire"), language=language)


def test_a_missing_document_is_named():
    """The page says what was asked for and leads to what there is."""
    page = missing_page("nix-1999")
    assert "nix-1999" in page
    assert 'href="../documents"' in page
