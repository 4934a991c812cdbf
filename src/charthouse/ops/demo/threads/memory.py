"""Dementia: a slow fading told by the family, and for one patient the end of the record."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from charthouse.ops.demo import documents, moments, prose, registration
from charthouse.ops.demo.chart import Chart
from charthouse.ops.demo.coding import concept, hl7, ref
from charthouse.ops.demo.life import Life, Scene, Thread
from charthouse.ops.demo.plan import Part, Problem, Score
from charthouse.ops.demo.threads.words import known, regimen


@dataclass(slots=True)
class Dementia(Thread):
    """Alzheimer's disease since `since`, MoCA from `start` to `now`; `daughter` is the caregiver's name."""

    since: float = 4.0
    start: int = 20
    now: int = 13
    daughter: str = ""
    dnr: bool = True
    key: str = "dementia"
    problem: Problem | None = field(default=None, init=False)
    degree: Problem | None = field(default=None, init=False)
    story: str = ""

    def plan(self, life: Life) -> None:
        """Worry of the family, test, donepezil, memantine, help at home, wishes."""
        end = moments.years_before(life.today, life.last_day)
        life.track("moca", (self.since, self.start), (end, self.now), noise=0.4)
        found = life.visit(self.since, "Memory concerns", labs=("thyroid", "metabolic", "cbc"), minutes=40)
        self.problem = life.problem("G30.1", found.day, found)
        self.degree = life.problem("F02.A0", found.day, found)
        drug = life.start("donepezil-5", found, self.problem)
        step = life.visit(self.since - 0.2, "Memory follow-up")
        life.change(drug, "donepezil-10", step)
        middle = (self.since - end) * 0.5 + end
        later = life.visit(middle, "Memory follow-up")
        life.start("memantine", later, self.problem)
        if self.now < 16:
            self.degree.codes.append((later.day, "F02.B0"))
        if self.dnr:
            wish = life.visit(middle - 0.25, "Talk about wishes and care", minutes=40)
            life.problem("Z66", wish.day, wish)
        life.rhythm(4.5, "Memory follow-up", self.since, end)
        life.care += [
            "Daughter holds health care proxy",
            "Day program three times a week, stove shut-off installed",
        ]
        life.goals.append(("Stay at home as long as it is safe", "in-progress", self.problem))

    def settle(self, life: Life) -> None:
        """A MoCA twice a year."""
        last = None
        for visit in life.seen():
            if (
                self.problem
                and visit.whole
                and visit.day >= self.problem.onset
                and (last is None or (visit.day - last).days > 150)
            ):
                last = visit.day
                visit.acts.append(Score("moca", max(0, round(life.value("moca", visit.day)))))

    def speak(self, scene: Scene) -> Part | None:
        """What the daughter tells."""
        life, chart, visit = scene.life, scene.chart, scene.visit
        if self.problem is None or visit.day < self.problem.onset or not visit.whole:
            return None
        moca = known(chart, "moca", visit)
        if (
            self.degree
            and self.degree.active(visit.day)
            and self.degree not in visit.about
            and visit.kind != "new"
        ):
            visit.about.append(self.degree)
        if visit.day == self.problem.onset:
            return Part(
                "Memory loss",
                "Daughter noticed repeated questions, lost twice while driving, unpaid bills since spring.",
                f"MoCA {moca or self.start:g} of 30, recall 0 of 5. Likely Alzheimer's disease, mild.",
                "No more driving. Start donepezil 5 mg, blood tests, head CT, caregiver group.",
                self.problem,
                {"neuro": "Oriented to place, not to date. Gait normal, no tremor."},
            )
        if "wishes" in visit.reason:
            return Part(
                "Goals of care",
                "With daughter. Wants to die at home, no resuscitation, no feeding tube; hospital only "
                "for comfort "
                "that cannot be given at home.",
                "Understands and says the same twice.",
                "MOLST form signed, copy given, do not resuscitate.",
                self.problem,
            )
        heard = life.chance.pick(
            (
                "Daughter reports more repetition, sleeps through, eats when reminded.",
                "Daughter says dressing needs help now, no wandering.",
                "Enjoys the day program, sings along.",
                "Got up at night twice, no falls.",
            )
        )
        seen = {
            "neuro": "Alert, not oriented to date, gait steady."
            if (moca or 20) > 15
            else "Knows own name and family, word-finding poor, slow gait with walker."
            if (moca or 20) > 9
            else "Says few words, needs help to stand.",
            "mood": "Calm, smiles.",
        }
        return Part(
            "Alzheimer's disease",
            heard,
            f"MoCA {moca:g}." if moca is not None else "",
            regimen(life, visit, "donepezil", "memantine"),
            self.problem,
            seen,
        )

    def after(self, life: Life, chart: Chart) -> None:
        """The caregiver, the wish on paper, and the death if there was one."""
        if self.daughter:
            registration.related(chart, self.daughter, "Daughter", "female")
        wish = next((visit for visit in life.seen() if "wishes" in visit.reason), None)
        if wish and self.dnr:
            chart.add(
                "Consent",
                {
                    "status": "inactive" if life.person.died else "active",
                    "scope": hl7("consentscope", "adr", "Advanced Care Directive"),
                    "category": [
                        concept(
                            "http://terminology.hl7.org/CodeSystem/consentcategorycodes",
                            "dnr",
                            "Do Not Resuscitate",
                        )
                    ],
                    "patient": chart.subject(),
                    "dateTime": moments.stamp(wish.start),
                    "performer": [chart.subject()],
                    "organization": [chart.clinic.organization("harbor")],
                    "sourceReference": ref(wish.note) if wish.note else None,
                    "policyRule": hl7(
                        "v3-ActCode", "OPTIN", "opt-in", "Do not resuscitate, signed on the state form"
                    ),
                },
            )
        if life.person.died and self.story:
            day = moments.weekday(life.person.died + timedelta(days=1))
            text = prose.death_note(life, chart, day, self.story)
            documents.write(
                chart,
                "progress",
                "Note of death",
                text,
                moments.at(day, 9, 10),
                chart.clinic.practitioner(life.person.doctor),
            )
