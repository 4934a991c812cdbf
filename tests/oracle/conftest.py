"""The records of the oracle, loaded into a clinic on each database, and asked over HTTP."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from charthouse.api.app import Api
from charthouse.app import Clinic
from charthouse.fhir.resource import dump, parse
from tests import postgres
from tests.api.conftest import FHIR_JSON, Caller, settings_for, token_for
from tests.oracle import samples
from tests.oracle.drawing import Drawing, Pool
from tests.oracle.naive import Oracle, Params

BUNDLES = 1  # of each Synthea archive, as far as they are small
LIMIT = 1000  # resources on a page, and of one type


@dataclass(slots=True, repr=False)
class House:
    """A clinic with the records in it, who asks it, the oracle over the same records, and what is drawn from them."""

    caller: Caller
    oracle: Oracle
    drawing: Drawing

    def ask(self, type: str, params: Params, count: int = LIMIT) -> list[str]:
        """The ids of the matches in their order, page after page; fails unless every page is answered with 200."""
        found: list[str] = []
        answer = self.caller.get(type, params=[*params, ("_count", str(count))])
        while True:
            assert answer.status_code == 200, f"{type} {params}: {answer.text[:400]}"
            page = answer.json()
            found += [
                one["resource"]["id"] for one in page.get("entry", ()) if one["search"]["mode"] == "match"
            ]
            following = [link["url"] for link in page["link"] if link["relation"] == "next"]
            if not following:
                return found
            answer = self.caller.get(following[0])


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The records on each database."""
    more: dict[str, Any] = {"base_url": samples.BASE.removesuffix("/fhir")}
    halves = (samples.made(), samples.synthea(BUNDLES))  # so that not all is from the same moment
    trees = [tree for half in halves for tree in half]
    if request.param == "postgresql":
        more["database_url"] = postgres.fresh_database(request.getfixturevalue("postgres_url"))
    clinic = Clinic.open(
        settings_for(tmp_path_factory.mktemp("oracle"), **more), create=True, synchronous="OFF"
    )
    with asyncio.Runner() as runner:
        caller = Caller(
            runner, Api(clinic.gate, clinic.door, clinic.definitions, clinic.settings), token_for(clinic)
        )
        for half in halves:
            _load(caller, half)
        assert f"{clinic.base_url}/fhir" == samples.BASE
        oracle = Oracle(clinic.definitions, _kept(caller, trees), samples.BASE)
        yield House(caller, oracle, Drawing(Pool(oracle)))
        caller.aclose()
    clinic.close()


def _load(caller: Caller, trees: list[Any]) -> None:
    """Write the records, in one transaction so that they may refer to each other."""
    entries = [
        {"resource": tree, "request": {"method": "PUT", "url": f"{tree['resourceType']}/{tree['id']}"}}
        for tree in trees
    ]
    bundle = dump({"resourceType": "Bundle", "type": "transaction", "entry": entries})
    answer = caller.ask("POST", "", content=bundle, headers={"content-type": FHIR_JSON})
    assert answer.status_code == 200, json.dumps(answer.json())[:2000]


def _kept(caller: Caller, trees: list[Any]) -> list[Any]:
    """The records as they are kept, with the times that the server gave them; none is lost, none is new."""
    kept: list[Any] = []
    for type, count in Counter(tree["resourceType"] for tree in trees).items():
        answer = caller.get(f"{type}?_count={LIMIT}")
        assert answer.status_code == 200, answer.text
        found = [entry["resource"] for entry in parse(answer.content).get("entry", ())]
        assert len(found) == count <= LIMIT
        kept += found
    return kept
