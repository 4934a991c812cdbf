"""The small integers behind the names in a search: parameters, codes, addresses, resources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final, Protocol

from charthouse.base.errors import invalid
from charthouse.db.connect import Connection
from charthouse.search.coded import Coded, watched
from charthouse.search.query import Among, Amount, Link, Measure, Token
from charthouse.search.text import Texts
from charthouse.search.values import KEPT
from charthouse.store.index import short
from charthouse.terminology import ucum

VALUE_SET: Final = "ValueSet"
REMEMBERED: Final = 50_000  # entries per kind before the memory starts anew

Ids = tuple[int, ...]
LONGEST_UNIT: Final = 60  # letters of a unit that is looked at; longer codes are no units


class Units(Protocol):
    """What a search asks of the units of measure."""

    def dimension(self, code: str) -> str | None:
        """What a unit measures, or None."""

    def convert(self, value: Decimal, code: str, other: str) -> Decimal | None:
        """An amount in another unit."""


class Names:
    """Looks names up; numbers are never given to another name, so what was found can be remembered.

    `remember` must be off on a connection that sees rows which are not committed.
    """

    def __init__(
        self,
        texts: Texts,
        types: Mapping[str, int],
        coded: Coded | None = None,
        *,
        units: Units | None = None,
        remember: bool = True,
    ) -> None:
        self._coded = coded or Coded(texts, None)
        self._units = units or ucum.shared()
        self._texts = texts
        self._sql = texts.lookup
        self.types = types
        self._remember = remember
        self._params: dict[tuple[str, str], int] = {}
        self._codes: dict[tuple[str, str], Ids] = {}
        self._keys: dict[tuple[str, str], Ids] = {}

    def params(self, connection: Connection, type: str, codes: Sequence[str]) -> Ids:
        """The numbers of a type's parameters; those under which nothing was ever stored are left out."""
        found: list[int] = []
        for code in codes:
            number = self._params.get((type, code))
            if number is None:
                row = connection.one(self._sql.param, (self.types[type], code))
                if row is None:
                    continue
                number = int(row[0])
                if self._remember:
                    self._params[type, code] = number
            found.append(number)
        return tuple(found)

    def codes(self, connection: Connection, token: Token) -> Ids:
        """The codes that `token`, which names one, can mean."""
        if token.code is None:
            raise ValueError("a token without a code names no single code")
        system, code = short(token.system) if token.system else token.system, short(token.code)
        if system is None:
            rows = connection.run(self._sql.code_in_any_system, (code,))
            return tuple(row[0] for row in rows)
        known = self._codes.get((system, code))
        if known is not None:
            return known
        if system:
            rows = connection.run(self._sql.code_in_system, (system, code))
        else:
            rows = connection.run(self._sql.code_without_system, (code,))
        found = tuple(row[0] for row in rows)
        if found and self._remember:
            if len(self._codes) >= REMEMBERED:
                self._codes.clear()
            self._codes[system, code] = found
        return found

    def system(self, connection: Connection, uri: str) -> Ids:
        """The number of a code system; 0 stands for none."""
        if not uri:
            return (0,)
        return tuple(row[0] for row in connection.run(self._sql.system, (short(uri),)))

    def measures(self, connection: Connection, measure: Measure) -> list[tuple[Amount, Ids]]:
        """The amounts that a quantity means, each with the units in which it is stated so.

        Of UCUM, every unit in this record that measures the same, with the amount in that unit.
        """
        asked = measure.unit or ""
        found = [(measure.amount, self.codes(connection, Token(measure.system, asked)))]
        if measure.system != ucum.SYSTEM:
            return found
        dimension = self._units.dimension(asked)
        if dimension is None:
            return found
        for number, code in watched(connection, connection.run(self._sql.codes_of_system, (ucum.SYSTEM,))):
            if code == asked or len(code) > LONGEST_UNIT or self._units.dimension(code) != dimension:
                continue
            amount = self._converted(measure.amount, asked, code)
            if amount is not None:
                found.append((amount, (number,)))
        return found

    def stated(self, measure: Measure, system: str | None, unit: str) -> Amount | None:
        """The amount that a quantity means in a unit; None where that measures something else."""
        if measure.unit is None or (unit == measure.unit and measure.system in (None, system)):
            return measure.amount
        if system == measure.system == ucum.SYSTEM and len(unit) <= LONGEST_UNIT:
            return self._converted(measure.amount, measure.unit, unit)
        return None

    def _converted(self, amount: Amount, unit: str, other: str) -> Amount | None:
        """The same amount in another unit. (The decimals that are shortest for a float are those that were written.)"""
        ends = [
            self._units.convert(Decimal(repr(one)), unit, other)
            for one in (amount.value, amount.low, amount.high)
        ]
        if any(one is None for one in ends):
            return None
        value, low, high = (float(one) for one in ends if one is not None)
        return Amount(amount.prefix, value, min(low, high), max(low, high))

    def among(self, connection: Connection, among: Among) -> Ids:
        """The codes in this record that the code systems count among those asked for."""
        kept = KEPT.fullmatch(among.system)
        if kept is not None:
            among = among._replace(system=self._canonical(connection, among, kept[1]))
        return self._coded.numbers(connection, among)

    def _canonical(self, connection: Connection, among: Among, id: str) -> str:
        """The canonical of a value set of this record, with its version."""
        url, version = (self.params(connection, VALUE_SET, (code,)) for code in ("url", "version"))
        for key in self._key(connection, VALUE_SET, id) if url else ():
            row = connection.one(self._sql.canonical, (key, *url))
            if row is not None:
                its = connection.one(self._sql.business_version, (key, *version)) if version else None
                return f"{row[0]}|{its[0]}" if its is not None else str(row[0])
        raise invalid(
            "not-found", "No value set of this id is here that has a url.", place=among.name, value=among.system,
            repair="Write its url.",
        )  # fmt: skip

    def uri(self, connection: Connection, text: str) -> Ids:
        """The number of an address."""
        return tuple(row[0] for row in connection.run(self._sql.uri, (short(text),)))

    def targets(self, connection: Connection, link: Link) -> Ids:
        """The numbers under which references to `link` are stored."""
        if link.address is not None:
            return tuple(-number for number in self.uri(connection, link.address))
        if len(link.types) == 1:
            return self._key(connection, link.types[0], link.id or "")
        statement = self._texts.format(self._sql.key, ("list", self._texts.listed(len(link.types))))
        rows = connection.run(statement, (*(self.types[type] for type in link.types), link.id))
        return tuple(row[0] for row in rows)

    def _key(self, connection: Connection, type: str, id: str) -> Ids:
        """The key of one resource; nothing while it was neither stored nor referred to, which is not remembered."""
        known = self._keys.get((type, id))
        if known is not None:
            return known
        statement = self._texts.format(self._sql.key, ("list", self._texts.listed(1)))
        found = tuple(row[0] for row in connection.run(statement, (self.types[type], id)))
        if found and self._remember:
            if len(self._keys) >= REMEMBERED:
                self._keys.clear()
            self._keys[type, id] = found
        return found
