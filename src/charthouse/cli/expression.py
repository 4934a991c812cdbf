"""Asking files with FHIRPath: what an expression finds, where it stands, and of which type it is."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from charthouse.base.errors import EXIT_CODE, Problem, invalid
from charthouse.cli.options import AsJson, Database, opened

if TYPE_CHECKING:
    from charthouse.fhir.path import Env, Expression, Item
    from charthouse.terminology.terminology import Terminology
    from charthouse.validation.inquiry import Inquiry
    from charthouse.validation.validator import Validator

_LINES: Final = frozenset({".ndjson", ".jsonl"})
_PLACE: Final = re.compile(r"line (\d+), column (\d+)")
_INPUT: Final = "standard input"
_WIDE: Final = 100  # characters of an expression that are shown around a fault


def register(app: typer.Typer) -> None:
    """Add the commands of this group."""
    app.command()(fhirpath)


def fhirpath(
    expression: Annotated[str, typer.Argument(help="What to ask.", show_default=False)],
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE...", help="JSON, XML or NDJSON; - reads standard input.", show_default=False
        ),
    ],
    type: Annotated[
        str | None,
        typer.Option(
            help="Ask resources of this type only; also the type of content that does not say what it is."
        ),
    ] = None,
    each: Annotated[bool, typer.Option(help="Ask each resource in a Bundle, not the Bundle.")] = False,
    trace: Annotated[
        bool, typer.Option(help="Show on standard error what passes trace(), and the syntax tree.")
    ] = False,
    json_: AsJson = False,
    data: Annotated[
        Path | None,
        typer.Option(
            help="Data folder of a clinic whose code systems and profiles are asked.",
            show_default="(those that come with the program)",
        ),
    ] = None,
    database: Database = None,
) -> None:
    """Evaluate a FHIRPath expression on files. One result a line (with --json an object), its place, and its type."""
    with ExitStack() as stack:
        books = _Books(stack, data, database)
        asker = _Asker(expression, type, books, is_traced=trace, as_json=json_)
        for file in files:
            for label, tree in _documents(file):
                asker.is_named = len(files) > 1 or each or label not in (file, _INPUT)
                for name, item in asker.items(label, tree, each=each):
                    asker.ask(name, item)
    if not asker.found and asker.failed is None and not json_:
        asker.tell_nothing()
    if asker.failed is not None:
        raise typer.Exit(asker.failed)


class _Books:
    """Code systems, value sets and profiles: of a clinic that is named, else those that came with the program."""

    def __init__(self, stack: ExitStack, data: Path | None, database: str | None) -> None:
        """What is opened is closed with `stack`. Raises Problem(not_found) for a clinic that is not there."""
        self._stack = stack
        clinic = stack.enter_context(opened(data, database)) if data or database else None
        self._clinic = None if clinic is None else (clinic.terminology, clinic.validator)

    @cached_property
    def _opened(self) -> tuple[Terminology, Validator]:
        """They are opened for the first expression that asks them."""
        if self._clinic is not None:
            return self._clinic
        from charthouse.app import SHIPPED
        from charthouse.fhir import definitions
        from charthouse.terminology import ucum
        from charthouse.terminology.terminology import Terminology
        from charthouse.validation.validator import Validator

        shipped = Terminology(SHIPPED, units=ucum.shared())
        self._stack.callback(shipped.close)
        return shipped, Validator(definitions.load(), shipped, shipped, ucum.shared())

    def env(self, resource: Any, env: Env) -> Env:
        """`env` with answers about codes and profiles for an expression on `resource`."""

        @cache
        def inquiry() -> Inquiry:
            from charthouse.validation.inquiry import Inquiry

            return Inquiry(resource, *self._opened)

        return replace(
            env,
            member_of=lambda *asked: inquiry().member_of(*asked),
            subsumes=lambda *asked: inquiry().subsumes(*asked),
            conforms_to=lambda *asked: inquiry().conforms_to(*asked),
        )


class _Asker:
    """One expression, compiled for each type it meets. `found` counts results; `failed` is the first exit code."""

    def __init__(self, text: str, kind: str | None, books: _Books, *, is_traced: bool, as_json: bool) -> None:
        from charthouse.fhir import definitions

        self.text = text
        self.kind = kind
        self._books = books
        self.is_traced = is_traced
        self.as_json = as_json
        self.is_named = False
        self.found = 0
        self.failed: int | None = None
        self._definitions = definitions.load()
        self._compiled: dict[str, Expression] = {}
        if kind is not None and kind not in self._definitions.type_names:
            raise invalid("value", "FHIR R4 has no such type.", place="--type", value=kind)
        self._expression(kind or "Resource")  # what cannot be read is told before any file is

    def items(self, label: str, tree: dict[str, Any], *, each: bool) -> Iterator[tuple[str, Item]]:
        """What is asked in one document: itself, or the resources of a Bundle; by --type where one is given."""
        kind = tree.get("resourceType", self.kind)
        if not isinstance(kind, str) or kind not in self._definitions.type_names:
            raise invalid(
                "value", "This is no resource of R4.", place=f"{label}: resourceType", value=kind,
                repair="Name its type with --type if it is a data type.",
            )  # fmt: skip
        if kind == "Bundle" and each:
            found = self._compile("entry.resource", kind).items(tree)
            named = [
                (f"{label}: {one.value.get('resourceType')}/{one.value.get('id', '?')}", one) for one in found
            ]
        else:
            named = [(label, self._compile("$this", kind).context(tree))]
        return ((name, item) for name, item in named if self.kind in (None, item.type))

    def ask(self, name: str, item: Item) -> None:
        """Print what the expression finds; a failure is told, and others are asked all the same."""
        from charthouse.fhir.path import Env, examine
        from charthouse.terminology import ucum

        expression = self._expression(item.type)
        env = Env(units=ucum.shared(), trace=self._show_trace if self.is_traced else None)
        env = self._books.env(_top(item).value, env)
        try:
            results = expression.items(item, env)
        except Problem as failure:
            self._fail(examine.located(failure, expression, item, env), name)
            return
        self.found += len(results)
        for result in results:
            typer.echo(self._line(name, result))

    def tell_nothing(self) -> None:
        """Say that nothing was found, and what of the expression can never find anything."""
        typer.echo("No result.", err=True)
        for kind in self._compiled.keys() - {"Resource"}:
            try:
                self._compile(self.text, kind, strict=True)
            except Problem as failure:
                self._tell(failure, None)

    def _expression(self, kind: str) -> Expression:
        """The expression for a type of content; what cannot be read ends the command with a mark under the fault."""
        if kind not in self._compiled:
            try:
                compiled = self._compiled[kind] = self._compile(self.text, kind)
            except Problem as failure:
                self._fail(failure)
                raise typer.Exit(EXIT_CODE[failure.category]) from None
            if self.is_traced and kind != "Resource":
                from charthouse.fhir.path.outline import lines, outline

                typer.echo("\n".join(lines(outline(compiled))), err=True)
        return self._compiled[kind]

    def _compile(self, text: str, kind: str, *, strict: bool = False) -> Expression:
        from charthouse.fhir import path

        return path.compile(text, kind, self._definitions, strict=strict)

    def _line(self, name: str, item: Item) -> str:
        from charthouse.fhir import resource
        from charthouse.fhir.path.values import pair

        value, kind = pair(item)
        place = _place(item)
        if self.as_json:
            told = {"source": name, "place": place, "type": kind, "value": value}
            return resource.dump(told | ({"extension": item.extra} if item.extra else {})).decode()
        if value is None:
            value = item.extra
        plain = value if isinstance(value, str) and value.isprintable() else resource.dump(value).decode()
        source = f"{name}\t" if self.is_named and name else ""
        return f"{source}{place or '(computed)'}\t{kind}\t{plain}"

    def _show_trace(self, label: str, items: list[Item]) -> None:
        for item in items:
            typer.echo(f"trace {label}\t{self._line('', item)}", err=True)

    def _fail(self, failure: Problem, name: str | None = None) -> None:
        self._tell(failure, name)
        if self.failed is None:
            self.failed = EXIT_CODE[failure.category]

    def _tell(self, failure: Problem, name: str | None) -> None:
        """A sentence, then the line of the expression with a mark under the fault."""
        for issue in failure.issues:
            of = f"{name}: " if name else ""
            where = "" if issue.place is None or issue.place in issue.message else f"{issue.place}: "
            typer.echo(f"charthouse: {of}{where}{issue.sentence()}", err=True)
            match = _PLACE.fullmatch(issue.place or "")
            if match is not None:
                for line in _marked(self.text, int(match[1]), int(match[2])):
                    typer.echo(line, err=True)


def _place(item: Item) -> str | None:
    """Where an item stands in what was asked; None for a computed value."""
    top = _top(item)
    return item.place() if isinstance(top.value, dict) and not top.type.startswith("System.") else None


def _top(item: Item) -> Item:
    """The document in which an item stands."""
    while item.parent is not None:
        item = item.parent
    return item


def _marked(text: str, line: int, column: int) -> Iterator[str]:
    """The line with the fault, cut where it is long, and a caret under it."""
    shown = text.splitlines()[line - 1 : line] or [""]
    start = max(0, column - _WIDE)
    cut = shown[0][start : start + 2 * _WIDE].replace("\t", " ")
    yield f"  {cut}"
    yield f"  {' ' * (column - 1 - start)}^"


def _documents(file: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """(name, tree) of each document in a file; `Problem` names the file, and the line in NDJSON."""
    if file == "-":
        content = sys.stdin.buffer.read()
        name = _INPUT
    else:
        content = Path(file).read_bytes()
        name = file
    if Path(file).suffix in _LINES or _is_lines(content):
        for number, line in enumerate(content.splitlines(), 1):
            if line.strip():
                yield f"{name}:{number}", _parsed(f"{name}:{number}", line)
    else:
        yield name, _parsed(name, content)


def _is_lines(content: bytes) -> bool:
    """Whether there is a whole JSON object on the first line, and more after it."""
    first, _, rest = content.lstrip().partition(b"\n")
    if not rest.strip() or not first.startswith(b"{"):
        return False
    try:
        json.loads(first)
    except ValueError:
        return False
    return True


def _parsed(name: str, content: bytes) -> dict[str, Any]:
    from charthouse.fhir import definitions, resource, xml

    try:
        if content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<":
            return xml.from_xml(content, definitions.load())
        return resource.parse(content)
    except Problem as failure:
        issue = failure.issues[0]
        place = f"{name}: {issue.place}" if issue.place else name
        raise invalid(
            issue.code, issue.message, place=place, value=issue.value, repair=issue.repair
        ) from None
