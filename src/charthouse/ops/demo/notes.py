"""Visit notes: what each thread of a life has to say, put together the way each clinician writes."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from charthouse.ops.demo import medications, moments, tables, vitals
from charthouse.ops.demo.chart import Chart
from charthouse.ops.demo.life import Life, Scene
from charthouse.ops.demo.plan import KINDS, Part, Procedure, Referral, Report, Shot, Visit
from charthouse.ops.demo.problems import allergy_line

_NORMAL: Final = {
    "general": ("Well appearing, no distress.", "Comfortable, in no distress.", "Alert, well appearing."),
    "head": ("Oropharynx clear, tympanic membranes normal.", "Head and neck normal, no lymph nodes."),
    "lungs": ("Clear to auscultation bilaterally.", "Lungs clear, good air entry."),
    "heart": ("Regular rate and rhythm, no murmur.", "S1 and S2 normal, no murmur."),
    "abdomen": ("Soft, not tender.", "Soft, no masses, not tender."),
    "extremities": ("No edema.", "Warm, no edema."),
    "skin": ("No suspicious lesions.", "No rash."),
    "neuro": ("Gait and speech normal.", "No focal deficit."),
    "mood": ("Pleasant, good eye contact.", "Mood and affect appropriate."),
}
_SYSTEMS: Final = {
    "new": ("general", "head", "lungs", "heart", "abdomen", "extremities", "skin", "neuro"),
    "physical": ("general", "head", "lungs", "heart", "abdomen", "extremities", "skin", "neuro", "mood"),
    "follow-up": ("general", "lungs", "heart", "extremities"),
    "well-child": ("general", "head", "lungs", "heart", "abdomen", "skin"),
    "acute": ("general",),
    "prenatal": (),
    "postpartum": ("general", "abdomen"),
    "nurse": (),
    "anticoag": (),
    "phone": (),
    "video": (),
    "counseling": ("mood",),
    "emergency": ("general", "lungs", "heart"),
}
_STYLES: Final = {
    "tran": ("SUBJECTIVE", "OBJECTIVE", "ASSESSMENT AND PLAN"),
    "adeyemi": ("HISTORY OF PRESENT ILLNESS", "EXAMINATION AND DATA", "IMPRESSION AND RECOMMENDATIONS"),
    "kim": ("S", "O", "A/P"),
    "goldberg": ("INTERVAL HISTORY", "EXAM", "ASSESSMENT AND PLAN"),
    "vasquez": ("HISTORY", "FINDINGS", "PLAN"),
    "lombardi": ("SESSION", "MENTAL STATUS", "PLAN"),
    "haddad": ("INTERVIEW", "DATA", "DOSING PLAN"),
}
# the reason of a visit names a problem by another word than the problem list does
_KNOWN_AS: Final = (
    ("pressure", "Hypert"),
    ("memory", "Alzheimer"),
    ("wishes", "Goals"),
    ("heart", "Coronary"),
    ("cholesterol", "Mixed"),
    ("arthritis", "Rheum"),
    ("anemia", "Iron"),
    ("prenatal", "Pregnancy"),
)
# tests a note mentions even when normal, in this order
_TOLD: Final = (
    "a1c",
    "inr",
    "creatinine",
    "egfr",
    "potassium",
    "ldl",
    "acr",
    "tsh",
    "hemoglobin",
    "ferritin",
    "ntprobnp",
    "urate",
    "crp",
    "psa",
    "vitd",
    "hcvrna",
)
_BACK: Final = (
    "Return in {0}, sooner if anything gets worse.",
    "Follow up in {0}.",
    "Recheck in {0}.",
    "See again in {0}; call with questions.",
)


def parts(life: Life, chart: Chart, visit: Visit) -> list[Part]:
    """What the threads say at a visit; the one that called the visit speaks first."""
    scene = Scene(life, chart, visit)
    speaking = [thread for thread in life.threads if visit.whole or thread.key == visit.thread]
    found = [part for thread in speaking if (part := thread.speak(scene))]
    return sorted(found, key=lambda part: not _first(visit, part))


def _first(visit: Visit, part: Part) -> bool:
    """Whether a part is what the visit is about: the reason names it, or something new happens to it."""
    if part.problem is None and part.title in ("Health maintenance", "Establishing care", "Well child"):
        return True
    reason = visit.reason.lower()
    if any(word in reason for word in part.title.lower().split() if len(word) > 4):
        return True
    if any(word in reason and part.title.startswith(start) for word, start in _KNOWN_AS):
        return True
    return part.problem is not None and part.problem in visit.noted


def compose(life: Life, chart: Chart, visit: Visit, said: list[Part]) -> str:
    """The text of a visit's note."""
    style = _STYLES.get(visit.who, ("SUBJECTIVE", "OBJECTIVE", "ASSESSMENT AND PLAN"))
    sections = [
        _head(life, chart, visit),
        f"{style[0]}\n{_subjective(life, visit, said)}",
        f"{style[1]}\n{facts}" if (facts := _objective(life, chart, visit, said)) else "",
        f"{style[2]}\n{_plan(life, visit, said)}",
        _foot(chart, visit),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _head(life: Life, chart: Chart, visit: Visit) -> str:
    person = life.person
    title = KINDS[visit.kind][0].upper()
    place = "MERCY POINT HOSPITAL" if visit.away else "HARBOR CLINIC"
    preferred = f' ("{person.preferred}")' if person.preferred else ""
    lines = [
        f"{place} - {title}",
        (
            f"{' '.join(person.given)} {person.family}{preferred}   MRN {person.mrn}   born "
            f"{person.born.isoformat()}"
        ),
        f"{moments.spoken(visit.day)}, {chart.clinic.called(visit.who)}",
    ]
    if visit.restricted:
        lines.append(
            "Substance use treatment record protected by 42 CFR Part 2. Do not share without consent."
        )
    return "\n".join(lines)


def _subjective(life: Life, visit: Visit, said: list[Part]) -> str:
    person = life.person
    opening = (
        f"{moments.how_old(person.born, visit.day)} {person.noun(visit.day)} "
        f"{'calling' if visit.kind == 'phone' else 'here'} for {_lower(visit.reason)}."
    )
    if visit.kind == "well-child":
        opening = (
            f"{moments.how_old(person.born, visit.day)} {person.noun(visit.day)} here for a "
            f"{'newborn check' if visit.reason.startswith('Newborn') else 'well-child visit'}."
        )
    if visit.kind in ("emergency", "acute"):
        opening = (
            f"{moments.how_old(person.born, visit.day)} {person.noun(visit.day)} with {_lower(visit.reason)}."
        )
    heard = [opening, *visit.heard, *(part.heard for part in said if part.heard)]
    if person.interpreter and not visit.away:
        how = "phone" if visit.kind == "phone" else life.chance.pick(("video", "in-person"))
        heard.append(f"Visit with {how} {person.tongue} interpreter.")
    text = " ".join(heard)
    if visit.whole or visit.kind in ("acute", "emergency"):
        drugs = [
            drug
            for drug in life.drugs
            if drug.running(visit.day)
            and drug not in visit.started
            and not (drug.restricted and not visit.restricted)
        ]
        text += "\nMedications: " + ("; ".join(medications.brief(drug) for drug in drugs) or "none") + "."
        text += "\n" + allergy_line(life.allergies, visit.day)
    if visit.kind in ("new", "physical") and life.social:
        text += "\nSocial: " + " ".join(life.social)
    return text


def _objective(life: Life, chart: Chart, visit: Visit, said: list[Part]) -> str:
    lines = []
    if visit.measured:
        lines.append(vitals.line(visit) + _weight_change(chart, visit) + ".")
    seen: dict[str, str] = {}
    for part in said:
        seen |= part.seen
    seen |= visit.seen
    exam = [
        seen.pop(system) if system in seen else life.chance.pick(_NORMAL[system])
        for system in _SYSTEMS.get(visit.kind, ())
    ]
    exam += seen.values()
    if exam:
        lines.append(" ".join(exam))
    if data := results(chart, visit, life):
        lines.append(data)
    lines += [
        f"{act.text}: {act.impression}" for act in visit.acts if isinstance(act, Report) and act.days == 0
    ]
    return "\n".join(lines)


def _weight_change(chart: Chart, visit: Visit) -> str:
    now = chart.last("weight", visit.end)
    before = chart.last("weight", visit.end, 1)
    if "weight" not in visit.measured or now is None or before is None or visit.kind == "well-child":
        return ""
    change = now[1] - before[1]
    if abs(change) < 1.5 or now[0] - before[0] > timedelta(days=400):
        return ""
    since = moments.month_year(before[0].date())
    return f"; weight {'up' if change > 0 else 'down'} {abs(change):.1f} kg since {since}"


def results(chart: Chart, visit: Visit, life: Life) -> str:
    """The laboratory results that came in for this visit, with the values before them where they moved."""
    known = [name for panel in visit.panels for name in tables.panels()[panel].tests]
    told = []
    taken = visit.start
    for name in sorted(set(known), key=lambda name: (_TOLD.index(name) if name in _TOLD else 99, name)):
        row = chart.last(name, visit.end)
        if row is None or row[0] < visit.start - timedelta(days=12):
            continue
        test = tables.tests()[name]
        low, high = tables.normal(name, life.person.sex, life.age(visit.day))
        wrong = (high is not None and row[1] > high) or (low is not None and row[1] < low)
        if not wrong and name not in _TOLD[:11]:
            continue
        before = chart.last(name, row[0], 1)
        was = ""
        if before and abs(before[1] - row[1]) > 0.1 * max(abs(before[1]), 0.1):
            was = f" (was {before[1]:.{test.digits}f})"
        unit = "" if test.unit.startswith("{") else f" {test.unit}"
        told.append(f"{test.text} {row[1]:.{test.digits}f}{unit}{was}")
        taken = row[0]
    return f"Labs {moments.spoken(taken.date())}: {', '.join(told)}." if told else ""


def _plan(life: Life, visit: Visit, said: list[Part]) -> str:
    rows = [(title, thought, "") for title, thought in visit.thought]
    rows += [(part.title, part.thought, part.plan) for part in said]
    lines = []
    for number, (title, thought, plan) in enumerate(rows, 1):
        label = f"{number}. {title}: " if len(rows) > 1 or visit.whole else f"{title}: "
        lines.append(f"{label}{' '.join(filter(None, (thought, plan)))}")
    lines += _done(visit)
    if (visit.whole or visit.kind == "prenatal") and not visit.away and life.person.died is None:
        lines.append(life.chance.pick(_BACK).format(_interval(life, visit)))
    return "\n".join(lines)


def _done(visit: Visit) -> list[str]:
    lines = []
    given = [
        _lower(tables.vaccines()[act.key].text)
        for act in visit.acts
        if isinstance(act, Shot) and not act.refused
    ]
    refused = [
        _lower(tables.vaccines()[act.key].text) for act in visit.acts if isinstance(act, Shot) and act.refused
    ]
    if given:
        lines.append(f"Vaccines today: {', '.join(given)}.")
    if refused:
        lines.append(f"Declined today: {', '.join(refused)} vaccine; will ask again.")
    lines += [
        f"{act.text} done{': ' + act.note if act.note else '.'}"
        for act in visit.acts
        if isinstance(act, Procedure)
    ]
    lines += [f"{act.service} requested." for act in visit.acts if isinstance(act, Referral)]
    lines += [f"{act.text} ordered." for act in visit.acts if isinstance(act, Report) and act.days > 0]
    return lines


def _interval(life: Life, visit: Visit) -> str:
    later = sorted(
        other.day
        for other in life.visits
        if other.day > visit.day and (other.whole or other.kind == visit.kind == "prenatal")
    )
    days = (later[0] - visit.day).days if later else 28 if visit.kind == "prenatal" else 400
    years = moments.years_before(life.today, visit.day)
    usual = min((row.months for row in life.rhythms if row.until <= years <= row.since), default=12.0)
    days = min(days, round(usual * 30.4) + 10)
    if days < 11:
        return "a week"
    if days < 45:
        return f"{round(days / 7)} weeks"
    if days < 330:
        return f"{round(days / 30.4)} months"
    return "a year"


def _foot(chart: Chart, visit: Visit) -> str:
    if visit.unsigned or visit.status != "finished":
        return "[Draft, not signed]"
    when = visit.end + timedelta(minutes=25)
    return f"Signed by {chart.clinic.called(visit.who)}, {moments.spoken(when.date())} {when:%H:%M}"


def _lower(text: str) -> str:
    """`text` as it stands inside a sentence: a leading capital goes unless it is an abbreviation or name."""
    first = text.split(" ", maxsplit=1)[0].strip(",;")
    if len(first) > 1 and (first[1:] != first[1:].lower() or first in ("Tdap", "Pap", "Td", "Hib")):
        return text
    return text[:1].lower() + text[1:]
