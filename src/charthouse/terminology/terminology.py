"""The one door to codes: asks the code systems, value sets and maps at hand, whichever place they stand in."""

from __future__ import annotations

from charthouse.terminology.asking import Asking
from charthouse.terminology.listing import Listing
from charthouse.terminology.relating import Relating


class Terminology(Asking, Listing, Relating):
    """Code systems, value sets and concept maps; see `Present` for how it is made and when answers go stale.

    Books: `system`, `systems`, `valueset`, `structure`. Single codes: `lookup`, `member`, `expect`, `unchecked`,
    `validate_code`. Value sets: `expand`, `valueset_codes`. Relations: `subsumes`, `below`, `above`, `translate`,
    `prepare_closure`, `closure`. Threads may share it.
    """
