"""Which texts are scopes here: types of R4, and criteria that a search knows."""

from __future__ import annotations

from typing import Final

from charthouse.access import scopes
from charthouse.fhir.definitions import Definitions

LONGEST: Final = 400  # characters of one scope
# Search parameters of every type (R4 search.html#all); others must be of the type the scope names.
EVERYWHERE: Final = frozenset({"_id", "_lastUpdated", "_profile", "_security", "_source", "_tag"})


class Known:
    """Tells whether a text is a scope that can be granted; `known(text, contexts)`."""

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions
        self._types = frozenset(definitions.resource_types)

    def __call__(self, text: str, contexts: tuple[str, ...]) -> bool:
        """Whether `text` is about launch or person, or opens a type of R4 in one of `contexts`.

        Criteria must be search parameters, for one that is not known could not narrow anything.
        """
        if len(text) > LONGEST or not text.isprintable() or not scopes.is_known(text, contexts, self._types):
            return False
        scope = scopes.parse(text)
        if scope is None:
            return True
        if "?" in text and not scope.criteria:
            return False
        own = {} if scope.type == "*" else self._definitions.search_params(scope.type)
        return all(
            value and ((word := name.partition(":")[0]) in EVERYWHERE or word in own)
            for name, value in scope.criteria
        )
