"""What a full check adds at each resource and each extension: the profiles and definitions that they name."""

from __future__ import annotations

from typing import Any, Final

from charthouse.base.errors import Problem
from charthouse.fhir.definitions import Element, TypeDef
from charthouse.fhir.path import Item
from charthouse.validation.finding import Finding, shown
from charthouse.validation.formats import Found, Rule
from charthouse.validation.profile.archive import Archive
from charthouse.validation.profile.judging import open_
from charthouse.validation.scene import Scene, listed

_UNKNOWN: Final = {
    "extension": ("information", "An extension without a known definition was not checked.", None),
    "modifierExtension": (
        "warning",
        "This extension can change the meaning of what it stands on, and has no known definition.",
        "Load the package that defines it, or take the resource out of use until it is understood.",
    ),
}


class Claims:
    """Rules for `meta.profile` and for extensions, by the profiles of an archive."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    def of_type(self, type_def: TypeDef) -> tuple[Rule, ...]:
        """The rule that a resource keeps the profiles it claims."""
        return (self._claimed,) if type_def.kind == "resource" else ()

    def of_element(self, _type_def: TypeDef, element: Element, value_type: str) -> tuple[Rule, ...]:
        """The rule that an extension keeps its definition."""
        if value_type != "Extension" or element.name not in _UNKNOWN:
            return ()
        name = element.name
        return (lambda node, _holder, _depth, scene: self._extension(node, name, scene),)

    def _claimed(self, node: Any, _holder: Any, _depth: int, scene: Scene) -> Found:
        urls = claimed(node)
        if not urls:
            return None
        found: list[Finding] = []
        for index, url in enumerate(urls):
            place = f".meta.profile[{index}]"
            found += self.kept(node, url, scene) or (
                [unknown(url, place, "information")] if not self.knows(url) else []
            )
        return found or None

    def knows(self, url: str) -> bool:
        """Whether there is a profile, or a type, of that url."""
        return self._archive.type_of(url) is not None

    def kept(self, node: Any, url: str, scene: Scene) -> Found:
        """What is wrong with a resource by a profile; nothing where that is not known."""
        if not self.knows(url):
            return None
        return self._archive.apply(url, scene.item(node, node["resourceType"]), scene)

    def _extension(self, node: Any, name: str, scene: Scene) -> Found:
        url = node.get("url")
        if url.__class__ is not str or ":" not in url:
            return None  # part of another extension, whose definition says what it is
        try:
            profile = self._archive.profile(url)
        except Problem as problem:
            message = f"The extension {url} was not checked: {problem.issues[0].message}"
            return [open_(message)] if scene.once("profile", url) else None
        if profile is not None:
            return self._archive.apply(url, Item(node, "Extension"), scene)
        if not scene.once(name, url):
            return None
        severity, message, repair = _UNKNOWN[name]
        code = "informational" if severity == "information" else "extension"
        return [Finding(code, message, shown(url), repair, severity=severity)]


def claimed(node: Any) -> list[str]:
    """The profiles that a resource says it keeps."""
    meta = node.get("meta") if node.__class__ is dict else None
    return [url for url in listed(meta, "profile") if isinstance(url, str)]


def unknown(url: str, place: str, severity: str) -> Finding:
    """The finding that a profile is not at hand."""
    code = "informational" if severity == "information" else "not-found"
    message = "This profile is not known here, so that the resource was not checked against it."
    repair = "Load the package that it is from, or check the spelling of its address."
    return Finding(code, message, shown(url), repair, place, severity=severity)
