"""Which scripts need a trial, told from their words."""

from __future__ import annotations

import pytest

from gitmig.rows.reach import Reach, suspect, takes_of, words_of


@pytest.mark.parametrize(
    ("text", "reach"),
    [
        pytest.param("", Reach.NONE, id="nothing"),
        pytest.param("CREATE TABLE t (type text, at timestamp with time zone)", Reach.NONE, id="a table"),
        pytest.param("CREATE TABLE t (a int REFERENCES b ON DELETE CASCADE)", Reach.NONE, id="a foreign key"),
        pytest.param("CREATE TABLE t AS SELECT f()", Reach.ANY, id="a query that may do anything"),
        pytest.param("CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$ DELETE $$", Reach.NONE, id="a function"),
        pytest.param("CREATE TRIGGER g AFTER UPDATE ON t EXECUTE FUNCTION f()", Reach.NONE, id="a trigger"),
        pytest.param("CREATE VIEW v AS SELECT 1; COMMENT ON VIEW v IS 'DROP TABLE t'", Reach.NONE, id="a comment"),
        pytest.param("-- DROP TABLE t", Reach.NONE, id="a remark"),
        pytest.param("ALTER TABLE t ADD COLUMN a int, ALTER b DROP NOT NULL, DROP CONSTRAINT c", Reach.NONE, id="add"),
        pytest.param("ALTER TABLE t DROP COLUMN a", Reach.NAMED, id="a column"),
        pytest.param("ALTER TABLE t DROP a", Reach.NAMED, id="a column, in short"),
        pytest.param("ALTER TABLE t DROP COLUMN a CASCADE", Reach.NAMED, id="a column and what hangs on it"),
        pytest.param("DROP TABLE t CASCADE", Reach.NAMED, id="a table and what hangs on it"),
        pytest.param("DROP TYPE y CASCADE", Reach.ANY, id="a type and its columns"),
        pytest.param("ALTER TABLE t ALTER a SET DATA TYPE int", Reach.NAMED, id="a type"),
        pytest.param("DROP INDEX i", Reach.NONE, id="an index"),
        pytest.param("DROP FUNCTION f CASCADE", Reach.NONE, id="a function and its triggers"),
        pytest.param("DROP COLLATION c CASCADE", Reach.ANY, id="a collation and its columns"),
        pytest.param("DROP VIEW v CASCADE", Reach.ANY, id="a view and columns of its row type"),
        pytest.param(
            "ALTER TABLE t ALTER a DROP EXPRESSION, ALTER COLUMN b DROP IDENTITY", Reach.NONE, id="a property"
        ),
        pytest.param("ALTER TABLE t DROP expression", Reach.NAMED, id="a column called expression"),
        pytest.param("ALTER TABLE t ADD a int, DROP identity", Reach.NAMED, id="a column called identity"),
        pytest.param('ALTER TABLE t DROP "constraint"', Reach.NAMED, id="a column called constraint"),
        pytest.param('ALTER TABLE t ADD "type" int', Reach.NONE, id="a new column called type"),
        pytest.param("DROP TABLE t", Reach.NAMED, id="drop"),
        pytest.param("DROP SCHEMA s CASCADE", Reach.ANY, id="drop everything"),
        pytest.param("UPDATE t SET a = 1", Reach.NAMED, id="update"),
        pytest.param("INSERT INTO t SELECT f()", Reach.ANY, id="insert what a query says"),
        pytest.param("DO $$ BEGIN END $$", Reach.ANY, id="do"),
        pytest.param("SELECT 1", Reach.ANY, id="a query"),
        pytest.param("WITH x AS (DELETE FROM t) SELECT 1", Reach.ANY, id="with"),
        pytest.param('DROP TABLE U&"t"', Reach.ANY, id="a name in code"),
        pytest.param("DROP TABLE 't", Reach.ANY, id="no SQL"),
        pytest.param(None, Reach.ANY, id="unknown"),
    ],
)
def test_how_far_a_script_reaches(text: str | None, reach: Reach) -> None:
    assert suspect(text).reach is reach


def test_the_words_of_a_script_are_those_of_names_too() -> None:
    assert suspect("""DROP TABLE a, "B b" -- 'c' """).words == {"drop", "table", "a", ",", "b b"}


@pytest.mark.parametrize(
    ("text", "writes"),
    [
        ("DROP TABLE t", False),
        ("ALTER TABLE t ALTER a TYPE text", False),
        ("ALTER TABLE t ALTER a TYPE int USING length(a)", True),
        ("UPDATE t SET a = 1", True),
        (None, True),
    ],
)
def test_a_script_writes_where_it_gives_rows_other_values(text: str | None, writes: bool) -> None:
    assert suspect(text).writes is writes


@pytest.mark.parametrize(
    ("text", "remakes"),
    [
        ("DROP TABLE t; CREATE TABLE T (a int)", True),
        ("DROP TABLE IF EXISTS s.t CASCADE; CREATE UNLOGGED TABLE IF NOT EXISTS s.t (a int)", True),
        ('CREATE TABLE n (a int); DROP TABLE "t"; ALTER TABLE n RENAME TO t', True),
        ("DROP TABLE s.t; ALTER TABLE t SET SCHEMA s", True),
        ("ALTER TABLE t DROP COLUMN IF EXISTS a, ADD COLUMN IF NOT EXISTS a int", True),
        ("ALTER TABLE t ADD b int, DROP a; ALTER TABLE t RENAME b TO a", True),
        ("DROP SCHEMA s CASCADE; CREATE SCHEMA s; CREATE TABLE s.t (a int)", True),
        ("DROP TYPE y CASCADE; CREATE TYPE y AS ENUM (); ALTER TABLE t ADD a y", True),
        ("DROP TABLE t; CREATE TABLE u (a int)", False),
        ("ALTER TABLE t DROP a, ADD b int", False),
        ("ALTER TABLE t DROP CONSTRAINT c; ALTER TABLE t ADD CONSTRAINT c CHECK (true)", False),
        ("ALTER TABLE t ALTER a DROP DEFAULT, ADD PRIMARY KEY (a)", False),
        ("DROP INDEX i; CREATE INDEX i ON t (a); DROP VIEW v; CREATE TABLE v (a int)", False),
        ("DROP SCHEMA s CASCADE", False),
    ],
)
def test_a_script_remakes_what_it_drops_and_makes_under_one_name(text: str, remakes: bool) -> None:
    assert suspect(text).remakes is remakes


@pytest.mark.parametrize(
    ("text", "takes"),
    [
        ("DROP TABLE a, s.b CASCADE", {("a",): None, ("s", "b"): None}),
        ('DROP TABLE IF EXISTS "A b"', {("A b",): None}),
        ("ALTER TABLE ONLY s.t DROP a, DROP COLUMN IF EXISTS B CASCADE", {("s", "t"): ({"a", "b"}, set())}),
        ("ALTER TABLE t DROP a; ALTER TABLE t DROP b, DROP CONSTRAINT k", {("t",): ({"a", "b"}, set())}),
        ("ALTER TABLE t ADD a int; CREATE INDEX i ON t (a)", {}),
        ("ALTER TABLE t ALTER a TYPE int", {("t",): (set(), {"a"})}),
        ("ALTER TABLE t ALTER COLUMN a SET DATA TYPE int, DROP b", {("t",): ({"b"}, {"a"})}),
        ("ALTER TABLE t DROP b; ALTER TABLE t ALTER a TYPE int", {("t",): ({"b"}, {"a"})}),
        ("ALTER TABLE t ALTER a TYPE int USING 1", None),
        ("ALTER TABLE t ALTER a DROP NOT NULL", {}),
        ("DROP TABLE a; DELETE FROM b", None),
        ("DROP SCHEMA s CASCADE", None),
    ],
)
def test_what_a_script_says_that_it_takes(text: str, takes: object) -> None:
    assert takes_of(text) == takes


@pytest.mark.parametrize(
    ("text", "is_local"),
    [
        ("CREATE TABLE t (a int); ALTER TABLE u ADD b int; DROP TABLE w CASCADE", True),
        ("ALTER TABLE t ALTER a TYPE int USING f(a)", False),
        ("UPDATE t SET a = 1", False),
        ("DO $$ $$", False),
        (None, False),
    ],
)
def test_a_script_that_defines_things_is_about_those_that_it_names(text: str | None, is_local: bool) -> None:
    assert suspect(text).is_local is is_local


def test_names_are_folded_and_cut_as_postgresql_does() -> None:
    names = words_of(f'CREATE TABLE Ab."Cd" ({"x" * 70} INT)')
    assert names is not None
    assert names >= {"ab", "Cd", "x" * 63}
    assert words_of("SELECT 'open") is None
