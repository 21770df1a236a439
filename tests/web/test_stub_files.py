"""Gradio as the server loads it: whole, but without the files that it writes for code editors."""

import inspect
import subprocess
import sys
from importlib import import_module

from bot.web.stub_files import MODULE, WRITER, without_stub_files
from tests.project import ROOT

IMPORTING = """
import sys
from bot.web.stub_files import without_stub_files
opened = []
sys.addaudithook(lambda event, arguments: opened.append(str(arguments[0])) if event == "open" else None)
with without_stub_files():
    import gradio
with gradio.Blocks() as page:
    box = gradio.Textbox()
    box.submit(print, box)
    box.change(print, box)
print([path for path in opened if path.endswith(".pyi")])
print([event for function in page.fns.values() for _, event in function.targets])
print([finder for finder in sys.meta_path if "bot" in type(finder).__module__])
"""


def test_gradio_writes_and_reads_no_stub_file_and_its_components_have_their_events():
    """What is left out is nothing that a page is made of; afterwards imports are as they were."""
    done = subprocess.run([sys.executable, "-c", IMPORTING], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert done.stdout.splitlines() == ["[]", "['submit', 'change']", "[]"], done.stderr


def test_the_function_that_is_left_out_is_the_one_that_writes_them():
    """In the version of Gradio that is pinned: it takes a class, its name and its events, and gives nothing back."""
    writer = getattr(import_module(MODULE), WRITER)
    assert list(inspect.signature(writer).parameters) == ["component_class", "class_name", "events"]
    assert ".pyi" in inspect.getsource(writer)


def test_what_is_imported_otherwise_is_left_alone():
    """No module but that one is loaded in any other way."""
    before = list(sys.meta_path)
    with without_stub_files():
        added = [finder for finder in sys.meta_path if finder not in before]
        assert [finder.find_spec("gradio.events", None) for finder in added] == [None]
    assert sys.meta_path == before
