"""Rows in tables whose meaning nobody knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gitmig.postgres.address import connect
from gitmig.rows.plant import plant
from gitmig.schema.catalog import read_schema

if TYPE_CHECKING:
    from tests.conftest import Database

TYPES = (
    "smallint", "int", "bigint", "numeric(2,2)", "numeric(3,1)", "real", "float8", "money", "bool", "text", "char(2)",
    "varchar(1)", "name", "bytea", "date", "time", "timetz", "timestamp", "timestamptz", "interval", "uuid", "json",
    "jsonb", "inet", "cidr", "macaddr", "macaddr8", "bit(4)", "varbit", "point", "line", "lseg", "box", "path",
    "polygon", "circle", "tsvector", "tsquery", "int4range", "tstzrange", "int4multirange", "int[]", "text[][]", "oid",
    "regclass", "pg_lsn", "mood", "pair", "email", "short_mood", "email[]", '"Odd"."a type"',
)  # fmt: skip
MAKE_TYPES = """
    CREATE TYPE mood AS ENUM ('it''s fine', 'no');
    CREATE TYPE pair AS (a int, b text);
    CREATE DOMAIN email AS varchar(20) CHECK (length(VALUE) > 2);
    CREATE DOMAIN short_mood AS mood NOT NULL;
    CREATE SCHEMA "Odd";
    CREATE TYPE "Odd"."a type" AS ENUM ('%s');
"""


def planted(database: Database, script: str) -> list[str]:
    """The tables that take a row after the script ran; the schema is the same afterwards."""
    database.rows(script)
    with connect(database.url, "test") as connection:
        before = read_schema(connection)
        with connection.transaction():
            tables = [str(name) for name in plant(connection)]
        assert read_schema(connection).fingerprint == before.fingerprint
        return tables


def test_every_type_has_a_value(database: Database) -> None:
    tables = "".join(f"CREATE TABLE t{k} (c {type_} NOT NULL);" for k, type_ in enumerate(TYPES))
    took = planted(database, MAKE_TYPES + tables)
    assert [type_ for k, type_ in enumerate(TYPES) if f"t{k}" not in took] == ["numeric(2,2)"]


def test_foreign_keys_are_followed(database: Database) -> None:
    script = """
        CREATE TABLE a (x int, y text, PRIMARY KEY (x, y));
        CREATE TABLE b (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, c text NOT NULL UNIQUE);
        CREATE TABLE "1" (b int NOT NULL REFERENCES b, x int, y text NOT NULL, FOREIGN KEY (x, y) REFERENCES a);
        CREATE TABLE "2" (b int NOT NULL DEFAULT 99 REFERENCES b, self int UNIQUE REFERENCES "2" (self));
    """
    assert sorted(planted(database, script)) == ["1", "2", "a", "b"]
    assert database.rows('SELECT (SELECT b FROM "1"), (SELECT b FROM "2"), (SELECT id FROM b)') == [(1, 1, 1)]


def test_a_table_that_refuses_is_left_empty(database: Database) -> None:
    script = """
        CREATE TABLE never (a int CHECK (a > 5) NOT NULL);
        CREATE TABLE late (a int NOT NULL, b int REFERENCES never (a) DEFERRABLE INITIALLY DEFERRED);
        CREATE TABLE nullable (a int CHECK (a > 5), b text);
    """.replace("NOT NULL);", "PRIMARY KEY);", 1)
    assert planted(database, script) == ["late", "nullable"]
    assert database.rows("TABLE nullable") == [(None, None)]


def test_rows_of_partitions_come_through_their_parents(database: Database) -> None:
    script = """
        CREATE TABLE p (at date NOT NULL) PARTITION BY RANGE (at);
        CREATE TABLE p_all PARTITION OF p DEFAULT;
        CREATE TABLE empty (at date NOT NULL) PARTITION BY RANGE (at);
    """
    assert planted(database, script) == ["p"]


def test_what_belongs_to_gitmig_or_an_extension_is_left_alone(database: Database) -> None:
    assert planted(database, "CREATE SCHEMA gitmig; CREATE TABLE gitmig.state (a int);") == []


@pytest.mark.parametrize("trigger", ["RAISE EXCEPTION 'no'", "INSERT INTO log VALUES (1); RETURN NEW"])
def test_triggers_have_their_say(database: Database, trigger: str) -> None:
    script = f"""
        CREATE TABLE log (a int PRIMARY KEY);
        CREATE TABLE t (a int);
        CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {trigger}; END $$;
        CREATE TRIGGER t BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
    """
    assert planted(database, script) == ["log"]
