"""Reads a CodeSystem resource into a release and its concepts (R4 codesystem.html)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from charthouse.base.errors import invalid
from charthouse.fhir.resource import Tree
from charthouse.terminology.concept import COMMENT, DEFINITION, HEADING, INACTIVE, Designation, Release, Row
from charthouse.terminology.trees import child, items, text

_PROPERTIES: Final = "http://hl7.org/fhir/concept-properties#"
_COMMENTS: Final = "http://hl7.org/fhir/StructureDefinition/codesystem-concept-comments"
_REPLACED: Final = "http://hl7.org/fhir/StructureDefinition/codesystem-replacedby"
_PARENTS: Final = frozenset({"parent", "subsumedBy"})
_HEADINGS: Final = frozenset({"notSelectable", "abstract"})
_ENDED: Final = frozenset({"inactive", "deprecated", "retired"})
_MAX_DEPTH: Final = 60


def release(tree: Tree, source: str = "") -> Release:
    """What a CodeSystem says of itself. Raises Problem(invalid) without a url.

    Where it does not say whether case matters, codes are accepted in any case (R4 CodeSystem.caseSensitive).
    """
    url = text(tree, "url")
    if url is None:
        raise invalid(
            "required", "A CodeSystem without a url cannot be referred to.", place="CodeSystem.url",
            repair="Give it its canonical url.",
        )  # fmt: skip
    return Release(
        url=url,
        version=text(tree, "version") or "",
        title=text(tree, "title") or text(tree, "name") or url,
        content=text(tree, "content") or "complete",
        hierarchy=text(tree, "hierarchyMeaning") or "",
        case_sensitive=tree.get("caseSensitive") is True,
        source=source,
        notice=text(tree, "copyright") or "",
        about={name: value for name, value in tree.items() if name not in ("concept", "text", "contained")},
    )


def rows(tree: Tree) -> list[Row]:
    """The concepts of a CodeSystem. Parents are those that a concept is nested in, then those that
    properties name: `parent` or `subsumedBy` of its own, `child` of the parent's."""
    roles = _roles(tree)
    found: list[Row] = []
    further: dict[str, list[str]] = {}
    for item, above in _nested(tree, None, 0):
        found.append(_row(item, above, roles, further))
    if not further:
        return found
    return [_with_parents(row, further.get(row.code, ())) for row in found]


def value_of(item: Tree) -> str | None:
    """The value[x] of a property as text: a Coding as `system|code`; None where there is none."""
    for name, value in item.items():
        if name.startswith("value"):
            if isinstance(value, bool):
                return "true" if value else "false"
            if isinstance(value, dict):
                return f"{value.get('system', '')}|{value.get('code', '')}"
            return str(value)
    return None


def _roles(tree: Tree) -> dict[str, str]:
    """What each property is in FHIR's own words, where its name is another."""
    roles: dict[str, str] = {}
    for item in items(tree, "property"):
        code, uri = text(item, "code"), text(item, "uri") or ""
        if code and uri.startswith(_PROPERTIES):
            roles[code] = uri.removeprefix(_PROPERTIES)
    return roles


def _nested(tree: Tree, above: str | None, depth: int) -> Iterator[tuple[Tree, str | None]]:
    """Each concept with the code that it is nested in."""
    if depth > _MAX_DEPTH:
        raise invalid(
            "structure", f"Concepts are nested more than {_MAX_DEPTH} levels deep.", place="concept"
        )
    for item in items(tree, "concept"):
        code = text(item, "code")
        if code is None:
            raise invalid(
                "required", "A concept has no code.", place="CodeSystem.concept.code",
                value=above, repair="Give each concept a code.",
            )  # fmt: skip
        yield item, above
        yield from _nested(item, code, depth + 1)


def _row(item: Tree, above: str | None, roles: dict[str, str], further: dict[str, list[str]]) -> Row:
    code: str = item["code"]
    flags = 0
    properties: list[tuple[str, str]] = []
    for each in items(item, "property"):
        name = text(each, "code") or ""
        role = roles.get(name, name)
        value = value_of(each)
        if value is None or not name:
            continue
        if role in _PARENTS:
            further.setdefault(code, []).append(value)
        elif role == "child":
            further.setdefault(value, []).append(code)
        elif role in _HEADINGS:
            flags |= HEADING if value == "true" else 0
        elif role == "inactive":
            flags |= INACTIVE if value == "true" else 0
        else:
            flags |= INACTIVE if role == "status" and value in _ENDED else 0
            properties.append((name, value))
    properties.extend(
        ("replacedBy", value)
        for each in items(item, "extension")
        if each.get("url") == _REPLACED and (value := value_of(each)) is not None
    )
    return Row(
        code=code,
        display=text(item, "display") or code,
        parents=(above,) if above is not None else (),
        flags=flags,
        designations=tuple(_designations(item)),
        properties=tuple(properties),
    )


def _designations(item: Tree) -> Iterator[Designation]:
    for each in items(item, "designation"):
        if value := text(each, "value"):
            yield Designation(value, text(each, "language") or "", _use(child(each, "use")))
    if definition := text(item, "definition"):
        yield Designation(definition, use=DEFINITION)
    for each in items(item, "extension"):
        if each.get("url") == _COMMENTS and (comment := text(each, "valueString")):
            yield Designation(comment, use=COMMENT)


def _use(use: Tree) -> str:
    system, code = text(use, "system"), text(use, "code")
    return (f"{system}|{code}" if system else code) if code else ""


def _with_parents(row: Row, further: Sequence[str]) -> Row:
    parents = tuple(dict.fromkeys((*row.parents, *further)))
    return Row(row.code, row.display, parents, row.flags, row.designations, row.properties)
