"""A refusal is a page in the visitor's language where a browser asked for a page, and JSON where a program asked."""

import re

import pytest

from bot.languages import VOICES, language_of
from bot.web.access import Access
from bot.web.labels import labels
from bot.web.refusal_page import refused
from bot.web.refusals import RefusalError, in_words
from tests.project import ROOT
from tests.web.examples import Parsed
from tests.web.site import Scripted, site

BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
# Where refusals are written that a visitor of a page may meet, and those of the chat page's own requests.
MODULES = ("guard", "sessions")
OTHERS = {"rate_limited", "index_unreachable", "malformed", "failed"}


def of(path: str, language: str) -> dict[str, object]:
    """Return the scope of a browser's request."""
    headers = [(b"accept", b"text/html"), (b"accept-language", language.encode())]
    return {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": headers}


@pytest.mark.parametrize("language", VOICES)
def test_every_refusal_that_a_page_may_meet_has_words_in_every_language(language):
    """Whichever code the modules in front of the pages give."""
    sources = [(ROOT / "bot" / "web" / f"{module}.py").read_text(encoding="utf-8") for module in MODULES]
    codes = {code for source in sources for code in re.findall(r'RefusalError\(\s*\d+,\s*"(\w+)"', source)} | OTHERS
    assert len(codes) >= 10
    assert codes == {name.removeprefix("refused_") for name in labels() if name.startswith("refused_")}
    for code in codes:
        said = in_words(RefusalError(400, code, "", "", 7), language)
        assert language_of(said.replace("SCO_TRUSTED_PROXIES", "")) == language


@pytest.mark.parametrize("language", VOICES)
def test_a_browser_gets_a_page_in_its_language(language):
    """With links that lead on from wherever it is, under a proxy's path too."""
    refusal = RefusalError(404, "not_found", "There is no such page here.", "Begin anew.")
    response = refused(refusal, of("/a/b", language))
    page = Parsed(response.body.decode())
    assert (response.status_code, response.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert labels(language)["refused_not_found"] in page.text
    assert [address for address, _ in page.links] == ["../", "../documents"]
    assert [address for address, _ in Parsed(refused(refusal, {**of("/ask/a", language), "root_path": "/ask"}).body.decode()).links] == [
        "./",
        "./documents",
    ]


def test_a_page_that_there_is_not_is_told_to_a_browser_in_words_and_to_a_program_in_json():
    """By the same status, and with the same safe headers."""
    with site(Scripted(), Access()) as client:
        shown = client.get("/nothing/here", headers={**BROWSER, "accept-language": "ru"})
        told = client.get("/nothing/here")
        upload = client.post("/evaluation", headers={**BROWSER, "content-length": "3000000"})
    assert shown.status_code == told.status_code == 404
    assert labels("ru")["refused_not_found"] in shown.text
    assert "Accept-Language" in shown.headers["vary"]
    assert shown.headers["content-security-policy"] == told.headers["content-security-policy"]
    assert told.json()["error"]["code"] == "not_found"
    assert upload.status_code == 413
    assert labels()["refused_too_large"] in upload.text


@pytest.mark.parametrize("language", ["ru", "zh"])
def test_a_refusal_of_what_the_chat_page_asks_is_in_its_language_where_gradio_shows_it(language):
    """Too much asked, another browser's session, and what the page never sends; the code stays for programs."""
    joining = {"data": [], "fn_index": 0, "session_hash": "a"}
    headers = {"accept-language": language}
    with site(Scripted(), Access(per_address=2)) as client:
        client.post("/gradio_api/queue/join", json=joining, headers=headers)
        malformed = client.post("/gradio_api/queue/join", json={"data": 7}, headers=headers)
        often = client.post("/gradio_api/queue/join", json=joining, headers=headers)
        client.cookies.clear()
        client.get("/")
        foreign = client.get("/gradio_api/queue/data?session_hash=a", headers=headers)
    assert language_of(often.json()["detail"]) == language
    assert foreign.json()["detail"] == labels(language)["refused_not_your_session"]
    assert foreign.json()["error"]["code"] == "not_your_session"
    assert malformed.status_code == 422
