"""What is told when something behind the API fails: nothing about anybody."""

from __future__ import annotations

import asyncio
import io
import json
import logging  # noqa: TID251 - what it was set to is put back
from collections.abc import Iterator
from typing import Any

import pytest

from charthouse.api.app import Api
from charthouse.base import log
from charthouse.base.errors import Category, problem
from tests.api.conftest import Caller, outcome, token_for


class Failing:
    """The door to a record whose disk or database has failed in the way given."""

    def __init__(self, failure: Exception) -> None:
        self.failure = failure

    async def read(self, *asked: Any) -> Any:
        raise self.failure

    async def commit(self, *asked: Any, **more: Any) -> Any:
        raise self.failure

    async def named_queries(self) -> list[Any]:
        """What the statement of what the server can do looks up."""
        return []


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What goes to the log."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    log.setup("info", "json", stream)
    yield stream
    root.handlers, root.level = handlers, level


def failing(runner: asyncio.Runner, clinic: Any, failure: Exception) -> Caller:
    """Somebody who calls an API whose record fails."""
    api = Api(Failing(failure), clinic.door, clinic.definitions, clinic.settings)  # type: ignore[arg-type]
    return Caller(runner, api, token_for(clinic))


def test_an_unforeseen_failure_tells_an_id_and_nothing_else(
    runner: asyncio.Runner, clinic: Any, written: io.StringIO
) -> None:
    caller = failing(runner, clinic, RuntimeError("Ada Okafor, born 1980, has disappeared"))
    answer = caller.get("Patient/123?name=Okafor", headers={"x-request-id": "trace-1"})
    assert "trace-1" in outcome(answer, 500)["diagnostics"]
    assert "Okafor" not in answer.text
    line = json.loads(written.getvalue())
    assert (line["event"], line["request"], line["error"]) == ("http.failed", "trace-1", "RuntimeError")
    assert line["path"] == "/fhir/Patient/123"
    assert "Okafor" not in written.getvalue()
    caller.aclose()


def test_a_failure_in_a_batch_is_that_entrys_own(
    runner: asyncio.Runner, clinic: Any, written: io.StringIO
) -> None:
    caller = failing(runner, clinic, RuntimeError("Ada Okafor"))
    asked = ({"method": "DELETE", "url": "Patient/1"}, {"method": "GET", "url": "metadata"})
    sent = {"resourceType": "Bundle", "type": "batch", "entry": [{"request": request} for request in asked]}
    entries = caller.post("", sent).json()["entry"]
    assert [entry["response"]["status"][:3] for entry in entries] == ["500", "200"]
    assert "Okafor" not in json.dumps(entries) + written.getvalue()
    caller.aclose()


def test_a_busy_record_says_when_to_come_again(runner: asyncio.Runner, clinic: Any) -> None:
    caller = failing(
        runner, clinic, problem(Category.BUSY, "transient", "The disk is full; nothing was written.")
    )
    answer = caller.delete("Patient/1")
    assert outcome(answer, 503)["code"] == "transient"
    assert int(answer.headers["retry-after"]) > 0
    caller.aclose()


def test_a_failure_to_recurse_is_the_callers(runner: asyncio.Runner, clinic: Any) -> None:
    caller = failing(runner, clinic, RecursionError())
    assert "nested" in outcome(caller.get("Patient/1"), 400)["diagnostics"]
    caller.aclose()
