"""Writes what Charthouse is made of as a CycloneDX list (SBOM), from the locks and nothing else.

`make sbom` writes dist/sbom.json. The list holds what an installation gets (requirements.txt, the browser
assets); what only builds and tests is not in it. The same locks give the same bytes.
"""

from __future__ import annotations

import base64
import json
import re
import sys
import uuid
from importlib import metadata
from pathlib import Path
from typing import Any, Final

PYTHON: Final = Path("requirements.txt")
NPM: Final = Path("building/npm/package-lock.json")
TARGET: Final = Path("dist/sbom.json")
SPEC: Final = "1.6"
# Licences of packages that do not say it in a form a machine reads, or that this platform does not install.
SAID: Final = {
    "apsw-sqlite3mc": "MIT",  # "any OSI approved licence"; its cipher extension is MIT
    "colorama": "BSD-3-Clause",
    "pyasn1-modules": "BSD-2-Clause",
    "tzdata": "Apache-2.0",
}
SPDX: Final = {
    "BSD License": "BSD-3-Clause",
    "BSD-0-Clause": "0BSD",
    "Apache Software License": "Apache-2.0",
    "Apache License, Version 2.0": "Apache-2.0",
    "ISC License": "ISC",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}
_PIN: Final = re.compile(
    r"^([a-z0-9-]+)==([^\s;\\]+)([^\\\n]*)((?:\\\n\s+--hash=sha256:[0-9a-f]{64}\s*)+)", re.MULTILINE
)
_HASH: Final = re.compile(r"sha256:([0-9a-f]{64})")

Component = dict[str, Any]


def pinned(text: str) -> list[tuple[str, str, list[str]]]:
    """Name, version and SHA-256 hashes of each package of a lock of Python packages."""
    return [(name, version, _HASH.findall(hashes)) for name, version, _, hashes in _PIN.findall(text)]


def licence(name: str) -> str:
    """The SPDX expression of an installed package's licence; empty where nobody says it."""
    if name in SAID:
        return SAID[name]
    try:
        said = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return ""
    classifiers = [
        one.rpartition("::")[2].strip()
        for one in said.get_all("Classifier") or ()
        if one.startswith("License")
    ]
    for found in (
        *(said.get_all("License-Expression") or ()),
        *(said.get_all("License") or ()),
        *classifiers,
    ):
        if found and len(found) < 60 and found != "OSI Approved":
            return SPDX.get(str(found), str(found))
    return ""


def made(root: Path, version: str) -> dict[str, Any]:
    """The whole list as CycloneDX JSON."""
    components = [*_python((root / PYTHON).read_text()), *_npm(json.loads((root / NPM).read_text()))]
    name = f"charthouse {version} {[component['bom-ref'] for component in components]}"
    return {
        "$schema": f"http://cyclonedx.org/schema/bom-{SPEC}.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": SPEC,
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, name)}",
        "version": 1,
        "metadata": {"component": _component("application", "charthouse", version, "Apache-2.0", "pypi", [])},
        "components": components,
        "dependencies": [
            {"ref": f"pkg:pypi/charthouse@{version}", "dependsOn": [one["bom-ref"] for one in components]},
            *({"ref": one["bom-ref"]} for one in components),
        ],
    }


def _python(lock: str) -> list[Component]:
    return [
        _component("library", name, version, licence(name), "pypi", [("SHA-256", one) for one in hashes])
        for name, version, hashes in pinned(lock)
    ]


def _npm(lock: dict[str, Any]) -> list[Component]:
    """The packages whose files are in the wheel."""
    found = []
    for place, package in sorted(lock["packages"].items()):
        name = place.removeprefix("node_modules/")
        if name and name != "axe-core" and not package.get("dev"):  # that one is for tests
            hashes = [("SHA-512", base64.b64decode(package["integrity"].removeprefix("sha512-")).hex())]
            spdx = str(package.get("license", ""))
            version = package["version"]
            found.append(_component("library", name, version, SPDX.get(spdx, spdx), "npm", hashes))
    return found


def _component(
    kind: str, name: str, version: str, spdx: str, ecosystem: str, hashes: list[tuple[str, str]]
) -> Component:
    reference = f"pkg:{ecosystem}/{name.replace('@', '%40')}@{version}"
    component: Component = {
        "type": kind,
        "bom-ref": reference,
        "name": name,
        "version": version,
        "purl": reference,
    }
    if spdx:
        component["licenses"] = [{"expression": spdx}]
    if hashes:
        component["hashes"] = [{"alg": algorithm, "content": content} for algorithm, content in hashes]
    return component


def write(root: Path) -> Path:
    """Write the list below `root`; its place."""
    found = re.search(r"(?m)^## (\d+\.\d+\.\d+)", (root / "CHANGELOG.md").read_text())
    target = root / TARGET
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(made(root, found[1] if found else "0"), indent=2, ensure_ascii=False) + "\n")
    return target


if __name__ == "__main__":
    sys.stdout.write(f"{write(Path.cwd())}\n")
