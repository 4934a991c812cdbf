"""Programs that call a server over HTTP until it breaks off, each in a thread, and note what it acknowledged."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from typing import Any

from tests.fault import samples
from tests.fault.ledger import Ledger
from tests.fault.serving import Answer, Broken, House, Line, Unfit, fine

GROUP = 10  # resources of a transaction


class Client:
    """One program. It changes only what it made itself. A `forgiving` one takes "perhaps not" for an answer."""

    def __init__(self, house: House, ledger: Ledger, seed: int, *, forgiving: bool = False) -> None:
        self._forgiving = forgiving
        self._house = house
        self._ledger = ledger
        self._chance = random.Random(seed)
        self._mine: list[tuple[str, str]] = []
        self.wrong: list[str] = []  # answers that no request here should get
        self.requests = 0

    def work(self) -> None:
        """Call until the server goes away."""
        acts: tuple[Callable[[Line], None], ...] = (
            self.create, self.create, self.update, self.update, self.delete, self.once, self.group, self.group
        )  # fmt: skip
        try:
            with Line(self._house) as line:
                while True:
                    try:
                        self._chance.choice(acts)(line)
                    except Unfit as answer:
                        if not (self._forgiving and answer.doubtful):
                            raise
                    self.requests += 1
        except Broken:
            return
        except AssertionError as error:
            self.wrong.append(str(error))

    def create(self, line: Line) -> None:
        """A resource under an id the server chooses."""
        tree = samples.observation(self._chance)
        self._note(fine(line.ask("POST", "Observation", tree), 201), tree)

    def update(self, line: Line) -> None:
        """A next version of something of mine; or a resource under an id of my own."""
        if self._mine and self._chance.random() < 0.7:
            type, id = self._chance.choice(self._mine)
        else:
            type, id = "Observation", samples.number(self._chance)
        tree = samples.anything(self._chance, type) | {"id": id}
        answer = fine(line.ask("PUT", f"{type}/{id}", tree), 200, 201)
        self._note(answer, tree, (type, id))

    def delete(self, line: Line) -> None:
        """Take away something of mine."""
        if self._mine:
            type, id = self._chance.choice(self._mine)
            answer = fine(line.ask("DELETE", f"{type}/{id}"), 204)
            if "etag" in answer.headers:
                self._ledger.note(type, id, answer.version, None)

    def once(self, line: Line) -> None:
        """A conditional create."""
        number = samples.number(self._chance)
        tree = samples.patient(number)
        self._ledger.numbers[number] = False
        criteria = f"identifier={samples.NUMBERS}|{number}"
        self._note(fine(line.ask("POST", "Patient", tree, if_none_exist=criteria), 201), tree)
        self._ledger.numbers[number] = True

    def group(self, line: Line) -> None:
        """A transaction."""
        name = samples.number(self._chance)
        self._ledger.groups[name] = (GROUP, False)
        answer = fine(line.ask("POST", "", samples.transaction(self._chance, name, GROUP)), 200)
        assert [entry["response"]["status"][:3] for entry in answer.tree["entry"]] == ["201"] * GROUP
        self._ledger.groups[name] = (GROUP, True)

    def _note(self, answer: Answer, tree: dict[str, Any], name: tuple[str, str] | None = None) -> None:
        type, id = name or answer.name
        self._ledger.note(type, id, answer.version, tree)
        if (type, id) not in self._mine:
            self._mine.append((type, id))


def together(
    house: House, ledger: Ledger, seed: int, count: int, *, forgiving: bool = False
) -> tuple[list[Client], Callable[[], None]]:
    """`count` clients at work, and what waits for their end."""
    clients = [Client(house, ledger, seed * 100 + number, forgiving=forgiving) for number in range(count)]
    threads = [threading.Thread(target=client.work) for client in clients]
    for thread in threads:
        thread.start()

    def end() -> None:
        for thread in threads:
            thread.join(60)
            assert not thread.is_alive(), "a client still waits for an answer"
        wrong = [line for client in clients for line in client.wrong]
        assert not wrong, wrong[:3]

    return clients, end
