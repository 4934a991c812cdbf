"""Passwords people chose: Argon2id, checked off the event loop, with the same work for a name that is not there."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from charthouse.access.breached import Breached
from charthouse.access.weak import weakness
from charthouse.base.errors import Problem, invalid

SHORTEST: Final = 12
LONGEST: Final = 256  # characters; more would only be a way to keep the server busy
AT_ONCE: Final = 2  # checks that run side by side; each takes 64 MiB


class Passwords:
    """Hashes and checks. One for each clinic.

    `house` are words a guesser would try here, such as the clinic's name; `listed` knows passwords that
    were stolen elsewhere.
    """

    def __init__(
        self,
        hasher: PasswordHasher | None = None,
        *,
        house: Iterable[str] = (),
        listed: Breached | None = None,
    ) -> None:
        self._hasher = hasher or PasswordHasher()  # RFC 9106, second recommended option
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._nobody: str | None = None
        self._house = tuple(house)
        self._listed = listed

    async def hashed(self, password: str, *, name: str = "", about: Iterable[str] = ()) -> str:
        """The text to keep. `about` are words that belong to the person: name on the screen, e-mail.

        Raises `Problem(invalid)` for a password that is short, long, easily guessed or known to be stolen;
        it never repeats the password.
        """
        if len(password) < SHORTEST:
            raise invalid(
                "value", f"A password needs at least {SHORTEST} characters.", place="password",
                repair="Three or four unrelated words do well.",
            )  # fmt: skip
        if len(password) > LONGEST:
            raise invalid("value", f"A password has at most {LONGEST} characters.", place="password")
        if name and name.lower() in password.lower():
            raise invalid("value", "A password may not contain the user name.", place="password")
        why = weakness(password, (name, *about, *self._house))
        if why is not None:
            raise _guessed(why)
        async with self._turns:
            listed = self._listed
            if listed is not None and await asyncio.to_thread(lambda: password in listed):
                raise _guessed("it is on a list of stolen passwords")
            return await asyncio.to_thread(self._hasher.hash, password)

    async def matches(self, kept: str | None, password: str) -> bool:
        """Whether `password` is the one behind `kept`; without one the same work is done for nothing."""
        async with self._turns:
            return await asyncio.to_thread(self._matches, kept, password[: LONGEST + 1])

    def _matches(self, kept: str | None, password: str) -> bool:
        if kept is None:
            self._nobody = self._nobody or self._hasher.hash("nobody has this password")
        try:
            self._hasher.verify(kept or self._nobody or "", password)
        except (VerificationError, InvalidHashError):
            return False
        return kept is not None


def _guessed(why: str) -> Problem:
    return invalid(
        "value", f"This password would be guessed: {why}.", place="password",
        repair="Three or four unrelated words do well.",
    )  # fmt: skip
