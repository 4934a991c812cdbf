"""Questions for all the codes of a value set, as a page of rows or as a bare list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from charthouse.base.errors import Category, invalid, problem
from charthouse.fhir.resource import Tree
from charthouse.terminology import deadline, expand
from charthouse.terminology.answers import Expansion
from charthouse.terminology.compose import Composed
from charthouse.terminology.deadline import SECONDS
from charthouse.terminology.expand import Wish
from charthouse.terminology.extent import LIMIT, Extent
from charthouse.terminology.present import MAX_PROPERTIES, Present, State, expect_few

_LONGEST: Final = 200  # characters of a text to filter by
_KEPT: Final = 1_000  # rows of an expansion that is worth keeping


class Listing(Present):
    """Lists value sets."""

    def expand(
        self,
        valueset: str | Tree,
        *,
        filter: str | None = None,
        offset: int = 0,
        count: int | None = None,
        active_only: bool = False,
        designations: bool = False,
        language: str | None = None,
        exclude_nested: bool = True,  # noqa: ARG002 - rows are never nested
        properties: Sequence[str] = (),
        supplements: Sequence[str] = (),
        with_headings: bool = True,
        seconds: float = SECONDS,
    ) -> Expansion:
        """A page of a value set. Rows are never nested, whatever `exclude_nested` says. Of a value set that is
        sent nothing is kept.

        Raises Problem(not_found) for an unknown value set, Problem(unsupported) where the codes
        cannot be listed (a grammar, a code system that is not at hand, an unknown filter),
        Problem(invalid) for more than LIMIT codes at once or too much in a value set that is sent,
        Problem(too_costly) after `seconds`.
        """
        expect_few(properties, MAX_PROPERTIES, "property")
        text = filter or ""
        if len(text) > _LONGEST:
            raise invalid(
                "too-long", f"A filter has at most {_LONGEST} characters.", place="filter", value=text[:40],
                repair="Give a few words.",
            )  # fmt: skip
        wish = Wish(
            text, offset, count, active_only, designations, language, tuple(properties), tuple(supplements),
            with_headings,
        )  # fmt: skip
        state = self._now()
        key = (valueset, wish) if isinstance(valueset, str) else None
        held = state.expansions.get(key) if key is not None else None
        if held is not None:
            return held
        with deadline.within(seconds):
            composed = state.composed(valueset)
            whole = state.catalogue.extent(composed)
            found = self._chosen(state, composed, whole, wish, key)
            made = expand.page(composed, whole, found, wish, state.catalogue.supplements(supplements))
        return state.expansions.put(key, made) if key is not None and len(made.rows) <= _KEPT else made

    @staticmethod
    def _chosen(
        state: State, composed: Composed, whole: Extent, wish: Wish, key: tuple[str, Wish] | None
    ) -> Extent:  # fmt: skip
        """What an expansion is about, the same for all its pages."""
        if key is None:
            return expand.chosen(composed, whole, wish)
        narrow = (key[0], Wish(wish.filter, active_only=wish.active_only, with_headings=wish.with_headings))
        held = state.chosen.get(narrow)
        return held if held is not None else state.chosen.put(narrow, expand.chosen(composed, whole, wish))

    def valueset_codes(self, valueset: str, *, seconds: float = SECONDS) -> list[tuple[str, str]]:
        """(system, code) of every member (search modifiers `:in`, `:not-in`); raises as `expand` does,
        and Problem(unsupported) where only a part of a code system is at hand."""
        catalogue = self._now().catalogue
        with deadline.within(seconds):
            composed = catalogue.composed(valueset)
            found = catalogue.extent(composed)
            if not found.is_whole:
                raise problem(
                    Category.UNSUPPORTED, "not-supported", f"Not all members are known here: {composed.why()}.",
                    place="valueset", value=valueset, repair="Load the release that has them.",
                )  # fmt: skip
            if len(found) > LIMIT:
                raise invalid(
                    "too-costly", f"The value set has more than {LIMIT} codes.",
                    place="valueset", value=valueset, repair="Choose a narrower one.",
                )  # fmt: skip
            return [(segment.url, code) for segment in found.segments for code in segment.codes()]
