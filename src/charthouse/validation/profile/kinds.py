"""Types that a profile leaves to an element, and the profiles that values and references' targets must keep."""

from __future__ import annotations

from typing import Any, Final

from charthouse.fhir.definitions import Element
from charthouse.fhir.path import Item
from charthouse.validation.finding import Finding
from charthouse.validation.formats import Found
from charthouse.validation.profile.fixed import summary
from charthouse.validation.profile.judging import Judge, Profiles, has_error, open_
from charthouse.validation.profile.outline import CORE, Outline
from charthouse.validation.scene import Scene, listed
from charthouse.validation.targets import astray, target

_ANY: Final = frozenset({"Resource", "DomainResource"})


def narrowed(outline: Outline, author: str, profiles: Profiles) -> Judge | None:
    """The judge that a value has one of the types that the profile leaves; None where it leaves all."""
    known = outline.base.types if outline.base is not None else ()
    allowed = frozenset(outline.types)
    if not known or allowed >= frozenset(known) or not allowed:
        return None
    ancestors = profiles.model.ancestors
    kinds = " or ".join(outline.types)

    def judge(item: Item, _scene: Scene) -> Found:
        if item.type in allowed or not allowed.isdisjoint(ancestors(item.type)):
            return None
        name = outline.name
        repair = f"Give it as {outline.written if outline.written != name else kinds}."
        message = f"{author} wants {name} as {kinds}, and it is given as {item.type}."
        return [Finding("invalid", message, summary(item.value), repair)]

    return judge


def typed(outline: Outline, author: str, profiles: Profiles) -> list[Judge]:
    """The judges for the profiles that the types of an element, and the targets of its references, must keep."""
    known = outline.base.profiles if outline.base is not None else ()
    judges: list[Judge] = []
    by_type: dict[str, list[str]] = {}
    for entry in listed(outline.element, "type"):
        urls = [url for url in listed(entry, "profile") if isinstance(url, str) and url not in known]
        if urls and not any(is_type(url, profiles) for url in urls):
            by_type.setdefault(str(entry.get("code")), []).extend(urls)
    if by_type:
        judges.append(_conforming(by_type, author, profiles))
    targets = list(dict.fromkeys(url for url in outline.urls("targetProfile")))
    if targets and not _is_inherited(targets, outline.base, profiles):
        judges.append(_aimed(outline.name, targets, author, profiles))
    return judges


def is_type(url: str, profiles: Profiles) -> bool:
    """Whether a canonical url names a type of the standard, not a profile."""
    name = url.removeprefix(CORE)
    return url.startswith(CORE) and name in profiles.model.type_names


def _is_inherited(targets: list[str], base: Element | None, profiles: Profiles) -> bool:
    if not all(is_type(url, profiles) for url in targets):
        return False
    return base is not None and {url.removeprefix(CORE) for url in targets} >= set(base.targets)


def _conforming(by_type: dict[str, list[str]], author: str, profiles: Profiles) -> Judge:
    def judge(item: Item, scene: Scene) -> Found:
        urls = next((by_type[kind] for kind in (item.type, *_kin(item, profiles)) if kind in by_type), None)
        if urls is None or (scene.sources.is_full and _is_own_definition(urls, item)):
            return None
        if len(urls) == 1:
            return profiles.apply(urls[0], item, scene)
        return _one_of(urls, item, author, scene, profiles)

    return judge


def _is_own_definition(urls: list[str], item: Item) -> bool:
    """Whether the profile is the definition of an extension, against which it is held wherever it stands."""
    return item.type == "Extension" and len(urls) == 1 and urls[0].partition("|")[0] == item.value.get("url")


def _kin(item: Item, profiles: Profiles) -> frozenset[str]:
    return profiles.model.ancestors(item.type)


def _one_of(urls: list[str], item: Item, author: str, scene: Scene, profiles: Profiles) -> Found:
    """Nothing if the item keeps one of several profiles; else what is wrong by the one it misses least."""
    found = [(url, profiles.apply(url, item, scene)) for url in urls]
    if any(not has_error(wrong) and not _is_unknown(wrong) for _, wrong in found):
        return None
    failed = [(url, wrong) for url, wrong in found if has_error(wrong)]
    if len(failed) < len(found):
        return None if not failed else [open_(f"Not all profiles that {author} allows here are at hand.")]
    titles = " or ".join(profiles.title_of(url) for url in urls)
    nearest = min(failed, key=lambda pair: len(pair[1] or ()))
    first = next(one for one in nearest[1] or () if one.severity == "error")
    message = f"This keeps none of the profiles that {author} allows here: {titles}."
    return [Finding("invalid", f"{message} The nearest misses: {first.message}", first.value, first.repair)]


def _is_unknown(found: Found) -> bool:
    return found is not None and any(one.code == "informational" for one in found)


def _aimed(name: str, urls: list[str], author: str, profiles: Profiles) -> Judge:
    """The judge for where a reference leads: to a resource of the type, and of the profile where that is in sight."""

    def judge(item: Item, scene: Scene) -> Found:
        node: Any = item.value
        if item.type != "Reference" or node.__class__ is not dict:
            return None
        kinds = {url: profiles.type_of(url) for url in urls}
        found = target(node, scene, profiles.model)
        if found is None:
            return None
        of_type = [url for url, kind in kinds.items() if kind == found or kind in _ANY]
        if not of_type:
            if None in kinds.values():
                return [
                    open_(
                        f"Where {name} may lead is not known: profiles that {author} names are not at hand."
                    )
                ]
            return [astray(f"By {author}, {name}", found, {str(kind) for kind in kinds.values()}, node)]
        return _met(name, of_type, node, found, author, scene, profiles)

    return judge


def _met(
    name: str, urls: list[str], node: Any, kind: str, author: str, scene: Scene, profiles: Profiles
) -> Found:
    text = node.get("reference")
    tree = scene.resolve(text) if text.__class__ is str else None
    if tree.__class__ is not dict or any(is_type(url, profiles) for url in urls):
        return None
    held = scene.root if str(text).startswith("#") else None
    place = (
        Item(tree, kind) if held is None else Item(tree, kind, None, Item(held, "Resource"), "contained", 0)
    )
    answers = [profiles.conforms(place, url, scene) for url in urls]
    if True in answers or None in answers:
        return None
    titles = " or ".join(profiles.title_of(url) for url in urls)
    message = f"{author} wants {name} to refer to a resource that keeps {titles}, and {text} does not."
    return [Finding("invalid", message, str(text), "Mend that resource, or refer to another.", ".reference")]
