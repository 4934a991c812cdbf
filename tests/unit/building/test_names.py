"""The list of short forms is taken over as it is, and a list of another form ends the build."""

from pathlib import Path

import pytest

from building.names import compile_names


def test_names_and_short_forms_are_taken_over(tmp_path: Path) -> None:
    source, target = tmp_path / "names.csv", tmp_path / "made.csv"
    source.write_text("name1,relationship,name2\nabigail,has_nickname,abby\nwilliam,has_nickname,bill\n")
    compile_names(source, target)
    assert target.read_text() == "abigail,abby\nwilliam,bill\n"


@pytest.mark.parametrize("text", [
    "name1,relationship,name2\n", "name,nickname\nabigail,abby\n", "name1,relationship,name2\na,has_surname,b\n",
    "name1,relationship,name2\na,has_nickname\n",
])  # fmt: skip
def test_another_list_is_refused_and_nothing_is_written(tmp_path: Path, text: str) -> None:
    source, target = tmp_path / "names.csv", tmp_path / "made.csv"
    source.write_text(text)
    with pytest.raises(RuntimeError, match=r"names\.csv"):
        compile_names(source, target)
    assert not target.exists()
