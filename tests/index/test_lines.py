"""Hard-wrapped lines become a line a paragraph, other texts stay as they are, and no letter is lost."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.lines import unwrap

# A speech of 1999, wrapped at 55 characters, and one of 2022, a paragraph a line.
WRAPPED = """I take great pleasure in
congratulating you most warmly, my dear brother, on your
election to the presidency of the General Assembly at its
fifty-fourth session. Your great country, Namibia, and its
illustrious leader have been very
generous indeed in allowing us to benefit.
Your predecessor has earned our
admiration and gratitude by the exemplary manner in which
he presided over the fifty-third session of the General
Assembly. We thank him.
"""
PARAGRAPHS = """It is an honour to represent His Excellency and to deliver this statement for the Republic at this session of the Assembly.
On behalf of the Government and people of the Republic, allow me to congratulate Mr. Korosi on his assumption of the presidency.
Allow me to also thank His Excellency Mr. Shahid for his exceptional stewardship of this body during the last session.
The world has changed since, and we with it, and nobody can say where the road that we have taken together will lead us.
"""


def test_wrapped_lines_are_joined_where_a_sentence_goes_on():
    """The first paragraph ends with a short line and a full stop; sentences end in mid-line, too."""
    first, second = unwrap(WRAPPED).split("\n\n")
    assert first.startswith("I take great pleasure in congratulating you most warmly, my dear brother, on your election to")
    assert first.endswith("in allowing us to benefit.")
    assert second.startswith("Your predecessor has earned our admiration")
    assert second.endswith("General Assembly. We thank him.")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(PARAGRAPHS, id="a paragraph a line"),
        pytest.param("".join(f"Sentence number {number} is short.\n" for number in range(30)), id="short sentences"),
        pytest.param("".join(f"- point number {number} of the agenda\n" for number in range(30)), id="a list"),
        pytest.param("agenda\nborder\ncustoms\ndrugs\ntrade\n", id="a column of words"),
        pytest.param("Security Council\nGeneral Assembly\nEconomic Council\nTrust Council\nCourt of Justice\n", id="a list of names"),
        pytest.param("The states met in Bishkek and\nagreed on peace.\n", id="too few lines to tell"),
        pytest.param("", id="nothing"),
    ],
)
def test_other_texts_stay_as_they_are(text):
    """Not a character of them changes."""
    assert unwrap(text) == text


def wrapped(*lines: str) -> list[str]:
    """Return the paragraphs of *lines* amid a text that is hard-wrapped beyond doubt."""
    filler = "the member states of the organisation agree that this is\n" * 12
    text = unwrap(f"{filler}so.\n\n" + "\n".join(lines) + f"\n\n{filler}so.")
    return text.split("\n\n")[1:-1]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param(["Peace is needed in the whole of", "the region."], ["Peace is needed in the whole of the region."], id="two lines"),
        pytest.param(["This is traditional and non-", "traditional."], ["This is traditional and non-traditional."], id="its own hyphen"),
        pytest.param(["We agree. The organi-", "sation acts."], ["We agree. The organisation acts."], id="a word divided"),
        pytest.param(["We agree on the re-", "structuring."], ["We agree on the re-structuring."], id="divided or not"),
        pytest.param(["A soft hyp\u00ad", "hen goes."], ["A soft hyphen goes."], id="a soft hyphen"),
        pytest.param(["1. We agree on all of this.", "2. We act."], ["1. We agree on all of this.", "2. We act."], id="numbered points"),
        pytest.param(["We note:", "(a) peace and", "rest;", "(b) trade."], ["We note:", "(a) peace and rest;", "(b) trade."], id="a list"),
        pytest.param(["Trade", "The states agree that this is of the", "utmost use."],
                     ["Trade", "The states agree that this is of the utmost use."], id="a heading"),
        pytest.param(["It is agreed by all member states of the whole,", "", "organisation that peace is needed."],
                     ["It is agreed by all member states of the whole, organisation that peace is needed."], id="the foot of a page"),
        pytest.param(["# Trade and all that belongs to it in the whole region", "of the organisation, it is agreed", "upon."],
                     ["# Trade and all that belongs to it in the whole region", "of the organisation, it is agreed upon."], id="a mark"),
        pytest.param(["| The member states of the organisation | and their years |", "|---|---|", "| India | 2017 |"],
                     ["| The member states of the organisation | and their years |", "|---|---|", "| India | 2017 |"], id="rows"),
        pytest.param(["It is so.", "", "The states met."], ["It is so.", "The states met."], id="a blank line"),
        pytest.param(["It is agreed by all the member states of the whole. So", "   The states met."],
                     ["It is agreed by all the member states of the whole. So", "The states met."], id="an indent"),
    ],
)  # fmt: skip
def test_where_a_paragraph_begins(lines, expected):
    """Room at a line's end, a blank line, an indent or a number opens a paragraph; a small letter never does."""
    assert wrapped(*lines) == expected


def test_chinese_lines_are_joined_without_a_space():
    """Between its characters none stands."""
    lines = (
        "上海合作组织成员国元首理事会会议于二零一九年六月十四日在比什",
        "凯克举行并就本地区和平与安全问题以及经贸合作和人文交流达成广",
        "泛共识各方重申恪守联合国宪章宗旨和原则并将继续加强在政治安全",
        "经济人文等领域的合作。",
    )
    assert unwrap("\n".join(lines)) == "".join(lines)


def test_a_chinese_article_begins_a_paragraph():
    """Though the line before is full."""
    lines = (
        "第一条成员国应当根据本组织宪章的宗旨和原则开展合作并且共同维护",
        "本地区的和平与安全以及稳定的发展环境并且不断加强相互之间的信任。",
        "第二条各成员国应当加强经济贸易合作。",
    )
    assert unwrap("\n".join((*lines[:2] * 3, *lines))).split("\n\n")[-1] == lines[2]


TEXTS = st.lists(
    st.sampled_from(["peace ", "Trade ", "non-", "\u00ad", "\n", "\n\n", "  ", "1. ", ". ", "上海", "and the states of it "]), max_size=80
)


@given(TEXTS.map("".join))
def test_joining_changes_white_space_and_hyphens_and_nothing_else(text):
    """Every other character stays, in its order."""
    without = re.compile(r"[\s\u00ad-]")
    assert without.sub("", unwrap(text)) == without.sub("", text)
