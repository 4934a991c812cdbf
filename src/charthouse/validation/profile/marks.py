"""By what an item is told to belong to a slice: the discriminators of a slicing (R4 profiling.html#discriminator)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, Final, NamedTuple

from charthouse.base.errors import Problem
from charthouse.fhir import path
from charthouse.fhir.path import Item, Node
from charthouse.fhir.path.navigate import children_named
from charthouse.fhir.path.nodes import Call, Literal, Member, This, TypeOperation
from charthouse.validation.bindings import binding
from charthouse.validation.profile.fixed import described, fits, is_same
from charthouse.validation.profile.judging import Judge, Profiles, has_error
from charthouse.validation.profile.outline import CORE, Outline
from charthouse.validation.scene import Scene
from charthouse.validation.targets import target

Criterion = Callable[[Item, Scene], bool | None]
Test = Callable[[Item, Scene], bool | None]

_UNKNOWN_EXTENSION: Final = "url"


class Step(NamedTuple):
    """One step of a discriminator's path: `member`, `extension`, `type` or `resolve`, and its name."""

    kind: str
    name: str


class Mark(NamedTuple):
    """What tells the items of one slice: the test, and the same in words (empty if there are none)."""

    criterion: Criterion
    words: str


class Marks:
    """Makes marks. `judge_of` compiles what an outline asks of one item."""

    def __init__(self, profiles: Profiles, judge_of: Callable[[Outline], Judge | None]) -> None:
        self.model = profiles.model
        self._profiles = profiles
        self._judge_of = judge_of

    def mark(self, kind: str, text: str, part: Outline) -> Mark:
        """The mark of slice `part` by one discriminator, its type and its path."""
        steps = steps_of(text)
        if steps is None:
            return Mark(_unknown, "")
        if kind in ("value", "pattern"):
            return self._by_value(steps, text, part)
        if kind == "exists":
            return self._by_existence(steps, text, part)
        if kind == "type":
            return self._by_type(steps, part)
        return self._by_profile(steps, part) if kind == "profile" else Mark(_unknown, "")

    # --- the four kinds ---------------------------------------------------------------------------------

    def _by_value(self, steps: list[Step], text: str, part: Outline) -> Mark:
        ends = [(end, self._value_test(end)) for end in self._ends([part], steps)]
        tests = [test for _, test in ends if test is not None]
        if not tests:
            return Mark(_unknown, "")
        found = [_words(end, named=bool(steps)) for end, test in ends if test is not None]
        words = " and ".join(f"{text} {words}" if steps else words for words in found if words)

        def criterion(item: Item, scene: Scene) -> bool | None:
            values = self._values(item, steps, scene)
            if values is None:
                return None
            return _every(_some([test(value, scene) for value in values]) for test in tests)

        return Mark(criterion, words)

    def _value_test(self, end: Outline) -> Test | None:
        """What an outline says of its value: the value itself, a set of codes, or what stands below it."""
        fixed, pattern = end.value("fixed"), end.value("pattern")
        if fixed is not None:
            return lambda item, _scene: is_same(item.value, fixed)
        if pattern is not None:
            return lambda item, _scene: fits(item.value, pattern)
        test = self._coded(end)
        if test is not None:
            return test
        if not end.children and not end.element.get("constraint"):
            return None
        judge = self._judge_of(replace(end, slices=[]))
        return None if judge is None else lambda item, scene: not has_error(judge(item, scene))

    def _coded(self, end: Outline) -> Test | None:
        valueset = _required_set(end)
        if valueset is None:
            return None
        definitions = self._profiles.model.definitions
        made = {kind: binding(valueset, "required", kind, "", definitions) for kind in end.types}
        bounds = {kind: bound for kind, bound in made.items() if bound is not None}
        if not bounds:
            return None

        def test(item: Item, scene: Scene) -> bool | None:
            bound = bounds.get(item.type)
            return False if bound is None or item.value is None else bound.holds(item.value, scene)

        return test

    def _by_existence(self, steps: list[Step], text: str, part: Outline) -> Mark:
        wanted = {True for end in self._ends([part], steps) if end.least > 0}
        wanted |= {False for end in self._ends([part], steps) if end.most == 0}
        if len(wanted) != 1:
            return Mark(_unknown, "")
        is_there = wanted.pop()

        def criterion(item: Item, scene: Scene) -> bool | None:
            values = self._values(item, steps, scene)
            return None if values is None else bool(values) is is_there

        return Mark(criterion, text if is_there else f"no {text}")

    def _by_type(self, steps: list[Step], part: Outline) -> Mark:
        if steps and steps[-1].kind == "resolve":
            return self._by_target_type(steps[:-1], part)
        kinds = frozenset(kind for end in self._ends([part], steps) for kind in end.types)
        if not kinds:
            return Mark(_unknown, "")
        ancestors = self._profiles.model.ancestors

        def criterion(item: Item, scene: Scene) -> bool | None:
            values = self._values(item, steps, scene)
            if values is None:
                return None
            return any(value.type in kinds or not kinds.isdisjoint(ancestors(value.type)) for value in values)

        return Mark(criterion, f"of type {' or '.join(sorted(kinds))}")

    def _by_target_type(self, steps: list[Step], part: Outline) -> Mark:
        urls = [url for end in self._ends([part], steps) for url in end.urls("targetProfile")]
        kinds = frozenset(kind for url in urls if (kind := self._profiles.type_of(url)) is not None)
        model = self._profiles.model
        if not kinds:
            return Mark(_unknown, "")

        def criterion(item: Item, scene: Scene) -> bool | None:
            found = [target(value.value, scene, model) for value in self._values(item, steps, scene) or ()]
            if any(kind in kinds for kind in found):
                return True
            return None if None in found else False

        return Mark(criterion, f"referring to {' or '.join(sorted(kinds))}")

    def _by_profile(self, steps: list[Step], part: Outline) -> Mark:
        key = "profile"
        inner = steps
        if steps and steps[-1].kind == "resolve":
            key, inner = "targetProfile", steps[:-1]
        urls = [url for end in self._ends([part], inner) for url in end.urls(key)]
        if not urls:
            return Mark(_unknown, "")

        def criterion(item: Item, scene: Scene) -> bool | None:
            values = self._values(item, steps, scene)
            if values is None:
                return None
            answers = [self._profiles.conforms(value, url, scene) for value in values for url in urls]
            return _some(answers)

        return Mark(
            criterion, f"that conforms to {' or '.join(self._profiles.title_of(url) for url in urls)}"
        )

    # --- paths ------------------------------------------------------------------------------------------

    def _values(self, item: Item, steps: list[Step], scene: Scene) -> list[Item] | None:
        """The items at the end of the path; None where a reference on it leads out of sight."""
        items = [item]
        model = self._profiles.model
        for kind, name in steps:
            if kind == "member":
                items = [child for one in items for child in children_named(model, one, name)]
            elif kind == "extension":
                found = [child for one in items for child in children_named(model, one, "extension")]
                items = [one for one in found if one.value.get("url") == name]
            elif kind == "type":
                items = [one for one in items if one.type == name]
            else:
                trees = [scene.resolve(_reference(one.value)) for one in items]
                if any(tree.__class__ is not dict for tree in trees):
                    return None
                items = [Item(tree, model.runtime_type("Resource", tree)) for tree in trees]
        return items

    def _ends(self, parts: list[Outline], steps: list[Step]) -> list[Outline]:
        """The outlines at the end of the path, also those inside the profiles of types on the way."""
        for kind, name in steps:
            if kind == "member":
                parts = [end for part in parts for end in self._children(part, name)]
            elif kind == "extension":
                held = [end for part in parts for end in self._children(part, "extension")]
                parts = [one for end in held for one in end.slices if self.url_of(one) == name]
            elif kind == "type":
                parts = [replace(part, types=(name,)) for part in parts if name in part.types]
            else:
                urls = [url for part in parts for url in part.urls("targetProfile")]
                parts = [found for url in urls if (found := self._profiles.outline(url)) is not None]
        return parts

    def _children(self, part: Outline, name: str) -> list[Outline]:
        found = _inside_value(part, name)
        if name in part.children:
            found.append(part.children[name])
        for url in part.urls("profile"):
            outline = self._profiles.outline(url)
            if outline is not None and name in outline.children:
                found.append(outline.children[name])
            elif outline is None and name == _UNKNOWN_EXTENSION and "Extension" in part.types:
                found.append(Outline(name, {"path": name, "fixedUri": url.partition("|")[0]}, None, ("uri",)))
        return found

    def url_of(self, part: Outline) -> str | None:
        """The url of the extensions in a slice."""
        return next((end.value("fixed") for end in self._children(part, "url") if end.value("fixed")), None)


def steps_of(text: str) -> list[Step] | None:
    """The steps of a discriminator's path; None where it uses more of FHIRPath than R4 allows there."""
    try:
        node: Node | None = path.parse(text.replace("[x]", ""))
    except Problem:
        return None
    steps: list[Step] = []
    while node is not None and not isinstance(node, This):
        if isinstance(node, Member):
            steps.append(Step("member", node.name))
        elif isinstance(node, TypeOperation) and node.op in ("ofType", "as"):
            steps.append(Step("type", node.type.name))
        elif isinstance(node, Call) and node.name == "resolve" and not node.args:
            steps.append(Step("resolve", ""))
        elif isinstance(node, Call) and node.name == "extension" and isinstance(node.args[0], Literal):
            steps.append(Step("extension", str(node.args[0].value)))
        else:
            return None
        node = node.base
    return steps[::-1]


def is_core(url: str) -> bool:
    """Whether a url is in the space of the standard's own structures."""
    return url.startswith(CORE)


def _required_set(end: Outline) -> str | None:
    """The value set of a required binding."""
    bound = end.element.get("binding")
    is_required = isinstance(bound, dict) and bound.get("strength") == "required"
    valueset = bound.get("valueSet") if isinstance(bound, dict) and is_required else None
    return valueset if isinstance(valueset, str) else None


def _words(end: Outline, *, named: bool) -> str:
    """What a value must be, in words."""
    value = end.value("fixed") if end.value("fixed") is not None else end.value("pattern")
    if value is not None:
        return described(value, named=named)
    valueset = _required_set(end)
    return f"a code of {valueset}" if valueset is not None else ""


def _inside_value(part: Outline, name: str) -> list[Outline]:
    """What a value named further up says of what is inside it."""
    value = part.value("fixed") if part.value("fixed") is not None else part.value("pattern")
    if not isinstance(value, dict) or name not in value:
        return []
    inner = value[name]
    return [
        Outline(name, {"path": name, "patternElement": one}, None, ())
        for one in (inner if isinstance(inner, list) else [inner])
    ]


def _some(answers: list[bool | None]) -> bool | None:
    return True if True in answers else None if None in answers else False


def _every(answers: Iterable[bool | None]) -> bool | None:
    found = list(answers)
    return False if False in found else None if None in found else True


def _reference(value: Any) -> str:
    found = value.get("reference") if isinstance(value, dict) else value
    return found if isinstance(found, str) else ""


def _unknown(_item: Item, _scene: Scene) -> bool | None:
    return None
