"""Compiles the outline of a profile to judges, for no more than what it asks beyond the type it constrains.

The type's own cardinality, bindings and constraints are rules of every write and are not asked again here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from charthouse.base.errors import Problem
from charthouse.fhir.definitions import Invariant
from charthouse.fhir.path import Item, parse
from charthouse.fhir.path.navigate import children_named
from charthouse.validation.bindings import SEVERITIES, Bound, binding
from charthouse.validation.finding import Finding
from charthouse.validation.formats import Found
from charthouse.validation.invariants import asking, told
from charthouse.validation.presence import heads
from charthouse.validation.profile.fixed import fixed, patterned
from charthouse.validation.profile.judging import Judge, Profiles, all_of, open_, placed, times
from charthouse.validation.profile.kinds import is_type, narrowed, typed
from charthouse.validation.profile.limits import bounds
from charthouse.validation.profile.marks import Marks
from charthouse.validation.profile.outline import CORE, Json, Outline, base_of
from charthouse.validation.profile.parts import parts
from charthouse.validation.profile.slicing import slicing
from charthouse.validation.scene import Scene, listed

MAX_VALUE_SET: Final = CORE + "elementdefinition-maxValueSet"


class _Cell:
    """The judge of an outline, for those who refer to it while it is still being compiled."""

    judge: Judge | None = None


class Compiler:
    """One compilation of one profile. `author` is what messages call it."""

    def __init__(self, profiles: Profiles, author: str, root: Outline) -> None:
        self._profiles = profiles
        self._model = profiles.model
        self._author = author
        self._root = root
        self._cells: dict[int, _Cell] = {}
        self._marks = Marks(profiles, lambda part: self.element(part, None))

    def profile(self) -> Judge | None:
        """The judge of a whole resource or value; None where the profile asks nothing more than its type."""
        return self.element(self._root, None)

    def element(self, outline: Outline, over: Outline | None) -> Judge | None:
        """What an element asks of one value; `over` is the unsliced element, which asks its part by itself."""
        cell = self._cell(outline)
        is_typed_above = over is not None and over.types == outline.types
        first = None if is_typed_above else narrowed(outline, self._author, self._profiles)
        rest = all_of(
            [
                *self._values(outline, over),
                *([] if _same(outline, over, "type") else typed(outline, self._author, self._profiles)),
                *self._bindings(outline, over),
                *self._constraints(outline, over),
                *self._members(outline, over),
                *parts(outline, self._author, self._marks),
                *self._referred(outline),
            ]
        )
        cell.judge = rest if first is None else first if rest is None else _guarded(first, rest)
        return cell.judge

    def _cell(self, outline: Outline) -> _Cell:
        return self._cells.setdefault(id(outline), _Cell())

    def _values(self, outline: Outline, over: Outline | None) -> list[Judge]:
        judges: list[Judge] = []
        for stem, make in (("fixed", fixed), ("pattern", patterned)):
            value = outline.value(stem)
            if value is not None and (over is None or over.value(stem) != value):
                judges.append(_valued(make(value, self._author)))
        if over is None or _limits(outline) != _limits(over):
            judges += bounds(outline, self._author, self._model)
        return judges

    def _bindings(self, outline: Outline, over: Outline | None) -> list[Judge]:
        found = outline.element.get("binding")
        if not isinstance(found, dict) or (over is not None and over.element.get("binding") == found):
            return []
        wanted = [(found.get("valueSet"), found.get("strength"))]
        wanted += [
            (extension.get("valueCanonical") or extension.get("valueUri"), "required")
            for extension in listed(found, "extension")
            if extension.get("url") == MAX_VALUE_SET
        ]
        return [
            judge
            for valueset, strength in wanted
            if isinstance(valueset, str)
            and (judge := self._bound(outline, valueset, str(strength))) is not None
        ]

    def _bound(self, outline: Outline, valueset: str, strength: str) -> Judge | None:
        base = outline.base
        if base is not None and base.binding == valueset.partition("|")[0] and base.strength == strength:
            return None
        if strength not in SEVERITIES:
            return None
        definitions = self._model.definitions
        made = {kind: binding(valueset, strength, kind, self._author, definitions) for kind in outline.types}
        checks: dict[str, Bound] = {kind: bound for kind, bound in made.items() if bound is not None}
        return _coded(checks) if checks else None

    def _constraints(self, outline: Outline, over: Outline | None) -> list[Judge]:
        judges: list[Judge] = []
        known = {one.get("key") for one in listed(over.element, "constraint")} if over is not None else set()
        for one in listed(outline.element, "constraint"):
            if not isinstance(one, dict) or one.get("key") in known or self._is_inherited(one, outline):
                continue
            judges.append(self._constraint(one, outline))
        return judges

    def _is_inherited(self, one: Json, outline: Outline) -> bool:
        """Whether a constraint is one of the type's own, which every write is held against."""
        source = one.get("source")
        if isinstance(source, str):
            return is_type(source.partition("|")[0], self._profiles)
        return one.get("key") in self._keys(outline)

    def _keys(self, outline: Outline) -> set[str]:
        definitions, names = self._model.definitions, set[str]()
        for kind in (*outline.types, self._root.name):
            names |= self._model.ancestors(kind)
        notes = [definitions.notes(name.partition(".")[0]) for name in names]
        return {one.key for note in notes for part in note.values() for one in part.invariants}

    def _constraint(self, one: Json, outline: Outline) -> Judge:
        key, human = str(one.get("key")), str(one.get("human", ""))
        expression = one.get("expression")
        if not isinstance(expression, str):
            message = f"The rule {key} ({human}) of {self._author} was not checked: it has no FHIRPath."
            return lambda _item, scene: [open_(message)] if scene.once("rule", self._author, key) else None
        invariant = Invariant(key, str(one.get("severity", "error")), human, expression)
        try:
            names = [name for name in heads(parse(expression)) if base_of(outline.types, name, self._model)]
        except Problem:
            names = []
        broken = [told(invariant, self._author, names)]
        ask = asking(invariant, self._model, self._profiles.expressions)

        def judge(item: Item, scene: Scene) -> Found:
            answer = ask(item, scene)
            return broken if answer is False else [answer] if isinstance(answer, Finding) else None

        return judge

    def _referred(self, outline: Outline) -> list[Judge]:
        """What the element asks that this one refers to for its content."""
        reference = outline.element.get("contentReference")
        if not isinstance(reference, str):
            return []
        name = reference.rpartition("#")[2]
        found = next(
            (one for one in self._root.walk() if name in (one.element.get("id"), one.element["path"])), None
        )
        if found is None:
            return []
        cell = self._cell(found)
        return [lambda item, scene: None if cell.judge is None else cell.judge(item, scene)]

    def _members(self, outline: Outline, over: Outline | None) -> list[Judge]:
        above: Mapping[str, Outline] = {} if over is None else over.children
        found = [self._member(child, above.get(name)) for name, child in outline.children.items()]
        return [judge for judge in found if judge is not None]

    def _member(self, child: Outline, over: Outline | None) -> Judge | None:
        """What is asked of all values of one element together, and of each."""
        base = child.base
        least = child.least if base is None or child.least > base.min else 0
        most = child.most
        if most is not None and base is not None and base.max is not None and most >= base.max:
            most = None
        if over is not None:
            least = least if least > over.least else 0
            most = most if most is not None and (over.most is None or most < over.most) else None
        each = self.element(child, over)
        sliced = slicing(child, self._author, self._marks, lambda part: self.element(part, child))
        if each is None and sliced is None and not least and most is None:
            return None
        name, model, count = child.name, self._model, self._counting(child, least, most)

        def judge(item: Item, scene: Scene) -> Found:
            values = children_named(model, item, name)
            if not values and model.step(item.type, name) is None:
                return None  # the profile speaks of another type that may stand here
            found = count(len(values)) if len(values) < least or most is not None else None
            if each is not None:
                for value in values:
                    wrong = each(value, scene)
                    if wrong is not None:
                        found = (found or []) + (placed(value, wrong) or [])
            if sliced is not None:
                wrong = sliced(values, scene)
                if wrong is not None:
                    # a slice that is missing says more than that there is nothing at all
                    found = wrong if not values else (found or []) + wrong
            return found

        return judge

    def _counting(self, child: Outline, least: int, most: int | None) -> Callable[[int], Found]:
        author, name = self._author, child.name
        kinds = child.written if child.written != name else f"{name} ({child.types[0].rpartition('.')[2]})"

        def count(number: int) -> Found:
            if number < least:
                many = "" if least == 1 else f" at least {least} times, and there are {number}"
                message = f'{author} wants "{name}"{many}.'
                repair = f"Add {kinds}" + (f": {child.short}." if child.short else ".")
                return [Finding("required", message, None, repair, f".{name}")]
            if most == 0 and number:
                message = f"{author} allows no {name} here."
                return [Finding("invalid", message, None, "Leave it out.", f".{name}")]
            if most is not None and number > most:
                message = f"{author} allows {name} {times(most)} only, and it is given {times(number)}."
                return [Finding("invalid", message, None, f"Keep {most} of them.", f".{name}")]
            return None

        return count


def _guarded(first: Judge, rest: Judge) -> Judge:
    """The rest only of values that have the right type: of others it would say nothing of use."""

    def judge(item: Item, scene: Scene) -> Found:
        found = first(item, scene)
        return rest(item, scene) if found is None else found

    return judge


def _valued(check: Callable[[Any], Found]) -> Judge:
    return lambda item, _scene: check(item.value)


def _coded(checks: Mapping[str, Bound]) -> Judge:
    def judge(item: Item, scene: Scene) -> Found:
        check = checks.get(item.type)
        return None if check is None or item.value is None else check(item.value, scene)

    return judge


def _limits(outline: Outline) -> tuple[Any, ...]:
    return outline.value("minValue"), outline.value("maxValue"), outline.element.get("maxLength")


def _same(outline: Outline, over: Outline | None, key: str) -> bool:
    return over is not None and outline.element.get(key) == over.element.get(key)
