"""The oracle's own small table of units, held against ucumvert."""

from __future__ import annotations

import pytest
from ucumvert import PintUcumRegistry

from tests.oracle.units import scale

PAIRS = [
    ("mg/dL", "g/L"), ("kg", "g"), ("[lb_av]", "kg"), ("cm", "m"), ("[in_i]", "cm"), ("min", "h"), ("d", "h"),
    ("a", "d"), ("mo", "d"), ("wk", "d"), ("mmol/L", "mol/L"), ("g/dL", "mg/dL"), ("10*3/uL", "10*6/uL"),
    ("kU/L", "U/L"), ("mL/min", "L/h"), ("kg/m2", "g/cm2"), ("ng/mL", "ug/L"), ("fL", "uL"),
]  # fmt: skip


def test_the_factors_are_those_of_another_program() -> None:
    registry = PintUcumRegistry()
    for one, other in PAIRS:
        found = scale(one, other)
        wanted = registry.Quantity(1.0, registry.from_ucum(one)).to(registry.from_ucum(other)).magnitude
        assert found is not None
        assert float(found) == pytest.approx(wanted, rel=1e-9), f"{one} in {other}"


def test_what_measures_something_else_has_no_factor() -> None:
    assert scale("kg", "m") is None
    assert scale("mg/dL", "mmol/L") is None
    assert scale("Cel", "cm") is None
    assert scale("Cel", "Cel") == 1
