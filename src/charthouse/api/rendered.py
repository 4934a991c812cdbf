"""Expansions of value sets as bytes, made once for as long as the terminology gives the same one again."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

from charthouse.base import clock
from charthouse.fhir import resource
from charthouse.fhir.resource import Tree
from charthouse.terminology.answers import Expansion, Member


class Rendered:
    """Expansions as the bytes that were sent, for as long as the terminology gives the same one again."""

    def __init__(self) -> None:
        self._kept: WeakKeyDictionary[Expansion, bytes] = WeakKeyDictionary()

    def bytes_of(self, found: Expansion) -> bytes:
        """The ValueSet with its expansion."""
        content = self._kept.get(found)
        if content is None:
            content = self._kept[found] = resource.dump(_expanded(found))
        return content


def _expanded(found: Expansion) -> Tree:
    tree: Tree = {"resourceType": "ValueSet", "status": "active"}
    heading: Mapping[str, Any] = {"url": found.url, "version": found.version, "title": found.title}
    tree.update({name: text for name, text in heading.items() if text})
    expansion: Tree = {
        "identifier": f"urn:uuid:{uuid.uuid4()}",
        "timestamp": clock.instant(clock.now()),
        "total": found.total,
    }
    if found.offset:
        expansion["offset"] = found.offset
    if found.used:
        expansion["parameter"] = [{"name": "version", "valueUri": url} for url in found.used]
    if found.rows:
        expansion["contains"] = [_row(row) for row in found.rows]
    tree["expansion"] = expansion
    return tree


def _row(row: Member) -> Tree:
    tree: Tree = {"system": row.system, "code": row.code}
    if row.is_abstract:
        tree["abstract"] = True
    if not row.is_active:
        tree["inactive"] = True
    if row.display:
        tree["display"] = row.display
    if row.designations:
        tree["designation"] = [
            {
                **({"language": name.language} if name.language else {}),
                **({"use": {"system": name.use.system, "code": name.use.code}} if name.use else {}),
                "value": name.text,
            }
            for name in row.designations
        ]
    return tree
