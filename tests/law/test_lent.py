"""Rows that a schema on the way home cannot hold, and home itself can."""

from __future__ import annotations

import pytest

from tests.law.test_edited import must_have
from tests.law.tour import Scripts, Tour

pytestmark = pytest.mark.each_choice

ONCE = "ALTER TABLE t ADD CONSTRAINT once UNIQUE (a);", "ALTER TABLE t DROP CONSTRAINT once;"
SHORT = "ALTER TABLE t ADD CHECK (length(a) < 3);", "ALTER TABLE t DROP CONSTRAINT t_a_check;"
FILLED = "ALTER TABLE t ALTER a SET NOT NULL;", "ALTER TABLE t ALTER a DROP NOT NULL;"
# what makes a schema strict, and takes that back; rows that it does not take
STRICT = {
    "unique": (ONCE, "(5, 'x'), (6, 'x')"),
    "check": (SHORT, "(5, 'long'), (6, 'longer')"),
    "required": (FILLED, "(5, NULL), (6, NULL)"),
}


def sets(key: str, strict: tuple[str, str]) -> tuple[dict[str, Scripts], dict[str, Scripts]]:
    """Home, and a set which is not strict either, as it has got over it."""
    home = {"1_t": Scripts(up=f"CREATE TABLE t (id int{key}, a text);", down="DROP TABLE t;")}
    take, give = strict
    return home, home | {"2_s": Scripts(up=take, down=give), "3_l": Scripts(up=give, down=take)}


@pytest.mark.parametrize("key", [" PRIMARY KEY", ""], ids=["keyed", "keyless"])
@pytest.mark.parametrize("kind", STRICT)
def test_they_are_at_home_and_come_back_as_they_were(tour: Tour, key: str, kind: str) -> None:
    strict, rows = STRICT[kind]
    home, away = sets(key, strict)
    tour.sync(away)
    tour.people(f"INSERT INTO t VALUES (1, 'y'), {rows}")
    there = tour.ask("SELECT * FROM t")
    for _ in range(2):
        tour.sync(home)
        must_have(tour, "SELECT * FROM t", there)
        assert "it is in its table as well" in tour.gitmig("kept")[1]
        tour.sync(away)
        must_have(tour, "SELECT * FROM t", there)
        assert tour.stuck() == []
        assert tour.gitmig("kept")[1].strip() == "nothing is kept"


@pytest.mark.parametrize("kind", STRICT)
def test_what_people_do_to_them_at_home_counts(tour: Tour, kind: str) -> None:
    strict, rows = STRICT[kind]
    home, away = sets(" PRIMARY KEY", strict)
    tour.sync(away)
    tour.people(f"INSERT INTO t VALUES (1, 'y'), {rows}, {rows.replace('5', '7').replace('6', '9')}")
    tour.sync(home)
    tour.people("DELETE FROM t WHERE id = 6; UPDATE t SET a = 'z' WHERE id = 5; INSERT INTO t VALUES (8, 'w')")
    there = tour.ask("SELECT * FROM t")
    for _ in range(2):
        tour.sync(away)
        must_have(tour, "SELECT * FROM t", there)
        tour.sync(home)
        must_have(tour, "SELECT * FROM t", there)


def test_on_another_branch_they_are_rows_like_any_other(tour: Tour) -> None:
    strict, rows = STRICT["unique"]
    home, away = sets(" PRIMARY KEY", strict)
    branch = home | {
        "4_b": Scripts(up="ALTER TABLE t ADD b text; UPDATE t SET b = a || '!';", down="ALTER TABLE t DROP b;")
    }
    tour.sync(away)
    tour.people(f"INSERT INTO t VALUES (1, 'y'), {rows}")
    tour.sync(home)
    tour.sync(branch)
    must_have(tour, "SELECT * FROM t", "1|y|y! 5|x|x! 6|x|x!")
    tour.sync(away)
    must_have(tour, "SELECT * FROM t", "1|y 5|x 6|x")


@pytest.mark.parametrize("acts", ["", " ON DELETE CASCADE"], ids=["no action", "cascade"])
def test_those_that_others_refer_to_stay_where_they_are(tour: Tour, acts: str) -> None:
    home, away = sets(" PRIMARY KEY", SHORT)
    child = {"9_u": Scripts(up=f"CREATE TABLE u (id int PRIMARY KEY, t int REFERENCES t{acts});", down="DROP TABLE u;")}
    tour.sync(away | child)
    tour.people("INSERT INTO t VALUES (1, 'y'), (5, 'long')")
    tour.sync(home | child)
    tour.people("INSERT INTO u VALUES (1, 5); UPDATE t SET a = 'no' WHERE id = 5")
    tour.sync(away | child)
    must_have(tour, "SELECT * FROM t", "1|y 5|no")
    must_have(tour, "SELECT * FROM u", "1|5")


@pytest.mark.parametrize("key", [" PRIMARY KEY", ""], ids=["keyed", "keyless"])
@pytest.mark.parametrize("kind", STRICT)
def test_they_come_back_also_by_way_of_a_set_without_their_table(tour: Tour, key: str, kind: str) -> None:
    strict, rows = STRICT[kind]
    home, away = sets(key, strict)
    nothing = {"0_u": Scripts(up="CREATE TABLE u (id int);", down="DROP TABLE u;")}
    tour.sync(nothing | away)
    tour.people(f"INSERT INTO t VALUES (1, 'y'), {rows}")
    there = tour.ask("SELECT * FROM t")
    for _ in range(2):
        tour.sync(nothing | home)
        must_have(tour, "SELECT * FROM t", there)
        tour.sync(nothing)
        tour.sync(nothing | away)
        must_have(tour, "SELECT * FROM t", there)
        assert tour.stuck() == []
