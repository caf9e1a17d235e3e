"""How a script outside a transaction is cut into units."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitmig.migrations.languages.sql import settings as settings_of
from gitmig.migrations.languages.sql import units
from gitmig.migrations.parser import statements

if TYPE_CHECKING:
    from gitmig.migrations.languages import Unit


def cut(text: str) -> list[Unit]:
    return units(text)


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        pytest.param("", [], id="nothing"),
        pytest.param("-- nothing\n", [], id="comments alone"),
        pytest.param("VACUUM;", ["VACUUM"], id="one"),
        pytest.param("SET a=1; CREATE NEW;\n\nDROP", ["SET a=1", "CREATE NEW", "DROP"], id="several, in no grammar"),
        pytest.param("-- why\nSELECT 1; -- so\nSELECT 2;", ["SELECT 1", "SELECT 2"], id="comments between"),
        pytest.param("SELECT 'a;b'; SELECT $$;$$;", ["SELECT 'a;b'", "SELECT $$;$$"], id="semicolons in strings"),
        pytest.param(
            "VACUUM; BEGIN; SELECT 1; SELECT 2; COMMIT; VACUUM;",
            ["VACUUM", "BEGIN; SELECT 1; SELECT 2; COMMIT", "VACUUM"],
            id="a transaction of its own",
        ),
        pytest.param(
            "start transaction; SELECT 1; end;", ["start transaction; SELECT 1; end"], id="other words for it"
        ),
        pytest.param(
            "BEGIN; SELECT 1; ROLLBACK; SELECT 2", ["BEGIN; SELECT 1; ROLLBACK", "SELECT 2"], id="rolled back"
        ),
        pytest.param(
            "BEGIN; SAVEPOINT a; ROLLBACK TO a; ROLLBACK WORK TO a; ROLLBACK TRANSACTION TO SAVEPOINT a; COMMIT;",
            ["BEGIN; SAVEPOINT a; ROLLBACK TO a; ROLLBACK WORK TO a; ROLLBACK TRANSACTION TO SAVEPOINT a; COMMIT"],
            id="savepoints do not end it",
        ),
        pytest.param("BEGIN; SELECT 1; ABORT; VACUUM", ["BEGIN; SELECT 1; ABORT", "VACUUM"], id="aborted"),
        pytest.param("VACUUM; BEGIN; SELECT 1;", ["VACUUM", "BEGIN; SELECT 1;"], id="a transaction left open"),
        pytest.param(
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT 2; END; VACUUM;",
            ["CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT 2; END", "VACUUM"],
            id="a function body is no transaction",
        ),
        pytest.param(
            "DO $$ BEGIN PERFORM 1; END $$; VACUUM;",
            ["DO $$ BEGIN PERFORM 1; END $$", "VACUUM"],
            id="nor is a DO block",
        ),
        pytest.param(
            "SELECT 1; SELECT 2; COMMIT; VACUUM;", ["SELECT 1", "SELECT 2", "COMMIT", "VACUUM"], id="a COMMIT"
        ),
        pytest.param("SELECT 1; BEGIN; SELECT 2;", ["SELECT 1", "BEGIN; SELECT 2;"], id="before a transaction"),
        pytest.param(
            "VACUUM; COMMIT; SET LOCAL a.b = 1; SELECT 1; COMMIT; VACUUM;",
            ["VACUUM", "COMMIT", "SET LOCAL a.b = 1; SELECT 1; COMMIT", "VACUUM"],
            id="what ends with a lone COMMIT",
        ),
        pytest.param(
            "SET LOCAL a.b = 1; BEGIN; SELECT 1; COMMIT; SET LOCAL a.b = 2; SELECT 1;",
            ["SET LOCAL a.b = 1; BEGIN; SELECT 1; COMMIT", "SET LOCAL a.b = 2; SELECT 1;"],
            id="what holds until the commits",
        ),
        pytest.param("SET LOCAL a.b = 1; VACUUM;", ["SET LOCAL a.b = 1", "VACUUM"], id="nothing ends"),
    ],
)
def test_a_script_is_cut_at_its_statements_and_a_transaction_stays_together(text: str, pieces: list[str]) -> None:
    found = cut(text)
    assert [unit.text for unit in found] == pieces
    assert all(text[unit.offset :].startswith(unit.text) for unit in found)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("SET lock_timeout = '1s'", ["SET lock_timeout = '1s'"], id="SET"),
        pytest.param("set session lock_timeout to 0", ["set session lock_timeout to 0"], id="SET SESSION"),
        pytest.param("SET SEARCH_PATH = app", ["SET SEARCH_PATH = app"], id="in capitals"),
        pytest.param("SELECT set_config('a.b', '1', false)", ["SELECT set_config('a.b', '1', false)"], id="set_config"),
        pytest.param("SET LOCAL lock_timeout = '1s'", [], id="SET LOCAL ends with its statement"),
        pytest.param("UPDATE t SET a = 1", [], id="another SET"),
        pytest.param("VACUUM", [], id="no SET"),
        pytest.param(
            "BEGIN; SET a.b = 1; SELECT 1; SET a.c = 2; COMMIT", ["SET a.b = 1", "SET a.c = 2"], id="committed"
        ),
        pytest.param("BEGIN; SET a.b = 1; ROLLBACK", [], id="rolled back"),
    ],
)
def test_settings_are_made_again(text: str, found: list[str]) -> None:
    units = settings_of(text)
    assert [unit.text for unit in units] == found
    assert all(text[unit.offset :].startswith(unit.text) for unit in units)


@given(st.lists(st.sampled_from(["SELECT 1", "BEGIN", "COMMIT", "ROLLBACK TO a", "SET a.b = 1", "-- c\nVACUUM"])))
@settings(deadline=None)
def test_units_leave_nothing_out_and_overlap_nowhere(parts: list[str]) -> None:
    text = ";\n".join(parts)
    found = cut(text)
    inside = [(unit.offset, unit.offset + len(unit.text)) for unit in found]
    assert inside == sorted(inside)
    assert all(end <= start for (_, end), (start, _) in zip(inside, inside[1:]))
    covered = [s for s in statements(text) if any(a <= s.offset < b for a, b in inside)]
    assert covered == statements(text)
