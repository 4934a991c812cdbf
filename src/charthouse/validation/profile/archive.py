"""The profiles at hand, compiled when first asked for and kept, a bounded number of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeVar

from charthouse.base.errors import Problem, invalid
from charthouse.fhir.definitions import Definitions
from charthouse.fhir.path import Expression, Item
from charthouse.fhir.path.model import model_of
from charthouse.fhir.resource import Tree
from charthouse.validation.finding import Finding
from charthouse.validation.formats import Found
from charthouse.validation.profile.compiler import Compiler
from charthouse.validation.profile.judging import Judge, has_error, open_
from charthouse.validation.profile.outline import CORE, Outline, merged, read
from charthouse.validation.scene import Scene, listed
from charthouse.validation.sources import Structures

MOST: Final = 1000  # profiles kept compiled
_MOST_OUTLINES: Final = 16  # needed only while profiles are compiled
_Outlined = tuple[Outline, tuple[Finding, ...]]
_V = TypeVar("_V")
# A StructureDefinition may be stored that does not hold together: then this is what reading it runs into.
_BROKEN: Final = (AttributeError, KeyError, RecursionError, TypeError, ValueError)


@dataclass(frozen=True, slots=True)
class Profile:
    """A compiled profile. `gaps` are what of it cannot be checked here, such as a base that is not at hand."""

    url: str
    version: str | None
    title: str
    type: str
    judge: Judge | None
    gaps: tuple[Finding, ...] = ()


class Archive:
    """Profiles by canonical url, with or without `|version`; `forget` when a StructureDefinition changes.

    Threads share it without locks: what is kept is only ever added to or exchanged as a whole, and what was
    begun before `forget` ends in the books that were thrown away.
    """

    def __init__(self, definitions: Definitions, structures: Structures | None) -> None:
        self.model = model_of(definitions)
        self.expressions: dict[tuple[str, str], Expression] = {}
        self._structures = structures
        self._profiles: dict[str, Profile | None] = {}
        self._outlines: dict[str, _Outlined] = {}
        self._heads: dict[str, tuple[str | None, str]] = {}

    def forget(self) -> None:
        """Drop everything compiled."""
        self.expressions = {}
        self._profiles = {}
        self._outlines = {}
        self._heads = {}

    def profile(self, url: str) -> Profile | None:
        """The compiled profile; None where there is no StructureDefinition of that url.

        Problem(invalid) for a profile that cannot be one: its bases form a circle, or it is about no type of R4.
        """
        kept = self._profiles = _roomy(self._profiles, MOST)
        if url not in kept:
            structure = self._structure(url)
            kept[url] = None if structure is None else self._compiled(url, structure)
        return kept[url]

    def outline(self, url: str) -> Outline | None:
        """The elements of a profile; None where it is not known, or is one of the standard's own types."""
        if self._type_name(url) is not None:
            return None
        try:
            found = self._outlined(url, ())
        except Problem:
            return None
        return None if found is None else found[0]

    def type_of(self, url: str) -> str | None:
        """The type that a profile is about."""
        return self._type_name(url) or self._head(url)[0]

    def title_of(self, url: str) -> str:
        """What a profile calls itself."""
        return self._type_name(url) or self._head(url)[1]

    def apply(self, url: str, item: Item, scene: Scene) -> Found:
        """What is wrong with an item by a profile; information where that is not known here."""
        name = self._type_name(url)
        if name is not None:
            return None if name in self.model.ancestors(item.type) else [_wrong_type(name, name, item)]
        try:
            profile = self.profile(url)
        except Problem as problem:
            message = f"The profile {url} was not checked: {problem.issues[0].message}"
            return [open_(message)] if scene.once("profile", url) else None
        if profile is None:
            message = f"The profile {url} was not checked: it is not known here."
            return [open_(message)] if scene.once("profile", url) else None
        if profile.type not in self.model.ancestors(item.type):
            return [_wrong_type(profile.title, profile.type, item)]
        found = list(profile.gaps) if scene.once("profile", url) else []
        wrong = None if profile.judge is None else profile.judge(item, _around(item, scene))
        return _once_each(found + wrong) if wrong else found or None

    def conforms(self, item: Item, url: str, scene: Scene) -> bool | None:
        """Whether an item conforms; a resource that is being asked about already counts as one that does."""
        key = (id(item.value), url)
        if key in scene.judged:
            return scene.judged[key]
        scene.judged[key] = True
        found = self.apply(url, item, scene)
        is_known = self._type_name(url) is not None or self._head(url)[0] is not None
        answer = False if has_error(found) else True if is_known else None
        scene.judged[key] = answer
        return answer

    def _compiled(self, url: str, structure: Tree) -> Profile:
        outlined = self._outlined(url, (), structure)
        type_name, title = _read_head(url, structure)
        outline, gaps = outlined if outlined is not None else (None, ())
        try:
            judge = None if outline is None else Compiler(self, title, outline).profile()
        except _BROKEN as error:
            raise _incoherent(url, error) from None
        version = structure.get("version")
        return Profile(str(structure.get("url")), version, title, str(type_name), judge, gaps)

    def _outlined(self, url: str, seen: tuple[str, ...], structure: Tree | None = None) -> _Outlined | None:
        """The outline of a profile: its snapshot, or its differential on that of its base."""
        kept = self._outlines = _roomy(self._outlines, _MOST_OUTLINES)
        if url in kept:
            return kept[url]
        structure = structure or self._structure(url)
        if structure is None:
            return None
        type_name = structure.get("type")
        if not isinstance(type_name, str) or self.model.definition(type_name) is None:
            raise _refusal(url, f"It is about {type_name}, which is no type of FHIR R4.")
        snapshot = listed(structure.get("snapshot"), "element")
        gaps: tuple[Finding, ...] = ()
        try:
            found = read(snapshot or listed(structure.get("differential"), "element"), type_name, self.model)
        except _BROKEN as error:
            raise _incoherent(url, error) from None
        if not snapshot:
            base = str(structure.get("baseDefinition", ""))
            if base in (url, *seen):
                raise _refusal(url, "Its base definitions form a circle.")
            if self._type_name(base) is None:
                above = self._outlined(base, (*seen, url))
                if above is None:
                    gaps = (
                        open_(f"Of {url} only its own part was checked: its base {base} is not known here."),
                    )
                else:
                    found, gaps = merged(above[0], found), above[1]
        kept[url] = found, gaps
        return found, gaps

    def _structure(self, url: str) -> Tree | None:
        """The StructureDefinition of a profile; one that is stored under the url of a type of the standard is none."""
        if self._structures is None or self._type_name(url) is not None:
            return None
        return self._structures.structure(url)

    def _head(self, url: str) -> tuple[str | None, str]:
        """(type, title) of a profile; (None, url) where it is not known."""
        kept = self._heads = _roomy(self._heads, 10 * MOST)
        if url not in kept:
            structure = self._structure(url)
            kept[url] = (None, url) if structure is None else _read_head(url, structure)
        return kept[url]

    def _type_name(self, url: str) -> str | None:
        """The name of the standard's own type with that url."""
        name = url.partition("|")[0].removeprefix(CORE)
        return name if url.startswith(CORE) and name in self.model.type_names else None


def _roomy(kept: dict[str, _V], most: int) -> dict[str, _V]:
    """The same, or an empty one where there is no room left."""
    return kept if len(kept) < most else {}


def _read_head(url: str, structure: Tree) -> tuple[str | None, str]:
    """(type, title) as a StructureDefinition says them."""
    type_name = structure.get("type")
    title = structure.get("title") or structure.get("name") or url
    return type_name if isinstance(type_name, str) else None, str(title)


def _around(item: Item, scene: Scene) -> Scene:
    """The scene for an item: that of the resource, where the item is one."""
    if item.value.__class__ is not dict or item.value is scene.resource or "resourceType" not in item.value:
        return scene
    return scene.hold(item.value) if item.key == "contained" else scene.enter(item.value)


def _once_each(found: list[Finding]) -> list[Finding]:
    """Without those that a slice and its element both tell."""
    return list({(one.place, one.message): one for one in found}.values())


def _wrong_type(title: str, wanted: str, item: Item) -> Finding:
    message = f"{title} is for {wanted}, and this is {item.type}."
    return Finding("invalid", message, item.type, "Take the profile off, or send the right type.")


def _incoherent(url: str, error: Exception) -> Problem:
    return _refusal(url, f"It does not hold together ({type(error).__name__}).")


def _refusal(url: str, why: str) -> Problem:
    return invalid("value", why, value=url, repair="Mend the StructureDefinition.")
