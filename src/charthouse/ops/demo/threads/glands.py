"""The underactive thyroid: a high TSH, a tablet every morning, a TSH once a year."""

from __future__ import annotations

from dataclasses import dataclass, field

from charthouse.ops.demo.life import Life, Scene, Thread
from charthouse.ops.demo.plan import Part, Problem
from charthouse.ops.demo.threads.words import known, regimen, trend


@dataclass(slots=True)
class Thyroid(Thread):
    """Hypothyroidism since `since`; the dose goes up at `raised` (years ago, 0 = never)."""

    since: float = 7.0
    raised: float = 0.0
    key: str = "thyroid"
    problem: Problem | None = field(default=None, init=False)

    def plan(self, life: Life) -> None:
        """TSH falls after the start, creeps up, falls after the raise."""
        found = life.visit(self.since, "Tiredness and weight gain", labs=("thyroid2", "cbc"), draw="after")
        told = life.visit(self.since - 0.04, "Thyroid test results")
        self.problem = life.problem("E03.9", found.day, told)
        drug = life.start("levothyroxine-75", told, self.problem)
        points = [(self.since + 2, 4.1), (self.since, 11.8), (self.since - 0.2, 3.2)]
        if self.since > 0.6:
            life.visit(self.since - 0.22, "Thyroid follow-up", labs=("thyroid",))
        if self.raised:
            visit = life.visit(self.raised, "Thyroid follow-up", labs=("thyroid",))
            life.change(drug, "levothyroxine-100", visit)
            points += [(self.raised + 0.5, 3.4), (self.raised, 6.9), (self.raised - 0.2, 2.2)]
        life.track("tsh", *points, (0, 2.1), noise=0.22)
        life.track("ft4", (self.since, 0.68), (self.since - 0.2, 1.15), (0, 1.2), noise=0.05)
        life.rhythm(11.5, "Thyroid follow-up", self.since)
        life.check("thyroid", 12, self.since)

    def speak(self, scene: Scene) -> Part | None:
        """Energy, tablets, TSH."""
        life, chart, visit = scene.life, scene.chart, scene.visit
        if self.problem is None or visit.day < self.problem.onset:
            return None
        tsh = known(chart, "tsh", visit)
        if visit.day == self.problem.onset:
            return Part(
                "Fatigue",
                "Tired for six months, cold, constipated, gained about 4 kg.",
                "Suspect hypothyroidism.",
                "TSH and free T4, blood count.",
                seen={"skin": "Dry skin.", "neck": "Thyroid slightly enlarged, smooth."},
            )
        if tsh is None:
            return None
        moved = trend(chart, "tsh", visit, 1.0)
        heard = life.chance.pick(
            ("Takes levothyroxine on an empty stomach.", "Energy good.", "Energy fair, no palpitations.", "")
        )
        state = "in range" if 0.4 <= tsh <= 4.5 else "high" if tsh > 4.5 else "low"
        return Part(
            "Hypothyroidism",
            heard,
            f"TSH {tsh:.2f}, {state}{', ' + moved if moved else ''}.",
            regimen(life, visit, "levothyroxine"),
            self.problem,
        )
