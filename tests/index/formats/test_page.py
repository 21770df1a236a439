"""An HTML page becomes blocks: its main part, in order, without what is only navigation."""

import pytest

from index.formats.extracted import FormatError
from index.formats.page import read_page
from index.parse import Block


def blocks(page: str) -> list[tuple[str, str]]:
    """Return the kinds and texts of the blocks of *page*."""
    return [(block.kind, block.text) for block in read_page(page.encode()).blocks]


def texts(page: str) -> list[str]:
    """Return the texts of the blocks of *page*."""
    return [text for _, text in blocks(page)]


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        pytest.param("<p>One.<p>Two.", ["One.", "Two."], id="paragraphs"),
        pytest.param("<div>One.<div>Two.</div>Three.</div>", ["One.", "Two.", "Three."], id="text beside blocks"),
        pytest.param("<p>One<br>Two", ["One", "Two"], id="a line break"),
        pytest.param("<p>It  is\n <b>so</b>, <i>indeed</i>.", ["It is so, indeed."], id="white space and emphasis"),
        pytest.param("<p>5\u00a0p.m.", ["5\u00a0p.m."], id="a non-breaking space"),
        pytest.param("<p>a &lt; b &amp; c &#8212; d", ["a < b & c — d"], id="character references"),
        pytest.param("<pre>One\n  two</pre>", ["One\n two"], id="preformatted text"),
        pytest.param("<ol><li>One<li>Two</ol>", ["1. One", "2. Two"], id="a numbered list"),
        pytest.param("<ol start=4><li>One<li><p>Two</p></ol>", ["4. One", "5. Two"], id="a numbered list that goes on"),
        pytest.param("<ol><li>One<li value=7>Two<li>Three</ol>", ["1. One", "7. Two", "8. Three"], id="an item with its own number"),
        pytest.param("<ol reversed><li>One<li>Two</ol>", ["2. One", "1. Two"], id="a list that counts down"),
        pytest.param("<ol reversed start=9><li>One<li>Two</ol>", ["9. One", "8. Two"], id="a list that counts down from a number"),
        pytest.param("<ol start=-1><li>One<li>Two</ol>", ["-1. One", "0. Two"], id="a list from below nought"),
        pytest.param("<ol type=a start=26><li>One<li>Two</ol>", ["z. One", "aa. Two"], id="a list with letters"),
        pytest.param("<ol type=A><li>One<li type=1>Two</ol>", ["A. One", "2. Two"], id="an item of another type than its list"),
        pytest.param("<ol type=i start=4><li>One</ol><ol type=I start=1994><li>Two</ol>", ["iv. One", "MCMXCIV. Two"], id="roman numerals"),
        pytest.param("<ol type=i start=0><li>One</ol>", ["0. One"], id="a number without a roman numeral"),
        pytest.param("<ol type=i style='list-style-type: upper-alpha'><li>One</ol>", ["A. One"], id="a style goes before a type"),
        pytest.param("<ol style='list-style: none'><li>One<li>Two</ol>", ["One", "Two"], id="a list without numbers"),
        pytest.param("<ol><li style='color:red;list-style-type:none'>One<li>Two</ol>", ["One", "2. Two"], id="an item without a number"),
        pytest.param("<ol style='list-style-type: disc'><li>One</ol>", ["One"], id="a list with bullets"),
        pytest.param("<ol><li hidden>x<li>One<li><ol><li>Two</ol><li>Three</ol>", ["1. One", "1. Two", "3. Three"], id="hidden items"),
        pytest.param("<ul><li>One<ul><li>Two</ul></ul>", ["One", "Two"], id="a list in a list"),
        pytest.param("<table><tr><th>State<th>Since<tr><td>India<td><p>2017</p></table>", ["State | Since", "India | 2017"], id="a table"),
        pytest.param("<table><tr><td><p>One<p>Two<td><p>Three<p>Four</table>", ["One", "Two", "Three", "Four"], id="a table as layout"),
        pytest.param("<p>One<!-- two --> three", ["One three"], id="a comment"),
        pytest.param("<script>x</script><style>y</style><template>z</template><p>One", ["One"], id="what is no text"),
        pytest.param("<p hidden>x<p style='display: none'>y<p>One", ["One"], id="what is hidden"),
        pytest.param("<form><p>One<select><option>x</select><button>y</button></form>", ["One"], id="a page within a form"),
        pytest.param("<p>so<sup><a href=#n>1</a></sup>.", ["so[1]."], id="a footnote's mark"),
        pytest.param("<p>m<sup>2</sup>", ["m2"], id="a power"),
    ],
)
def test_text(page, expected):
    """What a reader sees, a block a line."""
    assert texts(page) == expected


def test_preformatted_text_that_is_hard_wrapped_is_joined():
    """Older sites keep statements so."""
    lines = (
        "The member states of the organisation met and\nagreed on further steps towards peace in the\nregion, and they will meet\nagain.\n"
    )
    assert texts(f"<pre>{lines}</pre>") == [" ".join(lines.split())]


def test_headings_and_footnotes_are_told():
    """By their elements, and by the names that pages give to the place of footnotes."""
    page = "<h1>A title</h1><p>One.</p><h3>Trade</h3><p>Two.</p><div class='footnotes'><p>1 See there.</p></div>"
    assert blocks(page) == [
        ("heading", "A title"),
        ("text", "One."),
        ("heading", "Trade"),
        ("text", "Two."),
        ("footnote", "1 See there."),
    ]


AROUND = "<nav>Menu</nav><header>Site</header><ul><li><a href=/a>Home</a><li><a href=/b>News</a></ul>{}<footer>Copyright</footer>"


def test_a_marked_main_part_is_all_that_is_read():
    """Within it nothing is dropped, not even what is a link."""
    assert texts(AROUND.format("<main><header>Peace</header><p><a href=/x>The text itself.</a></main>")) == ["Peace", "The text itself."]


def test_without_a_marked_main_part_navigation_is_dropped():
    """What surrounds a page by its elements, and what is nothing but links."""
    assert texts(AROUND.format("<div><p>One, with <a href=/x>a link</a>.</div>")) == ["One, with a link."]


def test_what_a_page_declares_of_itself_is_taken():
    """Title, date, language and address; nothing is concluded from its text."""
    page = (
        "<html lang=en-GB><head><title>SCO | Bishkek Declaration</title><meta property='og:title' content='Bishkek Declaration'>"
        "<meta property='article:published_time' content='2019-06-14T10:00:00+06:00'><link rel=canonical href='https://example.org/b'>"
        "</head><body><p>On 13 June 2018 they met."
    )
    about = read_page(page.encode()).metadata
    assert (about.title, about.date, about.language) == ("Bishkek Declaration", "2019-06-14T10:00:00+06:00", "en-GB")
    assert about.url == "https://example.org/b"
    assert read_page(b"<p>On 13 June 2018 they met.").metadata.date is None


@pytest.mark.parametrize(
    ("page", "title"),
    [
        ("<title>Site</title><h1>The <i>title</i></h1>", "The title"),
        ("<title>Site</title><h1><img src=logo.png></h1><h1>The title</h1>", "The title"),
        ("<title>Site</title><h1> </h1>", "Site"),
        ("<title>Site</title><p>x", "Site"),
        ("<p>x", None),
    ],
)
def test_without_a_declared_title_it_is_the_first_heading_or_the_windows(page, title):
    """In this order."""
    assert read_page(page.encode()).metadata.title == title


@pytest.mark.parametrize(
    "page",
    [
        pytest.param("<meta charset=windows-1251><p>Мир".encode("windows-1251"), id="declared"),
        pytest.param(
            "<meta http-equiv=Content-Type content='text/html; charset=koi8-r'><p>Мир".encode("koi8-r"), id="declared in the old way"
        ),
        pytest.param("<p>Мир".encode(), id="UTF-8 without a word"),
        pytest.param("<meta charset=ascii><p>Мир".encode("utf-8-sig"), id="a byte order mark goes before"),
        pytest.param("\ufeff<p>Мир".encode("utf-16-le"), id="UTF-16"),
        pytest.param("<?xml version='1.0' encoding='utf-8'?><html><body><p>Мир</p></body></html>".encode(), id="XHTML"),
    ],
)
def test_encodings(page):
    """As the page declares, else UTF-8."""
    assert read_page(page).blocks == (Block("Мир"),)


@pytest.mark.parametrize(
    ("label", "written", "text"),
    [
        ("iso-8859-1", b"\x93peace\x94", "“peace”"),
        ("Latin1", b"\x93peace\x94", "“peace”"),
        ("us-ascii", b"caf\xe9", "café"),
        ("windows-1252", b"a\x81b", "a\ufffdb"),
        ("gb2312", b"\xe9\x46", "镕"),
        ("gbk", b"\x81\x39\xee\x39", "㐀"),
        ("shift_jis", b"\x87\x40", "①"),
        ("x-sjis", b"\x87\x40", "①"),
        ("ks_c_5601-1987", b"\x8c\x63", "똠"),
        ("euc-kr", b"\x8c\x63", "똠"),
        ("big5", b"\xa4\xa4", "中"),
        ("utf-16", "Мир".encode(), "Мир"),
    ],
)
def test_encodings_are_those_that_browsers_take_for_the_names(label, written, text):
    """The Encoding Standard names for most older ones a larger one that holds them."""
    assert read_page(f"<meta charset={label}><p>".encode() + written).blocks == (Block(text),)


@pytest.mark.parametrize(
    ("page", "says"),
    [
        pytest.param(b"  ", "no text", id="nothing"),
        pytest.param("<p>Мир".encode("windows-1251"), "byte 3 is not utf-8", id="another encoding than declared"),
        pytest.param(b"<meta charset=utf-99>x", "'utf-99', which does not exist", id="an encoding that is none"),
        pytest.param(b"<p>a\0b", "NUL", id="NUL"),
    ],
)
def test_what_is_no_page_is_refused(page, says):
    """With the reason."""
    with pytest.raises(FormatError, match=says):
        read_page(page)


def test_a_text_of_eleven_million_characters_is_whole():
    """The parser's own limit would drop it in silence."""
    assert [len(text) for text in texts("<p>" + "peace " * 1_900_000)] == [1_900_000 * 6 - 1]
