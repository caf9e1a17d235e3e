"""Reading a database's schema from PostgreSQL's catalogs, as text that is equal exactly when `pg_dump -s` is.

The queries are those of `kinds`; their rows are told apart by kind, name and address. What is left out, here and
nowhere else:

- gitmig's own schemas and PostgreSQL's;
- the tables in which other migration tools note what they have applied (`other_tools`);
- members of extensions;
- partitions, which applications make at run time (their parents are read);
- who owns an object: a scratch database is built by another role than yours;
- the order of a table's columns, of grants, and of options: of tables, indexes, functions and dictionaries;
- where a subscription connects to;
- what the caller's `ignore` patterns name.

Where a dump says less than the database knows, so do the definitions. Two things more are told apart: whether an index
is valid, and whether schema public is there at all.
"""

from __future__ import annotations

import re
from fnmatch import translate
from typing import TYPE_CHECKING, NamedTuple

from gitmig.postgres.session import DEFINITIONS, setting
from gitmig.schema.kinds import queries
from gitmig.schema.model import ObjectKind, ObjectName, Schema, Tie
from gitmig.schema.other_tools import OWN_PARTS, own_tables
from gitmig.schema.scope import FIRST_OID, OURS, RELATION, RELATIONS, address

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from psycopg.rows import TupleRow

    from gitmig.postgres.connection import Connection


class ObjectAddress(NamedTuple):
    """How pg_depend names an object; the part is a column's number, or 0."""

    catalog: int
    oid: int
    part: int


class CatalogRow(NamedTuple):
    """An object as a query gives it; `part_of` as in `Query`."""

    name: ObjectName
    text: str
    address: ObjectAddress
    part_of: str | None

    @classmethod
    def of(cls, row: TupleRow) -> CatalogRow:
        """From the columns of a query."""
        kind, name, text, catalog, oid, part, *part_of = row
        return cls(
            ObjectName(KINDS[kind], name), text, ObjectAddress(catalog, oid, part), part_of[0] if part_of else None
        )


KINDS = {kind.value: kind for kind in ObjectKind}


def read_schema(
    connection: Connection, ignore: Sequence[str] = (), *, edges: bool = False, foreign: bool = False
) -> Schema:
    """The schema as the session sees it, uncommitted changes included; with `edges`, also which object needs which.

    `ignore` are shell patterns of names, with or without the schema; parts go with their object. With `foreign`, other
    migration tools' own tables are read, too.
    """
    with connection.transaction(force_rollback=True):
        about_edges = (DEPENDENCIES, PARTITION_KEYS) if edges else ()
        asked = (*_needed_queries(connection), *about_edges)
        answers = connection.run_prepared(*((query, ()) for query in asked))
    objects = answers[: len(asked) - len(about_edges)]
    is_ignored = _matcher(ignore)
    rows = [row for answer in objects for row in map(CatalogRow.of, answer) if not is_ignored(row)]
    if not foreign and (tables := own_tables(_names(ObjectKind.TABLE, rows), _names(ObjectKind.COLUMN, rows))):
        rows = [row for row in rows if not (row.name.kind in OWN_PARTS and _belongs(tables, row))]
    needs = {}
    if edges:
        ties, keys = answers[len(objects) :]
        named = {row.address: row.name for row in rows}
        needs = _edges(named, map(Dependency.of, ties), (key for (key,) in keys))
    return Schema({row.name: row.text for row in rows}, needs)


def _needed_queries(connection: Connection) -> list[str]:
    """Those that can have an answer here; the transaction gets the settings with which definitions are read."""
    asked = queries(connection.info.server_version)
    conditions = list(dict.fromkeys(condition for condition in asked.values() if condition))
    first = ", ".join([*conditions, setting(DEFINITIONS, local=True)])
    ((found,),) = connection.run_prepared((f"SELECT {first}", ()))
    is_true = dict(zip(conditions, found))
    return [query for query, condition in asked.items() if not condition or is_true[condition]]


def _names(kind: ObjectKind, rows: Iterable[CatalogRow]) -> Iterator[str]:
    return (row.name.name for row in rows if row.name.kind is kind)


def _belongs(tables: Collection[str], row: CatalogRow) -> bool:
    """Whether its name or what it is part of, or what stands before the last dot of these, is one of the tables."""
    names = (row.name.name, row.part_of)
    return any(name in tables or name.rpartition(".")[0] in tables for name in names if name)


def _matcher(patterns: Sequence[str]) -> Callable[[CatalogRow], bool]:
    """Whether a name matches a pattern, with or without its schema, or is a part of what does, or a function of it.

    A schema goes with all that is in it.
    """
    if not patterns:
        return lambda _: False
    globs = [pattern + tail for pattern in patterns for tail in ("", ".*", "(*")]
    expression = re.compile("|".join(translate(glob) for glob in globs))
    whole = {pattern[:-2] for pattern in patterns if pattern.endswith(".*")}

    def matches(name: str) -> bool:
        plain = name.replace('"', "")
        return any(expression.match(candidate) for candidate in (plain, plain.partition(".")[2]) if candidate)

    def is_ignored(row: CatalogRow) -> bool:
        if row.name.kind is ObjectKind.SCHEMA and row.name.name.strip('"') in whole:
            return True
        return matches(row.name.name) or matches(row.part_of or "")

    return is_ignored


# Which object needs which

# What initdb made is always there, but for the schema public. A member of an operator family is a part of that, even
# where it would go along with its operator.
DEPENDENCIES = f"""
SELECT d.classid, d.objid, d.objsubid, d.refclassid, d.refobjid, d.refobjsubid,
       CASE WHEN d.classid IN ('pg_amop'::regclass, 'pg_amproc'::regclass)
         AND d.refclassid NOT IN ('pg_opclass'::regclass, 'pg_opfamily'::regclass) THEN 'n' ELSE d.deptype::text END,
       d.classid = 'pg_attrdef'::regclass
FROM pg_depend d
WHERE d.objid >= {FIRST_OID} AND d.deptype <> 'x'
  AND (d.refobjid >= {FIRST_OID} OR d.refclassid = 'pg_namespace'::regclass)
"""
# Partitions are no objects of the schema, but the columns that they are partitioned by are those of the table above.
PARTITION_KEYS = f"""
SELECT DISTINCT coalesce(pg_partition_root(c.oid), c.oid)::regclass || '.' || quote_ident(a.attname)
FROM pg_partitioned_table p JOIN pg_class c ON c.oid = p.partrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace AND {OURS}
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (p.partattrs)
"""
# An object without a name of its own is a part of the first of these that it hangs on.
PART_OF = "iePSa"
GOES_ALONG = "iaPS"


class Dependency(NamedTuple):
    """A row of pg_depend."""

    dependent: ObjectAddress
    needed: ObjectAddress
    kind: str
    of_default: bool

    @classmethod
    def of(cls, row: tuple[int, int, int, int, int, int, str, bool]) -> Dependency:
        """From the columns of the query."""
        return cls(ObjectAddress(*row[:3]), ObjectAddress(*row[3:6]), row[6], row[7])


def _edges(
    named: Mapping[ObjectAddress, ObjectName], dependencies: Iterable[Dependency], partition_keys: Iterable[str]
) -> dict[ObjectName, dict[ObjectName, Tie]]:
    """What every object needs, and how it is tied to that."""
    rows = list(dependencies)
    names = _Names(named, rows)
    found = {
        ObjectName(ObjectKind.PARTITION_KEY, key): {ObjectName(ObjectKind.COLUMN, key): Tie.NEEDS}
        for key in partition_keys
    }
    for row in rows:
        dependent, needed = names.of(row.dependent), names.of(row.needed)
        if dependent is None or needed is None or dependent == needed:
            continue
        tie = Tie.GOES_ALONG if row.kind in GOES_ALONG else Tie.NEEDS
        ties = found.setdefault(dependent, {})
        if ties.get(needed) is not Tie.GOES_ALONG:
            ties[needed] = tie
    return found


class _Names:
    """Names by address; what has none goes by the name of what it is a part of."""

    def __init__(self, named: Mapping[ObjectAddress, ObjectName], rows: Iterable[Dependency]) -> None:
        self.found: dict[ObjectAddress, ObjectName | None] = dict(named)
        self.whole: dict[ObjectAddress, Dependency] = {}
        for row in rows:
            if row.kind in PART_OF and row.dependent not in named:
                other = self.whole.get(row.dependent)
                if other is None or PART_OF.index(row.kind) < PART_OF.index(other.kind):
                    self.whole[row.dependent] = row

    def of(self, address: ObjectAddress) -> ObjectName | None:
        if address not in self.found:
            self.found[address] = None  # whoever hangs on itself has no name
            self.found[address] = self._of_unnamed(address)
        return self.found[address]

    def _of_unnamed(self, address: ObjectAddress) -> ObjectName | None:
        row = self.whole.get(address)
        if row is not None:
            whole = self.of(row.needed)
            return ObjectName(ObjectKind.DEFAULT, whole.name) if whole and row.of_default else whole
        return self.of(address._replace(part=0)) if address.part else None


# What every object is called that can be renamed

TYPE = "quote_ident(n.nspname) || '.' || quote_ident(t.typname)"
NAMES = f"""
SELECT 'schema', quote_ident(n.nspname), {address("pg_namespace", "n.oid")} FROM pg_namespace n WHERE {OURS}
UNION ALL
SELECT CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table'
         WHEN 'S' THEN 'sequence' ELSE 'table' END, {RELATION}, {address("pg_class", "c.oid")}
FROM {RELATIONS} AND c.relkind IN ('r', 'p', 'f', 'v', 'm', 'S')
UNION ALL
SELECT 'column', {RELATION} || '.' || quote_ident(a.attname), {address("pg_class", "c.oid", "a.attnum")}
FROM {RELATIONS} AND c.relkind IN ('r', 'p', 'f') JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
  AND NOT a.attisdropped
UNION ALL
SELECT 'constraint', {RELATION} || '.' || quote_ident(o.conname), {address("pg_constraint", "o.oid")}
FROM {RELATIONS} JOIN pg_constraint o ON o.conrelid = c.oid AND o.contype <> 't'
UNION ALL
SELECT 'index', {RELATION} || '.' || quote_ident(x.relname), {address("pg_class", "x.oid")}
FROM {RELATIONS} JOIN pg_index i ON i.indrelid = c.oid JOIN pg_class x ON x.oid = i.indexrelid
UNION ALL
SELECT 'trigger', {RELATION} || '.' || quote_ident(t.tgname), {address("pg_trigger", "t.oid")}
FROM {RELATIONS} JOIN pg_trigger t ON t.tgrelid = c.oid AND NOT t.tgisinternal
UNION ALL
SELECT CASE t.typtype WHEN 'e' THEN 'enum' WHEN 'd' THEN 'domain' WHEN 'r' THEN 'range' ELSE 'composite type' END,
       {TYPE}, {address("pg_type", "t.oid")}
FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace AND {OURS} LEFT JOIN pg_class c ON c.oid = t.typrelid
WHERE t.typtype IN ('e', 'd', 'r') OR c.relkind = 'c'
UNION ALL
SELECT CASE p.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END,
       p.oid::regprocedure::text, {address("pg_proc", "p.oid")}
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace AND {OURS}
"""


def read_names(connection: Connection) -> dict[ObjectAddress, ObjectName]:
    """What everything is called now, as the session sees it, uncommitted changes included."""
    with connection.transaction(force_rollback=True), connection.pipeline():
        cursor = connection.execute(NAMES.encode())
        rows = cursor.fetchall()
    return {ObjectAddress(*key): ObjectName(KINDS[kind], name) for kind, name, *key in rows}
