"""The floor under audited reads: the same API over the same record, in a process of the bench's own without audit.

No command leads here, and it refuses a folder that no bench made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from charthouse.access.audit import Event
from charthouse.base.errors import Category, problem

if TYPE_CHECKING:
    from charthouse.app import Clinic

PROFILE: Final = "bench"


async def _nothing(event: Event) -> None:
    """Where an event would have been written."""


def silence(clinic: Clinic) -> None:
    """Stop the read audit of a clinic that a bench made; Problem(forbidden) for every other."""
    if clinic.about.get("profile") != PROFILE:
        raise problem(
            Category.FORBIDDEN, "forbidden", "Only a record made by a bench may be served without its audit."
        )
    clinic.audit.record = _nothing  # type: ignore[method-assign]
