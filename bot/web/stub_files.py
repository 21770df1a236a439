"""Keeps Gradio from writing, each time it is imported, a file for code editors beside each of its components.

Gradio composes these ``.pyi`` files anew at every import, parses them and compares them with those that it wrote before: half of the
time that its import takes. Nothing reads them where it runs, and a server has no business to write into its libraries.
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import ModuleType

MODULE, WRITER = "gradio.component_meta", "create_or_modify_pyi"  # called for each class of a component


@contextmanager
def without_stub_files() -> Iterator[None]:
    """While the block runs, an import of Gradio writes no such files; without the function that writes them it is as any other."""
    finder = _Finder()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


class _Finder(MetaPathFinder):
    """Finds Gradio's MODULE alone, where all others find it."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        found = PathFinder.find_spec(name, path, target) if name == MODULE else None
        if found is None or not isinstance(found.loader, SourceFileLoader):
            return None
        found.loader = _Loader(found.loader.name, found.loader.path)
        return found


class _Loader(SourceFileLoader):
    """Loads MODULE as it is, and puts a function that does nothing in WRITER's place."""

    def exec_module(self, module: ModuleType) -> None:
        super().exec_module(module)
        if hasattr(module, WRITER):
            setattr(module, WRITER, _write_nothing)


def _write_nothing(component: type, name: str, events: object) -> None:
    """Take what WRITER takes."""
