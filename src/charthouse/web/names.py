"""Names of people and organisations as they are said (R4 datatypes, HumanName)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

# Which name a person goes by on paper; the first use found wins, a name with no use stands with official.
LEGAL: Final = ("official", None, "usual", "temp", "anonymous", "nickname", "maiden", "old")
FAMILY_FIRST: Final = ("ja", "zh", "ko", "hu", "vi")


@dataclass(frozen=True, slots=True)
class PersonName:
    """What a chart shows: `legal` (Amara Okafor), `sorted` (Okafor, Amara), `preferred` (Mara, or empty)."""

    legal: str
    sorted: str
    preferred: str = ""
    others: tuple[tuple[str, str], ...] = ()
    initials: str = ""


UNNAMED: Final = PersonName("Name not recorded", "Name not recorded", initials="?")


def person(names: Any) -> PersonName:
    """The names of a Patient or Practitioner (a list of HumanName trees)."""
    found = [name for name in names or () if isinstance(name, dict) and in_full(name)]
    if not found:
        return UNNAMED
    legal = min(found, key=_rank)
    preferred, others = "", []
    for name in found:
        if name is legal:
            continue
        use = name.get("use")
        if use in ("usual", "nickname") and not preferred:
            preferred = _called(name, legal)
        elif use in ("maiden", "old") or name.get("period", {}).get("end"):
            others.append(("Maiden name" if use == "maiden" else "Former name", in_full(name)))
        elif in_full(name) != in_full(legal):
            others.append(("Also known as", in_full(name)))
    return PersonName(in_full(legal), _sorted(legal), preferred, tuple(others), _initials(legal))


def in_full(name: dict[str, Any], *, prefix: bool = False) -> str:
    """One HumanName in the order it is spoken; digits and accents stay as recorded."""
    given, family = _words(name.get("given")), str(name.get("family") or "")
    if not given and not family:
        return str(name.get("text") or "").strip()
    order = [family, *given] if _is_family_first(name) else [*given, family]
    words = [*(_words(name.get("prefix")) if prefix else ()), *order, *_words(name.get("suffix"))]
    return " ".join(word for word in words if word)


def with_title(names: Any) -> str:
    """A practitioner's name with its prefix, `Dr. Ardelia Mante`; empty if there is none."""
    found = [name for name in names or () if isinstance(name, dict)]
    return in_full(min(found, key=_rank), prefix=True) if found else ""


def _rank(name: dict[str, Any]) -> tuple[bool, int]:
    ended = bool(name.get("period", {}).get("end")) if isinstance(name.get("period"), dict) else False
    use = name.get("use")
    return ended, LEGAL.index(use) if use in LEGAL else len(LEGAL)


def _words(value: Any) -> list[str]:
    return [str(word) for word in value if word] if isinstance(value, list) else []


def _is_family_first(name: dict[str, Any]) -> bool:
    """Whether an extension of the name says its language puts the family name first."""
    for extension in name.get("extension") or ():
        if (
            str(extension.get("url", "")).endswith("/language")
            and extension.get("valueCode", "")[:2] in FAMILY_FIRST
        ):
            return True
    return False


def _sorted(name: dict[str, Any]) -> str:
    given, family = _words(name.get("given")), str(name.get("family") or "")
    if not family or not given:
        return in_full(name)
    return f"{family}, {' '.join(given)}"


def _called(name: dict[str, Any], legal: dict[str, Any]) -> str:
    """The name somebody asks for, without a family name that is the legal one again."""
    given = _words(name.get("given"))
    same_family = name.get("family") in (None, legal.get("family"))
    called = " ".join(given) if given and same_family else in_full(name)
    return "" if called == " ".join(_words(legal.get("given"))) else called


def _initials(name: dict[str, Any]) -> str:
    given, family = _words(name.get("given")), str(name.get("family") or "")
    letters = [word[0] for word in (*given[:1], family) if word]
    text = "".join(letters) or in_full(name)[:1]
    return text.upper()
