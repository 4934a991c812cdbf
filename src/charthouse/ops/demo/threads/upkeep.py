"""Keeping adults well: weight, yearly physicals, vaccines by season and age, screening by age."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

from charthouse.ops.demo import moments
from charthouse.ops.demo.life import Life, Scene, Thread
from charthouse.ops.demo.plan import Finding, Part, Report, Shot, Visit
from charthouse.ops.demo.tables import load

# long illnesses for which the pneumococcal vaccine is given before 65
_RISKS = ("E11", "J44", "J45", "I50", "I25", "N18", "F10", "F17")
_MAMMOGRAM = (
    "Screening mammogram",
    "24606-6",
    "MG Breast Screening",
    "Scattered fibroglandular densities. No mass, distortion or suspicious calcification.",
    "Negative, BI-RADS 1. Routine screening.",
)


@dataclass(slots=True)
class Upkeep(Thread):
    """`bmi` is a number or (years ago, BMI) points; `missing` names screening that has not been done."""

    bmi: float | list[list[float]] = 25.0
    height: float = 0.0
    flu: float = 0.75
    covid: int = 3
    months: float = 12.0
    missing: list[str] = field(default_factory=list)
    key: str = "upkeep"

    def plan(self, life: Life) -> None:
        """Body measures and the yearly physical."""
        male = life.person.sex == "male"
        tall = self.height or life.chance.near(175.5 if male else 162.0, 6.0)
        points = [[40.0, self.bmi], [0.0, self.bmi]] if isinstance(self.bmi, (int, float)) else self.bmi
        life.track("height", (0, round(tall, 1)))
        life.track("weight", *((years, bmi * (tall / 100) ** 2) for years, bmi in points))
        years = life.age(life.today)
        sbp, dbp = 112 + 0.22 * years, 70 + 0.08 * years
        base = life.chance.near(0, 4)
        life.track("sbp", (20, sbp - 4 + base), (0, sbp + base), noise=4.5)
        life.track("dbp", (20, dbp - 1 + base / 2), (0, dbp + base / 2), noise=3.2)
        life.track("hr", (0, life.chance.near(72, 5)), noise=4.5)
        since = moments.years_before(life.today, life.joined)
        life.rhythm(self.months, "Annual physical", since)
        if years >= 35:
            life.check("lipids", 58, since)
            life.check("metabolic", 34, since)

    def settle(self, life: Life) -> None:
        """Vaccines and screening at visits that are known now."""
        visits = [visit for visit in life.seen() if visit.whole and visit.kind != "video"]
        _flu(life, [visit for visit in life.seen() if visit in visits or visit.kind == "prenatal"], self.flu)
        _covid(life, visits, self.covid)
        _by_age(life, visits)
        _screening(life, [visit for visit in visits if visit.kind in ("physical", "new")], set(self.missing))

    def speak(self, scene: Scene) -> Part | None:
        """What the yearly physical talks about."""
        life, chart, visit = scene.life, scene.chart, scene.visit
        if visit.kind == "new":
            return Part(
                "Establishing care",
                "Moves care here; records requested from the previous clinic.",
                "",
                "Reviewed history, medications and preventive care.",
            )
        if visit.kind != "physical":
            return None
        chance, person = life.chance, life.person
        body = chart.last("bmi", visit.end)
        phrases = load("phrases")
        kind = "-short-of-breath" if life.has("J44", "I50") else "-old" if life.age(visit.day) > 74 else ""
        told = chance.pick(phrases["well"])
        if life.has("G30"):
            told, kind = "Comes with the family, no new concerns.", "-forgetful"
        habits = chance.pick(phrases["habits" + kind])
        plan = "Preventive care reviewed."
        if "colon" in self.missing and 45 <= life.age(visit.day) <= 75:
            plan += f" Colon cancer screening overdue; discussed again, {person.they} will think about it."
        if "mammogram" in self.missing and person.sex == "female" and 40 <= life.age(visit.day) <= 74:
            plan += " Mammogram overdue, order placed again."
        if body and body[1] >= 27.5:
            plan += " " + chance.pick(phrases["weight"])
        return Part("Health maintenance", f"{told} {habits}", "", plan)


def _season(day: date) -> int | None:
    """The influenza season in which a vaccine of a day counts, named by its first year."""
    if day.month >= 9:
        return day.year
    return day.year - 1 if day.month == 1 else None


def _flu(life: Life, visits: list[Visit], share: float) -> None:
    done: set[int] = set()
    for visit in visits:
        season = _season(visit.day)
        if season is None or season in done or visit.status != "finished":
            continue
        done.add(season)
        old = life.age(visit.day) >= 65
        high = old and season >= 2020
        key = ("fluhd" if high else "flu") + ("3" if season >= 2024 else "4")
        if life.chance.odds(share):
            visit.acts.append(Shot(key))
        elif life.chance.odds(0.5):
            visit.acts.append(Shot(key, refused=True))


def _covid(life: Life, visits: list[Visit], doses: int) -> None:
    """The first two in spring 2021, a bivalent one late in 2022, then one each autumn for those who take it."""
    wanted = [
        (date(2021, 3, 1), date(2021, 12, 31), "covid"),
        (date(2022, 9, 15), date(2023, 4, 30), "covid-bivalent"),
    ]
    wanted += [
        (date(year, 9, 20), date(year + 1, 2, 28), "covid-yearly")
        for year in range(2023, life.today.year + 1)
    ]
    number = 0
    for start, end, key in wanted[:doses]:
        visit = next(
            (visit for visit in visits if start <= visit.day <= end and visit.status == "finished"), None
        )
        if visit and life.age(visit.day) >= 16:
            number += 1
            visit.acts.append(Shot(key, number))


def _by_age(life: Life, visits: list[Visit]) -> None:
    """Tetanus every ten years, shingles from 50, pneumococcus from 65 or with a long illness, RSV from 75."""
    tetanus = life.joined - timedelta(days=int(life.chance.between(200, 3200)))
    zoster = pneumo = rsv = 0
    shingles: date | None = None
    for visit in visits:
        years = life.age(visit.day)
        if visit.status != "finished" or years < 19:
            continue
        if (visit.day - tetanus).days > 3650 and visit.kind in ("physical", "new", "follow-up"):
            visit.acts.append(Shot("tdap"))
            tetanus = visit.day
        if (
            years >= 50
            and visit.day.year >= 2018
            and zoster < 2
            and (shingles is None or (visit.day - shingles).days >= 60)
        ):
            zoster += 1
            shingles = visit.day
            visit.acts.append(Shot("zoster", zoster))
        risk = visit.day >= date(2022, 2, 1) and any(
            problem.active(visit.day) and problem.code().startswith(_RISKS) for problem in life.problems
        )
        if (years >= 65 or risk) and not pneumo and visit.day >= date(2016, 1, 1):
            pneumo = 1
            visit.acts.append(Shot("pcv20" if visit.day >= date(2022, 2, 1) else "pcv13"))
        if years >= 75 and not rsv and visit.day >= date(2023, 9, 1) and visit.kind != "new":
            rsv = 1
            visit.acts.append(Shot("rsv"))


def _screening(life: Life, visits: list[Visit], missing: set[str]) -> None:
    last: dict[str, date] = {}
    female = life.person.sex == "female"
    breast_gone = life.has("C50", "Z85.3") is not None

    def due(name: str, visit: Visit, years: float) -> bool:
        if name in missing or visit.status != "finished":
            return False
        before = last.get(name)
        if before is None or (visit.day - before).days > years * 365.2 - 45:
            last[name] = visit.day
            return True
        return False

    for visit in visits:
        years = life.age(visit.day)
        ahead = visit.day + timedelta(days=30) < life.today
        if female and 40 <= years <= 74 and not breast_gone and ahead and due("mammogram", visit, 2):
            visit.acts.append(Report(*_MAMMOGRAM, days=life.chance.randrange(9, 24)))
        if female and 21 <= years <= 65 and due("cervix", visit, 3 if years < 30 else 5):
            visit.acts.append(Finding("pap", "Negative for intraepithelial lesion or malignancy"))
        if 45 <= years <= 75 and visit.kind == "physical" and due("colon", visit, 1):
            _colon(life, visit, last)
        if not female and 55 <= years <= 69 and due("psa", visit, 2) and life.chance.odds(0.5):
            visit.panels.append("psa")
        if years >= 18 and years < 80 and due("hcv", visit, 200):
            visit.acts.append(Finding("hcv", "Negative"))


def _colon(life: Life, visit: Visit, last: dict[str, date]) -> None:
    """Most choose the yearly stool test, some a colonoscopy that lasts ten years."""
    if life.chance.odds(0.35):
        last["colon"] = visit.day + timedelta(days=3280)
        life.refer(visit, "colon")
    else:
        visit.acts.append(Finding("fit", "Negative"))
