"""What is measured with looks like records: sound, of the right size, and the same each time."""

from __future__ import annotations

from collections import Counter

from charthouse.fhir import definitions
from charthouse.fhir.resource import dump
from charthouse.ops.bench import invented
from charthouse.ops.bench.house import Size
from charthouse.validation.structure import check


def test_every_invented_resource_is_sound() -> None:
    r4 = definitions.load()
    trees = [*invented.chart(3, 5, 4, 40, 2), *(_long(seed) for seed in range(20))]
    trees += [entry["resource"] for entry in invented.transaction(5, 10, 50)["entry"]]
    assert [issue for tree in trees for issue in check(tree, r4, codes=True)] == []


def test_the_long_observation_is_about_one_and_a_half_kilobytes() -> None:
    sizes = [len(dump(_long(seed))) for seed in range(200)]
    assert 1400 < sum(sizes) / len(sizes) < 1600
    assert min(sizes) > 1300


def test_the_same_number_gives_the_same_chart_and_another_number_another() -> None:
    first, again, other = (list(invented.chart(number, 3, 2, 20)) for number in (1, 1, 2))
    assert first == again
    assert first != other


def test_a_size_knows_the_ids_its_charts_have() -> None:
    size = Size(2, 3, 2, 10)
    made = [
        f"{tree['resourceType']}/{tree['id']}"
        for number in range(2) for tree in invented.chart(number, 3, 2, 10)
    ]  # fmt: skip
    assert sorted(size.ids()) == sorted(made)
    assert size.resources == len(made) == len(set(made))


def test_codes_are_skewed_as_in_life() -> None:
    trees = [tree for number in range(10) for tree in invented.chart(number, 5, 1, 351)]
    codes = Counter(
        tree["code"]["coding"][0]["code"] for tree in trees if tree["resourceType"] == "Observation"
    )
    ranked = [count for _, count in codes.most_common()]
    assert len(ranked) == len(invented.MEASURES)
    assert ranked[0] > 8 * ranked[-1]


def test_a_transaction_refers_to_its_own_visit() -> None:
    bundle = invented.transaction(1, 10, 50)
    assert len(bundle["entry"]) == 50
    visit = bundle["entry"][0]["fullUrl"]
    assert all(entry["resource"]["encounter"]["reference"] == visit for entry in bundle["entry"][1:])


def _long(seed: int) -> dict[str, object]:
    return invented.long_observation(invented.chance(seed), "Patient/bench-patient-1", invented.START)
