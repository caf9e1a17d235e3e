"""A tour through gitmig on which every statement that it sends is looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gitmig.cli.main import main
from tests.statements import Scanner, unqualified

if TYPE_CHECKING:
    from tests.conftest import Database, Sandbox

TABLES = """
CREATE TYPE mood AS ENUM ('ok', 'sad');
CREATE FUNCTION is_fine(n int) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN RETURN n IS NOT NULL; END $$;
CREATE DOMAIN fine AS int CHECK (is_fine(VALUE));
CREATE TABLE a (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, n fine DEFAULT 1, t varchar(20), m mood);
CREATE TABLE keyless (n int, t text);
CREATE TABLE b (id serial PRIMARY KEY, a int REFERENCES a (id) DEFERRABLE, u uuid DEFAULT gen_random_uuid());
CREATE TABLE parts (id int, d date) PARTITION BY LIST (id);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES IN (1);
CREATE MATERIALIZED VIEW v AS SELECT id FROM a;
"""
DROPS = (
    "DROP MATERIALIZED VIEW v; DROP TABLE parts, b, keyless, a; DROP DOMAIN fine; "
    "DROP FUNCTION is_fine; DROP TYPE mood;"
)
ROWS = """
INSERT INTO a (n, t, m) SELECT n, 'row ' || n, 'ok' FROM generate_series(1, 9) n;
INSERT INTO keyless SELECT n % 3, 'k' FROM generate_series(1, 9) n;
INSERT INTO b (a) SELECT n FROM generate_series(1, 9) n;
INSERT INTO parts VALUES (1, '2026-01-01');
"""


@pytest.fixture
def scanner(monkeypatch: pytest.MonkeyPatch) -> Scanner:
    made = Scanner()
    made.install(monkeypatch)
    return made


def gitmig(*arguments: str, status: int = 0) -> None:
    with pytest.raises(SystemExit) as caught:
        main(list(arguments))
    assert caught.value.code == status, arguments


def test_every_statement_means_the_same_under_every_search_path(
    sandbox: Sandbox, database: Database, scanner: Scanner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(sandbox.root)
    monkeypatch.setenv("DATABASE_URL", database.url)
    first = sandbox.migration("0001_tables", TABLES, DROPS)
    second = sandbox.migration(
        "0002_columns",
        "ALTER TABLE a ADD x text DEFAULT 'x'; ALTER TABLE keyless ADD x int; UPDATE a SET t = 'z' WHERE id = 3;",
        "ALTER TABLE a DROP x; ALTER TABLE keyless DROP x;",
    )
    third = sandbox.migration("0003_bad_down", "CREATE TABLE c (id int); CREATE INDEX c_i ON c (id);", "DROP TABL c;")
    sandbox.write(
        "migrations/0004_outside.sql",
        "-- migrate:up transaction:false\nCREATE INDEX CONCURRENTLY a_t ON a (t);\n"
        "-- migrate:down transaction:false\nDROP INDEX CONCURRENTLY a_t;\n",
    )
    sandbox.git("config", "gitmig.runOutside", "always")
    sandbox.commit("all")
    texts = {path: (sandbox.root / path).read_bytes() for path in (first, second, third, "migrations/0004_outside.sql")}
    gitmig("sync", "--yes")
    database.rows(ROWS + "INSERT INTO c VALUES (1)")
    gitmig("status")
    for depth in (1, 2, 3, 4):
        for path in list(texts)[-depth:]:
            (sandbox.root / path).unlink()
        gitmig("sync", "--yes")
        gitmig("kept", "list")
        for (number,) in database.rows("SELECT id FROM gitmig_kept.item"):
            gitmig("kept", "show", str(number))
        for path, text in texts.items():
            sandbox.write(path, text)
        gitmig("sync", "--yes")
        assert database.rows("SELECT count(*) FROM a") == [(9,)]
        assert database.rows("SELECT count(*) FROM keyless") == [(9,)]
    (sandbox.root / second).unlink()
    (sandbox.root / third).unlink()
    (sandbox.root / "migrations/0004_outside.sql").unlink()
    gitmig("sync", "--yes")
    database.rows("ALTER TABLE a ADD x text; ALTER TABLE keyless ADD x int")
    for (number,) in database.rows("SELECT id FROM gitmig_kept.item WHERE table_name = 'a'"):
        gitmig("kept", "restore", str(number))
    database.rows("ALTER TABLE a DROP x; ALTER TABLE keyless DROP x")
    gitmig("kept", "drop", "--all", "--yes")
    for path, text in texts.items():
        sandbox.write(path, text)
    gitmig("sync", "--yes")
    gitmig("verify", "--all", status=1)
    database.rows("ALTER TABLE c ADD y int")
    gitmig("diff")
    gitmig("diff", "--sql")
    gitmig("capture", "by_hand")
    gitmig("sync", "--yes", "--discard-drift")
    gitmig("new", "more", "--sql", "CREATE TABLE more (id int)")
    gitmig("sync", "--yes", "--rebuild")
    gitmig("log")
    gitmig("db", "protect")
    gitmig("db", "unprotect")
    sandbox.git("switch", "-q", "-c", "other")
    sandbox.table("0009_other", "other")
    sandbox.commit("other")
    gitmig("check", "main", "--prove")
    gitmig("db", "prune", "--yes")
    assert scanner.faults == []
    assert min(scanner.seen.values()) > 10


def test_taking_a_database_over(
    sandbox: Sandbox, database: Database, scanner: Scanner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(sandbox.root)
    monkeypatch.setenv("DATABASE_URL", database.url)
    sandbox.table("0001_a", "a")
    database.rows(
        "CREATE TABLE schema_migrations (version varchar(128) PRIMARY KEY); "
        "INSERT INTO schema_migrations VALUES ('0001'); CREATE TABLE a (id int PRIMARY KEY)"
    )
    gitmig("adopt", "--yes")
    assert database.applied() == ["0001_a"]
    assert scanner.faults == []


@pytest.mark.parametrize(
    "text",
    [
        "SELECT f()",
        "SELECT 1 FROM t",
        "SELECT a::text FROM s.t",
        "SELECT a = b FROM s.t",
        "SELECT a IN (1) FROM s.t",
        "SELECT a IN (SELECT 1) FROM s.t",
        "SELECT a IS DISTINCT FROM b FROM s.t",
        "SELECT a BETWEEN 1 AND 2 FROM s.t",
        "SELECT CASE a WHEN 1 THEN 2 END FROM s.t",
        "SELECT FROM s.t JOIN s.u USING (a)",
        "UPDATE t SET a = 1",
    ],
)
def test_the_scanner_finds_what_is_looked_up(text: str) -> None:
    assert unqualified(text)
