"""Holding triggers and foreign keys back while rows are put back, and seeing to it that everything holds afterwards."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import sql

from gitmig.database.constraints import defer_constraints, settle_constraints
from gitmig.errors import GitmigError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from gitmig.database.connection import Connection
    from gitmig.rows.tables import Table

# How values are written as text and read again has to be the same at any time; a policy must not hide rows; and
QUIET = (
    b"SET DateStyle = 'ISO, YMD'; SET IntervalStyle = 'postgres'; SET TimeZone = 'UTC'; SET extra_float_digits = 1; "
    b"SET bytea_output = 'hex'; SET xmloption = 'content'; SET row_security = off; SET statement_timeout = 0; "
    # rows are read in the order they lie in, by which those without a key are known again
    b"SET max_parallel_workers_per_gather = 0; SET synchronize_seqscans = off; SET jit = off"
)
TRIGGERS = """
    WITH tree AS (
        SELECT r.oid AS root, coalesce(p.relid, r.oid) AS oid FROM pg_catalog.unnest(%s::oid[]) r(oid)
        LEFT JOIN LATERAL pg_catalog.pg_partition_tree(r.oid) p ON true
    )
    SELECT n.nspname, c.relname, g.tgname, g.tgenabled FROM tree
    JOIN pg_catalog.pg_class c USING (oid) JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_trigger g ON g.tgrelid = c.oid
    WHERE NOT g.tgisinternal AND g.tgparentid = 0 AND g.tgenabled IN ('O', 'A')
"""
# A rule could swallow what is written; those of views are their queries.
RULES = """
    SELECT n.nspname, c.relname, r.rulename, r.ev_enabled FROM pg_catalog.pg_rewrite r
    JOIN pg_catalog.pg_class c ON c.oid = r.ev_class JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE r.ev_class = ANY (%s::oid[]) AND r.ev_type <> '1' AND r.ev_enabled IN ('O', 'A')
"""
# Row security that would hide rows from this role. An owner can be subject to it (FORCE), and can suspend that.
HIDING = """
    SELECT c.oid::int8, n.nspname, c.relname, pg_catalog.pg_has_role(c.relowner, 'USAGE'), o.rolname, current_user
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_roles o ON o.oid = c.relowner
    WHERE c.relrowsecurity AND c.relkind IN ('r', 'p') AND pg_catalog.row_security_active(c.oid)
"""
ENABLE = {"O": "ENABLE", "A": "ENABLE ALWAYS"}
FOREIGN_KEYS = """
    SELECT o.oid::int8, o.conrelid::int8, o.conname, o.condeferrable, o.confrelid::int8, o.confdeltype IN ('c', 'n', 'd'),
        n.nspname, c.relname, fn.nspname, fc.relname, fc.relkind = 'p',
        (SELECT pg_catalog.array_agg(a.attname::text ORDER BY k.place)
         FROM pg_catalog.unnest(o.conkey) WITH ORDINALITY k(number, place)
         JOIN pg_catalog.pg_attribute a ON a.attrelid = o.conrelid AND a.attnum = k.number),
        (SELECT pg_catalog.array_agg(a.attname::text ORDER BY k.place)
         FROM pg_catalog.unnest(o.confkey) WITH ORDINALITY k(number, place)
         JOIN pg_catalog.pg_attribute a ON a.attrelid = o.confrelid AND a.attnum = k.number),
        (SELECT pg_catalog.array_agg(pg_catalog.format('OPERATOR(%%I.%%s)', m.nspname, p.oprname) ORDER BY k.place)
         FROM pg_catalog.unnest(o.conpfeqop) WITH ORDINALITY k(number, place)
         JOIN pg_catalog.pg_operator p ON p.oid = k.number JOIN pg_catalog.pg_namespace m ON m.oid = p.oprnamespace)
    FROM pg_catalog.pg_constraint o
    JOIN pg_catalog.pg_class c ON c.oid = o.conrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_class fc ON fc.oid = o.confrelid JOIN pg_catalog.pg_namespace fn ON fn.oid = fc.relnamespace
    WHERE o.contype = 'f' AND o.conparentid = 0 AND o.convalidated AND {side} = ANY (%s::oid[])
      -- PERIOD asks for more than equal values; such a key is checked when the transaction ends
      AND pg_catalog.to_jsonb(o) ->> 'conperiod' IS DISTINCT FROM 'true'
"""


DEFINITION = """
    SELECT pg_catalog.pg_get_constraintdef(%s::oid), (SELECT description FROM pg_catalog.pg_description d
        WHERE d.objoid = o.oid AND d.classoid = 'pg_catalog.pg_constraint'::regclass)
    FROM pg_catalog.pg_constraint o WHERE o.oid = %s::oid
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignKey:
    """A foreign key: its own table and columns, those it refers to, and the operators by which they are equal.

    `acts`: a row that is deleted takes those along that refer to it, or changes them.
    """

    oid: int
    table: int
    name: str
    deferrable: bool
    target: int
    acts: bool
    own: sql.Composable
    other: sql.Composable
    columns: tuple[str, ...]
    other_columns: tuple[str, ...]
    operators: tuple[sql.SQL, ...]


@contextmanager
def quiet(connection: Connection, needed: Collection[int] = ()) -> Iterator[None]:
    """Settings under which values are copied faithfully; afterwards the session is as a script expects it.

    Row security does not apply: where this role owns a table, it is not forced upon it for a while. Raises GitmigError
    if it hides rows of one of the tables `needed` (oids), which somebody else owns.
    """
    connection.execute(QUIET)
    is_superuser = connection.info.parameter_status("is_superuser") == "on"  # from whom nothing is hidden
    hiding = [] if is_superuser else connection.execute(HIDING).fetchall()
    for _, schema, name, _, owner, role in (row for row in hiding if row[0] in needed and not row[3]):
        raise GitmigError(
            f"row security hides rows of {schema}.{name} from {role}, so they cannot be kept",
            hint=f"sync as its owner {owner}, or as a role with BYPASSRLS; nothing was changed",
        )
    own = [sql.Identifier(schema, name) for _, schema, name, is_own, _, _ in hiding if is_own]
    if own:
        settle_constraints(connection)
    _force(connection, own, "NO FORCE")
    with connection.among_rows():
        yield
    _force(connection, own, "FORCE")
    connection.reset()


def _force(connection: Connection, tables: Collection[sql.Identifier], change: str) -> None:
    for table in tables:
        connection.execute(sql.SQL("ALTER TABLE {} {} ROW LEVEL SECURITY").format(table, sql.SQL(change)))


@contextmanager
def triggers_off(connection: Connection, tables: Collection[int]) -> Iterator[None]:
    """The tables (oids) without the triggers and rules users wrote. Foreign keys stay on."""
    held = {
        what: connection.execute(query.encode(), (list(tables),)).fetchall() if tables else []
        for what, query in (("TRIGGER", TRIGGERS), ("RULE", RULES))
    }
    for what, found in held.items():
        _alter(connection, what, [(schema, table, "DISABLE", name) for schema, table, name, _ in found])
    yield
    for what, found in held.items():
        _alter(connection, what, [(schema, table, ENABLE[state], name) for schema, table, name, state in found])


@contextmanager
def foreign_keys_late(connection: Connection, tables: Collection[int]) -> Iterator[list[ForeignKey]]:
    """The foreign keys of the tables (oids), checked when the block ends: the order of rows means nothing in it."""
    found = foreign_keys(connection, tables)
    late = [key for key in found if not key.deferrable]
    for key in late:
        _constraint(connection, key, "DEFERRABLE")
    if found:
        defer_constraints(connection)
    yield found
    if found:
        settle_constraints(connection)
    for key in late:
        _constraint(connection, key, "NOT DEFERRABLE")


def foreign_keys(connection: Connection, tables: Collection[int], *, incoming: bool = False) -> list[ForeignKey]:
    """The foreign keys of these tables (oids), or those `incoming` that refer to them."""
    query = FOREIGN_KEYS.format(side="o.confrelid" if incoming else "o.conrelid")
    rows = connection.execute(query.encode(), (list(tables),)).fetchall() if tables else []
    return [
        ForeignKey(
            oid=oid,
            table=table,
            name=name,
            deferrable=deferrable,
            target=target,
            acts=acts,
            own=sql.Identifier(schema, relation),
            other=sql.SQL("{}" if is_partitioned else "ONLY {}").format(sql.Identifier(other_schema, other_relation)),
            columns=tuple(own_columns),
            other_columns=tuple(other_columns),
            operators=tuple(map(sql.SQL, operators)),
        )
        for (
            *(oid, table, name, deferrable, target, acts, schema, relation, other_schema, other_relation),
            is_partitioned,
            own_columns,
            other_columns,
            operators,
        ) in rows
    ]


@contextmanager
def references_dropped(connection: Connection, keys: Collection[ForeignKey]) -> Iterator[None]:
    """Without these foreign keys: what refers to a row is not to go along when the row is taken out for a moment.

    They are made again when the block ends, which checks them.
    """
    definitions = [connection.execute(DEFINITION.encode(), (key.oid, key.oid)).fetchone() for key in keys]
    for key in keys:
        connection.execute(sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(key.own, sql.Identifier(key.name)))
    yield
    for key, row in zip(keys, definitions):
        definition, comment = row or ("", None)
        connection.execute(
            sql.SQL("ALTER TABLE {} ADD CONSTRAINT {} {}").format(
                key.own, sql.Identifier(key.name), sql.SQL(definition)
            )
        )
        if comment is not None:
            connection.execute(
                sql.SQL("COMMENT ON CONSTRAINT {} ON {} IS {}").format(sql.Identifier(key.name), key.own, comment)
            )


@contextmanager
def identities_writable(connection: Connection, tables: Collection[Table]) -> Iterator[None]:
    """GENERATED ALWAYS AS IDENTITY columns take values in an UPDATE for a while."""
    always = [(table, column.name) for table in tables for column in table.columns if column.always]
    for table, name in always:
        _identity(connection, table, name, "BY DEFAULT")
    yield
    for table, name in always:
        _identity(connection, table, name, "ALWAYS")


def _identity(connection: Connection, table: Table, column: str, kind: str) -> None:
    connection.execute(
        sql.SQL("ALTER TABLE {} ALTER COLUMN {} SET GENERATED {}").format(
            sql.Identifier(table.name.schema, table.name.name), sql.Identifier(column), sql.SQL(kind)
        )
    )


def _alter(connection: Connection, what: str, changes: Collection[tuple[str, str, str, str]]) -> None:
    for schema, table, change, name in changes:
        connection.execute(
            sql.SQL("ALTER TABLE {} {} {} {}").format(
                sql.Identifier(schema, table), sql.SQL(change), sql.SQL(what), sql.Identifier(name)
            )
        )


def _constraint(connection: Connection, key: ForeignKey, change: str) -> None:
    connection.execute(
        sql.SQL("ALTER TABLE {} ALTER CONSTRAINT {} {}").format(key.own, sql.Identifier(key.name), sql.SQL(change))
    )
