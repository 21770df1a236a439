"""Replies written by hand, for specifications that need no search, and text meant to be taken for markup."""

from html.parser import HTMLParser

from bot.reply import Abstention, Answer, AnswerSentence, Citation, Courtesy, NearestPassage
from index.document import Description, Paragraph, Passage, Sentence

REMARKS = Description("remarks-2019", "Remarks at the conference", "speech", date="2019-04-24", speaker="V. Norov")
REPORT = Description("report-2019", "Report on the conference", "report")

HOSTILE = (
    "<script>alert(1)</script>",
    '<img src=x onerror="alert(1)">',
    '"><a href="javascript:alert(1)">x</a>',
    "**bold** _italic_ ~~gone~~ ==mark==",
    "![x](http://elsewhere.example/x.png)",
    "[a](javascript:alert(1))",
    "<http://elsewhere.example> http://elsewhere.example www.elsewhere.example a@elsewhere.example",
    "# heading",
    "1. item",
    "- item",
    "> quote",
    "    indented code",
    "`" * 100,
    "```html\n<b>x</b>\n```",
    "| a | b |\n|---|---|\n| 1 | 2 |",
    "one\n\ntwo\n===",
    "$$x^2$$ \\(y\\) \\[z\\]",
    "&lt;b&gt; &#42; &amp;",
    "<!-- hidden --> --> ]]>",
    "</div></div><style>*{display:none}</style>",
    "<details open ontoggle=alert(1)>",
    "text \u202e reversed \u2066 isolated",
    "[1] [2][3] [^1]",
    "%%%LATEX_BLOCK_0%%% ```mermaid```",
)


def citation(
    marker: int, description: Description = REMARKS, *, point: str | None = "10", also: bool = False, sentence: int = 1
) -> Citation:
    """A citation of the sentence "So it is." in paragraph 12."""
    return Citation(marker, description, 12, sentence, point, "So it is.", 100, 109, 0, 9, also)


def answer(*sentences: tuple[str, tuple[int, ...]], citations: tuple[Citation, ...], question: str = "Is it so?") -> Answer:
    """An answer whose text joins the sentences with their markers; a sentence that begins with a line break opens a paragraph."""
    text, parts = "", []
    for sentence, markers in sentences:
        words = sentence.lstrip("\n")
        text += "" if not text else "\n\n" if sentence.startswith("\n") else " "
        parts.append(AnswerSentence(words, len(text), len(text) + len(words), "verbatim", markers))
        text += words + " " + "".join(f"[{marker}]" for marker in markers)
    return Answer(question, question, text, tuple(parts), citations, 0.9, "0" * 16)


def abstention(text: str = "The documents do not say this.", sentence: str = "It is near.", question: str = "Why?") -> Abstention:
    """An abstention with one nearest passage: paragraph 3, which holds one sentence."""
    paragraph = Paragraph("report-2019", 3, 0, sentence, "body", None, (Sentence(1, 0, len(sentence)),))
    nearest = NearestPassage(REPORT, Passage(paragraph, 0.5, 1), paragraph.sentences[0])
    return Abstention(question, question, text, "no_evidence", (nearest,), 0.1, "0" * 16)


def courtesy(text: str = "Hello.", question: str = "Hi") -> Courtesy:
    """A courtesy."""
    return Courtesy(question, text, "0" * 16)


class Parsed(HTMLParser):
    """The elements, links and text of a piece of HTML, as an independent parser sees them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.links: list[tuple[str, str]] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        """Note the element, its attributes and its link."""
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)
        self.text += "\n" if tag == "br" else ""
        if tag == "a":
            self.links.append((dict(attrs)["href"], dict(attrs).get("title", "")))

    def handle_data(self, data):
        """Note the text."""
        self.text += data

    def handle_comment(self, data):
        """Note that there is a comment."""
        self.tags.add("comment")
