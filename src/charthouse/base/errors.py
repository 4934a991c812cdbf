"""One small closed set of errors, so that every door answers a failure in the same words."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Category(StrEnum):
    """What kind of failure it is; the only thing that decides status and exit code."""

    INVALID = "invalid"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    GONE = "gone"
    CONFLICT = "conflict"
    UNSUPPORTED = "unsupported"
    TOO_COSTLY = "too_costly"
    BUSY = "busy"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing that is wrong: what, where, and what would be right.

    `code` is from http://hl7.org/fhir/issue-type, `place` a FHIRPath (or line and column,
    or a parameter name), `value` the offending value as the caller sent it, `repair` a
    plain sentence. `severity` is fatal, error, warning or information.
    """

    code: str
    message: str
    place: str | None = None
    value: str | None = None
    repair: str | None = None
    severity: str = "error"

    def sentence(self) -> str:
        """The whole finding in one line for a person, the value included."""
        parts = [self.message]
        if self.value is not None:
            parts.append(f"Found: {shorten(self.value)}.")
        if self.repair:
            parts.append(self.repair)
        return " ".join(parts)


class Problem(Exception):
    """A request that cannot be carried out, told to the caller as issues.

    Raise it through the constructors below, e.g. `invalid("value", "…", place="Patient.birthDate")`.
    """

    def __init__(self, category: Category, issues: tuple[Issue, ...], after: int = 0) -> None:
        """`after` is in how many seconds the same request may succeed (`Retry-After`); 0 = not known."""
        super().__init__("; ".join(issue.sentence() for issue in issues))
        self.category = category
        self.issues = issues
        self.after = after

    def __reduce__(self) -> tuple[type[Problem], tuple[Category, tuple[Issue, ...], int]]:
        """How it crosses to another process."""
        return type(self), (self.category, self.issues, self.after)


def shorten(value: str, limit: int = 80) -> str:
    """`value` cut to `limit` characters, so that a message stays a message."""
    return value if len(value) <= limit else value[: limit - 1] + "…"


def problem(
    category: Category,
    code: str,
    message: str,
    *,
    place: str | None = None,
    value: object = None,
    repair: str | None = None,
) -> Problem:
    """A Problem of one issue."""
    text = None if value is None else str(value)
    return Problem(category, (Issue(code, message, place, text, repair),))


def invalid(
    code: str,
    message: str,
    *,
    place: str | None = None,
    value: object = None,
    repair: str | None = None,
) -> Problem:
    """Bad input: the caller can mend it."""
    return problem(Category.INVALID, code, message, place=place, value=value, repair=repair)


def not_found(message: str = "There is nothing here.") -> Problem:
    """Hidden and absent give this same answer."""
    return problem(Category.NOT_FOUND, "not-found", message)


# (category, issue code or None) -> HTTP status; the row with the code wins.
HTTP_STATUS: dict[tuple[Category, str | None], int] = {
    (Category.INVALID, None): 400,
    (Category.INVALID, "too-long"): 413,
    (Category.INVALID, "invariant"): 422,
    (Category.INVALID, "business-rule"): 422,
    (Category.FORBIDDEN, None): 403,
    (Category.FORBIDDEN, "login"): 401,
    (Category.FORBIDDEN, "expired"): 401,
    (Category.NOT_FOUND, None): 404,
    (Category.GONE, None): 410,
    (Category.CONFLICT, None): 412,
    (Category.CONFLICT, "duplicate"): 409,
    (Category.UNSUPPORTED, None): 400,
    (Category.UNSUPPORTED, "media-in"): 415,
    (Category.UNSUPPORTED, "media-out"): 406,
    (Category.UNSUPPORTED, "method"): 405,
    (Category.TOO_COSTLY, None): 503,
    (Category.BUSY, None): 503,
    (Category.BUSY, "throttled"): 429,
    (Category.FAULT, None): 500,
    (Category.FAULT, "no-store"): 503,
}

# Codes of our own that only refine the status; FHIR knows them by the word on the right.
FHIR_ISSUE_CODE = {
    "media-in": "not-supported",
    "media-out": "not-supported",
    "method": "not-supported",
}

EXIT_CODE: dict[Category, int] = {
    Category.INVALID: 2,
    Category.UNSUPPORTED: 2,
    Category.FORBIDDEN: 3,
    Category.NOT_FOUND: 4,
    Category.GONE: 4,
    Category.CONFLICT: 5,
    Category.TOO_COSTLY: 6,
    Category.BUSY: 6,
    Category.FAULT: 1,
}


def http_status(failure: Problem) -> int:
    """The HTTP status for `failure`, from its category and first issue."""
    code = failure.issues[0].code if failure.issues else None
    return HTTP_STATUS.get((failure.category, code)) or HTTP_STATUS[failure.category, None]
