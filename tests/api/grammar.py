"""Searches as nobody would write them: right names in wrong places, and values from the far ends of every kind."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, quote_from_bytes

from hypothesis import strategies as st

from charthouse.fhir.definitions import load

TYPES = (
    "Patient", "Observation", "Condition", "Encounter", "List", "Location", "ValueSet", "Group", "Provenance",
    "QuestionnaireResponse", "Substance", "RiskAssessment", "AuditEvent", "Binary", "Bundle",
    "SearchParameter",
)  # fmt: skip
RESULT = (
    "_sort", "_count", "_include", "_revinclude", "_include:iterate", "_revinclude:iterate", "_total",
    "_summary",
    "_elements", "_format", "_pretty", "_contained", "_containedType", "_type", "_query", "_score",
    "_explain",
    "_cursor", "_filter", "_list", "_text", "_content", "_since", "_at", "max", "start", "end", "_offset",
    "_page",
)  # fmt: skip
EVERYWHERE = ("_id", "_lastUpdated", "_tag", "_security", "_profile", "_source")
MODIFIERS = (
    "missing", "exact", "contains", "not", "text", "in", "not-in", "below", "above", "identifier", "of-type",
    "type",
    "iterate", "Patient", "Observation", "Nobody", "", "MISSING", "code-text", "phonetic",
)  # fmt: skip
ODD = (
    "",
    ".",
    ":",
    "::",
    "..",
    "-",
    "_",
    "*",
    "$",
    "%",
    "''",
    '"',
    "\x00",
    "[",
    "]",
    "{}",
    "ſ",
    "_has",
    "_has:",
    "id",
)
DATES = (
    "2024", "2024-02", "2024-02-29", "2023-02-29", "2024-13", "0000", "0001", "9999", "9999-12-31T23:59:59Z",
    "10000",
    "-0044-03-15", "2024-06-01T10:30:60Z", "2024-06-01T24:00:00Z", "2024-06-01T10:30:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "0001-01-01T00:00:00+14:00", "2024-06-01T10:30:00.123456789123456789Z", "ge2024", "apnow", "zz2024",
    "ap9999", "ap0001",
    "2024-W05", "20240601", "٢٠٢٤", "ge", "eq", "neeq2024", "1e9", "2024-06-01T10", "2024-06-01t10:30:00z",
)  # fmt: skip
NUMBERS = (
    "0", "-0", "1e999", "1e-999", "-1e308", "9" * 40, "9" * 41, "0." + "0" * 40 + "1", "NaN", "Infinity",
    "-inf", "0x10",
    "1_000", "1,000", "٣", "1.", ".5", "+5", "--5", "5e", "ge5.40", "ap0", "ap1e308", "2147483648",
    "-9223372036854775809",
    "18446744073709551616", "5|http://unitsofmeasure.org|mg", "5||mg", "5|||", "5|mg", "|",
    "5|http://unitsofmeasure.org|[in_i'H2O]",
    "5|http://unitsofmeasure.org|" + "(" * 50, "5|http://unitsofmeasure.org|10*999999999",
)  # fmt: skip
TOKENS = (
    "final", "http://loinc.org|8480-6", "http://loinc.org|", "|8480-6", "|", "||", "a|b|c", "\\|", "\\",
    "\\,", "a\\", "true",
    "TRUE", "f\x00o", "\x00", "\ud7ff", "😀" * 100, "a" * 5000, "%", "_", "%25", "' OR 1=1 --", "*", "?",
    "male,female", ",", ",,",
    "male,", "http://x|y,|,", "urn:oid:1.2|3", "\u202egnp", "A\u0300", "\uffff", "\x1f", "\t", "\n", " ",
    "\u00a0", "\x7f",
)  # fmt: skip
REFERENCES = (
    "Patient/a", "a", "Patient/", "/a", "Patient/a/_history/1", "Patient/a/_history/",
    "http://localhost/fhir/Patient/a",
    "http://other.example/fhir/Patient/a", "Nobody/a", "Patient/a b", "#a", "urn:uuid:x",
    "Patient/" + "a" * 65, "Patient/../a",
    "Observation/a", "http://", "//", "Patient/a|1", "HTTP://LOCALHOST/fhir/Patient/a",
    "Patient/a,Patient/b", "Patient?name=x",
)  # fmt: skip
FILTERS = (
    "name eq x", "name", "(", ")", "()", "not", "not (", "name eq", "name eq x and", "and",
    "birthdate ge 2000 and (gender eq male",
    'name co "a', 'name co "\\', "name[a eq b]", "a.b.c eq d", "subject.name sw o", "_id eq a or _id eq b",
    "name pr true", "name pr x",
    "not (name pr true)", "value-quantity gt 5|http://unitsofmeasure.org|mg", "code in http://x",
    "name zz y", "_filter eq x",
    "((((((((((((((((((((((name eq x))))))))))))))))))))))", " and ".join(["_id eq a"] * 45), "date po 2024",
    "_has:Observation:subject:code eq 1",
    "name eq \x00", "_lastUpdated gt 9999", "_text eq x", "_list eq x", "_count eq 1", "_sort eq name",
)  # fmt: skip
INCLUDES = (
    "*", "Observation:subject", "Observation:*", "Observation:subject:Patient", "Observation:subject:Nobody",
    "Observation", ":", "::",
    "Patient:link", "Observation:code", "Nobody:x", "Observation:subject:", "*:*", "Provenance:target",
    "Patient:*:Patient", "a:b:c:d",
)  # fmt: skip
WORDS = (
    "true", "false", "count", "text", "data", "none", "accurate", "estimate", "json", "xml", "name", "name,birthdate",
    "-name", "--name", "name,-name", "_id", "_lastUpdated", "-_lastUpdated,_id", "code-value-quantity", "near",
    "_score", "_has:Observation:subject:code", "subject.name", "id,name,meta", "*", "0", "1", "-1", "1000000",
    "9" * 30, "1.5", "both", "container", "contained", "Patient,Observation", "Nobody", "application/fhir+xml",
    "text/html",
)  # fmt: skip
PLACES = (
    "42.25|-83.69|11.20|km",
    "91|0",
    "0|181",
    "0|0|-1",
    "0|0|1e999|km",
    "0|0|1|[lt",
    "a|b",
    "0|0",
    "0|0|0",
    "90|180|1e300|Ym",
)
WEIGHED = (*TOKENS, *DATES, *NUMBERS, *REFERENCES, *FILTERS, *INCLUDES, *WORDS, *PLACES)
GOOD = {
    "date": ("2024", "ge2020", "lt2025-06-01", "1980-02-29", "ap2024", "ne2024", "sa1900,eb2030"),
    "number": ("2", "gt1", "lt1e5", "ne2", "1,2"),
    "quantity": ("5.4|http://unitsofmeasure.org|mmol/L", "gt0", "lt10||mmol/L", "-1e-8", "ap5,gt100"),
    "token": ("final", "male", "female,male", "http://loinc.org|8480-6", "http://loinc.org|", "|AMB", "true",
    "finished"),
    "string": ("oka", "ADA", "o,a", "gout", "ö", "A\u0300"),
    "reference": ("Patient/a", "a", "Patient/b,Patient/a", "Observation/o1"),
    "uri": ("http://example.org/x", "urn:oid:1.2.3"),
    "special": ("42.25|-83.69|11.20|km", "0|0"),
    "composite": ("8480-6$gt1", "http://loinc.org|8480-6$5.4"),
}  # fmt: skip
FIT = {
    "string": ("exact", "contains"),
    "token": ("not", "text"),
    "reference": ("Patient", "text"),
    "uri": ("below", "above"),
}
BY_KIND = {"date": DATES, "number": NUMBERS, "quantity": NUMBERS, "reference": REFERENCES, "special": PLACES}

# Too much of one thing, on Observation.
EXTREMES = (
    "subject." * 300 + "name=x",
    "subject.link." * 40 + "name=x",
    "_has:Observation:subject:" * 100 + "code=1",
    "subject._has:Observation:patient:" * 30 + "code=1",
    "&".join(["_id=a"] * 5000),
    "&".join(["date=gt2000"] * 30),
    "&".join(["_include=*", "_revinclude=*", "_include:iterate=*", "_revinclude:iterate=*"] * 50),
    "_id=" + ",".join(["a"] * 100_000),
    "code=" + ",".join(f"{number}" for number in range(20_000)),
    "date=" + ",".join(["gt2000"] * 2000),
    "value-quantity=" + ",".join(["5||mg"] * 2000),
    "code-value-quantity=" + "$" * 20_000,
    "_sort=" + ",".join(["date", "-date"] * 500),
    "_filter=" + "(" * 20_000,
    "_filter=" + "not (" * 30 + "_id eq a" + ")" * 30,
    "_filter=_id eq " + "a" * 100_000,
    "_filter=" + " or ".join(["subject.name co x"] * 40),
    "_elements=" + ",".join(["status"] * 20_000),
    "_cursor=" + "A" * 100_000,
    "value-string=" + "%C3%A9" * 30_000,
    "x" * 100_000 + "=1",
    "code:" + "text:" * 1000 + "=1",
    "_count=" + "9" * 5000,
    "value-quantity=" + "9" * 100_000,
    "date=2024-01-01T00:00:00." + "9" * 50_000 + "Z",
    "code" + "%00" * 1000 + "=1",
    "&" * 100_000,
    "_text=" + "(" * 2000,
    "_content=" + "a " * 5000,
    "_content=" + '"a b" OR ' * 500,
    "_type=" + ",".join(["Observation"] * 1000),
)

Pair = tuple[str, str]


def codes(type: str) -> list[str]:
    """The parameters of a type."""
    return [*load().search_params(type), *EVERYWHERE]


def kind(type: str, code: str) -> str:
    """The kind of a parameter, or nothing."""
    found = load().search_params(type).get(code)
    return found.type if found is not None else ""


@st.composite
def names(draw: Any, type: str, depth: int = 0) -> str:
    """A parameter: plain, with a modifier, a chain, a reverse chain, or none at all."""
    shape = draw(st.sampled_from("ppppmmmcchhro" if depth < 6 else "pm"))
    code = draw(st.sampled_from(codes(type)))
    if shape == "p":
        return str(code)
    if shape == "m":
        return f"{code}:{draw(st.sampled_from(MODIFIERS))}"
    if shape == "c":
        target = draw(st.sampled_from(TYPES))
        step = code if kind(type, code) == "reference" else "subject"
        written = draw(st.sampled_from((f"{step}:{target}", step)))
        return f"{written}.{draw(names(target, depth + 1))}"
    if shape == "h":
        other = draw(st.sampled_from(TYPES))
        step = draw(
            st.sampled_from(("subject", "patient", "target", "item", draw(st.sampled_from(codes(other)))))
        )
        return f"_has:{other}:{step}:{draw(names(other, depth + 1))}"
    if shape == "r":
        return str(draw(st.sampled_from(RESULT)))
    return draw(st.sampled_from(ODD)) + draw(st.text(max_size=8))


@st.composite
def values(draw: Any, type: str, name: str) -> str:
    """A value: most often of the parameter's kind, else of any, else any text."""
    how = draw(st.integers(0, 9))
    if name.startswith("_filter"):
        pool: tuple[str, ...] = FILTERS
    elif name.startswith(("_include", "_revinclude")):
        pool = INCLUDES
    elif name in RESULT or name.endswith(":missing"):
        pool = WORDS
    else:
        pool = BY_KIND.get(kind(type, name.partition(":")[0]), TOKENS)
    if how < 6:
        return str(draw(st.sampled_from(pool)))
    if how < 8:
        return str(draw(st.sampled_from(WEIGHED)))
    if how < 9:
        return ",".join(draw(st.lists(st.sampled_from(WEIGHED), min_size=2, max_size=4)))
    return draw(st.text(max_size=40))


@st.composite
def conditions(draw: Any, type: str, most: int = 4) -> list[Pair]:
    """Parameters of one search; half of the time all of them are right."""
    is_good = draw(st.booleans())
    found = []
    for _ in range(draw(st.integers(1, most))):
        if is_good:
            found.append(draw(right(type)))
            continue
        name = draw(names(type))
        found.append((name, draw(values(type, name))))
    return found


@st.composite
def right(draw: Any, type: str, depth: int = 0) -> Pair:
    """A parameter as it should be, perhaps behind a reference or before one."""
    how = draw(st.integers(0, 9 if depth < 4 else 6))
    if how == 7:
        return "_filter", draw(
            st.sampled_from(("_id eq a", "not (_id eq a)", "_id eq a or _id eq b", "_lastUpdated gt 2020"))
        )
    if how == 8:
        other, step = draw(
            st.sampled_from((("Observation", "subject"), ("Condition", "patient"), ("List", "item")))
        )
        name, value = draw(right(other, depth + 1))
        return (f"_has:{other}:{step}:{name}", value) if name != "_filter" else (name, value)
    if how == 9 and type in ("Observation", "Condition", "Encounter"):
        name, value = draw(right("Patient", depth + 1))
        return (f"subject:Patient.{name}", value) if name != "_filter" else ("subject", "Patient/a")
    code = draw(st.sampled_from([one for one in codes(type) if one not in ("_text", "_content", "_query")]))
    of = kind(type, code) or ("date" if code == "_lastUpdated" else "token")
    if how == 0 and of not in ("composite", "special") and code not in EVERYWHERE:
        return f"{code}:missing", draw(st.sampled_from(("true", "false")))
    if how == 1 and of in FIT:
        return f"{code}:{draw(st.sampled_from(FIT[of]))}", draw(
            st.sampled_from(GOOD[of if of != "reference" else "string"])
        )
    return code, draw(st.sampled_from(GOOD[of]))


def wire(pairs: list[Pair]) -> bytes:
    """Pairs as they should be sent."""
    return "&".join(f"{_sent(name)}={_sent(value)}" for name, value in pairs).encode()


def _sent(text: str) -> str:
    return quote_from_bytes(text.encode("utf-8", "surrogatepass"), safe="")


@st.composite
def spoiled(draw: Any, pairs: list[Pair]) -> bytes:
    """Pairs as they should not be sent: unescaped, half-escaped, with bytes that are no text."""
    content = draw(
        st.sampled_from((
            wire(pairs),
            "&".join(f"{name}={value}" for name, value in pairs).encode("utf-8", "surrogatepass"),
            "&".join(f"{quote(name, safe=':._')}={value}" for name, value in pairs).encode("latin-1",
    "replace"),
        ))
    )  # fmt: skip
    at = draw(st.integers(0, len(content)))
    inserted = draw(
        st.sampled_from(
            (b"", b"%", b"%zz", b"%ff", b"%c3", b"%00", b"&", b"=", b"&&=&", b";", b"\xff", b"+", b"#", b"?")
        )
    )
    return bytes(content[:at] + inserted + content[at:])


@st.composite
def paths(draw: Any, ids: tuple[str, ...]) -> tuple[str, str]:
    """(type, path): a type, everything, several types, a compartment, an operation, a history."""
    type, id = draw(st.sampled_from(TYPES)), draw(st.sampled_from(ids))
    shapes = (
        *[f"/fhir/{type}"] * 15, "/fhir", f"/fhir/Patient/{id}/{type}",
        f"/fhir/Patient/{id}/*", f"/fhir/Encounter/{id}/{type}", f"/fhir/Patient/{id}/$everything",
        f"/fhir/Encounter/{id}/$everything", "/fhir/Patient/$everything", "/fhir/Observation/$lastn",
    f"/fhir/{type}/_history",
        "/fhir/_history",
    )  # fmt: skip
    path = draw(st.sampled_from(shapes))
    return ("Observation" if "$lastn" in path else type), path
