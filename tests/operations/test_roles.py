"""Roles belong to the whole server: what is built beside the database neither trips over them nor touches them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gitmig.errors import SyncFailed
from gitmig.operations.verify import verify
from gitmig.project.project import Project
from gitmig.trials.round_trip import RoundTripOutcome
from tests.operations.test_check_proof import orders, prove
from tests.operations.test_verify import outcomes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.conftest import Database, Sandbox
    from tests.operations.test_check_proof import Side
    from tests.rebuilding import Rebuild

    Sync = Callable[..., list[str]]


@pytest.fixture
def role(database: Database) -> Iterator[str]:
    """The name of a role that is not there yet; dropped afterwards if it is."""
    name = f"{database.name}_reader"
    yield name
    if limit(database, name):
        database.rows(f"DROP OWNED BY {name}")
        database.rows(f"DROP ROLE {name}")


def limit(database: Database, role: str) -> list[tuple[object, ...]]:
    """The role's connection limit, which scripts here set to tell whether they ran; [] if there is no such role."""
    return database.rows(f"SELECT rolconnlimit FROM pg_roles WHERE rolname = '{role}'")


def write(sandbox: Sandbox, role: str) -> None:
    """A first migration that makes the role, changes it, makes it a member and gives it something."""
    up = f"CREATE TABLE a (id int);\nCREATE ROLE {role};\nGRANT pg_monitor TO {role};\nGRANT SELECT ON a TO {role};"
    sandbox.migration("0001_a", up, f"DROP TABLE a; DROP ROLE {role};")
    sandbox.migration("0002_limit", f"ALTER ROLE {role} CONNECTION LIMIT 5;", "")


def test_a_way_back_is_computed_although_the_role_is_there(
    sandbox: Sandbox, database: Database, run_sync: Sync, role: str
) -> None:
    write(sandbox, role)
    path = sandbox.migration("0003_b", "ALTER TABLE a ADD b int;", "")
    run_sync()
    database.rows(f"ALTER ROLE {role} CONNECTION LIMIT 7")
    (sandbox.root / path).unlink()
    assert run_sync() == ["- 0003_b"]
    assert database.columns("a") == ["id"]
    assert limit(database, role) == [(7,)]


def test_verify_leaves_the_role_alone(sandbox: Sandbox, database: Database, run_sync: Sync, role: str) -> None:
    write(sandbox, role)
    run_sync()
    database.rows(f"ALTER ROLE {role} CONNECTION LIMIT 7")
    found = verify(Project.load(sandbox.root, database.url), everything=True)
    assert outcomes(found)["0001_a"] == [RoundTripOutcome.UNDONE]
    assert limit(database, role) == [(7,)]


def test_a_role_that_only_a_scratch_database_needs_goes_with_it(
    sandbox: Sandbox, database: Database, role: str
) -> None:
    write(sandbox, role)
    project = Project.load(sandbox.root, database.url)
    assert outcomes(verify(project, everything=True))["0001_a"] == [RoundTripOutcome.UNDONE]
    assert limit(database, role) == []
    make: Side = {"0001_a": (f"CREATE TABLE a (); CREATE ROLE {role}; GRANT SELECT ON a TO {role};", None)}
    ours: Side = {"0002_b": (f"CREATE TABLE b (); GRANT SELECT ON b TO {role};", f"DROP TABLE b; DROP ROLE {role};")}
    theirs: Side = {"0003_c": ("CREATE TABLE c ();", "DROP TABLE c;")}
    assert prove(project, orders(make, ours, theirs)).holds
    assert limit(database, role) == []


def test_a_rebuild_takes_the_role_as_it_is(
    sandbox: Sandbox, database: Database, run_sync: Sync, role: str, nothing_is_left: None, rebuild: Rebuild
) -> None:
    write(sandbox, role)
    run_sync()
    sandbox.migration("0003_b", f"CREATE TABLE b (); GRANT SELECT ON b TO {role};", "DROP TABLE b;")
    rebuild()
    assert database.tables() == ["a", "b"]
    assert database.rows(f"SELECT has_table_privilege('{role}', 'b', 'select')") == [(True,)]


def test_a_role_that_is_in_the_way_of_a_migration_is_refused_with_advice(
    sandbox: Sandbox, database: Database, run_sync: Sync, role: str
) -> None:
    database.rows(f"CREATE ROLE {role}")
    sandbox.migration("0001_a", f"CREATE ROLE {role};", "")
    with pytest.raises(SyncFailed) as caught:
        run_sync()
    assert "roles belong to the whole server: create it only if it is missing" in str(caught.value.hint)


def test_a_build_beside_does_not_wait_for_a_role_that_is_being_dropped(
    sandbox: Sandbox, database: Database, run_sync: Sync, role: str
) -> None:
    path = sandbox.migration(
        "0001_a",
        f"CREATE ROLE {role}; CREATE TABLE a (); GRANT SELECT ON a TO {role};",
        f"DROP TABLE a; DROP ROLE {role};",
    )
    sandbox.write("migrations/.gitkeep", "")
    run_sync()
    (sandbox.root / path).unlink()
    assert run_sync() == ["- 0001_a"]
    assert limit(database, role) == []
