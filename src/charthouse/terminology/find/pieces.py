"""Cuts a question into abbreviations, phrases and words, slips mended, with what each may stand for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from charthouse.terminology.find.cost import DENIES, DENIES_NEXT, SIDES
from charthouse.terminology.find.lexicon import Lexicon
from charthouse.terminology.find.spelling import SHORTEST
from charthouse.terminology.find.words import EMPTY, stem

_STARTED: Final = 0.15  # what is subtracted for a word of which only the beginning was typed
_SLIP: Final = 0.25  # times the distance, for a word that was mended
_BEGINNING: Final = 3  # letters of a beginning
_OFTEN: Final = 3  # groups of codes that have a word which is worth completing
_COMPLETED: Final = 24  # words that a beginning may stand for
_FAR: Final = 1.4  # a word so far from what was typed is less likely than two words run together
_TOGETHER: Final = 6  # letters of two words that may be one
_REST: Final = 4  # letters behind a prefix

_COUNTED_WORDS: Final = "stage type grade class bipolar level factor phase cin nyha ckd dm"
_PREFIX_WORDS: Final = "post pre non peri gastro broncho cardio musculo naso oro hypo pseudo micro"

_COUNTED: Final = frozenset(_COUNTED_WORDS.split())
_PREFIXES: Final = tuple(_PREFIX_WORDS.split())
_ORDINALS: Final = {"i": "1", "ii": "2", "iii": "3", "iv": "4", "v": "5"}


class Piece(NamedTuple):
    """Some words in a row. `meanings` are what they may stand for, in plain words, the usual one first.

    `told` says so, for people. `slips` are the stems that a mended word may be, with what each costs.
    """

    said: str
    meanings: tuple[tuple[str, ...], ...]
    told: str = ""
    slips: tuple[tuple[str, float], ...] = ()


class _Token(NamedTuple):
    """A word as typed and as it was probably meant, its stem, and what else it may be."""

    said: str
    word: str
    stem: str
    slips: tuple[tuple[str, float], ...] = ()


def pieces(words: Sequence[str], lexicon: Lexicon, known: frozenset[str]) -> Iterator[Piece]:
    """Cut `words` (folded) from the left, the longest phrase first. `known` are stems not to be mended."""
    tokens = [token for place in range(len(words)) for token in _tokens(words, place, lexicon, known)]
    place = 0
    while place < len(tokens):
        piece, count = _phrase(tokens, place, lexicon) or (
            _joined(tokens, place, lexicon) or (_single(tokens, place, lexicon), 1)
        )
        yield piece
        place += count


def _phrase(tokens: Sequence[_Token], place: int, lexicon: Lexicon) -> tuple[Piece, int] | None:
    """An abbreviation or a phrase that stands for something else, and of how many words it is."""
    for count in range(min(lexicon.lore.longest, len(tokens) - place), 0, -1):
        some = tokens[place : place + count]
        words, stems = tuple(each.word for each in some), tuple(each.stem for each in some)
        short = lexicon.lore.short.get(words) or lexicon.lore.short.get(stems)
        if short is None or (short.is_whole and count < len(tokens)):
            continue
        said = " ".join(each.said for each in some)
        is_literal = all(each in lexicon.vocabulary for each in stems)
        meanings = (*short.meanings, words) if is_literal else short.meanings
        meant = " ".join(short.meanings[0])
        return Piece(said, meanings, f"{said} = {meant}" if meant != said else ""), count
    return None


def _joined(tokens: Sequence[_Token], place: int, lexicon: Lexicon) -> tuple[Piece, int] | None:
    """Two words that are also written as one, e.g. "gall stones"."""
    if place + 1 == len(tokens):
        return None
    one, other = tokens[place].said, tokens[place + 1].said
    both = one + other
    if not both.isalpha() or len(both) < _TOGETHER or min(len(one), len(other)) < 2 or one in EMPTY:
        return None
    if stem(both) not in lexicon.vocabulary:
        return None
    return Piece(f"{one} {other}", ((both,), (one, other))), 2


def _single(tokens: Sequence[_Token], place: int, lexicon: Lexicon) -> Piece:
    said, word, _, slips = tokens[place]
    if said in _ORDINALS and place and tokens[place - 1].said in _COUNTED:  # "stage iv"
        return Piece(said, ((_ORDINALS[said],), (said,)))
    if slips:
        return Piece(said, ((word,),), slips=slips)
    for prefix in _PREFIXES:
        rest = said[len(prefix) :]
        if said.startswith(prefix) and len(rest) >= _REST and stem(rest) in lexicon.vocabulary:
            return Piece(said, ((said,), (prefix, rest)))
    return Piece(said, ((said,),))


def _tokens(words: Sequence[str], place: int, lexicon: Lexicon, known: frozenset[str]) -> Iterator[_Token]:
    """A word as it was probably meant; two where it is two run together."""
    word = words[place]
    cut = stem(word)
    if _is_known(word, cut, lexicon) or cut in known or not word.isalpha():
        yield _Token(word, word, cut)
        return
    is_last = place == len(words) - 1
    begun = _begun(word, lexicon) if is_last and len(word) >= _BEGINNING else []
    if begun and lexicon.vocabulary[begun[0]] >= _OFTEN:
        yield _Token(word, word, cut, tuple((each, _STARTED) for each in begun))
        return
    near = lexicon.speller.near(word, cut) if len(word) >= SHORTEST else []
    if not near or near[0].distance > _FAR:
        parts = _parts(word, lexicon)
        if parts:
            for part in parts:
                yield _Token(part, part, stem(part))
            return
    meant = {each.word: _SLIP * each.distance for each in near} | dict.fromkeys(begun, _STARTED)
    best = near[0].word if near else begun[0] if begun else ""
    yield _Token(word, best, best, tuple(meant.items())) if best else _Token(word, word, cut)


def _is_known(word: str, cut: str, lexicon: Lexicon) -> bool:
    lore = lexicon.lore
    if cut in lexicon.vocabulary or cut in lore.same or cut in lore.parts:
        return True
    return word in EMPTY or word in SIDES or word in DENIES or word in DENIES_NEXT


def _begun(word: str, lexicon: Lexicon) -> list[str]:
    """Words that begin so; the commonest."""
    found = [(-lexicon.vocabulary[each], each) for each in lexicon.begun(word)]
    return [each for _, each in sorted(found)[:_COMPLETED]]


def _parts(word: str, lexicon: Lexicon) -> tuple[str, ...]:
    """Two known words of which `word` consists, the commonest; empty if there are none."""
    best: tuple[int, tuple[str, ...]] = 0, ()
    for cut in range(3, len(word) - 2):
        one, other = word[:cut], word[cut:]
        held = min(lexicon.vocabulary.get(stem(one), 0), lexicon.vocabulary.get(stem(other), 0))
        best = max(best, (held, (one, other)))
    return best[1] if best[0] else ()
