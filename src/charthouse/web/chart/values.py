"""What an observation says, as one line and as a bare value."""

from __future__ import annotations

from charthouse.fhir.resource import Tree
from charthouse.web import codes, quantities
from charthouse.web.chart.entry import Context, Entry, base, start


def observed(tree: Tree, context: Context) -> Entry:
    """A finding, answer or single result (R4 Observation)."""
    return base(
        tree,
        title=codes.concept(tree.get("code")) or "Observation",
        detail=value(tree, context),
        when=start(tree, "effective") or str(tree.get("issued") or ""),
        entered=str(tree.get("issued") or ""),
        who=next(filter(None, (context.name(one) for one in tree.get("performer") or ())), ""),
        code=codes.code_line(tree.get("code")),
        group=codes.first(tree.get("category")),
    )


def value(tree: Tree, context: Context) -> str:
    """The value of an Observation (or one component) in words; components follow one another."""
    reader = context.reader
    for key, found in tree.items():
        if not key.startswith("value"):
            continue
        if key in ("valueQuantity", "valueSampledData"):
            return quantities.quantity(found, reader, exact=False)
        if key == "valueCodeableConcept":
            return codes.concept(found)
        if key == "valueRange":
            return quantities.span(found, reader)
        if key == "valueBoolean":
            return "Yes" if found else "No"
        if key == "valueRatio":
            top, bottom = (
                quantities.quantity(found.get(part), reader) for part in ("numerator", "denominator")
            )
            return f"{top}:{bottom}"
        if key in ("valueDateTime", "valueTime"):
            return reader.full(found) or str(found)
        if isinstance(found, (str, int)):
            return str(found)
    parts = []
    for part in tree.get("component") or ():
        said = value(part, context)
        if said:
            parts.append(f"{codes.concept(part.get('code'))} {said}".strip())
    if parts:
        return " · ".join(parts)
    return codes.concept(tree.get("dataAbsentReason"))
