"""The project's own files, for specifications of the project as a whole."""

import fnmatch
import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def project_files() -> list[Path]:
    """Return every file of the project, relative to its folder and sorted; what .gitignore names is none of it."""
    ignored = [line.rstrip("/") for line in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines() if line]
    found: list[Path] = []
    for folder, folders, files in os.walk(ROOT):
        here = Path(folder).relative_to(ROOT)

        def kept(name: str, here: Path = here) -> bool:
            return name != ".git" and not any(fnmatch.fnmatch(name, p) or (here / name).as_posix() == p for p in ignored)

        folders[:] = [name for name in folders if kept(name)]
        found += [here / name for name in files if kept(name)]
    return sorted(found)


def modules() -> dict[str, Path]:
    """Return the program's modules by dotted name, packages' own files aside."""
    files = [Path("app.py"), *(file for file in project_files() if file.parts[0] in ("index", "bot") and file.suffix == ".py")]
    return {".".join(file.with_suffix("").parts): ROOT / file for file in files if file.name != "__init__.py"}
