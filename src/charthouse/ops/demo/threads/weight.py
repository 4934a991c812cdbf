"""Weight: overweight and obesity, with the class that fits the measured BMI."""

from __future__ import annotations

from dataclasses import dataclass, field

from charthouse.ops.demo.life import Life, Scene, Thread
from charthouse.ops.demo.plan import Part, Problem
from charthouse.ops.demo.threads.words import known, trend


@dataclass(slots=True)
class Obesity(Thread):
    """Obesity noted `since` years ago; the code follows today's BMI unless `code` fixes it."""

    since: float = 5.0
    code: str = ""
    key: str = "obesity"
    problem: Problem | None = field(default=None, init=False)

    def plan(self, life: Life) -> None:
        """Noted at a physical."""
        visit = life.visit(self.since, "Annual physical", "physical")
        body = life.tracks["weight"].at(life.today) / (life.tracks["height"].at(life.today) / 100) ** 2
        code = "E66.813" if body >= 40 else "E66.812" if body >= 35 else "E66.811" if body >= 30 else "E66.3"
        self.problem = life.problem(self.code or code, visit.day, visit)
        life.goals.append(("Lose 5 % of weight in six months", "in-progress", self.problem))

    def speak(self, scene: Scene) -> Part | None:
        """Spoken of at physicals and when the weight moved."""
        life, chart, visit = scene.life, scene.chart, scene.visit
        body = known(chart, "bmi", visit)
        moved = trend(chart, "weight", visit, 2.0)
        if self.problem is None or body is None or visit.day < self.problem.onset:
            return None
        if visit.kind not in ("physical", "new") and not moved:
            return None
        heard = life.chance.pick(
            (
                "Snacks in the evening.",
                "Hard to find time for exercise.",
                "Has been walking with a friend.",
                "Knee pain limits walking.",
                "Joined the community center gym.",
            )
        )
        thought = f"BMI {body:g}{', weight ' + moved + ' kg' if moved else ''}."
        plan = life.chance.pick(
            (
                "Small goals agreed: water instead of soda, 10 minutes of walking after dinner.",
                "Referred to the clinic's nutrition group.",
                "Reviewed portions and a food diary.",
                "Continue current plan.",
            )
        )
        return Part(self.problem.called(visit.day), heard, thought, plan, self.problem)
