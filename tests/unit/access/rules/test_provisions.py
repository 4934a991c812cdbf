"""Consents as rules: exceptions decide over what is around them, and what is unclear fails closed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charthouse.access.rules.provisions import FIRST, LAST, Provision, patient, provisions

TYPES = frozenset({"Patient", "Observation", "MedicationRequest"})
JANUARY = 1_767_225_600_000  # 2026-01-01T00:00:00Z


def consent(provision: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    tree = {
        "resourceType": "Consent",
        "status": "active",
        "patient": {"reference": "Patient/p"},
        "scope": {"coding": [{"code": "patient-privacy"}]},
        **more,
    }
    return tree if provision is None else {**tree, "provision": provision}


def test_a_denial_of_everything() -> None:
    assert provisions(consent({"type": "deny"}), TYPES) == [Provision(0, permits=False)]


@pytest.mark.parametrize(("code", "permits"), [("OPTOUT", False), ("OPTIN", True)])
def test_a_policy_rule_alone_says_what_holds(code: str, *, permits: bool) -> None:
    assert provisions(consent(policyRule={"coding": [{"code": code}]}), TYPES) == [
        Provision(0, permits=permits)
    ]


@pytest.mark.parametrize("status", ["draft", "proposed", "rejected", "inactive", "entered-in-error", None])
def test_only_an_active_consent_counts(status: str | None) -> None:
    assert provisions(consent({"type": "deny"}, status=status), TYPES) == []


@pytest.mark.parametrize("scope", ["adr", "treatment"])
def test_a_consent_to_treatment_says_nothing_about_who_may_read(scope: str) -> None:
    assert provisions(consent({"type": "deny"}, scope={"coding": [{"code": scope}]}), TYPES) == []


def test_an_inner_provision_is_an_exception_with_the_conditions_around_it() -> None:
    tree = consent(
        {
            "type": "deny",
            "purpose": [{"code": "HRESCH"}],
            "period": {"start": "2026-01-01"},
            "provision": [{"actor": [{"role": {}, "reference": {"reference": "Practitioner/x"}}]}],
        }
    )
    outer, inner = provisions(tree, TYPES)
    assert (outer.permits, outer.readers, outer.opens, outer.closes) == (False, None, JANUARY, LAST)
    assert (inner.permits, inner.depth, inner.readers) == (True, 1, {"Practitioner/x"})
    assert inner.opens == JANUARY
    assert outer.purposes is not None
    assert {"HRESCH", "BIORCH"} <= outer.purposes == inner.purposes


def test_classes_labels_codes_and_data_limit_a_rule() -> None:
    (rule,) = provisions(
        consent(
            {
                "type": "deny",
                "class": [{"code": "Observation"}],
                "securityLabel": [{"code": "HIV"}],
                "code": [{"coding": [{"code": "1-8"}]}],
                "data": [{"meaning": "instance", "reference": {"reference": "Observation/o"}}],
            }
        ),
        TYPES,
    )
    assert (rule.types, rule.labels, rule.codes, rule.data) == (
        {"Observation"},
        {"HIV"},
        {"1-8"},
        {("Observation", "o")},
    )


@pytest.mark.parametrize(
    "unclear",
    [
        {"class": [{"system": "urn:ietf:bcp:13", "code": "application/hl7-cda+xml"}]},
        {"actor": [{"role": {}, "reference": {"display": "My aunt"}}]},
        {"dataPeriod": {"start": "2020"}},
        {"period": {"start": "someday"}},
    ],
)
def test_what_is_unclear_widens_a_denial_and_voids_a_permission(unclear: dict[str, Any]) -> None:
    (denied,) = provisions(consent({"type": "deny", **unclear}), TYPES)
    assert (denied.types, denied.readers, denied.opens) == (None, None, FIRST)
    assert provisions(consent({"type": "permit", **unclear}), TYPES) == []


def test_a_provision_about_collecting_says_nothing_about_reading() -> None:
    assert provisions(consent({"type": "deny", "action": [{"coding": [{"code": "collect"}]}]}), TYPES) == []
    assert (
        len(provisions(consent({"type": "deny", "action": [{"coding": [{"code": "disclose"}]}]}), TYPES)) == 1
    )


def test_provisions_in_provisions_have_an_end() -> None:
    deep: dict[str, Any] = {"type": "deny"}
    for _ in range(500):
        deep = {"type": "deny", "provision": [deep]}
    assert len(provisions(consent(deep), TYPES)) == 13


def test_whose_consent_it_is_is_told_by_a_reference_to_one_of_our_patients() -> None:
    assert patient(consent()) == "p"
    assert patient({"patient": {"reference": "https://elsewhere.org/fhir/Patient/p"}}) is None
    assert patient({}) is None


@given(
    st.recursive(
        st.none() | st.booleans() | st.text(max_size=5) | st.integers(),
        lambda inner: (
            st.lists(inner, max_size=2)
            | st.dictionaries(
                st.sampled_from(["type", "code", "coding", "reference", "provision", "start"]),
                inner,
                max_size=3,
            )
        ),
        max_leaves=8,
    )
)
def test_odd_codes_do_not_break_the_reading(odd: Any) -> None:
    found = provisions(consent({"type": "deny", "purpose": [odd], "securityLabel": [odd]}), TYPES)
    assert all(not rule.permits for rule in found)
