"""Writes the reference pages that say what the code says, so that they cannot fall behind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from building import commands, standard
from charthouse.access.routes import OPEN
from charthouse.base.errors import EXIT_CODE, HTTP_STATUS, Category
from charthouse.base.settings import table

SETTINGS: Final = Path("docs/reference/settings.md")

_HEAD: Final = """# Settings

Written by `make docs` from the table in `src/charthouse/base/settings.py`; change it there.

A setting is an environment variable. Commands take the commoner ones as options too
(`charthouse serve --help`), and an option wins. A value that is not usable, or a variable
beginning with `CHARTHOUSE_` that is no setting, stops the start with a message that says what
would be right. An empty variable counts as not set.

| variable | default | what it does |
|---|---|---|
"""

_ERRORS: Final = """# Errors

Written by `make docs` from the tables in `src/charthouse/base/errors.py`; change it there.

There is one small closed set of failures. The API, the pages and the commands answer each in the same
words: what is wrong, where, what was found, and what would be right. The kind of failure decides the HTTP
status and the exit code; an issue code in brackets changes the status for that issue only.

| kind | what happened | HTTP status | exit code |
|---|---|---|---|
"""
_KINDS: Final = {
    Category.INVALID: "What was sent or given is wrong; the sender can mend it.",
    Category.FORBIDDEN: "Nobody is signed in (401), or this whole type or interaction is shut to them (403).",
    Category.NOT_FOUND: "There is nothing here; what is hidden from you answers the same.",
    Category.GONE: "It was here and has been deleted.",
    Category.CONFLICT: "It contradicts what is there: another version, a second one of the same, a lock.",
    Category.UNSUPPORTED: "It is right, but not offered here.",
    Category.TOO_COSTLY: "It takes longer than one request may.",
    Category.BUSY: "Not now; the same request may succeed later.",
    Category.FAULT: "Something broke on our side: a full disk, a missing key, a damaged file, a mistake of ours.",
}
_AFTER_ERRORS: Final = """
Besides these, a command ends with 0 when it did its work, with 2 when its options cannot be read, and with
130 when you stop it with Ctrl-C. `charthouse check` ends with 1 when the record is damaged.

The API's body is an OperationOutcome. `diagnostics` is the sentence, `expression` the place. A hidden record
and one that was never there give the same 404, byte for byte; 403 is only ever about a whole type or
interaction, so that an answer never tells who is a patient here.

Logs hold the kind, the codes and the places, never the values.
"""

_ROUTES: Final = """# Routes

Written by `make docs` from the routes of the running application; change it there.

`charthouse routes` prints the same list, with `--json` for a program. Everything is shut unless it is in the
first table.

## Open

| path | methods | why |
|---|---|---|
"""
_SHUT: Final = """
## Shut

A token is a bearer token; a session is a signed-in browser, which may change something only with the CSRF
header of its page. The FHIR addresses are told in [fhir.md](fhir.md).

| path | methods | needs |
|---|---|---|
"""


def settings_page() -> str:
    """The whole text of the settings page."""
    rows = (
        f"| `{row.variable}` | {f'`{row.default}`' if row.default else '(none)'} | {row.help} |\n"
        for row in table()
    )
    return _HEAD + "".join(rows)


def errors_page() -> str:
    """The whole text of the page on errors."""
    rows = []
    for category in Category:
        statuses = [f"{HTTP_STATUS[category, None]}"]
        statuses += [
            f"{status} (`{code}`)"
            for (owner, code), status in HTTP_STATUS.items() if owner is category and code is not None
        ]  # fmt: skip
        rows.append(
            f"| `{category}` | {_KINDS[category]} | {', '.join(statuses)} | {EXIT_CODE[category]} |\n"
        )
    return _ERRORS + "".join(rows) + _AFTER_ERRORS


def routes_page() -> str:
    """The whole text of the page on routes, the open ones with the reason why they are."""
    from charthouse.app import described

    opened = "".join(
        f"| `{one.path}{'...' if one.path.endswith('/') else ''}` | {', '.join(sorted(one.methods))} | {one.why} |\n"
        for one in OPEN
    )
    shut = "".join(
        f"| `{row['path']}` | {', '.join(row['methods'])} | {row['needs']} |\n"
        for row in described() if not row["open"]
    )  # fmt: skip
    return f"{_ROUTES}{opened}{_SHUT}{shut}"


PAGES: Final[Mapping[Path, Callable[[], str]]] = {
    SETTINGS: settings_page,
    Path("docs/reference/errors.md"): errors_page,
    Path("docs/reference/routes.md"): routes_page,
    commands.PAGE: commands.page,
    standard.PAGE: standard.page,
}


def write(root: Path) -> None:
    """Write every generated page under `root`."""
    for place, page in PAGES.items():
        (root / place).parent.mkdir(parents=True, exist_ok=True)
        (root / place).write_text(page())


if __name__ == "__main__":
    write(Path.cwd())
