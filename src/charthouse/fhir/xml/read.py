"""FHIR XML to trees (R4 xml.html), with line and column for whatever FHIR does not know.

The parser is expat from the standard library: it tells where each element begins, touches no file
and no network, and a document with a DTD is refused before any entity could be declared.
"""

from __future__ import annotations

import contextlib
import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as slot
from typing import Any, Final, NoReturn
from xml.parsers import expat

from charthouse.base.errors import Problem, invalid, shorten
from charthouse.fhir.definitions import Definitions
from charthouse.fhir.resource import MAX_DEPTH, Tree, number
from charthouse.fhir.xml.div import Div
from charthouse.fhir.xml.layout import FHIR, WHOLE, XHTML, Field, layout

_SCHEMA_LOCATION: Final = "http://www.w3.org/2001/XMLSchema-instance schemaLocation"
_INTEGER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)")
_DECIMAL: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_UTF8: Final = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})
_UNDEFINED_ENTITY: Final = expat.errors.codes[expat.errors.XML_ERROR_UNDEFINED_ENTITY]


def from_xml(body: bytes, definitions: Definitions) -> Tree:
    """The tree of the resource in `body`, equal to what its JSON form would parse to.

    Comments and white space between elements are dropped. Raises `Problem(invalid)` with line,
    column and what was found for: malformed XML, another encoding than UTF-8, a DTD, entities,
    processing instructions inside the resource, other namespaces, elements and attributes FHIR
    does not know, text between elements, a value that is no boolean or number where one belongs,
    nesting beyond `MAX_DEPTH`. Everything else is for `validation.structure` to judge.
    """
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise invalid("structure", "The content is UTF-16.", place="line 1", repair="Send UTF-8.")
    reader = _Reader(body.removeprefix(b"\xef\xbb\xbf"), definitions)
    return reader.read()


@dataclass(slots=True)
class _Frame:
    """An element that is open: what it is to its parent, and what has been found in it so far."""

    field: Field
    fields: Mapping[str, Field]
    depth: int
    node: Tree = slot(default_factory=dict)
    text: str | None = None
    extras: dict[str, list[Any]] = slot(default_factory=dict)


class _Reader:
    """Handlers of one parse, and the stack of open elements."""

    def __init__(self, body: bytes, definitions: Definitions) -> None:
        self.body = body
        self.definitions = definitions
        self.frames: list[_Frame] = []
        self.tree: Tree = {}
        self.div: Div | None = None
        self.declared: list[tuple[str | None, str]] = []
        parser = expat.ParserCreate("utf-8", " ")
        parser.namespace_prefixes = True
        parser.XmlDeclHandler = self.on_declaration
        parser.StartDoctypeDeclHandler = self.on_doctype
        parser.StartNamespaceDeclHandler = self.on_namespace
        parser.StartElementHandler = self.on_start
        parser.EndElementHandler = self.on_end
        parser.CharacterDataHandler = self.on_text
        parser.ProcessingInstructionHandler = self.on_instruction
        self.parser = parser

    def read(self) -> Tree:
        try:
            self.parser.Parse(self.body, True)
        except expat.ExpatError as error:
            raise self.explain(error) from None
        return self.tree

    # --- events -------------------------------------------------------------------------------

    def on_declaration(self, _version: str, encoding: str | None, _standalone: int) -> None:
        if encoding is not None and encoding.lower() not in _UTF8:
            self.refuse("The content declares another encoding than UTF-8.", encoding, "Send UTF-8.")

    def on_doctype(self, name: str, *_identifiers: object) -> None:
        self.refuse(
            "A DTD is not allowed in FHIR XML.", f"<!DOCTYPE {name}", "Leave the DTD and its entities out."
        )

    def on_instruction(self, target: str, _data: str) -> None:
        if self.frames:
            repair = "Leave it out; nothing would act on it."
            self.refuse("A processing instruction inside a resource is not allowed.", f"<?{target}", repair)

    def on_namespace(self, prefix: str | None, uri: str | None) -> None:
        self.declared.append((prefix, uri or ""))

    def on_text(self, text: str) -> None:
        if self.div is not None:
            self.div.text(text)
        elif not text.isspace():
            self.refuse(
                "Text between elements is not allowed.",
                shorten(text.strip(), 40),
                'Write values as attributes: <status value="final"/>.',
            )

    def on_start(self, name: str, attributes: dict[str, str]) -> None:
        space, local, prefix = (*name.split(" "), "", "")[:3] if " " in name else ("", name, "")
        declared, self.declared = self.declared, []
        if self.div is not None:
            if prefix:
                self.div.prefixed()
            wrong = self.div.start(space, local, attributes)
            if wrong:
                self.refuse(wrong, local, "Leave it out.")
            return
        parent = self.frames[-1] if self.frames else None
        if parent is None or parent.field.form == "resource":
            self.begin_resource(parent, space, local, attributes)
            return
        known = parent.fields.get(local)
        if known is None or known.form == "attribute":
            self.unknown(local, parent)
        wanted = XHTML if known.form == "xhtml" else FHIR
        if space != wanted:
            self.refuse(
                f"<{local}> is in {f'the namespace {space}' if space else 'no namespace'}.",
                local,
                f'It belongs in the namespace "{wanted}".',
            )
        if not known.many and (local in parent.node or "_" + local in parent.node):
            self.refuse(f"<{local}> is given twice, and may be given once.", local, "Keep one of the two.")
        if known.form == "xhtml":
            own = not prefix and (None, XHTML) in declared
            self.div = Div(self.parser.CurrentByteIndex, own)
            self.div.start(space, local, attributes)
            return
        self.begin(known, parent, attributes)

    def on_end(self, _name: str) -> None:
        if self.div is not None:
            if self.div.end():
                self.frames[-1].node["div"] = self.div.source(self.body, self.parser.CurrentByteIndex)
                self.div = None
            return
        frame = self.frames.pop()
        for name, extras in frame.extras.items():
            if any(extra is not None for extra in extras):
                frame.node["_" + name] = extras
                if all(value is None for value in frame.node[name]):
                    del frame.node[name]
        if not self.frames:
            self.tree = frame.node
            return
        parent = self.frames[-1]
        if frame.field.form == "value":
            self.keep_value(frame, parent)
        elif parent.field.form == "resource":
            parent.node = frame.node  # the wrapper stands for the resource inside it
        else:
            if frame.field.form == "resource" and not frame.node:
                self.refuse(
                    f"<{frame.field.name}> holds no resource.", frame.field.name, "Put one resource in it."
                )
            if not frame.node:
                self.refuse(f"<{frame.field.name}> is empty.", frame.field.name, "Leave it out.")
            self.keep(frame.field, parent, frame.node)

    # --- elements -----------------------------------------------------------------------------

    def begin_resource(
        self, parent: _Frame | None, space: str, local: str, attributes: dict[str, str]
    ) -> None:
        """A resource begins: the root, or the one inside `contained`, `resource` or `outcome`."""
        if space != FHIR:
            where = f"in the namespace {space}" if space else "in no namespace"
            self.refuse(f"<{local}> is {where}.", local, f'A resource is in the namespace "{FHIR}".')
        if not self.definitions.is_resource(local):
            near = difflib.get_close_matches(local, self.definitions.resource_types, n=1, cutoff=0.7)
            repair = f"Did you mean <{near[0]}>?" if near else None
            self.refuse(f"<{local}> is not a resource type of FHIR R4.", local, repair)
        if parent is not None and parent.node:
            self.refuse(
                f"<{parent.field.name}> holds a second resource.", local, "Repeat the element around it."
            )
        for name, value in attributes.items():
            if " ".join(name.split(" ")[:2]) != _SCHEMA_LOCATION:
                self.unknown_attribute(name, value, local)
        depth = parent.depth if parent else 1
        root = Field(local, local, False, "object", 0)
        fields = layout(self.definitions, local)
        self.frames.append(_Frame(root, fields, depth, {"resourceType": local}))

    def begin(self, known: Field, parent: _Frame, attributes: dict[str, str]) -> None:
        depth = parent.depth + (2 if known.many else 1)
        if depth > MAX_DEPTH:
            self.refuse(
                f"The content is nested more than {MAX_DEPTH} levels deep.",
                known.name,
                "Send resources as the FHIR specification shapes them.",
            )
        inside = {"value": "Element", "object": known.type}.get(known.form)
        frame = _Frame(known, layout(self.definitions, inside) if inside else {}, depth)
        for name, value in attributes.items():
            if not value.strip():
                self.refuse(f'The attribute "{name}" of <{known.name}> is empty.', name, "Leave it out.")
            own = frame.fields.get(name)
            if name == "value" and known.form == "value":
                frame.text = value
            elif own is not None and own.form == "attribute":
                frame.node[name] = value
            else:
                self.unknown_attribute(name, value, known.name)
        self.frames.append(frame)

    def keep_value(self, frame: _Frame, parent: _Frame) -> None:
        """A primitive element ends: its value goes to its name, its id and extensions to `_name`."""
        name = frame.field.name
        if frame.text is None and not frame.node:
            self.refuse(
                f"<{name}> has neither a value nor an extension.", name, "Leave it out, or give it a value."
            )
        value = None if frame.text is None else self.typed(frame.field, frame.text)
        if frame.field.many:
            self.keep(frame.field, parent, value)
            parent.extras.setdefault(name, []).append(frame.node or None)
            return
        if value is not None:
            parent.node[name] = value
        if frame.node:
            parent.node["_" + name] = frame.node

    def keep(self, known: Field, parent: _Frame, value: Any) -> None:
        if known.many:
            parent.node.setdefault(known.name, []).append(value)
        else:
            parent.node[known.name] = value

    def typed(self, known: Field, text: str) -> Any:
        """`text` as the JSON value of its type (R4 json.html#primitive)."""
        if known.type == "boolean":
            if text in ("true", "false"):
                return text == "true"
            self.refuse(f"<{known.name}> must be true or false.", text, "Write true or false.")
        if known.type != "decimal" and known.type not in WHOLE:
            return text
        form = _DECIMAL if known.type == "decimal" else _INTEGER
        found = None
        if form.fullmatch(text):
            with contextlib.suppress(ValueError):
                found = number(text)
        if found is None:
            self.refuse(
                f"<{known.name}> must be a number ({known.type}).", text, "Write a number such as 72.50."
            )
        return found

    # --- refusals -----------------------------------------------------------------------------

    def unknown(self, local: str, parent: _Frame) -> NoReturn:
        names = [name for name, known in parent.fields.items() if known.form != "attribute"]
        near = difflib.get_close_matches(local, names, n=1, cutoff=0.7)
        repair = (
            f"Did you mean <{near[0]}>?" if near else "Leave it out; other content goes into an extension."
        )
        self.refuse(f"<{parent.field.name}> has no element <{local}>.", local, repair)

    def unknown_attribute(self, name: str, value: str, local: str) -> NoReturn:
        plain = name.split(" ")[1] if " " in name else name
        self.refuse(f'<{local}> has no attribute "{plain}".', shorten(f'{plain}="{value}"'), "Leave it out.")

    def refuse(self, message: str, value: str, repair: str | None) -> NoReturn:
        """Stop the parse with `message` at the element being read."""
        line, column = self.parser.CurrentLineNumber, self.parser.CurrentColumnNumber + 1
        raise invalid(
            "structure",
            f"Line {line}: {message}",
            place=f"line {line}, column {column}",
            value=shorten(value),
            repair=repair,
        )

    def explain(self, error: expat.ExpatError) -> Problem:
        """Why the parser stopped, with line, column and the text found there."""
        try:
            self.body.decode("utf-8")
        except UnicodeDecodeError as failure:
            line = self.body.count(b"\n", 0, failure.start) + 1
            return invalid(
                "structure",
                f"The content is not valid UTF-8 at byte {failure.start} (line {line}).",
                place=f"line {line}",
                value=self.body[failure.start : failure.start + 4].hex(" "),
                repair="Send UTF-8.",
            )
        at = self.parser.ErrorByteIndex
        found = self.body[at : at + 24].decode("utf-8", "ignore")
        repair = "Send well-formed XML."
        if error.code == _UNDEFINED_ENTITY:
            repair = "Write the character itself; only &amp;, &lt;, &gt;, &quot; and &apos; have names."
        place = f"line {error.lineno}, column {error.offset + 1}"
        return invalid(
            "structure",
            f"The content is not well-formed XML: {expat.ErrorString(error.code)} at {place}.",
            place=place,
            value=found or "end of content",
            repair=repair,
        )
