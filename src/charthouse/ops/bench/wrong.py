"""How a measurement ends that found something wrong: a figure of failures is none."""

from __future__ import annotations

from charthouse.base.errors import Category, Problem, problem


def wrong(message: str, *, value: object = None) -> Problem:
    """The problem of a measurement that cannot be trusted."""
    return problem(Category.FAULT, "exception", message, value=value)
