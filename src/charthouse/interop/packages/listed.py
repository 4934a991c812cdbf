"""Which packages stand in a record, told from their ImplementationGuides."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from charthouse.fhir.resource import Tree
from charthouse.interop.packages.package import CORE


@dataclass(frozen=True, slots=True)
class Listed:
    """An installed package; `missing` are those it builds upon that are not here."""

    name: str
    version: str
    title: str
    canonical: str
    missing: tuple[str, ...]

    @property
    def label(self) -> str:
        """`hl7.fhir.us.core#6.1.0`."""
        return f"{self.name}#{self.version}"


def packages(guides: Iterable[Tree]) -> list[Listed]:
    """The packages whose ImplementationGuides these are, by name and version."""
    known = [guide for guide in guides if guide.get("packageId")]
    names = {str(guide["packageId"]) for guide in known} | {CORE}
    return sorted(
        (
            Listed(
                str(guide["packageId"]), str(guide.get("version", "")), str(guide.get("title") or guide["packageId"]),
                str(guide.get("url", "")).partition("/ImplementationGuide/")[0],
                tuple(
                    f"{each['packageId']}#{each.get('version', '')}" for each in guide.get("dependsOn", ())
                    if each.get("packageId") and each["packageId"] not in names
                ),
            )
            for guide in known
        ),
        key=lambda listed: (listed.name, listed.version),
    )  # fmt: skip
