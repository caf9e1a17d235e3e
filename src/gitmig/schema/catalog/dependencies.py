"""Which object needs which, from pg_depend: read only when asked for, and told by the names of the schema's objects.

What every object is called that can be renamed, by its address: so that a rename shows as one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from gitmig.schema.catalog.scope import FIRST_OID, OURS, RELATION, RELATIONS, address
from gitmig.schema.model import DEFAULT, PARTITION_KEY, ObjectName, Tie

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from gitmig.postgres.connection import Connection


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


class Address(NamedTuple):
    """How pg_depend names an object; the part is a column's number, or 0."""

    catalog: int
    oid: int
    part: int


class Dependency(NamedTuple):
    """A row of pg_depend."""

    dependent: Address
    needed: Address
    kind: str
    of_default: bool

    @classmethod
    def of(cls, row: tuple[int, int, int, int, int, int, str, bool]) -> Dependency:
        """From the columns of the query."""
        return cls(Address(*row[:3]), Address(*row[3:6]), row[6], row[7])


def edges(
    named: Mapping[Address, ObjectName], dependencies: Iterable[Dependency], partition_keys: Iterable[str]
) -> dict[ObjectName, dict[ObjectName, Tie]]:
    """What every object needs, and how it is tied to that."""
    rows = list(dependencies)
    names = _Names(named, rows)
    found = {ObjectName(PARTITION_KEY, key): {ObjectName("column", key): Tie.NEEDS} for key in partition_keys}
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

    def __init__(self, named: Mapping[Address, ObjectName], rows: Iterable[Dependency]) -> None:
        self.found: dict[Address, ObjectName | None] = dict(named)
        self.whole: dict[Address, Dependency] = {}
        for row in rows:
            if row.kind in PART_OF and row.dependent not in named:
                other = self.whole.get(row.dependent)
                if other is None or PART_OF.index(row.kind) < PART_OF.index(other.kind):
                    self.whole[row.dependent] = row

    def of(self, address: Address) -> ObjectName | None:
        if address not in self.found:
            self.found[address] = None  # whoever hangs on itself has no name
            self.found[address] = self._of_unnamed(address)
        return self.found[address]

    def _of_unnamed(self, address: Address) -> ObjectName | None:
        row = self.whole.get(address)
        if row is not None:
            whole = self.of(row.needed)
            return ObjectName(DEFAULT, whole.name) if whole and row.of_default else whole
        return self.of(address._replace(part=0)) if address.part else None


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


def read_names(connection: Connection) -> dict[Address, ObjectName]:
    """What everything is called now, as the session sees it, uncommitted changes included."""
    with connection.transaction(force_rollback=True), connection.pipeline():
        cursor = connection.execute(NAMES.encode())
        rows = cursor.fetchall()
    return {Address(*key): ObjectName(kind, name) for kind, name, *key in rows}
