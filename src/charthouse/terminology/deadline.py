"""How long one question may take: every loop that it enters asks here whether to go on."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final, TypeVar

from charthouse.base.errors import Category, Problem, problem

T = TypeVar("T")

SECONDS: Final = 5.0  # that a question may take, unless its caller says otherwise
_END: Final[ContextVar[float | None]] = ContextVar("terminology_end", default=None)
_EVERY: Final = 512  # items between two looks at the clock


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """What is asked inside, in this thread, has to be answered after `seconds`, or when an outer one ends."""
    end = time.monotonic() + seconds
    outer = _END.get()
    token = _END.set(end if outer is None else min(end, outer))
    try:
        yield
    finally:
        _END.reset(token)


def check() -> None:
    """Raise Problem(too_costly) when the time of the question is over."""
    end = _END.get()
    if end is not None and time.monotonic() >= end:
        raise _over()


def watched(items: Iterable[T]) -> Iterator[T]:
    """The items, with a look at the clock now and then."""
    for number, item in enumerate(items):
        if not number % _EVERY:
            check()
        yield item


def is_passing(failure: Problem) -> bool:
    """Whether it may be over soon, so that it is no answer to keep: trouble of a database, or time that ran out.

    What takes too long for good names the place of what is wrong.
    """
    if failure.category is Category.TOO_COSTLY:
        return all(issue.place is None for issue in failure.issues)
    return failure.category in (Category.BUSY, Category.FAULT)


def _over() -> Problem:
    return problem(
        Category.TOO_COSTLY, "too-costly", "This question about codes takes too long to answer.",
        repair="Narrow it: fewer parts, codes or filters, a page with `count` and `offset`; or ask again later.",
    )  # fmt: skip
