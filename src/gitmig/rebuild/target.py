"""Where a rebuild goes: what it needs before it begins, and the new database, which is dropped if anything goes wrong.

Nobody else knows the new database's name until it takes the old one's.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from msgspec import Struct
from psycopg import sql

from gitmig.errors import GitmigError
from gitmig.execute.scratch import create_database_like
from gitmig.ledger.protection import is_protected
from gitmig.postgres.address import Address, connect, drop_database

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gitmig.postgres.connection import Connection

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


class Obstacle(Struct, frozen=True, kw_only=True):
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
            f"{address} is protected: it is never rebuilt", hint="`gitmig db unprotect` lifts the protection"
        )
    if not by_hand and not address.is_local:
        raise GitmigError(
            f"{address} is on another machine: it is not rebuilt unless you ask",
            hint="`gitmig sync --rebuild` rebuilds it",
        )
    _refuse_without_rights(connection, address)
    for obstacle in OBSTACLES:
        if found := connection.value(obstacle.query):
            raise GitmigError(f"{address} {obstacle.what} {found}: it cannot be rebuilt", hint=obstacle.hint)


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


# What belongs to a database and does not decide how it is built. Role and PUBLIC are written as a statement needs them.
PROPERTIES = """
    SELECT datconnlimit, datistemplate, pg_catalog.shobj_description(oid, 'pg_database'), datacl IS NOT NULL
    FROM pg_catalog.pg_database WHERE datname = current_database()
"""
GRANTS = """
    SELECT CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::regrole::text END, privilege_type, is_grantable
    FROM pg_catalog.pg_database, pg_catalog.aclexplode(datacl) WHERE datname = current_database()
"""
SETTINGS = """
    SELECT nullif(setrole, 0)::regrole::text, split_part(setting, '=', 1),
      substr(setting, strpos(setting, '=') + 1)
    FROM pg_catalog.pg_db_role_setting s, unnest(setconfig) setting
    WHERE setdatabase = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
"""
# The value of these is a list of names, each quoted where it has to be; as one text it would be quoted as one name.
LISTS = {"search_path", "temp_tablespaces", "local_preload_libraries", "session_preload_libraries"}


@contextmanager
def create_target(old: Connection, maintenance: str, name: str) -> Iterator[None]:
    """An empty database `name` that is in everything like the old one; dropped if the block fails.

    One of the same name was left behind by a process that was killed, and is dropped first.
    """
    _drop(maintenance, name)
    create_database_like(old, name, same_home=True)
    try:
        copy_settings(old, name)
        yield
    except BaseException:
        with suppress(GitmigError):  # what went wrong first is what people have to hear of
            _drop(maintenance, name)
        raise


def _drop(maintenance: str, name: str) -> None:
    """Also if it was marked as a template."""
    with connect(maintenance, "rebuild") as connection:
        if connection.value("SELECT 1 FROM pg_catalog.pg_database WHERE datname = %s", (name,)) is None:
            return
        connection.execute(sql.SQL("ALTER DATABASE {} IS_TEMPLATE false").format(sql.Identifier(name)))
    drop_database(maintenance, name)


def copy_settings(connection: Connection, name: str) -> None:
    """Give database `name` the settings, for all roles and for single ones, of the one connected to."""
    database = sql.Identifier(name)
    for role, setting, value in connection.execute(SETTINGS).fetchall():
        whom = sql.SQL("DATABASE {}").format(database)
        if role:
            whom = sql.SQL("ROLE {} IN DATABASE {}").format(sql.SQL(role), database)
        parts = sql.SQL(".").join(map(sql.Identifier, setting.split(".")))
        with connection.transaction():
            if setting in LISTS:
                connection.execute("SELECT pg_catalog.set_config(%s, %s, true)", (setting, value))
                with connection.any_path():  # it may be the search path itself
                    connection.execute(sql.SQL("ALTER {} SET {} FROM CURRENT").format(whom, parts))
            else:
                connection.execute(sql.SQL("ALTER {} SET {} = {}").format(whom, parts, sql.Literal(value)))


def copy_properties(source: Connection, connection: Connection, name: str) -> None:
    """Give database `name` the connection limit, grants, comment and template mark of the one `source` leads to."""
    limit, template, comment, _ = source.execute(PROPERTIES).fetchone() or (-1, False, None, False)
    database = sql.Identifier(name)
    statements = []
    if limit != -1:
        statements.append(sql.SQL("ALTER DATABASE {} CONNECTION LIMIT {}").format(database, sql.Literal(limit)))
    if template:
        statements.append(sql.SQL("ALTER DATABASE {} IS_TEMPLATE true").format(database))
    if comment is not None:
        statements.append(sql.SQL("COMMENT ON DATABASE {} IS {}").format(database, sql.Literal(comment)))
    for statement in statements:
        connection.execute(statement)
    copy_grants(source, name, connection)


def copy_grants(source: Connection, name: str, connection: Connection | None = None) -> None:
    """Give database `name` the grants of the one `source` leads to; over `connection`, or over `source` itself."""
    _, _, _, granted = source.execute(PROPERTIES).fetchone() or (-1, False, None, False)
    if not granted:
        return
    database = sql.Identifier(name)
    statements = [sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database)]
    statements += [_grant(database, *grant) for grant in source.execute(GRANTS).fetchall()]
    for statement in statements:
        (connection or source).execute(statement)


def _grant(database: sql.Identifier, role: str, privilege: str, grantable: bool) -> sql.Composed:
    option = " WITH GRANT OPTION" if grantable else ""
    return sql.SQL("GRANT {} ON DATABASE {} TO {}{}").format(
        sql.SQL(privilege), database, sql.SQL(role), sql.SQL(option)
    )
