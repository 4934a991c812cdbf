"""Rheumatoid arthritis: swollen hands, methotrexate, blood counts every three months."""

from __future__ import annotations

from dataclasses import dataclass, field

from charthouse.ops.demo.life import Life, Scene, Thread
from charthouse.ops.demo.plan import Part, Problem
from charthouse.ops.demo.threads.words import known, regimen


@dataclass(slots=True)
class Rheumatoid(Thread):
    """Seropositive arthritis since `since`, hydroxychloroquine added at `second`."""

    since: float = 5.0
    second: float = 2.6
    key: str = "rheumatoid"
    problem: Problem | None = field(default=None, init=False)

    def plan(self, life: Life) -> None:
        """Inflammation falls with treatment; safety tests go on."""
        found = life.visit(
            self.since, "Swollen painful hands", labs=("inflammation", "cbc", "metabolic"), draw="after"
        )
        life.track(
            "crp",
            (self.since + 0.5, 6),
            (self.since, 34),
            (self.since - 0.4, 11),
            (self.second or 1, 13),
            (max(self.second - 0.4, 0.1), 4),
            (0, 3.5),
            noise=1.1,
        )
        life.track(
            "esr",
            (self.since, 52),
            (self.since - 0.4, 26),
            (self.second or 1, 30),
            (max(self.second - 0.4, 0.1), 15),
            (0, 13),
            noise=3,
        )
        life.refer(found, "joints")
        told = life.visit(self.since - 0.09, "Rheumatology results")
        self.problem = life.problem("M05.79", found.day, told)
        for key in ("methotrexate", "folic"):
            life.start(key, told, self.problem)
        if self.second:
            life.start(
                "hydroxychloroquine",
                life.visit(self.second, "Arthritis follow-up", labs=("inflammation",)),
                self.problem,
            )
        life.rhythm(3.6, "Arthritis follow-up", self.since)
        for panel, months in (("cbc", 3), ("metabolic", 3), ("inflammation", 6)):
            life.check(panel, months, self.since)
        life.goals.append(
            ("Low disease activity, morning stiffness below 30 minutes", "achieved", self.problem)
        )
        life.care.append("No alcohol with methotrexate, blood tests every three months")

    def speak(self, scene: Scene) -> Part | None:
        """Stiffness, swelling, tablets."""
        life, chart, visit = scene.life, scene.chart, scene.visit
        if self.problem is None or visit.day < self.problem.onset:
            return None
        crp, alt = known(chart, "crp", visit), known(chart, "alt", visit)
        first = visit.day == self.problem.onset
        heard = (
            "Hands stiff for two hours each morning for ten weeks, cannot open jars."
            if first
            else life.chance.pick(
                (
                    "Stiff 20 minutes in the morning.",
                    "Flare of the right wrist last month, settled with rest.",
                    "Gardens again, no swollen joints.",
                    "Takes methotrexate on Sundays, slight nausea on Mondays.",
                )
            )
        )
        seen = (
            {"joints": "MCP 2 and 3 and both wrists swollen and tender."}
            if first
            else {
                "joints": life.chance.pick(
                    (
                        "No swollen joints.",
                        "Slight synovitis of the right wrist.",
                        "Full fists, no synovitis.",
                    )
                )
            }
        )
        facts = f"CRP {crp:g}, ALT {alt:g}." if crp is not None and alt is not None and not first else ""
        return Part(
            "Rheumatoid arthritis",
            heard,
            facts or "Inflammatory arthritis.",
            regimen(life, visit, "methotrexate", "folic", "hydroxychloroquine")
            or "Blood tests, rheumatology soon, naproxen for two weeks.",
            self.problem,
            seen,
        )
