"""Starting a program from a chart: nobody else can use a launch, and what was taken back is asked again."""

from __future__ import annotations

from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from tests import cast
from tests.door.conftest import House
from tests.door.programs import BASE, Program, back
from tests.door.test_oauth_attacks import reads


@pytest.fixture(scope="module")
def program(house: House) -> Program:
    return Program.registered(house)


@pytest.fixture(scope="module")
def other(house: House) -> Program:
    return Program.registered(house, client_name="Other", redirect_uris=["https://other.example/callback"])


@pytest.fixture(scope="module")
def doctor(house: House) -> dict[str, str]:
    return house.session(cast.DOCTOR)


class TestLaunches:
    """A launch is for one sign-in, one program, one use."""

    def start(self, house: House, program: Program, cookie: dict[str, str]) -> str:
        form = {"form_token": house.form_token(cookie), "app": program.client_id}
        headers = {**cookie, "content-type": "application/x-www-form-urlencoded"}
        path = f"/chart/{house.ids['Patient']}/apps"
        answer = house.ask("POST", path, headers, content=urlencode(form))
        assert answer.status_code == 303, answer.text
        found = parse_qs(urlsplit(answer.headers["location"]).query)
        assert found["iss"] == [BASE]
        return found["launch"][0]

    def test_a_launch_brings_its_patient_once(
        self, house: House, program: Program, doctor: dict[str, str]
    ) -> None:
        launch = self.start(house, program, doctor)
        scope = "launch patient/Patient.r"
        code = program.code(doctor, launch=launch, scope=scope)
        got = program.redeem(code).json()
        assert (got["patient"], got["scope"], got["need_patient_banner"]) == (
            house.ids["Patient"],
            scope,
            True,
        )
        assert back(program.page(doctor, launch=launch, scope=scope))["error"] == "invalid_request"

    def test_a_stolen_launch_is_no_use_to_another_person_sign_in_or_program(
        self, house: House, program: Program, other: Program, doctor: dict[str, str]
    ) -> None:
        launch = self.start(house, program, doctor)
        for thief in (house.session(cast.NURSE), house.session(cast.DOCTOR)):
            assert (
                back(program.page(thief, launch=launch, scope="launch patient/*.rs"))["error"]
                == "invalid_request"
            )
        page = other.page(
            doctor,
            launch=launch,
            scope="launch patient/*.rs",
            redirect_uri=other.metadata["redirect_uris"][0],
        )
        assert back(page)["error"] == "invalid_request"

    def test_a_launch_is_for_a_chart_that_the_person_may_open(self, house: House, program: Program) -> None:
        stranger = house.session(cast.STRANGER)
        form = {"form_token": house.form_token(stranger), "app": program.client_id}
        headers = {**stranger, "content-type": "application/x-www-form-urlencoded"}
        for patient in (house.ids["Patient"], "absent"):
            answer = house.ask("POST", f"/chart/{patient}/apps", headers, content=urlencode(form))
            assert answer.status_code in (403, 404)
            assert "launch=" not in str(answer.headers)

    def test_what_was_allowed_before_is_not_asked_again_on_a_launch_until_it_is_taken_back(
        self, house: House, doctor: dict[str, str]
    ) -> None:
        fresh = Program.registered(house)
        scope = "launch patient/Patient.r"
        fresh.code(doctor, launch=self.start(house, fresh, doctor), scope=scope)
        again = fresh.page(doctor, launch=self.start(house, fresh, doctor), scope=scope)
        assert (again.status_code, "code" in back(again)) == (303, True)
        wider = fresh.page(doctor, launch=self.start(house, fresh, doctor), scope="launch patient/*.rs")
        assert wider.status_code == 200
        got = fresh.redeem(fresh.code(doctor, launch=self.start(house, fresh, doctor), scope=scope)).json()
        form = {"form_token": house.form_token(doctor), "app": fresh.client_id}
        headers = {**doctor, "content-type": "application/x-www-form-urlencoded"}
        assert house.ask("POST", "/apps/withdraw", headers, content=urlencode(form)).status_code == 303
        assert reads(house, got["access_token"]) == 401
        asked = fresh.page(doctor, launch=self.start(house, fresh, doctor), scope=scope)
        assert asked.status_code == 200
