"""The databases that rebuilds make and leave behind: what they are called, which there are, and dropping them."""

from __future__ import annotations

import hashlib
import re
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import psycopg
from msgspec import Struct
from psycopg import sql
from psycopg.rows import class_row

from gitmig.errors import DatabaseUnavailable, GitmigError
from gitmig.postgres.address import connect

if TYPE_CHECKING:
    from collections.abc import Callable

    from gitmig.postgres.connection import Connection

# Databases that every server has.
MAINTENANCE = ("postgres", "template1")
LONGEST = 63  # bytes, PostgreSQL's limit
MARK = "__gitmig_"
TIME = "%Y%m%d%H%M%S"
# A database under construction. The number is the oid of the one it will replace: whoever holds that one's lock knows
# that any other of this name was left behind.
NEW_PREFIX = "gitmig_new_for_"


def name_of_old(name: str, at: datetime, taken: frozenset[str] = frozenset()) -> str:
    """`shop__gitmig_20260131120000`: what database `name` is called once another has taken its place.

    The time is universal time; a later second if that name is taken. The whole has at most 63 bytes: a long name is
    cut and gets a hash in exchange.
    """
    while (candidate := f"{_stem(name)}{MARK}{at.strftime(TIME)}") in taken:
        at += timedelta(seconds=1)
    return candidate


def replaced_at(name: str, candidate: str) -> datetime | None:
    """When database `candidate` was replaced under the name `name`; None if it never was."""
    prefix = f"{_stem(name)}{MARK}"
    if not candidate.startswith(prefix) or not re.fullmatch(r"[0-9]{14}", candidate[len(prefix) :]):
        return None
    try:
        return datetime.strptime(candidate[len(prefix) :], TIME).replace(tzinfo=timezone.utc)
    except ValueError:
        return None


def name_of_new(oid: int) -> str:
    """What the database is called that will take the place of the one with this oid."""
    return f"{NEW_PREFIX}{oid}"


def _stem(name: str) -> str:
    room = LONGEST - len(MARK) - len("20260131120000")
    if len(name.encode()) <= room:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{name.encode()[: room - 9].decode(errors='ignore')}_{digest}"


class DatabaseNames(Struct, frozen=True, kw_only=True):
    """Of one rebuild: `new` becomes `name`, which becomes `kept`; `oid` is that of the database called `name` now."""

    name: str
    new: str
    kept: str
    oid: int

    @classmethod
    def of(cls, connection: Connection) -> DatabaseNames:
        """Those for a rebuild, now, of the database connected to."""
        name, oid = name_and_oid(connection)
        kept = name_of_old(name, datetime.now(timezone.utc), frozenset(database_names(connection)))
        return cls(name=name, new=name_of_new(oid), kept=kept, oid=oid)


class Listed(Struct, frozen=True, kw_only=True):
    """A database with its size in bytes, None where it may not be known, and how many are connected to it."""

    name: str
    size: int | None
    sessions: int


class NoOtherDatabase(GitmigError):
    """The role may connect to no other database of the server."""


def maintenance_url(url_of: Callable[[str], str], purpose: str, *, but: str = "") -> str:
    """The URL of a database to be connected to while others are made, renamed or dropped, which is not `but`.

    `url_of` maps a database's name to its URL; `purpose` is what needs it, for people. Raises NoOtherDatabase.
    """
    for name in MAINTENANCE:
        if name != but:
            with suppress(DatabaseUnavailable), connect(url_of(name), purpose):
                return url_of(name)
    raise NoOtherDatabase(
        f"a {purpose} needs another database than yours to be connected to, and there is none",
        hint=f"allow the role to connect to database {' or '.join(MAINTENANCE)}",
    )


def name_and_oid(connection: Connection) -> tuple[str, int]:
    """Name and oid of the database connected to."""
    query = "SELECT datname, oid::int8 FROM pg_catalog.pg_database WHERE datname = current_database()"
    name, oid = connection.execute(query).fetchone() or ("", 0)
    return name, oid


def database_names(connection: Connection) -> list[str]:
    """The names of all databases of the server."""
    return connection.values("SELECT datname FROM pg_catalog.pg_database")


def listed(connection: Connection, names: list[str]) -> list[Listed]:
    """These databases, as far as they exist, in order of name."""
    query = """
        SELECT datname AS name, CASE WHEN has_database_privilege(oid, 'CONNECT') THEN pg_database_size(oid) END AS size,
          (SELECT count(*) FROM pg_catalog.pg_stat_activity a WHERE a.datid = d.oid) AS sessions
        FROM pg_catalog.pg_database d WHERE datname = ANY(%s) ORDER BY datname
    """
    return connection.cursor(row_factory=class_row(Listed)).execute(query, (names,)).fetchall()


def orphans(connection: Connection, prefix: str) -> list[str]:
    """The databases called so, followed by the oid of one that does not exist any more."""
    query = """
        SELECT datname FROM pg_catalog.pg_database d
        WHERE starts_with(datname, %s) AND substr(datname, length(%s) + 1) ~ '^[0-9]+$'
          AND NOT EXISTS (SELECT FROM pg_catalog.pg_database o WHERE o.oid::text = substr(d.datname, length(%s) + 1))
    """
    return connection.values(query, (prefix, prefix, prefix))


def rename(connection: Connection, name: str, new: str) -> None:
    """Rename a database to which nobody is connected. Raises GitmigError."""
    try:
        connection.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(name), sql.Identifier(new)))
    except psycopg.errors.ObjectInUse as error:
        message = f"{name} was left behind by what is gone, and somebody is connected to it"
        raise GitmigError(message, hint="have them leave it, and run `gitmig sync`") from error


def drop_unused(connection: Connection, name: str) -> bool:
    """Drop the database if there is one and nobody is connected to it; False if somebody is."""
    is_template = connection.value("SELECT datistemplate FROM pg_catalog.pg_database WHERE datname = %s", (name,))
    if is_template is None:
        return True
    database = sql.Identifier(name)
    try:
        if is_template:
            connection.execute(sql.SQL("ALTER DATABASE {} IS_TEMPLATE false").format(database))
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(database))
    except psycopg.errors.ObjectInUse:
        return False
    return True
