"""Passwords people chose: Argon2id, checked off the event loop, with the same work for a name that is not there."""

from __future__ import annotations

import asyncio
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from charthouse.base.errors import invalid

SHORTEST: Final = 12
LONGEST: Final = 256  # characters; more would only be a way to keep the server busy
AT_ONCE: Final = 2  # checks that run side by side; each takes 64 MiB


class Passwords:
    """Hashes and checks. One for each clinic."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()  # RFC 9106, second recommended option
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._nobody: str | None = None

    async def hashed(self, password: str, *, name: str = "") -> str:
        """The text to keep. Raises `Problem(invalid)` for a password that is short, long or the name itself."""
        if len(password) < SHORTEST:
            raise invalid(
                "value", f"A password needs at least {SHORTEST} characters.", place="password",
                repair="Three or four unrelated words do well.",
            )  # fmt: skip
        if len(password) > LONGEST:
            raise invalid("value", f"A password has at most {LONGEST} characters.", place="password")
        if name and name.lower() in password.lower():
            raise invalid("value", "A password may not contain the user name.", place="password")
        async with self._turns:
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
