"""How closely what is written is looked at, by who sends it."""

from __future__ import annotations

from collections.abc import Mapping

from charthouse.validation.validator import Level


class Levels:
    """The level of each client that has one of its own, and that of all others."""

    def __init__(self, usual: Level, clients: Mapping[str, Level]) -> None:
        self._usual = usual
        self._clients = dict(clients)

    def of(self, client: str) -> Level:
        """The level for what `client` writes."""
        return self._clients.get(client, self._usual) if self._clients else self._usual
