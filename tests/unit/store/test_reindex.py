"""Search parameters that come while a record is in use, and the index that follows them."""

from __future__ import annotations

import random
import threading
from contextlib import closing
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from charthouse.base.errors import Problem
from charthouse.db.connect import Connection, Place
from charthouse.fhir.definitions import load
from charthouse.store.index import Extractor
from charthouse.store.index.extract import CONTAINED
from charthouse.store.index.steps import STEPS
from charthouse.store.press import Press
from charthouse.store.write import Transaction
from tests.postgres import fresh_database
from tests.unit.store.changing import POOL, Process, World
from tests.unit.store.desk import Desk

CALM = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
STANDARD: Final = Extractor(load()).stored("Patient")
KINDS: Final = ("tokens", "references", "dates", "strings", "numbers", "quantities", "uris")
# Values of every kind, for what becomes of them.
SAMPLES: Final[tuple[dict[str, Any], ...]] = (
    {
        "resourceType": "Patient", "id": "p", "language": "en", "birthDate": "1980-02", "active": True,
        "name": [{"family": "Müller-Lüdenscheidt", "given": ["Ada", "B."], "text": "Dr  Ada"}],
        "identifier": [{"system": "urn:x", "value": "7"}], "telecom": [{"system": "phone", "value": "1 2"}],
        "address": [{"line": ["1 Main St"], "city": "Ōsaka"}], "maritalStatus": {"coding": [{"code": "M"}]},
        "generalPractitioner": [{"reference": "Practitioner/d"}, {"reference": "http://example.org/Organization/o"}],
        "contained": [{"resourceType": "Group", "id": "g"}], "meta": {"profile": ["http://example.org/p|1"]},
    },
    {
        "resourceType": "Observation", "id": "o", "status": "final", "subject": {"reference": "Patient/p"},
        "code": {"coding": [{"system": "http://loinc.org", "code": "8480-6"}]},
        "effectivePeriod": {"start": "2020-01-01T10:00:00Z"},
        "valueQuantity": {"value": Decimal("1.50"), "unit": "mm Hg", "system": "urn:ucum", "code": "mm[Hg]"},
        "component": [{"code": {"text": "x"}, "valueQuantity": {"comparator": "<", "value": 5}}],
    },
    {
        "resourceType": "RiskAssessment", "id": "r", "status": "final", "subject": {"reference": "#p"},
        "prediction": [{"probabilityDecimal": Decimal("0.25")}, {"probabilityRange": {"low": {"value": 1}}}],
    },
    {
        "resourceType": "ValueSet", "id": "v", "status": "active", "url": "http://example.org/v", "version": "1",
        "compose": {"include": [{"system": "urn:s", "valueSet": ["http://example.org/w|2"]}]},
    },
)  # fmt: skip


@settings(max_examples=12, deadline=None, suppress_health_check=CALM)
@given(seed=st.integers(0, 1 << 32))
def test_searches_answer_as_if_every_resource_were_looked_at_or_say_that_they_do_not(
    seed: int, tmp_path: Path
) -> None:
    _live(Place(path=tmp_path / f"{uuid4()}.db"), seed, 60)


@pytest.mark.postgres
@settings(max_examples=3, deadline=None, suppress_health_check=CALM)
@given(seed=st.integers(0, 1 << 32))
def test_so_they_do_where_several_processes_write_to_postgresql(seed: int, postgres_url: str) -> None:
    _live(Place(url=fresh_database(postgres_url)), seed, 60)


def _live(place: Place, seed: int, steps: int) -> None:
    with closing(World(place, random.Random(seed))) as world:
        for _ in range(steps):
            world.step()
        world.look()
        world.finish()


@pytest.mark.postgres
def test_a_pass_begins_only_when_those_who_do_not_know_the_parameter_are_done(postgres_url: str) -> None:
    """A transaction that looked before a parameter came, and is committed after others were indexed, is not missed."""
    place = Place(url=fresh_database(postgres_url))
    with closing(Process(place)) as slow, closing(Process(place)) as quick:
        slow.desk.put("Patient", "early", {"language": "red"})
        press, go, looked = slow.desk.record.pen, threading.Event(), threading.Event()
        assert isinstance(press, Press)
        change = slow.desk.change("PUT", "Patient", "late", {"language": "blue"})
        asked = Transaction(1, "desk", "transaction", "TREAT", "request", [change])

        def job(connection: Connection, batch: Any) -> None:
            press.write(connection, batch, asked)
            press.finish(connection, batch)
            connection.one("SELECT 1")  # sent, and not committed
            looked.set()
            assert go.wait(20)

        writing = slow.desk.record.writer.submit(job)
        assert looked.wait(20)
        quick.desk.put("SearchParameter", "tongue", POOL["tongue"][0])
        for _ in range(5):
            done = quick.reindex.step(["Patient"])
            assert done is not None
            assert not done.resources
        assert quick.page(("tongue", "blue")).notes
        go.set()
        writing.result(20)
        while quick.reindex.step() is not None:
            pass
        page = quick.page(("tongue", "blue"))
        assert (page.total, page.notes) == (1, [])


def test_one_writer_group_knows_a_parameter_from_the_transaction_that_brings_it(desk: Desk) -> None:
    """Those who are written together with it, after it, and beside one that is refused."""
    desk.put("Patient", "p0", {"language": "red"})
    ready = [desk.change("PUT", "Patient", f"p{number}", {"language": "red"}) for number in range(1, 4)]
    tongue = desk.change("PUT", "SearchParameter", "tongue", POOL["tongue"][0])
    pair = desk.change("PUT", "SearchParameter", "pair", POOL["pair"][0])
    told = desk.together(
        lambda: desk.submit(ready[0]), lambda: desk.submit(pair, ready[1]), lambda: desk.submit(tongue, ready[2]),
        lambda: desk.submit(desk.change("PUT", "Patient", "p4", {"language": "red"})),
    )  # fmt: skip
    assert [isinstance(one, Problem) for one in told] == [False, True, False, False]
    parameters = desk.record.parameters
    name = next(iter(desk.record.extractor.stored("Patient") - STANDARD))
    held = desk.connection.run(
        "SELECT r.id FROM token_index i JOIN param p ON p.id = i.param JOIN resource r ON r.key = i.key "
        f"WHERE p.code = '{name}' ORDER BY r.id"
    )
    assert [id for (id,) in held] == ["p3", "p4"]
    assert {one.code for one in parameters.waiting(desk.connection) if one.type == "Patient"} == {name}
    assert desk.check().clean  # what is not complete is no damage


def test_a_record_made_before_is_brought_up_to_it_and_a_new_one_has_it_all(desk: Desk) -> None:
    assert desk.record.parameters.passes(desk.connection) == []
    desk.put(
        "Patient", "p0", {"name": [{"family": "Okafor"}], "contained": [{"resourceType": "Group", "id": "g"}]}
    )
    desk.put("SearchParameter", "retired", {**POOL["seen"][0], "status": "retired"})
    whole = _rows(desk)
    with desk.connection.transaction():
        desk.connection.run("UPDATE index_state SET extraction = 0")
        for name in ("phonetic", CONTAINED):
            for table in ("token_index", "string_index"):
                desk.connection.run(
                    f"DELETE FROM {table} WHERE param IN (SELECT id FROM param WHERE code = '{name}')"
                )
    assert _rows(desk) != whole
    with closing(Process(desk.place)) as later:
        waiting = {(one.type, one.code) for one in later.desk.record.parameters.waiting(desk.connection)}
        assert {("Patient", "phonetic"), ("Patient", CONTAINED)} <= waiting
        assert "phonetic" in later.page(("phonetic", "Okafor")).notes[0].message
        assert later.page(("family", "Okafor")).notes == []
        assert later.page(("family", "Okafor"), ("_contained", "both")).notes[0].code == "incomplete"
        while later.reindex.step() is not None:
            pass
        page = later.page(("phonetic", "Okafor"))
        assert (page.total, page.notes) == (1, [])
    assert _rows(desk) == whole
    with closing(Process(desk.place)) as again:
        assert again.desk.record.parameters.passes(desk.connection) == []


def test_what_is_extracted_changes_only_with_a_step() -> None:
    """Where this fails: add a step to `store/index/steps.py` that names what changed, and put the new digest here."""
    definitions, extractor = load(), Extractor(load())
    told: list[object] = []
    for type in definitions.resource_types:
        params = definitions.search_params(type)
        told += [
            (type, code, params[code].type, params[code].expression, source.codes)
            for code, source in sorted(extractor.sources(type).items())
        ]
    for tree in SAMPLES:
        rows = extractor.rows(tree, tree["resourceType"])
        told += [sorted(map(repr, getattr(rows, kind))) for kind in KINDS]
    digest = sha256("\n".join(map(repr, told)).encode()).hexdigest()[:16]
    assert (len(STEPS), digest) == (1, "ecd46b0a228f9b7b")


def _rows(desk: Desk) -> list[Any]:
    tables = ("token_index", "string_index")
    return [sorted(desk.connection.run(f"SELECT * FROM {table}")) for table in tables]
