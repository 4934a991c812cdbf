"""What can go wrong with a database, in our own words: never a statement, a value or the engine's own text."""

from __future__ import annotations

from typing import Final

from charthouse.base.errors import Category, Problem, problem


class Collision(Exception):
    """Two transactions stood in each other's way; nothing was done, and the same can be tried again."""


class Lost(Problem):
    """The connection to the server went away; what was under way was not written."""


class Refused(Problem):
    """The engine did not take a statement as it was."""


class Cancelled(Problem):
    """The server stopped a statement: its time was up, or somebody asked for it."""


def too_costly(seconds: float) -> Problem:
    """The answer to a query that would take longer than it may."""
    return problem(
        Category.TOO_COSTLY, "too-costly", f"This search needs more than {seconds:g} seconds.",
        repair="Narrow it, e.g. by patient, date or code.",
    )  # fmt: skip


def full() -> Problem:
    """The answer when nothing more can be stored."""
    return problem(
        Category.FAULT, "no-store", "The disk is full or failing; nothing was written.",
        repair="Free some space and try again.",
    )  # fmt: skip


def busy() -> Problem:
    """The answer when somebody else holds what is needed."""
    return problem(
        Category.BUSY, "lock-error", "Another program is writing to this record.",
        repair="Try again in a moment.",
    )  # fmt: skip


def lost() -> Lost:
    """The answer when the server went away."""
    return Lost(
        Category.BUSY,
        problem(
            Category.BUSY, "transient", "The connection to the database was lost; nothing was written.",
            repair="Try again in a moment.",
        ).issues,
    )  # fmt: skip


def undone() -> Problem:
    """The answer inside a transaction that a part of it has undone already."""
    return problem(
        Category.BUSY, "transient", "This transaction failed before; nothing was written.",
        repair="Try again in a moment.",
    )  # fmt: skip


def doubtful() -> Problem:
    """The answer when the server went away in the moment of the commit and cannot be asked about it."""
    return problem(
        Category.FAULT, "incomplete",
        "The connection to the database was lost during the commit; this change may have been written or not.",
        repair="Look at the record before you try again.",
    )  # fmt: skip


def away() -> Problem:
    """The answer to a caller who is not told where the database is and why it does not answer."""
    return problem(
        Category.BUSY, "transient", "The database does not answer.", repair="Try again in a moment."
    )


def closed(reason: str) -> Problem:
    """The answer to an operator when no connection can be made; `reason` is the server's or the driver's."""
    for sign, repair in _UNWELCOME:
        if sign in reason:
            return problem(
                Category.FAULT,
                "no-store",
                f"The PostgreSQL server refuses the connection: {reason}",
                repair=repair,
            )
    return problem(
        Category.BUSY, "transient", f"The PostgreSQL server does not answer: {reason}",
        repair="Check that it runs, and the database URL.",
    )  # fmt: skip


def reported(code: str | None) -> Problem | Collision:
    """What an SQLSTATE stands for (PostgreSQL documentation, appendix A)."""
    if code is None or code[:2] == "08" or code in _GOING_AWAY:
        return lost()
    if code in _COLLIDING:
        return Collision(code)
    if code in _FULL:
        return full()
    if code == "57014":
        return Cancelled(
            Category.BUSY,
            problem(Category.BUSY, "timeout", "The database stopped before it was done.").issues,
        )
    if code == "53300":
        return problem(
            Category.BUSY, "transient", "The PostgreSQL server has no connection left.",
            repair="Try again in a moment; if it stays so, raise max_connections.",
        )  # fmt: skip
    if code == "25006":
        return problem(
            Category.BUSY, "no-store", "The PostgreSQL server takes no writes: it is a standby or read-only.",
            repair="Give the URL of the primary server.",
        )  # fmt: skip
    if code == "42501":
        return problem(
            Category.FAULT, "no-store", "The PostgreSQL user may not do this in the database.",
            repair="Make it the owner of the database, or grant it all rights on its schema.",
        )  # fmt: skip
    return Refused(
        Category.FAULT, problem(Category.FAULT, "exception", f"The database reported {code}.").issues
    )


# What the server says when trying again will not help, and what would.
_UNWELCOME: Final = (
    ("password authentication failed", "Check the user and the password in the database URL."),
    ("no password supplied", "Write the password into the database URL, or into a .pgpass file."),
    ("no pg_hba.conf entry", "Let this user connect from here, in the server's pg_hba.conf."),
    ('role "', "Check the user in the database URL."),
    (
        'database "',
        "Make the database first, e.g. with `createdb --encoding UTF8 --template template0 NAME`.",
    ),
)
# Serialization failure, deadlock, a lock not to be had, a key that somebody else has just taken.
_COLLIDING: Final = frozenset(("40001", "40P01", "55P03", "23505"))
# Disk full, out of memory, too large a file, input or output error.
_FULL: Final = frozenset(("53100", "53200", "54000", "58030"))
# The server shuts down, crashed or starts; a session that was idle for too long; a plan that grew old.
_GOING_AWAY: Final = frozenset(("57P01", "57P02", "57P03", "57P05", "25P03", "26000"))
