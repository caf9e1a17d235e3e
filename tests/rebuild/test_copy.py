"""Rows arrive, whatever they are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

pytestmark = pytest.mark.usefixtures("nothing_is_left")

if TYPE_CHECKING:
    from tests.conftest import Database, Sandbox
    from tests.rebuilding import Rebuild

EVERYTHING = """
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE TYPE pair AS (a int, b mood);
CREATE DOMAIN small AS int CHECK (VALUE < 10);
CREATE TABLE "odd ""name" (
  id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, m mood, ms mood[], p pair, ps pair[], s small,
  twice int GENERATED ALWAYS AS (s * 2) STORED, r regclass, rs regclass[], "ä %s" text);
CREATE TABLE plain (
  j jsonb, b bytea, t timestamptz, n numeric(10, 2), c "char", tr int4range, ip inet, u uuid, bits bit(3),
  f float8, txt text[], d interval);
CREATE UNLOGGED TABLE fleeting (a text);
CREATE TABLE parent (a int); CREATE TABLE child (b int) INHERITS (parent);
CREATE TABLE parted (a int, b text) PARTITION BY RANGE (a);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (10);
CREATE TABLE empty ();
"""
ROWS = """
INSERT INTO "odd ""name" (m, ms, p, ps, s, r, rs, "ä %s") VALUES
  ('sad', '{sad,happy}', '(1,happy)', ARRAY['(1,sad)'::pair], 3, 'fleeting', '{parent,child}',
   E'tab\\tnew\\nline\\\\back % é'),
  (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO plain VALUES
  ('{"a": [1]}', '\\x00ff', '2020-01-01 00:00+03', 1.5, 'x', '[1,5)', '10.0.0.1/8',
   'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '101', 1e-300, '{"a,b",NULL}', '1 mon -2 days');
INSERT INTO plain (f) VALUES ('NaN');
INSERT INTO fleeting VALUES ('x'); INSERT INTO parent VALUES (1); INSERT INTO child VALUES (2, 3);
INSERT INTO parted SELECT n, 'r' || n FROM generate_series(0, 9) n;
"""
LOOK = (
    'SELECT o::text FROM "odd ""name" o ORDER BY id',
    "SELECT p::text FROM plain p ORDER BY 1",
    "TABLE fleeting",
    "SELECT tableoid::regclass::text, * FROM parent ORDER BY 2",
    "TABLE child",
    "SELECT tableoid::regclass::text, * FROM parted ORDER BY 2",
)


def test_every_kind_of_column_and_table_comes_along(sandbox: Sandbox, database: Database, rebuild: Rebuild) -> None:
    sandbox.migration("0001_a", EVERYTHING)
    sandbox.gitmig("sync")
    database.rows(ROWS)
    before = [database.rows(query) for query in LOOK]
    rebuilt = rebuild()
    assert [database.rows(query) for query in LOOK] == before
    assert (rebuilt.rows, rebuilt.aside, rebuilt.notes) == (17, (), ())
    database.rows('INSERT INTO "odd ""name" (m) VALUES (\'sad\')')
    assert database.rows('SELECT max(id) FROM "odd ""name"') == [(3,)]


def test_a_view_is_refreshed_behind_those_that_it_reads_from_by_now(
    sandbox: Sandbox, database: Database, rebuild: Rebuild
) -> None:
    """The older one reads a plain view, which was replaced by one that reads the younger one."""
    sandbox.migration(
        "0001_a",
        """CREATE TABLE t (id int); CREATE VIEW v AS SELECT id FROM t WHERE false;
        CREATE MATERIALIZED VIEW older AS SELECT id FROM v; CREATE MATERIALIZED VIEW younger AS SELECT id FROM t;
        CREATE OR REPLACE VIEW v AS SELECT id FROM younger;""",
    )
    sandbox.gitmig("sync")
    database.rows("INSERT INTO t VALUES (1), (2)")
    rebuild()
    assert database.rows("TABLE younger ORDER BY id") == [(1,), (2,)]
    assert database.rows("TABLE older ORDER BY id") == [(1,), (2,)]
