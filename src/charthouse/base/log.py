"""Log lines of a closed vocabulary, so that no patient's data can reach a file nobody guards.

An event is a fixed dotted code (`http.answered`); its fields come from the list below and each
must look as that list says. Everything else is left out and only its name is told. Carried by
the standard library's logging, so that what libraries log passes the same gate.
"""

from __future__ import annotations

import logging  # noqa: TID251 - here it is given its gate
import re
import sys
from types import TracebackType
from typing import Any, Final, TextIO

import msgspec

from charthouse.base import clock

EVENT: Final = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)*")
_CODE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.:/$-]{0,79}")
_OPAQUE: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_ROUTE: Final = re.compile(r"(/[A-Za-z0-9_.$*{}-]*)+")
_SEGMENT: Final = re.compile(r"[A-Za-z0-9_.${}-]{1,64}")
_ROOT: Final = "charthouse"
_FRAMES: Final = 8

# Fields that may be logged, and the shape their text must have; None = a number or a switch.
FIELDS: Final[dict[str, re.Pattern[str] | None]] = {
    "address": re.compile(r"[0-9A-Fa-f.:\[\]]{2,60}"),
    "actor": _OPAQUE,
    "attempt": None,
    "bytes": None,
    "category": _CODE,
    "client": _OPAQUE,
    "code": _CODE,
    "command": _CODE,
    "count": None,
    "duration_ms": None,
    "error": _CODE,
    "id": _OPAQUE,
    "interaction": _CODE,
    "job": _OPAQUE,
    "limit": None,
    "method": _CODE,
    "migration": _CODE,
    "path": _ROUTE,
    "pid": None,
    "port": None,
    "refused": None,
    "request": _OPAQUE,
    "route": _ROUTE,
    "seq": None,
    "signal": _CODE,
    "status": None,
    "type": _CODE,
    "version": re.compile(r"[0-9A-Za-z.+-]{1,40}"),
    "where": re.compile(r"[\w.<>:, ]{1,600}"),
}


class Logger:
    """What one part of Charthouse logs with: an event's code, and fields by name."""

    __slots__ = ("_carrier",)

    def __init__(self, part: str) -> None:
        """Speak as `part`, e.g. `api`."""
        self._carrier = logging.getLogger(f"{_ROOT}.{part}")

    def debug(self, event: str, **fields: object) -> None:
        """Log what only a developer wants to see."""
        self._say(logging.DEBUG, event, fields)

    def info(self, event: str, **fields: object) -> None:
        """Log what an operator may want to look up."""
        self._say(logging.INFO, event, fields)

    def warning(self, event: str, **fields: object) -> None:
        """Log what an operator should look at some time."""
        self._say(logging.WARNING, event, fields)

    def error(self, event: str, *, failure: BaseException | None = None, **fields: object) -> None:
        """Log what has gone wrong; of `failure` only its class and the places it passed through."""
        if failure is not None:
            fields = fields | _placed(failure)
        self._say(logging.ERROR, event, fields)

    def _say(self, level: int, event: str, fields: dict[str, object]) -> None:
        if self._carrier.isEnabledFor(level):
            self._carrier.log(level, "%s", event, extra={"fields": permitted(fields), "event": event})


def get(part: str) -> Logger:
    """The logger of one part (`api`, `store`, ...)."""
    return Logger(part)


def setup(level: str = "info", form: str = "auto", stream: TextIO | None = None) -> None:
    """Send log lines of at least `level` to `stream` (standard error if None).

    `form` is `json`, `console` or `auto` (console at a terminal). What libraries log is kept
    from warnings on, without its text. Holds for the whole process; a later call replaces it.
    """
    out = stream or sys.stderr
    is_console = form == "console" or (form == "auto" and out.isatty())
    handler = logging.StreamHandler(out)
    handler.setFormatter(_Lines(console if is_console else as_json))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    for carrier in list(root.manager.loggerDict.values()):
        if isinstance(
            carrier, logging.Logger
        ):  # a library that brought an outlet of its own would write past the gate
            carrier.handlers, carrier.propagate = [], True
    logging.getLogger(_ROOT).setLevel(level.upper())
    logging.raiseExceptions = False  # a full disk under the log must not become a traceback


def permitted(fields: dict[str, object]) -> dict[str, Any]:
    """The known fields of the right shape, and under `dropped` the names of the others; None is left out."""
    kept: dict[str, Any] = {}
    dropped: list[str] = []
    for name, value in fields.items():
        told = plain_path(value) if name in ("path", "route") and isinstance(value, str) else value
        if _is_permitted(name, told):
            kept[name] = told
        elif value is not None:
            dropped.append(name)
    if dropped:
        kept["dropped"] = sorted(dropped)
    return kept


def _is_permitted(name: str, value: object) -> bool:
    if name not in FIELDS:
        return False
    if isinstance(value, bool | int | float):
        return True
    shape = FIELDS[name]
    return shape is not None and isinstance(value, str) and shape.fullmatch(value) is not None


def plain_path(path: str) -> str:
    """A request's path without query; a segment that is not an id or a name of ours becomes `*`."""
    segments = path.partition("?")[0].split("/")
    return "/".join(part if not part or _SEGMENT.fullmatch(part) else "*" for part in segments)


def as_json(line: dict[str, Any]) -> str:
    """One JSON object for a line."""
    return msgspec.json.encode(line).decode()


def console(line: dict[str, Any]) -> str:
    """`12:00:01.250 warning search search.slow duration_ms=812` for a person at a terminal."""
    said = dict(line)
    head = f"{said.pop('time')[11:23]} {said.pop('level'):<7} {said.pop('part')} {said.pop('event')}"
    return head + "".join(f" {name}={value}" for name, value in said.items())


def _placed(failure: BaseException) -> dict[str, object]:
    """The class of `failure` and the last frames as `module:line`, innermost last; its text may quote a record."""
    frames: list[str] = []
    trace: TracebackType | None = failure.__traceback__
    while trace is not None:
        frames.append(f"{trace.tb_frame.f_globals.get('__name__', '?')}:{trace.tb_lineno}")
        trace = trace.tb_next
    return {"error": type(failure).__name__, "where": ", ".join(frames[-_FRAMES:]) or None}


class _Lines(logging.Formatter):
    """Writes our own records by the rules above, and of a library's only which one spoke and where."""

    def __init__(self, form: Any) -> None:
        super().__init__()
        self._form = form

    def format(self, record: logging.LogRecord) -> str:
        """The whole line, without its end."""
        head = {"time": clock.instant(int(record.created * 1000)), "level": record.levelname.lower()}
        fields = getattr(record, "fields", None)
        if fields is not None:
            event = str(record.__dict__["event"])
            head |= {
                "part": record.name.removeprefix(f"{_ROOT}."),
                "event": event if EVENT.fullmatch(event) else "unnamed",
            }
        else:
            head |= {"part": record.name, "event": "library.spoke"}
            fields = permitted({"where": f"{record.module}:{record.lineno}"})
            if record.exc_info and record.exc_info[1]:
                fields |= permitted(_placed(record.exc_info[1]))
        return str(self._form(head | fields))
