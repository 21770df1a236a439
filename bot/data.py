"""Reads the words, patterns and texts that the program holds as YAML, by libyaml: Python's own reader takes ten times as long."""

from pathlib import Path


def read_data(path: Path) -> object:
    """Return what *path*, a YAML file of the project, holds."""
    from yaml import CSafeLoader

    return CSafeLoader(path.read_text(encoding="utf-8")).get_single_data()
