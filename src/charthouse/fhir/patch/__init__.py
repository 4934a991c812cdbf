"""Changes to a resource in the two forms that R4 has for JSON: JSON Patch and FHIRPath Patch."""

from charthouse.fhir.patch.operations import fhirpath_patch
from charthouse.fhir.patch.pointer import json_patch

__all__ = ["fhirpath_patch", "json_patch"]
