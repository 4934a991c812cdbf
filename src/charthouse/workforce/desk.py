"""What one clinic has of the workforce guide: everybody's own steps, and the guide, read when first wanted."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from charthouse.db.connect import Connection
from charthouse.workforce.continuing import Continuing
from charthouse.workforce.directory import Directory
from charthouse.workforce.planner import Planner
from charthouse.workforce.reminders import Reminder, pressing

if TYPE_CHECKING:
    from charthouse.workforce.printed import Press
    from charthouse.workforce.shelf import Shelf


class Workforce:
    """The guide of one clinic. The shelf holds nothing of the record; the rest is what people entered."""

    def __init__(self, connection: Connection) -> None:
        self.planner = Planner(connection)
        self.continuing = Continuing(connection, self.planner)
        self.directory = Directory(connection)

    def reminders(self, account: int) -> list[Reminder]:
        """What presses among a person's steps and credentials, the oldest first."""
        planner = self.planner
        return pressing(planner.due(account), self.continuing.held(account), planner.today())

    @cached_property
    def shelf(self) -> Shelf:
        """The guide: statistics, method, careers."""
        from charthouse.workforce.shelf import Shelf

        return Shelf()

    @cached_property
    def press(self) -> Press:
        """What prints the guide."""
        from charthouse.workforce.printed import Press

        return Press(self.shelf)
