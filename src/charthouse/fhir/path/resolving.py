"""References: `resolve()`, and what a reference points to without resolving it (R4 fhirpath.html)."""

from __future__ import annotations

from typing import Any

from charthouse.fhir.path.code import Code, Static, Truth
from charthouse.fhir.path.compiler import Compiler, Function, Site
from charthouse.fhir.path.item import Item, Items, State
from charthouse.fhir.path.model import TEXTUAL, Model, TypeTest
from charthouse.fhir.path.nodes import Call, Node, This, TypeOperation
from charthouse.fhir.path.routes import Test
from charthouse.fhir.path.values import single


def reference_operand(node: Node | None) -> Call | None:
    """`node` if it is a call of `resolve()`."""
    return node if isinstance(node, Call) and node.name == "resolve" and not node.args else None


def reference_test(model: Model, criterion: Node, kind: str) -> Test | None:
    """`resolve() is T` as a test on JSON of a Reference or canonical; None for any other criterion."""
    if not (isinstance(criterion, TypeOperation) and criterion.op == "is"):
        return None
    call = reference_operand(criterion.base)
    if (
        call is None
        or not (call.base is None or isinstance(call.base, This))
        or kind not in (TEXTUAL | {"Reference"})
    ):
        return None
    test = model.resolve(criterion.type.namespace, criterion.type.name)
    if test is None or len(test.names) != 1:
        return None
    wanted = next(iter(test.names))
    start = f"{wanted}/"

    def matches(value: Any, tree: dict[str, Any]) -> bool:
        text = value.get("reference") if value.__class__ is dict else value
        if text.__class__ is str and text.startswith(start):
            return True
        found = target_type(model, value, tree)
        return found is not None and model.is_kind(found, test)

    return matches


def points_to(compiler: Compiler, call: Call, scope: Static, test: TypeTest) -> Truth:
    """`….resolve() is T`: by the resource if a resolver is at hand, else by what the reference says."""
    model = compiler.model
    source = compiler.based(call.base, scope).run
    resolved = compiler.code(call, scope).run

    def truth(state: State, this: Item) -> bool | None:
        if state.env.resolve is not None:
            item = single(resolved(state, this), "is")
            return None if item is None else model.is_kind(item.type, test)
        item = single(source(state, this), "is")
        if item is None:
            return None
        found = target_type(model, item.value, _container(state, item))
        return None if found is None else model.is_kind(found, test)

    return truth


def target_type(model: Model, value: Any, tree: Any) -> str | None:
    """The resource type that a Reference (or its text) points to; None if it does not say.

    By the text (`Patient/1`, a full address, a condition, `#1` in `contained` of `tree`), else by `type`.
    """
    text = value.get("reference") if isinstance(value, dict) else value
    found = _type_in_text(model, text, tree) if isinstance(text, str) else None
    if found is None and isinstance(value, dict):
        named = value.get("type")
        if isinstance(named, str):
            named = named.rpartition("/")[2]
            return named if model.definitions.is_resource(named) else None
    return found


def _type_in_text(model: Model, text: str, tree: Any) -> str | None:
    if text.startswith("#"):
        held = _contained(tree, text[1:])
        named = held.get("resourceType") if held is not None else None
        return named if isinstance(named, str) else None
    path, mark, _ = text.partition("?")
    parts = path.split("/")
    if len(parts) > 3 and parts[-2] == "_history":
        del parts[-2:]
    named = parts[-1] if mark else parts[-2] if len(parts) > 1 else ""
    return named if model.definitions.is_resource(named) else None


def _contained(tree: Any, name: str) -> dict[str, Any] | None:
    """The contained resource of that id; the tree itself for the bare `#`."""
    if not isinstance(tree, dict):
        return None
    if not name:
        return tree
    held = tree.get("contained")
    for one in held if isinstance(held, list) else ():
        if isinstance(one, dict) and one.get("id") == name:
            return one
    return None


def _container(state: State, item: Item) -> Any:
    """The resource whose `contained` a `#` reference in `item` means: the nearest that is not contained."""
    found = item.holder()
    while found is not None and found.key == "contained" and found.parent is not None:
        found = found.parent.holder()
    return state.env.resource if found is None else found.value


def _resolve(site: Site) -> Code:
    source, model = site.base.run, site.compiler.model

    def run(state: State, this: Item) -> Items:
        found: Items = []
        for item in source(state, this):
            text = item.value.get("reference") if isinstance(item.value, dict) else item.value
            if isinstance(text, str):
                state.spend(1)
                resource = _lookup(state, item, text)
                if isinstance(resource, dict):
                    found.append(Item(resource, model.runtime_type("Resource", resource)))
        return found

    return Code(run, Static(None, site.base.static.is_many))


def _lookup(state: State, item: Item, text: str) -> Any:
    """Inside the resource, inside the Bundle around it, then by the caller's resolver."""
    if text.startswith("#"):
        return _contained(_container(state, item), text[1:])
    bundle = _bundle(state)
    for entry in bundle if isinstance(bundle, list) else ():
        state.spend(1)
        address = entry.get("fullUrl") if isinstance(entry, dict) else None
        if isinstance(address, str) and (address == text or address.endswith(f"/{text}")):
            return entry.get("resource")
    return state.env.resolve(text) if state.env.resolve is not None else None


def _bundle(state: State) -> Any:
    """The entries of the Bundle that all this happens in, if it is one."""
    top = state.context
    while top.parent is not None:
        top = top.parent
    for tree in (state.env.root, top.value):
        if isinstance(tree, dict) and tree.get("resourceType") == "Bundle":
            return tree.get("entry")
    return None


FUNCTIONS = {"resolve": Function(0, 0, _resolve)}
