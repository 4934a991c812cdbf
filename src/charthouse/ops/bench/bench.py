"""What every measurement needs to know: where data may go, how long to measure, how to open a clinic."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from charthouse.ops.bench.place import Place

if TYPE_CHECKING:
    from charthouse.app import Clinic


@dataclass(frozen=True, slots=True)
class Bench:
    """One run of `charthouse bench`.

    `work` is a folder for everything that is thrown away, `cache` one for what the next run can use again.
    `resources` is the size of the record that is searched, `small` that of the one beside it.
    `seconds` is how long each load lasts, `short` how long that of a floor does. `opened` opens (and, if
    need be, makes) the clinic of a place; `unaudited` gives the command line of a server of a place on a
    port without read audit; `bundles` makes a number of chart bundles; `say` tells the person who waits.
    """

    work: Path
    cache: Path
    url: str | None
    runs: int
    seconds: int
    short: int
    resources: int
    small: int
    encounters: int
    fresh: bool
    client: str
    material: Path | None
    opened: Callable[[Place], Clinic]
    unaudited: Callable[[Place, int], Sequence[str]]
    bundles: Callable[[int], Iterable[dict[str, Any]]]
    say: Callable[[str], None]

    def round(self, name: str, number: int) -> None:
        """Tell which run begins."""
        self.say(f"{name}: run {number + 1} of {self.runs}")
