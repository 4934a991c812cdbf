"""What `%name` stands for: FHIRPath N1 9 and R4 fhirpath.html, and `defineVariable` of the later ballot."""

from __future__ import annotations

from typing import Final

from charthouse.base.errors import invalid
from charthouse.fhir.path.code import Code, Static
from charthouse.fhir.path.compiler import Compiler, Function, Site
from charthouse.fhir.path.item import Item, Items, State
from charthouse.fhir.path.nodes import Variable
from charthouse.fhir.path.values import given, item_of, text_of

_FIXED: Final = {
    "sct": "http://snomed.info/sct",
    "loinc": "http://loinc.org",
    "ucum": "http://unitsofmeasure.org",
}
_PREFIXES: Final = {
    "vs-": "http://hl7.org/fhir/ValueSet/",
    "ext-": "http://hl7.org/fhir/StructureDefinition/",
}


def variable(_: Compiler, node: Variable, _scope: Static) -> Code:
    """The code of `%name`; the standard's own names are known at once, others when it runs."""
    fixed = _fixed(node.name)
    if fixed is not None:
        item = item_of(fixed)
        return Code(lambda state, this: [item], Static(frozenset({item.type}), is_many=False), constant=item)
    name = node.name

    def run(state: State, _: Item) -> Items:
        found = _look_up(state, name)
        if found is None:
            raise invalid("processing", f"Nothing is known under %{name}.", value=f"%{name}")
        return found

    return Code(run, Static())


def _fixed(name: str) -> str | None:
    if name in _FIXED:
        return _FIXED[name]
    for prefix, start in _PREFIXES.items():
        if name.startswith(prefix):
            return start + name.removeprefix(prefix)
    return None


def _look_up(state: State, name: str) -> Items | None:
    if name in state.defined:
        return state.defined[name]
    env = state.env
    if name == "context":
        return [state.context]
    if name in ("resource", "rootResource"):
        tree = env.root if name == "rootResource" and env.root is not None else env.resource
        if tree is not None:
            return [Item(tree, state.model.runtime_type("Resource", tree))]
        return [_resource(state.context, is_root=name == "rootResource")]
    return given(env.variables[name]) if name in env.variables else None


def _resource(context: Item, *, is_root: bool) -> Item:
    """The resource around the context, or the one that it is contained in; a lone data type stands for itself."""
    found = context.holder()
    if found is not None and is_root and found.key == "contained" and found.parent is not None:
        found = found.parent.holder()
    return context if found is None else found


def _define(site: Site) -> Code:
    """Give the input (or an expression over it) a name for what follows, and pass the input on."""
    source, name = site.base.run, site.argument(0).run
    value = site.projection(1).run if site.count > 1 else None

    def run(state: State, this: Item) -> Items:
        items = source(state, this)
        label = text_of(name(state, this), "defineVariable()")
        if label is None:
            raise invalid("processing", "defineVariable() needs a name.")
        if _fixed(label) is not None or label in ("context", "resource", "rootResource"):
            raise invalid("processing", f"%{label} has its meaning already.", value=label)
        state.defined[label] = (
            items if value is None else [found for item in items for found in value(state, item)]
        )
        return items

    return Code(run, site.base.static)


FUNCTIONS = {"defineVariable": Function(1, 2, _define)}
