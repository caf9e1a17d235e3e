"""The tables of a database as far as their rows matter: one model, and its one reader. It reads catalogs, no rows."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from psycopg import sql

from gitmig.database.catalogs.scope import FIRST_OID, OURS, OWN_RELATION

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from gitmig.database.connection import Connection


@dataclass(frozen=True, slots=True, order=True)
class TableName:
    """A table's schema and name, as they are in the catalogs."""

    schema: str
    name: str

    def __str__(self) -> str:
        return self.name if self.schema == "public" else f"{self.schema}.{self.name}"

    @property
    def full(self) -> str:
        """The name with its schema, whatever that is."""
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column. `number` is its identity within the table and survives a rename.

    `type` is as PostgreSQL writes it, with its modifier; `plain` the same without, for casts that must not truncate.
    `builtin`: no migration can drop the type. `portable`: its binary form means the same in every database. `always` is
    GENERATED ALWAYS AS IDENTITY. `defaulted`: rows get a value here by themselves, perhaps another one each time.
    `required` columns have to be given, for there is no default. `generated` columns are computed from the others and
    hold nothing of their own. `deep`: a type inside of the type may be changed in part; `parts` are the attributes of
    the composite types that the type is made of, however deep: (type, number, type of the attribute).
    """

    number: int
    name: str
    type: str
    plain: str = ""
    builtin: bool = True
    portable: bool = True
    generated: bool = False
    always: bool = False
    defaulted: bool = False
    required: bool = False
    deep: bool = False
    parts: frozenset[tuple[int, int, str]] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Partition:
    """A part of a partitioned table: what it is called, which table it is a part of, and for which values."""

    name: TableName
    parent: TableName
    bound: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """What the transaction did to a table's rows so far, in rows. TRUNCATE and rewriting show in the table's files."""

    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    read: int = 0

    @property
    def written(self) -> int:
        """How many rows were written in any way."""
        return self.inserted + self.updated + self.deleted

    def __sub__(self, earlier: Activity) -> Activity:
        return Activity(
            inserted=self.inserted - earlier.inserted,
            updated=self.updated - earlier.updated,
            deleted=self.deleted - earlier.deleted,
            read=self.read - earlier.read,
        )


NO_ACTIVITY = Activity()


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table; a partitioned one with the rows of all its partitions. `oid` is its identity and survives a rename.

    `files` are (oid, file) of everything rows are stored in, `filled` those that hold any. `key` are the numbers of
    the columns that tell its rows apart, none if nothing does; `unique` those of every plain unique index. `bytes` is
    its size on disk.
    """

    oid: int
    name: TableName
    partitioned: bool = False
    files: frozenset[tuple[int, int]] = frozenset()
    filled: frozenset[tuple[int, int]] = frozenset()
    columns: tuple[Column, ...] = ()
    key: tuple[int, ...] = ()
    unique: tuple[tuple[int, ...], ...] = ()
    partitions: tuple[Partition, ...] = ()
    activity: Activity = NO_ACTIVITY
    bytes: int = 0

    @property
    def stored(self) -> tuple[Column, ...]:
        """The columns that hold values of their own."""
        return tuple(column for column in self.columns if not column.generated)

    @property
    def key_columns(self) -> tuple[Column, ...]:
        """The columns that tell rows apart, in the order of the key."""
        by_number = {column.number: column for column in self.columns}
        return tuple(by_number[number] for number in self.key)

    @property
    def is_deep(self) -> bool:
        """Whether a type inside of one of its columns' types may be changed in part."""
        return any(column.deep for column in self.columns)

    def column(self, name: str) -> Column | None:
        """The column of that name."""
        return next((column for column in self.columns if column.name == name), None)

    def renamed(self, name: str, now: Table) -> str:
        """What a column of that name is called `now` that later steps have been there; as before if it is gone."""
        column = self.column(name)
        heir = next((other for other in now.columns if column and other.number == column.number), None)
        return heir.name if heir else name

    @property
    def plain(self) -> sql.Identifier:
        """The table as it stands in INSERT and ALTER."""
        return sql.Identifier(self.name.schema, self.name.name)

    @property
    def source(self) -> sql.Composable:
        """The table as it stands in FROM, UPDATE and DELETE: with its partitions, without tables that inherit."""
        return self.plain if self.partitioned else sql.SQL("ONLY {}").format(self.plain)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """Every table by its oid; `large_objects` is how many there are; `counted` is False if row changes are unknown.

    `aliases`: a table of the first name that is gone has become the one of the second, if that is new. `age`: what the
    transaction writes to the catalogs from then on is at most so old, in transactions; None: unknown.
    """

    by_oid: Mapping[int, Table] = field(default_factory=dict)
    large_objects: int = 0
    counted: bool = True
    age: int | None = None
    aliases: Mapping[TableName, TableName] = field(default_factory=dict)

    def named(self, name: TableName) -> Table | None:
        """The table of that name."""
        return next((table for table in self.by_oid.values() if table.name == name), None)

    def __iter__(self) -> Iterator[Table]:
        return iter(self.by_oid.values())


KEPT = "n.nspname = 'gitmig_kept'"
# Rows are in the leaves; what they belong to is the root of their partition tree. One line for each.
RELATIONS = f"""
    SELECT c.oid::int8, (CASE WHEN c.relispartition THEN pg_catalog.pg_partition_root(c.oid) ELSE c.oid END)::int8,
        n.nspname, c.relname, c.relkind = 'p', c.relispartition, c.relfilenode::int8,
        CASE c.relkind WHEN 'r' THEN pg_catalog.pg_relation_size(c.oid) ELSE 0 END,
        pg_catalog.pg_stat_get_xact_tuples_inserted(c.oid), pg_catalog.pg_stat_get_xact_tuples_updated(c.oid),
        pg_catalog.pg_stat_get_xact_tuples_deleted(c.oid),
        pg_catalog.pg_stat_get_xact_tuples_returned(c.oid) + pg_catalog.pg_stat_get_xact_tuples_fetched(c.oid),
        CASE WHEN c.relispartition THEN (SELECT ARRAY[pn.nspname::text, p.relname::text,
            pg_catalog.pg_get_expr(c.relpartbound, c.oid)] FROM pg_catalog.pg_inherits i
            JOIN pg_catalog.pg_class p ON p.oid = i.inhparent JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace
            WHERE i.inhrelid = c.oid) END
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND {OURS}
    WHERE c.relkind IN ('r', 'p') AND (c.relispartition OR {OWN_RELATION})
    ORDER BY c.oid
"""
# bpchar and bit mean a length of 1 where no modifier is written, so the bare type is asked for by its own name; and
# with its schema, for statements that run under the users' paths. A built-in type means the same in every database, and
# so does its binary form, unless that is an object's number (regclass and its kin) or there is none (aclitem). An array
# has the number of its element type in it.
ATTRIBUTES = f"""
    SELECT a.attrelid::int8, a.attnum, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod),
        pg_catalog.quote_ident(tn.nspname) || '.' || pg_catalog.quote_ident(t.typname),
        t.oid < {FIRST_OID} AND a.attcollation IN (0, 100),
        t.oid < {FIRST_OID} AND t.typtype IN ('b', 'r', 'm') AND t.typsend <> 0 AND t.typname !~ '^_?reg'
            AND NOT EXISTS (SELECT FROM pg_catalog.pg_type e WHERE e.oid = t.typelem AND e.typsend = 0),
        a.attgenerated <> '', a.attidentity = 'a', a.attidentity <> '' OR a.atthasdef,
        a.attnotnull AND NOT a.atthasdef AND a.attidentity = '',
        t.oid >= {FIRST_OID} AND (t.typtype IN ('c', 'd') OR t.typelem <> 0)
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND {OURS}
    JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_catalog.pg_type t ON t.oid = a.atttypid JOIN pg_catalog.pg_namespace tn ON tn.oid = t.typnamespace
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND {{which}}
    ORDER BY a.attrelid, a.attnum
"""
# Tables whose columns, or the types of these, were written since something was: transaction numbers only grow.
RECENT = """
    SELECT attrelid::int8 FROM pg_catalog.pg_attribute WHERE pg_catalog.age(xmin) <= {age} AND attnum > 0
    UNION
    SELECT a.attrelid::int8
    FROM pg_catalog.pg_type t JOIN pg_catalog.pg_attribute a ON a.atttypid IN (t.oid, t.typarray)
    WHERE pg_catalog.age(t.xmin) <= {age} AND t.typtype <> 'c' AND t.typelem = 0
    UNION
    SELECT c.oid::int8 FROM pg_catalog.pg_namespace n JOIN pg_catalog.pg_class c ON c.relkind IN ('r', 'p')
    WHERE pg_catalog.age(n.xmin) <= {age}
"""
# What tells rows apart best comes first: the primary key, else a unique index without nulls.
INDEXES = f"""
    SELECT i.indrelid::int8, (i.indkey::int2[])[0:i.indnkeyatts - 1], i.indisvalid AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_attribute k WHERE k.attrelid = i.indrelid AND NOT k.attnotnull
        AND k.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1]))
    FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indrelid AND NOT c.relispartition
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND {OURS}
    WHERE i.indisunique AND i.indpred IS NULL AND i.indexprs IS NULL
    ORDER BY i.indrelid, i.indisprimary DESC, i.indexrelid
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
    SELECT (SELECT count(*) FROM pg_catalog.pg_largeobject_metadata), pg_catalog.current_setting('track_counts')::bool,
        (SELECT least(min(pg_catalog.age(xmin)), 0) FROM pg_catalog.pg_class)
"""


def read_tables(connection: Connection, earlier: Tables | None = None) -> Tables:
    """The tables as the current transaction sees them; in one or two round trips, as a rule.

    `earlier` was read in the same transaction, and nothing has been taken back to before that: columns that were not
    touched since are not read again.
    """
    is_partial = earlier is not None and earlier.age is not None
    which = RECENT.format(age=earlier.age) if is_partial and earlier else ATTRIBUTES.format(which="true")
    # to compile the queries takes ten times as long as to run them
    _, found, read, indexes, rest, _ = _run(connection, "SET jit = off", RELATIONS, which, INDEXES, REST, "RESET jit")
    known: dict[int, tuple[Column, ...]] = {}
    if is_partial and earlier:
        known = {table.oid: table.columns for table in earlier}
        changed = {int(oid) for (oid,) in read} | {table.oid for table in earlier if table.is_deep}
        read = _run(
            connection, ATTRIBUTES.format(which=f"a.attrelid = ANY ('{{{', '.join(map(str, changed))}}}'::oid[])")
        )[0]
        known |= dict.fromkeys(changed, ())
    known |= _columns(read)
    tables = _tables(found, known, indexes)
    if any(table.is_deep for table in tables.values()):
        tables = _with_parts(connection, tables)
    ((large_objects, counted, age),) = rest
    return Tables(by_oid=tables, large_objects=large_objects, counted=counted, age=age)


def read_kept(connection: Connection) -> Tables:
    """The tables of schema gitmig_kept, which are nobody's schema."""
    queries = (query.replace(OURS, KEPT) for query in (RELATIONS, ATTRIBUTES.format(which="true"), INDEXES))
    found, read, indexes = _run(connection, *queries)
    return Tables(by_oid=_tables(found, _columns(read), indexes))


def _run(connection: Connection, *statements: str) -> list[list[tuple[Any, ...]]]:
    """Send statements in one message; the rows of each."""
    cursor = connection.execute("; ".join(statements).encode())
    found: list[list[tuple[Any, ...]]] = []
    more: bool | None = True
    while more:
        found.append(cursor.fetchall() if cursor.description else [])
        more = cursor.nextset()
    return found


def _tables(
    relations: Iterable[tuple[Any, ...]], columns: Mapping[int, tuple[Column, ...]], indexes: Iterable[tuple[Any, ...]]
) -> dict[int, Table]:
    unique: dict[int, list[tuple[tuple[int, ...], bool]]] = {}
    for table, numbers, tells in indexes:
        unique.setdefault(table, []).append((tuple(numbers), tells))
    return {oid: _table(rows, columns, unique) for oid, rows in _by_root(relations).items()}


def _columns(attributes: Iterable[tuple[Any, ...]]) -> dict[int, tuple[Column, ...]]:
    found: dict[int, list[Column]] = {}
    for table, *attribute in attributes:
        found.setdefault(table, []).append(_column(*attribute))
    return {table: tuple(columns) for table, columns in found.items()}


def _by_root(relations: Iterable[tuple[Any, ...]]) -> dict[int, list[_Relation]]:
    found: dict[int, list[_Relation]] = {}
    for row in relations:
        relation = _Relation(*row)
        found.setdefault(relation.root, []).append(relation)
    return {root: rows for root, rows in found.items() if any(row.oid == root for row in rows)}


class _Relation(NamedTuple):
    """A line of RELATIONS."""

    oid: int
    root: int
    schema: str
    name: str
    partitioned: bool
    is_partition: bool
    file: int
    bytes: int
    inserted: int
    updated: int
    deleted: int
    read: int
    bound: list[str] | None


def _table(
    rows: list[_Relation],
    columns: Mapping[int, tuple[Column, ...]],
    unique: Mapping[int, list[tuple[tuple[int, ...], bool]]],
) -> Table:
    root = next(row for row in rows if row.oid == row.root)
    leaves = [row for row in rows if not row.partitioned]
    indexes = unique.get(root.oid, [])
    return Table(
        oid=root.oid,
        name=TableName(root.schema, root.name),
        partitioned=root.partitioned,
        files=frozenset((row.oid, row.file) for row in leaves),
        filled=frozenset((row.oid, row.file) for row in leaves if row.bytes),
        columns=columns.get(root.oid, ()),
        key=next((numbers for numbers, tells in indexes if tells), ()),
        unique=tuple(numbers for numbers, _ in indexes),
        partitions=tuple(
            Partition(name=TableName(row.schema, row.name), parent=TableName(*row.bound[:2]), bound=row.bound[2])
            for row in rows
            if row.bound
        ),
        activity=Activity(
            inserted=sum(row.inserted for row in leaves),
            updated=sum(row.updated for row in leaves),
            deleted=sum(row.deleted for row in leaves),
            read=sum(row.read for row in leaves),
        ),
        bytes=sum(row.bytes for row in leaves),
    )


@lru_cache(maxsize=1 << 14)  # the same columns are read again and again
def _column(  # noqa: PLR0917 - the columns of the query, in its order
    number: int,
    name: str,
    type_: str,
    plain: str,
    builtin: bool,
    portable: bool,
    generated: bool,
    always: bool,
    defaulted: bool,
    required: bool,
    deep: bool,
) -> Column:
    return Column(
        number=number,
        name=name,
        type=type_,
        plain=plain,
        builtin=builtin,
        portable=portable,
        generated=generated,
        always=always,
        defaulted=defaulted,
        required=required,
        deep=deep,
    )


def _with_parts(connection: Connection, tables: dict[int, Table]) -> dict[int, Table]:
    parts: dict[tuple[int, int], set[tuple[int, int, str]]] = {}
    for table, number, *part in connection.execute(PARTS.encode()):
        parts.setdefault((table, number), set()).add(tuple(part))
    found = dict(tables)
    for oid in {table for table, _ in parts} & tables.keys():
        columns = (replace(c, parts=frozenset(parts.get((oid, c.number), ()))) for c in tables[oid].columns)
        found[oid] = replace(tables[oid], columns=tuple(columns))
    return found
