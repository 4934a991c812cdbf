"""What an extension is called: the end of its address in words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from charthouse.web import labels

KNOWN: Final = {
    "patient-mothersMaidenName": "Mother's maiden name",
    "patient-birthPlace": "Place of birth",
    "us-core-birthsex": "Sex at birth",
    "us-core-race": "Race",
    "us-core-ethnicity": "Ethnicity",
    "us-core-genderIdentity": "Gender identity",
    "ombCategory": "Category",
    "data-absent-reason": "Why there is no value",
    "disability-adjusted-life-years": "Disability-adjusted life years",
    "quality-adjusted-life-years": "Quality-adjusted life years",
}
# Codes of extensions whose letters are no words, by the end of the address.
LETTERS: Final = {
    "us-core-birthsex": {
        "M": "Male",
        "F": "Female",
        "UNK": "Unknown",
        "ASKU": "Asked but unknown",
        "OTH": "Other",
    },
}
# What publishers put before the word that matters.
_PREFIX: Final = re.compile(
    r"^(us-core|qicore|patient|individual|iso21090|condition|observation|humanname|own|"
    r"allergyintolerance|medicationrequest|encounter|procedure|practitioner|organization|questionnaire)-",
    re.IGNORECASE,
)


def meaning(url: object) -> Mapping[str, str]:
    """Words for the codes of this extension; empty where its codes are words."""
    return LETTERS.get(_end(url), {})


def label(url: object) -> str:
    """The label of an extension by its url; `Extension` where it has none."""
    name = _end(url)
    if not name:
        return "Extension"
    if name in KNOWN:
        return KNOWN[name]
    words = re.sub(r"[-_.]+", " ", _PREFIX.sub("", name)).strip()
    return (
        " ".join([labels.words(words.split()[0]), *(labels.words(one).lower() for one in words.split()[1:])])
        if words
        else name
    )


def _end(url: object) -> str:
    return str(url or "").split("|", 1)[0].rstrip("/").rsplit("/", 1)[-1].rsplit("#", 1)[-1]
