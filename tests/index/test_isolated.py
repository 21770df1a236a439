"""A process with limits reads PDF, DOCX and HTML files; what it dies of costs one file, and the next is read."""

import io
from pathlib import Path

import docx
import pytest
from fpdf import FPDF

from index.formats.extracted import FormatError
from index.isolated import IsolatedReader, Limits
from index.parse import Block

PAGE = b"<title>A page</title><p>Peace.</p>"


def printed() -> bytes:
    """Return a PDF."""
    made = FPDF()
    made.add_page()
    made.set_font("helvetica", size=11)
    made.multi_cell(0, 6, "Peace.")
    return bytes(made.output())


def written() -> bytes:
    """Return a DOCX file."""
    document, file = docx.Document(), io.BytesIO()
    document.add_paragraph("Peace.")
    document.save(file)
    return file.getvalue()


@pytest.fixture(scope="module")
def reader():
    """A process with the usual limits."""
    with IsolatedReader() as opened:
        yield opened


@pytest.mark.parametrize(
    ("suffix", "content", "block"),
    [
        pytest.param(".html", PAGE, Block("Peace."), id="HTML"),
        pytest.param(".htm", PAGE, Block("Peace."), id="HTM"),
        pytest.param(".pdf", printed(), Block("Peace.", page=1), id="PDF"),
        pytest.param(".docx", written(), Block("Peace."), id="DOCX"),
    ],
)
def test_each_format_is_read_by_its_name(reader, suffix, content, block):
    """Blocks and pages come back as they were read."""
    assert reader.read(suffix, content).blocks == (block,)


def test_metadata_comes_back(reader):
    """What the file says of itself."""
    assert reader.read(".html", PAGE).metadata.title == "A page"


@pytest.mark.parametrize(
    ("suffix", "content", "says"),
    [
        pytest.param(".pdf", printed()[:300], "cannot be read as PDF", id="a truncated PDF"),
        pytest.param(".docx", PAGE, "cannot be read as DOCX", id="a page named as DOCX"),
        pytest.param(".html", b"<p>a\0b", "NUL", id="no page"),
        pytest.param(".html", b"<p>" + b"peace " * 3_500_000, "more than the 20,000,000 characters", id="too much text"),
    ],
)
def test_a_fault_is_the_reason_and_the_process_goes_on(reader, suffix, content, says):
    """The next file is read."""
    with pytest.raises(FormatError, match=says):
        reader.read(suffix, content)
    assert reader.read(".html", PAGE).blocks == (Block("Peace."),)


def test_what_no_database_takes_is_taken_out(reader):
    """Control characters become spaces; nothing of the text goes."""
    assert reader.read(".html", b"<p>Pea\x01ce &#x1f54a;").blocks == (Block("Pea ce \U0001f54a"),)


@pytest.mark.parametrize(
    ("limits", "content", "says"),
    [
        pytest.param(Limits(memory=150_000_000), b"<p>x" * 2_000_000, "memory", id="memory"),
        pytest.param(Limits(wait=0.0), PAGE, "given up after 0 seconds", id="waiting"),
    ],
)
def test_a_file_that_costs_too_much_is_given_up(limits, content, says):
    """However it ends, it ends with a reason."""
    with IsolatedReader(limits) as opened, pytest.raises(FormatError, match=says):
        opened.read(".html", content)


def test_a_process_that_died_is_replaced():
    """The file after the bomb is read."""
    with IsolatedReader(Limits(processor=1)) as opened:
        with pytest.raises(FormatError, match="it took more than 1 seconds of processor time"):
            opened.read(".html", b"<p>x" * 2_000_000)
        assert opened.read(".html", PAGE).blocks == (Block("Peace."),)


def test_the_process_gets_no_secrets(monkeypatch):
    """Of the environment it has what an interpreter needs: a key in it is nothing that a parser can give away."""
    monkeypatch.setenv("SCO_SECRET", "hush")
    with IsolatedReader() as opened:
        opened.read(".html", PAGE)
        process = opened._process
        assert b"hush" not in Path(f"/proc/{process.pid}/environ").read_bytes()


def test_the_process_ends_with_the_context():
    """Nothing is left running, and no pipe open."""
    with IsolatedReader() as opened:
        opened.read(".html", PAGE)
        process = opened._process
    assert process.poll() is not None
    assert process.stdin.closed
    assert process.stdout.closed
