"""The one table of settings: what an operator may set, its default, and what a good value looks like."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from charthouse.base.errors import Category, Issue, Problem, problem

PREFIX: Final = "CHARTHOUSE_"
# Read by the build and the tests, never by a running Charthouse.
ELSEWHERE: Final = ("CHARTHOUSE_BUILD_", "CHARTHOUSE_TEST_")

Parser = Callable[[str], Any]


class Wrong(ValueError):
    """A setting's text does not say what it should; the message is the repair."""


def _text(text: str) -> str:
    return text


def _path(text: str) -> Path:
    return Path(text).expanduser()


def _whole(low: int, high: int) -> Parser:
    """A parser of whole numbers from `low` to `high`."""

    def parse(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,15}", text) or not low <= int(text) <= high:
            raise Wrong(f"Give a whole number from {low} to {high}.")
        return int(text)

    return parse


_UNITS: Final = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3}


def _size(text: str) -> int:
    found = re.fullmatch(r"([0-9]{1,12})([KMG]?)", text.upper())
    if found is None or not 1024 <= int(found[1]) * _UNITS[found[2]] <= 4 * 1024**3:
        raise Wrong("Give a number of bytes from 1K to 4G, e.g. 67108864 or 64M.")
    return int(found[1]) * _UNITS[found[2]]


def _switch(text: str) -> bool:
    word = text.lower()
    if word in ("1", "true", "yes", "on"):
        return True
    if word in ("0", "false", "no", "off"):
        return False
    raise Wrong("Give on or off.")


def _word(*words: str) -> Parser:
    """A parser of one of `words`."""

    def parse(text: str) -> str:
        if text.lower() not in words:
            raise Wrong(f"Give one of {', '.join(words)}.")
        return text.lower()

    return parse


LEVELS: Final = ("off", "structure", "full")


def _levels(text: str) -> str:
    for pair in text.split():
        client, _, level = pair.partition("=")
        if not client or level not in LEVELS:
            raise Wrong(
                f"Give CLIENT=LEVEL with one of {', '.join(LEVELS)}, and a space between two of them."
            )
    return text


def levels(text: str) -> dict[str, str]:
    """What `validation_clients` says, by client."""
    return dict(pair.split("=", 1) for pair in text.split())


def _database(text: str) -> str:
    if urlsplit(text).scheme not in ("postgresql", "postgres"):
        raise Wrong("Give postgresql://USER@HOST/NAME, or leave it out for a data folder.")
    return text


def _web(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise Wrong("Give the address people use, e.g. https://ehr.example.org")
    return text.rstrip("/")


def _networks(text: str) -> str:
    for one in text.split():
        try:
            ip_network(one, strict=False)
        except ValueError:
            raise Wrong(
                "Give addresses or networks with a space between two of them, e.g. 10.0.0.5 10.1.0.0/16."
            ) from None
    return text


def _destinations(text: str) -> str:
    for one in text.split():
        if re.fullmatch(r"[A-Za-z0-9._-]{1,253}(:[0-9]{1,5})?", one) is None:
            _networks(one)
    return text


def _key(text: str) -> str:
    if not re.fullmatch(r"[0-9a-fA-F]{64}", text):
        raise Wrong("Give the 64 hexadecimal digits that `charthouse init --key-file PATH` writes.")
    return text.lower()


def _setting(default: Any, parse: Parser, help: str, *, secret: bool = False) -> Any:
    return field(default=default, repr=not secret, metadata={"parse": parse, "help": help, "secret": secret})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What this process was told, each with its default; `read` fills it from the environment."""

    data: Path = _setting(
        Path("charthouse-data"), _path, "Folder of the record when no database URL is given."
    )
    database_url: str | None = _setting(
        None, _database, "PostgreSQL to keep the record in, instead of a folder.", secret=True
    )
    host: str = _setting("127.0.0.1", _text, "Address to listen on; 0.0.0.0 for every network card.")
    port: int = _setting(8080, _whole(1, 65535), "Port to listen on.")
    base_url: str | None = _setting(
        None, _web, "Address people and programs use, where it is not http://HOST:PORT."
    )
    tls_cert: Path | None = _setting(
        None, _path, "File of the TLS certificate (PEM, with its chain), to serve https directly."
    )
    tls_key: Path | None = _setting(None, _path, "File of the private key of that certificate (PEM).")
    proxies: str = _setting(
        "", _networks, "Addresses of proxies whose X-Forwarded-For and -Proto are believed; nobody else's."
    )
    rate_client: int = _setting(
        300_000, _whole(0, 100_000_000), "Requests a minute that one token may make; 0 for no limit."
    )
    rate_session: int = _setting(
        12_000,
        _whole(0, 100_000_000),
        "Requests a minute that one signed-in browser may make; 0 for no limit.",
    )
    rate_stranger: int = _setting(
        1200, _whole(0, 100_000_000), "The same for an address without a sign-in, but for this machine's own."
    )
    outgoing_allow: str = _setting(
        "", _destinations, "Private hosts, HOST:PORT or networks that may be called; also with plain http."
    )
    body_limit: int = _setting(
        128 * 1024**2, _size, "Largest request body in bytes; K, M and G may follow the number."
    )
    bundle_entries: int = _setting(
        20_000, _whole(1, 1_000_000), "Most entries in one batch or transaction bundle."
    )
    validation: str = _setting(
        "structure",
        _word(*LEVELS),
        "How closely what is written is looked at: off, structure, or full (with profiles).",
    )
    validation_import: str = _setting(
        "structure", _word(*LEVELS), "The same for `charthouse import`; full takes one process only."
    )
    validation_clients: str = _setting(
        "", _levels, "The same for single clients, e.g. lab-feed=off portal=full."
    )
    search_budget: int = _setting(
        10_000, _whole(10, 600_000), "Milliseconds a search may take before it is refused as too costly."
    )
    words: str = _setting(
        "asked",
        _word("asked", "on", "off"),
        "From when on the words of resources are kept for _text and _content: asked (the first such search), on, off.",
    )
    page_size: int = _setting(20, _whole(1, 1000), "Results on a page when a search does not say.")
    page_limit: int = _setting(1000, _whole(1, 1000), "Most results on a page, whatever a search says.")
    session_idle: int = _setting(30, _whole(1, 1440), "Minutes without a request after which a session ends.")
    session_absolute: int = _setting(
        720, _whole(1, 10_080), "Minutes after which a session ends in any case."
    )
    password_list: Path | None = _setting(
        None, _path, "File of passwords nobody may choose: one a line, or their SHA-1 hashes sorted."
    )
    key_file: Path | None = _setting(None, _path, "File that holds the key of an encrypted record.")
    key: str | None = _setting(None, _key, "That key itself; a file is safer.", secret=True)
    public_guide: bool = _setting(False, _switch, "Serve the careers guide without signing in: on or off.")
    demo: bool = _setting(False, _switch, "Mark every page as a demonstration with invented people.")
    checkpoints: Path | None = _setting(
        None,
        _path,
        "Folder outside the data folder where signed checkpoints of record and audit are written.",
    )
    checkpoint_minutes: int = _setting(60, _whole(1, 10_080), "Minutes between two of them.")
    log_level: str = _setting(
        "info", _word("debug", "info", "warning", "error"), "Least serious thing that is logged."
    )
    log_format: str = _setting(
        "auto",
        _word("auto", "json", "console"),
        "Form of log lines; auto is console at a terminal, else JSON.",
    )


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table, for `charthouse config` and the reference page."""

    name: str
    variable: str
    default: str
    help: str
    secret: bool


def table() -> Iterator[Row]:
    """Every setting in order; the default as an operator would write it, empty where there is none."""
    for item in fields(Settings):
        metadata = item.metadata
        yield Row(item.name, variable(item), _written(item.default), metadata["help"], metadata["secret"])


def variable(item: Field[Any]) -> str:
    """The environment variable of a setting."""
    return PREFIX + item.name.upper()


def _written(value: object) -> str:
    if value is None or value is MISSING:
        return ""
    if isinstance(value, bool):
        return "on" if value else "off"
    return str(value)


def read(environment: Mapping[str, str], **given: Any) -> Settings:
    """Settings from `environment`, and from `given` (a command's options, None = not given), which win.

    Raises `Problem(invalid)` with one issue for each variable that is wrong: its name, what it
    holds (never a secret) and what would be right. An empty variable counts as not set.
    """
    values: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    wrong: list[Issue] = []
    for item in fields(Settings):
        name = variable(item)
        text = environment.get(name, "").strip()
        if not text or item.name in values:
            continue
        try:
            values[item.name] = item.metadata["parse"](text)
        except Wrong as error:
            shown = "(not shown)" if item.metadata["secret"] else text
            wrong.append(Issue("value", f"{name} is not usable.", name, shown, str(error)))
    wrong += _strangers(environment)
    made = Settings(**values)
    wrong += _contradictions(made)
    if wrong:
        raise Problem(Category.INVALID, tuple(wrong))
    return made


def _strangers(environment: Mapping[str, str]) -> Iterator[Issue]:
    """Variables with our prefix that are no setting: most often a slip of the pen."""
    known = [variable(item) for item in fields(Settings)]
    for name in sorted(environment):
        if name.startswith(PREFIX) and name not in known and not name.startswith(ELSEWHERE):
            near = difflib.get_close_matches(name, known, n=1)
            repair = f"Did you mean {near[0]}?" if near else "`charthouse config` lists what there is."
            yield Issue("not-found", f"{name} is no setting.", name, None, repair)


def _contradictions(made: Settings) -> Iterator[Issue]:
    if made.key and made.key_file:
        yield Issue(
            "conflict",
            "CHARTHOUSE_KEY and CHARTHOUSE_KEY_FILE are both given.",
            "CHARTHOUSE_KEY",
            None,
            "Keep one.",
        )
    if (made.tls_cert is None) != (made.tls_key is None):
        missing = "CHARTHOUSE_TLS_KEY" if made.tls_key is None else "CHARTHOUSE_TLS_CERT"
        yield Issue(
            "required",
            "TLS needs a certificate and its private key.",
            missing,
            None,
            f"Give {missing} too, or leave out the other.",
        )
    if made.tls_cert and made.base_url and not made.base_url.startswith("https:"):
        yield Issue(
            "conflict",
            "CHARTHOUSE_BASE_URL is an http address, but TLS is on.",
            "CHARTHOUSE_BASE_URL",
            made.base_url,
            "Give its https address.",
        )
    if made.checkpoints and made.checkpoints.resolve().is_relative_to(made.data.resolve()):
        yield Issue(
            "value",
            "CHARTHOUSE_CHECKPOINTS lies in the data folder.",
            "CHARTHOUSE_CHECKPOINTS",
            str(made.checkpoints),
            "Give a folder that whoever could change the record cannot change.",
        )
    if made.page_size > made.page_limit:
        yield Issue(
            "value",
            "CHARTHOUSE_PAGE_SIZE is more than CHARTHOUSE_PAGE_LIMIT.",
            "CHARTHOUSE_PAGE_SIZE",
            str(made.page_size),
            f"Give at most {made.page_limit}.",
        )
    if made.session_idle > made.session_absolute:
        yield Issue(
            "value",
            "CHARTHOUSE_SESSION_IDLE is more than CHARTHOUSE_SESSION_ABSOLUTE.",
            "CHARTHOUSE_SESSION_IDLE",
            str(made.session_idle),
            f"Give at most {made.session_absolute}.",
        )


def key(made: Settings) -> str | None:
    """The key of an encrypted record in hexadecimal, from the setting or its file; None = not encrypted.

    Raises `Problem(invalid)` where the file cannot be read or holds no key.
    """
    return made.key if made.key_file is None else key_in(made.key_file)


def key_in(file: Path, place: str = "CHARTHOUSE_KEY_FILE") -> str:
    """The key that a file holds, in hexadecimal; `place` is what named the file.

    Raises `Problem(invalid)` where the file cannot be read, is open to other accounts, or holds no key.
    """
    try:
        with file.open(encoding="ascii") as opened:
            rights = os.fstat(opened.fileno()).st_mode & 0o777
            text = opened.read(1000).strip()
        found = _key(text)
    except OSError as error:
        raise _no_key(file, place, f"It cannot be read ({error.strerror}).") from None
    except (Wrong, UnicodeDecodeError):
        raise _no_key(file, place, "It does not hold 64 hexadecimal digits.") from None
    if rights & 0o077:
        raise problem(
            Category.INVALID, "security", f"The key file is open to other accounts ({rights:04o}).",
            place=place, value=file, repair=f"Shut it: chmod 600 {file}",
        )  # fmt: skip
    return found


def _no_key(file: Path, place: str, why: str) -> Problem:
    repair = f"{why} Name the file that `charthouse init --key-file PATH` wrote."
    return problem(
        Category.INVALID, "value", f"{place} is not usable.", place=place, value=file, repair=repair
    )


def address(made: Settings) -> str:
    """The address people and programs use, without a slash at its end."""
    return made.base_url or f"{'https' if made.tls_cert else 'http'}://localhost:{made.port}"
