"""Values inside of values: an attribute that a composite type loses comes back in every row that holds it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gitmig.errors import GitmigError

if TYPE_CHECKING:
    from tests.rows.conftest import Bench

HOLDERS = {
    "itself": ("pair", "ROW(1, 'one, \"two\"')"),
    "an array": ("pair[]", "ARRAY[ROW(1, 'one'), NULL, ROW(NULL, NULL)]::pair[]"),
    "another composite": ("outer_pair", "ROW(ROW(1, 'one'), 2)"),
    "a domain": ("some_pair", "ROW(1, 'one')"),
    "a row of a table": ("other", "ROW(1, 'one')"),
}
TYPES = """
    CREATE TYPE pair AS (l int, r text); CREATE TYPE outer_pair AS (inner_pair pair, n int);
    CREATE DOMAIN some_pair AS pair; CREATE TABLE other (l int, r text);
"""


@pytest.mark.parametrize("key", ["PRIMARY KEY", ""])
@pytest.mark.parametrize("holder", HOLDERS)
def test_an_attribute_comes_back(bench: Bench, holder: str, key: str) -> None:
    type_, value = HOLDERS[holder]
    bench.sql(f"{TYPES} CREATE TABLE t (id int {key}, p {type_}); INSERT INTO t VALUES (1, {value}), (2, NULL)")
    before = bench.contents()
    what = "TABLE other DROP COLUMN" if type_ == "other" else "TYPE pair DROP ATTRIBUTE"
    again = "TABLE other ADD COLUMN" if type_ == "other" else "TYPE pair ADD ATTRIBUTE"
    # the attribute that comes back stands behind the other one then
    bench.down("m", f"ALTER {what} l", f"ALTER {again} l int")
    assert bench.kept() == [("t", 1)]
    bench.up("m", f"ALTER {again} l int", f"ALTER {what} l")
    assert bench.contents() == before


def test_a_value_that_somebody_changed_meanwhile_stays_theirs(bench: Bench) -> None:
    bench.sql(f"{TYPES} CREATE TABLE t (id int PRIMARY KEY, p pair); INSERT INTO t VALUES (1, '(1,a)'), (2, '(2,b)')")
    down, up = "ALTER TYPE pair DROP ATTRIBUTE l", "ALTER TYPE pair ADD ATTRIBUTE l int"
    bench.down("m", down, up)
    bench.sql("UPDATE t SET p = ROW('theirs') WHERE id = 2")
    bench.up("m", up, down)
    assert bench.sql("SELECT id, (p).l, (p).r FROM t ORDER BY 1") == [(1, 1, "a"), (2, None, "theirs")]


def test_an_attribute_that_is_new_or_renamed_costs_nothing(bench: Bench) -> None:
    bench.sql(f"{TYPES} CREATE TABLE t (id int PRIMARY KEY, p pair); INSERT INTO t VALUES (1, '(1,a)')")
    bench.down("m", "ALTER TYPE pair ADD ATTRIBUTE x int", "ALTER TYPE pair DROP ATTRIBUTE x")
    bench.down("n", "ALTER TYPE pair RENAME ATTRIBUTE l TO k", "ALTER TYPE pair RENAME ATTRIBUTE k TO l")
    assert bench.kept() == []


def test_a_form_that_only_a_newer_gitmig_knows_is_refused_and_stays(bench: Bench) -> None:
    bench.sql("CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'one')")
    bench.down("m", "ALTER TABLE t DROP v", "ALTER TABLE t ADD v text")
    bench.sql("""UPDATE gitmig_kept.item SET columns = jsonb_set(columns, '{0,packed}', 'true')""")
    with pytest.raises(GitmigError) as caught:
        bench.up("m", "ALTER TABLE t ADD v text", "ALTER TABLE t DROP v")
    assert caught.value.message == "kept values of column id were written by a newer gitmig (packed)"
    assert caught.value.hint == "upgrade gitmig on this machine, and try again"
    assert bench.kept() == [("t", 1)]
