"""Who is let in from another server, and as whom."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from charthouse.access.oidc.flow import is_strong
from charthouse.access.oidc.provider import Known
from charthouse.access.oidc.provider import Provider as Settings_
from charthouse.base.errors import Problem
from tests import cast, openid, postgres
from tests.unit.access.oidc.desk import ADA, Desk, opened

# -- who is let in


def test_somebody_expected_is_linked_once_and_known_by_subject_ever_after(desk: Desk) -> None:
    with pytest.raises(Problem, match="not known here"):
        desk.whole()
    desk.expect()
    vouched = desk.whole()
    assert vouched.account == desk.people[cast.DOCTOR.name]
    assert not vouched.strong
    desk.provider.people["ada"] |= {"preferred_username": "renamed", "email": "other@harbor.example"}
    assert desk.whole().account == vouched.account
    # the name she had is given to somebody else there: that is not her
    desk.provider.people["eve"] = {**ADA, "sub": "0x2"}
    with pytest.raises(Problem, match="not known here"):
        desk.whole("eve")


@pytest.mark.postgres
def test_on_postgresql_as_well(provider: openid.Provider, tmp_path: Path, postgres_url: str) -> None:
    desk = opened(postgres.fresh_database(postgres_url), tmp_path, provider)
    try:
        desk.set(
            just_in_time=True, domains=("harbor.example",), groups="g", roles=(("n", "nurse"),), role="coder"
        )
        desk.provider.people["ada"] |= {"email_verified": True, "g": ["n"]}
        account = desk.whole().account
        assert desk.clinic.people.get(account).roles == {"coder", "nurse"}
        link = desk.openid.accounts.of(provider.url)[0]
        ended = desk.clinic.write(
            lambda conn: desk.openid.accounts.unlink(conn, desk.admin, desk.known, link.id)
        )
        assert ended == account
        asked, cookie = desk.leave()
        answer = desk.approved(asked)
        desk.back(answer, cookie)
        with pytest.raises(Problem, match="over"):
            desk.back(answer, cookie)
    finally:
        desk.clinic.close()
        desk.runner.close()


@pytest.mark.parametrize(
    ("claims", "allowed"),
    [
        ({"email_verified": True}, True),
        ({}, False),
        ({"email_verified": False}, False),
        ({"email_verified": "true"}, False),
        ({"email_verified": True, "email": "ada@elsewhere.example"}, False),
        ({"email_verified": True, "email": "ada@harbor.example.evil.example"}, False),
        ({"email_verified": True, "email": "@harbor.example"}, False),
        ({"email_verified": True, "email": ["ada@harbor.example"]}, False),
    ],
)
def test_an_account_is_made_only_for_a_verified_address_of_our_own(
    desk: Desk, claims: Any, allowed: bool
) -> None:
    desk.provider.people["ada"] |= claims
    desk.set(just_in_time=True, domains=("harbor.example",))
    if not allowed:
        with pytest.raises(Problem, match="not known here"):
            desk.whole()
        return
    person = desk.clinic.people.get(desk.whole().account)
    assert (person.name, person.display, person.roles) == ("ada@harbor.example", "Ada Okafor", frozenset())


def test_a_user_name_that_is_taken_is_not_taken_over(desk: Desk) -> None:
    desk.set(just_in_time=True, domains=("harbor.example",))
    desk.provider.people["ada"] |= {"preferred_username": cast.ADMINISTRATOR.name, "email_verified": True}
    with pytest.raises(Problem, match="not known here"):
        desk.whole()
    assert desk.openid.accounts.of(desk.provider.url) == []


def test_an_address_that_the_server_calls_unverified_is_nobodys(desk: Desk) -> None:
    desk.set(claim="email")
    desk.expect()
    desk.provider.people["ada"] |= {"email_verified": False}
    with pytest.raises(Problem, match="not known here"):
        desk.whole()


def test_groups_give_and_take_only_the_roles_they_decide_over(desk: Desk) -> None:
    desk.set(groups="groups", roles=(("Nurses", "nurse"), ("Coders", "coder")))
    desk.expect()
    account = desk.people[cast.DOCTOR.name]
    desk.provider.people["ada"] |= {"groups": ["Nurses", "Others", 7]}
    desk.whole()
    assert desk.clinic.people.get(account).roles == {"clinician", "nurse"}
    desk.provider.people["ada"] |= {"groups": "Coders"}
    desk.whole()
    assert desk.clinic.people.get(account).roles == {"clinician", "coder"}
    del desk.provider.people["ada"]["groups"]
    desk.whole()
    assert desk.clinic.people.get(account).roles == {"clinician"}


def test_a_group_does_not_take_the_last_administrator_away(desk: Desk) -> None:
    desk.set(groups="groups", roles=(("Admins", "administrator"),))
    desk.expect(who=cast.ADMINISTRATOR)
    desk.whole()
    assert "administrator" in desk.clinic.people.get(desk.people[cast.ADMINISTRATOR.name]).roles


def test_claims_that_the_token_lacks_are_asked_for_and_those_of_somebody_else_are_not_taken(
    desk: Desk,
) -> None:
    desk.expect()
    del desk.provider.people["ada"]["preferred_username"]
    desk.provider.people["ada"]["userinfo"] = {"preferred_username": "ada@harbor.example", "sub": "other"}
    with pytest.raises(Problem, match="not known here"):
        desk.whole()
    desk.provider.people["ada"]["userinfo"] = {"preferred_username": "Ada@Harbor.example"}
    assert desk.whole().account == desk.people[cast.DOCTOR.name]


def test_two_factors_count_only_where_the_server_is_trusted_with_them() -> None:
    plain = Known("x", Settings_("H", "https://h", "c"))
    trusted = Known("x", Settings_("H", "https://h", "c", trusts_mfa=True, mfa=("mfa", "urn:two")))
    assert not is_strong(plain, {"amr": ["mfa"]})
    assert is_strong(trusted, {"amr": ["pwd", "mfa"]})
    assert is_strong(trusted, {"acr": "urn:two"})
    for claims in ({}, {"amr": ["pwd"]}, {"amr": "mfa"}, {"amr": [["mfa"]]}, {"acr": ["urn:two"]}):
        assert not is_strong(trusted, claims)
