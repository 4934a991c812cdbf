"""Profiles: StructureDefinitions that constrain a type, compiled to what they ask beyond that type."""
