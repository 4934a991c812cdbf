"""Groups of resource types that a rule can name at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from charthouse.fhir.definitions import Definitions

Groups = Mapping[str, frozenset[str]]
GROUPS: Final = ("@patient", "@directory", "@conformance", "@all")

# Who and what a clinic consists of; in no patient's record (R4 administration-module.html).
DIRECTORY: Final = frozenset(
    {"ActivityDefinition", "CatalogEntry", "DeviceDefinition", "DeviceMetric", "Endpoint", "EventDefinition",
     "HealthcareService", "InsurancePlan", "Library", "Location", "Measure", "Medication", "MedicationKnowledge",
     "ObservationDefinition", "Organization", "OrganizationAffiliation", "PlanDefinition", "Practitioner",
     "PractitionerRole", "Questionnaire", "ResearchDefinition", "ResearchElementDefinition", "SpecimenDefinition",
     "Substance", "SubstanceSpecification"}
)  # fmt: skip
# What steers the system itself (R4 conformance-module.html, terminology-module.html).
CONFORMANCE: Final = frozenset(
    {"CapabilityStatement", "CodeSystem", "CompartmentDefinition", "ConceptMap", "ExampleScenario", "GraphDefinition",
     "ImplementationGuide", "MessageDefinition", "NamingSystem", "OperationDefinition", "SearchParameter",
     "StructureDefinition", "StructureMap", "Subscription", "TerminologyCapabilities", "TestScript", "ValueSet"}
)  # fmt: skip


def groups(definitions: Definitions) -> Groups:
    """Group -> resource types. `@patient` is the Patient compartment with what else can be about a patient."""
    every = frozenset(definitions.resource_types)
    about = {
        type for type in every - DIRECTORY - CONFORMANCE
        if {"patient", "subject"} & definitions.search_params(type).keys()
    }  # fmt: skip
    return {
        "@all": every,
        "@patient": (frozenset(definitions.compartment("Patient")) | about | {"Patient", "Binary", "Bundle"})
        & every,
        "@directory": DIRECTORY & every,
        "@conformance": CONFORMANCE & every,
    }
