"""Copying into the new database all that comes along from the old one, in the order in which it can, and its ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
from msgspec import Struct, field
from msgspec.structs import replace
from psycopg import sql

from gitmig.events import CarryingTable
from gitmig.ledger import schema, store
from gitmig.postgres.session import TRANSFER, setting
from gitmig.rebuild.unmanaged import make_unmanaged
from gitmig.rows.constraints import hold, row_security
from gitmig.rows.copy import Asides, all_held, copy_table, set_table_aside
from gitmig.rows.copy_plan import plan_copy
from gitmig.rows.sequences import copy_positions
from gitmig.rows.tables import read_kept, read_tables
from gitmig.schema.scope import OURS, OWN_RELATION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitmig.events import Notify
    from gitmig.ledger.rows import HistoryEntry, Row
    from gitmig.postgres.connection import Connection
    from gitmig.rows.copy import Aside, Copied, KeptFor

PIECE = 1 << 20  # bytes

LARGE_OBJECTS = """
    SELECT oid, lomowner::regrole::text, (SELECT description FROM pg_catalog.pg_description
      WHERE objoid = m.oid AND classoid = 'pg_catalog.pg_largeobject'::regclass)
    FROM pg_catalog.pg_largeobject_metadata m
"""
LARGE_OBJECT_GRANTS = """
    SELECT m.oid, CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::regrole::text END, privilege_type, is_grantable
    FROM pg_catalog.pg_largeobject_metadata m, pg_catalog.aclexplode(lomacl) WHERE grantee <> lomowner
"""
# Behind those that it reads from, directly or by way of other views, which may have been replaced since.
POPULATED = f"""
    WITH RECURSIVE read (reader, source) AS (
        SELECT DISTINCT r.ev_class, d.refobjid FROM pg_rewrite r
        JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refobjid <> r.ev_class
        WHERE d.refclassid = 'pg_class'::regclass
    ), behind (view, depth) AS (
        SELECT oid, 0 FROM pg_class WHERE relkind = 'm'
        UNION SELECT reader, depth + 1 FROM behind JOIN read ON source = view
    )
    SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace AND {OURS}
    WHERE c.relkind = 'm' AND c.relispopulated AND {OWN_RELATION}
    ORDER BY (SELECT max(depth) FROM behind WHERE view = c.oid), c.oid
"""
HISTORY_COLUMNS = """
    SELECT attname FROM pg_catalog.pg_attribute
    WHERE attrelid = to_regclass('gitmig.history') AND attnum > 0 AND NOT attisdropped ORDER BY attnum
"""
GO_ON_NUMBERING = """
    SELECT setval(pg_get_serial_sequence('gitmig.history', 'id'), max(id)) FROM gitmig.history HAVING max(id) > 0
"""


class Moved(Struct, kw_only=True):
    """What came along, what was set aside, and what a person should know of besides."""

    carried: list[Copied] = field(default_factory=list)
    aside: list[Aside] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def copy_all(
    old: Connection,
    new: Connection,
    ignore: Sequence[str],
    kept_for: KeptFor,
    notify: Notify,
    *,
    is_locked: bool = True,
) -> Moved:
    """Carry rows, sequence positions and large objects; the old database must be locked, or seen in one snapshot.

    Only in a locked one is switched off what hides rows of the role's own tables from it. `ignore` are the patterns of
    what is not the migrations' business; `kept_for` is on whose account rows without a place are kept. Raises
    GitmigError naming what cannot come along.
    """
    moved = Moved()
    for connection in (old, new):
        connection.execute(f"SELECT {setting(TRANSFER)}".encode())
    if is_locked:
        hold(old, row_security(old))  # in its open transaction, which ends without a commit
    moved.notes += make_unmanaged(old, new, ignore)
    asides = Asides(new, kept_for)
    with all_held(new, asides) as refused:
        _copy_kept(old, new, asides)
        _copy_tables(old, new, asides, notify, moved)
    moved.carried = [_without(copied, refused) for copied in moved.carried]
    moved.aside += refused
    moved.notes += [f"sequence {name} cannot have its old position" for name in copy_positions(old, new)]
    copy_large_objects(old, new)
    moved.notes += [f"materialized view {text}" for text in refresh_views(old, new)]
    return moved


def _copy_kept(old: Connection, new: Connection, asides: Asides) -> None:
    """What was kept before comes first: its numbers are taken."""
    filled = [table for table in read_kept(old) if table.filled]
    for way in plan_copy(filled, read_kept(new)).copies:
        copy_table(old, new, way, asides)
    asides.number_on()


def _copy_tables(old: Connection, new: Connection, asides: Asides, notify: Notify, moved: Moved) -> None:
    plan = plan_copy(read_tables(old), read_tables(new))
    for position, way in enumerate(plan.copies, 1):
        notify(CarryingTable(way.old.name.full, position, len(plan.copies)))
        copied = copy_table(old, new, way, asides)
        moved.carried.append(copied)
        moved.aside += copied.aside
    moved.aside += [aside for table in plan.lost if (aside := set_table_aside(old, table, asides))]


def _without(copied: Copied, refused: Sequence[Aside]) -> Copied:
    """Less those that a foreign key refused afterwards."""
    return replace(copied, rows=copied.rows - sum(aside.rows for aside in refused if aside.table == copied.table))


def total(moved: Sequence[Copied]) -> int:
    """How many rows there are in all."""
    return sum(copied.rows for copied in moved)


def copy_large_objects(old: Connection, new: Connection) -> None:
    """Copy all large objects under their numbers, which rows refer to, with owner, grants and comment.

    What migrations made under the same number is replaced.
    """
    objects = old.execute(LARGE_OBJECTS).fetchall()
    there = {oid for oid, *_ in new.execute(LARGE_OBJECTS).fetchall()}
    for oid, owner, comment in objects:
        with new.transaction():
            if oid in there:
                new.execute("SELECT lo_unlink(%s)", (oid,))
            new.execute("SELECT lo_create(%s)", (oid,))
            _copy_content(old, new, oid)
            name = sql.SQL("LARGE OBJECT {}").format(sql.Literal(oid))
            new.execute(sql.SQL("ALTER {} OWNER TO {}").format(name, sql.SQL(owner)))
            if comment is not None:
                new.execute(sql.SQL("COMMENT ON {} IS {}").format(name, sql.Literal(comment)))
    for oid, role, privilege, grantable in old.execute(LARGE_OBJECT_GRANTS).fetchall():
        statement = sql.SQL("GRANT {} ON LARGE OBJECT {} TO {}{}").format(
            sql.SQL(privilege),
            sql.Literal(oid),
            sql.SQL(role),
            sql.SQL(" WITH GRANT OPTION" if grantable else ""),
        )
        new.execute(statement)


def _copy_content(old: Connection, new: Connection, oid: int) -> None:
    offset = 0
    while piece := old.value("SELECT lo_get(%s, %s, %s)", (oid, offset, PIECE)):
        new.execute("SELECT lo_put(%s, %s, %s)", (oid, offset, piece))
        offset += len(piece)


def refresh_views(old: Connection, new: Connection) -> list[str]:
    """Refresh what was populated in the old database or is in the new one; returns what could not be, and why."""
    populated = {*old.values(POPULATED), *new.values(POPULATED)}
    every = new.values(POPULATED.replace("c.relispopulated", "true"))
    reasons = {name: _refresh(new, name) for name in every if name in populated}
    return [f"{name}: {reason}" for name, reason in reasons.items() if reason]


def _refresh(new: Connection, name: str) -> str | None:
    """None if it is refreshed, else PostgreSQL's reason; it is then as the migrations left it."""
    try:
        with new.users_path():  # functions of the view's owner
            new.execute(f"REFRESH MATERIALIZED VIEW {name}".encode())  # regclass quotes the name itself
    except (psycopg.DataError, psycopg.IntegrityError, psycopg.ProgrammingError) as error:
        return error.diag.message_primary or str(error)
    return None


def write_ledger(old: Connection, new: Connection, rows: Sequence[Row], event: HistoryEntry, fingerprint: str) -> None:
    """Fill the ledger of the new database, which must have been made, as a sync would have left it.

    The history is that of the old one, and the event; `fingerprint` is what the schema is now.
    """
    with new.transaction():
        _copy_history(old, new)
        if rows:
            store.add(new, rows)
        store.record(new, [event])
        store.note_arrival(new, event.to_commit, fingerprint)
        store.note_fingerprint(new, len(rows), fingerprint)


def _copy_history(old: Connection, new: Connection) -> None:
    """Every row of it; an older gitmig's has fewer columns."""
    if not schema.version(old):
        return
    names = sql.SQL(", ").join(map(sql.Identifier, old.values(HISTORY_COLUMNS)))
    source = sql.SQL("COPY (SELECT {} FROM gitmig.history ORDER BY id) TO STDOUT").format(names)
    into = sql.SQL("COPY gitmig.history ({}) FROM STDIN").format(names)
    with new.cursor() as a, old.cursor() as b, a.copy(into) as sink, b.copy(source) as rows:
        for data in rows:
            sink.write(data)
    new.execute(GO_ON_NUMBERING)
