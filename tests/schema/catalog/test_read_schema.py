"""What reading a schema gives: names, parts, what is left out; and that nothing else decides about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gitmig.postgres.address import connect
from gitmig.schema.catalog import read_schema
from gitmig.schema.model import ObjectKind, ObjectName, Schema, Tie, schema_difference
from tests.schema.catalog.case import TOGETHER
from tests.statements import send

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.conftest import Database
    from tests.schema.catalog.dump import PgDump
    from tests.schema.catalog.laboratory import Laboratory

# All that can be in a database together with others of its kind.
KINDS = {
    "access method", "aggregate", "base type", "cast", "collation", "column", "column order",
    "composite type", "constraint", "conversion", "default privileges", "domain", "enum", "event trigger",
    "foreign data wrapper", "foreign table", "function", "index", "language", "materialized view", "operator",
    "operator class", "operator family", "policy", "procedure", "publication", "published schema",
    "published table", "range", "rule", "schema", "security label", "sequence", "server", "statistics",
    "subscription", "table", "text search configuration", "text search dictionary", "text search parser",
    "text search template", "transform", "trigger", "user mapping", "view",
}  # fmt: skip
# Kinds that are not even looked for where there seem to be none.
RARE = {
    "operator": "CREATE OPERATOR public.=== (leftarg = int, rightarg = int, function = int4eq)",
    "operator family": "CREATE OPERATOR FAMILY public.f USING btree",
    "access method": "CREATE ACCESS METHOD m TYPE INDEX HANDLER bthandler",
    "cast": "CREATE CAST (point AS int) WITH INOUT",
    "collation": "CREATE COLLATION public.c (locale = 'C')",
    "conversion": "CREATE CONVERSION public.c FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8",
    "text search parser": "CREATE TEXT SEARCH PARSER public.p "
    "(start = prsd_start, gettoken = prsd_nexttoken, end = prsd_end, lextypes = prsd_lextype)",
    "text search template": "CREATE TEXT SEARCH TEMPLATE public.t (lexize = dsimple_lexize)",
    "text search dictionary": "CREATE TEXT SEARCH DICTIONARY public.d (template = simple)",
    "text search configuration": """CREATE TEXT SEARCH CONFIGURATION public.c (parser = "default")""",
    "foreign data wrapper": "CREATE FOREIGN DATA WRAPPER w",
    "publication": "CREATE PUBLICATION p",
    "subscription": "CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p WITH (connect = false, slot_name = NONE)",
}
SHOP = """
    CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "Total" numeric CHECK ("Total" >= 0));
    CREATE INDEX by_total ON orders ("Total");
    CREATE VIEW big AS SELECT id FROM orders WHERE "Total" > 100;
    CREATE TYPE state AS ENUM ('new', 'paid');
    CREATE FUNCTION total(a int, b state DEFAULT 'new') RETURNS int LANGUAGE sql AS 'SELECT 1';
    CREATE SEQUENCE counter;
"""


def read(url: str, *scripts: str, ignore: Sequence[str] = ()) -> Schema:
    with connect(url, "test") as connection:
        for script in scripts:
            with connection.any_path():
                send(connection, script)
        return read_schema(connection, ignore)


def names(schema: Schema, kind: str) -> list[str]:
    return sorted(name.name for name in schema.objects if name.kind == kind)


@pytest.fixture(scope="module")
def shop(laboratory: Laboratory) -> str:
    """The URL of a database with a few tables in schema shop; it is only read."""
    return laboratory.make({"shop": SHOP})


def test_objects_are_named_with_their_schema_and_quoted_where_they_have_to_be(
    shop: str, laboratory: Laboratory
) -> None:
    schema = read(shop)
    found = {kind: names(schema, kind) for kind in sorted({name.kind for name in schema.objects})}
    not_null = ["shop.orders.orders_id_not_null"] if laboratory.version >= 180000 else []
    assert found == {
        "column": ["shop.big.id", 'shop.orders."Total"', "shop.orders.id"],
        "column order": ["shop.orders"],
        "constraint": ['shop.orders."orders_Total_check"', *not_null, "shop.orders.orders_pkey"],
        "enum": ["shop.state"],
        "function": ["shop.total(integer,shop.state)"],
        "index": ["shop.orders.by_total", "shop.orders.orders_pkey"],
        "schema": ["public", "shop"],
        "sequence": ["shop.counter", "shop.orders_id_seq"],
        "table": ["shop.orders"],
        "view": ["shop.big"],
    }


@pytest.mark.parametrize(
    ("pattern", "gone"),
    [
        pytest.param("orders", "orders", id="a table by its name"),
        pytest.param("shop.orders", "orders", id="a table and its schema"),
        pytest.param("ord*", "orders", id="a pattern"),
        pytest.param("*.by_total", "by_total", id="an index"),
        pytest.param("total", "total(", id="a function"),
        pytest.param("total(*", "total(", id="a function with its arguments"),
        pytest.param("orders.Total", '."Total"', id="a column in need of quotes"),
        pytest.param("counter", "counter", id="a sequence"),
        pytest.param("shop", "shop", id="a schema"),
        pytest.param("order", None, id="part of a name"),
        pytest.param("ORDERS", None, id="another case"),
    ],
)
def test_what_is_ignored_is_gone_with_its_parts(shop: str, pattern: str, gone: str | None) -> None:
    """A table's columns, keys, indexes and sequences go with it; a view of it stays."""
    everything, rest = read(shop).objects, read(shop, ignore=["nothing", pattern]).objects
    assert everything.keys() - rest.keys() == {name for name in everything if gone and gone in name.name}


def test_edges_say_what_an_object_needs_by_the_names_of_objects(shop: str) -> None:
    """Also through what has no name of its own: the rule of a view, the default of a column, the type of a row."""
    with connect(shop, "test") as connection:
        edges = read_schema(connection, edges=True).edges
    found = {
        str(name): {str(needed): tie for needed, tie in ties.items() if needed.kind != "schema"}
        for name, ties in edges.items()
        if not name.name.endswith("not_null")
    }
    id_, total = "column shop.orders.id", 'column shop.orders."Total"'
    assert {name: ties for name, ties in found.items() if ties} == {
        'constraint shop.orders."orders_Total_check"': {total: Tie.GOES_ALONG},
        "constraint shop.orders.orders_pkey": {id_: Tie.GOES_ALONG},
        "function shop.total(integer,shop.state)": {"enum shop.state": Tie.NEEDS},
        "index shop.orders.by_total": {total: Tie.GOES_ALONG},
        "index shop.orders.orders_pkey": {"constraint shop.orders.orders_pkey": Tie.GOES_ALONG},
        "sequence shop.orders_id_seq": {id_: Tie.GOES_ALONG},
        "view shop.big": {id_: Tie.NEEDS, total: Tie.NEEDS},
    }


def test_partition_keys_of_partitions_count_as_those_of_the_table_above(database: Database) -> None:
    database.rows("""
        CREATE TABLE t (a int, b int) PARTITION BY RANGE (a);
        CREATE TABLE t_1 PARTITION OF t DEFAULT PARTITION BY LIST (b)""")
    with connect(database.url, "test") as connection:
        edges = read_schema(connection, edges=True).edges
    assert sorted(name.name for name in edges if name.kind == ObjectKind.PARTITION_KEY) == ["public.t.a", "public.t.b"]


def test_an_empty_database_has_only_schema_public(database: Database) -> None:
    assert [str(name) for name in read(database.url).objects] == ["schema public"]


def test_the_order_of_columns_is_reported_and_not_in_the_fingerprint(database: Database) -> None:
    a = read(database.url, "CREATE TABLE t (a int, b int)")
    b = read(database.url, "ALTER TABLE t DROP a; ALTER TABLE t ADD a int")
    order = ObjectName(ObjectKind.COLUMN_ORDER, "public.t")
    assert (a.objects[order], b.objects[order]) == ("a, b", "b, a")
    assert a.fingerprint == b.fingerprint
    assert not schema_difference(a, b)


def test_what_is_rare_is_found_when_there_is_nothing_else(database: Database) -> None:
    for kind, script in RARE.items():
        with connect(database.url, "test") as connection, connection.transaction(force_rollback=True):
            with connection.users_path():
                send(connection, script)
            assert [name.kind for name in read_schema(connection).objects] == ["schema", kind]


def test_what_is_not_committed_is_read_and_the_session_stays_as_it_was(database: Database) -> None:
    with connect(database.url, "test") as connection:
        connection.execute("SET DateStyle = 'German'")
        with connection.transaction():
            connection.execute("CREATE TABLE public.t (a int)")
            assert names(read_schema(connection), "table") == ["public.t"]
            assert connection.execute("SHOW DateStyle").fetchone() == ("German, DMY",)
            connection.execute("CREATE TABLE public.u (a int)")
        assert names(read_schema(connection), "table") == ["public.t", "public.u"]
        assert connection.execute("SHOW DateStyle").fetchone() == ("German, DMY",)


def test_the_settings_of_the_session_do_not_matter(database: Database) -> None:
    made = """
        CREATE TABLE t (a timestamptz DEFAULT '2024-02-01 12:00+00', b interval DEFAULT '1 day 2:00',
          c bytea DEFAULT 'abc', d float8 DEFAULT 0.1, e text DEFAULT 'a\\b', f date CHECK (f > '2024-02-01'));
        CREATE VIEW v AS SELECT a, '\\x'::text AS x, '3 days'::interval AS i FROM t;
    """
    settings = """
        SET search_path = public; SET datestyle = 'SQL, DMY'; SET timezone = 'Asia/Tokyo'; SET intervalstyle = iso_8601;
        SET extra_float_digits = -10; SET bytea_output = escape; SET quote_all_identifiers = on;
        SET standard_conforming_strings = off;
    """
    assert read(database.url, made) == read(database.url, settings)


def test_a_sequence_of_a_partition_goes_with_it(database: Database) -> None:
    """A dump with that partition left out would have it."""
    before = read(database.url, "CREATE TABLE t (a int NOT NULL) PARTITION BY LIST (a)")
    assert read(database.url, "CREATE TABLE p (a serial); ALTER TABLE t ATTACH PARTITION p DEFAULT") == before


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
    a = read(database.url, table)
    b = read(database.url, "SET search_path = s", script)
    assert a.fingerprint != b.fingerprint


def test_every_kind_of_object_is_read_the_same_in_whatever_order_it_was_made(
    laboratory: Laboratory, pair: tuple[str, str]
) -> None:
    """In the other order every object has another oid."""
    cases = {own: case.b for own, case in TOGETHER.items() if laboratory.runs(case)}
    backwards = laboratory.make(dict(reversed(cases.items())))
    first, second, other = map(read, (pair[1], pair[1], backwards))
    assert first.objects == second.objects == other.objects
    assert all(isinstance(text, str) for text in first.objects.values())
    kinds = {name.kind for name in first.objects}
    assert kinds == KINDS if laboratory.version >= 150000 else KINDS - {"published schema"}


def test_a_role_without_rights_reads_the_same(laboratory: Laboratory, pair: tuple[str, str]) -> None:
    """But for the options of user mappings, which are not for everybody."""
    with connect(pair[1], "test") as connection:
        mine = read_schema(connection)
        connection.execute(f"SET ROLE {laboratory.words['READER']}".encode())
        theirs = read_schema(connection)
    assert {name.kind for name in schema_difference(mine, theirs).names} == {"user mapping"}


def test_a_dump_that_is_restored_is_the_same_schema(
    laboratory: Laboratory, pg_dump: PgDump, pair: tuple[str, str]
) -> None:
    """Nothing is read that a dump does not carry: what was dropped or changed before leaves no trace.

    But for security labels: there is no provider to restore them.
    """
    if pg_dump.version != laboratory.version // 10000:
        pytest.skip("a newer pg_dump writes for newer servers")
    copy = laboratory.make({})
    pg_dump.restore(pg_dump.text(pair[1], "--no-security-labels"), copy)
    difference = schema_difference(read(pair[1]), read(copy))
    assert {name.kind for name in difference.names} == {"security label"}, difference.names
