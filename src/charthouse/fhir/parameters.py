"""The search parameters that a clinic adds: from SearchParameter resources to what index and search use
(R4 searchparameter.html).

Only those in use (`status` active) count; a draft is work in progress and a retired one is gone. Of several with one
url the latest version counts, of several with one code for a type the one that was here first. One that says again
what the standard has (by its url, in `derivedFrom`, or by the same expression) changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Final

from charthouse.base.errors import Issue, Problem
from charthouse.fhir import branches, path
from charthouse.fhir.definitions import Definitions, SearchParam, load
from charthouse.fhir.resource import Tree

TYPE: Final = "SearchParameter"
LONGEST: Final = 4000  # characters of an expression
# A code becomes a name in addresses, in which : and . part it; those that begin with _ are the standard's.
_CODE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
_EVERY: Final = ("Resource", "DomainResource")
_BARE: Final = ("Binary", "Bundle", "Parameters")  # resources that are no DomainResource
_PARTS: Final = re.compile(r"\d+|[a-z]+")
_NAME: Final = re.compile(r"'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`|(?<=\.)value[A-Z]\w*")
_UNABLE: Final = {
    "special": "What a special parameter does stands in no expression, so it takes a program that knows it.",
}  # fmt: skip


def version_rank(version: object) -> list[tuple[int, int | str]]:
    """What versions are ordered by: numbers in them as numbers, and before words."""
    found = _PARTS.findall(str(version or "").lower())
    return [(1, int(part)) if part.isdigit() else (0, part) for part in found]


def is_active(tree: Tree | None) -> bool:
    """Whether a SearchParameter is in use."""
    return tree is not None and tree.get("status") == "active"


def own(trees: Iterable[Tree], definitions: Definitions) -> dict[str, dict[str, SearchParam]]:
    """Resource type -> code -> parameter, for all that `trees` (in the order in which they came here) add to the
    standard. What is unsound is left out (see `wrong` and `unsettled`)."""
    chosen: dict[str, Tree] = {}
    for tree in trees:
        if not is_active(tree):
            continue
        url = str(tree.get("url"))
        earlier = chosen.get(url)
        if earlier is None or version_rank(tree.get("version")) > version_rank(earlier.get("version")):
            chosen[url] = tree
    found: dict[str, dict[str, SearchParam]] = {}
    for is_made in (False, True):  # composites last, for they are made of the others
        for tree in chosen.values():
            if (tree.get("type") == "composite") is not is_made:
                continue
            for type in _types(tree, definitions):
                of_type = found.setdefault(type, {})
                param = _param(tree, type, definitions)
                if (
                    param is None
                    or param.code in of_type
                    or (is_made and _missing(param, type, of_type, definitions))
                ):
                    continue
                of_type[param.code] = param
    return {type: params for type, params in sorted(found.items()) if params}


def wrong(tree: Tree, definitions: Definitions) -> list[Issue]:
    """What keeps a SearchParameter from taking effect, as far as it can be seen in itself; nothing for one that is
    not in use."""
    if not is_active(tree):
        return []
    found = list(_unknown_bases(tree, definitions))
    for type in _types(tree, definitions):
        if len(found) > 4:
            break
        found += _wrong(tree, type, definitions)
    return list(dict.fromkeys(found))


def unsettled(
    tree: Tree, all: Mapping[str, Mapping[str, SearchParam]], definitions: Definitions
) -> list[Issue]:
    """Why a SearchParameter in use is not among `all` (see `own`) for each of its types: what is wrong with it, or
    which other one is in its way, or missing."""
    found = wrong(tree, definitions)
    if found or not is_active(tree):
        return found
    for type in _types(tree, definitions):
        param = _param(tree, type, definitions)
        if param is None:  # the standard has it
            continue
        settled = all.get(type, {}).get(param.code)
        if settled is not None and settled.url == param.url:
            continue
        if settled is not None:
            return [Issue(
                "business-rule", f"{type} has another search parameter of this code here, {settled.url}.",
                f"{TYPE}.code", param.code, "Choose another code, or retire the other one first.",
            )]  # fmt: skip
        for index, url in _missing(param, type, all.get(type, {}), definitions):
            found.append(Issue(
                "business-rule", f"{type} has no search parameter of this url to make a composite of.",
                f"{TYPE}.component[{index}].definition", url, "Add that one first; a composite has none inside.",
            ))  # fmt: skip
        if found:
            return found
    return []


# -- one parameter of one type


def _types(tree: Tree, definitions: Definitions) -> list[str]:
    """The resource types that it is for."""
    bases = [base for base in tree.get("base") or () if isinstance(base, str)]
    if not set(_EVERY).isdisjoint(bases):
        bare = () if "Resource" in bases else _BARE
        every = [type for type in definitions.resource_types if type not in bare]
        return [*every, *(base for base in bases if base in bare)]
    return [base for base in dict.fromkeys(bases) if definitions.is_resource(base)]


def _param(tree: Tree, type: str, definitions: Definitions) -> SearchParam | None:
    """The parameter as `type` has it; None where the standard has it, or it is unsound."""
    if _standard(tree, type, definitions) is not None or _wrong(tree, type, definitions):
        return None
    return SearchParam(
        code=str(tree["code"]),
        type=str(tree["type"]),
        expression=_expression(tree, type),
        url=str(tree["url"]),
        targets=tuple(target for target in tree.get("target") or () if definitions.is_resource(target)),
        components=tuple(
            (_plain(part.get("definition")), _read(str(part.get("expression")))) for part in tree.get("component") or ()
        ),
        description=str(tree.get("description") or ""),
    )  # fmt: skip


def _standard(tree: Tree, type: str, definitions: Definitions) -> SearchParam | None:
    """The parameter of the standard with the same code."""
    return definitions.standard.search_params(type).get(str(tree.get("code")))


def _wrong(tree: Tree, type: str, definitions: Definitions) -> list[Issue]:
    """What is wrong with it as a parameter of `type`."""
    theirs = _standard(tree, type, definitions)
    if theirs is not None:
        return [] if _is_restated(tree, type, theirs) else [_taken(tree, type, theirs)]
    code, kind, text = tree.get("code"), tree.get("type"), tree.get("expression")
    if not isinstance(code, str) or not _CODE.fullmatch(code):
        message = "A code is a letter, and then letters, digits, - and _, 64 at most."
        return [Issue("business-rule", message, f"{TYPE}.code", str(code), "Choose such a code.")]
    if kind in _UNABLE:
        return [Issue(
            "business-rule", _UNABLE[kind], f"{TYPE}.type", kind, "Choose another type, or leave it a draft."
        )]  # fmt: skip
    if not isinstance(text, str):
        return [Issue(
            "business-rule", "Without an expression nothing can be found by it.", f"{TYPE}.expression", None,
            "Say by FHIRPath what its values are, or leave it a draft.",
        )]  # fmt: skip
    own = _expression(tree, type)
    if own is None:
        message = f"The expression says nothing about {type}, which is among its bases."
        return [_unfit(message, text, f"Begin a part of it with {type}, or take {type} out of the bases.")]
    found = _refused(own, type)
    if found is not None:
        return [_unfit(*found)]
    return _wrong_parts(tree, type, own) if kind == "composite" else []


def _wrong_parts(tree: Tree, type: str, expression: str) -> list[Issue]:
    """What is wrong with the components of a composite."""
    parts: Sequence[Tree] = tree.get("component") or ()
    if len(parts) < 2:
        message = "A composite is made of two other search parameters at least."
        return [Issue("business-rule", message, f"{TYPE}.component", None, "Name them as its components.")]
    roots = path.compile(expression, type, load()).types or {type}
    found: list[Issue] = []
    for index, part in enumerate(parts):
        text = _read(str(part.get("expression")))
        whole = text.removeprefix("%resource.")
        refusals = [_refused(whole, root) for root in ({type} if whole != text else sorted(roots))]
        if all(refusals):
            place = f"{TYPE}.component[{index}].expression"
            message, value, repair = refusals[0] or ("", "", None)
            found.append(Issue("business-rule", message, place, value, repair))
    return found


def _unfit(message: str, value: str, repair: str | None) -> Issue:
    return Issue("business-rule", message, f"{TYPE}.expression", value, repair)


def _unknown_bases(tree: Tree, definitions: Definitions) -> Iterator[Issue]:
    for index, base in enumerate(tree.get("base") or ()):
        if base not in _EVERY and not (isinstance(base, str) and definitions.is_resource(base)):
            yield Issue(
                "business-rule", f'"{base}" is not a resource type.', f"{TYPE}.base[{index}]", str(base),
                "Name types of R4, or Resource for all of them.",
            )  # fmt: skip


def _is_restated(tree: Tree, type: str, theirs: SearchParam) -> bool:
    """Whether it says again what the standard has."""
    if theirs.url in (tree.get("url"), _plain(tree.get("derivedFrom"))):
        return True
    return tree.get("type") == theirs.type and _parts(_expression(tree, type)) == _parts(theirs.expression)


def _taken(tree: Tree, type: str, theirs: SearchParam) -> Issue:
    return Issue(
        "business-rule", f"{type} has a search parameter of this code in the standard.", f"{TYPE}.code",
        str(tree.get("code")),
        f"Choose another code, or say that it is the same in derivedFrom: {theirs.url}.",
    )  # fmt: skip


def _missing(
    param: SearchParam, type: str, others: Mapping[str, SearchParam], definitions: Definitions
) -> list[tuple[int, str]]:
    """The components that are no search parameters of the type, by their place."""
    standard = definitions.standard.search_params(type)
    urls = {
        one.url for one in (*standard.values(), *others.values()) if one.type not in ("composite", "special")
    }
    return [(index, url) for index, (url, _) in enumerate(param.components) if url not in urls]


# -- expressions


def _expression(tree: Tree, type: str) -> str | None:
    text = tree.get("expression")
    return branches.narrow(_read(text), type) if isinstance(text, str) else None


@lru_cache(maxsize=512)
def _read(text: str) -> str:
    """An expression as FHIRPath has it: some guides write the JSON name of a choice (`valueDateTime`)."""
    choices = load().type("Extension").choice

    def replaced(match: re.Match[str]) -> str:
        stem, type = choices.get(match[0], ("", ""))
        return f"{stem}.ofType({type})" if type else match[0]

    return _NAME.sub(replaced, text)


@lru_cache(maxsize=2048)
def _refused(expression: str, type: str) -> tuple[str, str, str | None] | None:
    """Why an expression cannot be used on `type` (message, value, repair), or None."""
    if len(expression) > LONGEST:
        return f"The expression is longer than {LONGEST} characters.", expression, "Write it shorter."
    try:
        made = path.compile(expression, type, load())
    except Problem as failure:
        issue = failure.issues[0]
        return issue.message, issue.value or expression, issue.repair or "Write it as FHIRPath has it."
    if made.static.types is not None and not made.static.types:
        return f"There is nothing in a {type} that the expression leads to.", expression, "Look at its names."
    return None


def _parts(expression: str | None) -> frozenset[str]:
    return frozenset("".join(part.split()) for part in branches.split(expression or ""))


def _plain(canonical: object) -> str:
    """A canonical without its version."""
    return str(canonical or "").partition("|")[0]
