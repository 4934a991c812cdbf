"""What an incident amounts to: the risk assessment of 45 CFR 164.402(2), and what is presumed without one."""

from __future__ import annotations

from typing import Final

import msgspec

from charthouse.base.errors import invalid

RATINGS: Final = ("low", "medium", "high")
# 45 CFR 164.402, definition of breach, paragraph (2)(i)-(iv).
FACTORS: Final = (
    ("nature", "Nature and extent of the PHI",
     "Which identifiers were there, and how likely could somebody be re-identified?"),
    ("person", "The unauthorised person", "Who used it or received it? Are they themselves bound to keep it secret?"),
    ("acquired", "Acquired or viewed", "Was it really acquired or viewed, or was there only the chance?"),
    ("mitigated", "Mitigation", "How far was the risk made smaller, e.g. by assurances that it was destroyed?"),
)  # fmt: skip
CONCLUSIONS: Final = ("low", "breach")
LONGEST: Final = 4000


class Factor(msgspec.Struct, frozen=True):
    """One factor: its rating (a word of `RATINGS`, empty = not rated) and the reasoning."""

    rating: str = ""
    reason: str = ""


class Assessment(msgspec.Struct, frozen=True):
    """The four factors in the order of `FACTORS`, the conclusion (`low` or `breach`) and the reasons for it."""

    factors: tuple[Factor, Factor, Factor, Factor]
    conclusion: str
    why: str


def checked(assessment: Assessment) -> Assessment:
    """`assessment` if it can stand; raises `Problem(invalid)`.

    A breach may be concluded at once: notice may be given without an assessment. A low probability must be
    demonstrated, so every factor needs a rating and a reason (164.402(2), 164.414(b)).
    """
    if assessment.conclusion not in CONCLUSIONS:
        raise invalid("value", "Say what was concluded.", place="conclusion", value=assessment.conclusion,
                      repair="Choose a low probability of compromise, or a breach.")  # fmt: skip
    for (name, title, _), factor in zip(FACTORS, assessment.factors, strict=True):
        if factor.rating and factor.rating not in RATINGS:
            raise invalid("value", "There is no such rating.", place=name, value=factor.rating,
                          repair=f"Use one of {', '.join(RATINGS)}.")  # fmt: skip
        if assessment.conclusion == "low" and not (factor.rating and factor.reason):
            raise invalid("required", f"“{title}” has no {'reasoning' if factor.rating else 'rating'}.", place=name,
                          repair="A low probability must be shown factor by factor.")  # fmt: skip
    if not assessment.why:
        raise invalid(
            "required", "The conclusion has no reasons.", place="why", repair="Say why, in a sentence."
        )
    if any(len(text) > LONGEST for text in (assessment.why, *(one.reason for one in assessment.factors))):
        raise invalid("too-long", "This is too long.", place="why", repair=f"Use up to {LONGEST} characters.")
    return assessment


def standing(*, is_secured: bool, exception: str, assessment: Assessment | None) -> str:
    """A word of `words.STANDINGS`: a breach is presumed until something else is shown (164.402(2)).

    PHI that was secured, e.g. encrypted as the guidance under section 13402(h)(2) of HITECH says, and the
    three exceptions of paragraph (1) are no breach.
    """
    if is_secured:
        return "secured"
    if exception:
        return "excepted"
    if assessment is None:
        return "presumed"
    return assessment.conclusion


def is_owed(word: str) -> bool:
    """Whether notice is owed at this standing."""
    return word in ("presumed", "breach")
