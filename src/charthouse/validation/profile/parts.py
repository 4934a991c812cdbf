"""The parts of a complex extension, which only its definition can name (R4 extensibility.html#Extension)."""

from __future__ import annotations

from charthouse.fhir.path import Item
from charthouse.fhir.path.navigate import children_named
from charthouse.validation.finding import Finding
from charthouse.validation.formats import Found
from charthouse.validation.profile.judging import Judge, placed
from charthouse.validation.profile.marks import Marks
from charthouse.validation.profile.outline import Outline
from charthouse.validation.scene import Scene


def parts(outline: Outline, author: str, marks: Marks) -> list[Judge]:
    """The judge that an extension has no parts but those defined; a url of its own needs no permission."""
    child = outline.children.get("extension")
    if outline.types != ("Extension",) or child is None or not child.slices:
        return []
    urls = [marks.url_of(part) for part in child.slices]
    known = [url for url in urls if url is not None]
    if len(known) < len(urls):
        return []
    model, names = marks.model, ", ".join(sorted(known))

    def judge(item: Item, _scene: Scene) -> Found:
        found: list[Finding] = []
        for part in children_named(model, item, "extension"):
            url = part.value.get("url")
            if url.__class__ is str and ":" not in url and url not in known:
                message = f"{author} has no part of this name; its parts are {names}."
                wrong = Finding("extension", message, url, "Use one of them, or leave it out.", ".url", known)
                found += placed(part, [wrong]) or []
        return found or None

    return [judge]
