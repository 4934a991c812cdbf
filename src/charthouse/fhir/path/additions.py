"""The functions that FHIR adds to FHIRPath: extensions, primitives, profiles, terminology (R4 fhirpath.html)."""

from __future__ import annotations

from charthouse.base.errors import Category, invalid, problem
from charthouse.fhir.path.code import Code, Static, boolean
from charthouse.fhir.path.compiler import Function, Site, condition, plain
from charthouse.fhir.path.item import Item, Items, State
from charthouse.fhir.path.model import SYSTEM, system_of
from charthouse.fhir.path.navigate import children_named
from charthouse.fhir.path.values import MISSING, item_of, single, system_value, text_of
from charthouse.fhir.path.xhtml import is_safe
from charthouse.fhir.xml.narrative import fault

_STRUCTURE = "http://hl7.org/fhir/StructureDefinition/"
_EXTENSION = frozenset({"Extension"})


def _extensions(state: State, items: Items, url: Items) -> Items:
    """The extensions of that url on the items, primitives included."""
    wanted = text_of(url, "extension()")
    if wanted is None:
        return []
    found: Items = []
    for item in items:
        extensions = children_named(state.model, item, "extension")
        state.spend(1 + len(extensions))
        found += [one for one in extensions if isinstance(one.value, dict) and one.value.get("url") == wanted]
    return found


def _has_extension(state: State, items: Items, url: Items) -> bool:
    return bool(_extensions(state, items, url))


def _has_value(_: State, items: Items) -> bool:
    """One primitive that has a value, not only extensions."""
    return (
        len(items) == 1
        and system_of(items[0].type) is not None
        and items[0].value is not None
        and not isinstance(items[0].value, dict)
    )


def _get_value(state: State, items: Items) -> Items:
    if not _has_value(state, items):
        return []
    value = system_value(items[0])
    return [] if value is MISSING else [item_of(value)]  # type: ignore[arg-type]


def _html_checks(state: State, items: Items) -> bool | None:
    """Whether narrative text keeps to the XHTML that FHIR allows (R4 narrative.html)."""
    item = single(items, "htmlChecks()")
    if item is None or item.value is None:
        return None
    if not isinstance(item.value, str):
        return False
    state.spend(1 + len(item.value) // 16)
    return fault(item.value) is None and is_safe(item.value)


def _check_modifiers(state: State, items: Items, *allowed: Items) -> Items:
    """The input, unless an item has a modifier extension other than those named (R4 fhirpath.html)."""
    known = {text_of([url], "checkModifiers()") for urls in allowed for url in urls}
    for item in items:
        for one in children_named(state.model, item, "modifierExtension"):
            state.spend(1)
            url = one.value.get("url") if isinstance(one.value, dict) else None
            if url not in known:
                raise invalid(
                    "extension", "A modifier extension changes what this means, and is not allowed for here.",
                    place=one.place() or None, value=url,
                )  # fmt: skip
    return items


def _not_offered(site: Site) -> Code:
    """`elementDefinition` and `slice` ask the profile that an evaluation is made under; here there is none."""
    name = site.node.name
    raise site.compiler.fail(site.node, f"{name}() is not offered", "Use conformsTo(), or name the elements.")


def _conforms_to(site: Site) -> Code:
    """By the caller's profiles; the structures of the base standard are known here."""
    source, profile = site.base.run, site.argument(0).run
    model = site.compiler.model

    def truth(state: State, this: Item) -> bool | None:
        item = single(source(state, this), "conformsTo()")
        url = text_of(profile(state, this), "conformsTo()")
        if item is None or url is None:
            return None
        name = url.removeprefix(_STRUCTURE)
        if url.startswith(_STRUCTURE) and name in model.type_names and name not in model.ancestors(item.type):
            return False
        if state.env.conforms_to is not None:
            return state.env.conforms_to(item.value, item.type, url)
        if url.startswith(_STRUCTURE) and name in model.type_names:
            return True
        raise invalid("not-found", "This profile is not known here.", value=url)

    return boolean(truth)


def _member_of(site: Site) -> Code:
    source, valueset = site.base.run, site.argument(0).run

    def truth(state: State, this: Item) -> bool | None:
        item = single(source(state, this), "memberOf()")
        url = text_of(valueset(state, this), "memberOf()")
        if item is None or url is None or item.value is None:
            return None
        if state.env.member_of is None:
            raise _no_terminology("memberOf")
        return state.env.member_of(item.value, item.type.removeprefix(SYSTEM), url)

    return boolean(truth)


def _subsumption(name: str, *, is_turned: bool) -> Function:
    def test(state: State, items: Items, others: Items) -> bool | None:
        left, right = single(items, f"{name}()"), single(others, f"{name}()")
        if left is None or right is None:
            return None
        if state.env.subsumes is None:
            raise _no_terminology(name)
        pair = (right, left) if is_turned else (left, right)
        return state.env.subsumes(pair[0].value, pair[1].value)

    return Function(1, 1, condition(test))


def _no_terminology(name: str) -> Exception:
    return problem(
        Category.UNSUPPORTED,
        "not-supported",
        f"{name}() needs a terminology service, and none is at hand here.",
    )


FUNCTIONS = {
    "extension": Function(1, 1, plain(_extensions, Static(_EXTENSION))),
    "hasExtension": Function(1, 1, condition(_has_extension)),
    "hasValue": Function(0, 0, condition(_has_value)),
    "getValue": Function(0, 0, plain(_get_value, Static(None, is_many=False))),
    "htmlChecks": Function(0, 0, condition(_html_checks)),
    "htmlChecks2": Function(0, 0, condition(_html_checks)),
    "checkModifiers": Function(0, 9, plain(_check_modifiers)),
    "conformsTo": Function(1, 1, _conforms_to),
    "elementDefinition": Function(0, 0, _not_offered),
    "slice": Function(2, 2, _not_offered),
    "memberOf": Function(1, 1, _member_of),
    "subsumes": _subsumption("subsumes", is_turned=False),
    "subsumedBy": _subsumption("subsumedBy", is_turned=True),
}
