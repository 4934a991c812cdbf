"""The workforce pages over HTTP on both databases: one's own steps, the directory and its right, answers about pay."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from charthouse.access.reporting import Reporting
from charthouse.access.rules.shelf import Shelf as Policies
from charthouse.app import Clinic, build
from charthouse.workforce.entered import LARGEST

PDF = b"%PDF-1.7 letter"
PART = {"hx-request": "true"}


class Person:
    """Somebody who is signed in, with forms that carry their token."""

    def __init__(self, runner: asyncio.Runner, clinic: Clinic, app: Any, name: str, roles: list[str]) -> None:
        self._runner, self._app = runner, app
        self.id = clinic.write(lambda connection: clinic.people.add(connection, name, name.title(), roles))
        secret = clinic.write(lambda connection: clinic.sessions.open(connection, self.id))
        self._headers = {"cookie": f"{clinic.cookie.name}={secret}"}
        live = clinic.door.session(self._headers)
        assert not isinstance(live, Exception)
        self.token = live.form_token

    def ask(
        self, method: str, path: str, headers: dict[str, str] | None = None, **given: Any
    ) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(app=self._app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
                return await client.request(
                    method, path, headers={**self._headers, **(headers or {})}, **given
                )

        return self._runner.run(send())

    def get(self, path: str, headers: dict[str, str] | None = None) -> httpx.Response:
        return self.ask("GET", path, headers)

    def do(self, act: str, file: Any = b"", called: Any = "x.pdf", **words: Any) -> httpx.Response:
        """A form as htmx sends it."""
        data = {"form_token": self.token, **{name: str(value) for name, value in words.items()}}
        files = {"file": (called, file, "text/html")} if file else None
        return self.ask("POST", f"/planner/{act}", PART, data=data, files=files)


Enter = Callable[..., Person]


@pytest.fixture(scope="module")
def enter(runner: asyncio.Runner, clinic: Clinic) -> Enter:
    app = build(clinic)
    return lambda name, *roles: Person(runner, clinic, app, name, list(roles))


def first(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    assert found, pattern
    return found[1]


def test_steps_are_written_changed_taken_out_and_put_back_by_their_owner_alone(
    clinic: Clinic, enter: Enter
) -> None:
    ana, bo = enter("ana", "learner"), enter("bo", "nurse")
    soon = clinic.workforce.planner.today() + timedelta(days=3)
    made = ana.do("step", PDF, 'my "letter" – ü.exe', title="Book <the> exam", kind="exam", due=soon)
    assert made.status_code == 200
    assert "Book &lt;the&gt; exam" in made.text
    assert "<html" not in made.text
    step, paper = first(r"step-(\d+)", made.text), first(r"/planner/document/(\d+)", made.text)
    saved = ana.get(f"/planner/document/{paper}")
    assert (saved.content, saved.headers["content-type"]) == (PDF, "application/pdf")
    assert saved.headers["x-content-type-options"] == "nosniff"
    assert saved.headers["content-disposition"] == (
        "attachment; filename=\"my letter _ _.pdf\"; filename*=UTF-8''my%20letter%20%E2%80%93%20%C3%BC.pdf"
    )
    assert "Book &lt;the&gt; exam" in ana.get("/").text
    assert "in 3 days" in ana.get("/").text
    assert "reminders" not in bo.get("/").text
    assert "Book" not in bo.get("/planner").text
    for answer in (
        bo.get(f"/planner/document/{paper}"),
        bo.do("change", title="mine", id=step),
        bo.do("drop", id=step),
        bo.do("done", id=step),
        bo.do("drop-document", id=paper),
        bo.do("restore", what="step", id=step),
    ):
        assert answer.status_code == 404
    assert bo.get(f"/planner?edit={step}").text.count("editing") == 0
    assert 'value="Book &lt;the&gt; exam"' in ana.get(f"/planner?edit={step}", PART).text
    assert "Sit the exam" in ana.do("change", title="Sit the exam", id=step, kind="exam", due="").text
    refused = ana.do("change", title="", id=step, kind="exam")
    assert refused.status_code == 400
    assert "What is to be done?" in refused.text
    assert 'class="editing' in refused.text
    gone = ana.do("drop", id=step)
    assert "Sit the exam" not in gone.text
    assert ana.get(f"/planner/document/{paper}").status_code == 404
    back = ana.do("restore", what="step", id=step)
    assert "Sit the exam" in back.text
    assert ana.get(f"/planner/document/{paper}").content == PDF
    for what in ("account", "", "step'"):
        assert ana.do("restore", what=what, id=step).status_code == 404
    plain = ana.ask("POST", "/planner/drop", data={"form_token": ana.token, "id": step})
    assert plain.headers["location"] == f"/planner?gone=step&id={step}#plan"
    assert "Undo" in ana.get(plain.headers["location"]).text


def test_contact_hours_certificates_and_the_transcript(enter: Enter) -> None:
    ana, bo = enter("ada", "coder"), enter("bob", "coder")
    rule = {"credential": "CEHRS", "begins": "2026-01-01", "years": 2, "credits": 10, "hours": 2}
    assert "2 contact hours make a credit" in ana.do("credential", **rule).text
    shown = ana.do("credit", PDF, credential="CEHRS", day="2026-02-01", title="Release", hours=5, credits="")
    assert "2.5 of 10 credits" in shown.text
    number = first(r"/planner/certificate/(\d+)", shown.text)
    assert ana.get(f"/planner/certificate/{number}").content == PDF
    assert bo.get(f"/planner/certificate/{number}").status_code == 404
    both = ana.do("credit", credential="CEHRS", day="2026-02-01", title="x", hours=5, credits=1)
    assert (both.status_code, "either one" in both.text) == (422, True)
    paper = ana.get("/planner/transcript.pdf")
    assert paper.content.startswith(b"%PDF-")
    assert b"BEGIN:VCALENDAR" in ana.get("/planner/calendar.ics").content
    assert "Undo" in ana.do("leave", id="CEHRS").text
    assert "2.5 of 10 credits" in ana.do("restore", what="credential", id="CEHRS").text


@pytest.mark.parametrize("kind", [b"<html><script>", b"MZ", b"%PDF-" + b"x" * LARGEST])
def test_files_that_are_not_what_is_taken_are_refused_and_the_words_stay(enter: Enter, kind: bytes) -> None:
    person = enter(f"p{len(kind)}", "nurse")
    answer = person.do("step", kind, title="Keep these words")
    assert answer.status_code == 400
    assert "Keep these words" in answer.text
    assert person.do("step", b"x" * (LARGEST + 100_000), title="x").status_code == 413
    assert "/planner/document/" not in person.get("/planner").text


def test_the_directory_is_kept_by_who_has_the_right_and_read_by_everybody(
    clinic: Clinic, enter: Enter
) -> None:
    keepers = set()
    for kept in clinic.policies.all():
        if kept.name in ("patient", "programs"):
            continue
        person = enter(f"r-{kept.name}", kept.name)
        answer = person.do("programme", name=f"School of {kept.name}", address="https://example.org/x")
        assert answer.status_code in (200, 403), kept.name
        if answer.status_code == 200:
            keepers.add(kept.name)
        assert ("/planner/programme" in person.get("/planner").text) == (answer.status_code == 200)
    assert keepers == {"administrator", "implementer", "instructor"}
    nurse, trainer = enter("nora", "nurse"), enter("tom", "instructor")
    page = trainer.get("/planner").text
    assert "School of instructor" in nurse.get("/planner").text
    number = first(r"programme-(\d+)", page)
    for act, words in (
        ("change-programme", {"name": "x"}),
        ("drop-programme", {}),
        ("restore", {"what": "programme"}),
    ):
        assert nurse.do(act, id=number, **words).status_code == 403
    assert "Renamed" in trainer.do("change-programme", id=number, name="Renamed").text
    assert "Renamed" not in trainer.do("drop-programme", id=number).text
    assert "Renamed" in trainer.do("restore", what="programme", id=number).text
    connection = clinic.open_audit()
    try:
        entries = Reporting(connection).latest(count=1000).entries
    finally:
        connection.close()
    events = [one.event for one in entries if one.event.type == "programmes"]
    told = [one.interaction for one in events if one.actor == trainer.id]
    assert sorted(told) == ["delete", "update", "update"]


def test_a_clinic_may_give_the_right_to_another_role(clinic: Clinic, enter: Enter) -> None:
    policy = {
        "policy": "keepers",
        "roles": ["analyst"],
        "rules": [{"allow": ["create"], "on": ["programmes"]}],
    }
    shelf: Policies = clinic.policies
    clinic.write(lambda connection: shelf.put(connection, json.dumps(policy), 0))
    clinic.generation.stale()
    analyst = enter("al", "analyst")
    assert analyst.do("programme", name="P").status_code == 200
    assert analyst.do("drop-programme", id=1).status_code == 403


def test_pay_is_told_the_same_whatever_keeps_the_record(clinic: Clinic, enter: Enter) -> None:
    person = enter("paula", "nurse")
    path = "/salary.json?area=CA&years=4&industry=hospital"
    assert person.get(path).content == clinic.workforce.shelf.json(
        {"area": "CA", "years": "4", "industry": "hospital"}
    )
    for page in ("/salary?area=CA", "/careers/coder", "/guide?area=MS", "/salary/file/places.csv"):
        assert person.get(page).status_code == 200
