"""What narrative may hold: R4 narrative.html, txt-1."""

from __future__ import annotations

import pytest

from charthouse.fhir.path.xhtml import is_safe


def narrative(inner: str) -> str:
    return f'<div xmlns="http://www.w3.org/1999/xhtml">{inner}</div>'


@pytest.mark.parametrize(
    "address",
    [
        "x-definitions.html#Patient.extension:race",
        "a/b:c",
        "?a=b:c",
        "#p:1",
        "https://x.org/a",
        "mailto:a@x.org",
        "page.html",
    ],
)
def test_an_address_may_be_relative_and_have_a_colon_behind_its_path(address: str) -> None:
    assert is_safe(narrative(f'<a href="{address}">x</a>'))


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "JaVa\tscript:x", " vbscript:x", "data:text/html,x", "x-y.z+1:a"]
)
def test_an_address_of_another_scheme_is_refused(address: str) -> None:
    assert not is_safe(narrative(f'<a href="{address}">x</a>'))
