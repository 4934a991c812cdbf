"""What the terminology asks of the conformance resources that stand in the record, whoever keeps them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from charthouse.fhir.resource import Tree
from charthouse.terminology.versions import newest


class Artifacts(Protocol):
    """CodeSystem, ValueSet, ConceptMap and StructureDefinition resources by canonical url.

    Trees that come out are shared and must not be changed by anybody.
    """

    def stamp(self) -> int:
        """A number that moves whenever one of them was written or deleted; cheap, asked at every question."""

    def get(self, kind: str, url: str, version: str | None = None) -> Tree | None:
        """The resource with this url; the newest where no version is named."""

    def all(self, kind: str) -> Iterable[Tree]:
        """Each of a kind, at least its url, version, name, title, status, content and supplements."""


class Gathered:
    """Artifacts in memory: for tests, and for commands that work on files."""

    def __init__(self, resources: Iterable[Tree] = ()) -> None:
        """Take in what has a url; of two with the same kind, url and version the later one stays."""
        self._held: dict[tuple[str, str], dict[str, Tree]] = {}
        self._stamp = 0
        for tree in resources:
            self.put(tree)

    def put(self, tree: Tree) -> None:
        """Add a resource, or replace the one with the same kind, url and version."""
        if isinstance(tree.get("url"), str):
            versions = self._held.setdefault((str(tree.get("resourceType")), tree["url"]), {})
            versions[str(tree.get("version") or "")] = tree
            self._stamp += 1

    def drop(self, kind: str, url: str) -> None:
        """Remove every version of a resource."""
        self._held.pop((kind, url), None)
        self._stamp += 1

    def stamp(self) -> int:
        """Moves with every change."""
        return self._stamp

    def get(self, kind: str, url: str, version: str | None = None) -> Tree | None:
        """The resource with this url; the newest where no version is named."""
        versions = self._held.get((kind, url), {})
        if version is None:
            version = newest(versions)
        return versions.get(version) if version is not None else None

    def all(self, kind: str) -> Iterator[Tree]:
        """Each of a kind."""
        for (held, _), versions in self._held.items():
            if held == kind:
                yield from versions.values()
