"""Large objects keep their numbers, which rows refer to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg import sql

if TYPE_CHECKING:
    from gitmig.database.connection import Connection

PIECE = 1 << 20  # bytes

OBJECTS = """
    SELECT oid, lomowner::regrole::text, (SELECT description FROM pg_catalog.pg_description
      WHERE objoid = m.oid AND classoid = 'pg_catalog.pg_largeobject'::regclass)
    FROM pg_catalog.pg_largeobject_metadata m
"""
GRANTS = """
    SELECT m.oid, CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::regrole::text END, privilege_type, is_grantable
    FROM pg_catalog.pg_largeobject_metadata m, pg_catalog.aclexplode(lomacl) WHERE grantee <> lomowner
"""


def carry_large_objects(old: Connection, new: Connection) -> None:
    """Copy all of them with owner, grants and comment. What migrations made under the same number is replaced."""
    objects = old.execute(OBJECTS).fetchall()
    there = {oid for oid, *_ in new.execute(OBJECTS).fetchall()}
    for oid, owner, comment in objects:
        with new.transaction():
            if oid in there:
                new.execute("SELECT lo_unlink(%s)", (oid,))
            new.execute("SELECT lo_create(%s)", (oid,))
            _copy(old, new, oid)
            name = sql.SQL("LARGE OBJECT {}").format(sql.Literal(oid))
            new.execute(sql.SQL("ALTER {} OWNER TO {}").format(name, sql.SQL(owner)))
            if comment is not None:
                new.execute(sql.SQL("COMMENT ON {} IS {}").format(name, sql.Literal(comment)))
    for oid, role, privilege, grantable in old.execute(GRANTS).fetchall():
        statement = sql.SQL("GRANT {} ON LARGE OBJECT {} TO {}{}").format(
            sql.SQL(privilege),
            sql.Literal(oid),
            sql.SQL(role),
            sql.SQL(" WITH GRANT OPTION" if grantable else ""),
        )
        new.execute(statement)


def _copy(old: Connection, new: Connection, oid: int) -> None:
    offset = 0
    while True:
        (piece,) = old.execute("SELECT lo_get(%s, %s, %s)", (oid, offset, PIECE)).fetchone() or (b"",)
        if not piece:
            return
        new.execute("SELECT lo_put(%s, %s, %s)", (oid, offset, piece))
        offset += len(piece)
