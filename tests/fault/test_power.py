"""The power goes at a random moment: what SQLite acknowledged is there, nothing is there by half."""

from __future__ import annotations

import asyncio
import random
import shutil
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import apsw
import pytest

from charthouse.access.check import Check, Report
from charthouse.app import Clinic
from charthouse.base.settings import Settings
from charthouse.db.connect import Place
from charthouse.store import integrity
from tests.fault.hands import Hand
from tests.fault.ledger import Ledger, losses
from tests.fault.shim import PowerCut, Shim, unique

HANDS = 3
SEEDS = 200
PART = 25  # seeds of one test, so that the tests can be shared out


@dataclass(frozen=True, slots=True)
class Template:
    """A closed clinic in its folder, and how many audit events it holds."""

    folder: Path
    events: int


@dataclass(slots=True)
class Found:
    """What a cut left behind."""

    wrong: list[str]
    acknowledged: int
    kind: str


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """A small clinic with a past, to be copied for each seed."""
    folder = tmp_path_factory.mktemp("template")
    clinic = Clinic.open(Settings(data=folder), create=True)
    try:
        asyncio.run(Hand(clinic.gate, Ledger(), 1).work(30))
        events = _audited(clinic).events
    finally:
        clinic.close()
    assert sorted(file.name for file in folder.iterdir()) == ["audit.db", "record.db"]
    return Template(folder, events)


def cut(template: Template, folder: Path, seed: int, synchronous: str = "FULL") -> Found:
    """Work, cut, look. With `synchronous` other than FULL the record may lose what it promised."""
    chance = random.Random(seed)
    plug = PowerCut(int(chance.expovariate(1 / 700)) + 2, seed)
    ledger = Ledger()
    live, rest = folder / f"live{seed}", folder / f"rest{seed}"
    shutil.copytree(template.folder, live)
    with Shim(unique("cut"), plug) as shim:
        try:
            _work(live, shim, plug, ledger, chance, synchronous)
        except apsw.Error:
            assert plug.dead  # it went while the clinic was being opened
        if not plug.dead:
            plug.cut(shim)
        plug.leave(live, rest)
    found = Found(_look(rest, ledger, template.events), len(ledger.versions), plug.kind)
    shutil.rmtree(live)
    shutil.rmtree(rest)
    return found


def _work(
    live: Path, shim: Shim, plug: PowerCut, ledger: Ledger, chance: random.Random, synchronous: str
) -> None:
    """Three writers at once until the power goes; the log is put back into the file every few pages."""
    settings = Settings(data=live)
    place = Place(path=live / "record.db", vfs=shim.name)
    try:
        clinic = Clinic(
            settings, place, Place(path=live / "audit.db", vfs=shim.name), synchronous=synchronous
        )
    finally:
        plug.quiet = plug.dead
    pages = chance.choice((4, 30, 1000))
    clinic.record.writer.submit(
        lambda connection, group: connection.run(f"PRAGMA wal_autocheckpoint = {pages}")
    )
    hands = [Hand(clinic.gate, ledger, chance.randrange(1 << 30)) for _ in range(HANDS)]

    async def together() -> None:
        await asyncio.gather(*(hand.work(150) for hand in hands))

    try:
        asyncio.run(together())
    finally:
        plug.quiet = True  # it may still go while the log is put back at the end
        clinic.close()


def _look(rest: Path, ledger: Ledger, events: int) -> list[str]:
    """Open what is left as any program would, and compare."""
    settings = Settings(data=rest)
    clinic = Clinic.open(settings)
    try:
        connection = clinic.record.connection()
        wrong = losses(ledger, clinic.record.reader, connection)
        wrong += [
            str(finding)
            for finding in integrity.check(connection, clinic.record.codec).findings
            if finding.broken
        ]
        seen = _audited(clinic)
        wrong += [f"audit: {finding}" for finding in seen.findings]
        if seen.events - events < ledger.reads:
            wrong.append(
                f"the audit knows of {seen.events - events} reads, not of {ledger.reads}: some are lost"
            )
        asyncio.run(Hand(clinic.gate, Ledger(), 7).work(3))  # and it goes on
    finally:
        clinic.close()
    return wrong


def _audited(clinic: Clinic) -> Report:
    """What a check of the audit saw."""
    with closing(clinic.open_audit()) as audit:
        return Check(audit, clinic.keys.get("mark")).run()


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cuts")


@pytest.mark.parametrize("first", range(0, SEEDS, PART))
def test_an_acknowledged_write_survives_a_power_cut(template: Template, room: Path, first: int) -> None:
    found = {seed: cut(template, room, seed) for seed in range(first, first + PART)}
    wrong = {seed: one.wrong for seed, one in found.items() if one.wrong}
    assert not wrong
    assert sum(one.acknowledged for one in found.values()) > 4 * PART  # there was something to lose


def test_the_test_sees_what_a_laxer_database_loses(template: Template, room: Path) -> None:
    """With `synchronous=NORMAL` a commit is not on the disk when it returns, so this very test must fail."""
    for seed in range(SEEDS):
        if any("lost" in line for line in cut(template, room, 1000 + seed, synchronous="NORMAL").wrong):
            return
    pytest.fail("nothing was lost in 200 cuts; the power cut is not real")
