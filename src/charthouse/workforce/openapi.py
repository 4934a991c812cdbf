"""What `/salary.json` takes and gives, as an OpenAPI 3.1 document made from the guide itself."""

from __future__ import annotations

from typing import Any

from charthouse.workforce.extract import POINTS
from charthouse.workforce.places import EMPLOYERS
from charthouse.workforce.question import EDUCATION
from charthouse.workforce.shelf import Shelf


def document(shelf: Shelf, address: str) -> dict[str, Any]:
    """The document for a server at `address`."""
    number = {
        "oneOf": [
            {"type": "number"},
            {"type": "null", "description": "Not released; `footnotes` says why."},
            {"type": "object", "properties": {"at_least": {"type": "number"}}, "required": ["at_least"]},
        ]
    }
    figure = {
        "type": "object",
        "required": ["value", "unit", "source", "year", "kind"],
        "properties": {
            "value": number,
            "unit": {"type": "string"},
            "source": {"type": "string", "description": "An id in `sources`."},
            "year": {"type": "integer"},
            "kind": {"enum": ["published", "measured", "judgement"]},
            "note": {"type": "string"},
        },
    }
    several = {"type": "array", "items": {"type": "object"}}
    answer = {
        "type": "object",
        "required": ["soc", "area", "source", "percentiles", "footnotes", "estimate", "steps", "flags"],
        "properties": {
            "soc": {"type": "string"},
            "title": {"type": "string"},
            "area": {"type": "string"},
            "area_name": {"type": "string"},
            "source": {"type": "object"},
            "footnotes": {"type": "object"},
            "percentiles": {
                "type": "object",
                "properties": {f"p{point}": {"$ref": "#/components/schemas/Number"} for point in POINTS},
            },
            "estimate": {
                "oneOf": [
                    {"type": "null"},
                    {
                        "type": "object",
                        "properties": {
                            "low": {"$ref": "#/components/schemas/Figure"},
                            "median": {"$ref": "#/components/schemas/Figure"},
                            "high": {"$ref": "#/components/schemas/Figure"},
                            "wages_of": {"type": "string"},
                        },
                    },
                ]
            },
            "steps": several,
            "flags": several,
            "unknown": several,
            "sources": several,
            "bands": {"oneOf": [{"type": "null"}, {"type": "object"}]},
        },
    }
    error = {
        "type": "object",
        "properties": {
            "error": {
                "type": "object",
                "properties": {
                    "code": {"type": "string"},
                    "message": {"type": "string"},
                    "place": {"type": ["string", "null"]},
                },
            }
        },
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Charthouse: what the work pays",
            "version": str(shelf.extract.about["release"]),
            "description": shelf.extract.about["notice"],
        },
        "servers": [{"url": address}],
        "paths": {
            "/salary.json": {
                "get": {
                    "operationId": "salary",
                    "summary": "Published percentiles, and a range for one person with its arithmetic.",
                    "parameters": _parameters(shelf),
                    "responses": {
                        "200": {"description": "The answer.", "content": _content("Answer")},
                        "400": {
                            "description": "A word is wrong; the message says what would be right.",
                            "content": _content("Error"),
                        },
                        "429": {"description": "Too many requests; `Retry-After` says when to ask again."},
                    },
                }
            }
        },
        "components": {"schemas": {"Number": number, "Figure": figure, "Answer": answer, "Error": error}},
    }


def _content(name: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}


def _parameters(shelf: Shelf) -> list[dict[str, Any]]:
    known: dict[str, tuple[dict[str, Any], str]] = {
        "soc": ({"enum": list(shelf.extract.occupations)}, "Occupation."),
        "role": ({"enum": list(shelf.careers.all)}, "A career path instead of an occupation."),
        "area": (
            {"type": "string", "default": "US"},
            "US, a state's postal code, a five-digit CBSA, or a name.",
        ),
        "industry": ({"type": "string"}, f"An industry code, or one of {', '.join(EMPLOYERS)}."),
        "years": ({"type": "number", "minimum": 0, "maximum": 60}, "Years of experience."),
        "certified": ({"enum": ["yes", "no"]}, "Whether a certificate is held."),
        "education": ({"enum": list(EDUCATION)}, "Highest step of education."),
        "skills": (
            {"type": "string"},
            "Skills, with commas; no figure exists for them, and the answer says so.",
        ),
    }
    return [
        {"name": name, "in": "query", "required": False, "schema": schema, "description": said}
        for name, (schema, said) in known.items()
    ]
