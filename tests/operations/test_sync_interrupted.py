"""When a script that was edited may go on where the old one was interrupted."""

from __future__ import annotations

import pytest

from gitmig.migrations.languages.sql import SQL
from gitmig.migrations.model import Script
from gitmig.operations.sync import same_beginning


def script(text: str) -> Script:
    return Script(language=SQL, text=text, path="migrations/0001_a.sql")


@pytest.mark.parametrize(
    ("new", "count", "is_same"),
    [
        pytest.param("SELECT 1; SELECT 2; SELECT 3;", 3, True, id="the same script"),
        pytest.param("SELECT 1; SELECT 2; SELECT 9;", 2, True, id="the rest was corrected"),
        pytest.param("SELECT 1; SELECT 2; SELECT 9;", 3, False, id="what was done is another now"),
        pytest.param("-- why\nselect 1; SELECT\n2;", 2, True, id="a comment, line ends and case"),
        pytest.param("SELECT 1;", 2, False, id="what was done is gone"),
        pytest.param("SELECT 2; SELECT 1;", 2, False, id="another order"),
        pytest.param("VACUUM;", 0, True, id="nothing was done"),
    ],
)
def test_a_script_goes_on_where_what_was_done_is_still_its_beginning(new: str, count: int, *, is_same: bool) -> None:
    assert same_beginning(script("SELECT 1; SELECT 2; SELECT 3;"), script(new), count) is is_same
