"""Reading tables: what PostgreSQL notes of a script, and that columns which were not written are not read again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from gitmig.rows.tables import Table, TableName, TableReader, read_tables

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.conftest import Database
    from tests.rows.conftest import Bench

BASE = """
    CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE TYPE pair AS (l int, r text);
    CREATE TABLE t (id int PRIMARY KEY, m mood, p pair, v int);
    CREATE TABLE u (id serial, t int REFERENCES t);
    CREATE TABLE parted (id int) PARTITION BY RANGE (id);
    CREATE TABLE part PARTITION OF parted FOR VALUES FROM (0) TO (10);
    INSERT INTO t VALUES (1, 'ok', (1, 'a'), 1), (2, 'sad', NULL, 2); INSERT INTO parted VALUES (1), (2);
"""
WRITTEN = {
    "a column that is added": "ALTER TABLE t ADD w text",
    "a column that is dropped": "ALTER TABLE t DROP v",
    "a column with another name": "ALTER TABLE t RENAME v TO w",
    "a column with another type": "ALTER TABLE t ALTER v TYPE text",
    "a default": "ALTER TABLE t ALTER v SET DEFAULT 1",
    "a column that is required": "ALTER TABLE t ALTER v SET NOT NULL",
    "a table with another name": "ALTER TABLE t RENAME TO s",
    "a type with another name": "ALTER TYPE mood RENAME TO humour",
    "a type in another schema": "CREATE SCHEMA s; ALTER TYPE mood SET SCHEMA s",
    "a schema with another name": "ALTER SCHEMA public RENAME TO p; CREATE SCHEMA public",
    "a part of a type": "ALTER TYPE pair ADD ATTRIBUTE x int",
    "a part of a type that is dropped": "ALTER TYPE pair DROP ATTRIBUTE r",
    "a key that is dropped": "ALTER TABLE u DROP CONSTRAINT u_t_fkey; ALTER TABLE t DROP CONSTRAINT t_pkey",
    "a unique index": "CREATE UNIQUE INDEX ON t (v)",
    "an identity": "ALTER TABLE parted ALTER id SET NOT NULL; ALTER TABLE u ALTER id DROP DEFAULT",
    "a new table": "CREATE TABLE n (a mood, b pair[])",
    "a table that is gone": "DROP TABLE u",
    "a partition": "CREATE TABLE more PARTITION OF parted FOR VALUES FROM (10) TO (20)",
    "a partition that is taken off": "ALTER TABLE parted DETACH PARTITION part",
}


@pytest.mark.parametrize("what", WRITTEN)
def test_a_look_at_what_was_written_sees_as_much_as_one_at_everything(bench: Bench, what: str) -> None:
    """Also once it was taken back, done again, and in the next transaction."""
    bench.sql(BASE)
    reader = TableReader(bench.connection)
    with bench.connection.transaction():
        before = reader.read()
        with bench.connection.transaction(force_rollback=True):
            bench.sql(WRITTEN[what])
            assert reader.read() == read_tables(bench.connection) != before
        assert reader.read() == read_tables(bench.connection)
        with bench.connection.transaction():
            bench.sql(WRITTEN[what])
        assert reader.read() == read_tables(bench.connection) != before
    with bench.connection.transaction():  # or what was counted before may be flushed between the two
        assert reader.read() == read_tables(bench.connection) != before


@pytest.mark.parametrize("what", WRITTEN)
def test_what_an_older_transaction_writes_meanwhile_is_seen(bench: Bench, database: Database, what: str) -> None:
    bench.sql(BASE)
    reader = TableReader(bench.connection)
    with psycopg.connect(database.url) as other:
        other.execute("SELECT pg_catalog.pg_current_xact_id()")
        bench.sql("CREATE TABLE younger (id int)")
        before = reader.read()
        other.execute(WRITTEN[what].encode())
        other.commit()
        with bench.connection.transaction():  # or what was counted before may be flushed between the two
            assert reader.read() == read_tables(bench.connection) != before


def test_columns_that_nobody_wrote_are_not_read_again(bench: Bench) -> None:
    bench.sql(BASE)
    reader = TableReader(bench.connection)
    with bench.connection.transaction(force_rollback=True):
        bench.sql("ALTER TABLE t ADD w text")
        earlier = reader.read()
        bench.sql("CREATE TABLE other (id int)")
        later = reader.read()
        assert _table(bench, "u", later.by_oid) is _table(bench, "u", earlier.by_oid)


def test_a_script_may_forget_what_was_prepared(bench: Bench) -> None:
    bench.sql(BASE)
    reader = TableReader(bench.connection)
    with bench.connection.transaction(force_rollback=True):
        before = reader.read()
        bench.script("DEALLOCATE ALL").run()
        assert reader.read() == before


def test_rows_are_counted_by_what_was_done_to_them(bench: Bench) -> None:
    bench.sql(BASE)
    with bench.connection.transaction(force_rollback=True):
        before = _table(bench, "t")
        bench.sql("INSERT INTO t VALUES (3), (4), (5); UPDATE t SET v = 7 WHERE id < 3; DELETE FROM t WHERE id = 5")
        done = _table(bench, "t").activity - before.activity
        assert (done.inserted, done.updated, done.deleted) == (3, 2, 1)


def test_rows_of_partitions_are_counted_for_the_table_they_are_parts_of(bench: Bench) -> None:
    bench.sql(BASE)
    with bench.connection.transaction(force_rollback=True):
        before = _table(bench, "parted")
        bench.sql("DELETE FROM parted WHERE id = 1")
        assert (_table(bench, "parted").activity - before.activity).deleted == 1


def test_what_was_rolled_back_stays_counted(bench: Bench) -> None:
    """So the tables are read again before a script runs a second time."""
    bench.sql(BASE)
    with bench.connection.transaction(force_rollback=True):
        before = _table(bench, "t")
        with bench.connection.transaction(force_rollback=True):
            bench.sql("INSERT INTO t VALUES (3)")
        assert (_table(bench, "t").activity - before.activity).inserted == 1


def test_truncate_and_a_rewrite_show_in_the_file_and_are_not_counted(bench: Bench) -> None:
    bench.sql(BASE)
    for script, filled in (("TRUNCATE u, t", False), ("ALTER TABLE t ADD w float DEFAULT random()", True)):
        with bench.connection.transaction(force_rollback=True):
            before = _table(bench, "t")
            bench.sql(script)
            after = _table(bench, "t")
            assert not before.filled <= after.files
            assert bool(after.filled) is filled
            assert (after.activity - before.activity).written == 0


def test_a_rename_keeps_the_number_of_a_table(bench: Bench) -> None:
    bench.sql(BASE)
    with bench.connection.transaction(force_rollback=True):
        before = _table(bench, "t")
        bench.sql("CREATE SCHEMA s; ALTER TABLE t RENAME TO r; ALTER TABLE r SET SCHEMA s")
        assert read_tables(bench.connection).by_oid[before.oid].name == TableName("s", "r")


def _table(bench: Bench, name: str, tables: Mapping[int, Table] | None = None) -> Table:
    found = read_tables(bench.connection).by_oid if tables is None else tables
    return next(table for table in found.values() if table.name == TableName("public", name))
