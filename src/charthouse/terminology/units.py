"""Reads UCUM codes: the grammar, the table of atoms it stands on, and products of powers of base units.

The Unified Code for Units of Measure (UCUM, version 2.2), case sensitive codes. Factors are fractions, so that
nothing is lost on the way; the table is made at build time (`building/units.py`) out of UCUM's own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

import msgspec
import zstandard

FILE: Final = Path(__file__).with_name("units.bin")
BASES: Final = ("m", "s", "g", "rad", "K", "C", "cd")
MAX_LENGTH: Final = 200
MAX_NESTING: Final = 20
MAX_EXPONENT: Final = 99
MAX_DIGITS: Final = 30
_MAX_BITS: Final = 16_384  # of a factor: far beyond any measure, and quick to reckon with

Powers = tuple[tuple[str, int], ...]


class Atom(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One unit of the table: `factor` (`numerator/denominator`) of `powers`, pairs of base unit and exponent.

    `is_metric` units take a prefix. `scale` names the function of a special unit (`Cel`, `lg`), whose
    factor and powers are those of the unit inside it.
    """

    factor: str
    powers: Powers = ()
    is_metric: bool = False
    scale: str = ""


class Table(msgspec.Struct, frozen=True, array_like=True):
    """UCUM's units by code, and the prefixes as factors."""

    version: str
    prefixes: Mapping[str, str]
    atoms: Mapping[str, Atom]


@dataclass(frozen=True, slots=True)
class Unit:
    """What a code means: `factor` of the base units to their `powers`, in a fixed order.

    With a `scale` the code is a special unit: its numbers, times `step` (of a prefix), go through that
    function first, and only then mean `factor` of the base units.
    """

    factor: Fraction
    powers: Powers
    scale: str = ""
    step: Fraction = Fraction(1)


class Unreadable(ValueError):
    """The code is none: `text` says why, `at` is the place (from 0), `symbol` a unit that there is not."""

    def __init__(self, text: str, at: int, symbol: str = "") -> None:
        super().__init__(text)
        self.text = text
        self.at = at
        self.symbol = symbol


def load(path: Path = FILE) -> Table:
    """The table as the build made it; FileNotFoundError with the repair where it was never built."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        repair = "install the project again, for a checkout with `pip install -e .`"
        raise FileNotFoundError(f"{path} is missing: {repair}") from None
    return msgspec.msgpack.decode(zstandard.ZstdDecompressor().decompress(content), type=Table)


def write(table: Table, path: Path) -> None:
    """Keep `table`; the same table gives the same bytes."""
    path.write_bytes(zstandard.ZstdCompressor(level=19).compress(msgspec.msgpack.encode(table)))


def read(code: str, table: Table) -> Unit:
    """The meaning of `code`; raises Unreadable for what is no code.

    A special unit among others (`Cel/s`) can be written, but not reckoned with: its scale is `mixed`.
    """
    if not code:
        raise Unreadable("a code may not be empty", 0)
    if len(code) > MAX_LENGTH:
        raise Unreadable(f"a code has at most {MAX_LENGTH} characters", MAX_LENGTH)
    reader = _Reader(code, table)
    found = reader.term(0)
    if reader.at < len(code):
        raise reader.refusal()
    return found


def written(powers: Powers) -> str:
    """Powers as a code, the same for the same powers: `g.m-3`; `1` without any."""
    return ".".join(base if power == 1 else f"{base}{power}" for base, power in powers) or "1"


def _ordered(powers: Mapping[str, int]) -> Powers:
    place = {base: f"{number}" for number, base in enumerate(BASES)}
    kept = [(base, power) for base, power in powers.items() if power]
    return tuple(sorted(kept, key=lambda pair: place.get(pair[0], pair[0])))


# A symbol: what is in square brackets may be nearly anything, outside of them digits are exponents.
_SYMBOL: Final = re.compile(r"10[*^]|(?:[A-Za-z_%']|\[[!-Z\\^-~]+\])+")
_EXPONENT: Final = re.compile(r"[+-]?[0-9]+")
_FACTOR: Final = re.compile(r"[0-9]+")
# UCUM wants no spaces in a note, but its own list of examples and HL7's value sets have them.
_ANNOTATION: Final = re.compile(r"\{[ -z|~]*\}")


class _Reader:
    """A cursor over one code, with a method for each rule of UCUM's grammar (section 2.1)."""

    def __init__(self, code: str, table: Table) -> None:
        self.code = code
        self.table = table
        self.at = 0

    def sees(self, mark: str) -> bool:
        return self.code.startswith(mark, self.at)

    def taken(self, mark: str) -> bool:
        if not self.sees(mark):
            return False
        self.at += 1
        return True

    def refusal(self) -> Unreadable:
        """What is wrong with the character here."""
        rest = self.code[self.at : self.at + 1]
        if not rest:
            return Unreadable("it ends where a unit should follow", self.at)
        if rest.isspace():
            return Unreadable("a code has no spaces: write a product with a dot, a quotient with /", self.at)
        if rest == "{":
            return Unreadable("a note in { } is not closed, or holds more than plain letters", self.at)
        if rest == "[":
            return Unreadable("a unit in [ ] is not closed, or holds a space or an accent", self.at)
        return Unreadable(f"the character {rest} has no place here", self.at)

    def term(self, nesting: int) -> Unit:
        """Components from left to right; `/` divides by the one component after it."""
        if nesting > MAX_NESTING:
            raise Unreadable(f"brackets are nested more than {MAX_NESTING} deep", self.at)
        if self.taken("/"):
            found = _joined(Unit(Fraction(1), ()), self.component(nesting), -1)
        else:
            found = self.component(nesting)
        while self.sees(".") or self.sees("/"):
            sign = 1 if self.taken(".") else -1
            if sign < 0:
                self.at += 1
            found = _joined(found, self.component(nesting), sign)
            if found.factor.numerator.bit_length() + found.factor.denominator.bit_length() > _MAX_BITS:
                raise Unreadable("nothing is that big or that small", self.at)
        return found

    def component(self, nesting: int) -> Unit:
        """A unit, a number, a bracket or a note; a note (`{cells}`) changes nothing and alone means 1."""
        start = self.at
        found = Unit(Fraction(1), ())
        if self.taken("("):
            found = self.term(nesting + 1)
            if not self.taken(")"):
                raise self.refusal() if self.at < len(self.code) else Unreadable("a ( is not closed", start)
        elif (symbol := _SYMBOL.match(self.code, self.at)) is not None:
            found = self.powered(symbol[0])
        elif (number := _FACTOR.match(self.code, self.at)) is not None:
            found = self.number(number[0])
        note = _ANNOTATION.match(self.code, self.at)
        if note is not None:
            self.at = note.end()
        if self.at == start:
            raise self.refusal()
        return found

    def number(self, digits: str) -> Unit:
        if len(digits) > MAX_DIGITS or not int(digits):
            raise Unreadable("a number in a code is not 0, and not that long", self.at)
        self.at += len(digits)
        return Unit(Fraction(int(digits)), ())

    def powered(self, symbol: str) -> Unit:
        """A unit with its exponent."""
        found = self.symbol(symbol)
        self.at += len(symbol)
        exponent = _EXPONENT.match(self.code, self.at)
        if exponent is None:
            return found
        power = int(exponent[0]) if len(exponent[0]) < 6 else MAX_EXPONENT + 1
        if not power or abs(power) > MAX_EXPONENT:
            raise Unreadable(f"an exponent is not 0, and at most {MAX_EXPONENT}", self.at)
        self.at = exponent.end()
        return _joined(Unit(Fraction(1), ()), found, power)

    def symbol(self, symbol: str) -> Unit:
        """An atom, or a prefix and an atom that takes one."""
        atom = self.table.atoms.get(symbol)
        if atom is not None:
            return _unit(atom, Fraction(1))
        plain = ""
        for length in (2, 1):
            prefix, rest = self.table.prefixes.get(symbol[:length]), self.table.atoms.get(symbol[length:])
            if prefix is not None and rest is not None:
                if rest.is_metric:
                    return _unit(rest, Fraction(prefix))
                plain = symbol[length:]
        if plain:
            raise Unreadable(f"the unit {plain} takes no prefix", self.at)
        raise Unreadable(f"there is no unit {symbol}", self.at, symbol)


def _unit(atom: Atom, prefix: Fraction) -> Unit:
    factor = Fraction(atom.factor)
    if atom.scale:
        return Unit(factor, atom.powers, atom.scale, prefix)
    return Unit(factor * prefix, atom.powers)


def _joined(left: Unit, right: Unit, power: int) -> Unit:
    """`left` times `right` to a power."""
    if left.factor == 1 and not left.powers and not left.scale and power == 1:
        return right
    powers = dict(left.powers)
    for base, exponent in right.powers:
        powers[base] = powers.get(base, 0) + exponent * power
    is_special = bool(left.scale or right.scale)
    return Unit(left.factor * right.factor**power, _ordered(powers), "mixed" if is_special else "")
