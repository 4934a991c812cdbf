"""Every search that US Core 6.1.0 asks for, over its own examples, beside answers that were worked out without us."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from charthouse.access.actor import SYSTEM
from charthouse.api.app import Api
from charthouse.app import Clinic
from charthouse.interop.packages.install import install
from charthouse.interop.packages.package import read
from charthouse.ops import reindex
from tests.api.conftest import Caller, settings_for, token_for
from tests.conformance import declared
from tests.conformance.answers import Answers, compared, widened
from tests.conformance.asking import Asking, Params
from tests.conformance.declared import Search
from tests.conformance.material import folder, us_core
from tests.postgres import fresh_database

Tree = dict[str, Any]
STEP = 50  # resources sent at once
INCLUDED = {
    "CareTeam:participant": "CareTeam.participant.member",
    "MedicationDispense:medication": "MedicationDispense.medication.ofType(Reference)",
    "MedicationRequest:medication": "MedicationRequest.medication.ofType(Reference)",
    "PractitionerRole:endpoint": "PractitionerRole.endpoint",
    "PractitionerRole:practitioner": "PractitionerRole.practitioner",
}
NAMED_BY_EXAMPLES = {
    "CareTeam:participant:Practitioner", "CareTeam:participant:Patient", "CareTeam:participant:RelatedPerson",
    "CareTeam:participant:PractitionerRole", "MedicationDispense:medication", "MedicationRequest:medication",
    "PractitionerRole:endpoint", "PractitionerRole:practitioner",
}  # fmt: skip
# Parameters that R4 does not have, which come with the guide.
OWN = {
    ("CareTeam", "role"), ("Condition", "asserted-date"), ("Encounter", "discharge-disposition"),
    ("Goal", "description"), ("Patient", "ethnicity"), ("Patient", "gender-identity"), ("Patient", "race"),
}  # fmt: skip
# What no example has: resources of our own, made from examples where there are such.
OURS: dict[tuple[str, str], Tree] = {
    ("CarePlan", "colonoscopy"): {"period": {"start": "2017-06-01", "end": "2018-06"}},
    ("Encounter", "1036"): {"identifier": [{"system": "http://example.org/visits", "value": "V-1036"}]},
    ("PractitionerRole", ""): {
        "practitioner": {"reference": "Practitioner/practitioner-1"},
        "specialty": [{"coding": [{"system": "http://nucc.org/provider-taxonomy", "code": "207R00000X"}]}],
        "endpoint": [{"reference": "Endpoint/ours"}],
        "telecom": [{"system": "phone", "value": "555-0100"}],
    },
    ("CareTeam", "example"): {"participant": [{"member": {"reference": "PractitionerRole/ours"}}]},
    ("MedicationDispense", "medicationdispense-example"): {
        "medicationCodeableConcept": None,
        "medicationReference": {"reference": "Medication/uscore-med1"},
    },
    ("Endpoint", ""): {
        "status": "active",
        "connectionType": {"code": "direct-project"},
        "payloadType": [{"text": "any"}],
        "address": "mailto:ours@example.org",
    },
}


def examples() -> list[Tree]:
    """The examples of the package."""
    return [json.loads(body) for _, body in us_core()]


def ours(found: list[Tree]) -> list[Tree]:
    """What the examples lack."""
    by_name = {(one["resourceType"], one["id"]): one for one in found}
    made = [
        {**by_name.get((type, id), {"resourceType": type}), **more, "id": "ours"}
        for (type, id), more in OURS.items()
    ]
    return [{name: value for name, value in one.items() if value is not None} for one in made]


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def clinic(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    """An empty clinic, on each database."""
    folder("us-core")
    more: dict[str, Any] = {}
    if request.param == "postgresql":
        pytest.importorskip("psycopg")
        more["database_url"] = fresh_database(request.getfixturevalue("postgres_url"))
    settings = settings_for(tmp_path_factory.mktemp("clinic"), base_url="http://localhost", **more)
    found = Clinic.open(settings, create=True, synchronous="OFF")
    yield found
    found.close()


@pytest.fixture(scope="module")
def caller(clinic: Clinic) -> Iterator[Caller]:
    """A program; the examples and the guide are in the record. Where the guide comes last, the index of its own
    parameters is made for what is there already."""
    with asyncio.Runner() as runner:
        app = Api(clinic.gate, clinic.door, clinic.definitions, clinic.settings)
        found = Caller(runner, app, token_for(clinic))
        if clinic.place.dialect == "sqlite":
            _install(clinic)
            _send(found)
        else:
            _send(found)
            _install(clinic)
        reindex.run(clinic.record)
        yield found
        found.aclose()


def _install(clinic: Clinic) -> None:
    package = read(folder("us-core") / "us_core_610.tgz")
    install(clinic.intake(SYSTEM, "install"), package, set, skip_unsound=True)


def _send(caller: Caller) -> None:
    everything = [*(known := examples()), *ours(known)]
    for start in range(0, len(everything), STEP):
        entries = [
            {"resource": one, "request": {"method": "PUT", "url": f"{one['resourceType']}/{one['id']}"}}
            for one in everything[start : start + STEP]
        ]
        answer = caller.post("", {"resourceType": "Bundle", "type": "transaction", "entry": entries})
        assert answer.status_code == 200, answer.text[:2000]


@pytest.fixture(scope="module")
def answers(caller: Caller) -> Answers:
    """What is right, for the resources as they are read back."""
    known = examples()
    held = [caller.get(f"{one['resourceType']}/{one['id']}").json() for one in [*known, *ours(known)]]
    return Answers(held, declared.parameters())


class RefusedError(Exception):
    """A search that was not answered, and why."""


class Asker:
    """Asks each request once, and remembers how many it were."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._found: dict[tuple[str, Params], Tree] = {}

    def ask(self, type: str, params: Params) -> Tree:
        """The one page of an answer."""
        if (type, params) not in self._found:
            asked = [*params, ("_count", "500"), ("_total", "accurate")]
            by_post = len(self._found) % 2
            answer = (
                self._caller.ask("POST", f"{type}/_search", data=_form(asked))
                if by_post
                else self._caller.get(type, params=asked)
            )
            if answer.status_code != 200:
                raise RefusedError(answer.json()["issue"][0]["diagnostics"])
            self._found[type, params] = answer.json()
        return self._found[type, params]

    def ids(self, type: str, params: Params) -> set[str]:
        """The ids of the matches."""
        page = self.ask(type, params)
        assert {one["search"]["mode"] for one in page.get("entry", ())} <= {"match"}, page
        found = [one["resource"] for one in page.get("entry", ())]
        assert {one["resourceType"] for one in found} <= {type}
        assert page["total"] == len(found) == len({one["id"] for one in found})
        return {one["id"] for one in found}

    def included(self, type: str, params: Params) -> set[str]:
        """Type/id of what came along."""
        entries = self.ask(type, params).get("entry", ())
        return {
            f"{one['resource']['resourceType']}/{one['resource']['id']}"
            for one in entries
            if one["search"]["mode"] == "include"
        }

    def __len__(self) -> int:
        return len(self._found)


def _form(params: list[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, text in params:
        found.setdefault(name, []).append(text)
    return found


@pytest.fixture(scope="module")
def asker(caller: Caller) -> Asker:
    return Asker(caller)


def wrong(asker: Asker, answers: Answers, type: str, params: Params) -> str | None:
    """What is wrong with an answer, or None; `ap` may find more than what overlaps, but nothing far away."""
    right = answers.finds(type, params)
    try:
        found = asker.ids(type, params)
    except RefusedError as refused:
        return f"{type}?{params} is refused: {refused}"
    if right == found:
        return None
    about = [(name, text[2:]) for name, text in params if text.startswith("ap")]
    if about and right < found:
        rest = tuple(pair for pair in params if (pair[0], pair[1][2:]) not in about)
        most = answers.finds(type, rest)
        for name, text in about:
            parameter = answers.parameters[type, name]
            most &= {
                one["id"]
                for one in answers.of(type)
                if any(compared("ap", value, widened(text)) for value in answers.values(parameter, one))
            }
        if found <= most:
            return None
    return f"{type}?{params}: {sorted(found)} in place of {sorted(right)}"


class Trial:
    """Searches put to the record one after another: what was wrong, and what could not be tried."""

    def __init__(self, asker: Asker, answers: Answers, asking: Asking) -> None:
        self._asker = asker
        self._answers = answers
        self._asking = asking
        self.faults: list[str] = []
        self.untested: list[str] = []
        self.of_ours: set[str] = set()

    def put(self, search: Search) -> None:
        """Ask a search with values of resources that have them all; each must find at least the one it came from."""
        seeds = self._asking.seeds(search)
        if not seeds:
            lacking = ", ".join(self._asking.without(search)) or "all of them together"
            self.untested.append(f"{search}: no example has {lacking}")
        elif all(seed["id"] == "ours" for seed in seeds):
            self.of_ours.add(str(search))
        for seed in seeds:
            for place, params in enumerate(self._asking.requests(search, seed)):
                fault = wrong(self._asker, self._answers, search.type, params)
                if fault is None and not place and seed["id"] not in self._asker.ids(search.type, params):
                    fault = f"{search.type}?{params} does not find {seed['id']}, whose values these are"
                self.faults += [fault] if fault else []

    def told(self, count: int) -> str:
        """How many searches were tried, and which with what."""
        lines = [
            f"US Core 6.1.0: {count - len(self.untested)} of {count} searches, {len(self._asker)} requests"
        ]
        lines += [
            f"over a resource of our own, as no example has a value: {one}" for one in sorted(self.of_ours)
        ]
        return "\n  ".join(["", *lines, *(f"not tested: {one}" for one in self.untested)])

    def check(self) -> None:
        assert not self.faults, "\n".join([f"{len(self.faults)} wrong", *self.faults[:40]])
        assert not self.untested


def is_own(search: Search) -> bool:
    """Whether it needs a parameter that the guide brings along."""
    return any((search.type, name) in OWN for name in search.names)


def test_every_search_that_is_asked_for_finds_what_it_must(
    clinic: Clinic, asker: Asker, answers: Answers
) -> None:
    trial = Trial(
        asker, answers, Asking(answers, forms="once" if clinic.place.dialect == "sqlite" else "one")
    )
    wanted = [search for search in declared.searches() if not is_own(search)]
    for search in wanted:
        trial.put(search)
    print(trial.told(len(wanted)))
    trial.check()


def test_every_search_by_a_parameter_of_the_guide_itself_finds_what_it_must(
    asker: Asker, answers: Answers
) -> None:
    trial = Trial(asker, answers, Asking(answers))
    wanted = [search for search in declared.searches() if is_own(search)]
    wanted += [Search("own", "", type, (code,), "SHALL", (), ()) for type, code in sorted(OWN)]
    for search in wanted:
        trial.put(search)
    print(trial.told(len(wanted)))
    trial.check()


@pytest.mark.soak
def test_every_form_of_every_search_finds_what_it_must(asker: Asker, answers: Answers) -> None:
    trial = Trial(asker, answers, Asking(answers, 20, forms="all"))
    wanted = declared.searches()
    assert [search.expectation for search in wanted].count("SHALL") == 117
    assert len(wanted) == 222
    for search in wanted:
        trial.put(search)
    print(trial.told(len(wanted)))
    trial.check()


def test_every_parameter_of_the_guide_is_one_of_a_search_or_tried_alone(
    asker: Asker, answers: Answers
) -> None:
    searched = {(search.type, name) for search in declared.searches() for name in search.names}
    trial = Trial(asker, answers, Asking(answers))
    rest = sorted(declared.parameters().keys() - searched - OWN)
    for type, code in rest:
        trial.put(Search("parameter", "", type, (code,), "SHOULD", (), ()))
    trial.check()
    assert rest


def test_what_a_profile_wants_included_comes_along_and_nothing_else(asker: Asker, answers: Answers) -> None:
    asking = Asking(answers)
    tried: set[str] = set()
    for search in declared.searches():
        seeds = asking.seeds(search)
        if is_own(search) or not seeds:
            continue
        plain = next(asking.requests(search, seeds[0]))
        found = answers.finds(search.type, plain)
        for asked in search.includes:
            source, code, *kind = asked.split(":")
            expression = INCLUDED[f"{source}:{code}"]
            right = answers.referred(search.type, code, expression, found)
            right = {one for one in right if not kind or one.startswith(f"{kind[0]}/")}
            got = asker.included(search.type, (*plain, ("_include", asked)))
            assert got == right, (search.type, plain, asked)
            tried |= {asked} if right else set()
        for asked in search.revincludes:
            right = {
                f"Provenance/{one['id']}"
                for one in answers.of("Provenance")
                if any(
                    target["reference"] in {f"{search.type}/{id}" for id in found} for target in one["target"]
                )
            }
            assert asker.included(search.type, (*plain, ("_revinclude", asked))) == right, (
                search.type,
                plain,
            )
            tried |= {asked} if right else set()
    assert tried == {*NAMED_BY_EXAMPLES, "Provenance:target"}
