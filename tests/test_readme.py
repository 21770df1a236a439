"""What README.md and the other descriptions say is true: commands, settings, files, messages and links."""

import re
import shlex
from dataclasses import fields

import pytest

import app
from bot.conversation import Conversation
from bot.settings import Settings
from bot.terminal import render
from tests.project import ROOT, modules, project_files

README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
INSTALL = "python3 -m venv .venv && .venv/bin/pip install -r {} && .venv/bin/python {}"
DESCRIPTIONS = [file for file in project_files() if file.suffix == ".md" and file.parts[:2] != ("index", "corpus")]


def section(title: str) -> str:
    """Return the text under a heading of README.md."""
    return README.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def rows(text: str) -> list[list[str]]:
    """Return the rows of the first table of *text*, cell by cell, without its head."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


# --- commands


def test_one_line_installs_and_starts():
    """On a machine that has Python alone."""
    assert INSTALL.format("requirements.txt", "app.py") in section("Start").splitlines()


def test_one_line_installs_and_passes_the_specifications():
    """The same line that .ci/run runs."""
    assert INSTALL.format("requirements-dev.txt", "-m pytest") in section("Start").splitlines()


def test_ci_runs_the_very_line_of_the_readme():
    """The pattern with which .ci/run looks the line up finds it and no other."""
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    found = re.search(r"grep -m 1 -E '(.+)' README\.md", script)
    assert found
    assert re.findall(found.group(1), README, re.MULTILINE) == [INSTALL.format("requirements-dev.txt", "-m pytest")]


@pytest.mark.parametrize("line", re.findall(r"^(?:SCO_\w+=\S+ )*python app\.py(.*)$", "".join(BLOCKS), re.MULTILINE))
def test_every_command_is_understood(line):
    """What is shown can be typed."""
    app._parser().parse_args(shlex.split(re.split(r" [<>|] ?", line)[0]))


def test_the_example_in_the_terminal_is_what_is_printed(assistant):
    """Question and output, but for the non-breaking spaces of the document."""
    command, output = BLOCKS[BLOCKS.index(next(block for block in BLOCKS if "app.py ask" in block)) :][:2]
    question = shlex.split(command)[-1]
    assert render(assistant.reply(question, Conversation())).replace("\u00a0", " ") == output.rstrip("\n")


# --- settings


def test_the_table_of_settings_is_that_of_the_program():
    """Every variable with its default and description, in order."""
    expected = []
    for field in fields(Settings):
        default = str(field.default).removeprefix(f"{ROOT}/")
        expected.append([f"`SCO_{field.name.upper()}`", f"`{default}`", field.metadata["description"]])
    assert rows(section("Settings")) == expected


# --- files


def listed() -> dict[str, bool]:
    """Return the files and folders in the tree of README.md, each with whether its contents are shown."""
    found: dict[str, bool] = {}
    folders: list[str] = []
    block = next(block for block in BLOCKS if block.startswith("app.py "))
    for line in block.splitlines():
        match = re.fullmatch(r"((?:  )*)(\S+) +\S.*", line)
        assert match, f"no description: {line}"
        depth, name = len(match.group(1)) // 2, match.group(2)
        folders[depth:] = [name]
        path = "".join(folders)
        assert path not in found, f"twice: {path}"
        found[path] = False
        if depth:
            found["".join(folders[:-1])] = True
    return found


def test_the_tree_lists_every_file_at_its_levels_and_no_other():
    """A folder is shown with all that it holds, or closed."""
    tree = listed()
    shown = ["", *(path for path, opened in tree.items() if opened)]
    expected = set()
    for file in project_files():
        for folder in shown:
            if file.as_posix().startswith(folder):
                first, slash, _ = file.as_posix().removeprefix(folder).partition("/")
                expected.add(f"{folder}{first}{slash}")
    assert set(tree) == expected


# --- messages and links


@pytest.mark.parametrize("words", [cell.strip("`") for cell, _ in rows(section("When something fails")) if cell.startswith("`")])
def test_a_message_that_the_readme_explains_is_one_that_the_program_gives(words):
    """Whoever searches the page for what they read finds it."""
    assert any(words in path.read_text(encoding="utf-8") for path in modules().values())


@pytest.mark.parametrize("file", DESCRIPTIONS, ids=str)
def test_links_lead_to_files_of_the_project(file):
    """Pictures too."""
    text = re.sub(r"```.*?```", "", (ROOT / file).read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\((?!https?://|#)([^)#\s]+)", text):
        assert ((ROOT / file).parent / target).exists(), f"{file}: {target}"


def test_the_changelog_has_its_form():
    """Keep a Changelog: the newest first, and known kinds of change."""
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE)[0] == "[Unreleased]"
    assert set(re.findall(r"^### (.+)$", text, re.MULTILINE)) <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
