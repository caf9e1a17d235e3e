"""Ups that make anew what their downs only alter: run again, they would leave it empty."""

from __future__ import annotations

import pytest

from tests.law.test_edited import must_have
from tests.law.tour import Scripts, Tour

pytestmark = pytest.mark.each_choice

KEYS = pytest.mark.parametrize(
    "key", [", PRIMARY KEY (id)", ", PRIMARY KEY (id, s)", ""], ids=["keyed", "other", "keyless"]
)
TABLE = "id int NOT NULL, at timestamp NOT NULL DEFAULT now(), leader text NOT NULL, s text NOT NULL"
DOWN = "ALTER TABLE s.t ADD r int NOT NULL DEFAULT 0, DROP s;"


def go_home_twice(tour: Tour, near: dict[str, Scripts], far: dict[str, Scripts], query: str, rows: str) -> None:
    must_have(tour, query, rows)
    for _ in range(2):
        tour.sync(near)
        tour.sync(far)
        must_have(tour, query, rows)
        left = [item for item in tour.kept() if item["due"]]
        assert {item["reason"] for item in left} <= {"there is no such table or column now"}, tour


@pytest.mark.parametrize(
    ("up", "down"),
    [
        pytest.param(f"DROP TABLE s.t; CREATE TABLE s.t ({TABLE}$key);", DOWN, id="a table"),
        pytest.param(
            f"CREATE TABLE s.n ({TABLE}$key); DROP TABLE s.t; ALTER TABLE s.n RENAME TO t;", DOWN, id="by another name"
        ),
        pytest.param(
            f"CREATE TABLE t ({TABLE}$key); DROP TABLE s.t; ALTER TABLE t SET SCHEMA s;", DOWN, id="from another schema"
        ),
        pytest.param(
            f"DROP SCHEMA s CASCADE; CREATE SCHEMA s; CREATE TABLE s.t ({TABLE}$key);", DOWN, id="with its schema"
        ),
        pytest.param(
            f"DO $$$$ BEGIN DROP TABLE s.t; CREATE TABLE s.t ({TABLE}$key); END $$$$;", DOWN, id="where nobody looks"
        ),
        pytest.param("ALTER TABLE s.t DROP r, DROP leader, ADD leader text, ADD s text;", DOWN, id="a column"),
        pytest.param(
            "ALTER TABLE s.t DROP r, DROP leader; ALTER TABLE s.t ADD leader char(1), ADD s text;",
            f"ALTER TABLE s.t ALTER leader TYPE text; {DOWN}",
            id="a column of another type",
        ),
        pytest.param(
            "ALTER TABLE s.t RENAME leader TO old; ALTER TABLE s.t ADD leader text, DROP r, DROP old, ADD s text;",
            DOWN,
            id="a column that was renamed away",
        ),
        pytest.param(
            "DROP TYPE mood CASCADE; CREATE TYPE mood AS ENUM ('x', 'y'); "
            "ALTER TABLE s.t ADD leader mood, DROP r, ADD s text;",
            DOWN,
            id="a type and its columns",
        ),
        pytest.param("TRUNCATE s.t; ALTER TABLE s.t DROP r, ADD s text;", DOWN, id="emptied"),
        pytest.param("DELETE FROM s.t; ALTER TABLE s.t DROP r, ADD s text;", DOWN, id="deleted"),
    ],
)
@KEYS
def test_what_only_the_up_makes_anew_is_not_empty_at_home(tour: Tour, up: str, down: str, key: str) -> None:
    kind = "mood" if "mood" in up else "text"
    base = Scripts(
        up="CREATE TYPE mood AS ENUM ('x', 'y'); CREATE SCHEMA s; CREATE TABLE s.t (id int NOT NULL, "
        f"at timestamp NOT NULL DEFAULT now(), leader {kind}, r int{', PRIMARY KEY (id)' if key else ''});",
        down="DROP SCHEMA s CASCADE; DROP TYPE mood;",
    )
    near = {"1_t": base}
    far = near | {"2_anew": Scripts(up=up.replace("$key", key).replace("$$$$", "$$"), down=down)}
    tour.sync(far)
    tour.people("INSERT INTO s.t (id, at, leader, s) VALUES (1, '2026-01-01', 'x', 'a'), (2, '2026-01-02', 'y', 'b')")
    query = "SELECT id, at, leader, s FROM s.t"
    go_home_twice(tour, near, far, query, "1|2026-01-01 00:00:00|x|a 2|2026-01-02 00:00:00|y|b")


@pytest.mark.parametrize(
    "up",
    [
        "DROP TABLE t; CREATE TABLE t (id int PRIMARY KEY, tag text, s text);",
        "TRUNCATE t; ALTER TABLE t DROP r, ADD s text;",
        "DELETE FROM t; ALTER TABLE t DROP r, ADD s text;",
        "ALTER TABLE t DROP r, DROP tag; ALTER TABLE t ADD tag text, ADD s text; DELETE FROM t WHERE id = 4;",
    ],
)
def test_what_people_do_elsewhere_is_at_home_as_far_as_the_up_lets_it(tour: Tour, up: str) -> None:
    """A row that they change, or delete, is changed and deleted; one that they add is taken away, as the up says."""
    near = {"1_t": Scripts(up="CREATE TABLE t (id int PRIMARY KEY, tag text, r int);", down="DROP TABLE t;")}
    far = near | {"2_anew": Scripts(up=up, down="ALTER TABLE t ADD r int, DROP s;")}
    tour.sync(far)
    tour.people("INSERT INTO t VALUES (1, 'a', 's1'), (2, 'b', 's2'), (3, 'c', 's3')")
    tour.sync(near)
    tour.people("UPDATE t SET tag = 'changed' WHERE id = 1; DELETE FROM t WHERE id = 2; INSERT INTO t VALUES (4, 'd')")
    tour.sync(far)
    must_have(tour, "TABLE t", "1|changed|s1 3|c|s3")
    tour.sync(near)
    must_have(tour, "SELECT id, tag FROM t", "1|changed 3|c 4|d")


def test_a_table_made_anew_between_steps_whose_downs_fall_short(tour: Tour) -> None:
    """One up needs values for its rows, the next makes the table anew with another key, the last adds to it."""
    near = {
        "1_u": Scripts(
            up="CREATE TABLE o (id int PRIMARY KEY); CREATE TABLE u (id int PRIMARY KEY REFERENCES o, "
            "leader int NOT NULL, modified timestamp NOT NULL DEFAULT now(), messages int NOT NULL);",
            down="DROP TABLE u, o;",
        )
    }
    far = near | {
        "2_frame": Scripts(
            up="ALTER TABLE u ADD frame text NOT NULL, ADD streak int, ADD r int NOT NULL, DROP messages;",
            down="ALTER TABLE u ADD messages int NOT NULL, DROP r, DROP streak, DROP frame;",
        ),
        "3_anew": Scripts(
            up="DROP TABLE u; CREATE TABLE u (id int NOT NULL REFERENCES o, modified timestamp NOT NULL DEFAULT now(), "
            "base timestamp, frame text NOT NULL, leader int NOT NULL, s int NOT NULL, streak int, "
            "PRIMARY KEY (id, frame));",
            down="ALTER TABLE u ADD r int NOT NULL DEFAULT 0, DROP s;",
        ),
        "4_rank": Scripts(
            up="ALTER TABLE u ADD rank int; CREATE UNIQUE INDEX by_rank ON u (frame, rank, id);",
            down="DROP INDEX by_rank; ALTER TABLE u DROP rank;",
        ),
    }
    tour.sync(far)
    tour.people(
        "INSERT INTO o VALUES (1), (2); INSERT INTO u (id, base, frame, leader, s, streak, rank) VALUES "
        "(1, '2026-02-01', 'a', 1, 10, 1, 1), (2, '2026-02-02', 'b', 2, 20, 2, 2)"
    )
    query = "SELECT id, base::date, frame, leader, s, streak, rank FROM u"
    go_home_twice(tour, near, far, query, "1|2026-02-01|a|1|10|1|1 2|2026-02-02|b|2|20|2|2")
