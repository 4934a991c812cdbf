"""Breast cancer: found on a mammogram, treated, and the years of watching after it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from charthouse.ops.demo import hospital
from charthouse.ops.demo.life import Life, Scene, Thread
from charthouse.ops.demo.plan import Part, Problem, Report
from charthouse.ops.demo.threads.words import regimen


@dataclass(slots=True)
class BreastCancer(Thread):
    """Early cancer of the left breast `since` years ago: lumpectomy, radiation, letrozole to today."""

    since: float = 4.3
    key: str = "cancer"
    problem: Problem | None = field(default=None, init=False)
    history: Problem | None = field(default=None, init=False)

    def plan(self, life: Life) -> None:
        """Screen, biopsy, operation, radiation, tablets, yearly mammograms, bone density."""
        since = self.since
        screen = life.visit(since, "Annual physical", "physical")
        screen.acts.append(
            Report(
                "Screening mammogram",
                "24606-6",
                "MG Breast Screening",
                "New 11 mm spiculated mass in the upper outer quadrant of the left breast.",
                "Suspicious, BI-RADS 4C. Biopsy advised.",
                True,
                days=9,
            )
        )
        told = life.visit(since - 0.07, "Abnormal mammogram")
        told.acts.append(
            Report(
                "Ultrasound-guided biopsy, left breast",
                None,
                "Core needle biopsy of left breast",
                "Invasive ductal carcinoma, grade 2, ER 95 %, PR 80 %, HER2 negative.",
                "Malignant.",
                True,
                days=6,
            )
        )
        result = life.visit(since - 0.11, "Biopsy result")
        self.problem = life.problem("C50.412", result.day, result)
        self.problem.text = "Breast cancer, left, ER positive"
        life.refer(result, "breast", self.problem)
        operation = hospital.stay(life, "lumpectomy", life.when(since - 0.18), self.key)
        operation.about = [self.problem]
        self._treated(life)

    def _treated(self, life: Life) -> None:
        since = self.since
        ended = life.when(since - 0.55)
        if self.problem:
            self.problem.ended = ended
        after = life.visit(ended, "After radiation treatment")
        self.history = life.problem("Z85.3", ended, after)
        use = life.problem("Z79.811", ended, after)
        life.start("letrozole", after, self.history)
        life.start("calcium-d", after, use)
        bone = life.visit(since - 0.7, "Bone density", labs=("vitd",))
        bone.acts.append(
            Report(
                "Bone density (DXA)",
                "38268-0",
                "DXA Skeletal system Views for bone density",
                "Lumbar spine T-score -1.6, left femoral neck -1.9.",
                "Osteopenia.",
                True,
                (("tscore", -1.9),),
                days=4,
            )
        )
        life.problem("M85.80", bone.day + timedelta(days=5), None)
        life.rhythm(5.8, "Breast cancer follow-up", since)
        life.goals.append(("Five years of letrozole", "in-progress", self.history))
        life.care.append("Yearly diagnostic mammogram, monthly self check, walking for the bones")

    def settle(self, life: Life) -> None:
        """A diagnostic mammogram at each physical since, bone density again after two years."""
        turn = 0
        for visit in life.seen():
            if (
                self.history
                and visit.kind == "physical"
                and visit.day > self.history.onset
                and (life.today - visit.day).days > 30
            ):
                visit.acts.append(
                    Report(
                        "Diagnostic mammogram",
                        None,
                        "MG Breast Diagnostic",
                        "Post-surgical scar in the left breast, stable.",
                        "Benign, BI-RADS 2.",
                        days=life.chance.randrange(6, 20),
                    )
                )
                turn += 1
                if turn == 2:
                    visit.acts.append(
                        Report(
                            "Bone density (DXA)",
                            "38268-0",
                            "DXA Skeletal system Views for bone density",
                            "Lumbar spine T-score -1.7, left femoral neck -2.0, little change.",
                            "Osteopenia, stable.",
                            True,
                            (("tscore", -2.0),),
                            days=11,
                        )
                    )

    def speak(self, scene: Scene) -> Part | None:
        """Lumps, joints, tablets, fear."""
        life, visit = scene.life, scene.visit
        if self.history and visit.day >= self.history.onset:
            heard = life.chance.pick(
                (
                    "No lumps felt, stiff fingers in the morning.",
                    "Hot flashes at night, bearable. No breast changes.",
                    "No new lumps, tires less, worries before each mammogram.",
                )
            )
            return Part(
                "History of left breast cancer",
                heard,
                "No evidence of recurrence.",
                regimen(life, visit, "letrozole", "calcium"),
                self.history,
                {"breasts": "Breasts: well-healed scar on the left, no mass, no nodes."},
            )
        if visit.reason.startswith("Abnormal mammogram"):
            return Part(
                "Abnormal mammogram",
                "Felt nothing, frightened.",
                "BI-RADS 4C left breast.",
                "Biopsy this week, sister comes along.",
                None,
                {"breasts": "Breasts: firm 1 cm area in the left upper outer quadrant."},
            )
        if self.problem and visit.day >= self.problem.onset:
            return Part(
                "Breast cancer, left",
                "Heard the result with her sister."
                if visit.day == self.problem.onset
                else "Recovering well.",
                "Early, ER positive.",
                "Oncology and surgery within two weeks, nurse navigator will call.",
                self.problem,
            )
        return None
