"""What the databases are called that a rebuild makes and leaves behind.

The databases of a server, by name.

What a rebuild needs before it begins: rights, and nothing in the database that cannot come along.

The new database while it is under construction: nobody else knows its name, and it goes if anything goes wrong.
"""

from __future__ import annotations

import hashlib
import re
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from gitmig.errors import DatabaseUnavailable, GitmigError
from gitmig.execute.scratch import copy_settings, create_like
from gitmig.ledger.protection import is_protected
from gitmig.postgres.address import Address, connect, drop_database, with_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gitmig.postgres.connection import Connection


LONGEST = 63  # bytes, PostgreSQL's limit
MARK = "__gitmig_"
TIME = "%Y%m%d%H%M%S"
# A database under construction. The number is the oid of the one it will replace: whoever holds that one's lock knows
# that any other of this name was left behind.
UNDER_CONSTRUCTION = "gitmig_new_for_"


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


def name_under_construction(oid: int) -> str:
    """What the database is called that will take the place of the one with this oid."""
    return f"{UNDER_CONSTRUCTION}{oid}"


def _stem(name: str) -> str:
    room = LONGEST - len(MARK) - len("20260131120000")
    if len(name.encode()) <= room:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{name.encode()[: room - 9].decode(errors='ignore')}_{digest}"


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


# To rename a database one has to own it, in the sense of the rights of its owner; to create one owned by somebody one
# has to be a member of that role.
RIGHTS = """
    SELECT rolsuper OR rolcreatedb, rolsuper OR pg_has_role(datdba, 'USAGE'), datdba::regrole::text, current_user::text
    FROM pg_catalog.pg_database, pg_catalog.pg_roles
    WHERE datname = current_database() AND rolname = current_user
"""
PREPARED = "SELECT gid FROM pg_catalog.pg_prepared_xacts WHERE database = current_database() ORDER BY prepared"
SLOTS = "SELECT slot_name FROM pg_catalog.pg_replication_slots WHERE database = current_database() ORDER BY 1"
SUBSCRIPTIONS = """
    SELECT subname FROM pg_catalog.pg_subscription
    WHERE subdbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database()) ORDER BY 1
"""
# Extensions whose own tables describe the user's: copied as rows, they would describe what is not there.
SELF_DESCRIBING = "SELECT extname FROM pg_catalog.pg_extension WHERE extname IN ('timescaledb', 'citus', 'pg_partman')"


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """Something that a rebuild would lose, and what to do about it."""

    query: str
    what: str
    hint: str


OBSTACLES = (
    Obstacle(query=PREPARED, what="has the prepared transaction", hint="COMMIT PREPARED or ROLLBACK PREPARED it"),
    Obstacle(query=SLOTS, what="has the replication slot", hint="drop the slot, and make it anew afterwards"),
    Obstacle(query=SUBSCRIPTIONS, what="has the subscription", hint="drop the subscription, it belongs to the server"),
    Obstacle(
        query=SELF_DESCRIBING,
        what="has the extension",
        hint="its own tables describe the user's, which a rebuild cannot follow; correct the downs instead",
    ),
)


def refuse_unfit(connection: Connection, url: str, *, by_hand: bool) -> None:
    """Raise GitmigError if the database connected to must not or cannot be rebuilt."""
    address = Address.of(url)
    if is_protected(connection):
        raise GitmigError(
            f"{address} is protected: it is never rebuilt", hint="`gitmig db unprotect` takes the marker away"
        )
    if not by_hand and not address.is_local:
        raise GitmigError(
            f"{address} is on another machine: it is not rebuilt unless you ask",
            hint="`gitmig sync --rebuild` rebuilds it",
        )
    _refuse_without_rights(connection, address)
    for obstacle in OBSTACLES:
        if found := connection.execute(obstacle.query.encode()).fetchone():
            raise GitmigError(f"{address} {obstacle.what} {found[0]}: it cannot be rebuilt", hint=obstacle.hint)


def _refuse_without_rights(connection: Connection, address: Address) -> None:
    may_create, owns, owner, role = connection.execute(RIGHTS).fetchone() or (False, False, "?", "?")
    if not may_create:
        raise GitmigError(
            f"{role} may not create databases, which a rebuild of {address} needs",
            hint=f"ALTER ROLE {role} CREATEDB",
        )
    if not owns:
        raise GitmigError(
            f"{role} does not own {address}, which a rebuild renames",
            hint=f"connect as {owner}, or GRANT {owner} TO {role}",
        )


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
