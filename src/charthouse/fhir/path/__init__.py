"""FHIRPath over R4 trees: one parser, one compiler, for indexes, invariants, patches and people's questions."""

from charthouse.fhir.path.expression import Expression
from charthouse.fhir.path.grammar import parse
from charthouse.fhir.path.item import Env, Item
from charthouse.fhir.path.language import compile
from charthouse.fhir.path.nodes import Node

__all__ = ["Env", "Expression", "Item", "Node", "compile", "parse"]
