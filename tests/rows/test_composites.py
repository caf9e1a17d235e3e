"""Values inside of values: an attribute that a composite type loses comes back in every row that holds it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

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
