"""A reply's plain JSON is the same for every face, and is what docs/reply.md describes."""

import hashlib
import json
import re
from pathlib import Path

import pytest

from bot.citations import cite
from bot.filters import Filter
from bot.reply import Abstention, Answer, Courtesy, NearestPassage, document_to_json, permanent_address, point, reply_to_json
from bot.writer import write_extract
from index.document import Description, Paragraph
from tests.bot.values import DESCRIPTIONS, DRUGS, PEACE, SPEECH, evidence, scored

GOLDEN = Path(__file__).with_name("golden")
DOCS = Path(__file__).resolve().parents[2] / "docs" / "reply.md"
FINGERPRINT = "0123456789abcdef"


def an_answer() -> Answer:
    """An answer of two sentences, one of which another document says too."""
    found = evidence(PEACE, DRUGS)
    answer = cite(
        write_extract(found),
        found,
        DESCRIPTIONS,
        question="And peace?",
        standalone_question="What of peace?",
        index_fingerprint=FINGERPRINT,
    )
    assert answer is not None
    return answer


def an_abstention() -> Abstention:
    """An abstention with one passage beside it."""
    near = scored(SPEECH, 3, 1)
    nearest = NearestPassage(SPEECH.description, near.passage, near.sentence)
    text, instead = "The documents do not say this.", ("And peace?", "And drugs?")
    filters = (Filter("since", "2019-01-01", "since 2019"), Filter("kind", "speech"))
    return Abstention("Moon?", "What of the Moon?", text, "no_evidence", (nearest,), 0.123456, FINGERPRINT, instead, filters)


REPLIES = {"answer": an_answer(), "abstention": an_abstention(), "courtesy": Courtesy("Hi", "Hello.", FINGERPRINT)}


@pytest.mark.parametrize("kind", REPLIES)
def test_the_json_of_a_reply_is_the_golden_file(kind):
    """Whoever reads replies by program reads the same fields tomorrow."""
    assert reply_to_json(REPLIES[kind]) == json.loads((GOLDEN / f"{kind}.json").read_text(encoding="utf-8"))


def test_all_replies_have_the_same_fields():
    """A client asks what kind it is, never whether a field is there."""
    fields = [list(reply_to_json(reply)) for reply in REPLIES.values()]
    assert fields[0] == fields[1] == fields[2]


def _fields(value: object) -> set[str]:
    if isinstance(value, dict):
        return set(value) | {name for inner in value.values() for name in _fields(inner)}
    return {name for inner in value for name in _fields(inner)} if isinstance(value, list) else set()


def test_every_field_is_described_and_every_described_field_exists():
    """The tables of docs/reply.md hold the fields of the JSON, no more and no fewer."""
    described = set(re.findall(r"^\| `(\w+)` \|", DOCS.read_text(encoding="utf-8"), re.MULTILINE))
    assert described == {name for reply in REPLIES.values() for name in _fields(reply_to_json(reply))}


def test_a_document_is_told_with_its_language():
    """A page reads a Russian quote out in Russian."""
    told = document_to_json(Description("rech-2019", "Речь", "speech", language="ru"))
    assert (told["document_id"], told["document_language"]) == ("rech-2019", "ru")


def test_an_id_names_question_reply_and_index():
    """Equal replies have equal ids; another index or another question gives another."""
    expected = hashlib.sha256(b"0123456789abcdef\0Hi\0Hi\0Hello.").hexdigest()[:16]
    ids = [
        reply_to_json(Courtesy(*fields))["id"]
        for fields in (("Hi", "Hello.", FINGERPRINT), ("Hi!", "Hello.", FINGERPRINT), ("Hi", "Hello.", "f"))
    ]
    assert ids[0] == expected
    assert len(set(ids)) == 3


def test_json_of_odd_text_can_be_written():
    """Markup stays text; half a surrogate pair does not stop the id."""
    reply = reply_to_json(Courtesy("<script>\ud800", "…\u2028", FINGERPRINT))
    assert reply["question"] == "<script>\ud800"
    json.dumps(reply)


@pytest.mark.parametrize(
    ("arguments", "address"),
    [(("speech-2019", 12), "/documents/speech-2019#p12"), (("speech-2019", 12, 3), "/documents/speech-2019#p12s3")],
    ids=["paragraph", "sentence"],
)
def test_a_permanent_address_names_document_paragraph_and_sentence(arguments, address):
    """The fragment is the id of an element in the document's page."""
    assert permanent_address(*arguments) == address


def test_a_place_is_named_by_the_documents_own_number_where_it_has_one():
    """A reader looks for "point 10" in the document, not for our count."""
    assert [point(paragraph) for paragraph in SPEECH.paragraphs] == ["paragraph 1", "point 1", "point 1", "point 2"]
    assert [point(citation) for citation in REPLIES["answer"].citations] == ["point 1", "paragraph 1", "point 1"]


@pytest.mark.parametrize(
    ("printed", "page", "expected"),
    [
        pytest.param("10", 3, "point 10, p. 3", id="a point on a page"),
        pytest.param(None, 3, "paragraph 7, p. 3", id="a paragraph on a page"),
        pytest.param("Article 3", None, "Article 3", id="a number with its name"),
        pytest.param("Article 3, point 1", 2, "Article 3, point 1, p. 2", id="a point of an article"),
        pytest.param("第三条", None, "第三条", id="a Chinese article"),
    ],
)
def test_a_place_has_its_page_and_keeps_its_name(printed, page, expected):
    """As a reader would look it up."""
    assert point(Paragraph("doc", 7, 0, "Text.", "body", printed, (), page)) == expected
