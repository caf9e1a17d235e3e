"""The tables of a database as far as their rows matter: one model, and its one reader. It reads catalogs, no rows."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec import Struct, field
from msgspec.structs import replace
from psycopg import sql

from gitmig.schema.other_tools import RUN_TABLES
from gitmig.schema.scope import FIRST_OID, OURS, OWN_RELATION

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from gitmig.postgres.connection import Connection


class TableName(Struct, frozen=True, order=True):
    """A table's schema and name, as they are in the catalogs."""

    schema: str
    name: str

    def __str__(self) -> str:
        return self.name if self.schema == "public" else f"{self.schema}.{self.name}"

    @property
    def full(self) -> str:
        """The name with its schema, whatever that is."""
        return f"{self.schema}.{self.name}"


class Column(Struct, frozen=True, kw_only=True):
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


class Partition(Struct, frozen=True, kw_only=True):
    """A part of a partitioned table: what it is called, which table it is a part of, and for which values."""

    name: TableName
    parent: TableName
    bound: str


class Activity(Struct, frozen=True):
    """What the transaction did to a table's rows so far, in rows. TRUNCATE and rewriting show in the table's files."""

    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    read: int = 0

    @property
    def written(self) -> int:
        """How many rows were written in any way."""
        return self.inserted + self.updated + self.deleted

    @property
    def touched(self) -> bool:
        """Whether any row was read or written."""
        return bool(self.read or self.written)

    @classmethod
    def total(cls, parts: Iterable[Activity]) -> Activity:
        """What was done to several parts of a table."""
        every = [(one.inserted, one.updated, one.deleted, one.read) for one in parts]
        return cls(*map(sum, zip(*every)))

    def __sub__(self, earlier: Activity) -> Activity:
        return Activity(
            inserted=self.inserted - earlier.inserted,
            updated=self.updated - earlier.updated,
            deleted=self.deleted - earlier.deleted,
            read=self.read - earlier.read,
        )


NO_ACTIVITY = Activity()


class Table(Struct, frozen=True, kw_only=True):
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


class Tables(Struct, frozen=True, kw_only=True):
    """Every table by its oid; `large_objects` is how many there are; `counted` is False if row changes are unknown.

    `aliases`: a table of the first name that is gone has become the one of the second, if that is new.
    """

    by_oid: Mapping[int, Table] = field(default_factory=dict)
    large_objects: int = 0
    counted: bool = True
    aliases: Mapping[TableName, TableName] = field(default_factory=dict)

    def named(self, name: TableName) -> Table | None:
        """The table of that name."""
        return next((table for table in self.by_oid.values() if table.name == name), None)

    def __iter__(self) -> Iterator[Table]:
        return iter(self.by_oid.values())


_Version = tuple[int, Any, Any]

KEPT = "n.nspname = 'gitmig_kept'"
# A column, or a type, is made of the table's row type.
HELD = """EXISTS (
    SELECT FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_type t ON t.oid = c.reltype
    WHERE d.refclassid = 'pg_catalog.pg_type'::regclass AND d.refobjid IN (t.oid, t.typarray) AND d.deptype = 'n'
)"""
# $1 is the horizon: transaction numbers only grow, so that what was written since has its number or one behind it.
HORIZON = "pg_catalog.xid(pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot()))"
SINCE = f"(SELECT pg_catalog.age(coalesce($1::pg_catalog.xid, {HORIZON})))"
# Rows are in the leaves of partition trees. One line for each relation. Two columns stand for what its columns are, as
# far as they were written since the horizon, and what its indexes are; the last one says whether other tables may be
# about what it holds.
RELATIONS = f"""
    WITH {{named}} written AS (
        SELECT a.attrelid, pg_catalog.bit_xor(pg_catalog.hashtextextended(
            pg_catalog.concat_ws(' ', a.attnum, a.atttypid, a.atttypmod, a.attcollation, a.attnotnull, a.atthasdef,
                a.attisdropped, a.attidentity, a.attgenerated, a.attname), 0)) AS columns
        FROM pg_catalog.pg_attribute a
        WHERE a.attrelid {{which}} AND a.attnum > 0 AND pg_catalog.age(a.xmin) <= {SINCE} GROUP BY a.attrelid
    ), indexed AS (
        SELECT i.indrelid, pg_catalog.bit_xor(pg_catalog.hashtextextended(
            pg_catalog.concat_ws(' ', i.indexrelid, i.indisprimary, i.indisvalid, i.indnkeyatts, i.indkey), 0)
            ) AS indexes
        FROM pg_catalog.pg_index i
        WHERE i.indrelid {{which}} AND i.indisunique AND i.indpred IS NULL AND i.indexprs IS NULL GROUP BY i.indrelid
    )
    SELECT c.oid::int8, n.nspname, c.relname, c.relkind = 'p', c.relfilenode::int8,
        CASE c.relkind WHEN 'r' THEN pg_catalog.pg_relation_size(c.oid) ELSE 0 END,
        pg_catalog.pg_stat_get_xact_tuples_inserted(c.oid), pg_catalog.pg_stat_get_xact_tuples_updated(c.oid),
        pg_catalog.pg_stat_get_xact_tuples_deleted(c.oid),
        pg_catalog.pg_stat_get_xact_tuples_returned(c.oid) + pg_catalog.pg_stat_get_xact_tuples_fetched(c.oid),
        h.inhparent::int8, CASE WHEN c.relispartition THEN pg_catalog.pg_get_expr(c.relpartbound, c.oid) END,
        w.columns, x.indexes, {{spreads}}
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND {OURS}
    LEFT JOIN pg_catalog.pg_inherits h ON c.relispartition AND h.inhrelid = c.oid
    LEFT JOIN written w ON w.attrelid = c.oid LEFT JOIN indexed x ON x.indrelid = c.oid
    WHERE c.relkind IN ('r', 'p') AND c.oid {{which}} AND (c.relispartition OR {OWN_RELATION})
        AND c.relname NOT IN ({", ".join(f"'{table}'" for table in RUN_TABLES)})
"""
EVERY_RELATION = RELATIONS.format(named="", which=f">= {FIRST_OID}", spreads="false")
# Those of the names $2, and the numbers $3.
NAMED_RELATIONS = RELATIONS.format(
    named="""named AS MATERIALIZED (
        SELECT oid FROM pg_catalog.pg_class WHERE relname = ANY ($2::text[]) OR oid = ANY ($3::oid[])
    ),""",
    which="= ANY (ARRAY(SELECT oid FROM named))",
    spreads=f"""c.relkind = 'p' OR c.relispartition OR c.relhassubclass OR {HELD}
        OR EXISTS (SELECT FROM pg_catalog.pg_event_trigger WHERE evtenabled <> 'D')""",
)
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
# What tells rows apart best comes first: the primary key, else a unique index without nulls.
INDEXES = f"""
    SELECT i.indrelid::int8, (i.indkey::int2[])[0:i.indnkeyatts - 1], i.indisvalid AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_attribute k WHERE k.attrelid = i.indrelid AND NOT k.attnotnull
        AND k.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1]))
    FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indrelid AND NOT c.relispartition
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND {OURS}
    WHERE i.indisunique AND i.indpred IS NULL AND i.indexprs IS NULL AND {{which}}
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
# What is read of a table also depends on the types and schemas. Large objects are in a table of their own.
REST = f"""
    SELECT coalesce($1::pg_catalog.xid, {HORIZON})::text,
        (SELECT pg_catalog.bit_xor(pg_catalog.hashtextextended(
            pg_catalog.concat_ws(' ', t.oid, t.typnamespace, t.typname), 0))
            FROM pg_catalog.pg_type t WHERE t.oid >= {FIRST_OID} AND t.typtype <> 'c' AND t.typelem = 0),
        (SELECT pg_catalog.bit_xor(pg_catalog.hashtextextended(pg_catalog.concat_ws(' ', n.oid, n.nspname), 0))
            FROM pg_catalog.pg_namespace n),
        (SELECT count(*) FROM pg_catalog.pg_largeobject_metadata), pg_catalog.current_setting('track_counts')::bool
"""


COUNTS = """
    SELECT oid::int8, pg_catalog.pg_stat_get_xact_tuples_inserted(oid), pg_catalog.pg_stat_get_xact_tuples_updated(oid),
        pg_catalog.pg_stat_get_xact_tuples_deleted(oid),
        pg_catalog.pg_stat_get_xact_tuples_returned(oid) + pg_catalog.pg_stat_get_xact_tuples_fetched(oid)
    FROM pg_catalog.unnest($1::oid[]) oid
"""


class TableReader:
    """Reads the tables as the current transaction sees them, in one or two round trips.

    Columns and indexes are read once for each form that they have, whatever is taken back meanwhile, and in whatever
    transaction. `first` are statements that are sent along, before each reading.
    """

    def __init__(self, connection: Connection, *first: str) -> None:
        self._connection = connection
        self._first = [(statement, ()) for statement in first]
        self._horizon: str | None = None
        self._types: tuple[int | None, ...] = ()
        self._definitions: dict[_Version, _Definition] = {}
        self._tables: dict[tuple[_Relation, ...], Table] = {}
        self._relations: dict[int, tuple[tuple[Any, ...], _Relation]] = {}

    def read(self) -> Tables:
        """The tables as they are now."""
        queries = (REST, (self._horizon,)), (EVERY_RELATION, (self._horizon,))
        rest, lines = self._connection.run_prepared(*self._first, *queries)
        return self._tables_of(rest[0], lines)

    def read_named(self, names: Collection[str], oids: Collection[int]) -> Tables | None:
        """Those of these names and numbers; None if what is done to them may concern others, too."""
        which = sorted(names), sorted(oids)
        queries = (REST, (self._horizon,)), (NAMED_RELATIONS, (self._horizon, *which))
        rest, lines = self._connection.run_prepared(*self._first, *queries)
        spreads = any(line[-1] for line in lines)
        return None if spreads else self._tables_of(rest[0], lines)

    def count_again(self, tables: Tables, oids: Collection[int]) -> Tables:
        """These tables, of which nothing but what was done to the rows of some (oids) is not as it was."""
        stale = [tables.by_oid[oid] for oid in sorted(oids)]
        leaves = [leaf for table in stale for leaf, _ in table.files]
        (lines,) = self._connection.run_prepared((COUNTS, (leaves,)))
        counts = {leaf: Activity(*counted) for leaf, *counted in lines}
        fresh = {
            table.oid: replace(table, activity=Activity.total(counts[leaf] for leaf, _ in table.files))
            for table in stale
        }
        return replace(tables, by_oid={**tables.by_oid, **fresh})

    def _tables_of(self, rest: tuple[Any, ...], lines: Iterable[tuple[Any, ...]]) -> Tables:
        self._horizon, *types, large_objects, counted = rest
        if self._types != tuple(types):
            self._types = tuple(types)
            self._definitions.clear()
            self._tables.clear()
        trees = _trees([self._relation(line) for line in lines])
        new = [tree for tree in trees if tree not in self._tables]
        if new:
            definitions = self._define([tree[0] for tree in new])
            self._tables |= {tree: _table(tree, definitions[tree[0].version]) for tree in new}
        found = [self._tables[tree] for tree in trees]
        for tree in new:
            if self._tables[tree].is_deep:  # what its values are made of is not in its lines
                del self._tables[tree], self._definitions[tree[0].version]
        return Tables(by_oid={table.oid: table for table in found}, large_objects=large_objects, counted=counted)

    def _relation(self, line: tuple[Any, ...]) -> _Relation:
        """The line; most are the very same each time."""
        known = self._relations.get(line[0])
        if known is None or known[0] != line:
            known = self._relations[line[0]] = line, _Relation(*line[:-1])
        return known[1]

    def _define(self, roots: Sequence[_Relation]) -> Mapping[_Version, _Definition]:
        """The columns and indexes of tables, whether they are known or not."""
        unknown = {root.oid: root.version for root in roots if root.version not in self._definitions}
        if unknown:
            found = _definitions(self._connection, unknown if self._definitions else None)
            self._definitions |= {version: found.get(oid, _Definition()) for oid, version in unknown.items()}
        return self._definitions


def read_tables(connection: Connection) -> Tables:
    """The tables as the current transaction sees them."""
    return TableReader(connection).read()


def read_kept(connection: Connection) -> Tables:
    """The tables of schema gitmig_kept, which are nobody's schema."""
    (lines,) = connection.run_prepared((EVERY_RELATION.replace(OURS, KEPT), (None,)))
    definitions = _definitions(connection, None, KEPT)
    trees = _trees([_Relation(*line[:-1]) for line in lines])
    return Tables(by_oid={tree[0].oid: _table(tree, definitions.get(tree[0].oid, _Definition())) for tree in trees})


class _Relation(NamedTuple):
    """A line of RELATIONS. The last two are others as soon as its columns or indexes are."""

    oid: int
    schema: str
    name: str
    partitioned: bool
    file: int
    bytes: int
    inserted: int
    updated: int
    deleted: int
    read: int
    parent: int | None
    bound: str | None
    columns: int | None
    indexes: int | None

    @property
    def version(self) -> _Version:
        """What it is defined to be."""
        return self.oid, self.columns, self.indexes


class _Definition(NamedTuple):
    """A table's columns; for each of its plain unique indexes, their numbers, and whether these tell all rows apart."""

    columns: tuple[Column, ...] = ()
    unique: tuple[tuple[tuple[int, ...], bool], ...] = ()


def _definitions(connection: Connection, tables: Iterable[int] | None, ours: str = OURS) -> dict[int, _Definition]:
    """What is defined of these tables (oids), or of all."""
    which = "true" if tables is None else "c.oid = ANY ($1::oid[])"
    parameters = () if tables is None else (list(tables),)
    queries = (query.format(which=which).replace(OURS, ours) for query in (ATTRIBUTES, INDEXES))
    attributes, indexes = connection.run_prepared(*((query, parameters) for query in queries))
    columns: dict[int, list[Column]] = {}
    for table, *attribute in attributes:
        columns.setdefault(table, []).append(_column(*attribute))
    unique: dict[int, list[tuple[tuple[int, ...], bool]]] = {}
    for table, numbers, tells in indexes:
        unique.setdefault(table, []).append((tuple(numbers), tells))
    if any(column.deep for table in columns.values() for column in table):
        columns = _with_parts(connection, columns)
    return {oid: _Definition(tuple(found), tuple(unique.get(oid, ()))) for oid, found in columns.items()}


def _trees(relations: Collection[_Relation]) -> list[tuple[_Relation, ...]]:
    """Each table, and behind it all its partitions; in the order of their numbers."""
    every = {one.oid: one for one in relations}
    parts: dict[int, list[_Relation]] = {}
    for one in relations:
        root = one
        while root.parent in every:
            root = every[root.parent]
        if root is not one:
            parts.setdefault(root.oid, []).append(one)
    roots = sorted(one for one in relations if one.parent is None)
    return [(root, *sorted(parts[root.oid])) if root.oid in parts else (root,) for root in roots]


def _table(tree: tuple[_Relation, ...], definition: _Definition) -> Table:
    root, *parts = tree
    leaves = [one for one in tree if not one.partitioned]
    names = {one.oid: TableName(one.schema, one.name) for one in tree}
    return Table(
        oid=root.oid,
        name=names[root.oid],
        partitioned=root.partitioned,
        files=frozenset((one.oid, one.file) for one in leaves),
        filled=frozenset((one.oid, one.file) for one in leaves if one.bytes),
        columns=definition.columns,
        key=next((numbers for numbers, tells in definition.unique if tells), ()),
        unique=tuple(numbers for numbers, _ in definition.unique),
        partitions=tuple(
            Partition(name=names[one.oid], parent=names[one.parent], bound=one.bound)
            for one in parts
            if one.parent is not None and one.bound is not None
        ),
        activity=Activity.total(Activity(one.inserted, one.updated, one.deleted, one.read) for one in leaves),
        bytes=sum(one.bytes for one in leaves),
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


def _with_parts(connection: Connection, columns: Mapping[int, list[Column]]) -> dict[int, list[Column]]:
    parts: dict[tuple[int, int], set[tuple[int, int, str]]] = {}
    for table, number, *part in connection.execute(PARTS.encode()):
        parts.setdefault((table, number), set()).add(tuple(part))
    return {
        table: [replace(one, parts=frozenset(parts.get((table, one.number), ()))) for one in found]
        for table, found in columns.items()
    }
