"""`is`, `as`, `ofType` and `type()`: FHIRPath N1 6.3 and 5.2.4, with R4's rules for FHIR types."""

from __future__ import annotations

from charthouse.base.errors import invalid
from charthouse.fhir.path.code import Code, Static, boolean
from charthouse.fhir.path.compiler import Compiler, Function, plain
from charthouse.fhir.path.item import Item, Items, State
from charthouse.fhir.path.members import known_types
from charthouse.fhir.path.model import SYSTEM, Model, TypeTest
from charthouse.fhir.path.nodes import TypeOperation
from charthouse.fhir.path.resolving import points_to, reference_operand
from charthouse.fhir.path.routes import Hop, Route
from charthouse.fhir.path.suggest import nearest
from charthouse.fhir.path.values import info, single


def type_operation(compiler: Compiler, node: TypeOperation, scope: Static) -> Code:
    """The code of `is`, `as` and `ofType`."""
    test = _type_test(compiler, node)
    if node.op == "is":
        return _is(compiler, node, scope, test)
    return _selected(compiler, node, compiler.based(node.base, scope), test)


def _type_test(compiler: Compiler, node: TypeOperation) -> TypeTest:
    model = compiler.model
    test = model.resolve(node.type.namespace, node.type.name)
    if test is None:
        near = nearest(node.type.name, model.type_names)
        raise compiler.fail(node, f"There is no type {node.type}", f"Is {near} meant?" if near else None)
    if not compiler.is_strict and node.op != "is" and node.type.namespace is None:
        test = _forgiving(model, test, node.type.name)
    return test


def _forgiving(model: Model, test: TypeTest, name: str) -> TypeTest:
    """`as(DateTime)` means FHIR's dateTime too: search parameters of R4 itself are written so."""
    fhir_name = name[:1].lower() + name[1:]
    if f"{SYSTEM}{name}" in test.names and model.is_primitive(fhir_name):
        return TypeTest(test.text, test.names | {fhir_name})
    return test


def _is(compiler: Compiler, node: TypeOperation, scope: Static, test: TypeTest) -> Code:
    model = compiler.model
    reference = reference_operand(node.base)
    if reference is not None:
        return boolean(points_to(compiler, reference, scope, test))
    source = compiler.based(node.base, scope).run

    def truth(state: State, this: Item) -> bool | None:
        item = single(source(state, this), "is")
        return None if item is None else model.is_kind(item.type, test)

    return boolean(truth)


def _selected(compiler: Compiler, node: TypeOperation, base: Code, test: TypeTest) -> Code:
    """`as` and `ofType` keep the items of the type; strictly, `as` of several items is an error."""
    model, source = compiler.model, base.run
    is_single = node.op == "as" and compiler.is_strict

    def run(state: State, this: Item) -> Items:
        items = source(state, this)
        if is_single and len(items) > 1:
            raise invalid(
                "processing", f"as({test.text}) needs one item and got {len(items)}.", repair="Use ofType()."
            )
        return [item for item in items if model.is_selected(item.type, test)]

    types = known_types(base.static)
    is_counted = is_single and base.static.is_many
    if types is not None:
        kept = frozenset(kind for kind in types if model.is_selected(kind, test))
        return Code(
            run,
            Static(kept, base.static.is_many, base.static.is_ordered),
            routes=() if is_counted else _narrowed(base, kept),
        )
    known = frozenset(name for name in test.names) if len(test.names) == 1 else None
    return Code(run, Static(_concrete(model, known), base.static.is_many, base.static.is_ordered))


def _concrete(model: Model, types: frozenset[str] | None) -> frozenset[str] | None:
    """`types` if nothing derives from them; a value of unknown type can be of a kind that is only below."""
    if types is None:
        return None
    names = model.definitions.type_names
    has_heirs = any(
        types & (model.ancestors(name) - {name}) for name in names if not model.is_primitive(name)
    )
    return None if has_heirs else types


def _narrowed(base: Code, kept: frozenset[str]) -> tuple[Route, ...]:
    """A route that ends in a choice goes on with the one key of the type."""
    if len(base.routes) != 1:
        return ()
    route = base.routes[0]
    if route.type is not None:
        return base.routes if route.type in kept else ()
    *before, last = route.hops
    keys = tuple(key for key in last.keys if key.type in kept)
    if not keys:
        return ()
    return (Route((*before, Hop(keys)), keys[0].type if len(keys) == 1 else None),)


def _type(state: State, items: Items) -> Items:
    return [_described(state.model, item.type) for item in items]


def _described(model: Model, kind: str) -> Item:
    """Namespace, name and what it derives from (N1 10.2)."""
    if kind.startswith(SYSTEM):
        return info("System", kind.removeprefix(SYSTEM), "System.Any")
    definition = model.definition(kind)
    base = definition.base if definition is not None else None
    return info("FHIR", kind, f"FHIR.{base}" if base is not None else None)


FUNCTIONS = {"type": Function(0, 0, plain(_type, Static(frozenset({"System.SimpleTypeInfo"}))))}
