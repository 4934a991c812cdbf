"""What a rule may know beside the value it judges: the resource it stands in, and what stands around that."""

from __future__ import annotations

from typing import Any

from charthouse.fhir.path import Env, Item
from charthouse.validation.sources import NO_SOURCES, Codes, Sources


class Scene:
    """One resource under examination.

    `resource` is FHIRPath's `%resource`, `root` its `%rootResource`: another one only inside
    `contained`. `outer` is the scene around that root, of a Bundle for instance. `fragments`
    gathers the local references (`#p1`) met so far in the root. `told` holds what need be told
    only once, `judged` the verdicts on whole resources, both shared by all scenes of one check.
    """

    __slots__ = (
        "_entries",
        "_env",
        "_ids",
        "fragments",
        "judged",
        "outer",
        "resource",
        "root",
        "sources",
        "told",
    )

    def __init__(self, resource: Any, sources: Sources = NO_SOURCES) -> None:
        self.resource = resource
        self.root = resource
        self.outer: Scene | None = None
        self.sources = sources
        self.fragments: set[str] = set()
        self.told: set[tuple[str, str]] = set()
        self.judged: dict[tuple[int, str], bool | None] = {}
        self._ids: frozenset[str] | None = None
        self._entries: dict[str, Any] | None = None
        self._env: Env | None = None

    def enter(self, resource: Any) -> Scene:
        """The scene of a resource that stands by itself in this one: the entry of a Bundle."""
        if resource is self.resource:
            return self
        inner = Scene(resource, self.sources)
        inner.outer = self
        inner.told, inner.judged = self.told, self.judged
        return inner

    def hold(self, resource: Any) -> Scene:
        """The scene of a resource contained in this one."""
        inner = self.enter(resource)
        inner.root = self.root
        inner.outer = self.outer
        inner.fragments = self.fragments
        return inner

    @property
    def ids(self) -> frozenset[str]:
        """The ids of the resources contained in the root."""
        if self._ids is None:
            held = [one for one in listed(self.root, "contained") if one.__class__ is dict]
            self._ids = frozenset(one["id"] for one in held if one.get("id").__class__ is str)
        return self._ids

    @property
    def env(self) -> Env:
        """What FHIRPath may know here."""
        if self._env is None:
            sources = self.sources
            self._env = Env(
                resource=self.resource,
                root=self.root,
                resolve=None if self.outer is None else self.resolve,
                member_of=self._member_of if sources.codes is not None else None,
                conforms_to=self._conforms_to if sources.conforms is not None else None,
                units=sources.units,
            )
        return self._env

    def item(self, node: Any, type_name: str) -> Item:
        """`node` as FHIRPath's focus; a node of a contained resource knows what it is contained in."""
        if self.root is self.resource:
            return Item(node, type_name)
        root = Item(self.root, self.root["resourceType"])
        held = Item(self.resource, self.resource["resourceType"], None, root, "contained", 0)
        return held if node is self.resource else Item(node, type_name, None, held)

    def resolve(self, reference: str) -> Any:
        """The resource that a reference means: contained, or in a Bundle around it (R4 bundle.html#references)."""
        if reference.startswith("#"):
            return self._contained(reference[1:])
        scene = self.outer
        while scene is not None:
            found = scene._entry(reference)
            if found is not None:
                return found
            scene = scene.outer
        return None

    def once(self, *about: str) -> bool:
        """Whether this is the first time that this is to be told in one check."""
        key = (about[0], "|".join(about[1:]))
        is_new = key not in self.told
        self.told.add(key)
        return is_new

    def _contained(self, name: str) -> Any:
        if not name:
            return self.root
        held = [one for one in listed(self.root, "contained") if one.__class__ is dict]
        return next((one for one in held if one.get("id") == name), None)

    def _entry(self, reference: str) -> Any:
        if self._entries is None:
            self._entries = {}
            is_bundle = self.resource.__class__ is dict and self.resource.get("resourceType") == "Bundle"
            for entry in listed(self.resource, "entry") if is_bundle else ():
                for name in _names(entry):
                    self._entries.setdefault(name, entry["resource"])
        return self._entries.get(reference.partition("/_history/")[0])

    def _member_of(self, value: Any, type_name: str, valueset: str) -> bool | None:
        codes = self.sources.codes
        return None if codes is None else member_of(codes, value, type_name, valueset)

    def _conforms_to(self, value: Any, type_name: str, profile: str) -> bool | None:
        conforms = self.sources.conforms
        return None if conforms is None else conforms(Item(value, type_name), profile, self)


def member_of(codes: Codes, value: Any, type_name: str, valueset: str) -> bool | None:
    """Whether a code, a Coding, a Quantity, or one coding of a CodeableConcept is in a value set; None if unknown."""
    if value.__class__ is str:
        return codes.member(valueset, None, value)
    if type_name == "CodeableConcept":
        answers = [member_of(codes, one, "Coding", valueset) for one in listed(value, "coding")]
        return True if True in answers else None if None in answers else False
    system, code = (value.get("system"), value.get("code")) if value.__class__ is dict else (None, None)
    if code.__class__ is not str or not (system is None or system.__class__ is str):
        return False
    return codes.member(valueset, system, code)


def listed(tree: Any, name: str) -> list[Any]:
    """The array under `name`, or nothing where none stands there."""
    found = tree.get(name) if tree.__class__ is dict else None
    return found if found.__class__ is list else []


def _names(entry: Any) -> list[str]:
    """All that references can call the resource of a Bundle's entry."""
    resource = entry.get("resource") if entry.__class__ is dict else None
    if resource.__class__ is not dict:
        return []
    address = entry.get("fullUrl")
    local = f"{resource.get('resourceType')}/{resource.get('id')}"
    names = [address] if address.__class__ is str else []
    if address is None or (address.__class__ is str and address.endswith(f"/{local}")):
        names.append(local)
    return names
