"""What the oracle searches: a few Synthea patients, and hand-made resources with all that Synthea lacks."""

from __future__ import annotations

import random
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from tests.conformance import material

Tree = dict[str, Any]
BASE = "http://charthouse.example.org/fhir"  # of the server that keeps them
UCUM = "http://unitsofmeasure.org"
COLOURS = "http://example.org/colours"
SMALLEST = 300  # entries of a Synthea Bundle, so that a run stays short


def synthea(bundles_per_archive: int) -> list[Tree]:
    """The resources of the smallest first Bundles of each archive, with references by type and id."""
    found: dict[str, Tree] = {}
    for _, bundle in material.synthea(bundles_per_archive):
        if len(bundle["entry"]) > SMALLEST:
            continue
        names = {entry["fullUrl"]: _name(entry["resource"]) for entry in bundle["entry"]}
        for entry in bundle["entry"]:
            found.setdefault(_name(entry["resource"]), _linked(entry["resource"], names))
    return list(found.values())


def _name(tree: Tree) -> str:
    return f"{tree['resourceType']}/{tree['id']}"


def _linked(tree: Any, names: dict[str, str]) -> Any:
    if isinstance(tree, dict):
        return {
            name: names.get(held, held) if name == "reference" else _linked(held, names)
            for name, held in tree.items()
        }
    return [_linked(one, names) for one in tree] if isinstance(tree, list) else tree


def made() -> list[Tree]:
    """The hand-made resources; always the same."""
    dice = random.Random(11)
    found: list[Tree] = []
    for maker in (_codes, _directory, _people, _observations, _dates, _numbers, _knowledge, _collections):
        found += maker(dice)
    for number, tree in enumerate(found):
        tree.setdefault("id", f"{tree['resourceType'][:4].lower()}-{number}")
        if labels := _labels(dice):
            tree["meta"] = labels
    return found


def _labels(dice: random.Random) -> Tree:
    labels: Tree = {}
    if dice.random() < 0.5:
        labels["tag"] = [
            {"system": COLOURS, "code": dice.choice(["red", "crimson", "blue"]), "display": "A Tag"}
        ]
    if dice.random() < 0.3:
        labels["security"] = [{"system": "http://example.org/labels", "code": dice.choice("XY")}]
    if dice.random() < 0.5:
        labels["profile"] = [f"http://example.org/profiles/{dice.choice(['a', 'a/b', 'c'])}"]
    if dice.random() < 0.5:
        labels["source"] = f"http://example.org/feeds/{dice.choice(['lab', 'lab/1', 'ward#7'])}"
    return labels


def _codes(dice: random.Random) -> list[Tree]:
    """A small hierarchy of codes, and two value sets."""
    leaf = [{"code": "crimson", "display": "Crimson"}, {"code": "scarlet", "display": "Scarlet"}]
    return [
        {
            "resourceType": "CodeSystem", "id": "colours", "url": COLOURS, "status": "active", "content": "complete",
            "caseSensitive": True, "hierarchyMeaning": "is-a",
            "concept": [
                {"code": "warm", "display": "Warm", "concept": [
                    {"code": "red", "display": "Red", "concept": leaf}, {"code": "orange", "display": "Orange"}]},
                {"code": "blue", "display": "Blue"},
            ],
        },
        {
            "resourceType": "ValueSet", "id": "reds", "url": "http://example.org/reds", "status": "active",
            "compose": {"include": [{"system": COLOURS, "concept": [{"code": "red"}, {"code": "crimson"}]}]},
        },
        {
            "resourceType": "ValueSet", "id": "all-colours", "url": "http://example.org/all-colours",
            "version": "2.0", "status": "draft", "compose": {"include": [{"system": COLOURS}]},
        },
    ]  # fmt: skip


def concept(dice: random.Random) -> Tree:
    """A CodeableConcept: one coding or several, or a text alone."""
    codes = dice.sample(["warm", "red", "crimson", "scarlet", "orange", "blue"], dice.choice([0, 1, 1, 2]))
    made: Tree = {}
    if codes:
        made["coding"] = [{"system": COLOURS, "code": one, "display": one.title()} for one in codes]
        if dice.random() < 0.2:
            made["coding"].append({"code": dice.choice(codes)})
    if not codes or dice.random() < 0.5:
        made["text"] = dice.choice(["Röt wie Blut", "blue, as the sky", "Crimson"])
    return made


def _directory(dice: random.Random) -> list[Tree]:
    """Organizations and Locations inside each other."""
    found: list[Tree] = []
    for number in range(6):
        organization: Tree = {
            "resourceType": "Organization", "id": f"house-{number}", "active": number % 2 == 0,
            "name": dice.choice(["St. Mary's", "Saint-Mary", "Côte d'Azur  Clinic", "ÅNGSTRÖM", "straße"]),
            "alias": ["The Old House"] if number % 3 == 0 else ["Mäeküla", "Mae"],
            "identifier": [{"system": "http://example.org/npi", "value": str(1000 + number)}],
        }  # fmt: skip
        if number:
            organization["partOf"] = {"reference": f"Organization/house-{number // 2}"}
        found.append(organization)
        location: Tree = {
            "resourceType": "Location", "id": f"place-{number}", "status": "active", "name": f"Ward {number}",
            "managingOrganization": {"reference": f"Organization/house-{number}"},
            "type": [concept(dice)],
        }  # fmt: skip
        if number != 3:
            location["position"] = {
                "longitude": Decimal(str(round(dice.uniform(4.2, 5.0), 4))),
                "latitude": Decimal(str(round(dice.uniform(51.9, 52.5), 4))),
            }
        if number:
            location["partOf"] = {"reference": f"Location/place-{number // 2}"}
        found.append(location)
    return found


def _people(dice: random.Random) -> list[Tree]:
    """Patients with odd names, birth dates and identifiers."""
    found: list[Tree] = []
    names: list[Tree] = [
        {"family": "Carreño Quiñones", "given": ["María  José", "Eve"], "prefix": ["Dra."]},
        {"family": "O'Brien-Smith", "given": ["Seán"], "suffix": ["Jr."]},
        {"text": "Van der Berg, Eve", "family": "van der Berg"},
        {"family": "Żółć", "given": ["EVE"]},
        {
            "family": "Straße",
            "_given": [{"extension": [{"url": "http://example.org/x", "valueString": "Nix"}]}],
        },
        {"family": "Ευα", "given": ["Severine", "eve"]},
    ]
    dates = ["1970", "1970-02", "1970-02-28", "2000-02-29", "1899-12-31", "2001-01-01"]
    for number, name in enumerate(names * 3):
        patient: Tree = {
            "resourceType": "Patient", "id": f"person-{number}", "name": [name], "birthDate": dices(dice, dates),
            "gender": dice.choice(["male", "female", "other"]), "active": dice.random() < 0.5,
            "identifier": [
                {"system": "http://example.org/mrn", "value": f"M{number}",
                 "type": {"coding": [{"system": "http://example.org/kinds", "code": dice.choice(["MR", "SS"])}],
                          "text": dice.choice(["Record number", "Récord"])}},
                {"value": f"M{number % 5}"},
            ],
            "telecom": [{"system": dice.choice(["phone", "email"]), "value": f"555-{number}", "use": "home"}],
            "managingOrganization": {"reference": f"Organization/house-{number % 6}"},
            "address": [{"line": ["1, High Street"], "city": dice.choice(["Lüttich", "Luton"]), "country": "BE"}],
            "communication": [{"language": concept(dice)}],
        }  # fmt: skip
        if number % 4 == 0:
            del patient["gender"], patient["birthDate"]
            patient["_birthDate"] = {"extension": [{"url": "http://example.org/x", "valueString": "unknown"}]}
        if number % 3 == 0:
            patient["deceasedDateTime" if number % 2 else "deceasedBoolean"] = (
                "2019-05-05" if number % 2 else True
            )
        if number:
            patient["link"] = [{"other": {"reference": f"Patient/person-{number // 2}"}, "type": "seealso"}]
        found.append(patient)
    return found


def dices(dice: random.Random, given: list[str]) -> str:
    return dice.choice(given)


MOMENTS = [
    "2013", "2013-01", "2013-01-14", "2013-01-14T10:00:00Z", "2013-01-14T10:00:00.250Z", "2013-01-15T00:00:00+01:00",
    "2013-01-14T23:30:00-05:00", "2012-12-31T23:59:59.999Z", "2013-03-14", "2012-02-29", "0001-01-01", "9999-12-31",
    "2031-07-01T12:00:00+05:45",
]  # fmt: skip


def _subject(dice: random.Random) -> Tree:
    number = dice.randrange(18)
    return dice.choice([
        {"reference": f"Patient/person-{number}"},
        {"reference": f"Patient/person-{number}", "display": dice.choice(["Éve the first", "eve"])},
        {"reference": f"{BASE}/Patient/person-{number}"},
        {"reference": "Group/herd-1"},
        {"reference": "http://elsewhere.example.org/fhir/Patient/77"},
        {"identifier": {"system": "http://example.org/mrn", "value": f"M{number}"}, "display": "By number"},
        {"identifier": {"value": f"M{number % 5}"}},
        {"reference": "Patient/nobody"},
    ])  # fmt: skip


def quantity(dice: random.Random) -> Tree:
    """A Quantity in one of the units that measure a mass concentration, a mass or a length."""
    unit = dice.choice(["mg/dL", "g/L", "kg", "g", "[lb_av]", "cm", "m", "%", "{score}"])
    value = dice.choice(
        ["5.4", "5.40", "5.35", "5.45", "0.054", "54", "540", "100", "99.5", "100.5", "-3", "0", "1e2"]
    )
    made: Tree = {"value": Decimal(value), "unit": unit, "system": UCUM, "code": unit}
    if dice.random() < 0.2:
        return {"value": Decimal(value), "unit": dice.choice(["puffs", "mg/dL"])}
    if dice.random() < 0.15:
        made["comparator"] = dice.choice(["<", "<=", ">", ">="])
    return made


def _observations(dice: random.Random) -> list[Tree]:
    """Observations with every kind of value, components, and members."""
    found: list[Tree] = []
    for number in range(90):
        made: Tree = {
            "resourceType": "Observation", "id": f"seen-{number}", "code": concept(dice),
            "status": dice.choice(["final", "amended", "preliminary"]), "subject": _subject(dice),
        }  # fmt: skip
        made.update(_value(dice, number))
        made.update(dice.choice([
            {"effectiveDateTime": dice.choice(MOMENTS)},
            {"effectivePeriod": _period(dice)},
            {"effectiveTiming": _timing(dice)},
            {"effectiveInstant": dice.choice([one for one in MOMENTS if len(one) > 19])},
            {},
        ]))  # fmt: skip
        if number % 4 == 0:
            made["component"] = [
                {"code": _part(dice), "valueQuantity": quantity(dice)},
                {"code": _part(dice), "valueCodeableConcept": concept(dice)},
                {"code": _part(dice), "dataAbsentReason": concept(dice)},
            ]
        if number > 5 and number % 5 == 0:
            made["hasMember"] = [{"reference": f"Observation/seen-{number - 5}/_history/1"}]
        found.append(made)
    return found


def _part(dice: random.Random) -> Tree:
    return {"coding": [{"system": "http://example.org/parts", "code": dice.choice("pqr")}]}


def _value(dice: random.Random, number: int) -> Tree:
    sampled = {"origin": {"value": Decimal("2.5"), "unit": "cm", "system": UCUM, "code": "cm"}, "period": 10,
               "factor": Decimal("0.5"), "dimensions": 1,
               "data": dice.choice(["1 2 E 10", "-5 0 U 5", "4"])}  # fmt: skip
    return dice.choice([
        {"valueQuantity": quantity(dice)}, {"valueQuantity": quantity(dice)}, {"valueQuantity": quantity(dice)},
        {"valueCodeableConcept": concept(dice)}, {"valueString": dice.choice(["Trace,  of $ blood|", "Ünclear", "no"])},
        {"valueDateTime": dice.choice(MOMENTS)}, {"valuePeriod": _period(dice)}, {"valueSampledData": sampled},
        {"dataAbsentReason": concept(dice)},
    ])  # fmt: skip


def _period(dice: random.Random) -> Tree:
    start, end = (
        dice.choice(["2012", "2013-01", "2013-01-14T10:00:00Z", None]),
        dice.choice(["2013-03", "2014", None]),
    )
    return {"start": start or "2013-01-10"} if end is None else {"end": end} if start is None else {
        "start": start, "end": end}  # fmt: skip


def _timing(dice: random.Random) -> Tree:
    return dice.choice([
        {"event": ["2013-01-14", "2013-03-01T10:00:00Z"]},
        {"event": ["2013-02"]},
        {"repeat": {"boundsPeriod": _period(dice), "frequency": 1, "period": 1, "periodUnit": "d"}},
        {"event": ["2011"], "repeat": {"boundsPeriod": {"start": "2013-01-31", "end": "2013-03-24"}}},
        {"code": {"text": "sometimes"}},
    ])  # fmt: skip


def _dates(dice: random.Random) -> list[Tree]:
    """Encounters, conditions and orders whose dates are periods, ages, ranges and timings."""
    found: list[Tree] = []
    years = {"unit": "a", "system": UCUM, "code": "a"}
    for number in range(24):
        found.append({
            "resourceType": "Condition", "subject": _subject(dice), "code": concept(dice),
            **dice.choice([
                {"onsetAge": {"value": dice.randrange(1, 90), **years}},
                {"onsetAge": {"value": dice.randrange(1, 24), "unit": "mo", "system": UCUM, "code": "mo"}},
                {"onsetRange": {"low": {"value": 10, **years}, "high": {"value": dice.choice([12, 20]), **years}}},
                {"onsetRange": {"low": {"value": 40, **years}}}, {"onsetRange": {"high": {"value": 5, **years}}},
                {"onsetDateTime": dice.choice(MOMENTS)}, {"onsetPeriod": _period(dice)}, {"onsetString": "Früh"},
            ]),
        })  # fmt: skip
        found.append({
            "resourceType": "ServiceRequest", "status": "active", "intent": "order", "subject": _subject(dice),
            "code": concept(dice), **dice.choice([
                {"occurrenceTiming": _timing(dice)}, {"occurrenceDateTime": dice.choice(MOMENTS)},
                {"occurrencePeriod": _period(dice)}]),
            "instantiatesCanonical": [f"http://example.org/plans/{dice.choice(['a|1.0', 'a|1.1', 'a|2', 'a', 'b'])}"],
            "instantiatesUri": [f"http://example.org/{dice.choice(['guide', 'guide/1', 'guides'])}"],
        })  # fmt: skip
        found.append({
            "resourceType": "Encounter", "id": f"visit-{number}", "status": "finished", "subject": _subject(dice),
            "class": {"code": "AMB", "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode"},
            "period": _period(dice),
            "length": {"value": dice.choice([30, 90, Decimal("1.5")]), "unit": "x", "system": UCUM,
                       "code": dice.choice(["min", "h"])},
            "location": [{"location": {"reference": f"Location/place-{number % 6}"}}],
            "serviceProvider": {"reference": f"Organization/house-{number % 6}"},
        })  # fmt: skip
    return found


def _numbers(dice: random.Random) -> list[Tree]:
    """Resources with numbers, and with amounts of money."""
    found: list[Tree] = []
    numbers = [
        "0.8",
        "0.80",
        "0.75",
        "0.849",
        "0.85",
        "1",
        "0.0",
        "0.7999",
        "95",
        "100",
        "104.9",
        "105",
        "99.5",
    ]
    for number, text in enumerate(numbers):
        found.append({
            "resourceType": "RiskAssessment", "status": "final", "subject": _subject(dice),
            "prediction": [
                {"probabilityDecimal": min(Decimal(text), Decimal(100))}, {"qualitativeRisk": concept(dice)},
                *([{"probabilityRange": {"low": {"value": Decimal("0.2")}, "high": {"value": Decimal("0.8")}}}]
                  if number % 3 == 0 else [])],
        })  # fmt: skip
        found.append({
            "resourceType": "ChargeItem", "status": "billable", "subject": _subject(dice), "code": concept(dice),
            "factorOverride": Decimal(dice.choice(numbers)), "quantity": quantity(dice),
            "priceOverride": {"value": Decimal(dice.choice(numbers)), "currency": dice.choice(["EUR", "USD"])},
        })  # fmt: skip
        found.append({
            "resourceType": "Invoice", "status": "issued",
            "totalNet": {"value": Decimal(dice.choice(numbers)), "currency": dice.choice(["EUR", "USD"])},
        })  # fmt: skip
        found.append({
            "resourceType": "Medication", "status": "active", "code": concept(dice),
            "batch": {"lotNumber": f"Lot-{number // 2}{'A' if number % 2 else 'a'}", "expirationDate": "2013-01"},
        })  # fmt: skip
        start = dice.randrange(90, 110)
        found.append({
            "resourceType": "MolecularSequence", "coordinateSystem": 0, "type": "dna",
            "referenceSeq": {"chromosome": concept(dice), "genomeBuild": "GRCh38", "windowStart": start,
                             "windowEnd": start + 10},
            "variant": [{"start": start + number % 3, "end": start + 3}, {"start": 50, "end": 60}],
        })  # fmt: skip
    return found


def _knowledge(dice: random.Random) -> list[Tree]:
    """What has addresses: questionnaires and their answers, plans, documents."""
    found: list[Tree] = []
    urls = ["http://example.org/q/a", "http://example.org/q/a/b", "http://example.org/q", "urn:oid:1.2.3.4",
            "http://example.org/Q/a", "http://example.org/qa"]  # fmt: skip
    for number, url in enumerate(urls):
        context = {
            "code": {"system": "http://terminology.hl7.org/CodeSystem/usage-context-type", "code": "age"}
        }
        found.append({
            "resourceType": "Questionnaire", "id": f"asking-{number}", "url": url, "version": f"1.{number}",
            "status": "active", "title": f"Fragen {number}", "subjectType": ["Patient"],
            "effectivePeriod": _period(dice), "useContext": [
                {**context, "valueRange": {"low": {"value": 5 * number, "unit": "a", "system": UCUM, "code": "a"}}},
                {**context, "valueCodeableConcept": concept(dice)}, {**context, "valueQuantity": quantity(dice)}],
        })  # fmt: skip
        found.append({
            "resourceType": "QuestionnaireResponse", "status": "completed", "subject": _subject(dice),
            "questionnaire": url + dice.choice(["", "|1.0", "|1.1"]), "authored": dice.choice(MOMENTS[3:]),
        })  # fmt: skip
        found.append({
            "resourceType": "DocumentReference", "status": "current", "subject": _subject(dice),
            "date": f"2013-01-14T10:00:0{number}.500Z", "content": [{"attachment": {
                "contentType": dice.choice(["text/xml", "text/xml; charset=UTF-8", "application/pdf"]),
                "url": dice.choice(urls)}}],
        })  # fmt: skip
    return found


def _collections(dice: random.Random) -> list[Tree]:
    """Groups, and Lists that name others."""
    group = {
        "resourceType": "Group", "type": "person", "actual": True,
        "characteristic": [
            {"code": concept(dice), "valueCodeableConcept": concept(dice), "exclude": False},
            {"code": concept(dice), "valueBoolean": True, "exclude": True}],
        "member": [{"entity": {"reference": "Patient/person-3"}}, {"entity": {"reference": "Patient/person-4"}}],
    }  # fmt: skip
    items = [f"Patient/person-{number}" for number in (1, 5, 9)] + [
        "Observation/seen-3",
        "Observation/seen-4",
    ]
    lists: Iterator[Tree] = (
        {
            "resourceType": "List", "id": f"list-{number}", "status": "current", "mode": "working",
            "title": f"Liste {number}",
            "entry": [{"item": {"reference": one}} for one in dice.sample(items, 1 + number)],
        }
        for number in range(4)
    )  # fmt: skip
    return [{**group, "id": "herd-1"}, {**group, "id": "herd-2", "code": concept(dice)}, *lists]
