"""Whether a tree has the shape of an R4 resource: the rule that holds for every writer, cheap at each write.

Each type is compiled on first use into a table from JSON name to rule; a rule answers None or
findings told relative to itself, so that a sound resource costs no allocation. Sources: R4
json.html, datatypes.html, domainresource.html (contained).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple, Protocol

from charthouse.base.errors import Issue
from charthouse.fhir.definitions import Definitions, Element, TypeDef
from charthouse.fhir.resource import MAX_DEPTH
from charthouse.validation import formats
from charthouse.validation.arrays import array, beside_array, beside_one, value_array
from charthouse.validation.finding import Finding, enough, is_shapeless, too_deep, under
from charthouse.validation.formats import Found, Rule
from charthouse.validation.scene import Scene
from charthouse.validation.wording import missing, no_object, unknown, untyped


def check(
    tree: Any, definitions: Definitions, *, limit: int = 20, entries: bool = True, codes: bool = True
) -> list[Issue]:
    """What is wrong with the shape of `tree`: at most `limit` issues, none if it is sound.

    Looking stops after about a hundred, whatever `limit` is. `entries=False` leaves
    `Bundle.entry.resource` alone, for writers that check each by itself. `codes=False` leaves out
    codes of required bindings. Nesting beyond `MAX_DEPTH` is an issue, never a RecursionError.
    An issue's `place` is FHIRPath with indexes (`Patient.name[0].given[1]`).
    """
    found = _shapes(definitions, Asked(entries, codes)).resource(tree, None, 0, Scene(tree))
    return [] if found is None else issues(tree, found[:limit])


def issues(tree: Any, found: list[Finding]) -> list[Issue]:
    """Findings as the caller wants them, their places beginning at the type of `tree`."""
    root = tree.get("resourceType") if type(tree) is dict else None
    return [finding.issue(root if type(root) is str else "") for finding in found]


class Asked(NamedTuple):
    """What of the shape is looked at: resources of a Bundle's entries, codes of required bindings, and
    whether everything that must be there is.
    """

    entries: bool = True
    codes: bool = True
    presence: bool = True


class Extras(Protocol):
    """Rules beyond the shape, asked for once when a type is compiled.

    They may rely on the shape of what they are given: where it is not sound they do not run.
    """

    def of_type(self, type_def: TypeDef, /) -> tuple[Rule, ...]:
        """Rules for all objects of a type."""

    def of_element(self, type_def: TypeDef, element: Element, value_type: str, /) -> tuple[Rule, ...]:
        """Rules for each value of one element, when it is of `value_type`."""


class _Fields(dict[str, Rule]):
    """The rules for the properties of one type, compiled as they are first met."""

    def __init__(self, shapes: Shapes, type_def: TypeDef) -> None:
        super().__init__()
        self.shapes = shapes
        self.type_def = type_def

    def __missing__(self, name: str) -> Rule:
        rule = self.shapes.compile(self.type_def, name)
        if rule is None:
            return _refusing(unknown(self.type_def, name))  # not kept: names without end may be sent
        self[name] = rule
        return rule


class Shapes:
    """All compiled rules of one set of definitions and options."""

    def __init__(self, definitions: Definitions, asked: Asked, extras: Extras | None = None) -> None:
        self.definitions = definitions
        self.asked = asked
        self.extras = extras
        self.resource = _resource_rule(self)
        self.contained = _contained_rule(self.resource)
        self._objects: dict[str, Rule] = {}

    def object(self, name: str) -> Rule:
        """The rule for objects of type `name` (a resource, data type or backbone element)."""
        rule = self._objects.get(name)
        if rule is None:
            type_def = self.definitions.type(name)
            further = self.extras.of_type(type_def) if self.extras is not None else ()
            rule = self._objects[name] = _object_rule(self, type_def, further)
        return rule

    def compile(self, type_def: TypeDef, name: str) -> Rule | None:
        """The rule for property `name` of a type, or None if the type does not have it."""
        if name == "resourceType" and type_def.kind == "resource":
            return _pass
        plain = name.removeprefix("_")
        element, value_type = _element(type_def, plain)
        if element is None:
            return None
        is_primitive = self.definitions.type(value_type).kind == "primitive-type"
        many = element.max != 1
        if plain != name:
            if not is_primitive or value_type == "xhtml" or element.is_attribute:
                return None
            inner = self.object("Element")
            rule = beside_array(plain, inner) if many else beside_one(plain, inner)
        elif is_primitive:
            inner = self._further(self._value(element, value_type), type_def, element, value_type)
            rule = value_array(plain, inner) if many else inner
        else:
            inner = self._further(self._object(type_def, element, value_type), type_def, element, value_type)
            rule = array(inner) if many else inner
        if element.is_choice:
            return _alone(rule, element.name, plain, _siblings(type_def, element.name))
        return rule

    def _value(self, element: Element, value_type: str) -> Rule:
        if self.asked.codes and value_type == "code" and element.strength == "required" and element.binding:
            codes = self.definitions.codes(element.binding)
            if codes:
                return formats.one_of(codes)
        return formats.rule(value_type)

    def _object(self, type_def: TypeDef, element: Element, value_type: str) -> Rule:
        if self.definitions.type(value_type).kind != "resource":
            return self.object(value_type)
        if element.name == "contained":
            return self.contained
        if type_def.name == "Bundle.entry" and element.name == "resource" and not self.asked.entries:
            return _any_object
        return self.resource

    def _further(self, rule: Rule, type_def: TypeDef, element: Element, value_type: str) -> Rule:
        """`rule`, and then what is asked beyond the shape."""
        more = self.extras.of_element(type_def, element, value_type) if self.extras is not None else ()
        return _both(rule, more) if more else rule


@lru_cache(maxsize=16)
def _shapes(definitions: Definitions, asked: Asked) -> Shapes:
    return Shapes(definitions, asked)


def _both(rule: Rule, further: tuple[Rule, ...]) -> Rule:
    def check(value: Any, holder: Any, depth: int, scene: Scene) -> Found:
        found = rule(value, holder, depth, scene)
        return beyond(further, found, value, holder, depth, scene)

    return check


def beyond(
    further: tuple[Rule, ...], found: Found, value: Any, holder: Any, depth: int, scene: Scene
) -> Found:
    """`found`, and what further rules find where the shape can be relied on."""
    if found is not None and is_shapeless(found):
        return found
    for rule in further:
        wrong = rule(value, holder, depth, scene)
        if wrong is not None:
            found = wrong if found is None else found + wrong
    return found


def _element(type_def: TypeDef, name: str) -> tuple[Element | None, str]:
    """The element that JSON name `name` belongs to, and the type it then has."""
    choice = type_def.choice.get(name)
    if choice is not None:
        return type_def.elements[choice[0]], choice[1]
    element = type_def.elements.get(name)
    if element is None or element.is_choice or element.max == 0:
        return None, ""
    return element, element.types[0]


def _siblings(type_def: TypeDef, stem: str) -> frozenset[str]:
    """Every JSON name under which the choice `stem` can stand."""
    names = [name for name, (own, _) in type_def.choice.items() if own == stem]
    return frozenset(names) | frozenset("_" + name for name in names)


def _object_rule(shapes: Shapes, type_def: TypeDef, further: tuple[Rule, ...]) -> Rule:
    """The rule for objects of one type: nothing unknown, nothing missing, each property by its own rule."""
    fields = _Fields(shapes, type_def)
    needed = [element for element in type_def.elements.values() if element.min and shapes.asked.presence]
    required = tuple(element.name for element in needed if not element.is_choice)
    choices = tuple(
        (element.name, _siblings(type_def, element.name)) for element in needed if element.is_choice
    )
    # An element needs more than an id; `Element` itself is what stands beside a value.
    needs_content = type_def.kind != "resource" and type_def.name != "Element"

    def check_object(node: Any, holder: Any, depth: int, scene: Scene) -> Found:
        if type(node) is not dict:
            return no_object(node)
        if depth >= MAX_DEPTH:
            return too_deep()
        if len(node) < 2 and (not node or (needs_content and "id" in node)):
            return [Finding("structure", "The object is empty.", None, "Leave it out.")]
        found: Found = None
        for name, value in node.items():
            wrong = fields[name](value, node, depth + 1, scene)
            if wrong is not None:
                found = (found or []) + under(_step(type_def, name), wrong)
                if enough(found):
                    return found
        for name in required:
            if name not in node and "_" + name not in node:
                found = (found or []) + [missing(type_def, name)]
        for stem, names in choices:
            if names.isdisjoint(node):
                found = (found or []) + [missing(type_def, stem)]
        return beyond(further, found, node, holder, depth, scene) if further else found

    return check_object


def _resource_rule(shapes: Shapes) -> Rule:
    """The rule for a place where a resource of any type may stand."""
    is_resource = shapes.definitions.is_resource
    rules: dict[str, Rule] = {}

    def check_resource(node: Any, holder: Any, depth: int, scene: Scene) -> Found:
        if type(node) is not dict:
            return no_object(node)
        name = node.get("resourceType")
        rule = rules.get(name) if type(name) is str else None
        if rule is not None:
            return rule(node, holder, depth, scene.enter(node))
        if type(name) is str and is_resource(name):
            rules[name] = shapes.object(name)
            return rules[name](node, holder, depth, scene.enter(node))
        return [untyped(name, shapes.definitions.resource_types)]

    return check_resource


def _contained_rule(resource: Rule) -> Rule:
    """The rule for a contained resource (R4 domainresource.html, dom-2; references.html#contained)."""

    def check_contained(node: Any, holder: Any, depth: int, scene: Scene) -> Found:
        found = resource(node, holder, depth, scene.hold(node))
        if type(node) is dict:
            if "id" not in node:
                message = "A contained resource needs an id, by which it is referred to."
                found = (found or []) + [
                    Finding("required", message, None, 'Give it one, such as "p1".', ".id")
                ]
            if "contained" in node:
                message = "A contained resource cannot contain another one."
                repair = "Move it to the contained list of the outer resource."
                found = (found or []) + [Finding("structure", message, None, repair, ".contained")]
        return found

    return check_contained


def _alone(rule: Rule, stem: str, name: str, siblings: frozenset[str]) -> Rule:
    """`rule` for a choice element: no other of its types may stand beside it."""
    others = siblings - {name, "_" + name}

    def check_choice(value: Any, holder: Any, depth: int, scene: Scene) -> Found:
        if others.isdisjoint(holder):
            return rule(value, holder, depth, scene)
        given = sorted({other.removeprefix("_") for other in holder if other in siblings})
        message = f"{stem}[x] may be given once, and is given as {' and '.join(given)}."
        return [Finding("structure", message, name, "Keep one of them.")]

    return check_choice


def _refusing(finding: Finding) -> Rule:
    found = [finding]

    def refuse(_value: Any, _holder: Any, _depth: int, _scene: Scene) -> Found:
        return found

    return refuse


def _step(type_def: TypeDef, name: str) -> str:
    """The step of a FHIRPath from an object to its property `name`."""
    plain = name.removeprefix("_")
    choice = type_def.choice.get(plain)
    return "." + (choice[0] if choice else plain if plain in type_def.elements else name[:80])


def _pass(_value: Any, _holder: Any, _depth: int, _scene: Scene) -> Found:
    return None


def _any_object(node: Any, _holder: Any, _depth: int, _scene: Scene) -> Found:
    return None if type(node) is dict else no_object(node)
