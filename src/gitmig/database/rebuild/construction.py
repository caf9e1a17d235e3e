"""The new database while it is under construction: nobody else knows its name, and it goes if anything goes wrong."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from psycopg import sql

from gitmig.database.connection import connect, drop_database, with_name
from gitmig.database.like import copy_settings, create_like
from gitmig.errors import DatabaseUnavailable, GitmigError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gitmig.database.connection import Connection

# Databases that every server has, to be connected to while another one is renamed.
MAINTENANCE = ("postgres", "template1")


@contextmanager
def under_construction(old: Connection, maintenance: str, name: str) -> Iterator[None]:
    """An empty database `name` that is in everything like the old one; dropped if the block fails.

    One of the same name was left behind by a process that was killed, and is dropped first.
    """
    _drop(maintenance, name)
    create_like(old, name, same_home=True)
    try:
        copy_settings(old, name)
        yield
    except BaseException:
        with suppress(GitmigError):  # what went wrong first is what people have to hear of
            _drop(maintenance, name)
        raise


def maintenance_url(url: str, name: str) -> str:
    """The URL of another database than `name` on the same server, which one may connect to. Raises GitmigError."""
    for other in MAINTENANCE:
        candidate = with_name(url, other)
        if other != name:
            with suppress(DatabaseUnavailable), connect(candidate, "rebuild"):
                return candidate
    raise GitmigError(
        "a rebuild needs a database to be connected to while yours is renamed, and there is none",
        hint=f"allow the role to connect to database {' or '.join(MAINTENANCE)}",
    )


def _drop(maintenance: str, name: str) -> None:
    """Also if it was marked as a template."""
    with connect(maintenance, "rebuild") as connection:
        if connection.execute("SELECT FROM pg_catalog.pg_database WHERE datname = %s", (name,)).fetchone() is None:
            return
        connection.execute(sql.SQL("ALTER DATABASE {} IS_TEMPLATE false").format(sql.Identifier(name)))
    drop_database(maintenance, name)
