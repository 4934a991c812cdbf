"""$fhirpath: an expression and a resource in, typed results out, as FHIRPath Lab and other tools ask it."""

from __future__ import annotations

import asyncio
from functools import cache
from importlib import metadata
from typing import Final

from charthouse.api import body, respond
from charthouse.api.reply import Reply
from charthouse.api.request import Request
from charthouse.base.errors import Category, Problem
from charthouse.fhir.path import Env, lab
from charthouse.fhir.path.item import DEFAULT_BUDGET
from charthouse.terminology import ucum

# What is small enough to be answered at once; more goes to a thread, so that others are answered meanwhile.
QUICK_BODY: Final = 50_000
QUICK_STEPS: Final = 5_000
QUICK_ANSWER: Final = 200_000


async def fhirpath(request: Request) -> Reply:
    """Evaluate, bounded by steps and by the size of the answer; 400 with line and column for what cannot be."""
    context, view = request.context, request.view
    content = await request.content()
    tree = await body.tree(content, body.kind(request.headers), context.definitions)

    def answered(steps: int, size: int) -> Reply:
        env = Env(units=ucum.shared(), budget=steps)
        question = lab.read(tree, context.definitions)
        told = lab.answer(question, context.definitions, env, evaluator=_evaluator(), size=size)
        return respond.made(context, view, told)

    if len(content) <= QUICK_BODY:
        try:
            return answered(QUICK_STEPS, QUICK_ANSWER)
        except Problem as failure:
            if failure.category is not Category.TOO_COSTLY:
                raise
    try:
        return await asyncio.to_thread(answered, DEFAULT_BUDGET, lab.MOST_BYTES)
    except Problem as failure:  # the same tomorrow: nothing that the caller could wait for
        if failure.category is not Category.TOO_COSTLY:
            raise
        raise Problem(Category.INVALID, failure.issues) from None


@cache
def _evaluator() -> str:
    return f"Charthouse {metadata.version('charthouse')} (R4)"
