"""The code system that a `code` or `boolean` element has without saying so (R4 search.html#token, "implicit")."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from charthouse.fhir.definitions import Definitions
from charthouse.search import values
from charthouse.search.query import Token
from charthouse.store.index.elements import along, paths

TRUTH: Final = "http://terminology.hl7.org/CodeSystem/special-values"


def token_reader(definitions: Definitions, type: str, expression: str) -> Callable[[str, str], Token]:
    """A reader of tokens for a parameter that looks at `expression`.

    Values of `code` elements are stored without a system, so one that is given and is the one of
    the required binding is taken off; any other system matches nothing, as it should.
    """
    if _is_text(definitions, type, expression):
        return _caseless
    known = _known(definitions, type, expression)
    if not known:
        return values.token
    systems = {system for system, _ in known}

    def read(name: str, text: str) -> Token:
        token = values.token(name, text)
        if token.system and token.code is None:
            return Token("", None) if systems == {token.system} else token
        return Token("", token.code) if (token.system, token.code) in known else token

    return read


def _caseless(name: str, text: str) -> Token:
    """A token of `string` elements, which are stored without regard to case (R4 search.html#token)."""
    token = values.token(name, text)
    return Token(token.system, token.code and token.code.casefold())


def _is_text(definitions: Definitions, type: str, expression: str) -> bool:
    """Whether every element is a `string`."""
    found = [along(definitions, type, path) for path in paths(expression) or ()]
    return bool(found) and all(elements and elements[-1].types == ("string",) for elements in found)


def _known(definitions: Definitions, type: str, expression: str) -> frozenset[tuple[str, str]]:
    """All (system, code) that the elements can have; nothing unless every one is a bound code or a boolean."""
    found: set[tuple[str, str]] = set()
    for path in paths(expression) or ():
        elements = along(definitions, type, path)
        last = elements[-1] if elements else None
        if last is None or last.types not in (("code",), ("boolean",)):
            return frozenset()
        if last.types == ("boolean",):
            found |= {(TRUTH, "true"), (TRUTH, "false")}
            continue
        concepts = (
            definitions.concepts(last.binding) if last.binding and last.strength == "required" else None
        )
        found |= {(concept.system, concept.code) for concept in concepts or ()}
    return frozenset(found)
