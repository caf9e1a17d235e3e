"""Downs that take more than their ups have given, so that the rest of the way back has to be computed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.law.test_edited import must_be_home, must_have
from tests.law.tour import Scripts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.law.tour import Tour

pytestmark = pytest.mark.each_choice

KEYS = pytest.mark.parametrize("key", [" PRIMARY KEY", ""], ids=["keyed", "keyless"])
NULLS = pytest.mark.parametrize("null", ["", " NOT NULL"], ids=["nullable", "required"])
NOTE = "ALTER TABLE t ADD note text;"


def go_there_and_back(
    tour: Tour, near: Mapping[str, Scripts], far: Mapping[str, Scripts], query: str, rows: str
) -> None:
    """Twice: at `near` a query has to answer with these rows, and at `far` is to be what is there now."""
    before = tour.rows()
    for _ in range(2):
        tour.sync(near)
        must_have(tour, query, rows)
        tour.sync(far)
        must_be_home(tour, before)


@pytest.mark.parametrize("column", ["tag text", "tag text NOT NULL", "tag text NOT NULL DEFAULT 'z'"])
@KEYS
def test_a_column_that_the_down_drops_and_the_up_has_not_made(tour: Tour, key: str, column: str) -> None:
    one = {"1_t": Scripts(up=f"CREATE TABLE t (id int{key}, {column}, v int);", down="DROP TABLE t;")}
    two = one | {"2_n": Scripts(up=NOTE, down="ALTER TABLE t DROP note, DROP tag;")}
    tour.sync(two)
    tour.people("INSERT INTO t (id, tag, v, note) VALUES (1, 'a', 1, 'x'), (2, 'b', 2, 'y'), (3, 'a', 2, 'y')")
    go_there_and_back(tour, one, two, "SELECT id, tag, v FROM t", "1|a|1 2|b|2 3|a|2")


def test_equal_rows_without_a_key_get_each_its_own_value(tour: Tour) -> None:
    one = {"1_t": Scripts(up="CREATE TABLE t (id int, tag text);", down="DROP TABLE t;")}
    two = one | {"2_n": Scripts(up=NOTE, down="ALTER TABLE t DROP note, DROP tag;")}
    tour.sync(two)
    tour.people("INSERT INTO t (id, tag, note) VALUES (1, 'a', 'x'), (1, 'b', 'y'), (1, 'c', 'y'), (1, 'a', 'z')")
    go_there_and_back(tour, one, two, "SELECT id, tag FROM t", "1|a 1|a 1|b 1|c")


@KEYS
@pytest.mark.parametrize(
    ("again", "rows"),
    [
        ("ALTER TABLE t ADD tag text;", "1|a 2|b"),
        ("ALTER TABLE t ADD tag text; UPDATE t SET tag = 'own';", "1|own 2|own"),
    ],
    ids=["empty", "filled"],
)
def test_a_column_that_the_down_makes_anew(tour: Tour, key: str, again: str, rows: str) -> None:
    one = {"1_t": Scripts(up=f"CREATE TABLE t (id int{key}, tag text);", down="DROP TABLE t;")}
    two = one | {"2_n": Scripts(up=NOTE, down=f"ALTER TABLE t DROP note, DROP tag; {again}")}
    tour.sync(two)
    tour.people("INSERT INTO t VALUES (1, 'a', 'x'), (2, 'b', 'y')")
    go_there_and_back(tour, one, two, "SELECT id, tag FROM t", rows)


@KEYS
@pytest.mark.parametrize(
    "anew",
    ["ALTER TABLE t DROP tag; ALTER TABLE t ADD tag text;", "DROP TABLE t; CREATE TABLE t (id int$key, tag text);"],
    ids=["column", "table"],
)
def test_what_both_sections_make_anew(tour: Tour, key: str, anew: str) -> None:
    """The up leaves it empty, as it may mean it, but for the rows that were there before."""
    anew = anew.replace("$key", key)
    one = {"1_t": Scripts(up=f"CREATE TABLE t (id int{key}, tag text);", down="DROP TABLE t;")}
    two = one | {"2_n": Scripts(up=anew, down=anew)}
    tour.sync(two)
    tour.people("INSERT INTO t VALUES (1, 'a'), (2, 'b')")
    go_there_and_back(tour, one, two, "SELECT id, tag FROM t", "1|a 2|b")


@KEYS
def test_numbers_that_come_by_themselves(tour: Tour, key: str) -> None:
    columns = f"id int{key}, s serial, i int GENERATED ALWAYS AS IDENTITY"
    one = {"1_t": Scripts(up=f"CREATE TABLE t ({columns});", down="DROP TABLE t;")}
    two = one | {"2_n": Scripts(up=NOTE, down="ALTER TABLE t DROP note, DROP s, DROP i;")}
    tour.sync(two)
    tour.people("INSERT INTO t (id, s, note) VALUES (1, 7, 'x'), (2, 8, 'y'), (3, 6, 'z')")
    go_there_and_back(tour, one, two, "SELECT id, s, i FROM t", "1|7|1 2|8|2 3|6|3")
    tour.sync(one)
    assert tour.taken_numbers() == []


@KEYS
def test_tables_that_the_down_drops_and_the_up_has_not_made(tour: Tour, key: str) -> None:
    tables = f"CREATE TABLE t (id int{key}, tag text); CREATE TABLE u (id int{key}, n text);"
    one = {"1_t": Scripts(up=tables, down="DROP TABLE t, u;")}
    two = one | {"2_n": Scripts(up=NOTE, down="DROP TABLE t, u;")}
    tour.sync(two)
    tour.people("INSERT INTO t VALUES (1, 'a', 'x'), (2, 'b', 'y'); INSERT INTO u VALUES (1, 'k'), (2, 'l')")
    go_there_and_back(tour, one, two, "SELECT id, tag, n FROM t JOIN u USING (id)", "1|a|k 2|b|l")


def test_references(tour: Tour) -> None:
    tables = "CREATE TABLE o (id int PRIMARY KEY); CREATE TABLE t (id int PRIMARY KEY, o int NOT NULL REFERENCES o);"
    one = {"1_t": Scripts(up=tables, down="DROP TABLE t, o;")}
    two = one | {"2_n": Scripts(up=NOTE, down="ALTER TABLE t DROP note, DROP o; DROP TABLE o;")}
    tour.sync(two)
    tour.people("INSERT INTO o VALUES (1), (2); INSERT INTO t VALUES (1, 1, 'x'), (2, 2, 'y')")
    go_there_and_back(tour, one, two, "SELECT * FROM t", "1|1 2|2")


def test_several_of_them_on_one_way_with_others(tour: Tour) -> None:
    tables = "CREATE TABLE o (id int PRIMARY KEY, c text, d text NOT NULL); CREATE TABLE t (id int PRIMARY KEY);"
    one = {"1_t": Scripts(up=tables, down="DROP TABLE t, o;")}
    far = one | {
        "2_n": Scripts(up=NOTE, down="ALTER TABLE t DROP note; ALTER TABLE o DROP c;"),
        "3_m": Scripts(up="ALTER TABLE t ADD m text;", down="ALTER TABLE t DROP m; ALTER TABLE o DROP d;"),
        "4_z": Scripts(up="CREATE TABLE z (a int);", down="DROP TABLE z; CREATE TABLE zz (a int);"),
        "5_y": Scripts(up="CREATE TABLE y (a int);", down=None),
    }
    tour.sync(far)
    tour.people("INSERT INTO o VALUES (1, 'a', 'b'), (2, 'c', 'd'); INSERT INTO t VALUES (1, 'x', 'm')")
    tour.people("INSERT INTO z VALUES (1); INSERT INTO y VALUES (3)")
    go_there_and_back(tour, one, far, "SELECT id, c, d FROM o", "1|a|b 2|c|d")


@NULLS
@KEYS
def test_a_value_that_does_not_fit_comes_home_with_the_others(tour: Tour, key: str, null: str) -> None:
    table = f"CREATE TYPE e AS ENUM ('a', 'b'); CREATE TABLE t (id int{key}, tag e{null}, v int{null});"
    one = {"1_t": Scripts(up=table, down="DROP TABLE t; DROP TYPE e;")}
    swap = "DROP TYPE e CASCADE; ALTER TYPE e_new RENAME TO e;"
    up = f"CREATE TYPE e_new AS ENUM ('a', 'b', 'c'); ALTER TABLE t ALTER tag TYPE e_new USING tag::text::e_new; {swap}"
    two = one | {"2_e": Scripts(up=up, down=f"CREATE TYPE e_new AS ENUM ('a', 'b'); {swap}")}
    tour.sync(two)
    tour.people("INSERT INTO t VALUES (1, 'a', 1), (2, 'b', 2), (3, 'c', 3)")
    go_there_and_back(tour, one, two, "SELECT id, tag, v FROM t", "1|a|1 2|b|2" + ("" if null else " 3||3"))


@KEYS
def test_people_change_the_values_at_the_other_side(tour: Tour, key: str) -> None:
    one = {"1_t": Scripts(up=f"CREATE TABLE t (id int{key}, tag text NOT NULL);", down="DROP TABLE t;")}
    two = one | {"2_n": Scripts(up=NOTE, down="ALTER TABLE t DROP note, DROP tag;")}
    tour.sync(two)
    tour.people("INSERT INTO t VALUES (1, 'a', 'x'), (2, 'b', 'y'), (3, 'c', 'z')")
    tour.sync(one)
    tour.people("UPDATE t SET tag = 'aa' WHERE id = 1; DELETE FROM t WHERE id = 2; INSERT INTO t VALUES (4, 'd')")
    tour.sync(two)
    must_have(tour, "SELECT id, tag FROM t", "1|aa 3|c 4|d")
    must_have(tour, "SELECT note FROM t WHERE id = 3", "z")
    assert tour.stuck() == []


@NULLS
@KEYS
def test_a_column_that_the_up_takes_along_and_the_down_does_not_know(tour: Tour, key: str, null: str) -> None:
    """The down writes rows, so that it is tried when the up has run; it makes nothing of the column."""
    table = f"CREATE TYPE e AS ENUM ('a', 'b', 'c'); CREATE TABLE t (id int{key}, v int{null}, tag e{null});"
    one = {"1_t": Scripts(up=f"{table} CREATE TABLE o (tag e);", down="DROP TABLE t, o;")}
    retype = "ALTER TABLE o ALTER tag TYPE e_new USING tag::text::e_new;"
    swap = f"{retype} DROP TYPE e CASCADE; ALTER TYPE e_new RENAME TO e;"
    up = f"DELETE FROM o WHERE tag = 'c'; CREATE TYPE e_new AS ENUM ('a', 'b'); {swap}"
    two = one | {"2_e": Scripts(up=up, down=f"CREATE TYPE e_new AS ENUM ('a', 'b', 'c'); {swap}")}
    tour.sync(one)
    tour.people("INSERT INTO t VALUES (1, 1, 'a'), (2, 2, 'b')")
    go_there_and_back(tour, two, one, "SELECT * FROM t", "1|1 2|2")


@KEYS
@pytest.mark.parametrize("fill", ["", "UPDATE t SET b = a WHERE b IS NULL; "], ids=["plain", "filled"])
@pytest.mark.parametrize("stops", ["moved", "moved, edited", "edited, moved", "moved, edited, moved"])
def test_a_column_that_took_over_the_name_of_another_one_is_not_taken_for_that(
    tour: Tour, key: str, fill: str, stops: str
) -> None:
    """The down makes the other one anew, and leaves the values in the wrong one."""
    base = {"1_t": Scripts(up=f"CREATE TABLE t (id int{key}, a text NOT NULL, b text);", down="DROP TABLE t;")}
    moved = f"{fill}ALTER TABLE t DROP a, ALTER b SET NOT NULL; ALTER TABLE t RENAME b TO a;"
    sets = {
        "moved": {"2_x": Scripts(up=moved, down="ALTER TABLE t ADD b text;")},
        "edited": {"2_x": Scripts(up="ALTER TABLE t DROP b;", down="ALTER TABLE t ADD b text;")},
    }
    tour.sync(base)
    tour.people("INSERT INTO t VALUES (1, 'x', 'x'), (2, 'p', 'q')")
    for _ in range(2):
        for stop in stops.split(", "):
            tour.sync(base | sets[stop])
        tour.sync(base)
        must_have(tour, "SELECT id, a, b FROM t", "1|x|x 2|p|q")


@pytest.mark.parametrize("first", [1, 2, 3])
def test_a_down_that_takes_any_row_of_another_table_may_take_another_one_the_next_time(tour: Tour, first: int) -> None:
    tables = "CREATE TABLE s (id int PRIMARY KEY, n int); CREATE TABLE t (id int PRIMARY KEY, s int REFERENCES s);"
    base = {"1_t": Scripts(up=tables, down="DROP TABLE t; DROP TABLE s;")}
    down = "ALTER TABLE t ADD s int REFERENCES s; UPDATE t SET s = (SELECT id FROM s LIMIT 1);"
    tour.sync(base)
    tour.people("INSERT INTO s VALUES (1, 1), (2, 2), (3, 3); INSERT INTO t VALUES (1, 1), (2, 2), (3, 3)")
    tour.sync(base | {"2_x": Scripts(up="ALTER TABLE t DROP COLUMN s;", down=down)})
    tour.people(f"UPDATE s SET n = n + 1 WHERE id = {first}; UPDATE s SET n = n - 1 WHERE id = {first}")
    tour.people("VACUUM FULL s")  # the rows are what they were, in another order
    tour.sync(base)
    must_have(tour, "SELECT id, s FROM t", "1|1 2|2 3|3")
