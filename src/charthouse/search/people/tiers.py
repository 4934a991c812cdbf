"""How well a patient's name or number fits what was typed, from certain to likely."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple


class Tier(IntEnum):
    """Kinds of fit, the best first."""

    EXACT = 0
    START = 1
    NICKNAME = 2
    SOUND = 3
    SPELLING = 4


class Fit(NamedTuple):
    """A kind of fit, and how good of its kind, 0 the best."""

    tier: Tier
    slack: float = 0.0
