"""What no migration makes and a rebuild must not drop: partitions, ignored objects, other tools' tables, kept rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from gitmig.core.schema import ObjectName
from gitmig.database.catalogs import read_schema
from gitmig.database.catalogs.scope import OURS
from gitmig.database.ledger_access import share_as_the_book
from gitmig.database.rebuild.definitions import statements
from gitmig.errors import GitmigError
from gitmig.rows.store import create_table
from gitmig.rows.tables import read_kept
from gitmig.rows.values import SCHEMA

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitmig.database.connection import Connection

# Parents before their parts.
PARTITIONS = f"""
    SELECT c.oid::regclass::text, c.relkind = 'f',
      pg_partition_root(c.oid)::regclass::text
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace AND {OURS}
    WHERE c.relispartition AND c.relkind IN ('r', 'p', 'f')
    ORDER BY (SELECT count(*) FROM pg_partition_ancestors(c.oid)), c.oid
"""
ROOTS = f"""
    SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace AND {OURS}
    WHERE c.relkind = 'p' AND NOT c.relispartition
"""
Pending = list[tuple[ObjectName, list[str]]]


def bring_along(old: Connection, new: Connection, ignore: Sequence[str]) -> list[str]:
    """Make in the new database what only the old one has and nobody may drop; returns what people should know.

    Raises GitmigError naming what cannot be made. Its rows are carried later, as those of all tables.
    """
    _bring_kept(old, new)
    _bring_ignored(old, new, ignore)
    return _bring_partitions(old, new)


def _bring_kept(old: Connection, new: Connection) -> None:
    """The tables of kept rows; a type that the new database does not have is kept as text."""
    there = {table.name for table in read_kept(new)}
    tables = [table for table in read_kept(old) if table.name not in there]
    if tables:
        new.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(SCHEMA)))
    for table in tables:
        try:
            with new.transaction():
                create_table(new, table.name.name, [(column.name, column.type) for column in table.columns])
        except psycopg.ProgrammingError:
            create_table(new, table.name.name, [(c.name, c.type if c.builtin else "text") for c in table.columns])
        share_as_the_book(new, SCHEMA, table.name.name)


def _bring_ignored(old: Connection, new: Connection, ignore: Sequence[str]) -> None:
    every, rest = read_schema(old, foreign=True), read_schema(old, ignore)
    if every == rest:
        return
    there = read_schema(new, foreign=True)
    missing = [name for name in every.objects if name not in rest.objects and name not in there.objects]
    _make_all(new, [(name, texts) for name in missing if (texts := statements(old, name.kind, name.name))])
    there = read_schema(new, foreign=True)
    wrong = [name for name in missing if there.objects.get(name) != every.objects[name]]
    if wrong:
        raise GitmigError(
            f"a rebuild cannot make {wrong[0]} anew, which no migration makes",
            hint="drop it yourself and make it again afterwards; the database is as it was before",
            details=tuple(f"also: {name}" for name in wrong[1:5]),
        )


def _bring_partitions(old: Connection, new: Connection) -> list[str]:
    """Partitions of tables that both databases have; rows of one that does not fit go where the others' do."""
    there = {name for name, *_ in new.execute(PARTITIONS.encode()).fetchall()}
    roots = {root for (root,) in new.execute(ROOTS.encode()).fetchall()}
    notes = []
    for name, foreign, root in old.execute(PARTITIONS.encode()).fetchall():
        if name in there or root not in roots:
            continue
        if foreign:
            raise GitmigError(
                f"partition {name} is a foreign table, which a rebuild cannot make anew",
                hint="detach it, and attach it again afterwards; the database is as it was before",
            )
        reason = _made(new, statements(old, "partition", name))
        if reason is not None:
            notes.append(f"partition {name} has no place in the target ({reason}); its rows went to others")
    return notes


def _make_all(new: Connection, pending: Pending) -> None:
    """Make as many as possible, whatever order they depend on each other in."""
    while pending:
        rest = [(name, texts) for name, texts in pending if _made(new, texts) is not None]
        if len(rest) == len(pending):
            return
        pending = rest


def _made(new: Connection, texts: Sequence[str]) -> str | None:
    """None if all the statements ran, else why not, and then none has."""
    try:
        with new.transaction():
            for text in texts:
                new.execute(text.encode())
    except (psycopg.ProgrammingError, psycopg.DataError, psycopg.IntegrityError, psycopg.NotSupportedError) as error:
        return error.diag.message_primary or str(error)
    return None
