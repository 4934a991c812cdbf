"""What somebody may see: worked out once for a page, and told apart by a short word."""

from __future__ import annotations

from charthouse.search import Fragment
from charthouse.search.query import Query
from charthouse.search.view import once, view
from tests.unit.search.shelf import Shelf

SEEN = 1_800_000_000_000  # a moment in ms


def test_a_page_asks_for_the_policy_of_a_type_once(shelf: Shelf) -> None:
    shelf.put(
        *({"resourceType": "Basic", "id": f"view{number}", "code": {"text": "x"}} for number in range(4))
    )
    asked: list[str] = []

    def narrow(type: str) -> Fragment | None:
        asked.append(type)
        return Fragment("r.key > 0", ())

    page = shelf.page("Basic?_count=2&_id=view0,view1,view2,view3", narrow=narrow)
    assert page.next
    assert asked == ["Basic"]
    assert once(None) is None


def test_the_word_differs_by_the_condition_and_its_values_but_not_by_the_moment() -> None:
    def word(sql: str, *args: object) -> str:
        return view(Query("Basic"), lambda type: Fragment(sql, args))

    assert word("a = ?", 1) == word("a = ?", 1) != word("a = ?", 2)
    assert word("a = ?", 1) != word("b = ?", 1)
    assert word("a < ?", SEEN) == word("a < ?", SEEN + 1)
    assert view(Query("Basic"), lambda type: None) == view(Query("Basic"), None) == ""
