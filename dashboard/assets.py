"""Static files under addresses that change with their content, so that browsers may keep them for ever."""

import hashlib
from functools import cache
from pathlib import Path

from flask import Flask, Response, request, url_for

STATIC_DIR = Path(__file__).parent / "static"
HASH_LENGTH = 12


def content_hash(path: Path, modified_ns: int) -> str:
    """First digits of the file's SHA-256; `modified_ns` keys the cache, so that an edited file gets a new address."""
    return _content_hash(path, modified_ns)


@cache
def _content_hash(path: Path, _modified_ns: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:HASH_LENGTH]


def asset(name: str) -> str:
    """Address of a static file, such as /static/css/base.css?v=3f2a...; FileNotFoundError for unknown names."""
    path = STATIC_DIR / name
    return url_for("static", filename=name, v=content_hash(path, path.stat().st_mtime_ns))


def install(app: Flask) -> None:
    app.add_template_global(asset)

    def keep(response: Response) -> Response:
        if request.endpoint == "static" and response.status_code in (200, 304):
            known = "v" in request.args
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if known else "no-cache"
        return response

    app.after_request(keep)
