"""The one table of keys: what the overlay prints is what the pages bind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from charthouse.web.sections import SECTIONS


@dataclass(frozen=True, slots=True)
class Key:
    """`stroke` as `event.key` reports it, two strokes divided by a blank, `mod+k` for Ctrl or Cmd.

    `does` names an action of `static/keys.js`, `href` a page to open; `palette` lists it there, too.
    """

    stroke: str
    label: str
    does: str = ""
    href: str = ""
    palette: bool = True

    @property
    def caps(self) -> tuple[tuple[str, ...], ...]:
        """The keycaps in print: one tuple for each stroke."""
        names = {"mod": "Ctrl", "ArrowDown": "↓", "ArrowUp": "↑", "Enter": "↵", "Escape": "Esc"}
        return tuple(
            tuple(names.get(part, part) for part in stroke.split("+")) for stroke in self.stroke.split()
        )


EVERYWHERE: Final = (
    Key("/", "Find a patient", does="find", palette=False),
    Key("mod+k", "Open the command list", does="palette", palette=False),
    Key("?", "Show the keys", does="overlay"),
    Key("g h", "Go home", href="/"),
    Key("g x", "Code systems", href="/code-systems"),
    Key("g q", "Apps", href="/apps"),
    Key("g y", "Pay and careers", href="/salary"),
    Key("j", "Next row", does="next", palette=False),
    Key("k", "Row before", does="previous", palette=False),
    Key("Enter", "Open the row", does="open", palette=False),
    Key("Escape", "Close, or leave a box", does="escape", palette=False),
    Key("g l", "Change between light and dark", does="theme"),
)


def for_chart(patient: str) -> tuple[Key, ...]:
    """The keys of an open chart: `g` and a letter for each section."""
    apps = Key("g w", "Apps on this chart", href=f"/chart/{patient}/apps")
    return (*(Key(f"g {one.key}", one.label, href=one.path(patient)) for one in SECTIONS), apps)
