"""What a database is set to for the sessions of an application does not disturb gitmig's."""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING

import psycopg

from tests.conftest import url_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Database, Sandbox

SETTINGS = {
    "idle_in_transaction_session_timeout": "'200ms'",
    "lock_timeout": "'20ms'",
    "datestyle": "'German'",
    "intervalstyle": "'iso_8601'",
    "bytea_output": "'escape'",
    "client_encoding": "'latin1'",
    "timezone": "'Asia/Tokyo'",
    "default_transaction_isolation": "'serializable'",
    "default_transaction_deferrable": "on",
    "xmloption": "'document'",
    "extra_float_digits": "0",
}
VALUES = "DATE '2020-02-01', INTERVAL '1 day 2 hours', now(), '\\x00ff'::bytea, 'ü€', 0.1::float8 + 0.2"


def test_rows_and_values_come_back_under_every_setting(
    sandbox: Sandbox, database: Database, run_sync: Callable[..., list[str]]
) -> None:
    with psycopg.connect(database.url, autocommit=True) as connection:
        newer = {"idle_session_timeout": "'200ms'"} if connection.info.server_version >= 140000 else {}
        newer |= {"transaction_timeout": "'200ms'"} if connection.info.server_version >= 170000 else {}
        for name, value in {**SETTINGS, **newer}.items():
            connection.execute(f"ALTER DATABASE {database.name} SET {name} = {value}".encode())
    columns = "d date, i interval, t timestamptz, b bytea, s text, f float8"
    # a fresh build in a scratch database takes longer than the session may idle
    sandbox.migration("1_a", f"SELECT pg_sleep(0.4); CREATE TABLE a (id int PRIMARY KEY, {columns});")
    run_sync()
    database.rows(f"INSERT INTO a SELECT 1, {VALUES}")
    before = _values(database)
    path = sandbox.migration("2_b", "ALTER TABLE a DROP d, DROP i, DROP t, DROP b, DROP s, DROP f;", "SELECT 1;")
    run_sync()
    (sandbox.root / path).unlink()
    shutil.rmtree(sandbox.root / ".git/gitmig", ignore_errors=True)
    assert run_sync() == ["- 2_b"]
    assert _values(database) == before


def _values(database: Database) -> list[tuple[object, ...]]:
    """Read under settings that are always the same."""
    with psycopg.connect(
        database.url, client_encoding="UTF8", options="-c datestyle=ISO -c timezone=UTC"
    ) as connection:
        return connection.execute("SELECT id, d, i::text, t, b, s, f FROM a").fetchall()


def test_the_time_that_a_statement_may_take_holds_for_scripts_only(
    sandbox: Sandbox, database: Database, run_sync: Callable[..., list[str]]
) -> None:
    database.rows(f"ALTER DATABASE {database.name} SET statement_timeout = '5s'")
    sandbox.migration("1_a", "CREATE TABLE a AS SELECT current_setting('statement_timeout') AS now;")
    run_sync()
    assert database.rows("TABLE a") == [("5s",)]


def test_bytes_that_are_no_text_come_back_and_can_be_shown(
    sandbox: Sandbox, maintenance: psycopg.Connection, server: str
) -> None:
    """A database with encoding SQL_ASCII says nothing about what its bytes mean."""
    name = f"test_bytes_{os.getpid()}"
    create = f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'"
    maintenance.execute(create.encode())
    try:
        url = url_of(server, name)
        sandbox.environment["DATABASE_URL"] = url
        sandbox.migration("1_a", "CREATE TABLE a (id int PRIMARY KEY, s text);")
        sandbox.gitmig("sync")
        with psycopg.connect(url, autocommit=True, client_encoding="latin1") as connection:
            connection.execute("INSERT INTO a VALUES (1, E'caf\\xe9')")
        path = sandbox.migration("2_b", "ALTER TABLE a DROP s;", "")
        sandbox.gitmig("sync")
        assert "caf\\xe9" in sandbox.gitmig("kept", "show", "1").out
        assert json.loads(sandbox.gitmig("kept", "show", "1", "--json").out)["values"][0]["values"]["s"] == "caf\\xe9"
        (sandbox.root / path).unlink()
        sandbox.gitmig("sync", "--yes")
        with psycopg.connect(url, client_encoding="latin1") as connection:
            assert connection.execute("SELECT s FROM a").fetchone() == ("caf\xe9",)
    finally:
        maintenance.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
