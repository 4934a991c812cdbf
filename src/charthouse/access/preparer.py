"""All that is done to a resource before the transaction that writes it; needs no database, so any process can."""

from __future__ import annotations

from collections.abc import Sequence

from charthouse.fhir import definitions as r4
from charthouse.fhir.definitions import NOTHING, Definitions, Own
from charthouse.fhir.resource import Tree
from charthouse.store import body, write
from charthouse.store.index import Extractor
from charthouse.store.write import Prepared
from charthouse.terminology.ucum import Ucum
from charthouse.validation.entry import refusal
from charthouse.validation.validator import Level, Validator

__all__ = ["Prepared", "Preparer"]


class Preparer:
    """Validates, compresses and indexes a resource: everything before the transaction."""

    def __init__(
        self, codec: body.Codec, extractor: Extractor, validator: Validator, level: Level = Level.STRUCTURE
    ) -> None:
        """`level` is how closely resources are looked at where a caller does not say."""
        self._codec = codec
        self._extractor = extractor
        self._validator = validator
        self._level = level

    @classmethod
    def alone(
        cls, dictionaries: Sequence[tuple[int, bytes]], bases: Sequence[str], level: Level, own: Own = NOTHING
    ) -> Preparer:
        """One for another process: it gets what would otherwise come from the open record, and knows no profiles."""
        definitions = r4.load()
        made = cls(
            body.Codec(dictionaries),
            Extractor(definitions, bases),
            Validator(definitions, units=Ucum()),
            level,
        )
        made.take(own)
        return made

    def take(self, own: Own) -> None:
        """Index by these search parameters of the clinic from now on. For one that is alone."""
        self._extractor.take(own)

    @property
    def definitions(self) -> Definitions:
        """The definitions it checks against."""
        return self._validator.definitions

    def refuse(self, tree: Tree, type: str, level: Level | None = None) -> None:
        """Raise `Problem(invalid)` with every finding when `tree` is no sound resource of `type`."""
        found = refusal(tree, type, self._validator, self._level if level is None else level)
        if found is not None:
            raise found

    def index(self, tree: Tree, type: str) -> Prepared:
        """The resource ready to be written, unchecked."""
        return write.prepare(tree, type, self._extractor, self._codec)

    def __call__(self, tree: Tree, type: str) -> Prepared:
        """Check, then prepare."""
        self.refuse(tree, type)
        return self.index(tree, type)
