"""Corrections and later versions: a slip of the hand, an amended note, a draft, a move, a corrected result."""

from __future__ import annotations

import copy
from base64 import b64decode
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from charthouse.ops.demo import documents, moments, registration, vitals
from charthouse.ops.demo.chart import Chart
from charthouse.ops.demo.coding import ICD10CM, concept, number, ref
from charthouse.ops.demo.life import Life, Thread
from charthouse.ops.demo.tables import conditions


@dataclass(slots=True)
class Slip(Thread):
    """A weight typed in pounds as kilograms, marked entered in error; `later` leaves that to a revision."""

    later: bool = False
    key: str = "slip"

    def after(self, life: Life, chart: Chart) -> None:
        """The wrong value beside the right one."""
        visit = next((visit for visit in reversed(life.finished()) if "weight" in visit.measured), None)
        if visit is None:
            return
        right = float(visit.measured["weight"])
        before = dict(visit.measured)
        wrong = vitals.write(
            chart, visit, visit.start + timedelta(minutes=4), "mendez", "weight", right * 2.2046
        )
        visit.measured = before
        chart.results["weight"].pop()
        note = [{"text": "Pounds entered as kilograms; corrected value recorded."}]
        if self.later:
            chart.revise(30, wrong, status="entered-in-error", note=note)
        else:
            chart.trees[wrong]["status"] = "entered-in-error"
            chart.trees[wrong]["note"] = note


@dataclass(slots=True)
class Amended(Thread):
    """A note amended after signing: the new one replaces the old, which is superseded."""

    says: str = "Addendum: the patient called, the sister had breast cancer at 48, not 58."
    key: str = "amended"

    def after(self, life: Life, chart: Chart) -> None:
        """Write the replacing document."""
        visit = next((visit for visit in reversed(life.finished()) if visit.whole and visit.note), None)
        if visit is None:
            return
        old = chart.trees[visit.note]
        text = b64decode(old["content"][0]["attachment"]["data"]).decode()
        when = visit.end + timedelta(days=3, hours=1)
        new = documents.write(
            chart,
            "progress",
            f"{old['description']} (amended)",
            f"{text}\n{self.says}\nSigned by {chart.clinic.called(visit.who)}, "
            f"{moments.spoken(when.date())} {when:%H:%M}\n",
            when,
            chart.clinic.practitioner(visit.who),
            visit=visit,
            status="amended",
        )
        tree = chart.trees[new]
        ordered = dict(tree)
        tree.clear()
        for name, value in ordered.items():
            tree[name] = value
            if name == "authenticator":
                tree["relatesTo"] = [{"code": "replaces", "target": ref(visit.note)}]
        old["status"] = "superseded"


@dataclass(slots=True)
class Unsigned(Thread):
    """The last note is still a draft."""

    key: str = "unsigned"

    def settle(self, life: Life) -> None:
        """Leave it unsigned."""
        visits = [visit for visit in life.finished() if visit.whole]
        if visits:
            visits[-1].unsigned = True


@dataclass(slots=True)
class Later(Thread):
    """Later versions of this chart, by name: moved, refined, corrected, named, signed."""

    what: str = "moved"
    step: int = 10
    detail: dict[str, Any] = field(default_factory=dict)
    key: str = "later"

    def after(self, life: Life, chart: Chart) -> None:
        """Keep the later version for the revisions."""
        writers = {
            "moved": _moved,
            "refined": _refined,
            "corrected": _corrected,
            "named": _named,
            "signed": _signed,
        }
        writers[self.what](self, life, chart)

    def settle(self, life: Life) -> None:
        """A result to be corrected later is first reported wrong."""
        if self.what == "corrected":
            visits = [visit for visit in life.finished() if {"basic", "metabolic"} & set(visit.panels)]
            if visits:
                visits[-1].forced["potassium"] = self.detail["wrong"]
                doubt = "No cause to be seen, the sample may be hemolyzed; laboratory asked to repeat it."
                visits[-1].thought.append((f"Potassium {self.detail['wrong']}", doubt))


def _moved(later: Later, life: Life, chart: Chart) -> None:
    """The patient moves."""
    patient = chart.subject()["reference"]
    old = registration.address(life.person) | {"use": "old", "period": {"end": life.today.isoformat()}}
    new = registration.address(life.person) | {
        "line": [later.detail["line"]],
        "period": {"start": life.today.isoformat()},
    }
    if "city" in later.detail:
        new |= {"city": later.detail["city"], "postalCode": later.detail["zip"]}
    chart.revise(later.step, patient, address=[new, old])


def _refined(later: Later, life: Life, chart: Chart) -> None:
    """The problem's newest code becomes a later version; the base keeps the one before."""
    problem = next(problem for problem in life.problems if problem.code() == later.detail["old"])
    code = later.detail["new"]
    chart.revise(
        later.step,
        problem.reference,
        code=concept(ICD10CM, code, conditions()[code][0], conditions()[code][1]),
    )


def _corrected(later: Later, _: Life, chart: Chart) -> None:
    """A laboratory corrects a result and its report."""
    shown, code = later.detail["value"], later.detail["loinc"]
    rows = [
        (reference, tree)
        for reference, tree in chart.trees.items()
        if tree["resourceType"] == "Observation" and tree["code"].get("coding", [{}])[0].get("code") == code
    ]
    if not rows:
        return
    reference, tree = rows[-1]
    value = copy.deepcopy(tree["valueQuantity"])
    value["value"] = number(float(shown), 1)
    note = [
        {
            "text": (
                f"Corrected result, first reported as {tree['valueQuantity']['value']}. Specimen was "
                "hemolyzed; repeated."
            )
        }
    ]
    chart.revise(
        later.step, reference, status="corrected", valueQuantity=value, interpretation=None, note=note
    )
    report = next(
        other
        for other, body in chart.trees.items()
        if body["resourceType"] == "DiagnosticReport" and {"reference": reference} in body.get("result", ())
    )
    chart.revise(later.step, report, status="corrected")


def _named(later: Later, life: Life, chart: Chart) -> None:
    """A newborn gets a name."""
    given, family = later.detail["given"], later.detail.get("family", life.person.family)
    patient = chart.subject()["reference"]
    chart.revise(
        later.step,
        patient,
        name=[
            {"use": "official", "text": f"{given} {family}", "family": family, "given": [given]},
            {
                "use": "old",
                "text": life.person.name,
                "family": life.person.family,
                "given": life.person.given,
            },
        ],
    )


def _signed(later: Later, life: Life, chart: Chart) -> None:
    """A draft note is signed."""
    visit = next(visit for visit in reversed(life.seen()) if visit.unsigned)
    tree = chart.trees[visit.note]
    when = moments.at(life.today, 7, 40)
    text = b64decode(tree["content"][0]["attachment"]["data"]).decode()
    text = text.replace(
        "[Draft, not signed]",
        f"Signed by {chart.clinic.called(visit.who)}, {moments.spoken(when.date())} {when:%H:%M}",
    )
    content = [{"attachment": documents.attachment(text, tree["description"], when)}]
    chart.revise(
        later.step,
        visit.note,
        docStatus="final",
        authenticator=chart.clinic.practitioner(visit.who),
        content=content,
        date=moments.stamp(when),
    )
