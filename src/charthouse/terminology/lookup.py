"""Tells all that is known of one concept (R4 codesystem-operation-lookup.html)."""

from __future__ import annotations

from collections.abc import Sequence

from charthouse.terminology.answers import Looked
from charthouse.terminology.codesystem import CodeSystem
from charthouse.terminology.concept import COMMENT, DEFINITION, Concept
from charthouse.terminology.names import display, names, prose
from charthouse.terminology.properties import described, kinds
from charthouse.terminology.supplement import Supplements


def looked(
    system: CodeSystem, concept: Concept, supplements: Supplements, language: str | None, wanted: Sequence[str]
) -> Looked:  # fmt: skip
    """The answer about `concept` of `system`, its display in `language`; `wanted` properties, all if empty.

    Of the concepts right below it the first `properties.CHILDREN` are told as `child`; a value set with the
    filter `child-of` gives all, page by page.
    """
    release = system.release
    said = system.designations([concept.id]).get(concept.id, ())
    called = [*names(said, release.url), *supplements.names(release.url, concept.code)]
    own = system.about().get("language")
    properties = [
        *(each for each in described(system, concept, wanted, kinds(system))
          if wanted or each.code not in (DEFINITION, COMMENT)),
        *supplements.properties(release.url, concept.code, wanted),
    ]  # fmt: skip
    return Looked(
        release.url, release.version, release.title, concept.code,
        display(concept.display, called, language, own if isinstance(own, str) else None),
        prose(said, DEFINITION), prose(said, COMMENT), concept.is_active, concept.is_selectable,
        tuple(called), tuple(properties), release.notice,
    )  # fmt: skip
