"""What the role that gitmig connects as must be allowed, and the statements that allow it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg import sql

if TYPE_CHECKING:
    from gitmig.postgres.connection import Connection

RIGHTS = """
    SELECT rolname, current_database(), has_database_privilege(current_database(), 'CREATE'), rolcreatedb OR rolsuper
    FROM pg_catalog.pg_roles WHERE rolname = current_user
"""


def missing_rights(connection: Connection, *, scratch: bool) -> list[str]:
    """The statements that a superuser has to run: for the ledger's schema, and for databases to try scripts in."""
    role, database, may_make_schemas, may_make_databases = connection.execute(RIGHTS).fetchall()[0]
    found = []
    if not may_make_schemas:
        grant = sql.SQL("GRANT CREATE ON DATABASE {} TO {}")
        found.append(grant.format(sql.Identifier(database), sql.Identifier(role)).as_string(connection))
    if scratch and not may_make_databases:
        found.append(sql.SQL("ALTER ROLE {} CREATEDB").format(sql.Identifier(role)).as_string(connection))
    return found
