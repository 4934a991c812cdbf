"""Values on their way to PostgreSQL and back."""

from __future__ import annotations

from decimal import Decimal
from math import inf
from typing import Any

import pytest

from charthouse.db import queries, wire
from charthouse.db.postgres import Postgres

ALL = "INSERT INTO word (number, word, blob, size, small) SELECT * FROM unnest({})".format(
    ", ".join(f"%s::{name}[]" for name in ("bigint", "text", "bytea", "double precision", "integer"))
)
READ = "SELECT number, word, blob, size, small FROM word ORDER BY number"


def test_places_are_numbered_and_percent_signs_stay() -> None:
    sql = queries.portable("SELECT a FROM t WHERE b = ? AND c % 2 = ? AND d = ANY(?::bigint[])", "postgres")
    found = wire.statement(sql)
    assert found.text == b"SELECT a FROM t WHERE b = $1 AND c % 2 = $2 AND d = ANY($3::bigint[])"
    assert [place is None for place in found.lists] == [True, True, False]
    assert not found.is_bulk


def test_a_statement_whose_places_all_take_columns_is_bulk() -> None:
    assert wire.statement(ALL).is_bulk
    assert not wire.statement("SELECT 1").is_bulk


def test_the_wrong_number_of_values_is_refused() -> None:
    with pytest.raises(ValueError, match="2 places and was given 1"):
        wire.values(wire.statement("SELECT %s, %s").lists, (1,))


def test_a_list_of_a_type_without_an_encoder_is_refused() -> None:
    with pytest.raises(KeyError):
        wire.statement("SELECT %s::money[]")


def test_text_has_no_nul_and_no_half_characters() -> None:
    assert wire.text("a\0b") == "a\ufffdb".encode()
    assert wire.text("\ud800") == b"?"
    assert wire.text("Zoë 🙂") == "Zoë 🙂".encode()


@pytest.mark.postgres
@pytest.mark.parametrize("count", [1, 2, 255, 256, 257, 1000])
def test_columns_arrive_as_they_were(connection: Postgres, count: int) -> None:
    rows: list[tuple[Any, ...]] = [
        (
            -(1 << 62) + number, f'{number} \\ " {{}},é' if number % 3 else "",
            None if number % 5 == 0 else bytes(range(number % 256)), number / 3, -number,
        )
        for number in range(count)
    ]  # fmt: skip
    connection.many(ALL, rows)
    assert connection.run(READ) == rows


@pytest.mark.postgres
def test_numbers_without_end_arrive(connection: Postgres) -> None:
    rows = [(1, "a", b"", -inf, 0), (2, "b", b"\0", inf, 0), (3, "c", b"", 0.1, 0)]
    connection.many(ALL, rows)
    assert connection.run(READ) == rows


@pytest.mark.postgres
def test_no_rows_are_no_statement(connection: Postgres) -> None:
    connection.many(ALL, [])
    connection.many(ALL, iter(()))
    assert connection.run(READ) == []


@pytest.mark.postgres
def test_an_empty_list_is_a_list(connection: Postgres) -> None:
    assert connection.run("SELECT number FROM word WHERE number = ANY(%s::bigint[])", ([],)) == []
    assert connection.one("SELECT cardinality(%s::text[])", ([],)) == (0,)


@pytest.mark.postgres
@pytest.mark.parametrize(
    "value", [0, 1, -1, 1 << 15, 1 << 31, (1 << 63) - 1, -(1 << 63)], ids=lambda value: f"{value:x}"
)
def test_one_statement_serves_every_size_of_number(connection: Postgres, value: int) -> None:
    for _ in range(3):  # as it is, prepared, and prepared before
        assert connection.one("SELECT %s::bigint", (value,)) == (value,)


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("text", "", ""), ("text", "it's; DROP TABLE word --", "it's; DROP TABLE word --"), ("text", None, None),
        ("text", "a\0b", "a\ufffdb"), ("bytea", b"", b""), ("bytea", b"\0\xff%s?", b"\0\xff%s?"),
        ("bytea", memoryview(b"abc"), b"abc"), ("double precision", 0.1, 0.1), ("double precision", -inf, -inf),
        ("numeric", Decimal("72.50"), Decimal("72.50")), ("boolean", True, True),
    ],
)  # fmt: skip
def test_single_values_arrive_as_they_were(
    connection: Postgres, kind: str, value: Any, expected: Any
) -> None:
    for _ in range(3):
        assert connection.one(f"SELECT %s::{kind}", (value,)) == (expected,)
