"""Codes that follow a grammar: languages, media types, units."""

from __future__ import annotations

import pytest

from charthouse.base.errors import Problem
from charthouse.terminology.grammar import LANGUAGES, MEDIA, UCUM, grammars, language, media
from charthouse.terminology.ucum import Ucum
from tests.unit.terminology.makers import drawn, rule, terminology, valueset


@pytest.mark.parametrize(
    "tag",
    ["en", "EN", "en-US", "de-CH-1996", "zh-Hant-TW", "sl-rozaj-biske", "es-419", "en-x-clinic", "x-ours", "i-klingon",
     "zh-cmn-Hans-CN", "de-a-value-b-other"],
)  # fmt: skip
def test_a_language_tag_is_known(tag: str) -> None:
    assert language(tag) is True


@pytest.mark.parametrize(
    "tag",
    ["", "e", "english", "xx", "en_US", "en-", "-en", "en--US", "en-US-", "en US", "qq-DE", "a" * 300, "en-\x00", "é"],
)  # fmt: skip
def test_what_is_no_language_tag_is_refused(tag: str) -> None:
    assert language(tag) is False


def test_of_a_language_of_three_letters_nobody_here_can_tell() -> None:
    assert language("haw") is None
    assert language("haw-US") is None


@pytest.mark.parametrize(
    "code",
    ["text/plain", "application/fhir+json", "application/pdf", "image/svg+xml", "TEXT/HTML",
     "application/fhir+json; fhirVersion=4.0", 'text/plain;charset="utf-8"', "application/vnd.ms-excel",
     "x-world/x-vrml"],
)  # fmt: skip
def test_a_media_type_is_known_by_its_form(code: str) -> None:
    assert media(code)


@pytest.mark.parametrize(
    "code",
    [
        "",
        "text",
        "text/",
        "/plain",
        "pdf/application",
        "text/pl ain",
        "text/plain;",
        "text/plain; a=",
        "a" * 300,
    ],
)
def test_what_is_no_media_type_is_refused(code: str) -> None:
    assert not media(code)


def test_units_are_members_of_a_value_set_of_all_units() -> None:
    asked = terminology(valueset(drawn(UCUM)), units=Ucum())
    assert asked.member("http://example.org/set", UCUM, "mm[Hg]") is True
    assert asked.member("http://example.org/set", UCUM, "mmHg") is False
    assert asked.member("http://example.org/set", None, "kg") is True
    assert asked.unchecked("http://example.org/set") is None


def test_units_of_one_dimension_are_found_by_their_canonical_unit() -> None:
    asked = terminology(valueset(drawn(UCUM, rule("canonical", "=", "a"))), units=Ucum())
    assert [asked.member("http://example.org/set", UCUM, code) for code in ("h", "ms", "wk", "kg", "m")] == [
        True, True, True, False, False,
    ]  # fmt: skip


def test_without_ucum_units_cannot_be_checked() -> None:
    asked = terminology(valueset(drawn(UCUM)))
    assert asked.member("http://example.org/set", UCUM, "kg") is None
    assert asked.unchecked("http://example.org/set") == "UCUM is not at hand"


@pytest.mark.parametrize("url", [UCUM, LANGUAGES, MEDIA])
def test_the_codes_of_a_grammar_cannot_be_listed(url: str) -> None:
    with pytest.raises(Problem, match="follow a grammar"):
        terminology(valueset(drawn(url)), units=Ucum()).expand("http://example.org/set")


@pytest.mark.parametrize(
    ("tag", "expected"),
    [("en", True), ("en-US", True), ("zh-Hant", False), ("en-x-a", False), ("xx", False), ("haw", None)],
)
def test_languages_are_narrowed_by_the_parts_of_their_tags(tag: str, expected: bool | None) -> None:
    rules = [
        rule(name, "exists", "false")
        for name in ("ext-lang", "script", "variant", "extension", "private-use")
    ]
    asked = terminology(valueset(drawn(LANGUAGES, *rules)))
    assert asked.member("http://example.org/set", LANGUAGES, tag) is expected
    with_region = terminology(valueset(drawn(LANGUAGES, rule("region", "exists", "true"))))
    assert with_region.member("http://example.org/set", LANGUAGES, tag) is (tag == "en-US")


@pytest.mark.parametrize("url", [UCUM, LANGUAGES, MEDIA])
def test_another_filter_on_a_grammar_cannot_be_checked(url: str) -> None:
    asked = terminology(valueset(drawn(url, rule("property", "=", "mass"))), units=Ucum())
    assert asked.member("http://example.org/set", url, "kg") in (None, False)
    assert asked.unchecked("http://example.org/set")
    with pytest.raises(Problem, match="not known here"):
        grammars(Ucum())[url].sieve(rule("property", "=", "mass"))


def test_a_code_of_a_grammar_can_be_looked_up() -> None:
    asked = terminology(units=Ucum())
    assert asked.lookup(UCUM, "kg").display == "kg"
    with pytest.raises(Problem):
        asked.lookup(UCUM, "kilo")
