"""Vital signs: which observations they are, the last value of each, how it moved, and its trend plot."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final

from charthouse.fhir.resource import Tree
from charthouse.web import codes, quantities
from charthouse.web.chart.entry import STRUCK, Context, start
from charthouse.web.chart.flowsheet import Flowsheet, Sign, flowsheet
from charthouse.web.chart.plot import Point, Sparkline, sparkline
from charthouse.web.chart.ranges import Judgement, Limits, judge, limits
from charthouse.web.reader import Reader

SYSTOLIC: Final = "8480-6"
DIASTOLIC: Final = "8462-4"
ADULT: Final = 18


@dataclass(frozen=True, slots=True)
class Kind:
    """A vital sign: its LOINC codes (R4 vital signs profiles, and codes in common use) and an adult's usual range.

    `moves` marks signs whose change is told beside the value even where space is short.
    """

    slug: str
    label: str
    codes: frozenset[str]
    low: str = ""
    high: str = ""
    unit: str = ""
    moves: bool = False


KINDS: Final = (
    Kind("pressure", "Blood pressure", frozenset({"85354-9", "55284-4", "35094-2"}), "90", "139", "mm[Hg]"),
    Kind("rate", "Heart rate", frozenset({"8867-4"}), "60", "100", "/min"),
    Kind("breath", "Breathing", frozenset({"9279-1"}), "12", "20", "/min"),
    Kind("heat", "Temperature", frozenset({"8310-5", "8331-1"}), "36.1", "37.8", "Cel"),
    Kind("oxygen", "Oxygen saturation", frozenset({"2708-6", "59408-5"}), "95", "", "%"),
    Kind("weight", "Weight", frozenset({"29463-7", "3141-9"}), moves=True),
    Kind("height", "Height", frozenset({"8302-2", "8306-3"})),
    Kind("mass", "BMI", frozenset({"39156-5"}), "18.5", "24.9", "kg/m2"),
    Kind("pain", "Pain, 0 to 10", frozenset({"72514-3", "38208-5"}), "", "3"),
    Kind("head", "Head circumference", frozenset({"9843-4", "8287-5"})),
)
BY_CODE: Final = {code: kind for kind in KINDS for code in kind.codes}
DIASTOLIC_RANGE: Final = Limits(Decimal(60), Decimal(89))


@dataclass(frozen=True, slots=True)
class Reading:
    """One measurement: what is shown, the number(s) plotted, when (FHIR dateTime), and whether it is usual."""

    id: str
    said: str
    unit: str
    values: tuple[Decimal, ...]
    when: str
    judgement: Judgement
    who: str = ""


@dataclass(frozen=True, slots=True)
class Vital:
    """A vital sign over time, newest reading first."""

    kind: Kind
    readings: tuple[Reading, ...]
    usual: Limits
    change: str = ""
    plot: Sparkline | None = field(default=None, compare=False)

    @property
    def last(self) -> Reading:
        """The newest reading; a Vital always has one."""
        return self.readings[0]


def vitals(
    trees: Iterable[Tree], reader: Reader, born: tuple[int, ...] = (), *, most: int = 40
) -> list[Vital]:
    """The vital signs among Observations (newest first), in the fixed order of `KINDS`; the struck out are left out."""
    found: dict[str, list[Reading]] = {}
    ranges: dict[str, Limits] = {}
    for tree in trees:
        kind = next((BY_CODE[code] for code in codes.codes(tree.get("code")) if code in BY_CODE), None)
        if kind is None or tree.get("status") in (*STRUCK, "cancelled"):
            continue
        usual = _usual(kind, tree, reader, born)
        ranges.setdefault(kind.slug, usual)
        reading = _reading(kind, tree, usual, reader)
        if reading is not None:
            found.setdefault(kind.slug, []).append(reading)
    made = []
    for kind in KINDS:
        if kind.slug in found:
            readings = sorted(found[kind.slug], key=lambda one: _seconds(one.when, reader), reverse=True)[
                :most
            ]
            usual = ranges[kind.slug]
            made.append(
                Vital(
                    kind,
                    tuple(readings),
                    usual,
                    _change(kind, readings, reader),
                    plot(readings, usual, reader),
                )
            )
    return made


def plot(
    readings: Sequence[Reading], usual: Limits, reader: Reader, *, width: int = 100, tall: int = 26
) -> Sparkline | None:
    """The trend of `readings` (newest first), one line per number, in the unit of the newest."""
    unit = readings[0].unit
    alike = [one for one in reversed(readings) if one.unit == unit]
    series = [
        [
            Point(_seconds(one.when, reader), one.values[place], f"{one.said} {unit}, {reader.day(one.when)}")
            for one in alike
            if len(one.values) > place
        ]
        for place in range(max(len(one.values) for one in readings))
    ]
    return sparkline(series, usual.low, usual.high, width=width, tall=tall)


def sheet(
    trees: Iterable[Tree], context: Context, born: tuple[int, ...] = (), *, columns: int = 8
) -> Flowsheet:
    """Vital signs side by side, in the fixed order of `KINDS`; signs that are not among them follow."""
    made = flowsheet(trees, context, columns=columns, sign=sign(context.reader, born))
    order = {kind.label: place for place, kind in enumerate(KINDS)}
    return replace(made, rows=tuple(sorted(made.rows, key=lambda row: order.get(row.name, len(order)))))


def sign(reader: Reader, born: tuple[int, ...] = ()) -> Callable[[Tree], Sign | None]:
    """How a flowsheet reads vital signs: by their plain names, a blood pressure as one value."""

    def read(tree: Tree) -> Sign | None:
        kind = next((BY_CODE[code] for code in codes.codes(tree.get("code")) if code in BY_CODE), None)
        if kind is None:
            return None
        usual = _usual(kind, tree, reader, born)
        reading = _reading(kind, tree, usual, reader)
        if reading is None:
            return None
        return Sign(kind.label, reading.unit, usual, reading.said, reading.values[0], reading.judgement)

    return read


def _usual(kind: Kind, tree: Tree, reader: Reader, born: tuple[int, ...]) -> Limits:
    """The range that came with the observation, else an adult's."""
    usual = limits(tree, reader)
    if not usual.said and _is_adult(born, start(tree, "effective"), reader):
        return _adult(kind, tree)
    return usual


def _reading(kind: Kind, tree: Tree, usual: Limits, reader: Reader) -> Reading | None:
    who = next((one.get("display") or "" for one in tree.get("performer") or ()), "")
    if kind.slug == "pressure":
        parts = {}
        for part in tree.get("component") or ():
            value = quantities.decimal((part.get("valueQuantity") or {}).get("value"))
            for code in codes.codes(part.get("code")) & {SYSTOLIC, DIASTOLIC}:
                if value is not None:
                    parts[code] = value
        if SYSTOLIC not in parts or DIASTOLIC not in parts:
            return None
        pair = (parts[SYSTOLIC], parts[DIASTOLIC])
        said = "/".join(reader.number(_round(value)) for value in pair)
        verdict = judge(tree, pair[0], usual)
        if not verdict.word and usual.said == "" and usual.high is not None:
            lower = judge({}, pair[1], DIASTOLIC_RANGE)
            verdict = lower if verdict.level in ("", "usual") and lower.level == "abnormal" else verdict
        return Reading(str(tree["id"]), said, "mmHg", pair, start(tree, "effective"), verdict, who)
    value = quantities.decimal((tree.get("valueQuantity") or {}).get("value"))
    if value is None:
        return None
    said = quantities.amount(tree["valueQuantity"], reader, exact=False)
    unit = quantities.unit_of(tree["valueQuantity"])
    return Reading(
        str(tree["id"]), said, unit, (value,), start(tree, "effective"), judge(tree, value, usual), who
    )


def _round(value: Decimal) -> Decimal:
    return value if value == value.to_integral_value() else value.quantize(Decimal(1))


def _adult(kind: Kind, tree: Tree) -> Limits:
    unit = (tree.get("valueQuantity") or {}).get("code") or (tree.get("valueQuantity") or {}).get("unit")
    if kind.slug != "pressure" and kind.unit and unit != kind.unit:
        return Limits()
    return Limits(Decimal(kind.low) if kind.low else None, Decimal(kind.high) if kind.high else None)


def _is_adult(born: tuple[int, ...], when: str, reader: Reader) -> bool:
    moment = reader.moment(when)
    return bool(born and moment and moment.parts[0] - born[0] > ADULT)


def _seconds(when: str, reader: Reader) -> float:
    moment = reader.moment(when)
    if moment is None:
        return 0.0
    if moment.time is not None:
        return moment.time.timestamp()
    parts = (*moment.parts, 1, 1)[:3]
    return datetime.combine(date(*parts), datetime.min.time(), UTC).timestamp()


def _change(kind: Kind, readings: Sequence[Reading], reader: Reader) -> str:
    """How the newest number differs from the one before, for signs whose movement matters by itself."""
    if len(readings) < 2 or readings[0].unit != readings[1].unit or kind.slug == "pressure":
        return ""
    change = quantities.brief(readings[0].values[0] - readings[1].values[0])
    places = max((-int(one.values[0].as_tuple().exponent) for one in readings[:2]), default=0)
    change = change.quantize(Decimal(1).scaleb(-min(places, 1)))
    if change == 0:
        return ""
    return f"{'up' if change > 0 else 'down'} {reader.number(abs(change))}"
