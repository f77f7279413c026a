"""The dashboard's files, read once: what is not in this list at the start is never served.

No text of a request ever becomes a path, so there is nothing to escape from.
"""

from __future__ import annotations

import hashlib
import mimetypes
import re
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent.parent / "static"
INDEX: Final = "index.html"

_PACKED: Final = {"br": ".br", "gzip": ".gz"}
# Vite puts a hash of the content into these names, so they never change.
_HASHED: Final = re.compile(r"assets/.+[.-][A-Za-z0-9_-]{8,}\.\w+")
_TYPES: Final = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".json": "application/json",
    ".map": "application/json",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}

_MISSING: Final = b"""<!doctype html>
<html lang="en"><meta charset="utf-8"><title>mltrack</title>
<h1>mltrack is running</h1>
<p>The dashboard has not been built in this checkout. Build it once, then start the server again:
<pre>cd server/dashboard &amp;&amp; npm ci &amp;&amp; npm run build</pre>
<p>The API works without it: <a href="/api/v1/openapi.json">/api/v1/openapi.json</a>.
</html>
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """One file, in every packing that it was built in."""

    media: str
    etag: str
    is_immutable: bool
    body: bytes
    packed: dict[str, bytes] = field(default_factory=dict)  # Content-Encoding → bytes

    def choose(self, accept_encoding: str) -> tuple[str, bytes]:
        """Return the best Content-Encoding that the client takes, "" for none, and the bytes."""
        accepted = {
            coding.partition(";")[0].strip().lower()
            for coding in accept_encoding.split(",")
            if not coding.replace(" ", "").lower().endswith((";q=0", ";q=0.0"))
        }
        for coding, body in self.packed.items():
            if coding in accepted:
                return coding, body
        return "", self.body


class Assets:
    """All files of the dashboard, by their address below "/"."""

    def __init__(self, files: dict[str, Asset]) -> None:
        self._files = files

    @classmethod
    def load(cls, folder: Path = FOLDER) -> Assets:
        """Return the files below *folder*; where there is no dashboard, a page that says so."""
        files = {}
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder).as_posix()
            if path.is_file() and path.suffix not in _PACKED.values() and "/." not in f"/{name}":
                files[name] = _read(path, name)
        if INDEX not in files:
            files = {INDEX: _asset(INDEX, _MISSING)}
        return cls(files)

    def get(self, name: str) -> Asset | None:
        """Return the file at the address *name*, without its leading slash."""
        return self._files.get(name)

    @property
    def index(self) -> Asset:
        """The page that every address of the dashboard begins with."""
        return self._files[INDEX]


def _read(path: Path, name: str) -> Asset:
    packed = {
        coding: sibling.read_bytes()
        for coding, suffix in _PACKED.items()
        if (sibling := path.with_name(path.name + suffix)).is_file()
    }
    return _asset(name, path.read_bytes(), packed)


def _asset(name: str, body: bytes, packed: dict[str, bytes] | None = None) -> Asset:
    suffix = Path(name).suffix
    return Asset(
        media=_TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream",
        etag=f'"{hashlib.sha256(body).hexdigest()[:20]}"',
        is_immutable=_HASHED.fullmatch(name) is not None,
        body=body,
        packed=packed or {},
    )
