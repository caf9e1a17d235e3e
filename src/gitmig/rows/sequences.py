"""Sequences: what is tried and taken back leaves them where they were, and rows that come back are behind them."""

from __future__ import annotations

import re
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING

import psycopg
from msgspec import Struct
from psycopg import sql

from gitmig.schema.scope import OURS, OWN_RELATION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from gitmig.postgres.connection import Connection
    from gitmig.rows.places import Place
    from gitmig.rows.tables import Table

# The last value is null as long as none was given out: then only the sequence itself tells which will come first. One
# that this role may not set cannot be put back: a gap there is the lesser evil.
SEQUENCES = f"""
    SELECT n.nspname, c.relname, pg_catalog.pg_sequence_last_value(c.oid),
        pg_catalog.date_part('epoch', pg_catalog.clock_timestamp())
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'S' AND {OURS} AND {OWN_RELATION} AND CASE c.relkind WHEN 'S' THEN
        pg_catalog.has_sequence_privilege(c.oid, 'SELECT') AND pg_catalog.has_sequence_privilege(c.oid, 'UPDATE') END
"""
# Whose values a sequence gives are numbers; to a column of text it may belong all the same.
IS_NUMBER = """(SELECT coalesce(nullif(t.typbasetype, 0), t.oid) FROM pg_catalog.pg_type t WHERE t.oid = a.atttypid)
    = ANY ('{int2,int4,int8,numeric}'::pg_catalog.regtype[])"""
# The column a sequence belongs to: a table that was renamed keeps a serial's old name.
OWNERS = f"""
    SELECT n.nspname, c.relname, o.oid::regclass::text, a.attname
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND {OURS}
    JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid
        AND d.deptype IN ('a', 'i') AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjsubid > 0
    JOIN pg_catalog.pg_class o ON o.oid = d.refobjid
    JOIN pg_catalog.pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
    WHERE c.relkind = 'S' AND {IS_NUMBER}
"""
OWNED = f"""
    SELECT c.oid::int8, a.attname, pg_catalog.pg_get_serial_sequence(
        pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname), a.attname)
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.oid = ANY ($1::oid[]) AND (a.atthasdef OR a.attidentity <> '') AND {IS_NUMBER}
    ORDER BY c.oid, a.attnum
"""
# A script that gives a column of a table which is there numbers by itself.
NUMBERS = re.compile(r"\balter\b.*\b(?:identity|nextval|\w*serial\d?)\b", re.IGNORECASE | re.DOTALL)
# A number that another session has taken must not be given out again: a gap is the lesser evil. Whose state this role
# may not see counts as busy.
SOMEBODY_ELSE = b"""
    SELECT pid FROM pg_catalog.pg_stat_activity
    WHERE datname = pg_catalog.current_database() AND pid <> pg_catalog.pg_backend_pid()
        AND backend_type IS NOT DISTINCT FROM 'client backend'
        AND (state IS DISTINCT FROM 'idle' OR state_change > pg_catalog.to_timestamp(%s))
    LIMIT 1
"""


Name = tuple[str, str]
Position = tuple[int, bool]


class Positions(Struct, frozen=True, kw_only=True):
    """Schema and name → last value and whether it was given out, as they were `at` a time.

    That is Unix time in seconds; None: there are no sequences.
    """

    at: float | None
    values: dict[Name, Position]


class _NotDone(Exception):
    """What was attempted is to be taken back."""


def attempt(connection: Connection, work: Callable[[], bool], *, moves: bool = True) -> bool:
    """Do some work in a savepoint. Where it returns False or fails, it is as if nothing had been done.

    That includes sequences, which a rollback alone leaves where they are: a step that runs twice has to give the
    numbers of one that runs once. Not if another session may have taken numbers meanwhile. Unless it `moves` any nobody
    has to look where they are.
    """
    before = positions(connection) if moves else None
    done = False
    try:
        with suppress(_NotDone), connection.transaction():
            done = work()
            if not done:
                raise _NotDone
    finally:
        if before is not None and not done and not connection.closed:
            _restore(connection, before)
    return done


def positions(connection: Connection) -> Positions:
    """Where every sequence is: its last value, and whether that was given out; and the server's time."""
    (rows,) = connection.run_prepared((SEQUENCES, ()))
    values = {(schema, name): (last, True) for schema, name, last, _ in rows if last is not None}
    if unused := sorted((schema, name) for schema, name, last, _ in rows if last is None):
        (found,) = connection.run_prepared((_positions_of(tuple(unused)), ()))
        values |= {(schema, name): (last, called) for schema, name, last, called in found}
    return Positions(at=rows[0][3] if rows else None, values=values)


@lru_cache(maxsize=64)
def _positions_of(sequences: tuple[Name, ...]) -> str:
    parts = (
        sql.SQL("SELECT {}, {}, last_value, is_called FROM {}").format(*name, sql.Identifier(*name))
        for name in sequences
    )
    return sql.SQL(" UNION ALL ").join(parts).as_string(None)


def move_past(connection: Connection, tables: Iterable[Table]) -> None:
    """Let the sequences that belong to tables go on behind their highest values, those beyond their ends aside."""
    by_oid = {table.oid: table.plain for table in tables}
    if not by_oid:
        return
    for (oid, column), sequence in _sequences_of(connection, by_oid).items():
        connection.ahead(_behind(sequence, by_oid[oid], column))


def move_past_kept(connection: Connection, place: Place) -> None:
    """Let the sequences of a table's key go on behind the numbers of kept rows, too: these come back with them."""
    owned = _sequences_of(connection, [place.table.oid])
    for pair in place.key:
        if (sequence := owned.get((place.table.oid, pair.column.name))) is not None:
            statements = [
                _behind(sequence, place.table.plain, pair.column.name),
                _behind(sequence, place.data, pair.kept.data),
            ]
            connection.ahead(*statements)


def copy_positions(old: Connection, new: Connection) -> list[str]:
    """Set sequences of one database to where they are in another; names those whose bounds do not allow that.

    A column that has become a serial goes on behind its highest value.
    """
    before = positions(old).values
    owned_before = {column: name for name, column in _owners(old).items()}
    owned = _owners(new)
    refused = []
    for name in positions(new).values:
        column = owned.get(name)
        position = before.get(owned_before.get(column, name) if column else name)
        if position is None and column is not None:
            new.execute(_behind(_text(new, name), sql.SQL(column[0]), column[1]))
        elif position is not None and not _is_set(new, name, position):
            refused.append(".".join(name))
    return refused


def _sequences_of(connection: Connection, tables: Iterable[int]) -> dict[tuple[int, str], str]:
    """The sequences that give columns of tables (oids) their numbers, as SQL writes them, by table and column."""
    (rows,) = connection.run_prepared((OWNED, (list(tables),)))
    return {(oid, column): sequence for oid, column, sequence in rows if sequence is not None}


def _behind(sequence: str, table: sql.Composable, column: str) -> sql.Composed:
    """Let a sequence go on behind the last value of a column, those beyond its end aside, if it is before that.

    The last one is the highest, or of a sequence that counts down the lowest.
    """
    return sql.SQL(
        "WITH s AS (SELECT seqmin, seqmax, seqincrement > 0 AS up FROM pg_catalog.pg_sequence "
        "WHERE seqrelid = {sequence}::regclass) "
        "SELECT pg_catalog.setval({sequence}, value::bigint) FROM (SELECT seqmin, seqmax, up, CASE WHEN up "
        "THEN (SELECT max({column}) FROM {table} WHERE {column} <= (SELECT seqmax FROM s)) "
        "ELSE (SELECT min({column}) FROM {table} WHERE {column} >= (SELECT seqmin FROM s)) END AS value FROM s) m "
        "JOIN {name} q ON CASE WHEN up THEN value >= q.last_value ELSE value <= q.last_value END "
        "WHERE value BETWEEN seqmin AND seqmax"
    ).format(sequence=sql.Literal(sequence), column=sql.Identifier(column), table=table, name=sql.SQL(sequence))


def _owners(connection: Connection) -> dict[Name, tuple[str, str]]:
    """Sequences that belong to columns, and these: the table as SQL has it, and the name."""
    return {(schema, name): (table, column) for schema, name, table, column in connection.execute(OWNERS.encode())}


def _is_set(connection: Connection, name: Name, position: Position) -> bool:
    try:
        with connection.transaction():
            _set(connection, name, position)
    except psycopg.errors.NumericValueOutOfRange:
        return False
    return True


def _set(connection: Connection, name: Name, position: Position) -> None:
    connection.execute("SELECT pg_catalog.setval(%s::regclass, %s, %s)", (_text(connection, name), *position))


def _text(connection: Connection, name: Name) -> str:
    return sql.Identifier(*name).as_string(connection)


def _restore(connection: Connection, before: Positions) -> None:
    now = positions(connection).values
    moved = {name: value for name, value in before.values.items() if now.get(name) != value}
    if not moved:
        return
    connection.execute("SELECT pg_catalog.pg_stat_clear_snapshot()")
    if connection.execute(SOMEBODY_ELSE, (before.at,)).fetchone():
        return
    for name, position in moved.items():
        _set(connection, name, position)
