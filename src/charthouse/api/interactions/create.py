"""create and conditional create (R4 http.html#create, #ccreate)."""

from __future__ import annotations

from charthouse.api import checks
from charthouse.api.binary import received
from charthouse.api.reply import Reply
from charthouse.api.request import Request
from charthouse.api.written import written
from charthouse.base.errors import Category, problem
from charthouse.fhir.bundle import Entry


async def create(request: Request) -> Reply:
    """201 with Location; with If-None-Exist 200 for the one that is there already, 412 for several."""
    if request.params:
        name = request.params[0][0]  # perhaps meant as a condition: passed over, it would make a duplicate
        raise problem(
            Category.UNSUPPORTED, "not-supported", f'A create takes no parameter "{name}".', place=name, value=name,
            repair="Send a condition in the header If-None-Exist, or leave the parameter out.",
        )  # fmt: skip
    tree = await (received(request) if request.type == "Binary" else request.typed())
    condition = request.headers.get(b"if-none-exist")
    entry = Entry("POST", request.type, tree=tree, url=request.type)
    if condition is not None:
        entry.if_none_exist = checks.condition(condition, "If-None-Exist")
    return written(request, await request.commit(entry, "create"))
