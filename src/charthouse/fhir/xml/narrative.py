"""The narrative's `div`: XHTML that stays as given and runs nothing (R4 narrative.html)."""

from __future__ import annotations

import re
from html.entities import name2codepoint
from typing import Final
from xml.parsers import expat

from charthouse.fhir.resource import MAX_DEPTH
from charthouse.fhir.xml.layout import XHTML

# What R4 narrative.html#xhtml shuts out; the full list of what is allowed is a profile's business.
ACTIVE: Final = frozenset(
    {"applet", "base", "body", "button", "embed", "form", "frame", "frameset", "head", "iframe", "input"}
    | {"link", "meta", "object", "script", "select", "textarea"}
)
_NAMED: Final = re.compile(r"&([A-Za-z][A-Za-z0-9]*);")
_XML_NAMES: Final = frozenset({"amp", "lt", "gt", "quot", "apos"})
_OPENS: Final = re.compile(r"\s*<div(?=[\s/>])")
_RUNS: Final = re.compile(r"\s*(?:javascript|vbscript)\s*:", re.IGNORECASE)


class _RefusedError(Exception):
    """Well-formed, and still nothing a narrative may hold."""


def fault(div: str) -> str | None:
    """What keeps `div` from being a narrative, in one sentence, or None.

    It must be one well-formed `div` in the XHTML namespace (or none), nested at most `MAX_DEPTH`
    levels, without scripts, forms, frames, objects, event attributes or a DTD. HTML's named
    characters such as `&nbsp;` pass.
    """
    if _OPENS.match(div) is None:
        return "it does not begin with <div."
    parser = expat.ParserCreate("utf-8", " ")
    depth = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_DEPTH:
            raise _RefusedError(f"it is nested more than {MAX_DEPTH} levels deep.")
        space, _, local = name.rpartition(" ")
        if space not in ("", XHTML):
            raise _RefusedError(f"<{local}> is not in the XHTML namespace.")
        if local.lower() in ACTIVE:
            raise _RefusedError(f"<{local}> is not allowed in it.")
        for key, value in attributes.items():
            if key[:2].lower() == "on" or _RUNS.match(value):
                raise _RefusedError(f'the attribute {key}="{value[:20]}" of <{local}> is not allowed in it.')

    def end(_name: str) -> None:
        nonlocal depth
        depth -= 1

    def refuse(*_found: object) -> None:
        raise _RefusedError("it has a DTD or a processing instruction.")

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.StartDoctypeDeclHandler = refuse
    parser.ProcessingInstructionHandler = refuse
    try:
        parser.Parse(plain(div).strip(), True)
    except expat.ExpatError as error:
        spot = f"line {error.lineno}, column {error.offset + 1}"
        return f"it is not well-formed: {expat.ErrorString(error.code)} at {spot}."
    except _RefusedError as refusal:
        return str(refusal)
    except ValueError:
        return "it holds half a character."
    return None


def plain(div: str) -> str:
    """`div` with HTML's named characters, which XML does not know, as the characters themselves."""
    return _NAMED.sub(_character, div) if "&" in div else div


def in_xml(div: str) -> str:
    """`div` (without fault) as it stands in an XML resource: with its namespace, without named characters."""
    text = plain(div).strip()
    tag = text[: text.index(">") + 1]
    if re.search(r"\sxmlns\s*=", tag):
        return text
    return f'<div xmlns="{XHTML}"{text[4:]}'


def _character(named: re.Match[str]) -> str:
    name = named[1]
    return named[0] if name in _XML_NAMES or name not in name2codepoint else chr(name2codepoint[name])
