"""An expression asked in the form of FHIRPath Lab: a Parameters resource in, a Parameters resource out.

The form is the Lab's server API (`server-api.md` in its repository). Nothing but the resource that was
sent is looked at: references are resolved inside it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Final

from charthouse.base.errors import Category, Issue, Problem, invalid
from charthouse.fhir import outcome, resource, xml
from charthouse.fhir.definitions import Definitions
from charthouse.fhir.path import examine
from charthouse.fhir.path.expression import Expression
from charthouse.fhir.path.item import Env, Item, Items, Pair
from charthouse.fhir.path.language import compile
from charthouse.fhir.path.outline import lines, outline
from charthouse.fhir.path.typed import JSON_VALUE, XML_VALUE, Parts, place
from charthouse.fhir.resource import Tree

MOST_BYTES: Final = 8_000_000  # of all values in one answer
MOST_CONTEXTS: Final = 1_000
_LEAST_STEPS: Final = 1_000  # for one of many contexts
_NAMES: Final = (
    "expression",
    "resource",
    "context",
    "variables",
    "validate",
    "terminologyserver",
    "debug_trace",
)


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked; `sent` are the parameters as they came, to be told again."""

    expression: str
    resource: Tree
    context: str | None
    variables: dict[str, Any]
    is_checked: bool
    sent: tuple[Tree, ...]


def read(tree: Tree, definitions: Definitions) -> Question:
    """The question in a Parameters resource; Problem(invalid) names the parameter that is missing or wrong."""
    if tree["resourceType"] != "Parameters":
        raise invalid(
            "value", "The body of this operation is a Parameters resource.", place="resourceType",
            value=tree["resourceType"], repair='Send {"resourceType": "Parameters", "parameter": […]}.',
        )  # fmt: skip
    given: dict[str, Tree] = {}
    listed = tree.get("parameter")
    for index, part in enumerate(listed if isinstance(listed, list) else ()):
        name = part.get("name") if isinstance(part, dict) else None
        if name not in _NAMES:
            raise invalid(
                "value", "This operation has no such parameter.", place=f"Parameters.parameter[{index}].name",
                value=name, repair=f"It takes {', '.join(_NAMES)}.",
            )  # fmt: skip
        if name in given:
            raise invalid("value", f"{name} may be given once.", place=name)
        given[name] = part
    expression = _text(given, "expression")
    if expression is None:
        raise invalid("required", "expression is missing.", place="expression", repair="Give valueString.")
    return Question(
        expression,
        _resource(given.get("resource"), definitions),
        _text(given, "context"),
        _variables(given.get("variables"), definitions),
        given.get("validate", {}).get("valueBoolean") is True,
        tuple(given.values()),
    )


def answer(
    question: Question, definitions: Definitions, env: Env, *, evaluator: str, size: int = MOST_BYTES
) -> Tree:
    """The Parameters that answer a question; `size` bounds the values in it, `env.budget` the steps.

    `evaluator` names the program that answers. Raises Problem(invalid) with line and column for an
    expression that cannot be read or evaluated, Problem(too_costly) beyond the bounds.
    """
    tree = question.resource
    parts = Parts(definitions, tree, size)
    contexts = _contexts(question, definitions, env)
    compiled = _compiler(question.expression, definitions)
    steps = max(_LEAST_STEPS, env.budget // max(1, len(contexts)))
    results = []
    for name, item in contexts:
        expression = compiled(item.type)
        traced: list[Tree] = []

        def listen(label: str, items: Items, traced: list[Tree] = traced) -> None:
            shown = [parts.of(one) for one in items]
            traced.append({"name": "trace", "valueString": label, **({"part": shown} if shown else {})})

        inner = replace(env, resource=tree, variables=question.variables, trace=listen, budget=steps)
        shown = [parts.of(found) for found in _evaluated(expression, item, inner)] + traced
        told = {"name": "result"} | ({"valueString": name} if name else {})
        results.append(told | ({"part": shown} if shown else {}))
    first = compiled(contexts[0][1].type if contexts else tree["resourceType"])
    return {
        "resourceType": "Parameters",
        "id": "fhirpath",
        "parameter": [{"name": "parameters", "part": _told(question, first, evaluator)}, *results],
    }


def _evaluated(expression: Expression, item: Item, env: Env) -> Items:
    """The results; a failure says which part of the expression it was."""
    try:
        return expression.items(item, env)
    except Problem as failure:
        if failure.category is Category.TOO_COSTLY:
            raise
        raise examine.located(failure, expression, item, env) from None


def _contexts(question: Question, definitions: Definitions, env: Env) -> list[tuple[str, Item]]:
    """What the expression is asked of, each with its place: the resource, or what `context` finds in it."""
    tree = question.resource
    compiled = compile(question.context or "$this", tree["resourceType"], definitions)
    if question.context is None:
        return [("", compiled.context(tree))]
    inner = replace(env, resource=tree, variables=question.variables)
    found = _evaluated(compiled, compiled.context(tree), inner)
    if len(found) > MOST_CONTEXTS:
        raise invalid(
            "too-costly", f"context finds more than {MOST_CONTEXTS} items.", place="context",
            value=question.context, repair="Narrow it, or leave it out and use select().",
        )  # fmt: skip
    return [(place(item, tree) or f"{question.context}[{index}]", item) for index, item in enumerate(found)]


def _compiler(text: str, definitions: Definitions) -> Callable[[str], Expression]:
    """The expression for a type of context, compiled once for each."""

    @cache
    def compiled(kind: str) -> Expression:
        try:
            definitions.type(kind)
        except KeyError:  # a computed value
            kind = "Element"
        return compile(text, kind, definitions)

    return compiled


def _told(question: Question, expression: Expression, evaluator: str) -> list[Tree]:
    """The part that tells again what was asked, by whom it was answered, and what the expression looks like."""
    drawn = outline(expression)
    kind = examine.described(expression.static)
    told: list[Tree] = [
        {"name": "evaluator", "valueString": evaluator},
        *([{"name": "expectedReturnType", "valueString": kind}] if kind else []),
        {"name": "parseDebugTree", "valueString": resource.dump(drawn).decode()},
    ]
    if question.is_checked:
        told.append({"name": "parseDebug", "valueString": "\n".join(lines(drawn))})
        doubts = _doubts(expression)
        if doubts:
            told.append({"name": "debugOutcome", "resource": outcome.of(doubts)})
    for part in question.sent:
        if part["name"] == "terminologyserver":
            part = {"name": "terminologyServerUrl", "valueString": f"{part.get('valueString')} (not used)"}
        told.append(part)
    return told


def _doubts(expression: Expression) -> list[Issue]:
    """What a strict reading (N1 section 10) would refuse, as warnings."""
    try:
        compile(expression.text, expression.root_type, expression.model.definitions, strict=True)
    except Problem as failure:
        return [replace(issue, severity="warning") for issue in failure.issues]
    return []


def _text(given: dict[str, Tree], name: str) -> str | None:
    """The string of a parameter, None where it is missing or blank."""
    part = given.get(name)
    found = None if part is None else part.get("valueString")
    if part is not None and found is not None and not isinstance(found, str):
        raise invalid("value", f"{name} must be a string.", place=name, value=type(found).__name__)
    return found if found and not found.isspace() else None


def _resource(part: Tree | None, definitions: Definitions) -> Tree:
    """The resource itself, or as JSON or XML text in a value or in one of the Lab's extensions."""
    found: Any = None
    if part is not None:
        found = part.get("resource")
        text = part.get("valueString", _extension(part, JSON_VALUE) or _extension(part, XML_VALUE))
        if found is None and isinstance(text, str):
            content = text.encode(errors="surrogatepass")
            is_xml = text.lstrip()[:1] == "<"
            found = xml.from_xml(content, definitions) if is_xml else resource.parse(content)
    if not isinstance(found, dict):
        raise invalid(
            "required", "resource is missing.", place="resource",
            repair="Give it as resource, or as text in valueString.",
        )  # fmt: skip
    kind = found.get("resourceType")
    if not isinstance(kind, str) or not definitions.is_resource(kind):
        raise invalid("value", "This is no resource of R4.", place="resource.resourceType", value=kind)
    return found


def _variables(part: Tree | None, definitions: Definitions) -> dict[str, Any]:
    """Variables with their FHIR types; one without a value is empty. Names may stand in quotes."""
    found: dict[str, Any] = {}
    listed = None if part is None else part.get("part")
    for each in listed if isinstance(listed, list) else ():
        name = each.get("name") if isinstance(each, dict) else None
        if not isinstance(name, str) or not name.strip("`'"):
            raise invalid("required", "A variable needs a name.", place="variables.part.name")
        found[name.strip("`'")] = _variable(each, definitions)
    return found


def _variable(part: Tree, definitions: Definitions) -> Pair | Any:
    held = part.get("resource")
    if isinstance(held, dict):
        return held
    choices = definitions.type("Parameters.parameter").choice
    for key, value in part.items():
        if key in choices:
            return value, choices[key][1]
    text = _extension(part, JSON_VALUE)
    return None if text is None else resource.parse(text.encode(errors="surrogatepass"))


def _extension(part: Tree, url: str) -> str | None:
    listed = part.get("extension")
    for each in listed if isinstance(listed, list) else ():
        if isinstance(each, dict) and each.get("url") == url and isinstance(each.get("valueString"), str):
            text: str = each["valueString"]
            return text
    return None
