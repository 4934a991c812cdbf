"""The constraints that are met most often, by hand: each says True where it certainly holds, and else does not know.

What is not known here is put to FHIRPath; a test compares the two on random input.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from charthouse.validation.scene import Scene

Native = Callable[[Any, Scene], bool]

_NAMES: Final = (
    "a|b|blockquote|br|caption|code|col|colgroup|dd|div|dl|dt|em|h[1-6]|hr|i|li|ol|p|pre|small|span|strong|"
    "sub|sup|table|tbody|td|tfoot|th|thead|tr|tt|ul|var"
)
_ATTRIBUTES: Final = (
    r"(?:align|border|cellpadding|cellspacing|class|colspan|dir|id|lang|name|rowspan|style|title|valign|width|xml:lang|xmlns)=\"[^\"<>]*\""
    r"|href=\"(?:(?:https?://|mailto:|tel:)[^\"<>]*|[\w./#-]*)\""
)
# nothing is given back once it is matched, so that no text costs more than its length
_PLAIN: Final = re.compile(rf"(?>[^<]++|</?(?:{_NAMES})(?:\s++(?:{_ATTRIBUTES}))*+\s?/?>)*+")
_WORD: Final = re.compile(r">\s*[A-Za-z0-9]")

# Held by every object whose shape is sound: an element has content, nothing is contained in what is contained.
GUARANTEED: Final = frozenset({"ele-1", "dom-2"})


def ref_1(node: Any, scene: Scene) -> bool:
    """A local reference names a contained resource; what is referred to so is kept for dom-3."""
    text = node.get("reference")
    if text.__class__ is not str or not text.startswith("#"):
        return True
    scene.fragments.add(text)
    return text[1:] in scene.ids


def dom_3(node: Any, scene: Scene) -> bool:
    """Every contained resource is referred to: here by a Reference, in FHIRPath also by uris."""
    contained = node.get("contained")
    return contained is None or all("#" + one.get("id", "") in scene.fragments for one in contained)


def dom_4_and_5(node: Any, _scene: Scene) -> bool:
    """Contained resources have neither versions nor security labels: most have no meta at all."""
    contained = node.get("contained")
    return contained is None or not any("meta" in one for one in contained)


def per_1(node: Any, _scene: Scene) -> bool:
    """The start of a Period is not after its end: here only where both are written in the same way."""
    start, end = node.get("start"), node.get("end")
    if start is None or end is None or start == end:
        return True
    if len(start) < 19 or len(end) < 19:
        return len(start) == len(end) and bool(start <= end)
    return bool(start[:19] < end[:19]) and _zone(start) == _zone(end)


def txt_1(node: Any, _scene: Scene) -> bool:
    """Narrative keeps to the XHTML that FHIR allows: here only its plainest elements and attributes.

    That it is well-formed is part of its shape.
    """
    return _PLAIN.fullmatch(node) is not None and _WORD.search(node) is not None


def dom_6(_node: Any, scene: Scene) -> bool:
    """Narrative is recommended; what is contained is part of the narrative of the resource around it."""
    return scene.root is not scene.resource


def _zone(text: str) -> str:
    return text[-1] if text[-1] == "Z" else text[-6:]


BY_KEY: Final[dict[str, Native]] = {
    "ref-1": ref_1,
    "dom-3": dom_3,
    "dom-4": dom_4_and_5,
    "dom-5": dom_4_and_5,
    "dom-6": dom_6,
    "per-1": per_1,
    "txt-1": txt_1,
}
