"""What reading a schema gives: names, parts, what is left out; and that nothing else decides about it."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import psycopg
import pytest

from gitmig.core.schema import COLUMN_ORDER, ObjectName, Schema, schema_difference
from gitmig.database.catalogs import read_schema
from gitmig.database.connection import connect, environment
from tests.database.catalogs.case import TOGETHER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.conftest import Database
    from tests.database.catalogs.laboratory import Laboratory

UNLABELLED = {own: case for own, case in TOGETHER.items() if not case.name.startswith("labels")}
JUNK = "CREATE TABLE junk (a serial PRIMARY KEY, b text); CREATE VIEW w AS SELECT a FROM junk; DROP TABLE junk CASCADE;"
SHOP = """
    CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "Total" numeric CHECK ("Total" >= 0));
    CREATE INDEX by_total ON orders ("Total");
    CREATE VIEW big AS SELECT id FROM orders WHERE "Total" > 100;
    CREATE TYPE state AS ENUM ('new', 'paid');
    CREATE FUNCTION total(a int, b state DEFAULT 'new') RETURNS int LANGUAGE sql AS 'SELECT 1';
    CREATE SEQUENCE counter;
"""


def read(database: Database, *scripts: str, ignore: Sequence[str] = ()) -> Schema:
    with connect(database.url, "test") as connection:
        for script in scripts:
            connection.execute(script.encode())
        return read_schema(connection, ignore)


def names(schema: Schema, kind: str) -> list[str]:
    return sorted(name.name for name in schema.objects if name.kind == kind)


def test_objects_are_named_with_their_schema_and_quoted_where_they_have_to_be(database: Database) -> None:
    schema = read(database, SHOP)
    found = {kind: names(schema, kind) for kind in sorted({name.kind for name in schema.objects})}
    not_null = ["public.orders.orders_id_not_null"] if ["constraint"] and _version(database) >= 18 else []
    assert found == {
        "column": ["public.big.id", 'public.orders."Total"', "public.orders.id"],
        "column order": ["public.orders"],
        "constraint": ['public.orders."orders_Total_check"', *not_null, "public.orders.orders_pkey"],
        "enum": ["public.state"],
        "function": ["public.total(integer,public.state)"],
        "index": ["public.orders.by_total", "public.orders.orders_pkey"],
        "schema": ["public"],
        "sequence": ["public.counter", "public.orders_id_seq"],
        "table": ["public.orders"],
        "view": ["public.big"],
    }


def test_an_empty_database_has_only_schema_public(database: Database) -> None:
    assert [str(name) for name in read(database).objects] == ["schema public"]


def test_the_order_of_columns_is_reported_and_not_in_the_fingerprint(database: Database) -> None:
    a = read(database, "CREATE TABLE t (a int, b int)")
    b = read(database, "ALTER TABLE t DROP a; ALTER TABLE t ADD a int")
    order = ObjectName(COLUMN_ORDER, "public.t")
    assert (a.objects[order], b.objects[order]) == ("a, b", "b, a")
    assert a.fingerprint == b.fingerprint
    assert not schema_difference(a, b)


def test_what_is_not_committed_is_read_and_the_session_stays_as_it_was(database: Database) -> None:
    with connect(database.url, "test") as connection:
        connection.execute("SET search_path = elsewhere")
        with connection.transaction():
            connection.execute("CREATE TABLE public.t (a int)")
            assert names(read_schema(connection), "table") == ["public.t"]
            assert connection.execute("SHOW search_path").fetchone() == ("elsewhere",)
            connection.execute("CREATE TABLE public.u (a int)")
        assert names(read_schema(connection), "table") == ["public.t", "public.u"]
        assert connection.execute("SHOW search_path").fetchone() == ("elsewhere",)


def test_the_settings_of_the_session_do_not_matter(database: Database) -> None:
    made = """
        CREATE TABLE t (a timestamptz DEFAULT '2024-02-01 12:00+00', b interval DEFAULT '1 day 2:00', c bytea DEFAULT 'abc',
          d float8 DEFAULT 0.1, e text DEFAULT 'a\\b', f date CHECK (f > '2024-02-01'));
        CREATE VIEW v AS SELECT a, '\\x'::text AS x, '3 days'::interval AS i FROM t;
    """
    settings = """
        SET search_path = public; SET datestyle = 'SQL, DMY'; SET timezone = 'Asia/Tokyo'; SET intervalstyle = iso_8601;
        SET extra_float_digits = -10; SET bytea_output = escape; SET quote_all_identifiers = on;
        SET standard_conforming_strings = off;
    """
    assert read(database, made) == read(database, settings)


@pytest.mark.parametrize(
    ("pattern", "gone"),
    [
        pytest.param("orders", {"orders"}, id="a table by its name"),
        pytest.param("public.orders", {"orders"}, id="a table and its schema"),
        pytest.param("ord*", {"orders"}, id="a pattern"),
        pytest.param("*.by_total", {"by_total"}, id="an index"),
        pytest.param("total", {"total"}, id="a function"),
        pytest.param("total(*", {"total"}, id="a function with its arguments"),
        pytest.param("orders.Total", {"Total"}, id="a column in need of quotes"),
        pytest.param("counter", {"counter"}, id="a sequence"),
        pytest.param("order", set(), id="part of a name"),
        pytest.param("ORDERS", set(), id="another case"),
    ],
)
def test_what_is_ignored_is_gone_with_its_parts(database: Database, pattern: str, gone: set[str]) -> None:
    """A table's columns, keys, indexes and sequences go with it; what only uses it stays."""
    all_objects, rest = read(database, SHOP), read(database, ignore=[pattern])
    parts = {
        "orders": {name for name in all_objects.objects if "orders" in name.name},
        "by_total": {ObjectName("index", "public.orders.by_total")},
        "Total": {ObjectName("column", 'public.orders."Total"')},
        "total": {ObjectName("function", "public.total(integer,public.state)")},
        "counter": {ObjectName("sequence", "public.counter")},
    }
    assert all_objects.objects.keys() - rest.objects.keys() == set().union(*(parts[name] for name in gone))


def test_a_schema_is_ignored_with_all_that_is_in_it(database: Database) -> None:
    before = read(database)
    made = "CREATE SCHEMA audit CREATE TABLE log (a serial PRIMARY KEY) CREATE VIEW v AS SELECT 1; CREATE TYPE audit.e AS ENUM ()"
    assert read(database, made, ignore=["nothing", "audit"]) == before


def test_a_sequence_of_a_partition_goes_with_it(database: Database) -> None:
    """A dump with that partition left out would have it."""
    before = read(database, "CREATE TABLE t (a int NOT NULL) PARTITION BY LIST (a)")
    assert read(database, "CREATE TABLE p (a serial); ALTER TABLE t ATTACH PARTITION p DEFAULT") == before


@pytest.mark.parametrize(
    "script",
    [
        pytest.param("DROP SCHEMA public", id="schema public is gone"),
        pytest.param(
            "SET allow_system_table_mods = on; UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'i'::regclass",
            id="an index is invalid",
        ),
    ],
)
def test_what_a_dump_does_not_say_is_told_apart(database: Database, script: str) -> None:
    table = "CREATE SCHEMA s; CREATE TABLE s.t (a int); SET search_path = s; CREATE INDEX i ON t (a)"
    a = read(database, table)
    b = read(database, "SET search_path = s", script)
    assert a.fingerprint != b.fingerprint


def test_every_kind_of_object_is_read_the_same_however_often_and_in_whatever_order_it_was_made(
    laboratory: Laboratory,
) -> None:
    """The other order, and what was made and dropped before, give every object another oid."""
    cases = {own: case for own, case in TOGETHER.items() if laboratory.runs(case)}
    forwards = {own: case.b for own, case in cases.items()}
    backwards = {own: JUNK + case.b for own, case in reversed(cases.items())}
    with laboratory.database(forwards) as a, laboratory.database(backwards) as b:
        with connect(a, "test") as connection:
            first, second = read_schema(connection), read_schema(connection)
        with connect(b, "test") as connection:
            other = read_schema(connection)
    assert first == second
    assert first.objects == other.objects
    assert all(isinstance(text, str) for text in first.objects.values())
    kinds = {name.kind for name in first.objects}
    assert len(kinds) == 44, sorted(kinds)


def test_a_role_without_rights_reads_the_same(laboratory: Laboratory) -> None:
    """But for the options of user mappings, which are not for everybody."""
    cases = {own: case for own, case in TOGETHER.items() if laboratory.runs(case)}
    with laboratory.database({own: case.b for own, case in cases.items()}) as url, connect(url, "test") as connection:
        mine = read_schema(connection)
        connection.execute(f"SET ROLE {laboratory.words['READER']}".encode())
        theirs = read_schema(connection)
    differing = {name.kind for name in schema_difference(mine, theirs).names}
    assert differing == {"user mapping"}


def test_a_dump_that_is_restored_is_the_same_schema(laboratory: Laboratory) -> None:
    """Nothing is read that a dump does not carry: what was dropped before leaves no trace."""
    scripts = {own: case.b for own, case in UNLABELLED.items() if laboratory.runs(case)}
    with laboratory.database(scripts) as url, laboratory.database({}) as copy:
        dumped = subprocess.run(
            [laboratory.program, "-s", "--no-owner"], env=os.environ | environment(url), capture_output=True, check=True
        )
        psql = laboratory.program.with_name("psql")
        command = [psql, "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"]
        subprocess.run(
            command, env=os.environ | environment(copy), input=dumped.stdout, capture_output=True, check=True
        )
        with connect(url, "test") as one, connect(copy, "test") as other:
            difference = schema_difference(read_schema(one), read_schema(other))
    assert not difference, difference.names


def _version(database: Database) -> int:
    with psycopg.connect(database.url) as connection:
        return connection.info.server_version // 10000
