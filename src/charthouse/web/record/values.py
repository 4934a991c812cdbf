"""Values of the data types in words (R4 datatypes.html), each with what it leaves for the outline to show below."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from charthouse.web import codes, labels, names, quantities
from charthouse.web.chart.dosing import directions, often
from charthouse.web.chart.entry import Context, local
from charthouse.web.record.narrative import text_of

Value = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Said:
    """`text` and small print, where it leads, what it looks like (`kind`), and the parts it has told (`used`)."""

    text: str
    note: str = ""
    href: str = ""
    kind: str = ""
    used: frozenset[str] = frozenset()


USES: Final = {
    "home": "home",
    "work": "work",
    "temp": "temporary",
    "old": "old",
    "mobile": "mobile",
    "billing": "billing",
    "official": "official",
    "usual": "usual",
    "secondary": "secondary",
    "nickname": "nickname",
    "maiden": "maiden name",
    "anonymous": "anonymous",
}
TELECOM: Final = {
    "phone": "Phone",
    "fax": "Fax",
    "email": "Email",
    "pager": "Pager",
    "url": "Web",
    "sms": "Text message",
}


def primitive(value: Any, kind: str, context: Context, meaning: Mapping[str, str] | None = None) -> str:
    """A primitive value in words; `meaning` gives displays for the codes of its binding."""
    reader = context.reader
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, (Decimal, int, float)):
        return reader.number(value)
    text = str(value)
    if kind in ("date", "dateTime", "instant"):
        return reader.full(text) or text
    if kind == "code":
        return (meaning or {}).get(text) or codes.spell(text)
    if kind == "base64Binary":
        return f"{reader.number(len(text) * 3 // 4)} bytes"
    if kind in ("xhtml", "markdown", "string"):
        return text.translate(codes.INVISIBLE)
    return text


def shape(kind: str) -> str:
    """How a primitive is set: running text keeps its line breaks."""
    return (
        "prose"
        if kind in ("markdown", "xhtml")
        else "code"
        if kind in ("uri", "url", "canonical", "oid", "uuid", "id")
        else ""
    )


def known(kind: str) -> Callable[[Value, Context], Said] | None:
    """How a data type is said, None for one that is shown part by part."""
    return TYPES.get(kind)


def _concept(value: Value, _context: Context) -> Said:
    said = codes.concept(value)
    notes = [_code_note(one, said) for one in value.get("coding") or ()]
    has_more = any(
        set(one) - {"system", "code", "display", "version", "userSelected"}
        for one in value.get("coding") or ()
    )
    used = {"text"} if has_more else {"text", "coding"}
    return Said(said or "Not said", "; ".join(note for note in notes if note), used=frozenset(used))


def _code_note(value: Value, said: str) -> str:
    """The code with its system, and its own display where that is not what was said already."""
    system, code = codes.system(value.get("system")), str(value.get("code") or "")
    display = codes.tidy(str(value.get("display") or ""))
    if HOUSE.match(str(value.get("system") or "")) and codes.spell(code) == said:
        return ""  # the word is the code: saying it twice helps nobody
    parts = [system if code == said else f"{code} {system}".strip()]
    if display and display.lower() != said.lower():
        parts.append(display)
    if value.get("version"):
        parts.append(f"version {value['version']}")
    return ", ".join(part for part in parts if part)


def _coding(value: Value, _context: Context) -> Said:
    said = codes.coding(value)
    used = frozenset({"system", "code", "display", "version", "userSelected"})
    return Said(said or "Not said", _code_note(value, said), used=used)


def _quantity(value: Value, context: Context) -> Said:
    said = quantities.quantity(value, context.reader)
    code = str(value.get("code") or "")
    note = (
        code
        if code and code not in (value.get("unit"), quantities.unit_of(value), "1", "%") and "{" not in code
        else ""
    )
    return Said(said or "No value", note, used=frozenset({"value", "unit", "code", "system", "comparator"}))


def _money(value: Value, context: Context) -> Said:
    return Said(quantities.money(value, context.reader), used=frozenset({"value", "currency"}))


def _range(value: Value, context: Context) -> Said:
    unit = quantities.unit_of(value.get("high") or value.get("low"))
    return Said(f"{quantities.span(value, context.reader)} {unit}".strip(), used=frozenset({"low", "high"}))


def _ratio(value: Value, context: Context) -> Said:
    parts = [
        quantities.quantity(value.get(part), context.reader) or "?" for part in ("numerator", "denominator")
    ]
    return Said(" to ".join(parts), used=frozenset({"numerator", "denominator"}))


def _period(value: Value, context: Context) -> Said:
    begin, end = (context.reader.full(value.get(side)) for side in ("start", "end"))
    same = context.reader.day(value.get("start")) == context.reader.day(value.get("end"))
    if begin and end:
        until = (
            context.reader.clock(value.get("end")) if same and context.reader.clock(value.get("end")) else end
        )
        said = begin if begin == end else f"{begin} to {until}"
    else:
        said = f"since {begin}" if begin else f"until {end}" if end else ""
    return Said(said, used=frozenset({"start", "end"}))


def _identifier(value: Value, _context: Context) -> Said:
    kind = codes.concept(value.get("type"))
    uses = USES.get(str(value.get("use") or ""), "")
    system = codes.system(value.get("system"))
    note = " · ".join(dict.fromkeys(part for part in (kind, "" if kind else system, uses) if part))
    return Said(
        str(value.get("value") or "No number"),
        note,
        kind="code",
        used=frozenset({"value", "type", "use", "system"}),
    )


def _name(value: Value, _context: Context) -> Said:
    said = names.in_full(dict(value), prefix=True)
    text = str(value.get("text") or "")
    used = {"family", "given", "prefix", "suffix", "use"} | ({"text"} if text in ("", said) else set())
    return Said(said, USES.get(str(value.get("use") or ""), ""), used=frozenset(used))


def _address(value: Value, _context: Context) -> Said:
    parts = [*(value.get("line") or ()), value.get("city"), value.get("district"), value.get("state")]
    place = ", ".join(str(part) for part in parts if part)
    code = " ".join(str(value[part]) for part in ("postalCode", "country") if value.get(part))
    said = " ".join(part for part in (place, code) if part) or str(value.get("text") or "")
    used = {"line", "city", "district", "state", "postalCode", "country", "use", "type"}
    used |= {"text"} if not place or str(value.get("text") or "") in ("", said) else set()
    notes = (USES.get(str(value.get("use") or ""), ""), str(value.get("type") or ""))
    return Said(said, ", ".join(note for note in notes if note and note != "both"), used=frozenset(used))


def _telecom(value: Value, _context: Context) -> Said:
    kind = TELECOM.get(str(value.get("system") or ""), "")
    use = USES.get(str(value.get("use") or ""), "")
    return Said(
        str(value.get("value") or ""),
        ", ".join(part for part in (kind, use) if part),
        used=frozenset({"value", "system", "use"}),
    )


def _reference(value: Value, context: Context) -> Said:
    target = local(value)
    said = context.name(value)
    used = frozenset({"reference", "display", "type"})
    if target:
        kind = target.partition("/")[0]
        return Said(
            said or labels.one(kind), labels.one(kind) if said else "", f"/record/{target}", used=used
        )
    text = str(value.get("reference") or "")
    if text.startswith("#"):
        return Said(said or "Attached inside this record", text, used=used)
    if not said and not text:
        identifier = value.get("identifier") or {}
        said = str(identifier.get("value") or "Not named")
    return Said(said or text, text if said and text else "", used=used)


def _annotation(value: Value, context: Context) -> Said:
    who = context.name(value.get("authorReference")) or str(value.get("authorString") or "")
    note = ", ".join(part for part in (who, context.reader.full(value.get("time"))) if part)
    used = {"text", "time", "authorString"} | ({"authorReference"} if who else set())
    return Said(str(value.get("text") or ""), note, kind="prose", used=frozenset(used))


def _attachment(value: Value, context: Context) -> Said:
    data = value.get("data")
    size = value.get("size") or (len(str(data)) * 3 // 4 if data else None)
    title = str(value.get("title") or "") or "File"
    parts = [
        media(str(value.get("contentType") or "")),
        bytes_said(size, context),
        context.reader.full(value.get("creation")),
    ]
    used = frozenset({"data", "url", "size", "title", "contentType", "creation", "hash"})
    return Said(title, " · ".join(part for part in parts if part), kind="file", used=used)


def media(kind: str) -> str:
    """A media type as people say it."""
    plain = kind.partition(";")[0].strip().lower()
    said = {
        "text/plain": "text",
        "application/pdf": "PDF",
        "text/html": "web page",
        "application/xml": "XML",
        "text/xml": "XML",
    }
    if plain in said:
        return said[plain]
    return f"{plain.partition('/')[2].upper()} picture" if plain.startswith("image/") else plain


def bytes_said(size: Any, context: Context) -> str:
    """A size in bytes as people say it: `12.4 KB`."""
    if not isinstance(size, int):
        return ""
    for unit, step in (("MB", 1_000_000), ("KB", 1_000)):
        if size >= step:
            return f"{context.reader.number(Decimal(size * 10 // step) / 10)} {unit}"
    return f"{size} bytes"


def _dosage(value: Value, context: Context) -> Said:
    said = directions([value], context.reader)
    told = {"text"} if value.get("text") else {"timing", "route", "doseAndRate", "asNeededBoolean"}
    return Said(said or "Directions", used=frozenset(told | {"sequence"}))


def _timing(value: Value, context: Context) -> Said:
    said = often(dict(value), context.reader)
    moments = [context.reader.full(one) for one in value.get("event") or ()]
    text = ", ".join(part for part in (said, *moments) if part)
    return Said(text or "Timing", used=frozenset({"event", "repeat", "code"} if said else {"event"}))


def _narrative(value: Value, _context: Context) -> Said:
    return Said(text_of(str(value.get("div") or "")), kind="prose", used=frozenset({"div", "status"}))


def _meta(value: Value, context: Context) -> Said:
    version, moment = value.get("versionId"), context.reader.full(value.get("lastUpdated"))
    said = ", ".join(part for part in (f"version {version}" if version else "", moment) if part)
    return Said(said or "About", used=frozenset({"versionId", "lastUpdated"}))


def _usual(value: Value, context: Context) -> Said:
    said = quantities.span(value, context.reader)
    unit = quantities.unit_of(value.get("high") or value.get("low"))
    text = str(value.get("text") or "")
    if not said:
        return Said(text or "Usual range", used=frozenset({"text"}))
    told = {"low", "high"} | ({"text"} if text in ("", said, f"{said} {unit}") else set())
    return Said(f"{said} {unit}".strip(), used=frozenset(told))


TYPES: Final[Mapping[str, Callable[[Value, Context], Said]]] = {
    "Address": _address,
    "Age": _quantity,
    "Annotation": _annotation,
    "Attachment": _attachment,
    "CodeableConcept": _concept,
    "Coding": _coding,
    "ContactPoint": _telecom,
    "Count": _quantity,
    "Distance": _quantity,
    "Dosage": _dosage,
    "Duration": _quantity,
    "HumanName": _name,
    "Identifier": _identifier,
    "Meta": _meta,
    "Money": _money,
    "MoneyQuantity": _quantity,
    "Narrative": _narrative,
    "Observation.referenceRange": _usual,
    "Period": _period,
    "Quantity": _quantity,
    "Range": _range,
    "Ratio": _ratio,
    "Reference": _reference,
    "SimpleQuantity": _quantity,
    "Timing": _timing,
}


# Code systems of the standard itself, whose codes are words.
HOUSE: Final = re.compile(r"https?://(?:terminology\.)?hl7\.org/")
