"""What one of several processes does to a record that others write to at the same time."""

from __future__ import annotations

import asyncio
import random
import sys
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from typing import Any

from charthouse.access.actor import SYSTEM
from charthouse.app import Clinic
from charthouse.base.errors import Category, Problem
from charthouse.base.settings import Settings
from charthouse.fhir.bundle import Entry

NUMBERS = "http://example.org/number"
TOGETHER = 6  # requests under way at once in each process


def patient(id: str | None = None, count: int = 0, number: str | None = None) -> dict[str, Any]:
    """A Patient that counts how often it was changed."""
    tree: dict[str, Any] = {"resourceType": "Patient", "multipleBirthInteger": count}
    if id is not None:
        tree["id"] = id
    if number is not None:
        tree["identifier"] = [{"system": NUMBERS, "value": number}]
    return tree


def entry(method: str, tree: dict[str, Any], **more: Any) -> Entry:
    """One requested interaction."""
    return Entry(method, tree["resourceType"], tree.get("id"), tree, **more)


async def count_up(clinic: Clinic, id: str, times: int) -> int:
    """Add one to the resource, `times`; returns how often somebody else was first."""
    lost = 0
    for _ in range(times):
        while True:
            stored = await clinic.gate.read(SYSTEM, "Patient", id)
            tree = patient(id, stored.tree["multipleBirthInteger"] + 1)
            try:
                await clinic.gate.commit(
                    SYSTEM, [entry("PUT", tree, if_match=str(stored.version))], interaction="update"
                )
            except Problem as failure:
                if failure.category is not Category.CONFLICT:
                    raise
                lost += 1
                continue
            break
    return lost


async def register(clinic: Clinic, numbers: list[str]) -> list[str]:
    """Create a Patient for each number unless there is one; returns their ids."""
    ids = []
    for number in numbers:
        criteria = (("identifier", f"{NUMBERS}|{number}"),)
        made = await clinic.gate.commit(
            SYSTEM, [entry("POST", patient(number=number), if_none_exist=criteria)], interaction="create"
        )
        assert made[0].stored is not None
        ids.append(made[0].stored.id)
    return ids


async def put_and_drop(clinic: Clinic, ids: list[str], chance: random.Random, times: int) -> int:
    """Write and delete resources that others write and delete too, alone and in transactions."""
    done = 0
    for _ in range(times):
        chosen = chance.sample(ids, chance.randint(1, 4))
        entries = [
            entry(
                "DELETE" if chance.random() < 0.3 else "PUT", patient(id, chance.randint(0, 9)), index=place
            )
            for place, id in enumerate(chosen)
        ]
        await clinic.gate.commit(SYSTEM, entries, interaction="transaction")
        done += len(entries)
    return done


async def observe(clinic: Clinic, subjects: list[str], times: int) -> int:
    """Create resources that refer to some that may not be there yet."""
    for turn in range(times):
        tree = {
            "resourceType": "Observation", "status": "final", "code": {"text": f"code {turn % 7}"},
            "subject": {"reference": f"Patient/{subjects[turn % len(subjects)]}"},
        }  # fmt: skip
        await clinic.gate.commit(SYSTEM, [entry("POST", tree)], interaction="create")
    return times


async def _everything(clinic: Clinic, seed: int, times: int) -> dict[str, Any]:
    chance = random.Random(seed)
    shared = [f"shared-{place}" for place in range(12)]
    numbers = [f"n{place}" for place in range(times)]
    work: list[Any] = [count_up(clinic, "counter", times) for _ in range(2)]
    work += [register(clinic, numbers), register(clinic, numbers[::-1])]
    work += [
        put_and_drop(clinic, shared, chance, times),
        observe(clinic, [*shared, f"absent-{seed % 2}"], times),
    ]
    lost, lost_too, ids, others, *_ = await asyncio.gather(*work)
    return {"lost": lost + lost_too, "ids": dict(zip(numbers, ids, strict=True)), "again": others[::-1]}


def run(url: str, seed: int, times: int, start: Barrier, answers: Any) -> None:
    """The main of a process."""
    clinic = Clinic.open(Settings(database_url=url), create=True)
    try:
        start.wait(60)
        answers.put(asyncio.run(_everything(clinic, seed, times)))
    except BaseException as failure:
        answers.put({"failure": repr(failure)})
        raise
    finally:
        clinic.close()


def race(url: str, processes: int, times: int) -> list[dict[str, Any]]:
    """Let that many processes do all of it at once; what each of them says."""
    context = get_context("spawn")
    start, answers = context.Barrier(processes), context.Queue()
    started = [
        context.Process(target=run, args=(url, seed, times, start, answers)) for seed in range(processes)
    ]
    for one in started:
        one.start()
    try:
        found = [answers.get(timeout=120) for _ in started]
    finally:
        for one in started:
            one.join(30)
            if one.is_alive():
                one.kill()
    return found


if __name__ == "__main__":
    sys.stdout.write(f"{race(sys.argv[1], 2, 20)}\n")
