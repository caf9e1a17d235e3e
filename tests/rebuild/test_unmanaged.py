"""What applications make at run time comes along, with its rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gitmig.errors import GitmigError
from gitmig.postgres.address import connect
from gitmig.schema.catalog import read_schema

pytestmark = pytest.mark.usefixtures("nothing_is_left")

if TYPE_CHECKING:
    from gitmig.schema.model import Schema
    from tests.conftest import Database, Sandbox
    from tests.rebuilding import Rebuild

PARTED = "CREATE TABLE parted (a int, b text) PARTITION BY RANGE (a); CREATE INDEX ON parted (b);"


def test_partitions_made_at_run_time_come_along(sandbox: Sandbox, database: Database, rebuild: Rebuild) -> None:
    function = "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
    sandbox.migration("0001_a", PARTED + function)
    sandbox.gitmig("sync")
    database.rows("""
      CREATE UNLOGGED TABLE p0 PARTITION OF parted FOR VALUES FROM (0) TO (10) WITH (fillfactor=70);
      CREATE TABLE p1 PARTITION OF parted FOR VALUES FROM (10) TO (20) PARTITION BY LIST (b);
      CREATE TABLE "p1 x" PARTITION OF p1 FOR VALUES IN ('x');
      CREATE INDEX own ON p0 (a); ALTER TABLE p0 ADD CONSTRAINT own_check CHECK (a <> 5);
      COMMENT ON TABLE p0 IS 'first';
      ALTER TABLE p0 ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY, REPLICA IDENTITY FULL;
      CREATE POLICY few ON p0 AS RESTRICTIVE FOR UPDATE TO pg_monitor USING (a > 1) WITH CHECK (b <> 'x');
      CREATE POLICY more ON p0 USING (true);
      GRANT SELECT ON p0 TO pg_monitor; GRANT UPDATE (b) ON p0 TO PUBLIC;
      ALTER TABLE p0 ALTER a SET NOT NULL, ALTER b SET DEFAULT 'mine';
      CREATE TRIGGER off BEFORE INSERT ON p0 FOR EACH ROW EXECUTE FUNCTION f(); ALTER TABLE p0 DISABLE TRIGGER off;
      INSERT INTO parted VALUES (1, 'one'), (11, 'x');
    """)
    look = (
        "SELECT tableoid::regclass::text, a FROM parted ORDER BY a",
        "SELECT relname, relpersistence, reloptions, obj_description(oid), relrowsecurity, relforcerowsecurity,"
        " relreplident, relacl::text FROM pg_class WHERE relispartition"
        " AND relkind IN ('r', 'p') ORDER BY 1",
        "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1",
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'own_check'",
        "TABLE pg_policies ORDER BY policyname",
        "SELECT a.attname, a.attnotnull, a.attacl::text, pg_get_expr(adbin, adrelid) FROM pg_attribute a"
        " LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum"
        " WHERE attrelid = 'p0'::regclass AND attnum > 0 ORDER BY attnum",
        "SELECT tgname, tgenabled FROM pg_trigger WHERE tgrelid = 'p0'::regclass",
    )
    before = [database.rows(query) for query in look]
    assert rebuild().notes == ()
    assert [database.rows(query) for query in look] == before


def test_a_partition_that_overlaps_one_of_the_targets_gives_its_rows_to_that(
    sandbox: Sandbox, database: Database, rebuild: Rebuild
) -> None:
    """As a partition named by the day on which the migration ran."""
    sandbox.migration("0001_a", PARTED + "CREATE TABLE monday PARTITION OF parted FOR VALUES FROM (0) TO (10);")
    sandbox.gitmig("sync")
    database.rows("INSERT INTO parted VALUES (1, 'one')")
    sandbox.migration("0001_a", PARTED + "CREATE TABLE tuesday PARTITION OF parted FOR VALUES FROM (0) TO (20);")
    (note,) = rebuild().notes
    assert note == (
        'partition monday has no place in the target (partition "monday" would overlap partition "tuesday"); '
        "its rows went to others"
    ).replace("partition monday", "partition public.monday", 1)
    assert database.rows("SELECT tableoid::regclass::text, a FROM parted") == [("tuesday", 1)]


def test_kept_rows_come_along_whole(sandbox: Sandbox, database: Database, rebuild: Rebuild) -> None:
    sandbox.migration("0001_a", "CREATE TYPE mood AS ENUM ('sad');")
    sandbox.gitmig("sync")
    database.rows("""
      CREATE SCHEMA IF NOT EXISTS gitmig_kept;
      CREATE TABLE gitmig_kept.one (n bigint, m mood, at timestamptz);
      INSERT INTO gitmig_kept.one VALUES (1, 'sad', '2020-01-01');
    """)
    before = database.rows("SELECT n, m::text, at FROM gitmig_kept.one")
    sandbox.migration("0001_a", "SELECT 1;")
    rebuild()
    assert database.rows("TABLE gitmig_kept.one") == before


def test_kept_rows_that_came_along_can_be_changed_where_all_tables_are_published(
    sandbox: Sandbox, database: Database, rebuild: Rebuild
) -> None:
    sandbox.migration("0001_a", "CREATE PUBLICATION everything FOR ALL TABLES;")
    sandbox.gitmig("sync")
    database.rows("CREATE TABLE gitmig_kept.one (n bigint); INSERT INTO gitmig_kept.one VALUES (1)")
    rebuild()
    database.rows("UPDATE gitmig_kept.one SET n = 2")
    assert database.rows("TABLE gitmig_kept.one") == [(2,)]


IGNORED = """
  CREATE TABLE app_log (id serial PRIMARY KEY, of int REFERENCES a, at date DEFAULT '2020-01-01', n numeric(5, 1)
    CHECK (n > 0), twice numeric GENERATED ALWAYS AS (n * 2) STORED, t varchar(9) COLLATE "C" NOT NULL);
  CREATE INDEX app_log_t ON app_log (t) WHERE n > 1;
  CREATE FUNCTION app_f(x int) RETURNS int LANGUAGE sql AS 'SELECT x + 1';
  CREATE VIEW app_view AS SELECT app_f(id) AS f FROM app_log;
  CREATE SEQUENCE app_sequence INCREMENT 5 MAXVALUE 100;
  CREATE MATERIALIZED VIEW app_m AS SELECT count(*) AS c FROM app_log;
  COMMENT ON COLUMN app_log.t IS 'the "text"';
  INSERT INTO a VALUES (1); INSERT INTO app_log (of, n, t) VALUES (1, 2.5, 'x'); SELECT nextval('app_sequence');
  REFRESH MATERIALIZED VIEW app_m;
"""


def test_what_the_setting_ignore_names_comes_along(
    sandbox: Sandbox, database: Database, rebuild: Rebuild, ignoring: None
) -> None:
    sandbox.table("0001_a", "a")
    sandbox.gitmig("sync")
    database.rows(IGNORED)
    rebuild()
    assert database.rows("SELECT id, of, at::text, twice, t FROM app_log") == [(1, 1, "2020-01-01", 5, "x")]
    assert database.rows("SELECT f FROM app_view") == [(2,)]
    assert database.rows("SELECT c, nextval('app_sequence') FROM app_m") == [(1, 6)]
    assert database.rows("INSERT INTO app_log (t) VALUES ('y') RETURNING id") == [(2,)]


OF_MANY_KINDS = """
  CREATE TYPE app_mood AS ENUM ('sad', 'glad'); CREATE DOMAIN app_short AS varchar(9) CHECK (VALUE <> '');
  CREATE AGGREGATE app_sum(int) (sfunc = int4pl, stype = int);
  CREATE TABLE app_notes (id int PRIMARY KEY, mood app_mood, t app_short);
  ALTER TABLE app_notes ENABLE ROW LEVEL SECURITY;
  CREATE POLICY app_glad ON app_notes USING (mood = 'glad');
  CREATE RULE app_rule AS ON DELETE TO app_notes DO INSTEAD NOTHING;
  CREATE STATISTICS app_statistics ON mood, t FROM app_notes;
  CREATE FOREIGN DATA WRAPPER app_wrapper; CREATE SERVER app_server FOREIGN DATA WRAPPER app_wrapper;
  CREATE FOREIGN TABLE app_foreign (id int) SERVER app_server;
  INSERT INTO app_notes VALUES (1, 'glad', 'x');
"""


def test_objects_of_every_kind_come_along_with_all_that_belongs_to_them(
    sandbox: Sandbox, database: Database, rebuild: Rebuild, ignoring: None
) -> None:
    sandbox.table("0001_a", "a")
    sandbox.gitmig("sync")
    database.rows(OF_MANY_KINDS)
    before = schema_of(database)
    rebuild()
    assert schema_of(database) == before
    assert database.rows("SELECT mood::text, t FROM app_notes") == [("glad", "x")]


def schema_of(database: Database) -> Schema:
    with connect(database.url, "test") as connection:
        return read_schema(connection)


def test_what_cannot_be_made_anew_is_named_and_nothing_is_changed(
    sandbox: Sandbox, database: Database, rebuild: Rebuild, ignoring: None
) -> None:
    sandbox.migration("0001_a", "CREATE TABLE a (id int, gone int);")
    sandbox.gitmig("sync")
    database.rows("CREATE VIEW app_view AS SELECT gone FROM a; CREATE VIEW app_of_that AS SELECT gone FROM app_view")
    sandbox.migration("0001_a", "CREATE TABLE a (id int);")
    with pytest.raises(GitmigError) as caught:
        rebuild()
    assert caught.value.message == "a rebuild cannot make view public.app_view anew, which no migration makes"
    why, others = caught.value.details[:2]
    assert why in {'column "gone" does not exist', "column a.gone does not exist"}  # as PostgreSQL writes views
    assert others == "also: view public.app_of_that"
    assert database.rows("SELECT gone FROM app_of_that") == []


def test_what_gitmig_does_not_write_is_named(
    sandbox: Sandbox, database: Database, rebuild: Rebuild, ignoring: None
) -> None:
    sandbox.table("0001_a", "a")
    sandbox.gitmig("sync")
    database.rows("CREATE TYPE app_shell")
    with pytest.raises(GitmigError) as caught:
        rebuild()
    assert caught.value.message == "a rebuild cannot make base type public.app_shell anew, which no migration makes"
