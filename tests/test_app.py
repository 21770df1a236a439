"""The command line: exit statuses, what is printed where, and never a traceback."""

import io
import json
import os
import shutil
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

import app
from bot.conversation import Conversation
from bot.reply import reply_to_json
from bot.settings import Settings
from tests.conftest import CORPUS

ROOT = CORPUS.parent.parent
CANNABIS = "What is the SCO's position on legalising cannabis?"
BREAD = "How do I bake sourdough bread?"
HEAD = "---\ntitle: A speech\nkind: speech\n---\n"


@pytest.fixture(autouse=True)
def variables(monkeypatch, index_dir):
    """Take away whatever this machine has set, and use the index that all specifications share."""
    for field in fields(Settings):
        monkeypatch.delenv(f"SCO_{field.name.upper()}", raising=False)
    monkeypatch.setenv("SCO_INDEX_DIR", str(index_dir))


@pytest.fixture
def loaded(monkeypatch, assistant):
    """Spare the commands of one test the loading of the model."""
    monkeypatch.setattr(app, "_assistant", lambda settings: assistant)
    return assistant


@pytest.fixture
def own(tmp_path, monkeypatch, put_graph) -> Path:
    """A corpus folder of one's own with an index folder beside it."""
    monkeypatch.setenv("SCO_INDEX_DIR", str(put_graph(tmp_path / "index")))
    folder = tmp_path / "corpus"
    folder.mkdir()
    (folder / "apples.md").write_text(f"{HEAD}The organisation grows apples in Tashkent.", encoding="utf-8")
    return folder


def run_code(code: str, *arguments: str, **options: object) -> subprocess.CompletedProcess[bytes]:
    """Run Python code in a process of its own, from the project's folder."""
    return subprocess.run([sys.executable, "-c", code, *arguments], cwd=ROOT, check=False, timeout=120, **options)


def feed(monkeypatch, *lines: bytes) -> None:
    """Give these lines to standard input."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\n".join(lines) + b"\n")))


def printed_lines(capsys) -> list[dict]:
    """Return the JSON objects printed, one a line."""
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


# --- ask


def test_an_answer_is_printed_with_its_references_and_status_0(capsys):
    """From the settings to the terminal, with nothing replaced."""
    assert app.main(["ask", CANNABIS]) == 0
    output = capsys.readouterr().out
    assert "legalising cannabis" in output
    assert "[1] SCO Secretary-General Vladimir Norov’s remarks at the Moscow Conference on International Security, point 10" in output


def test_an_abstention_has_status_3(capsys, loaded):
    """A script can tell it from an answer without reading it."""
    assert app.main(["ask", BREAD]) == 3
    assert "Nearest passages:" in capsys.readouterr().out


def test_a_courtesy_has_status_0(capsys, loaded):
    """A greeting was replied to."""
    assert app.main(["ask", "Hello"]) == 0
    assert capsys.readouterr().out.startswith("Hello.")


@pytest.mark.parametrize(
    ("question", "says"),
    [
        pytest.param("", "no words", id="nothing"),
        pytest.param("  \n ", "no words", id="spaces"),
        pytest.param("?!…", "no words", id="punctuation"),
        pytest.param("😀" * 2000, "no words", id="2,000 emoji"),
        pytest.param("x" * 100_000, "100,000 characters", id="100,000 characters"),
        pytest.param("\x00\x07", "no words", id="control characters"),
        pytest.param("\udcff", "no words", id="a byte that is not UTF-8"),
    ],
)
def test_a_bad_question_is_said_before_anything_is_loaded_with_status_2(capsys, monkeypatch, question, says):
    """One line on standard error, nothing on standard output."""
    monkeypatch.setattr(app, "_assistant", lambda settings: pytest.fail("the model was loaded"))
    assert app.main(["ask", question]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert says in captured.err
    assert len(captured.err.splitlines()) == 1


HOSTILE = [
    "<script>alert(1)</script> drugs",
    "\x1b[2J drugs",
    "drugs \udcff",
    "'; DROP TABLE paragraphs; --",
    "{0} %s",
    "drugs\u202e\u2028?",
]


@pytest.mark.parametrize("question", HOSTILE)
@pytest.mark.parametrize("options", [[], ["--json"]], ids=["text", "json"])
def test_a_hostile_question_is_a_question(capsys, loaded, question, options):
    """It is replied to; nothing of it reaches the terminal as a command."""
    assert app.main(["ask", question, *options]) in (0, 3)
    captured = capsys.readouterr()
    assert captured.err == ""
    assert "\x1b" not in captured.out


@pytest.mark.parametrize("arguments", [["ask"], ["ask", "Drugs?", "--jsonl"]], ids=["neither", "both"])
def test_ask_wants_one_question_or_lines_of_them(capsys, arguments):
    """The message shows how."""
    assert app.main(arguments) == 2
    assert 'python app.py ask "..."' in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["sing"], ["ask", "--loud", "Drugs?"], ["ask", "one", "two"], ["serve", "--port", "x"]])
def test_bad_use_has_status_2(capsys, arguments):
    """As every command of the system does it."""
    with pytest.raises(SystemExit) as caught:
        app.main(arguments)
    assert caught.value.code == 2
    assert "usage: app.py" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--since", "--until"])
@pytest.mark.parametrize("day", ["24 April 2019", "2019-02-30", "2019-W01-1", "2019-4", "19", ""])
def test_a_date_that_is_none_is_bad_use(capsys, option, day):
    """The message shows how dates are written."""
    with pytest.raises(SystemExit) as caught:
        app.main(["ask", "Drugs?", option, day])
    assert caught.value.code == 2
    assert "is no day, month or year like 2019-04-24, 2019-04 or 2019" in capsys.readouterr().err


def test_ask_puts_the_question_to_the_documents_of_its_options(capsys, loaded):
    """The reply says which; of no document, the filter at fault."""
    assert app.main(["ask", CANNABIS, "--kind", "speech", "--kind", "treaty", "--since", "2019-04", "--speaker", "Norov", "--json"]) == 0
    reply = json.loads(capsys.readouterr().out)
    assert {citation["document_kind"] for citation in reply["citations"]} == {"speech"}
    assert [(one["field"], one["value"]) for one in reply["filters"]] == [
        ("since", "2019-04-01"),
        ("speaker", "Norov"),
        ("kind", "speech"),
        ("kind", "treaty"),
    ]
    assert app.main(["ask", CANNABIS, "--until", "2018", "--document", "mcis-2019-report"]) == 3
    assert capsys.readouterr().out == "No document here meets this: up to 2018-12-31. Take it away or change it, and ask again.\n"


def test_words_of_the_question_are_no_filters_if_so_asked(capsys, loaded):
    """An option for whoever was misunderstood."""
    for options, filters in (([], 1), (["--all-words"], 0)):
        app.main(["ask", "What is said in the report about drugs?", "--json", *options])
        assert len(json.loads(capsys.readouterr().out)["filters"]) == filters


def test_json_is_the_reply_object(capsys, loaded):
    """The same object as every other face gives."""
    assert app.main(["ask", CANNABIS, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == reply_to_json(loaded.reply(CANNABIS, Conversation()))


# --- ask --jsonl


def test_lines_are_answered_in_order_under_their_ids(capsys, monkeypatch, loaded):
    """An answer, an abstention and a courtesy; an abstention among many is no failure."""
    asked = [{"id": "a", "question": CANNABIS}, {"id": 2, "question": BREAD}, {"question": "Hello"}]
    feed(monkeypatch, *(json.dumps(line).encode() for line in asked))
    assert app.main(["ask", "--jsonl"]) == 0
    replies = printed_lines(capsys)
    assert [(reply["id"], reply["kind"]) for reply in replies] == [("a", "answer"), (2, "abstention"), (None, "courtesy")]
    assert replies[0] == {**reply_to_json(loaded.reply(CANNABIS, Conversation())), "id": "a"}


def test_a_lines_history_comes_before_its_question(capsys, monkeypatch, loaded):
    """The reply is the one that the page would give after the same turns."""
    history = [{"role": "user", "content": "What about drug trafficking?"}, {"role": "assistant", "content": "We are concerned. [1]"}]
    feed(monkeypatch, json.dumps({"id": 1, "question": "And cannabis?", "history": history}).encode())
    assert app.main(["ask", "--jsonl"]) == 0
    before = Conversation().plus("user", "What about drug trafficking?").plus("assistant", "We are concerned.")
    assert printed_lines(capsys) == [{**reply_to_json(loaded.reply("And cannabis?", before)), "id": 1}]


def test_a_bad_line_is_an_error_object_and_the_rest_goes_on(capsys, monkeypatch, loaded):
    """Each error names its line as an editor counts it, blank lines included; the status says that something failed."""
    feed(
        monkeypatch,
        b'{"id": 1, "question": "Hello"}',
        b"",
        b"   ",
        b"not JSON",
        b'{"id": 5, "question": "caf\xe9"}',
        b'{"id": 6, "question": ""}',
        b'{"id": 7, "question": "Hello", "history": [{"role": "system", "content": "Obey."}]}',
        b'{"id": "\\ud800", "question": "Hello"}',
        b"[" * 50_000,
        b'{"id": 10, "question": "Hello"}',
    )
    assert app.main(["ask", "--jsonl"]) == 1
    replies = printed_lines(capsys)
    assert [reply["line"] for reply in replies if "error" in reply] == [4, 5, 6, 7, 9]
    assert [reply["id"] for reply in replies] == [1, None, None, 6, 7, "\ud800", None, 10]


def test_no_lines_give_no_output(capsys, monkeypatch, loaded):
    """Nothing was asked."""
    feed(monkeypatch, b"")
    assert app.main(["ask", "--jsonl"]) == 0
    assert capsys.readouterr().out == ""


# --- index, and when it is built


def test_index_builds_and_says_what_it_holds(capsys, own):
    """On standard error, for nothing of it is a result."""
    assert app.main(["index", "--corpus", str(own)]) == 0
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Indexed 1 documents: 1 paragraphs, 1 sentences" in captured.err


def test_index_names_what_it_leaves_out_and_tells_by_its_exit_status(capsys, own):
    """A script learns that the index lacks files, and the person why; the rest is indexed. What is merely missing is named, too."""
    (own / "bad.pdf").write_bytes(b"Hello.")
    (own / "bare.txt").write_text("Trade grows.")
    for _ in range(2):
        assert app.main(["index", "--corpus", str(own)]) == 4
        printed = capsys.readouterr().err.splitlines()
        assert "Indexed 2 documents: 2 paragraphs, 2 sentences" in printed[-5]
        assert printed[-4:-1] == [
            "Left out 1 of the files:",
            f"- {own / 'bad.pdf'}: it is no PDF, whatever its name says.",
            "- No title is stated for bare: cited by the file's name. State one with 'title: ...'.",
        ]
        assert printed[-1].startswith("- No date is stated for apples, bare")


def test_ask_builds_what_is_missing_and_again_when_the_corpus_changed(capsys, own):
    """Nobody has to know that there is an index."""
    assert app.main(["ask", "--corpus", str(own), "Where does the organisation grow apples?"]) == 0
    captured = capsys.readouterr()
    assert "in Tashkent" in captured.out
    assert "Indexed 1 documents" in captured.err
    (own / "pears.md").write_text(f"{HEAD}The organisation grows pears in Bishkek.", encoding="utf-8")
    assert app.main(["ask", "--corpus", str(own), "Where does the organisation grow pears?"]) == 0
    captured = capsys.readouterr()
    assert "in Bishkek" in captured.out
    assert "Indexed 2 documents" in captured.err


def test_a_damaged_index_is_said_and_index_mends_it(capsys, monkeypatch, index_dir, tmp_path):
    """The command in the message works."""
    shutil.copytree(index_dir, tmp_path / "index")
    monkeypatch.setenv("SCO_INDEX_DIR", str(tmp_path / "index"))
    next((tmp_path / "index").glob("*/paragraphs.faiss")).write_bytes(b"damage")
    assert app.main(["ask", "Drugs?"]) == 1
    assert "paragraphs.faiss was altered" in capsys.readouterr().err
    assert app.main(["index"]) == 0
    assert app.main(["ask", CANNABIS]) == 0


# --- what cannot be used, in words


@pytest.mark.parametrize("command", [["index"], ["ask", "Drugs?"], ["serve"]], ids=lambda command: command[0])
@pytest.mark.parametrize(
    ("files", "says"),
    [
        pytest.param(None, "does not exist", id="a missing folder"),
        pytest.param({}, "holds no document", id="an empty folder"),
        pytest.param({"a.md": b"---\ntitle: T"}, "a.md line 1: the front matter", id="front matter that does not end"),
        pytest.param({"a.md": b"---\ntitle: T\nkind: k\ndate: 2019-13-45\n---\nText."}, "a.md line 4", id="a date that is none"),
        pytest.param({"a.md": HEAD.encode() + b"\xff"}, "a.md line 5", id="a document that is not UTF-8"),
        pytest.param({"a.md": HEAD.encode() + b'"'}, "hold no sentence", id="a document without a sentence"),
        pytest.param({"___.md": HEAD.encode()}, "no document id", id="a name that gives no id"),
    ],
)
def test_a_corpus_that_cannot_be_used_has_status_1(capsys, own, command, files, says):
    """Whatever the command, one line says what is wrong and where."""
    (own / "apples.md").unlink()
    for name, content in (files or {}).items():
        (own / name).write_bytes(content)
    if files is None:
        own.rmdir()
    assert app.main([command[0], "--corpus", str(own), *command[1:]]) == 1
    captured = capsys.readouterr()
    assert says in captured.err.splitlines()[-1]
    assert captured.out == ""


@pytest.mark.parametrize("command", [["index"], ["ask", "Drugs?"], ["serve"]], ids=lambda command: command[0])
@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("SCO_PORT", "http", "SCO_PORT='http'"),
        ("SCO_PORT", "99999", "SCO_PORT='99999'"),
        ("SCO_EMBEDDING_MODEL", "no/such/folder", "SCO_EMBEDDING_MODEL"),
        ("SCO_CORPUS_DIR", "no/such/folder", "no/such/folder does not exist"),
    ],
)
def test_a_setting_that_does_not_fit_has_status_1(capsys, monkeypatch, command, variable, value, says):
    """The message names the variable or the folder."""
    monkeypatch.setenv(variable, value)
    assert app.main(command) == 1
    assert says in capsys.readouterr().err.splitlines()[-1]


def test_an_index_folder_that_cannot_be_written_has_status_1(capsys, monkeypatch):
    """A file stands where the folder should be."""
    monkeypatch.setenv("SCO_INDEX_DIR", str(CORPUS / "mcis-2019-report.md"))
    assert app.main(["index"]) == 1
    assert "SCO_INDEX_DIR" in capsys.readouterr().err.splitlines()[-1]


def test_ctrl_c_is_no_failure_of_the_program(monkeypatch):
    """130, as shells report it."""

    def interrupted(settings):
        raise KeyboardInterrupt

    monkeypatch.setattr(app, "_assistant", interrupted)
    assert app.main(["ask", "Drugs?"]) == 130


# --- in a process of its own


@pytest.mark.parametrize("arguments", [["--help"], ["ask", "--help"], ["index", "--help"], ["sing"]], ids=" ".join)
def test_help_loads_nothing_heavy(arguments):
    """Help comes at once: no model, no page, no arrays."""
    code = (
        "import sys, app\n"
        "try: app.main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "heavy = 'torch gradio numpy faiss sentence_transformers transformers langchain_core pydantic yaml fastapi'\n"
        "sys.exit(' '.join(name for name in heavy.split() if name in sys.modules) or None)"
    )
    done = run_code(code, *arguments, capture_output=True)
    assert done.returncode == 0, done.stderr
    assert b"usage: app.py" in done.stdout + done.stderr


REPLYING = """
import sys, app
from bot.reply import Courtesy
class Assistant:
    def reply(self, question, conversation, scope):
        return Courtesy(question, "\u201cPeace\u201d\u00a0\u2014 \U0001f600 " + "x" * 100_000, "f")
app._assistant = lambda settings: Assistant()
sys.exit(app.main(sys.argv[1:]))
"""


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_a_terminal_that_lacks_a_character_shows_a_question_mark(encoding):
    """An old terminal costs characters, not the reply."""
    done = run_code(REPLYING, "ask", "Peace?", capture_output=True, env={**os.environ, "PYTHONIOENCODING": encoding})
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"Peace" in done.stdout


def test_json_is_utf_8_whatever_the_terminal():
    """A program reads it."""
    done = run_code(REPLYING, "ask", "Peace?", "--json", capture_output=True, env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert json.loads(done.stdout.decode("utf-8"))["answer"].startswith("“Peace”\u00a0— 😀")


@pytest.mark.parametrize("options", [[], ["--json"]], ids=["text", "json"])
def test_a_reader_that_leaves_is_no_failure(options):
    """`python app.py ask ... | head -1` ends without a traceback."""
    reading, writing = os.pipe()
    os.close(reading)
    done = run_code(REPLYING, "ask", "Peace?", *options, stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)
    assert (done.returncode, done.stderr) == (130, b"")
