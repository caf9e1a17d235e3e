"""What may be done to a protected database, and the flag that says that it is one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gitmig.ledger import schema
from gitmig.ledger.protection import Caller, Change, Permission, is_protected, permission_for, set_protected
from gitmig.postgres.address import connect

if TYPE_CHECKING:
    from tests.conftest import Database


@pytest.mark.parametrize("caller", Caller)
@pytest.mark.parametrize("change", Change)
def test_everything_goes_on_a_database_that_is_not_protected(change: Change, caller: Caller) -> None:
    assert permission_for(change, caller, protected=False) is Permission.GO


@pytest.mark.parametrize(
    ("change", "caller", "permission"),
    [
        (Change.NOTHING, Caller.HOOK, Permission.GO),
        (Change.APPLY, Caller.HOOK, Permission.LEAVE),
        (Change.REVERT, Caller.HOOK, Permission.LEAVE),
        (Change.REBUILD, Caller.HOOK, Permission.LEAVE),
        (Change.NOTHING, Caller.PERSON, Permission.GO),
        (Change.APPLY, Caller.PERSON, Permission.ASK),
        (Change.REVERT, Caller.PERSON, Permission.REFUSE),
        (Change.REBUILD, Caller.PERSON, Permission.REFUSE),
    ],
)
def test_nothing_is_ever_taken_from_a_protected_one(change: Change, caller: Caller, permission: Permission) -> None:
    assert permission_for(change, caller, protected=True) is permission


def make_ledger(database: Database, version: int) -> None:
    """The ledger as a gitmig of that time left it; none at 0."""
    for script in schema.UPGRADES[:version]:
        database.rows(script)
    if version:
        database.rows(f"UPDATE gitmig.state SET ledger_version = {version}")


def shows_protection(database: Database) -> bool:
    with connect(database.url, "test") as connection:
        return is_protected(connection)


@pytest.mark.parametrize("version", [0, 1, schema.WITH_PROTECTION, schema.CURRENT])
def test_a_database_is_not_protected_before_somebody_says_so(database: Database, version: int) -> None:
    make_ledger(database, version)
    assert not shows_protection(database)


@pytest.mark.parametrize("version", [schema.WITH_PROTECTION, schema.CURRENT])
def test_the_flag_counts_from_the_first_version_on_that_has_it(database: Database, version: int) -> None:
    make_ledger(database, version)
    database.rows("UPDATE gitmig.state SET protected = true")
    assert shows_protection(database)


@pytest.mark.parametrize("version", [0, 1, schema.CURRENT])
def test_setting_the_flag_tells_whether_that_changed_anything(database: Database, version: int) -> None:
    make_ledger(database, version)
    with connect(database.url, "test") as connection:
        assert not set_protected(connection, protected=False)
        assert set_protected(connection, protected=True)
        assert not set_protected(connection, protected=True)
    assert shows_protection(database)
    with connect(database.url, "test") as connection:
        assert set_protected(connection, protected=False)
    assert not shows_protection(database)
