"""What attackers try on an authorisation server (RFC 9700; RFC 6819): each must gain nothing."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from tests import cast
from tests.door.conftest import House
from tests.door.programs import BASE, CALLBACK, EVERYTHING, Form, Program, back, bearer, pair

READ = "launch/patient patient/*.rs"


def reads(house: House, token: str) -> int:
    """The status of a read of the marked patient."""
    return house.ask("GET", f"/fhir/Patient/{house.ids['Patient']}", bearer(token)).status_code


def refused(answer: httpx.Response, word: str) -> bool:
    """Whether an answer of the token endpoint refuses with `word`, keeps out of caches, and brings no token."""
    assert answer.headers["cache-control"] == "no-store"
    told = answer.json()
    assert not {"access_token", "refresh_token", "id_token"} & told.keys()
    return bool(told["error"] == word and answer.status_code == (401 if word == "invalid_client" else 400))


@pytest.fixture(scope="module")
def program(house: House) -> Program:
    """A public program, approved for everything."""
    return Program.registered(house)


@pytest.fixture(scope="module")
def other(house: House) -> Program:
    """Another program at another address."""
    return Program.registered(house, client_name="Other", redirect_uris=["https://other.example/callback"])


@pytest.fixture(scope="module")
def doctor(house: House) -> dict[str, str]:
    return house.session(cast.DOCTOR)


class TestCodes:
    """A code is good once, for a minute, for its program, address and verifier."""

    def test_a_second_use_of_a_code_ends_what_the_first_gave(
        self, house: House, program: Program, doctor: dict[str, str]
    ) -> None:
        code = program.code(doctor, scope=f"{READ} offline_access")
        first = program.redeem(code).json()
        assert reads(house, first["access_token"]) == 200
        assert refused(program.redeem(code), "invalid_grant")
        assert reads(house, first["access_token"]) == 401
        assert refused(program.refresh(first["refresh_token"]), "invalid_grant")

    @pytest.mark.parametrize("verifier", ["", "short", "A" * 43, None])
    def test_a_code_without_its_verifier_is_void_and_used_up(
        self, program: Program, doctor: dict[str, str], verifier: str | None
    ) -> None:
        code = program.code(doctor)
        word = "invalid_request" if not verifier else "invalid_grant"
        assert refused(program.redeem(code, code_verifier=verifier), word)
        if verifier:
            assert refused(program.redeem(code), "invalid_grant")

    @pytest.mark.parametrize(
        "address", [CALLBACK + "/", CALLBACK + "?x=1", "https://evil.example/", CALLBACK.upper(), "x"]
    )
    def test_a_code_is_bound_to_its_address(
        self, program: Program, doctor: dict[str, str], address: str
    ) -> None:
        assert refused(program.redeem(program.code(doctor), redirect_uri=address), "invalid_grant")

    def test_a_code_of_one_program_is_no_use_to_another_and_both_lose_it(
        self, program: Program, other: Program, doctor: dict[str, str]
    ) -> None:
        code = program.code(doctor)
        assert refused(program.redeem(code, client_id=other.client_id), "invalid_grant")
        assert refused(program.redeem(code), "invalid_grant")

    def test_a_code_is_good_for_a_minute(
        self, house: House, program: Program, doctor: dict[str, str]
    ) -> None:
        code = program.code(doctor)
        house.clinic.write(
            lambda connection: connection.run("UPDATE authorisation_code SET expires = expires - 60001")
        )
        assert refused(program.redeem(code), "invalid_grant")

    @pytest.mark.parametrize("code", ["x", "'; DROP TABLE app", "ü", "\x00", "A" * 9000])
    def test_a_code_that_was_never_made_is_refused(self, program: Program, code: str) -> None:
        program.request()
        assert refused(program.redeem(code), "invalid_grant")

    def test_neither_code_nor_token_is_kept_or_told_to_the_audit(
        self, house: House, program: Program, doctor: dict[str, str]
    ) -> None:
        code = program.code(doctor, scope=f"{READ} offline_access")
        got = program.redeem(code).json()
        folder = house.clinic.settings.data
        kept = b"".join(file.read_bytes() for file in folder.glob("*.db*"))
        for secret in (code, got["access_token"], got["refresh_token"], program.verifier):
            assert secret.encode() not in kept
        assert program.client_id.encode() in kept


class TestRedirects:
    """The browser goes to registered addresses only, and a failure before that is shown, not sent."""

    @pytest.mark.parametrize(
        "address",
        [
            "https://evil.example/callback", CALLBACK + "/../../evil", CALLBACK + "#x", CALLBACK + "/",
            CALLBACK + "?a=b",
            "https://growth.example@evil.example/callback", "https://growth.example.evil.example/callback",
            "http://growth.example/callback", "//growth.example/callback", "javascript:alert(1)", "", None,
            "https://growth.example/callback%0d%0aSet-Cookie:x=y", "https://growth.example/CALLBACK",
        ],
    )  # fmt: skip
    def test_no_other_address_is_ever_sent_to(
        self, program: Program, doctor: dict[str, str], address: str | None
    ) -> None:
        for page in (
            program.page(doctor, redirect_uri=address),
            program.page(doctor, redirect_uri=address, scope="x"),
        ):
            assert page.status_code == 400
            assert "location" not in page.headers
            assert "evil" not in page.text

    def test_an_unknown_program_is_no_open_redirector(self, program: Program, doctor: dict[str, str]) -> None:
        for client_id in ("nobody", "", None, program.client_id.upper()):
            page = program.page(doctor, client_id=client_id, redirect_uri="https://evil.example/")
            assert (page.status_code, page.headers.get("location")) == (400, None)

    def test_a_parameter_sent_twice_is_refused(
        self, house: House, program: Program, doctor: dict[str, str]
    ) -> None:
        query = urlencode([*program.request().items(), ("redirect_uri", "https://evil.example/")])
        page = house.ask("GET", f"/oauth/authorize?{query}", doctor)
        assert (page.status_code, page.headers.get("location")) == (400, None)

    def test_a_tampered_form_is_looked_at_anew(
        self, program: Program, doctor: dict[str, str], house: House
    ) -> None:
        page = program.page(doctor)
        patient = house.ids["Patient"]
        for changed in ({"redirect_uri": "https://evil.example/"}, {"client_id": "nobody"}):
            answer = program.answer(doctor, page, patient=patient, **changed)
            assert (answer.status_code, answer.headers.get("location")) == (400, None)
        answer = program.answer(doctor, page, patient=patient, code_challenge_method="plain")
        assert back(answer)["error"] == "invalid_request"

    def test_the_answer_names_its_issuer_and_brings_the_state_back(
        self, program: Program, doctor: dict[str, str], house: House
    ) -> None:
        state = 'a&b=c#d "<é>'
        told = back(program.answer(doctor, program.page(doctor, state=state), patient=house.ids["Patient"]))
        assert (told["state"], told["iss"]) == (state, "http://localhost")
        told = back(program.page(doctor, state=state, scope="nonsense"))
        assert (told["state"], told["iss"], told["error"]) == (state, "http://localhost", "invalid_scope")

    def test_where_it_goes_is_not_told_and_not_kept(
        self, program: Program, doctor: dict[str, str], house: House
    ) -> None:
        answer = program.answer(doctor, program.page(doctor), patient=house.ids["Patient"])
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"


class TestRequests:
    """What a request must bring."""

    @pytest.mark.parametrize(
        ("changed", "word"),
        [
            ({"code_challenge": None}, "invalid_request"),
            ({"code_challenge_method": None}, "invalid_request"),
            ({"code_challenge_method": "plain"}, "invalid_request"),
            ({"code_challenge": "short"}, "invalid_request"),
            ({"code_challenge": "+" * 43}, "invalid_request"),
            ({"state": None}, "invalid_request"),
            ({"aud": None}, "invalid_request"),
            ({"aud": "https://evil.example/fhir"}, "invalid_request"),
            ({"aud": BASE + "/Patient"}, "invalid_request"),
            ({"response_type": "token"}, "unsupported_response_type"),
            ({"response_type": "code id_token"}, "unsupported_response_type"),
            ({"response_type": None}, "unsupported_response_type"),
            ({"scope": "system/*.cruds"}, "invalid_scope"),
            ({"scope": ""}, "invalid_scope"),
            ({"scope": "offline_access launch/patient"}, "invalid_scope"),
            ({"launch": "made-up"}, "invalid_request"),
            ({"prompt": "none"}, "interaction_required"),
        ],
    )  # fmt: skip
    def test_what_is_wrong_is_told_to_the_program(
        self, program: Program, doctor: dict[str, str], changed: dict[str, Any], word: str
    ) -> None:
        page = program.page(doctor, **changed)
        assert page.status_code == 303
        assert page.headers["location"].startswith(CALLBACK + "?")
        assert back(page)["error"] == word

    def test_nobody_is_asked_who_is_not_signed_in_and_a_token_is_no_sign_in(
        self, house: House, program: Program
    ) -> None:
        page = program.page({})
        assert (page.status_code, page.headers["location"]) == (303, "/sign-in")
        page = program.page(house.everything)
        assert (page.status_code, page.headers["location"]) == (303, "/sign-in")

    def test_unknown_scopes_are_left_out_and_what_was_granted_is_told(
        self, program: Program, doctor: dict[str, str]
    ) -> None:
        code = program.code(
            doctor, scope="user/Patient.rs user/Nonsense.rs user/Patient.sr teapot user/Patient.rs?zzz=1"
        )
        assert program.redeem(code).json()["scope"] == "user/Patient.rs"


class TestScopes:
    """Nobody gets more than was asked, allowed to the program, open to the person, and left ticked."""

    def test_never_more_than_the_program_is_allowed(self, house: House, doctor: dict[str, str]) -> None:
        narrow = Program.registered(house, scope="launch/patient patient/Observation.rs patient/Patient.r")
        code = narrow.code(doctor, scope="launch/patient patient/*.cruds user/*.cruds offline_access")
        got = narrow.redeem(code).json()
        assert got["scope"] == "launch/patient patient/Observation.rs patient/Patient.r"
        assert "refresh_token" not in got

    def test_never_more_than_an_administrator_left(self, house: House, doctor: dict[str, str]) -> None:
        cut = Program.registered(house, approve=False, scope="user/*.cruds user/Patient.rs")
        cut.decide("approved", allowed=["user/Patient.rs", "user/Observation.cruds"])
        assert cut.app.allowed == {"user/Patient.rs"}
        assert cut.redeem(cut.code(doctor, scope="user/*.cruds")).json()["scope"] == "user/Patient.rs"

    def test_never_more_than_the_person_left_ticked(self, program: Program, doctor: dict[str, str]) -> None:
        code = program.code(
            doctor, scope="user/Patient.rs user/Observation.rs", permits=["user/Patient.rs", "user/*.cruds"]
        )
        assert program.redeem(code).json()["scope"] == "user/Patient.rs"

    def test_never_more_than_the_person_s_roles_open(self, house: House, program: Program) -> None:
        stranger = house.session(cast.STRANGER)
        assert back(program.page(stranger, scope="user/*.cruds"))["error"] == "invalid_scope"
        code = program.code(house.session(cast.DOCTOR), scope="user/Patient.cruds user/CodeSystem.cruds")
        granted = program.redeem(code).json()["scope"].split()
        assert "user/CodeSystem.cruds" not in granted
        assert "user/CodeSystem.rs" in granted

    def test_nothing_left_ticked_is_a_no(
        self, house: House, program: Program, doctor: dict[str, str]
    ) -> None:
        answer = program.answer(doctor, program.page(doctor), permits=[], patient=house.ids["Patient"])
        assert back(answer)["error"] == "access_denied"

    def test_a_refresh_narrows_and_never_widens(
        self, house: House, program: Program, doctor: dict[str, str]
    ) -> None:
        code = program.code(doctor, scope="user/Patient.rs user/Observation.rs offline_access")
        refresh = program.redeem(code).json()["refresh_token"]
        for wide in (
            "user/*.cruds",
            "user/Patient.cruds",
            "user/Patient.rs system/*.rs",
            "patient/Patient.rs",
        ):
            assert refused(program.refresh(refresh, scope=wide), "invalid_scope")
        got = program.refresh(refresh, scope="user/Patient.r").json()
        assert got["scope"] == "user/Patient.r"
        assert house.ask("GET", "/fhir/Observation", bearer(got["access_token"])).status_code == 403
        assert (
            program.refresh(got["refresh_token"]).json()["scope"]
            == "offline_access user/Observation.rs user/Patient.rs"
        )

    def test_a_patient_scope_without_a_patient_opens_nothing(
        self, house: House, program: Program, doctor: dict[str, str]
    ) -> None:
        page = program.page(doctor, scope="openid patient/*.rs")
        answer = program.answer(doctor, page, patient="")
        assert answer.status_code == 422
        assert "Choose the patient" in answer.text
        assert program.answer(doctor, page, patient="absent").status_code == 404


class TestRefresh:
    """Refresh tokens turn over, and one that comes back ends everything."""

    def test_a_used_refresh_token_that_comes_back_ends_all(
        self, house: House, program: Program, doctor: dict[str, str]
    ) -> None:
        old = program.redeem(program.code(doctor, scope=f"{READ} offline_access")).json()
        new = program.refresh(old["refresh_token"]).json()
        assert new["refresh_token"] != old["refresh_token"]
        assert (new["patient"], reads(house, new["access_token"])) == (house.ids["Patient"], 200)
        assert refused(program.refresh(old["refresh_token"]), "invalid_grant")
        assert (reads(house, old["access_token"]), reads(house, new["access_token"])) == (401, 401)
        assert refused(program.refresh(new["refresh_token"]), "invalid_grant")

    def test_another_program_cannot_use_it(
        self, program: Program, other: Program, doctor: dict[str, str]
    ) -> None:
        held = program.redeem(program.code(doctor, scope=f"{READ} offline_access")).json()["refresh_token"]
        assert refused(other.refresh(held), "invalid_grant")

    def test_online_access_ends_with_the_sign_in_and_offline_access_does_not(
        self, house: House, program: Program
    ) -> None:
        session = house.session(cast.NURSE)
        online = program.redeem(program.code(session, scope=f"{READ} online_access")).json()
        offline = program.redeem(program.code(session, scope=f"{READ} offline_access")).json()
        form = {**session, "content-type": "application/x-www-form-urlencoded"}
        house.ask("POST", "/sign-out", form, content=urlencode({"form_token": house.form_token(session)}))
        assert (reads(house, online["access_token"]), reads(house, offline["access_token"])) == (401, 200)
        assert refused(program.refresh(online["refresh_token"]), "invalid_grant")
        assert program.refresh(offline["refresh_token"]).status_code == 200


class TestConsent:
    """The page that asks cannot be clicked by somebody else."""

    def test_a_click_without_the_form_token_of_the_sign_in_is_refused(
        self, house: House, program: Program, doctor: dict[str, str]
    ) -> None:
        page = program.page(doctor)
        for token in ("", "wrong", house.form_token(house.session(cast.NURSE))):
            answer = program.answer(doctor, page, form_token=token, patient=house.ids["Patient"])
            assert answer.status_code == 403
            assert "location" not in answer.headers
        cross = {"sec-fetch-site": "cross-site"}
        assert program.answer(doctor, page, headers=cross, patient=house.ids["Patient"]).status_code == 403

    def test_the_page_cannot_be_framed_and_its_form_goes_to_us_and_the_program_alone(
        self, program: Program, doctor: dict[str, str]
    ) -> None:
        headers = program.page(doctor).headers
        policy = {
            part.split()[0]: part.split()[1:] for part in headers["content-security-policy"].split("; ")
        }
        assert policy["frame-ancestors"] == ["'none'"]
        assert policy["form-action"] == ["'self'", "https://growth.example"]
        assert headers["x-frame-options"] == "DENY"

    def test_what_a_program_says_of_itself_is_text_and_nothing_more(
        self, house: House, doctor: dict[str, str]
    ) -> None:
        hostile = Program.registered(
            house,
            client_name="<script>alert(1)</script>\u202egpj",
            client_description="<img src=x onerror=alert(1)>",
        )
        page = hostile.page(doctor)
        assert page.status_code == 200
        assert "<script>alert" not in page.text
        assert "<img src=x" not in page.text
        assert "\u202e" not in page.text

    def test_no_is_told_to_the_program(self, program: Program, doctor: dict[str, str]) -> None:
        answer = program.answer(doctor, program.page(doctor), decision="deny")
        assert back(answer)["error"] == "access_denied"

    def test_a_hidden_or_absent_patient_cannot_be_chosen(self, house: House, program: Program) -> None:
        own = house.session(cast.PATIENT)
        page = program.page(own, scope="openid launch/patient patient/*.rs")
        assert house.ids["Patient"] not in page.text
        answer = program.answer(own, page, patient=house.ids["Patient"]) if Form(page.text).hidden else page
        assert "code" not in back(answer)


def test_the_scopes_of_these_tests_are_all_that_can_be_asked(program: Program) -> None:
    assert program.app.allowed == set(EVERYTHING.split())
    assert pair() != pair()
