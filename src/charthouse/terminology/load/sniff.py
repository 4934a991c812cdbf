"""Tells what kind of release files are, from their names and, where these say nothing, from their first lines."""

from __future__ import annotations

import re
from typing import Final

from charthouse.base.errors import invalid
from charthouse.terminology.load import cpt, drugs, hcpcs, icd, loinc, providers, rxnorm, snomed, vaccines
from charthouse.terminology.load.kinds import KINDS, OWN
from charthouse.terminology.load.source import Source

# by the name of a file that only such a release has; the first that fits
_NAMES: Final = (
    ("snomed", snomed.CONCEPTS), ("rxnorm", rxnorm.NAMES), ("loinc", loinc.TERMS), ("hcpcs", hcpcs.FILE),
    ("icd-10-cm", icd.ORDER.format("cm")), ("icd-10-pcs", icd.ORDER.format("pcs")),
    ("icd-10-cm", icd.CODES.format("cm")), ("icd-10-pcs", icd.CODES.format("pcs")), ("nucc", providers.NUCC),
    ("pos", providers.POS), ("cpt", cpt.WHOLE), ("cpt", cpt.MEDIUM), ("cpt", cpt.LONG), ("cvx", vaccines.CVX),
    ("mvx", vaccines.MVX),
)  # fmt: skip
# by what one of its files begins with
_HEADS: Final = (
    ("ndc", r"PRODUCTID\s+PRODUCTNDC\s"),
    ("loinc", r'"?LOINC_NUM"?,'),
    ("nucc", r"Code,Grouping,Classification"),
    ("hcpcs", r"(?:[A-Z]\d{4}|   [A-Z0-9]{2})\d{5}[37]\S"),
    ("icd-10-cm", r"\d{5} [A-Z]\d[0-9A-Z]{1,5} {1,5}[01] \S"),
    ("icd-10-pcs", r"\d{5} [0-9A-HJ-NP-Z]{3,7} {1,5}[01] \S"),
    ("cvx", r"(?s)\s*<.{0,400}<CVXInfo>|\d{1,4} *\|(?:[^|\n]*\|){4}"),
    ("mvx", r"[A-Z]{2,4} *\|(?:[^|\n]*\|){2}[^|\n]*ctive *\|"),
    ("pos", r"(?i)\"?place of service"),
    ("cpt", r"(?s).{0,4000}American Medical Association.{0,4000}\n\d{4}[0-9A-Z][ \t]"),
    (OWN.name, r"(?i)\"?code\"?[,;\t]\"?display\b"),
)
LOOKED: Final = 40  # files of a release that are looked into


def sniff(source: Source) -> str:
    """The name of the kind. Raises Problem(invalid) where nothing fits, naming what does."""
    for kind, pattern in _NAMES:
        if source.all(pattern):
            return kind
    if source.all(drugs.PRODUCTS) and source.all(drugs.PACKAGES):
        return "ndc"
    heads = [
        one.head().decode("utf-8-sig", "replace") for one in source.members[:LOOKED] if _is_text(one.path)
    ]
    for kind, pattern in _HEADS:
        if any(re.match(pattern, head) for head in heads):
            return kind
    here = ", ".join(one.path for one in source.members[:4])
    inner = any(one.path.lower().endswith(".zip") for one in source.members)
    raise invalid(
        "not-supported", "It is not clear what kind of release this is.", place=str(source.path),
        value=here or "no file at all",
        repair="Unpack the archives in it first, and name their folder." if inner
        else "Say it with `--as`: " + ", ".join(kind.name for kind in (*KINDS, OWN)) + ".",
    )  # fmt: skip


def _is_text(path: str) -> bool:
    return path.lower().endswith((".txt", ".csv", ".tsv", ".xml", ".rrf"))
