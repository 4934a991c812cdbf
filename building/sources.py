"""Names of the raw R4 files that the definitions are compiled from."""

from __future__ import annotations

from typing import Final

VERSION: Final = "4.0.1"
STRUCTURES: Final = ("profiles-resources.json", "profiles-types.json")
PARAMETERS: Final = "search-parameters.json"
TERMS: Final = ("valuesets.json", "v3-codesystems.json", "v2-tables.json")
PROFILES: Final = ("profiles-others.json", "extension-definitions.json")
MAPS: Final = ("conceptmaps.json",)
COMPARTMENTS: Final = ("compartmentdefinition-patient.json",)
FILES: Final = (*STRUCTURES, PARAMETERS, *TERMS, *MAPS, *PROFILES, *COMPARTMENTS)
