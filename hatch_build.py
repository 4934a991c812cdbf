"""The build hook: makes the definitions file and collects the browser assets before packing."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

if TYPE_CHECKING:
    from building.assets import Asset

LOCK = Path("building/npm")


class BuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Runs for wheels and editable installs; does nothing while the compiled files are current.

    What needs other packages than hatchling is imported inside the methods, because hatchling
    loads this file before the build requirements are there.
    """

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Node.js as a wheel and pip, only where they are needed: files to fetch, and no npm here."""
        self._open_path()
        from building import assets, fetch, stamp, wheels

        root = Path(self.root)
        if stamp.is_current(root, self._outputs()):
            return []
        needed = [] if wheels.is_cached(root) else ["pip"]
        is_cached = fetch.cache_folder(root / LOCK, assets.NEEDED).is_dir()
        return needed if is_cached or fetch.is_npm_present() else [*needed, fetch.NODE_WHEEL]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Make what is missing or out of date; ends the build with a plain message if npm or pip fails."""
        self._open_path()
        from building import assets, fetch, stamp, wheels

        root = Path(self.root)
        if stamp.is_current(root, self._outputs()):
            return
        from building.codes import compile_codes
        from building.definitions import compile_file
        from building.names import SOURCE, compile_names
        from building.units import ESSENCE, compile_units

        self.app.display_info(
            "charthouse: making the R4 definitions, the code systems and the browser assets"
        )
        try:
            modules = fetch.packages(root / LOCK, assets.NEEDED)
            data = wheels.files(root)
        except RuntimeError as error:
            self.app.abort(f"charthouse: {error}")
            raise
        assets.copy(self._assets(), modules, root)
        compile_file(modules / assets.RAW, root / assets.DEFINITIONS)
        compile_units(data / ESSENCE, root / assets.UNITS)
        compile_names(data / SOURCE, root / assets.NAMES)
        compile_codes(modules / assets.RAW, data, root / assets.CODES)
        stamp.write(root)

    def _assets(self) -> tuple[Asset, ...]:
        from building import assets

        return assets.SHIPPED + (assets.FOR_TESTS if (Path(self.root) / "tests").is_dir() else ())

    def _outputs(self) -> list[Path]:
        from building import assets

        return [asset.target for asset in self._assets()] + list(assets.COMPILED)

    def _open_path(self) -> None:
        for folder in (str(Path(self.root) / "src"), self.root):
            if folder not in sys.path:
                sys.path.insert(0, folder)
