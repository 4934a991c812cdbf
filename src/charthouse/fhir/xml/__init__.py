"""FHIR XML both ways (R4 xml.html), for callers that do not speak JSON; the record itself stays JSON."""

from charthouse.fhir.xml.read import from_xml
from charthouse.fhir.xml.write import to_xml

__all__ = ["from_xml", "to_xml"]
