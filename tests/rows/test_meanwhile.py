"""What people do between the two steps stays theirs, and nothing that was kept is lost over it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gitmig.cli.wording import why
from gitmig.errors import GitmigError
from gitmig.postgres.run_sql import ScriptError
from gitmig.rows.items import Limits
from gitmig.rows.preserve import Preserver

if TYPE_CHECKING:
    from tests.rows.conftest import Bench

T = (
    "CREATE TABLE t (id int PRIMARY KEY, x text, y text); INSERT INTO t SELECT i, 'x' || i, 'y' || "
    "i FROM generate_series(1, 5) i"
)
DROP_X, ADD_X = "ALTER TABLE t DROP COLUMN x", "ALTER TABLE t ADD COLUMN x text DEFAULT 'new'"


def test_rows_added_keep_the_default_and_rows_deleted_stay_kept(bench: Bench) -> None:
    bench.sql(T)
    bench.down("m", DROP_X, ADD_X)
    bench.sql("INSERT INTO t VALUES (6, 'y6'); DELETE FROM t WHERE id IN (1, 2); UPDATE t SET y = 'mine' WHERE id = 3")
    report = bench.up("m", ADD_X, DROP_X)
    assert bench.sql("SELECT id, x, y FROM t ORDER BY id") == [
        (3, "x3", "mine"),
        (4, "x4", "y4"),
        (5, "x5", "y5"),
        (6, "new", "y6"),
    ]
    assert bench.kept() == [("t", 2)]
    assert [(s.rows, why(s.reason, s.detail)) for s in report.staying] == [(2, "its row is gone")]
    assert [(r.table.name, r.rows) for r in report.restored] == [("t", 3)]


def test_a_value_somebody_changed_since_is_theirs(bench: Bench) -> None:
    bench.sql(T)
    bench.up("m", "UPDATE t SET x = upper(x), y = upper(y)", "")
    bench.sql("UPDATE t SET x = 'mine' WHERE id = 1")
    bench.down("m", "", "UPDATE t SET x = upper(x), y = upper(y)")
    assert bench.sql("SELECT x, y FROM t ORDER BY id LIMIT 2") == [("mine", "y1"), ("x2", "y2")]


def test_a_row_with_the_same_key_is_theirs_and_the_kept_one_stays(bench: Bench) -> None:
    bench.sql(T)
    bench.down("m", "DELETE FROM t WHERE id < 3", "")
    bench.sql("INSERT INTO t VALUES (1, 'mine')")
    report = bench.up("m", "UPDATE t SET y = y", "")
    assert bench.sql("SELECT id, x FROM t WHERE id < 3 ORDER BY 1") == [(1, "mine"), (2, "x2")]
    assert [(s.rows, why(s.reason, s.detail)) for s in report.staying] == [(1, "a row with this key is there already")]


def test_a_kept_row_wins_over_one_the_up_makes(bench: Bench) -> None:
    up = (
        "CREATE TABLE roles (id serial PRIMARY KEY, name text UNIQUE, note text);"
        "CREATE TABLE rights (role int REFERENCES roles ON DELETE CASCADE, name text, PRIMARY KEY (role, name));"
        "INSERT INTO roles (name) VALUES ('admin'), ('user'); INSERT INTO rights VALUES (1, 'all'), (2, 'read')"
    )
    down = "DROP TABLE rights; DROP TABLE roles"
    bench.up("m", up, down)
    bench.sql("UPDATE roles SET name = 'x' WHERE id = 1; UPDATE roles SET name = 'admin', note = 'n' WHERE id = 2")
    bench.sql("UPDATE roles SET name = 'user' WHERE id = 1; INSERT INTO rights VALUES (1, 'more')")
    before = bench.contents()
    bench.down("m", down, up)
    bench.up("m", up, down)
    assert bench.contents() == before


def test_what_the_up_inserts_again_does_not_come_twice(bench: Bench) -> None:
    bench.sql("CREATE TABLE roles (id serial PRIMARY KEY, name text, at timestamptz DEFAULT clock_timestamp())")
    up, down = "INSERT INTO roles (name) VALUES ('admin'), ('admin'), ('user')", "DELETE FROM roles"
    bench.up("m", up, down)
    before = bench.contents()
    bench.down("m", down, up)
    bench.up("m", up, down)
    assert bench.contents() == before


def test_a_new_constraint_refuses_one_row_of_many(bench: Bench) -> None:
    bench.sql("CREATE TABLE t (id int PRIMARY KEY, x int); INSERT INTO t SELECT i, i FROM generate_series(1, 5000) i")
    bench.down("m", "ALTER TABLE t DROP COLUMN x", "")
    report = bench.up("m", "ALTER TABLE t ADD COLUMN x int CHECK (x <> 4321)", "ALTER TABLE t DROP COLUMN x")
    assert bench.sql("SELECT count(x), sum(x) FROM t") == [(4999, 5000 * 5001 // 2 - 4321)]
    assert bench.kept() == [("t", 1)]
    assert why(report.staying[0].reason, report.staying[0].detail).startswith(
        'new row for relation "t" violates check constraint'
    )


def test_a_kept_row_whose_parent_is_gone_stays_with_everything_below_it(bench: Bench) -> None:
    bench.sql("CREATE TABLE p (id int PRIMARY KEY); INSERT INTO p VALUES (1), (2)")
    up = (
        "CREATE TABLE c (id int PRIMARY KEY, p int NOT NULL REFERENCES p);"
        "CREATE TABLE d (id int PRIMARY KEY, c int NOT NULL REFERENCES c)"
    )
    down = "DROP TABLE d; DROP TABLE c"
    bench.up("m", up, down)
    bench.sql("INSERT INTO c VALUES (1, 1), (2, 2); INSERT INTO d VALUES (1, 1), (2, 2)")
    bench.down("m", down, up)
    bench.sql("DELETE FROM p WHERE id = 1")
    report = bench.up("m", up, down)
    assert bench.sql("SELECT d.id, c.id, p FROM d JOIN c ON d.c = c.id") == [(2, 2, 2)]
    assert sorted(bench.kept()) == [("c", 1), ("d", 1)]
    assert {why(staying.reason, staying.detail) for staying in report.staying} == {
        "the row it refers to is not there: foreign key c_p_fkey",
        "the row it refers to is not there: foreign key d_c_fkey",
    }


def test_a_longer_value_is_refused_not_cut(bench: Bench) -> None:
    bench.sql(T)
    bench.down("m", DROP_X, ADD_X)
    bench.up("m", "ALTER TABLE t ADD COLUMN x varchar(1)", DROP_X)
    assert bench.sql("SELECT count(x) FROM t") == [(0,)]
    assert bench.kept() == [("t", 5)]


def test_a_place_that_is_not_there_yet_is_waited_for(bench: Bench) -> None:
    """One step took what two migrations had made; each gets its part back when it is applied again."""
    bench.sql(T)
    before = bench.contents()
    bench.down("m", "DROP TABLE t", "CREATE TABLE t (id int PRIMARY KEY, y text)")
    bench.up("m", "CREATE TABLE t (id int PRIMARY KEY, y text)", "DROP TABLE t")
    assert bench.sql("SELECT count(*), min(y) FROM t") == [(5, "y1")]
    assert bench.kept() == [("t", 5)]
    bench.up("n", "CREATE TABLE other (id int)")
    assert bench.kept() == [("t", 5)]
    bench.up("o", "ALTER TABLE t ADD COLUMN x text")
    assert bench.contents() == before | {"other": []}
    assert bench.kept() == []


def test_nothing_is_kept_of_a_failure(bench: Bench) -> None:
    bench.sql(T)
    with pytest.raises(ScriptError):
        bench.up("m", "DROP TABLE t; SELECT nonsense")
    assert bench.kept() == []
    assert bench.sql("SELECT count(*) FROM t") == [(5,)]


def test_more_than_the_limit_is_refused(bench: Bench) -> None:
    bench.sql(
        "CREATE TABLE t (id int PRIMARY KEY, x text); INSERT INTO t SELECT i, 'abc' FROM generate_series(1, 5000) i"
    )
    bench.limits = Limits(bytes=100_000)
    with pytest.raises(GitmigError) as caught:
        bench.up("m", "DROP TABLE t")
    assert caught.value.message.startswith(
        "1_m takes 184 kB of rows away (table t: 184 kB), and kept_size allows 97.7 kB"
    )
    assert caught.value.hint is not None
    assert "gitmig.keptSize" in caught.value.hint
    bench.up("n", "ALTER TABLE t DROP COLUMN x")


def test_large_objects_cannot_be_kept(bench: Bench) -> None:
    bench.sql("SELECT lo_create(4711)")
    with pytest.raises(GitmigError, match="1_m deletes 1 large objects, which cannot be kept"):
        bench.up("m", "SELECT lo_unlink(4711)")
    assert bench.sql("SELECT count(*) FROM pg_largeobject_metadata") == [(1,)]


def test_a_table_that_is_made_anew_under_its_name_loses_nothing(bench: Bench) -> None:
    bench.sql(T)
    report = bench.up(
        "m",
        "CREATE TABLE t_new (id bigint PRIMARY KEY, x text, y text); INSERT INTO t_new SELECT * FROM t; DROP TABLE t;"
        "ALTER TABLE t_new RENAME TO t",
        "",
    )
    assert not report
    assert bench.kept() == []


def test_many_steps_in_one_transaction(bench: Bench) -> None:
    steps = [
        ("a", "CREATE TABLE a (id serial PRIMARY KEY, x text DEFAULT 'x')", "DROP TABLE a"),
        ("b", "ALTER TABLE a ADD COLUMN y int DEFAULT 1", "ALTER TABLE a DROP COLUMN y"),
        ("c", "UPDATE a SET y = y + 1", ""),
        ("d", "ALTER TABLE a ALTER y TYPE text", "ALTER TABLE a ALTER y TYPE int USING y::int"),
        ("e", "ALTER TABLE a RENAME TO b", "ALTER TABLE b RENAME TO a"),
        ("f", "ALTER TABLE b DROP COLUMN x", "ALTER TABLE b ADD COLUMN x text"),
    ]
    for name, up, down in steps:
        bench.up(name, up, down)
    bench.sql("INSERT INTO b (y) VALUES ('5'), ('six'), (NULL)")
    before = bench.contents()
    for first in range(len(steps)):
        with bench.connection.transaction():
            for name, up, down in reversed(steps[first:]):
                bench.down(name, down, up)
        with bench.connection.transaction():
            for name, up, down in steps[first:]:
                bench.up(name, up, down)
        assert bench.contents() == before, first


def test_old_rows_are_dropped(bench: Bench) -> None:
    bench.sql(T)
    bench.down("m", DROP_X, ADD_X)
    keeper = Preserver(bench.connection, Limits(days=90), "Ada", None)
    assert keeper.expire() == []
    bench.sql("UPDATE gitmig_kept.item SET kept_at = now() - interval '91 days'")
    assert [item.what for item in keeper.expire()] == ["t (x)"]
    assert bench.sql("SELECT relname FROM pg_class WHERE relkind = 'r' AND relname LIKE 'item_%'") == []


def test_a_preview_names_what_would_be_lost_and_changes_nothing(bench: Bench) -> None:
    bench.sql(T)
    keeper = Preserver(bench.connection, Limits(), "Ada", None)
    with bench.connection.transaction():
        losses = keeper.preview(bench.script("DROP TABLE t; SELECT 1"))
    assert [str(loss) for loss in losses.tables] == ["table t"]
    assert bench.sql("SELECT count(*) FROM t") == [(5,)]


def test_a_value_of_an_enum_that_is_too_new_waits_for_the_end_of_the_transaction(bench: Bench) -> None:
    down = (
        "UPDATE t SET m = 'a'; ALTER TYPE e RENAME TO e_old; CREATE TYPE e AS ENUM ('a');"
        "ALTER TABLE t ALTER m TYPE e USING m::text::e; DROP TYPE e_old"
    )
    up = "ALTER TYPE e ADD VALUE 'b'"
    bench.sql("CREATE TYPE e AS ENUM ('a', 'b'); CREATE TABLE t (id int PRIMARY KEY, m e)")
    bench.sql("INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, 'b')")
    bench.down("m", down, up)
    assert bench.sql("SELECT count(*) FROM t WHERE m = 'a'") == [(3,)]
    report = bench.up("m", up, down)
    assert report.waiting
    keeper = Preserver(bench.connection, Limits(), "Ada", None)
    assert [restored.rows for restored in keeper.finish(()).restored] == [2]
    assert bench.sql("SELECT m::text FROM t ORDER BY id") == [("a",), ("b",), ("b",)]
    assert not keeper.finish(())


def test_rows_below_a_row_that_is_refused_are_not_lost_over_a_cascade(bench: Bench) -> None:
    bench.sql("CREATE TABLE p (id int PRIMARY KEY); INSERT INTO p VALUES (1), (2)")
    up = (
        "CREATE TABLE c (id int PRIMARY KEY, p int REFERENCES p ON DELETE CASCADE);"
        "CREATE TABLE d (id int PRIMARY KEY, c int REFERENCES c ON DELETE CASCADE)"
    )
    down = "DROP TABLE d; DROP TABLE c"
    bench.up("m", up, down)
    bench.sql("INSERT INTO c VALUES (1, 1), (2, 2); INSERT INTO d VALUES (1, 1), (2, 2)")
    bench.down("m", down, up)
    bench.sql("DELETE FROM p WHERE id = 1")
    bench.up("m", up, down)
    assert bench.sql("TABLE d") == [(2, 2)]
    assert sorted(bench.kept()) == [("c", 1), ("d", 1)]


@pytest.mark.parametrize("reference", ["int REFERENCES authors", "int REFERENCES authors ON DELETE CASCADE"])
def test_what_an_up_derives_anew_keeps_the_numbers_it_had_and_everybody_refers_to_the_right_row(
    bench: Bench, reference: str
) -> None:
    """The new author comes first in the order of names, and so gets the number that another one has."""
    bench.sql("CREATE TABLE posts (id int PRIMARY KEY, author text); INSERT INTO posts VALUES (1, 'bea'), (2, 'cat')")
    up = (
        "CREATE TABLE authors (id serial PRIMARY KEY, name text, bio text);"
        "INSERT INTO authors (name) SELECT DISTINCT author FROM posts ORDER BY 1;"
        f"ALTER TABLE posts ADD author_id {reference};"
        "UPDATE posts SET author_id = a.id FROM authors a WHERE a.name = author; ALTER TABLE posts DROP author"
    )
    down = (
        "ALTER TABLE posts ADD author text; UPDATE posts SET author = a.name FROM authors a WHERE a.id = author_id;"
        "ALTER TABLE posts DROP author_id; DROP TABLE authors"
    )
    bench.up("m", up, down)
    bench.sql("UPDATE authors SET bio = 'about ' || name")
    for _ in range(2):
        bench.down("m", down, up)
        bench.sql("INSERT INTO posts (id, author) SELECT 3, 'ann' WHERE NOT EXISTS (SELECT FROM posts WHERE id = 3)")
        bench.up("m", up, down)
        assert bench.sql(
            "SELECT p.id, a.name, a.bio, a.id < 3 FROM posts p JOIN authors a ON a.id = author_id ORDER BY p.id"
        ) == [(1, "bea", "about bea", True), (2, "cat", "about cat", True), (3, "ann", None, False)]
        assert bench.sql("SELECT count(*) FROM authors") == [(3,)]
