"""FHIR packages (profiles, value sets, search parameters of a guide): read, install, list, remove."""
