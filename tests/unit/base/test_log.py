"""A log line holds codes, paths, opaque ids and durations, and nothing that could tell of a patient."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from charthouse.base import log

NAME = "Hannelore Achterberg"


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """Put the process's logging back as it was."""
    root = logging.getLogger()
    kept = (root.handlers, root.level, logging.getLogger("charthouse").level)
    yield
    root.handlers, root.level, logging.getLogger("charthouse").level = kept
    logging.raiseExceptions = True


@pytest.fixture
def out() -> io.StringIO:
    stream = io.StringIO()
    log.setup("info", "json", stream)
    return stream


def lines(out: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_a_line_tells_time_part_event_and_fields(out: io.StringIO) -> None:
    log.get("api").info("http.answered", method="GET", path="/fhir/Patient/a-1", status=200, duration_ms=1.5)
    (line,) = lines(out)
    assert line.pop("time").endswith("Z")
    assert line == {
        "level": "info",
        "part": "api",
        "event": "http.answered",
        "method": "GET",
        "path": "/fhir/Patient/a-1",
        "status": 200,
        "duration_ms": 1.5,
    }


def test_a_query_and_a_segment_with_a_name_are_not_in_the_path(out: io.StringIO) -> None:
    log.get("api").info("http.answered", path=f"/fhir/Patient?name={NAME}")
    log.get("api").info("http.answered", path=f"/patients/{NAME}/chart")
    assert [line["path"] for line in lines(out)] == ["/fhir/Patient", "/patients/*/chart"]
    assert NAME not in out.getvalue()


def test_a_field_that_is_not_on_the_list_is_dropped_and_its_name_told(out: io.StringIO) -> None:
    log.get("api").info("http.answered", patient=NAME, birth="1940-01-01", count=3)
    (line,) = lines(out)
    assert line["dropped"] == ["birth", "patient"]
    assert line["count"] == 3
    assert NAME not in out.getvalue()


def test_a_field_of_the_wrong_shape_is_dropped(out: io.StringIO) -> None:
    log.get("api").info(
        "http.answered", id=NAME, code=f"x {NAME}", count=NAME, type={"name": NAME}, actor=None
    )
    assert lines(out)[0]["dropped"] == ["code", "count", "id", "type"]
    assert NAME not in out.getvalue()


def test_an_event_that_is_a_sentence_is_not_told(out: io.StringIO) -> None:
    log.get("api").warning(f"{NAME} could not be saved")
    assert lines(out)[0]["event"] == "unnamed"
    assert NAME not in out.getvalue()


def test_of_a_failure_only_class_and_places_are_told(out: io.StringIO) -> None:
    try:
        raise ValueError(f"bad name {NAME}")
    except ValueError as failure:
        log.get("store").error("write.failed", failure=failure)
    (line,) = lines(out)
    assert line["error"] == "ValueError"
    assert "test_log:" in line["where"]
    assert NAME not in out.getvalue()


def test_a_library_passes_the_same_gate(out: io.StringIO) -> None:
    library = logging.getLogger("uvicorn.error")
    library.setLevel(logging.WARNING)  # a server that ran in this process may have left another
    library.info("told too much")
    library.error("cannot serve %s", NAME)
    try:
        raise KeyError(NAME)
    except KeyError:
        library.exception("failed for %s", NAME)
    told = lines(out)
    assert [line["event"] for line in told] == ["library.spoke", "library.spoke"]
    assert told[0]["part"] == "uvicorn.error"
    assert told[1]["error"] == "KeyError"
    assert NAME not in out.getvalue()


def test_a_library_with_an_outlet_of_its_own_loses_it() -> None:
    aside, out = io.StringIO(), io.StringIO()
    library = logging.getLogger("test.other")
    library.addHandler(logging.StreamHandler(aside))
    library.propagate = False
    log.setup("info", "json", out)
    library.error("cannot serve %s", NAME)
    assert [line["event"] for line in lines(out)] == ["library.spoke"]
    assert not aside.getvalue()


def test_lines_below_the_level_are_not_written() -> None:
    out = io.StringIO()
    log.setup("warning", "json", out)
    log.get("api").info("http.answered")
    log.get("api").debug("http.answered")
    log.get("api").warning("http.slow")
    assert [line["event"] for line in lines(out)] == ["http.slow"]


def test_a_terminal_gets_lines_for_people() -> None:
    out = io.StringIO()
    log.setup("debug", "console", out)
    log.get("search").debug("search.slow", duration_ms=812)
    assert out.getvalue()[12:] == " debug   search search.slow duration_ms=812\n"


def test_a_stream_that_fails_does_not_stop_the_work() -> None:
    out = io.StringIO()
    log.setup("info", "json", out)
    out.close()
    log.get("api").info("http.answered")
