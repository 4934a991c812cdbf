"""Requests as bytes, straight into the application: what no HTTP client would send, a stranger will."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, unquote_to_bytes

from lxml import etree

FORM = "application/x-www-form-urlencoded"
REFUSALS = frozenset({400, 403, 404, 405, 406, 410, 413, 414, 415, 422})
COSTLY = frozenset({"too-costly", "throttled"})  # the only reasons for a 503
_BREAKS = re.compile(r"[^\w$#/-]+|_(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: the query string and the form of a POST as they are on the wire."""

    path: str
    query: bytes = b""
    form: bytes | None = None

    def words(self) -> set[str]:
        """Names, values and steps of the path, and their parts: what a refusal may name."""
        found: set[str] = set()
        for text in (*self.path.split("/"), *self.pairs()):
            plain = text.strip()
            found |= {text[:60], plain[:60], ascii(plain)[1:61], *_BREAKS.split(plain)[:200]}
        return {one for one in found if one}

    def pairs(self) -> Iterable[str]:
        for part in b"&".join((self.query, self.form or b"")).split(b"&"):
            if part.startswith(b"="):  # without a name: it is named as it stands
                yield part.decode("latin-1")
            for text in part.replace(b"+", b" ").split(b"=", 1):
                yield unquote_to_bytes(text).decode("utf-8", "replace")
                yield text.decode("latin-1")


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    media: str
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Raw:
    """Somebody with a token who calls an ASGI application."""

    def __init__(self, runner: asyncio.Runner, app: Any, headers: dict[str, str]) -> None:
        self._runner = runner
        self._app = app
        self._headers = headers

    def ask(self, asked: Asked, **headers: str) -> Answer:
        """GET, or POST where there is a form."""
        return self._runner.run(self._call(asked, headers))

    async def _call(self, asked: Asked, more: dict[str, str]) -> Answer:
        body = asked.form or b""
        headers = {"host": "localhost", **self._headers, **more}
        if asked.form is not None:
            headers |= {"content-type": FORM, "content-length": str(len(body))}
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "http", "root_path": "",
            "method": "GET" if asked.form is None else "POST", "path": unquote(asked.path),
            "raw_path": asked.path.encode(), "query_string": asked.query,
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            "client": ("127.0.0.1", 50000), "server": ("localhost", 80),
        }  # fmt: skip
        start: dict[str, Any] = {}
        chunks: list[bytes] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            else:
                chunks.append(message.get("body", b""))

        await self._app(scope, receive, send)
        media = dict(start["headers"]).get(b"content-type", b"").decode("latin-1")
        return Answer(start["status"], media, b"".join(chunks))


def judged(asked: Asked, answer: Answer) -> Any:
    """The content of an answer that is sound: readable, and where it is a refusal, one that says of what."""
    about = f"{asked}\n{answer.status} {answer.media} {answer.body[:1500]!r}"
    assert answer.status == 200 or answer.status in REFUSALS or answer.status == 503, about
    if "xml" in answer.media:
        root = etree.fromstring(answer.body)
        kind, tree = etree.QName(root).localname, None
        said = " ".join(str(one) for one in root.xpath("//@value"))
    else:
        tree = answer.json()
        kind = tree["resourceType"]
        said = _said(tree) if answer.status != 200 else ""
    if answer.status == 200:
        assert kind in ("Bundle", "Parameters", "CapabilityStatement"), about
        return tree
    assert kind == "OperationOutcome", about
    assert not any(
        sign in said for sign in ("Traceback", 'File "', '.py"', "charthouse.", "apsw", "psycopg")
    ), about
    if tree is not None:
        assert all(one["severity"] in ("error", "fatal") and one["diagnostics"] for one in tree["issue"]), (
            about
        )
        assert answer.status != 503 or tree["issue"][0]["code"] in COSTLY, about
    is_lacking = tree is not None and tree["issue"][0]["code"] == "required"  # names what is not there
    if answer.status != 404 and not is_lacking:  # hidden and absent give the same answer, which names nothing
        assert any(word in said for word in asked.words()), about
    return tree


def _said(tree: Any) -> str:
    return " ".join(
        text
        for issue in tree["issue"]
        for text in (issue.get("diagnostics", ""), *issue.get("expression", ()))
    )
