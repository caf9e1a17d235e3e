"""Reading the shape of the database: one query over the catalogs, none over rows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from gitmig.core.kept.shape import Column, Shape, Table, TableName
from gitmig.core.kept.suspicion import Reach
from gitmig.database.catalogs.scope import FIRST_OID, OURS, OWN_RELATION

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from gitmig.core.kept.suspicion import Suspicion
    from gitmig.database.connection import Connection

# The unique index that tells rows apart best: the primary key, else one without nulls and expressions.
KEY = """
    SELECT (i.indkey::int2[])[0:i.indnkeyatts - 1] FROM pg_catalog.pg_index i
    WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_attribute k WHERE k.attrelid = c.oid AND NOT k.attnotnull
                      AND k.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1]))
    ORDER BY i.indisprimary DESC, i.indexrelid LIMIT 1
"""
# bpchar and bit mean a length of 1 where no modifier is written, so the bare type is asked for by its own name; and
# with its schema, for statements that run under the users' paths.
COLUMNS = """
    SELECT pg_catalog.json_agg(pg_catalog.json_build_array(
        a.attnum, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), pg_catalog.format(
            '%I.%I', (SELECT nspname FROM pg_catalog.pg_namespace WHERE oid = t.typnamespace), t.typname),
        t.oid < 16384 AND a.attcollation IN (0, 100), a.attgenerated <> '', a.attidentity = 'a',
        a.attidentity <> '' OR a.atthasdef) ORDER BY a.attnum)
    FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
"""
# Rows are in the leaves; what they belong to is the root of their partition tree.
QUERY = f"""
    WITH leaf AS (
        SELECT CASE WHEN c.relispartition THEN pg_catalog.pg_partition_root(c.oid) ELSE c.oid END AS root,
            c.oid, c.relfilenode, pg_catalog.pg_relation_size(c.oid) AS bytes,
            pg_catalog.pg_stat_get_xact_tuples_updated(c.oid) + pg_catalog.pg_stat_get_xact_tuples_deleted(c.oid)
                AS changes
        FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND {OURS}
        WHERE c.relkind = 'r'
    ), stored AS (
        SELECT root, pg_catalog.json_agg(pg_catalog.json_build_array(oid::int8, relfilenode::int8, bytes > 0)) AS files,
            sum(changes)::int8 AS changes, sum(bytes)::int8 AS bytes
        FROM leaf GROUP BY root
    )
    SELECT c.oid::int8, n.nspname, c.relname, c.relkind = 'p', s.files, ({COLUMNS}), ({KEY}),
        coalesce(s.changes, 0), coalesce(s.bytes, 0)
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND {OURS}
    LEFT JOIN stored s ON s.root = c.oid
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND {OWN_RELATION}
"""
# What lies inside the values of columns whose types migrations can change in part.
PARTS = f"""
    WITH RECURSIVE held AS (
        SELECT a.attrelid, a.attnum, a.atttypid AS type
        FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND {OURS}
        JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        JOIN pg_catalog.pg_type t ON t.oid = a.atttypid AND t.oid >= {FIRST_OID}
            AND (t.typtype IN ('c', 'd') OR t.typelem <> 0)
        WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
        UNION
        SELECT h.attrelid, h.attnum, inner_type
        FROM held h JOIN pg_catalog.pg_type t ON t.oid = h.type, LATERAL (
            SELECT t.typelem WHERE t.typelem <> 0 UNION ALL SELECT t.typbasetype WHERE t.typbasetype <> 0 UNION ALL
            SELECT i.atttypid FROM pg_catalog.pg_attribute i
            WHERE i.attrelid = t.typrelid AND i.attnum > 0 AND NOT i.attisdropped
        ) AS deeper(inner_type)
    )
    SELECT h.attrelid::int8, h.attnum, i.attrelid::int8, i.attnum, pg_catalog.format_type(i.atttypid, i.atttypmod)
    FROM held h JOIN pg_catalog.pg_type t ON t.oid = h.type AND t.typtype = 'c'
    JOIN pg_catalog.pg_attribute i ON i.attrelid = t.typrelid AND i.attnum > 0 AND NOT i.attisdropped
"""
# Counting large objects reads a table of their own, which is empty as a rule.
REST = """
    SELECT (SELECT count(*) FROM pg_catalog.pg_largeobject_metadata), pg_catalog.current_setting('track_counts')::bool
"""


# A column, or a type, is made of the table's row type.
HELD = """EXISTS (
    SELECT FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_type t ON t.oid = c.reltype
    WHERE d.refclassid = 'pg_catalog.pg_type'::regclass AND d.refobjid IN (t.oid, t.typarray) AND d.deptype = 'n'
)"""
# Whether a script can touch rows, told from its words by a query that looks at few tables. Partitions and heirs are
# reached through their parents, and everything through views, triggers and rules.
TABLES = f"SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND {OURS}"
NAMED = f"""
    SELECT EXISTS (
        {TABLES} WHERE c.relkind IN ('r', 'p', 'v') AND pg_catalog.lower(c.relname) = ANY (%(words)s)
        AND (c.relkind <> 'r' OR c.relhassubclass OR pg_catalog.pg_relation_size(c.oid) > 0 OR {HELD})
    )
"""
ANY = f"""
    SELECT EXISTS ({TABLES} WHERE c.relkind = 'r' AND pg_catalog.pg_relation_size(c.oid) > 0)
        OR EXISTS (SELECT FROM pg_catalog.pg_largeobject_metadata)
"""
TRIGGERED = f"""
    SELECT EXISTS (SELECT FROM pg_catalog.pg_trigger WHERE NOT tgisinternal)
        OR EXISTS (SELECT FROM pg_catalog.pg_rewrite WHERE ev_type <> '1' AND oid >= {FIRST_OID})
"""


def reaches_rows(connection: Connection, suspicion: Suspicion, names: Collection[str] = ()) -> bool:
    """Whether a script may touch any row. `names` (in lower case) are those rows had before, and count as well."""
    if suspicion.reach is Reach.NONE:
        return False
    if not suspicion.words.isdisjoint(names):
        return True
    if suspicion.reach is Reach.NAMED:
        if _is(connection, NAMED, {"words": list(suspicion.words)}):
            return True
        if not suspicion.writes or not _is(connection, TRIGGERED):
            return False
    return _is(connection, ANY)


def has_rows(connection: Connection) -> bool:
    """Whether there are rows, or large objects, that could be anybody's."""
    return _is(connection, ANY)


def _is(connection: Connection, query: str, values: dict[str, object] | None = None) -> bool:
    row = connection.execute(query.encode(), values).fetchone()
    return bool(row and row[0])


def read_shape(connection: Connection) -> Shape:
    """The tables as the current transaction sees them."""
    with connection.pipeline():
        connection.execute("SET LOCAL jit = off")  # to compile the queries takes ten times as long as to run them
        tables = connection.execute(QUERY.encode())
        inside = connection.execute(PARTS.encode())
        rest = connection.execute(REST.encode())
        connection.execute("RESET jit")
    large_objects, counted = rest.fetchone() or (0, False)
    parts: dict[tuple[int, int], set[tuple[int, int, str]]] = {}
    for table, number, *part in inside.fetchall():
        parts.setdefault((table, number), set()).add(tuple(part))
    found = [_with_parts(_table(*row), parts) for row in tables.fetchall()]
    return Shape(tables={table.oid: table for table in found}, large_objects=large_objects, counted=counted)


def _with_parts(table: Table, parts: Mapping[tuple[int, int], set[tuple[int, int, str]]]) -> Table:
    if not any((table.oid, column.number) in parts for column in table.columns):
        return table
    columns = (replace(column, parts=frozenset(parts.get((table.oid, column.number), ()))) for column in table.columns)
    return replace(table, columns=tuple(columns))


def _table(  # noqa: PLR0917 - the columns of the query, in its order
    oid: int,
    schema: str,
    name: str,
    partitioned: bool,
    files: list[tuple[int, int, bool]] | None,
    columns: list[Any] | None,
    key: list[int] | None,
    changes: int,
    size: int,
) -> Table:
    files = files or []
    return Table(
        oid=oid,
        name=TableName(schema, name),
        partitioned=partitioned,
        files=frozenset((leaf, file) for leaf, file, _ in files),
        filled=frozenset((leaf, file) for leaf, file, filled in files if filled),
        columns=tuple(_column(*column) for column in columns or ()),
        key=tuple(key or ()),
        changes=changes,
        bytes=size,
    )


def _column(  # noqa: PLR0917 - the columns of the query, in its order
    number: int, name: str, type_: str, plain: str, builtin: bool, generated: bool, always: bool, defaulted: bool
) -> Column:
    return Column(
        number=number,
        name=name,
        type=type_,
        plain=plain,
        builtin=builtin,
        generated=generated,
        always=always,
        defaulted=defaulted,
    )
