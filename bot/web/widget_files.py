"""Serves the files of the widget to pages of any origin. Knows nothing of the assistant, so it serves them while that is loaded."""

import gzip
from functools import cache
from pathlib import Path

from starlette.datastructures import Headers
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

# Checked again every five minutes, which costs no more than an answer without a body while nothing has changed.
HEADERS = {"access-control-allow-origin": "*", "cache-control": "public, max-age=300"}
_FILES = StaticFiles(directory=Path(__file__).resolve().parent / "widget", check_dir=False)  # tells browsers what has not changed


async def widget_file(name: str, scope: Scope) -> Response:
    """Return the file *name* as the request *scope* takes it, compressed or not. Raises HTTPException if there is none."""
    response = await _FILES.get_response(name, scope)
    if isinstance(response, FileResponse) and "gzip" in Headers(scope=scope).get("accept-encoding", ""):
        kept = {"etag": f"W/{response.headers['etag']}", "last-modified": response.headers["last-modified"], "content-encoding": "gzip"}
        response = Response(_compressed(Path(response.path)), media_type=response.media_type, headers=kept)
    response.headers.update({**HEADERS, "Vary": "Accept-Encoding"})
    return response


@cache
def _compressed(file: Path) -> bytes:
    return gzip.compress(file.read_bytes(), mtime=0)
