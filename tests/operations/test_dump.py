"""The schema as a file: without gitmig's own, the same text each time, and nobody else's file written over."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import psycopg
import pytest

from gitmig.operations.dump import HEAD
from tests.conftest import url_of

if TYPE_CHECKING:
    from tests.conftest import Database, Sandbox


@pytest.fixture
def kept(sandbox: Sandbox, database: Database) -> Sandbox:
    """With a schema file in the settings, in sync; skipped where no pg_dump fits the server."""
    with psycopg.connect(database.url) as connection:
        version = connection.info.server_version // 10000
    program = shutil.which("pg_dump")
    if program is None or int(subprocess.check_output([program, "--version"]).split()[2].split(b".")[0]) < version:
        pytest.skip("no pg_dump for this server")
    sandbox.write("gitmig.toml", 'layout = "single"\nschema_file = "db/schema.sql"\n')
    sandbox.migration("1_a", "CREATE TABLE a (id int PRIMARY KEY);", "DROP TABLE a;")
    sandbox.gitmig("sync")
    return sandbox


def test_a_sync_keeps_the_file(kept: Sandbox, database: Database) -> None:
    path = kept.root / "db/schema.sql"
    first = path.read_text()
    assert first.startswith(HEAD)
    assert "CREATE TABLE public.a (" in first
    assert "gitmig_kept" not in first
    assert "SCHEMA gitmig" not in first
    added = kept.migration("2_b", "CREATE TABLE b ();", "DROP TABLE b;")
    assert "wrote      db/schema.sql" in kept.gitmig("sync").out
    assert "CREATE TABLE public.b (" in path.read_text()
    assert kept.gitmig("dump").out == path.read_text()
    (kept.root / added).unlink()
    kept.gitmig("sync", "--yes")
    assert path.read_text() == first
    assert kept.gitmig("dump", "--write").out == "db/schema.sql is as it should be\n"


@pytest.mark.parametrize("name", ["README.md", "../elsewhere.sql", ".git/hooks/post-merge"])
def test_no_other_file_is_written_over(kept: Sandbox, name: str) -> None:
    kept.write("README.md", "mine\n")
    kept.write("gitmig.toml", f'layout = "single"\nschema_file = "{name}"\n')
    kept.migration("2_b", "CREATE TABLE b ();", "DROP TABLE b;")
    done = kept.gitmig("sync")
    assert f"warning: schema_file names {name}, " in done.err
    assert (kept.root / "README.md").read_text() == "mine\n"
    assert not (kept.root.parent / "elsewhere.sql").exists()


def test_a_database_that_is_restored_from_a_dump_is_where_it_was(
    kept: Sandbox, database: Database, server: str
) -> None:
    copy = f"{database.name}_restored"
    database.rows(f"CREATE DATABASE {copy}")
    try:
        url = url_of(server, copy)
        whole = subprocess.check_output(["pg_dump", database.url])
        subprocess.run(["psql", "-qX", "-v", "ON_ERROR_STOP=1", url], input=whole, check=True, capture_output=True)
        assert kept.gitmig("status", "--exit-code", "--database", url).status == 0
        kept.migration("2_b", "CREATE TABLE b ();", "DROP TABLE b;")
        kept.gitmig("sync", "--database", url)
        assert kept.gitmig("status", "--exit-code", "--database", url).status == 0
    finally:
        database.rows(f"DROP DATABASE {copy} WITH (FORCE)")
