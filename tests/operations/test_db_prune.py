"""Old databases are listed and dropped: those of this database, and no others."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.conftest import url_of

if TYPE_CHECKING:
    from tests.conftest import Database, Sandbox
    from tests.rebuilding import Rebuild

pytestmark = pytest.mark.usefixtures("nothing_is_left")


def names(database: Database) -> list[str]:
    query = "SELECT datname FROM pg_database WHERE starts_with(datname, current_database() || '__')"
    return [str(name) for (name,) in database.rows(query)]


def test_only_old_databases_of_this_one_are_dropped(sandbox: Sandbox, database: Database, rebuild: Rebuild) -> None:
    other = f"{database.name}__gitmig_mine"
    database.rows(f'CREATE DATABASE "{other}"')
    try:
        first, second = rebuild().kept_as, rebuild().kept_as
        assert first != second
        said = sandbox.gitmig("db", "prune").out
        assert said.splitlines()[0].startswith(f"  {first}  replaced 20")
        assert said.endswith("\nnothing was dropped; `--yes` drops them\n")
        assert sandbox.gitmig("db", "prune", "--older-than", "1", "--yes").out == "no old database is kept\n"
        assert sorted(names(database)) == sorted([first, second, other])
        assert sandbox.gitmig("db", "prune", "--yes").out.endswith("dropped 2 databases\n")
        assert names(database) == [other]
    finally:
        database.rows(f'DROP DATABASE "{other}"')


def test_two_that_were_replaced_within_a_second_go_both(sandbox: Sandbox, database: Database, rebuild: Rebuild) -> None:
    old = rebuild().kept_as
    to_come = f"{database.name}__gitmig_{datetime.now(timezone.utc) + timedelta(minutes=1):%Y%m%d%H%M%S}"
    database.rows(f'ALTER DATABASE "{old}" RENAME TO "{to_come}"')
    assert sandbox.gitmig("db", "prune", "--yes").out.endswith("dropped 1 database\n")
    assert names(database) == []


def test_one_that_somebody_looks_into_stays(
    sandbox: Sandbox, database: Database, rebuild: Rebuild, server: str
) -> None:
    old = rebuild().kept_as
    with psycopg.connect(url_of(server, old)):
        result = sandbox.gitmig("db", "prune", "--yes")
    assert result.err == f"warning: {old} is in use and stays\n"
    assert result.out.endswith("dropped 0 databases\n")
    assert "  1 connection\n" in result.out


def test_what_killed_rebuilds_left_half_built_goes_as_well(sandbox: Sandbox, database: Database) -> None:
    ((oid,),) = database.rows("SELECT oid FROM pg_database WHERE datname = current_database()")
    database.rows(f"CREATE DATABASE gitmig_new_for_{oid}")
    database.rows("CREATE DATABASE gitmig_new_for_4294967290")
    sandbox.gitmig("db", "prune", "--yes")
    left = "SELECT datname FROM pg_database WHERE datname IN ('gitmig_new_for_4294967290', 'gitmig_new_for_{}')"
    assert database.rows(left.format(oid)) == []
