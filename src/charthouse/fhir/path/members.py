"""Paths: the names in an expression, resolved against the FHIR types before anything runs (N1 4; R4 choices)."""

from __future__ import annotations

from charthouse.fhir.path.code import NOTHING, Code, Run, Static
from charthouse.fhir.path.compiler import Compiler, focus
from charthouse.fhir.path.item import Item, Items, State, exhausted
from charthouse.fhir.path.model import ABSTRACT, Key, Model, Step, TypeTest
from charthouse.fhir.path.navigate import append_primitives, expand
from charthouse.fhir.path.nodes import Member
from charthouse.fhir.path.routes import Hop, Route
from charthouse.fhir.path.suggest import nearest


def member(compiler: Compiler, node: Member, scope: Static) -> Code:
    """The code of `base.name`, or of a name that begins a path."""
    if node.base is not None:
        return step_into(compiler, node, compiler.code(node.base, scope))
    types = known_types(scope)
    if types is None:
        return _open_head(compiler, node, scope)
    is_element = any(compiler.model.step(kind, node.name) for kind in types)
    if not is_element and node.name in compiler.model.type_names:
        return _type_head(compiler, node, scope, types)
    return step_into(compiler, node, focus(scope))


def known_types(static: Static) -> frozenset[str] | None:
    """The types, if all are known and none of them leaves open what it holds."""
    return None if static.types is None or not ABSTRACT.isdisjoint(static.types) else static.types


def _type_head(compiler: Compiler, node: Member, scope: Static, types: frozenset[str]) -> Code:
    """`Patient.…`: the focus if it is a Patient."""
    model = compiler.model
    test = TypeTest(node.name, frozenset({node.name}))
    kept = frozenset(kind for kind in types if model.is_kind(kind, test))
    if kept == types:
        return focus(scope)
    if not kept:
        if compiler.is_strict:
            raise compiler.fail(node, f"The focus is {_listed(types)}, never {node.name}")
        return NOTHING
    return Code(_kept_kinds(model, test), Static(kept, scope.is_many))


def _kept_kinds(model: Model, test: TypeTest) -> Run:
    return lambda _, this: [this] if model.is_kind(this.type, test) else []


def _open_head(compiler: Compiler, node: Member, scope: Static) -> Code:
    """A first name where only the value tells the type: an element, or else the type's own name."""
    model, name = compiler.model, node.name
    if name not in model.type_names:
        return step_into(compiler, node, focus(scope))
    test = TypeTest(name, frozenset({name}))

    def run(state: State, this: Item) -> Items:
        step = model.step(this.type, name)
        if step is None:
            return [this] if model.is_kind(this.type, test) else []
        found: Items = []
        expand(model, this, step, found)
        state.spend(len(found))
        return found

    return Code(run, Static(frozenset({name}) if name not in ABSTRACT else None))


def step_into(compiler: Compiler, node: Member, base: Code) -> Code:
    """From what `base` gives into the element `node.name`."""
    model, name = compiler.model, node.name
    types = known_types(base.static)
    if types is None:
        return Code(_open_step(model, base.run, name), Static())
    steps = {kind: step for kind in types if (step := model.step(kind, name)) is not None}
    if not steps:
        if compiler.is_strict and types:
            raise _unknown(compiler, node, types)
        return NOTHING
    result = frozenset(kind for step in steps.values() for kind in step.types)
    is_many = base.static.is_many or any(step.is_many for step in steps.values())
    static = Static(result if ABSTRACT.isdisjoint(result) else None, is_many, base.static.is_ordered)
    if len(types) > 1:
        return Code(_open_step(model, base.run, name), static)
    kind, step = next(iter(steps.items()))
    if model.is_primitive(kind):
        return Code(_general_step(model, base.run, step), static)
    return Code(_run(model, base.run, step), static, routes=_routes(base, step))


def _run(model: Model, base: Run, step: Step) -> Run:
    """The closure for a known complex type."""
    key = step.keys[0]
    if len(step.keys) > 1 or key.type in ABSTRACT:
        return _general_step(model, base, step)
    return (
        _complex_step(base, key, step.name)
        if key.hidden is None
        else _primitive_step(base, key, key.hidden, step.name)
    )


def _routes(base: Code, step: Step) -> tuple[Route, ...]:
    """The route of `base`, one hop longer, where it stays pure."""
    if len(base.routes) != 1 or base.routes[0].type is None:  # a union drops twins before it goes on
        return ()
    if len(step.keys) > 1:
        return (base.routes[0].then(Hop(step.keys), None),)
    key = step.keys[0]
    if key.type in ABSTRACT or key.type.startswith("System."):
        return ()
    return (base.routes[0].then(Hop((key,)), key.type),)


def _complex_step(base: Run, key: Key, name: str) -> Run:
    key_name, kind = key.name, key.type

    def run(state: State, this: Item) -> Items:
        found: Items = []
        for item in base(state, this):
            tree = item.value
            if tree.__class__ is dict:
                value = tree.get(key_name)
                if value is None:
                    continue
                if value.__class__ is list:
                    for index, part in enumerate(value):
                        if part is not None:
                            found.append(Item(part, kind, None, item, name, index))
                else:
                    found.append(Item(value, kind, None, item, name))
        state.left -= len(found)
        if state.left < 0:
            raise exhausted(state)
        return found

    return run


def _primitive_step(base: Run, key: Key, hidden: str, name: str) -> Run:
    key_name, kind = key.name, key.type

    def run(state: State, this: Item) -> Items:
        found: Items = []
        for item in base(state, this):
            tree = item.value
            if tree.__class__ is dict:
                value, extra = tree.get(key_name), tree.get(hidden)
                if value is None and extra is None:
                    continue
                if extra is None and value.__class__ is not list:
                    found.append(Item(value, kind, None, item, name))
                else:
                    append_primitives(value, extra, key, item, name, found)
        state.left -= len(found)
        if state.left < 0:
            raise exhausted(state)
        return found

    return run


def _general_step(model: Model, base: Run, step: Step) -> Run:
    def run(state: State, this: Item) -> Items:
        found: Items = []
        for item in base(state, this):
            expand(model, item, step, found)
        state.spend(len(found))
        return found

    return run


def _open_step(model: Model, base: Run, name: str) -> Run:
    """The closure where each value's own type decides."""

    def run(state: State, this: Item) -> Items:
        found: Items = []
        for item in base(state, this):
            step = model.step(item.type, name)
            if step is not None:
                expand(model, item, step, found)
        state.spend(1 + len(found))
        return found

    return run


def _unknown(compiler: Compiler, node: Member, types: frozenset[str]) -> Exception:
    """The refusal of a name that no possible type has, with the nearest that there is."""
    model = compiler.model
    for kind in types:
        definition = model.definition(kind)
        choice = definition.choice.get(node.name) if definition is not None else None
        if choice is not None:
            stem, form = choice
            return compiler.fail(
                node, f"{node.name} is only JSON's name", f"Write {stem}, or {stem}.ofType({form})."
            )
    names = sorted({name for kind in types for name in model.names(kind)})
    near = nearest(node.name, names)
    return compiler.fail(
        node, f"{_listed(types)} has no element {node.name}", f"Is {near} meant?" if near else None
    )


def _listed(types: frozenset[str]) -> str:
    return " or ".join(sorted(types)[:4])
