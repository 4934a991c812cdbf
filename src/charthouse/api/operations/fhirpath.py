"""$fhirpath: an expression and a resource in, typed results out, as FHIRPath Lab and other tools ask it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import cache
from importlib import metadata
from typing import Final

from charthouse.api import body, respond
from charthouse.api.reply import Reply
from charthouse.api.request import Request
from charthouse.base.errors import Category, Problem, problem
from charthouse.fhir.path import Env, lab
from charthouse.fhir.path.item import DEFAULT_BUDGET
from charthouse.terminology import deadline, ucum
from charthouse.terminology.deadline import SECONDS
from charthouse.validation.inquiry import Inquiry

# What is small enough to be answered at once; more goes to a thread, so that others are answered meanwhile.
QUICK_BODY: Final = 50_000
QUICK_STEPS: Final = 5_000
QUICK_ANSWER: Final = 200_000


# What an expression may ask about beside the resource that was sent.
BOOKS: Final = ("ValueSet", "CodeSystem", "StructureDefinition")


async def fhirpath(request: Request) -> Reply:
    """Evaluate, bounded by steps, by the size of the answer, and in time where code systems and profiles are asked;
    400 with line and column for what cannot be, 403 for what asks a book that is shut to the caller."""
    context, view, books = request.context, request.view, request.context.gate.books
    content = await request.content()
    tree = await body.tree(content, body.kind(request.headers), context.definitions)
    permit = _permit(request)
    books.renew()

    def answered(steps: int, size: int, permit: Callable[[str], None]) -> Reply:
        question = lab.read(tree, context.definitions)
        inquiry = Inquiry(question.resource, books.terminology, books.validator, permit)
        env = inquiry.env(Env(units=ucum.shared(), budget=steps))
        with deadline.within(SECONDS):
            told = lab.answer(question, context.definitions, env, evaluator=_evaluator(), size=size)
        return respond.made(context, view, told)

    if len(content) <= QUICK_BODY:
        try:
            return answered(QUICK_STEPS, QUICK_ANSWER, _later)
        except Problem as failure:
            if failure.category is not Category.TOO_COSTLY:
                raise
    try:
        return await asyncio.to_thread(answered, DEFAULT_BUDGET, lab.MOST_BYTES, permit)
    except Problem as failure:  # the same tomorrow: nothing that the caller could wait for
        if failure.category is not Category.TOO_COSTLY:
            raise
        raise Problem(Category.INVALID, failure.issues) from None


def _permit(request: Request) -> Callable[[str], None]:
    """Raises what the policy says of a book. It is asked here for all of them: it is no thing for other threads."""
    shut: dict[str, Problem] = {}
    for type in BOOKS:
        try:
            request.context.gate.books.permit(request.actor, type)
        except Problem as failure:
            shut[type] = failure

    def permit(type: str) -> None:
        if type in shut:
            raise Problem(shut[type].category, shut[type].issues)

    return permit


def _later(_type: str) -> None:
    """Books may take their time, so a thread asks them."""
    raise problem(Category.TOO_COSTLY, "too-costly", "Code systems and profiles are not asked here.")


@cache
def _evaluator() -> str:
    return f"Charthouse {metadata.version('charthouse')} (R4)"
