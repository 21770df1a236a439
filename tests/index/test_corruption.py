"""Whatever happens to the files of an index, nothing is answered from what was damaged, and the last good index serves."""

import random
import shutil
from pathlib import Path

import pytest

from index.build import build
from index.current import open_usable
from index.errors import IndexUnusableError
from index.manifest import faults, read_manifest
from index.store import open_generation
from tests.fakes import WordEmbeddings
from tests.index.test_crash import NEW, OLD, put, silent

CORRUPTIONS = 10_000


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    """An index with the generation in use, of NEW, and the one before it, of OLD; who damages it mends it."""
    folder = tmp_path_factory.mktemp("built")
    for texts in (OLD, NEW):
        build(put(folder / "corpus", texts), folder / "index", WordEmbeddings(), silent)
    return folder / "index"


@pytest.fixture
def copy(built, tmp_path) -> Path:
    """A copy to be damaged for good."""
    shutil.copytree(built, tmp_path / "copy")
    return tmp_path / "copy"


def artefacts(folder: Path) -> list[Path]:
    """Return the pointer and every file of the generation in use."""
    generation, _ = read_manifest(folder)
    return [folder / "CURRENT", *sorted(path for path in generation.rglob("*") if path.is_file())]


def refusal(folder: Path) -> str:
    """Return why the generation in use is refused, as it is when it is opened; empty if it is not."""
    try:
        current = read_manifest(folder)
        return "no index" if current is None else next(faults(*current), "")
    except IndexUnusableError as error:
        return str(error)


def flipped(content: bytes, chance: random.Random) -> bytes:
    """Return *content* with some bits of one byte turned over."""
    at = chance.randrange(len(content))
    return content[:at] + bytes([content[at] ^ chance.randrange(1, 256)]) + content[at + 1 :]


def cut(content: bytes, chance: random.Random) -> bytes:
    """Return the beginning of *content*."""
    return content[: chance.randrange(len(content))]


def test_no_corruption_of_any_file_goes_unnoticed(built):
    """Of ten thousand at random - bytes changed, files cut short, taken away, or swapped - each is refused, and the file named."""
    chance = random.Random(20260711)
    files = artefacts(built)
    contents = {file: file.read_bytes() for file in files}
    assert refusal(built) == ""
    for number in range(CORRUPTIONS):
        file, kind = chance.choice(files), chance.choice(["flip", "cut", "take away", "swap"])
        damaged = {file}
        if kind == "take away":
            file.unlink()
        elif kind == "swap":
            other = chance.choice([one for one in files if contents[one] != contents[file]])
            file.write_bytes(contents[other])
            other.write_bytes(contents[file])
            damaged.add(other)
        else:
            file.write_bytes((flipped if kind == "flip" else cut)(contents[file], chance))
        said = refusal(built)
        named = any(one.name in said for one in damaged)
        assert named or (said, file.name, kind) == ("no index", "CURRENT", "take away"), (number, kind, file.name, said)
        for one in damaged:
            one.write_bytes(contents[one])
    assert refusal(built) == ""


def test_the_last_good_index_answers_for_a_damaged_one_and_a_warning_says_so(built, copy, caplog):
    """Whichever file it is; the warning names it, and the command that mends it."""
    good = next(path for path in built.glob("generation-*") if path != read_manifest(built)[0])
    for file in artefacts(copy)[1:]:
        content = file.read_bytes()
        file.write_bytes(content[: len(content) // 2])
        caplog.clear()
        served = open_usable(copy)
        assert served.folder.name == good.name
        assert served.document("two-2020").text == "Trade in Bishkek."
        assert file.name in caplog.text
        assert f"Rebuild it with: python app.py index Until then the index before it answers, {good.name} of 3 documents" in caplog.text
        file.write_bytes(content)
    caplog.clear()
    assert open_usable(copy).folder.name == read_manifest(copy)[0].name
    assert caplog.text == ""


def test_where_the_pointer_is_damaged_the_newest_index_answers(copy, caplog):
    """It is whole; the warning names the pointer."""
    newest = read_manifest(copy)[0]
    (copy / "CURRENT").write_bytes(b"generation-")
    assert open_usable(copy).folder == newest
    assert "CURRENT was altered" in caplog.text


def test_where_both_are_damaged_nothing_answers(copy):
    """There is nothing that may be answered from."""
    for generation in copy.glob("generation-*"):
        (generation / "vocabulary.json").write_text("{}")
    with pytest.raises(IndexUnusableError, match=r"vocabulary\.json was altered"):
        open_usable(copy)


@pytest.mark.parametrize("name", ["CURRENT", "manifest.json", "corpus.sqlite", "paragraphs.faiss"])
def test_a_build_mends_what_is_damaged_and_keeps_the_last_good_index(copy, tmp_path, name):
    """Not the damaged one, which nothing could be answered from."""
    good = next(path for path in copy.glob("generation-*") if path != read_manifest(copy)[0])
    next(file for file in artefacts(copy) if file.name == name).write_bytes(b"damage")
    newer = {**NEW, "five-2023": "One more."}
    manifest = build(put(tmp_path / "corpus", newer), copy, WordEmbeddings(), silent)
    assert open_generation(copy).manifest == manifest
    kept = [path for path in copy.glob("generation-*") if path.name != manifest.generation]
    if name != "CURRENT":
        assert kept == [copy / good.name]
    assert len(kept) == 1
