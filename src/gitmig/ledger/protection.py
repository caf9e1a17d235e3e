"""The flag in the ledger that says: this database is never changed unless a person confirms it; what that allows."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from gitmig.ledger import schema

if TYPE_CHECKING:
    from gitmig.postgres.connection import Connection


class Change(Enum):
    """The most a sync is about to do to a database."""

    NOTHING = "nothing"
    APPLY = "apply"
    REVERT = "revert"
    REBUILD = "rebuild"


class Caller(Enum):
    """Who asks for it."""

    HOOK = "hook"
    PERSON = "person"


class Permission(Enum):
    """What follows: do it, ask first, leave the database alone with a warning, or refuse."""

    GO = "go"
    ASK = "ask"
    LEAVE = "leave"
    REFUSE = "refuse"


def permission_for(change: Change, caller: Caller, *, protected: bool) -> Permission:
    """Whether the change may be made.

    Nothing is ever taken away from a protected database, and what is added, a person has agreed to.
    """
    if not protected or change is Change.NOTHING:
        return Permission.GO
    if caller is Caller.HOOK:
        return Permission.LEAVE
    return Permission.ASK if change is Change.APPLY else Permission.REFUSE


def is_protected(connection: Connection) -> bool:
    """Whether the flag is set; writes nothing."""
    if schema.version(connection) < schema.WITH_PROTECTION:
        return False
    return bool(connection.value("SELECT protected FROM gitmig.state"))


def set_protected(connection: Connection, *, protected: bool) -> bool:
    """Set or clear the flag, making the ledger if there is none; False if it was so before."""
    with connection.transaction():
        schema.upgrade(connection)
        cursor = connection.execute(
            "UPDATE gitmig.state SET protected = %s, changed_at = clock_timestamp() WHERE protected <> %s",
            (protected, protected),
        )
        return cursor.rowcount > 0
