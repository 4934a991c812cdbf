"""Care team, goals and care plan of people with long-running problems."""

from __future__ import annotations

from charthouse.fhir.resource import Tree
from charthouse.ops.demo import moments
from charthouse.ops.demo.chart import Chart
from charthouse.ops.demo.coding import concept, hl7, ref, words
from charthouse.ops.demo.life import Life
from charthouse.ops.demo.plan import Problem, Referral, Visit


def write(life: Life, chart: Chart, visits: list[Visit]) -> None:
    """CareTeam for everybody who is followed, goals and a plan where threads asked for them."""
    if not visits:
        return
    team = _team(life, chart, visits)
    goals = [_goal(life, chart, visits[0], *row) for row in life.goals]
    if life.care:
        _plan(life, chart, visits, team, goals)


def _ended(life: Life) -> Tree:
    return {"end": life.person.died.isoformat()} if life.person.died else {}


def _team(life: Life, chart: Chart, visits: list[Visit]) -> str:
    clinic = chart.clinic
    members = [(life.person.doctor, "Primary care clinician")]
    for visit in visits:
        for act in visit.acts:
            if isinstance(act, Referral) and act.answer and all(act.who != who for who, _ in members):
                members.append((act.who, clinic.staff[act.who]["role"]))
    participants: list[Tree] = [{"role": [words("Patient")], "member": chart.subject()}]
    participants += [{"role": [words(role)], "member": clinic.practitioner(who)} for who, role in members[:5]]
    return chart.add(
        "CareTeam",
        {
            "status": "inactive" if life.person.died else "active",
            "name": f"Care team of {life.person.name}",
            "subject": chart.subject(),
            "period": {"start": visits[0].day.isoformat()} | _ended(life),
            "participant": participants,
            "managingOrganization": [clinic.organization("harbor")],
        },
    )


def _goal(life: Life, chart: Chart, first: Visit, text: str, state: str, problem: Problem | None) -> str:
    about = [ref(problem.reference, problem.called())] if problem and problem.reference else None
    return chart.add(
        "Goal",
        {
            "lifecycleStatus": "completed" if life.person.died else "active",
            "achievementStatus": hl7("goal-achievement", state, state.replace("-", " ").title()),
            "category": [words("Health goal")],
            "description": words(text),
            "subject": chart.subject(),
            "startDate": first.day.isoformat(),
            "expressedBy": chart.subject(),
            "addresses": about,
        },
    )


def _plan(life: Life, chart: Chart, visits: list[Visit], team: str, goals: list[str]) -> None:
    state = "completed" if life.person.died else "in-progress"
    running = [
        problem for problem in life.problems if problem.listed and problem.reference and not problem.ended
    ]
    chart.add(
        "CarePlan",
        {
            "status": "completed" if life.person.died else "active",
            "intent": "plan",
            "category": [
                concept(
                    "http://hl7.org/fhir/us/core/CodeSystem/careplan-category",
                    "assess-plan",
                    "Assessment and Plan of Treatment",
                )
            ],
            "title": "Plan of care",
            "subject": chart.subject(),
            "encounter": ref(visits[-1].reference),
            "period": {"start": visits[0].day.isoformat()} | _ended(life),
            "created": moments.stamp(visits[-1].start),
            "author": chart.clinic.practitioner(life.person.doctor),
            "careTeam": [ref(team)],
            "addresses": [ref(problem.reference, problem.called()) for problem in running[:6]],
            "goal": [ref(goal) for goal in goals],
            "activity": [{"detail": {"status": state, "description": text}} for text in life.care],
        },
    )
