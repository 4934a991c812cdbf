"""The usual search in one statement: few resources that meet one value among the rows of another, e.g. a code of
one patient.

What belongs to one patient was mostly written together, so between the keys of a patient's rows
there are few of a code's, whichever of the two has more rows in all. Where there turn out to be
more, nothing is lost but the look at them, and the search is planned (see `choose`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from charthouse.db.connect import Connection, Row
from charthouse.search.choose import FEW
from charthouse.search.clause import Clause
from charthouse.search.text import Fragment, Texts, both


class Few(NamedTuple):
    """The newest matches, newest first, as rows of a page (see `Plan.page`), and whether they are all."""

    rows: list[Row]
    is_all: bool


def few(
    connection: Connection, texts: Texts, asked: Sequence[Clause], allowed: Fragment | None
) -> Few | None:
    """The matches among the first few candidates; None where a search has another shape."""
    streaming = [one for one in asked if one.streams]
    if len(streaming) != 2 or any(not one.tests or one.named is not None for one in asked):
        return None
    near, driver = sorted(streaming, key=lambda one: one.rank)
    test, args = driver.value(texts)
    near_test, near_args = near.value(texts)
    others = [one.probe(texts) for one in asked if one is not driver]
    conditions = both(others if allowed is None else [*others, allowed])
    sql = texts.format(
        texts.page.few,
        ("table", driver.table), ("test", test), ("near", near.table), ("near_test", near_test),
        ("params", texts.listed(1)), ("conditions", conditions.sql),
    )  # fmt: skip
    rows = connection.run(sql, (*args, *near_args, *near_args, FEW + 1, *conditions.args))
    return Few([row for row in rows if row[1] is not None], len(rows) <= FEW)
