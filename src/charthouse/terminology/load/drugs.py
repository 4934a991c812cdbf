"""Reads the National Drug Code directory of the FDA: products and their packages.

Layout, from the FDA's page “NDC Product File Definitions”: two files parted by tabs with a header,
`product.txt` (PRODUCTID, PRODUCTNDC, …) and `package.txt` (PRODUCTID, PRODUCTNDC, NDCPACKAGECODE, …).
A code keeps the hyphens it is published with (HL7 Terminology, “Using NDC with HL7 Standards”).
"""

from __future__ import annotations

import re
from typing import Final

from charthouse.base.clock import moment, now
from charthouse.terminology.concept import INACTIVE, Designation, Row
from charthouse.terminology.load.kinds import named
from charthouse.terminology.load.lines import wrong
from charthouse.terminology.load.loaded import Asked, Loaded, day, release, row
from charthouse.terminology.load.source import Member, Source
from charthouse.terminology.load.table import Once, table

PRODUCTS: Final = r"product[^/]*\.(txt|csv|xlsx)$"
PACKAGES: Final = r"package[^/]*\.(txt|csv|xlsx)$"
_PRODUCT: Final = re.compile(r"\d{4,6}-\d{3,4}")
_PACKAGE: Final = re.compile(r"(\d{4,6})-(\d{3,4})-(\d{1,2})")
_COLUMNS: Final = (
    "PRODUCTID",
    "PRODUCTNDC",
    "PROPRIETARYNAME",
    "NONPROPRIETARYNAME",
    "DOSAGEFORMNAME",
    "LABELERNAME",
)
_MORE: Final = (
    "PROPRIETARYNAMESUFFIX", "ROUTENAME", "SUBSTANCENAME", "ACTIVE_NUMERATOR_STRENGTH", "ACTIVE_INGRED_UNIT",
    "MARKETINGCATEGORYNAME", "APPLICATIONNUMBER", "DEASCHEDULE", "PRODUCTTYPENAME", "STARTMARKETINGDATE",
    "ENDMARKETINGDATE",
)  # fmt: skip
_PROPERTIES: Final = (
    ("kind", "product or package"),
    ("form", "dosage form"),
    ("route", "route of administration"),
    ("substance", "active ingredient"),
    ("labeler", "who labels it"),
    ("category", "marketing category"),
    ("application", "number of its application"),
    ("schedule", "schedule of the Drug Enforcement Administration"),
    ("type", "kind of product"),
    ("started", "first day on the market"),
    ("ended", "last day on the market"),
    ("ndc11", "the code in eleven digits, as claims and RxNorm write it"),
)


def read(source: Source, asked: Asked) -> Loaded:
    """NDC: products, and packages below them.

    The version is the day in the name of the file or folder, else the last on which something came to market.
    """
    products = source.need(PRODUCTS, "product.txt")
    packages = source.find(PACKAGES)
    found, latest = _products(products)
    rows = {code: made for code, made, _ in found.values()}
    loaded = Loaded(
        release(
            named("ndc"), asked, _published(source) or latest.replace("-", ""), products.path, hierarchy="part-of",
            title="National Drug Code directory", properties=_PROPERTIES,
        ),
        (),
    )  # fmt: skip
    if packages is None:
        loaded.notes.append("Without package.txt beside it only products are known, not their packages.")
        loaded.rows = list(rows.values())
    else:
        loaded.rows = [*rows.values(), *_packages(packages, found, loaded)]
    return loaded


def _products(member: Member) -> tuple[dict[str, tuple[str, Row, str]], str]:
    """By product id: code, concept, and what packages are called; and the latest day of a start.

    A code may have several rows, e.g. under two applications; the first of them gives its concept.
    """
    found: dict[str, tuple[str, Row, str]] = {}
    made: dict[str, Row] = {}
    latest, today = "", moment(now()).date().isoformat()
    for line, values in table(member, _COLUMNS, _MORE, legacy=True):
        product, code, brand, generic, form, labeler, suffix, route, substance, strength, unit, *rest = values
        if not _PRODUCT.fullmatch(code):
            raise wrong(
                member, line, "This is no product code.", code, "It has 4 to 6 and 3 or 4 digits: 0002-1433."
            )
        category, application, schedule, kind, started, ended = rest
        name = " ".join(filter(None, (brand, suffix)))
        called = (
            name
            if generic.lower() in name.lower() or not generic
            else f"{name} ({generic})"
            if name
            else generic
        )
        called = " ".join(filter(None, (called, _strength(strength, unit), form.lower())))
        first = day(started) or ""
        latest = max(latest, first) if first <= today else latest  # some are announced before they come
        if code not in made:
            made[code] = row(
                code, called, flags=INACTIVE if day(ended) else 0, names=[Designation(name), Designation(generic)],
                properties=(
                    ("kind", "product"), ("form", form), ("route", route), ("substance", substance),
                    ("labeler", labeler), ("category", category), ("application", application),
                    ("schedule", schedule), ("type", kind), ("started", first), ("ended", day(ended) or ""),
                ),
            )  # fmt: skip
        found.setdefault(product, (code, made[code], called))
    return found, latest


def _packages(member: Member, products: dict[str, tuple[str, Row, str]], loaded: Loaded) -> list[Row]:
    once, rows, twice = Once(member), [], 0
    wanted = ("PRODUCTID", "NDCPACKAGECODE", "PACKAGEDESCRIPTION")
    more = ("STARTMARKETINGDATE", "ENDMARKETINGDATE")
    for line, (product, code, said, started, ended) in table(member, wanted, more, legacy=True):
        found = _PACKAGE.fullmatch(code)
        if found is None:
            raise wrong(
                member, line, "This is no package code.", code, "It has three groups of digits: 0002-1433-80."
            )
        if product not in products:
            raise wrong(
                member, line, "The package belongs to a product that is not there.", product,
                "Take both files from one download.",
            )  # fmt: skip
        if code in once:
            twice += 1  # the same package under a second application of its product
            continue
        above, _, called = products[product]
        labeler, item, pack = found.groups()
        rows.append(
            row(
                once.add(line, code), f"{called}: {said}", parents=(above,), flags=INACTIVE if day(ended) else 0,
                names=[Designation(said)],
                properties=(
                    ("kind", "package"), ("started", day(started) or ""), ("ended", day(ended) or ""),
                    ("ndc11", f"{labeler:>05}{item:>04}{pack:>02}"),
                ),
            )
        )  # fmt: skip
    if twice:
        loaded.notes.append(
            f"{twice} packages are listed again under another application; each is kept once."
        )
    return rows


def _strength(strength: str, unit: str) -> str:
    """`20 mg`, or for several ingredients `5 mg; 325 mg`."""
    numbers, units = (
        [part.strip() for part in strength.split(";")],
        [part.strip() for part in unit.split(";")],
    )
    if len(numbers) != len(units) or len(numbers) > 4:
        return ""
    return "; ".join(
        f"{number} {one.removesuffix('/1').lower()}"
        for number, one in zip(numbers, units, strict=True)
        if number
    )


def _published(source: Source) -> str:
    """The day of publication where a name has it: `ndctext_20261001.zip`."""
    found = re.search(r"(20\d\d)[-_]?(\d\d)[-_]?(\d\d)", source.path.resolve().name)
    return "".join(found.groups()) if found else ""
