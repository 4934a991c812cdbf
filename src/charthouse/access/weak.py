"""Passwords that a guesser tries first, told by rule: rows of keys, repetition, common words, own names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

RUNS: Final = (
    "abcdefghijklmnopqrstuvwxyz", "0123456789", "qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertzuiop",
    "azertyuiop", "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol", "1q2w3e4r5t6y7u8i9o0p", "!@#$%^&*()",
)  # fmt: skip
# Words that people build passwords from, above all at a clinic; longer ones of the same kind contain them.
WORDS: Final = (
    "password", "passwort", "motdepasse", "contrasena", "passphrase", "passcode", "secret", "welcome", "letmein",
    "changeme", "admin", "administrator", "login", "default", "temporary", "temp", "test", "testing", "guest",
    "user", "root", "master", "access", "system", "computer", "internet", "server", "charthouse", "clinic",
    "hospital", "medical", "health", "doctor", "doc", "nurse", "patient", "office", "practice", "chart", "record",
    "company", "monkey", "dragon", "sunshine", "princess", "football", "baseball", "superman", "batman",
    "starwars", "shadow", "trustno", "iloveyou", "love", "hello", "freedom", "whatever", "google", "facebook",
    "spring", "summer", "autumn", "fall", "winter", "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december", "monday", "tuesday", "wednesday",
    "thursday", "friday", "saturday", "sunday", "the", "my", "new", "for", "and", "is", "this", "key", "pass",
    "word", "pwd", "qwerty", "abc", "correct", "horse", "battery", "staple",
)  # fmt: skip
SHARE: Final = 5  # what is left beside the guessable parts must be at least so many different signs
_LOOKS: Final = str.maketrans("@4$5!10379", "aassiioetg")
_OWN: Final = 4  # letters that a part of a name must have before it counts
_BLOCK: Final = re.compile(r"(.{1,8}?)\1+")


def weakness(password: str, about: Iterable[str] = ()) -> str | None:
    """Why a guesser would try this password early, as a clause after "because", or None.

    `about` are words that belong to the person or the house: user name, name, e-mail address, clinic.
    """
    text = password.lower()
    if len(set(text)) < SHARE:
        return "it has too few different characters"
    whole = _BLOCK.fullmatch(text)
    if whole is not None and len(whole[1]) * 2 <= len(text):
        return "it is the same piece over and over"
    own = {part for word in about for part in re.split(r"[\W_]+", word.lower()) if len(part) >= _OWN}
    own |= {word.lower() for word in about if len(word) >= _OWN}
    if any(part in text for part in own):
        return "it contains your name or that of the clinic"
    if len(_without_runs(text)) < SHARE:
        return "its characters stand in a row on the keyboard or in the alphabet"
    if _rest(text, own) < SHARE or _rest(text.translate(_LOOKS), own) < SHARE:
        return "it is made of words and numbers that everybody uses"
    return None


def _rest(text: str, own: Iterable[str]) -> int:
    """How many different signs are left when runs, numbers and common words are taken out."""
    left = re.sub(r"[\W\d_]+", " ", _without_runs(text))
    for word in sorted((*WORDS, *own), key=len, reverse=True):
        if len(word) > 2 or re.fullmatch(rf"(.* )?{re.escape(word)}( .*)?", left):
            left = left.replace(word, " ")
    return len(set(left.replace(" ", "")))


def _without_runs(text: str) -> str:
    """`text` without stretches of four or more signs that follow each other on a keyboard row or in the alphabet,
    forwards or backwards, and without repetitions of one sign."""
    kept, at = [], 0
    while at < len(text):
        length = max(_run(text, at), 1)
        if length < 4:
            kept.append(text[at])
            length = 1
        at += length
    return "".join(kept)


def _run(text: str, at: int) -> int:
    """How long the run is that begins at `at`."""
    best = 1
    same = at + 1
    while same < len(text) and text[same] == text[at]:
        same += 1
    best = max(best, same - at)
    for row in RUNS:
        for line in (row, row[::-1]):
            start = line.find(text[at])
            if start < 0:
                continue
            end = 0
            while at + end < len(text) and start + end < len(line) and text[at + end] == line[start + end]:
                end += 1
            best = max(best, end)
    return best
