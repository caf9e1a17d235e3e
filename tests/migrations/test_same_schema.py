from __future__ import annotations

import pytest

from gitmig.migrations.languages.sql import SQL
from gitmig.migrations.model import Script
from gitmig.migrations.same_schema import Split, splits


def scripts(*texts: str) -> list[Script]:
    return [Script(language=SQL, text=text, path="x.sql") for text in texts]


T = "CREATE TABLE t (id int PRIMARY KEY, n text);"
U = "ALTER TABLE t ADD u int NOT NULL;"
WHOLE = "CREATE TABLE t (id int PRIMARY KEY, n text, u int NOT NULL);"
SEED = "INSERT INTO t VALUES (1, 'one', 1);"


def test_a_squash_may_be_the_same_as_all_that_it_squashes() -> None:
    assert splits(scripts(T, U), scripts(WHOLE)) == [Split(2, 1)]
    assert splits(scripts(WHOLE), scripts(T, U))[0] == Split(1, 2)


def test_what_comes_behind_a_squash_is_left_to_run() -> None:
    more = "ALTER TABLE t ADD w int;"
    assert splits(scripts(T, U), scripts(WHOLE, more)) == [Split(2, 1)]
    assert splits(scripts(WHOLE, more), scripts(T, U)) == [Split(1, 2)]


def test_the_split_that_leaves_least_to_run_comes_first() -> None:
    found = splits(scripts(T, U, "COMMENT ON TABLE t IS 'x';"), scripts(WHOLE, "COMMENT ON TABLE t IS 'x';"))
    assert found[0] == Split(3, 2)
    assert Split(2, 1) in found


def test_without_something_on_both_sides_there_is_nothing_to_compare() -> None:
    assert splits([], scripts(SEED)) == []
    assert splits(scripts(SEED), []) == []


@pytest.mark.parametrize(
    ("going", "coming"),
    [
        ([T, SEED], [f"{T} {SEED}"]),
        ([T, SEED], [f"{T} insert  INTO T values (1, 'one', 1) -- the same\n;"]),
        ([T, "SELECT set_config('search_path', '', false);"], [T + " SELECT 1;"]),
        ([T, "COPY t TO STDOUT;"], [T + " COMMENT ON TABLE t IS NULL;"]),
        ([T, "ALTER TABLE t ALTER id TYPE bigint USING id::bigint;"], ["CREATE TABLE t (id bigint, n text);"]),
        ([T, "ALTER TABLE t RENAME TO w;"], ["CREATE TABLE w (id int, n text);"]),
        (["CREATE TABLE w (); DROP TABLE w;", T], [T]),
        (
            [T, "CREATE FUNCTION f() RETURNS void LANGUAGE sql BEGIN ATOMIC DELETE FROM t; END;"],
            [T + "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'DELETE FROM t';"],
        ),
    ],
)
def test_rows_are_written_alike(going: list[str], coming: list[str]) -> None:
    assert splits(scripts(*going), scripts(*coming))[0] == Split(len(going), len(coming))


@pytest.mark.parametrize(
    "writing",
    [
        SEED,
        "UPDATE t SET n = 'x';",
        "DELETE FROM t;",
        "TRUNCATE t;",
        "MERGE INTO t USING (SELECT 1 AS id) s ON s.id = t.id WHEN MATCHED THEN DELETE;",
        "COPY t FROM STDIN;",
        "WITH w AS (DELETE FROM t RETURNING *) SELECT * FROM w;",
        "SELECT setval('s', 3);",
        "SELECT 1 AS a INTO t2;",
        "SELECT f();",
        "DO $$ BEGIN DELETE FROM t; END $$;",
        "CALL p();",
        "EXECUTE q;",
        "CREATE TABLE t2 AS SELECT 1 AS a;",
        "ALTER SEQUENCE s RESTART WITH 5;",
        "EXPLAIN ANALYZE DELETE FROM t;",
        "SELEKT nothing;",
    ],
)
def test_what_may_write_rows_on_one_side_only_keeps_them_apart(writing: str) -> None:
    there = "t t2 s q p a"  # words that both sides have
    assert splits(scripts(T, f"{writing} -- {there}"), scripts(f"{T} -- {there}")) == [Split(1, 1)]
    assert splits(scripts(T), scripts(f"{writing} {T} -- {there}")) == []


@pytest.mark.parametrize(
    ("going", "coming"),
    [
        (["ALTER TABLE t ALTER n TYPE int USING n::int;"], ["ALTER TABLE t ALTER n TYPE int USING n::int * 100;"]),
        (["ALTER TABLE t RENAME a TO b;"], ["ALTER TABLE t DROP a; ALTER TABLE t ADD b int;"]),
        (
            ["ALTER TABLE t ADD w int DEFAULT 5;", "ALTER TABLE t ALTER w DROP DEFAULT;"],
            ["ALTER TABLE t ADD w int DEFAULT 7; ALTER TABLE t ALTER w DROP DEFAULT;"],
        ),
    ],
)
def test_in_a_table_from_before_a_change_of_columns_can_decide_about_values(
    going: list[str], coming: list[str]
) -> None:
    assert Split(len(going), len(coming)) not in splits(scripts(*going), scripts(*coming))
    assert Split(len(going), len(going)) in splits(scripts(*going), scripts(*going))


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("CREATE TABLE a (id int);", "CREATE TABLE b (id int);"),
        ("ALTER TABLE t ADD x int;", "ALTER TABLE t ADD y int;"),
        ("CREATE INDEX by_n ON t (n);", "ALTER TABLE t ALTER n SET NOT NULL;"),
        ("CREATE VIEW v AS SELECT 1;", "ALTER TABLE t ADD y int;"),
        ("ALTER TABLE t RENAME a TO x;", "ALTER TABLE t RENAME a TO y;"),
        ("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';", "CREATE TYPE e AS ENUM ('a');"),
    ],
)
def test_two_branches_that_make_different_things_are_told_apart_by_names_alone(ours: str, theirs: str) -> None:
    assert splits(scripts(ours), scripts(theirs)) == []
    assert Split(2, 2) not in splits(scripts(T, ours), scripts(T, theirs))


def test_names_that_postgresql_chose_need_not_be_mentioned() -> None:
    dump = "CREATE TABLE t (id int); CREATE SEQUENCE t_id_seq; CREATE INDEX t_id_idx ON t (id);"
    assert splits(scripts("CREATE TABLE t (id serial);", "CREATE INDEX ON t (id);"), scripts(dump))[0] == Split(2, 1)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("CREATE TABLE t (a int);", "CREATE TABLE t (a bigint);"),
        ("CREATE TABLE t (a varchar(10));", "CREATE TABLE t (a varchar(20));"),
        ("ALTER TABLE t ALTER a TYPE int;", "ALTER TABLE t ALTER a TYPE text;"),
        ("ALTER TABLE t ADD a int;", "ALTER TABLE t ADD a int[];"),
        ("CREATE TYPE e AS ENUM ('a');", "CREATE TYPE e AS ENUM ('a', 'b');"),
        (
            "CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1';",
            "CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 2';",
        ),
    ],
)
def test_an_edit_that_says_otherwise_needs_no_build(one: str, other: str) -> None:
    assert splits(scripts(one), scripts(other)) == []
    assert splits(scripts(one), scripts(f"{one} SELECT 1;")) == [Split(1, 1)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("CREATE TABLE t (a serial, b decimal(4,2));", "CREATE TABLE t (a integer, b numeric(4,2));"),
        ("CREATE TABLE t (a timestamptz, b bool);", "CREATE TABLE t (a timestamp with time zone, b boolean);"),
        ("CREATE TABLE t (a int); ALTER TABLE t ALTER a TYPE bigint;", "CREATE TABLE t (a int8);"),
        ("CREATE TABLE t (a int); ALTER TABLE t RENAME a TO b;", "CREATE TABLE t (b int4);"),
        ("CREATE TABLE t (a int); DROP TABLE t; CREATE TABLE t (a text);", "CREATE TABLE t (a text);"),
        ("CREATE TYPE e AS ENUM ('a'); ALTER TYPE e ADD VALUE 'b';", "CREATE TYPE e AS ENUM ('a', 'b');"),
        ("CREATE TABLE t (a character varying);", "CREATE TABLE t (a varchar);"),
    ],
)
def test_another_way_to_say_it_may_be_the_same(one: str, other: str) -> None:
    assert splits(scripts(one), scripts(other)) == [Split(1, 1)]
    assert splits(scripts(other), scripts(one)) == [Split(1, 1)]
