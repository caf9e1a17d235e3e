"""What a script's words tell all of: it runs once; where they mislead, rows are kept all the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gitmig.migrations.plan import Direction
from gitmig.rows.preserve import Preserver
from tests.rows.conftest import subject
from tests.rows.running import Call

if TYPE_CHECKING:
    from tests.rows.conftest import Bench

BASE = """
    CREATE TABLE t (id int PRIMARY KEY, a text, b text, c text); INSERT INTO t VALUES (1, 'a', 'b'), (2, 'A', 'B');
    CREATE TABLE keyless (a text, b text); INSERT INTO keyless VALUES ('a', 'b'), ('a', 'b');
    CREATE SCHEMA s; CREATE TABLE s.t (id int PRIMARY KEY, a text, b text); INSERT INTO s.t VALUES (7, 'x', 'y');
    CREATE TABLE "T t" (id int PRIMARY KEY, "A" text); INSERT INTO "T t" VALUES (1, 'q');
    CREATE TABLE parent (id int, a text); CREATE TABLE child (x int) INHERITS (parent);
    INSERT INTO child VALUES (1, 'inherited', 2);
    CREATE TABLE viewed (id int PRIMARY KEY, a text); INSERT INTO viewed VALUES (1, 'seen');
    CREATE VIEW v AS SELECT a FROM viewed;
    CREATE TABLE watched (id int PRIMARY KEY, a text); INSERT INTO watched VALUES (1, 'w');
    CREATE TABLE counted (n int); INSERT INTO counted VALUES (1), (2);
    CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN DELETE FROM counted WHERE n = 2; RETURN new; END $$;
    CREATE TRIGGER g BEFORE UPDATE ON watched FOR EACH ROW EXECUTE FUNCTION f();
    CREATE TABLE wide (id int PRIMARY KEY, n numeric, x int, rest text);
    INSERT INTO wide VALUES (1, 1.5, 10, 'r'), (2, 2, NULL, 's'), (3, NULL, 30, 't');
    CREATE TABLE empty (id int PRIMARY KEY, a text);
"""


@pytest.mark.parametrize(
    ("down", "up", "runs"),
    [
        pytest.param("ALTER TABLE s.t DROP a", "ALTER TABLE s.t ADD a text", 1, id="a column"),
        pytest.param("ALTER TABLE s.t DROP a, DROP COLUMN b", "ALTER TABLE s.t ADD a text, ADD b text", 1, id="two"),
        pytest.param("ALTER TABLE keyless DROP a", "ALTER TABLE keyless ADD a text", 1, id="no key"),
        pytest.param(
            "ALTER TABLE t DROP a; DROP TABLE s.t",
            "CREATE TABLE s.t (id int PRIMARY KEY, a text, b text); ALTER TABLE t ADD a text",
            1,
            id="a name in two schemas, both of which lose it",
        ),
        pytest.param(
            "ALTER TABLE t DROP a",
            "ALTER TABLE t ADD a text",
            1,
            id="a name in two schemas",
        ),
        pytest.param('ALTER TABLE "T t" DROP "A"', 'ALTER TABLE "T t" ADD "A" text', 1, id="a quoted name"),
        pytest.param("ALTER TABLE s.t DROP IF EXISTS no, DROP b", "ALTER TABLE s.t ADD b text", 1, id="if exists"),
        pytest.param("ALTER TABLE s.t DROP id", "ALTER TABLE s.t ADD id int PRIMARY KEY", 1, id="the key"),
        pytest.param(
            "ALTER TABLE parent DROP a", "ALTER TABLE parent ADD a text", 2, id="a column that others inherit"
        ),
        pytest.param(
            "ALTER TABLE viewed DROP a CASCADE",
            "ALTER TABLE viewed ADD a text; CREATE VIEW v AS SELECT a FROM viewed",
            1,
            id="with a view",
        ),
        pytest.param(
            "ALTER TABLE wide ALTER n TYPE int, ALTER COLUMN x SET DATA TYPE text",
            "ALTER TABLE wide ALTER n TYPE numeric, ALTER COLUMN x TYPE int USING x::int",
            1,
            id="types",
        ),
        pytest.param("ALTER TABLE keyless ALTER a TYPE char(1)", "ALTER TABLE keyless ALTER a TYPE text", 1, id="type"),
        pytest.param(
            "ALTER TABLE wide ALTER id TYPE text", "ALTER TABLE wide ALTER id TYPE int USING id::int", 1, id="its key"
        ),
        pytest.param(
            "ALTER TABLE wide ALTER n TYPE int; ALTER TABLE wide DROP x",
            "ALTER TABLE wide ADD x int; ALTER TABLE wide ALTER n TYPE numeric",
            1,
            id="a type and a column",
        ),
        pytest.param(
            "ALTER TABLE wide ALTER n TYPE int USING n / 2", "ALTER TABLE wide ALTER n TYPE numeric", 2, id="using"
        ),
        pytest.param(
            "ALTER TABLE parent ALTER a TYPE varchar", "ALTER TABLE parent ALTER a TYPE text", 2, id="an inherited type"
        ),
        pytest.param("UPDATE s.t SET a = 'z'", "SELECT 1", 1, id="an update"),
        pytest.param(
            "UPDATE s.t SET a = 'z'; ALTER TABLE keyless DROP a", "ALTER TABLE keyless ADD a text", 3, id="both"
        ),
        pytest.param("DELETE FROM viewed", "", 1, id="a delete"),
        pytest.param("UPDATE watched SET a = 'z'", "", 3, id="a trigger that writes elsewhere"),
        pytest.param("UPDATE viewed SET a = a WHERE false", "", 1, id="an update of no row"),
        pytest.param("DROP TABLE empty", "CREATE TABLE empty (id int PRIMARY KEY, a text)", 1, id="nothing in it"),
        pytest.param(
            "ALTER TABLE s.t DROP a; ALTER TABLE s.t ADD z int",
            "ALTER TABLE s.t DROP z; ALTER TABLE s.t ADD a text",
            1,
            id="and a new one",
        ),
        pytest.param(
            "ALTER TABLE s.t DROP a; ALTER TABLE s.t ADD a text",
            "ALTER TABLE s.t DROP a; ALTER TABLE s.t ADD a text",
            1,
            id="made anew",
        ),
    ],
)
def test_rows_are_kept_and_the_script_runs_as_often_as_it_must(bench: Bench, down: str, up: str, runs: int) -> None:
    bench.sql(BASE)
    before = bench.contents()
    found = [0]

    def run() -> None:
        found[0] += 1
        bench.script(down).run()

    with bench.connection.transaction():
        keeper = Preserver(bench.connection, bench.limits, "Ada", None)
        keeper.run(subject("m", down, up), Direction.REVERT, Call(run))
    bench.up("m", up, down)
    assert bench.contents() == before
    assert found[0] == runs
