"""Trains the store's compression dictionary on demo charts, so that it holds nobody's real data.

    python -m charthouse.ops.demo.dictionary [TARGET]

The result is fixed by the generator's version, the seed and the release of zstandard; it is made by hand
when the generator changes much, and committed.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Final

import zstandard

from charthouse.fhir.resource import Tree
from charthouse.ops.demo import bundles
from charthouse.ops.demo.chance import Chance
from charthouse.store.body import LEVEL, rest

SIZE: Final = 64 * 1024
SEED: Final = 20_240
PATIENTS: Final = 150
DAY: Final = date(2025, 6, 2)
# Of some types a demo clinic has far more than a dictionary needs.
SHARES: Final = {"Observation": 0.3, "DocumentReference": 0.05, "Immunization": 0.4, "Slot": 0.02}


def samples(seed: int = SEED, patients: int = PATIENTS) -> Iterator[bytes]:
    """The kept parts of demo resources, thinned by type; texts of notes are left out (base64 teaches nothing)."""
    chance = Chance(f"dictionary/{seed}")
    for bundle in bundles(seed, patients, DAY):
        for entry in bundle["entry"]:
            tree: Tree = entry["resource"]
            if chance.odds(SHARES.get(tree["resourceType"], 1.0)):
                for content in tree.get("content", ()):
                    content["attachment"].pop("data", None)
                yield rest(tree)


def train(size: int = SIZE, seed: int = SEED, patients: int = PATIENTS) -> bytes:
    """A zstd dictionary of `size` bytes for bodies packed at the store's level."""
    return zstandard.train_dictionary(size, list(samples(seed, patients)), level=LEVEL).as_bytes()


def main(arguments: list[str]) -> int:
    """Write the dictionary to the path given, else to the store's own place."""
    import charthouse.store

    place = Path(arguments[0]) if arguments else Path(charthouse.store.__file__).with_name("dictionary.zstd")
    place.write_bytes(train())
    sys.stdout.write(f"{place}: {place.stat().st_size} bytes\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
