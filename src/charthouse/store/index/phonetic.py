"""How a name sounds, so that Catherine is found by who heard Kathryn: codes after Double Metaphone.

The rules are those of Lawrence Philips, "The Double Metaphone Search Algorithm" (C/C++ Users Journal, June 2000),
as a table: a name has one code for its likeliest sound in English and perhaps another for the language it comes
from. Consonants that sound alike have one letter, vowels count at the beginning only. Here a code keeps twelve
letters rather than four, and no letter is lost after "sc". Codes lie in the index: another table of rules is
another code, and wants an index made anew.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

from charthouse.store.index.text import fold

LONGEST_SOUND: Final = 12  # letters of a code
_VOWELS: Final = "AEIOUY"
_APART: Final = re.compile(r"[^\w'’ʼ`´.]+|_+")
_SLAVIC: Final = re.compile("[WK]|CZ")  # Slavic or Germanic by its letters

# By the letter at a place: pattern, sound, sound elsewhere where it differs (- is none), and the names it is limited
# to: mild (no sign of a Slavic or Germanic origin), slavic, sch (begins so). The first pattern that fits takes what
# it matches.
_TABLE: Final = r"""
AEIOUY:
    ^[AEIOUY] A
    [AEIOUY] -
G:
    ^GN N
    (?<=[^AEIOUY])GH K
    ^GH(?=I) J
    ^GH K
    (?<=[BHD].)GH -
    (?<=[BHD]..)GH -
    (?<=[BH]...)GH -
    (?<=[CGLRT].U)GH F
    (?<=I)GH -
    GH K
    (?<=^[AEIOUY])GN KN N mild
    GN(?!EY) N KN mild
    GN KN
    GL(?=I) KL L mild
    ^G(?:Y|E(?=[SPBLYIR])|I(?=[BLNE])) K J
    (?<!^[DRM]AN)(?<![EI])GE(?=R) K J
    (?<![EIRO])GY K J
    G[EIY] K K sch
    GE(?=T) K
    GI(?=ER$) J
    G[EIY] J K
    (?<=[AO])GG(?=I) J K
    GG? K
K:
    ^KN N
    KK? K
P:
    ^PN N
    ^PS S
    PH F
    P[PB]? P
B:
    BB? P
C:
    (?<=[^AEIOUY]A)CH(?![IE]) K
    (?<=[BM]A)CH(?=ER) K
    ^CA(?=ESAR) S
    CH(?=IA) K
    (?<=.)CH(?=AE) K X
    ^CH(?=ARAC|ARIS|OR(?!E)|YM|IA|EM) K
    (?<=OR)CH(?=ES|ID) K
    (?<=AR)CH(?=IT) K
    CH(?=[TS]) K
    (?:^|(?<=[AOUE]))CH(?=[LRNMBHFVW]|$) K
    (?<=^M)CH K
    (?<=^MC)CH K
    (?<=.)CH X K
    CH X
    (?<!WI)CZ S X
    CCI(?=A) X
    (?<=^A)CC(?!HU)[IEH] KS
    (?<=U)CCE(?=E|S) KS
    (?<!^M)CC(?!HU)[IEH] X
    (?<!^M)CC K
    C[KGQ] K
    CI(?=[OEA]) S X
    C[IEY] S
    C(?:C(?![EI]))? K
D:
    DG[IEY] J
    DG TK
    D[DT]? T
F:
    FF? F
H:
    (?:^|(?<=[AEIOUY]))H(?=[AEIOUY]) H
    H -
J:
    ^J(?=OSE$) H
    J(?=OSE) J H
    ^JJ? J A
    (?<=[AEIOUY])J(?=[AO]) J H mild
    J$ J -
    (?<![SKL])J(?:J|(?![LTKSNMBZ])) J
    JJ? -
L:
    (?<=I)LL(?=[OA]$) L -
    (?<=A)LL(?=E$|E.*[AO]S?$) L -
    LL? L
M:
    (?<=U)MB(?=$|ER) M
    MM? M
N:
    NN? N
Q:
    QQ? K
R:
    (?<!M[EA]IE)(?<=IE)R$ - R mild
    RR? R
S:
    (?<=[IY])S(?=L) -
    ^S(?=UGAR) X S
    SH(?=EIM|OEK|OLM|OLZ) S
    SH X
    SI[OA] S X mild
    SI[OA] S
    ^S(?=[MNLW]) S X
    SZ S X
    SCH(?=E[RN]) X SK
    SCH(?=OO|UY|E[DM]) SK
    ^SCH(?=[^AEIOUYW]) X S
    SCH X
    SC[IEY] S
    SC SK
    (?<=[AO]I)S$ - S
    S[SZ]? S
T:
    TIO(?=N) X
    TIA X
    TCH X
    T?TH(?=[OA]M) T
    T?TH T T sch
    T?TH 0 T
    T[TD]? T
V:
    VV? F
W:
    WR R
    ^W(?=[AEIOUY]) A F
    ^W(?=H) A
    (?<=[AEIOUY])W$ - F
    (?<=[EO])W(?=SK[IY]) - F
    W - F sch
    WI[CT]Z TS FX
    W -
X:
    ^X S
    (?<=[AEO]U)X$ -
    X[CX]? KS
Z:
    ZH J
    ZZ(?=[OIA]) S TS
    (?<=[^T])ZZ? S TS slavic
    ZZ? S
"""


class _Rule(NamedTuple):
    pattern: re.Pattern[str]
    sounds: tuple[str, str]
    only: str


def _rules() -> dict[str, list[_Rule]]:
    """The table by the letter that its patterns begin at."""
    found: dict[str, list[_Rule]] = {}
    here: list[_Rule] = []
    for line in _TABLE.strip().split("\n"):
        if line.endswith(":"):
            here = []
            found |= dict.fromkeys(line[:-1], here)
            continue
        pattern, sound, *more = line.split()
        only = more.pop() if more and more[-1].islower() else ""
        other = more[0] if more else sound
        here.append(_Rule(re.compile(pattern), (sound.replace("-", ""), other.replace("-", "")), only))
    return found


_RULES: Final = _rules()


def sounds(name: str) -> frozenset[str]:
    """The codes of the words of a name, and of all its words run together: "van der Berg" sounds like each of
    them and like Vanderberg. Words in other letters than Latin stand for themselves, folded."""
    words = _words(name)
    found: set[str] = set()
    for word in words:
        found |= _codes(word)
    return frozenset(found | _codes("".join(words)) if len(words) > 1 else found)


def as_one(name: str) -> frozenset[str]:
    """The codes of a name said as a whole: what is looked for among the `sounds` of others; empty without letters."""
    return _codes("".join(_words(name)))


def _words(name: str) -> list[str]:
    plain = _APART.sub(" ", fold(name))
    return ["".join(filter(str.isalnum, word)) for word in plain.split() if any(map(str.isalnum, word))]


@lru_cache(maxsize=4096)
def _codes(word: str) -> frozenset[str]:
    """The codes of one folded word."""
    letters = "".join(letter for letter in word.upper() if "A" <= letter <= "Z")
    if not letters:
        return frozenset((word[:LONGEST_SOUND],)) if word else frozenset()
    mild = _SLAVIC.search(letters) is None
    origins = {"", "mild" if mild else "slavic"} | ({"sch"} if letters.startswith("SCH") else set())
    one = other = ""
    place = 0
    while place < len(letters) and min(len(one), len(other)) < LONGEST_SOUND:
        for pattern, (sound, elsewhere), only in _RULES[letters[place]]:
            match = pattern.match(letters, place)
            if match is not None and only in origins:
                one, other = one + sound, other + elsewhere
                place = match.end()
                break
        else:  # a letter without a rule for it makes no sound
            place += 1
    found = {code[:LONGEST_SOUND] for code in (one, other) if code}
    return frozenset(found or {letters[:LONGEST_SOUND].lower()})
