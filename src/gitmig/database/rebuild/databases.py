"""The databases of a server, by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

if TYPE_CHECKING:
    from gitmig.database.connection import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A database with its size in bytes, None where it may not be known, and how many are connected to it."""

    name: str
    size: int | None
    sessions: int


def identity(connection: Connection) -> tuple[str, int]:
    """Name and oid of the database connected to."""
    query = "SELECT datname, oid::int8 FROM pg_catalog.pg_database WHERE datname = current_database()"
    name, oid = connection.execute(query).fetchone() or ("", 0)
    return name, oid


def database_names(connection: Connection) -> list[str]:
    """The names of all databases of the server."""
    return [name for (name,) in connection.execute("SELECT datname FROM pg_catalog.pg_database").fetchall()]


def listed(connection: Connection, names: list[str]) -> list[Listed]:
    """These databases, as far as they exist, in order of name."""
    query = """
        SELECT datname, CASE WHEN has_database_privilege(oid, 'CONNECT') THEN pg_database_size(oid) END,
          (SELECT count(*) FROM pg_catalog.pg_stat_activity a WHERE a.datid = d.oid)
        FROM pg_catalog.pg_database d WHERE datname = ANY(%s) ORDER BY datname
    """
    found = connection.execute(query, (names,)).fetchall()
    return [Listed(name=name, size=size, sessions=count) for name, size, count in found]


def orphans(connection: Connection, prefix: str) -> list[str]:
    """The databases called so, followed by the oid of one that does not exist any more."""
    query = """
        SELECT datname FROM pg_catalog.pg_database d
        WHERE starts_with(datname, %s) AND substr(datname, length(%s) + 1) ~ '^[0-9]+$'
          AND NOT EXISTS (SELECT FROM pg_catalog.pg_database o WHERE o.oid::text = substr(d.datname, length(%s) + 1))
    """
    return [name for (name,) in connection.execute(query, (prefix, prefix, prefix)).fetchall()]


def drop_unused(connection: Connection, name: str) -> bool:
    """Drop the database if there is one and nobody is connected to it; False if somebody is."""
    found = connection.execute(
        "SELECT datistemplate FROM pg_catalog.pg_database WHERE datname = %s", (name,)
    ).fetchone()
    if found is None:
        return True
    database = sql.Identifier(name)
    try:
        if found[0]:
            connection.execute(sql.SQL("ALTER DATABASE {} IS_TEMPLATE false").format(database))
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(database))
    except psycopg.errors.ObjectInUse:
        return False
    return True
