"""OAuth's own error words (RFC 6749, 4.1.2.1 and 5.2; RFC 7591, 3.2.2) as Problems, and Problems as such words."""

from __future__ import annotations

from typing import Any, Final

from charthouse.base.errors import Category, Problem, http_status, problem

# The issue code of a refusal made here is the word that goes over the wire; none of them reaches the FHIR API.
WORDS: Final = frozenset({
    "access_denied", "interaction_required", "invalid_client", "invalid_client_metadata", "invalid_grant",
    "invalid_redirect_uri", "invalid_request", "invalid_scope", "server_error", "temporarily_unavailable",
    "unauthorized_client", "unsupported_grant_type", "unsupported_response_type",
})  # fmt: skip


def refused(word: str, message: str, *, place: str | None = None, repair: str | None = None) -> Problem:
    """A refusal with one of `WORDS`; `message` is told to the program, so it holds no secret."""
    return problem(Category.INVALID, word, message, place=place, repair=repair)


def word(failure: Problem) -> str:
    """The OAuth word for any Problem."""
    code = failure.issues[0].code if failure.issues else ""
    if code in WORDS:
        return code
    if failure.category is Category.INVALID:
        return "invalid_request"
    if failure.category in (Category.BUSY, Category.TOO_COSTLY):
        return "temporarily_unavailable"
    hidden = failure.category in (Category.FORBIDDEN, Category.NOT_FOUND)
    return "access_denied" if hidden else "server_error"


def status(failure: Problem) -> int:
    """The HTTP status of an answer that is not redirected (RFC 6749, 5.2)."""
    if word(failure) == "invalid_client":
        return 401
    return http_status(failure) if failure.category is not Category.INVALID else 400


def body(failure: Problem) -> dict[str, Any]:
    """`{"error", "error_description"}`; the description keeps to the characters the RFC allows."""
    said = failure.issues[0].message if failure.issues else "It did not work."
    repair = failure.issues[0].repair if failure.issues else None
    text = f"{said} {repair}" if repair else said
    plain = "".join(mark if " " <= mark <= "~" and mark not in '"\\' else "'" for mark in text)
    return {"error": word(failure), "error_description": plain}
