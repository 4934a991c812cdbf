"""Exporting: one NDJSON file for each type, each resource as the bytes the record serves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from charthouse.access.actor import SYSTEM
from charthouse.base.errors import invalid

NOTICE = "NOTICE.txt"  # what must travel with the files, where something must


def export(
    clinic: Any, folder: Path, *, types: Sequence[str] = (), patients: Sequence[str] = ()
) -> dict[str, int]:
    """Write `Type.ndjson` files into `folder`; returns how many of each type.

    Beside them stands a notice, where one must travel with what is in them. With `patients`, only what belongs to
    these patients' records. Raises `Problem(invalid)` for a folder that is not empty or a type that does not exist.
    """
    unknown = [name for name in types if not clinic.definitions.is_resource(name)]
    if unknown:
        raise invalid("value", "There is no such resource type.", place="--type", value=unknown[0])
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise invalid(
            "business-rule",
            "The folder is not empty.",
            place="folder",
            value=folder,
            repair="Name a new one.",
        )
    written: dict[str, int] = {}
    outlet = clinic.outlet(SYSTEM)
    for name, bodies in outlet.resources(types or clinic.definitions.resource_types, patients):
        with (folder / f"{name}.ndjson").open("wb") as file:
            count = 0
            for body in bodies:
                file.write(body)
                file.write(b"\n")
                count += 1
        if count:
            written[name] = count
        else:
            (folder / f"{name}.ndjson").unlink()
    if outlet.notice:
        (folder / NOTICE).write_text(f"{outlet.notice}\n", encoding="utf-8")
    return written
