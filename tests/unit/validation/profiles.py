"""Profiles made for tests, and a shelf that hands them out."""

from __future__ import annotations

from typing import Any

Structure = dict[str, Any]


def element(path: str, slice: str | None = None, **more: Any) -> dict[str, Any]:
    """One ElementDefinition; `max` and `fixed…` as in FHIR, `type` as codes or whole entries."""
    made: dict[str, Any] = {"path": path, **({"sliceName": slice} if slice else {}), **more}
    if "type" in made:
        made["type"] = [one if isinstance(one, dict) else {"code": one} for one in made["type"]]
    return made


def profile(
    name: str,
    type: str,
    *elements: dict[str, Any],
    base: str | None = None,
    snapshot: bool = False,
    **more: Any,
) -> Structure:
    """A StructureDefinition with a differential, or with the same elements as its snapshot."""
    return {
        "resourceType": "StructureDefinition",
        "url": f"http://example.org/{name}",
        "name": name,
        "type": type,
        "kind": "resource",
        "abstract": False,
        "derivation": "constraint",
        "baseDefinition": base or f"http://hl7.org/fhir/StructureDefinition/{type}",
        "snapshot" if snapshot else "differential": {"element": [{"path": type}, *elements]},
        **more,
    }


def sliced(path: str, *discriminators: tuple[str, str], rules: str = "open", **more: Any) -> dict[str, Any]:
    """The element that is sliced, by (type, path) of its discriminators."""
    keys = [{"type": kind, "path": where} for kind, where in discriminators]
    return element(path, slicing={"discriminator": keys, "rules": rules, **more.pop("slicing", {})}, **more)


def extension(name: str, *elements: dict[str, Any], **more: Any) -> Structure:
    """The definition of an extension."""
    url = f"http://example.org/{name}"
    return profile(
        name, "Extension", element("Extension.url", fixedUri=url), *elements, kind="complex-type", **more
    )


class Shelf:
    """Structures by url; `wanted` are the urls that were asked for."""

    def __init__(self, *structures: Structure) -> None:
        self._by_url: dict[str, Structure] = {}
        self.wanted: list[str] = []
        for one in structures:
            self.put(one)

    def put(self, structure: Structure) -> None:
        self._by_url[structure["url"]] = structure
        if "version" in structure:
            self._by_url[f"{structure['url']}|{structure['version']}"] = structure

    def structure(self, url: str) -> Structure | None:
        self.wanted.append(url)
        return self._by_url.get(url)
