"""Units of measure: which codes are UCUM, what they measure, and how one becomes another.

UCUM 2.2 (http://unitsofmeasure.org), case sensitive. `Ucum` is what FHIRPath takes as `Units`, and what
answers for the code system in bindings.
"""

from __future__ import annotations

import difflib
import threading
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from functools import cache, lru_cache
from pathlib import Path
from typing import Final

from charthouse.terminology import units
from charthouse.terminology.scales import SCALES, decimal
from charthouse.terminology.units import Table, Unit, Unreadable

SYSTEM: Final = "http://unitsofmeasure.org"
CACHED: Final = 4096
_EXACT: Final = 28  # digits that a Decimal keeps in arithmetic everywhere else
_WORD: Final = 6  # letters and braces
_HUGE: Final = 1000  # decimal places; no measurement is that big or small
# What people write -> what UCUM has for it; the first is offered.
_MEANT: Final[Mapping[str, str]] = {
    "mcg": "ug", "mcL": "uL", "cc": "mL", "gm": "g", "gms": "g", "gram": "g", "grams": "g", "Kg": "kg", "KG": "kg",
    "lb": "[lb_av]", "lbs": "[lb_av]", "oz": "[oz_av]", "in": "[in_i]", "inch": "[in_i]", "inches": "[in_i]",
    "ft": "[ft_i]", "mmHg": "mm[Hg]", "mmhg": "mm[Hg]", "cmH2O": "cm[H2O]", "inHg": "[in_i'Hg]", "psi": "[psi]",
    "torr": "mm[Hg]", "Torr": "mm[Hg]", "IU": "[iU]", "iU": "[iU]", "mIU": "m[iU]", "uIU": "u[iU]", "kIU": "k[iU]",
    "MIU": "M[iU]", "unit": "U", "units": "U", "Units": "U", "mEq": "meq", "uEq": "ueq", "MEQ": "meq",
    "mOsm": "mosm", "Osm": "osm", "degC": "Cel", "degF": "[degF]", "celsius": "Cel", "pH": "[pH]",
    "sec": "s", "secs": "s", "second": "s", "seconds": "s", "msec": "ms", "mins": "min", "minute": "min",
    "minutes": "min", "hr": "h", "hrs": "h", "hour": "h", "hours": "h", "day": "d", "days": "d", "week": "wk",
    "weeks": "wk", "mon": "mo", "mos": "mo", "month": "mo", "months": "mo", "yr": "a", "yrs": "a", "year": "a",
    "years": "a", "y": "a", "bpm": "/min", "percent": "%", "HPF": "[HPF]", "hpf": "[HPF]", "LPF": "[LPF]",
    "lpf": "[LPF]", "CFU": "[CFU]", "cfu": "[CFU]", "gtt": "[drp]", "drop": "[drp]", "drops": "[drp]",
    "tsp": "[tsp_us]", "tbsp": "[tbs_us]", "cup": "[cup_us]", "Kcal": "kcal", "Cal": "[Cal]", "liter": "L",
    "ppm": "[ppm]", "ppb": "[ppb]", "diop": "[diop]", "FEU": "[FEU]", "mol%": "%",
}  # fmt: skip
_FOREIGN: Final[Mapping[str, str]] = {"µ": "u", "μ": "u", "°C": "Cel", "°F": "[degF]", "°": "deg", "Ω": "Ohm",
                                      "²": "2", "³": "3", "·": ".", "×": ".", "Å": "Ao"}  # fmt: skip


class Ucum:
    """UCUM over the table that the build made, which is read when the first code is asked.

    Any thread may ask. Answers are kept, the last few thousand of them.
    """

    def __init__(self, path: Path = units.FILE) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._table: Table | None = None
        self._read = lru_cache(CACHED)(self._looked_up)
        self._factor = lru_cache(CACHED)(self._reduced)

    @property
    def version(self) -> str:
        """The version of UCUM, e.g. `2.2`."""
        return self._units().version

    def is_valid(self, code: str) -> bool:
        """Whether `code` is a UCUM code."""
        return isinstance(self._known(code), Unit)

    def why_not(self, code: str) -> str | None:
        """What is wrong with `code` and what was probably meant, as a sentence; None for a valid code."""
        found = self._known(code)
        if isinstance(found, Unit):
            return None
        place = f" (character {found.at + 1})" if 0 < found.at < len(code) else ""
        meant = self._meant(code, found)
        sentence = f"{found.text[:1].upper()}{found.text[1:]}{place}."
        return f"{sentence} Is {meant} meant?" if meant else sentence

    def dimension(self, code: str) -> str | None:
        """What `code` measures, in base units (`m-3.g`; `1` for pure numbers); the same for all that compare.

        None for a code that is none, and for a special unit among others, such as `Cel/s`.
        """
        found = self._known(code)
        if not isinstance(found, Unit) or found.scale == "mixed":
            return None
        return units.written(found.powers)

    def canonical(self, code: str) -> tuple[Decimal, str] | None:
        """(factor, base units): 1 of `code` is that many of them; exact where decimals can hold it.

        None for a code that is none, and for special units (`Cel`), whose numbers do not simply scale.
        """
        return self._factor(code) if len(code) <= units.MAX_LENGTH else None

    def convert(self, value: Decimal, code: str, other: str) -> Decimal | None:
        """`value` of `code` in `other`: exact where decimals can hold it, else to 28 digits.

        None where one of them is no code, where they measure different things (mass and length, any
        two of the arbitrary units), and where there is no such value (the pH of nothing).
        """
        one, two = self._known(code), self._known(other)
        if not isinstance(one, Unit) or not isinstance(two, Unit) or one.powers != two.powers:
            return None
        if "mixed" in (one.scale, two.scale) or not value.is_finite() or abs(value.adjusted()) > _HUGE:
            return None
        try:
            return _plain(_measured(two, _meaning(one, Fraction(value))))
        except (ArithmeticError, ValueError):
            return None

    def _reduced(self, code: str) -> tuple[Decimal, str] | None:
        found = self._read(code)
        if not isinstance(found, Unit) or found.scale:
            return None
        return decimal(found.factor), units.written(found.powers)

    def _known(self, code: str) -> Unit | Unreadable:
        """Codes too long to be any are not kept."""
        return self._read(code) if len(code) <= units.MAX_LENGTH else self._looked_up(code)

    def _looked_up(self, code: str) -> Unit | Unreadable:
        try:
            return units.read(code, self._units())
        except Unreadable as reason:
            return reason.with_traceback(None)

    def _units(self) -> Table:
        found = self._table
        if found is None:
            with self._lock:
                found = self._table = self._table or units.load(self._path)
        return found

    def _meant(self, code: str, reason: Unreadable) -> str | None:
        """The code that stands nearest: a habit of writing put right, or a name nearly the same."""
        tried = code
        for sign, plain in _FOREIGN.items():
            tried = tried.replace(sign, plain)
        if tried == code and reason.symbol:
            symbol = _MEANT.get(reason.symbol) or self._nearest(reason.symbol) or f"{{{reason.symbol}}}"
            if symbol[0] != "{" or len(symbol) >= _WORD:  # what is counted stands in a note: {cells}/uL
                tried = f"{code[: reason.at]}{symbol}{code[reason.at + len(reason.symbol) :]}"
        if any(character.isspace() for character in tried):
            tried = "".join(tried.split())
        if tried == code or len(code) > units.MAX_LENGTH:
            return None
        return tried if self.is_valid(tried) else None

    def _nearest(self, symbol: str) -> str | None:
        table = self._units()
        folded: dict[str, str] = {}
        starts = [prefix for prefix in table.prefixes if symbol.lower().startswith(prefix.lower())]
        for start in ("", *sorted(starts, key=str.isupper)):  # milli before mega
            for code, atom in table.atoms.items():
                if atom.is_metric or not start:
                    folded.setdefault(f"{start}{code}".lower(), f"{start}{code}")
        near = difflib.get_close_matches(symbol.lower(), folded, n=1, cutoff=0.8)
        return folded[near[0]] if near else None


@cache
def shared() -> Ucum:
    """The one UCUM of this process: it never changes, and what it has answered it keeps."""
    return Ucum()


def _meaning(unit: Unit, value: Fraction) -> Fraction:
    """A number of `unit` in base units."""
    if unit.scale:
        value = SCALES[unit.scale].to_ratio(value * unit.step)
    return value * unit.factor


def _measured(unit: Unit, amount: Fraction) -> Fraction:
    """An amount of base units as a number of `unit`."""
    ratio = amount / unit.factor
    return SCALES[unit.scale].from_ratio(ratio) / unit.step if unit.scale else ratio


def _plain(value: Fraction) -> Decimal:
    """A Decimal as people write it: all digits if they are few, no zeros at the end of a fraction."""
    found = decimal(value)
    if len(found.as_tuple().digits) > _EXACT:
        found = found.quantize(Decimal(1).scaleb(found.adjusted() - _EXACT + 1))
    found = found.normalize()
    exponent = found.as_tuple().exponent
    return found.quantize(Decimal(1)) if isinstance(exponent, int) and 0 < exponent < _EXACT else found
