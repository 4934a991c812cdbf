"""Which browser on which machine, in words a person recognises, from what the browser says of itself."""

from __future__ import annotations

from typing import Final

# The first that is found counts: many say that they are others, too.
BROWSERS: Final = (
    ("Edg", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser", "Samsung Internet"), ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"), ("CriOS", "Chrome"), ("Chrom", "Chrome"), ("Safari", "Safari"), ("curl", "curl"),
    ("python", "a program"),
)  # fmt: skip
MACHINES: Final = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("CrOS", "Chromebook"), ("Windows", "Windows"),
    ("Mac OS", "Mac"), ("Linux", "Linux"),
)  # fmt: skip


def device(agent: str) -> str:
    """E.g. `Firefox on Windows`; what says nothing known is `Unknown browser`."""
    browser = next((name for sign, name in BROWSERS if sign in agent), "Unknown browser")
    machine = next((name for sign, name in MACHINES if sign in agent), "")
    return f"{browser} on {machine}" if machine else browser
