"""Styles, scripts and fonts: addressed by their content, so that a browser may keep them for ever."""

from __future__ import annotations

import gzip
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

ROOT: Final = Path(__file__).with_name("static")
TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
    ".png": "image/png",
    ".ico": "image/x-icon",
}
FOR_EVER: Final = "public, max-age=31536000, immutable"
# A picture in SVG may hold a script, and would run it when it is opened by itself.
INERT: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}
_NAME: Final = re.compile(r"[A-Za-z0-9_./-]{1,120}")
_LINKED: Final = re.compile(rb"""(?:url\(|import\s|from\s)\s*["']?(\./[A-Za-z0-9_./-]+)["']?""")


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is sent: its bytes, the same packed (or None where that gains nothing), its media type."""

    body: bytes
    packed: bytes | None
    media: str


class Assets:
    """The static files of one site; read when first asked for. Links between them (css url(), js import) are rewritten
    to content addresses, so that a changed part changes the address of the whole."""

    def __init__(self, root: Path = ROOT) -> None:
        self._root = root
        self._made: dict[str, Asset] = {}
        self._hashes: dict[str, str] = {}

    def path(self, name: str) -> str:
        """The address of the file `name` (relative to the static folder); LookupError if there is none."""
        if name not in self._hashes:
            self._make(name)
        return f"/static/{self._hashes[name]}/{name}"

    def has(self, name: str) -> bool:
        """Whether the file is there (what the build brings may be missing in a bare source tree)."""
        return (self._root / name).is_file()

    async def serve(self, request: Request) -> Response:
        """Answer `GET /static/{hash}/{name}`; a wrong hash is 404, so that an old page never gets new parts."""
        name, asked = request.path_params["name"], request.path_params["hash"]
        try:
            right = self.path(name).split("/")[2]
        except LookupError:
            return Response("No such file.", 404, INERT, "text/plain")
        if asked != right:
            return Response("No such version of this file.", 404, INERT, "text/plain")
        asset = self._made[name]
        headers = {**INERT, "Cache-Control": FOR_EVER, "Vary": "Accept-Encoding"}
        if asset.packed is not None and "gzip" in request.headers.get("accept-encoding", ""):
            return Response(
                asset.packed, headers={**headers, "Content-Encoding": "gzip"}, media_type=asset.media
            )
        return Response(asset.body, headers=headers, media_type=asset.media)

    def _make(self, name: str, above: tuple[str, ...] = ()) -> None:
        if _NAME.fullmatch(name) is None:
            raise LookupError("no static file of that name")
        file = (self._root / name).resolve()
        suffix = file.suffix
        if (
            self._root.resolve() not in file.parents
            or not file.is_file()
            or suffix not in TYPES
            or name in above
        ):
            raise LookupError(f"no static file {name}")
        body = file.read_bytes()
        if suffix in (".css", ".js") and not name.startswith("vendor/"):
            folder = file.parent

            def linked(found: re.Match[bytes]) -> bytes:
                target = (folder / found[1].decode()).resolve().relative_to(self._root.resolve()).as_posix()
                if not self.has(target):
                    return found[0]  # the build brings it; without it the page still stands
                if target not in self._hashes:
                    self._make(target, (*above, name))
                return found[0].replace(found[1], self.path(target).encode())

            body = _LINKED.sub(linked, body)
        packed = gzip.compress(body, 9, mtime=0) if suffix not in (".woff2", ".png") else None
        self._made[name] = Asset(body, packed if packed and len(packed) < len(body) else None, TYPES[suffix])
        self._hashes[name] = hashlib.sha256(body).hexdigest()[:12]
