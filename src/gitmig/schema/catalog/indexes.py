"""Constraints, indexes and statistics objects: what a table knows about its rows."""

from __future__ import annotations

from gitmig.schema.catalog.scope import (
    OURS,
    OWN_RELATION,
    RELATION,
    RELATIONS,
    Rare,
    address,
    comment,
    listing,
    own,
    some,
)

# A foreign key to a partitioned table has a child for every partition. Constraint triggers are with the triggers.
CONSTRAINTS = f"""
SELECT 'constraint', {RELATION} || '.' || quote_ident(o.conname),
       jsonb_build_array(pg_get_constraintdef(o.oid), o.conislocal, {comment("pg_constraint", "o.oid")})::text,
       {address("pg_constraint", "o.oid")}
FROM {RELATIONS} JOIN pg_constraint o ON o.conrelid = c.oid AND o.contype <> 't'
WHERE {OWN_RELATION} AND (o.conparentid = 0 OR o.contype <> 'f')
"""

# An index of a partitioned table is valid once every partition has its part, and partitions do not count.
INDEXES = f"""
SELECT 'index', {RELATION} || '.' || quote_ident(x.relname),
       jsonb_build_array(pg_get_indexdef(i.indexrelid), i.indisclustered, i.indisreplident,
         CASE WHEN x.relkind = 'i' THEN i.indisvalid END,
         (SELECT quote_ident(s.spcname) FROM pg_tablespace s WHERE s.oid = x.reltablespace),
         CASE WHEN i.indexprs IS NOT NULL THEN
           (SELECT array_agg(a.attnum || ':' || a.attstattarget ORDER BY a.attnum) FROM pg_attribute a
              WHERE a.attrelid = x.oid AND a.attstattarget >= 0) END,
         {comment("pg_class", "x.oid")})::text, {address("pg_class", "x.oid")}
FROM {RELATIONS} JOIN pg_index i ON i.indrelid = c.oid JOIN pg_class x ON x.oid = i.indexrelid
WHERE {OWN_RELATION}
"""

# Not pg_get_statisticsobjdef: it names the columns in the order they have in the table.
COLUMN_NAMES = listing(
    "quote_ident(a.attname)", "pg_attribute a WHERE a.attrelid = s.stxrelid AND a.attnum = ANY (s.stxkeys)"
)
EXPRESSIONS = listing("e.e", "unnest(pg_get_statisticsobjdef_expressions(s.oid)) e(e)")
STATISTICS = f"""
SELECT 'statistics', quote_ident(n.nspname) || '.' || quote_ident(s.stxname),
       jsonb_build_array(s.stxrelid::regclass, s.stxkind, {COLUMN_NAMES}, {EXPRESSIONS},
         nullif(s.stxstattarget, -1), {comment("pg_statistic_ext", "s.oid")})::text,
       {address("pg_statistic_ext", "s.oid")},
       s.stxrelid::regclass::text
FROM pg_statistic_ext s JOIN pg_namespace n ON n.oid = s.stxnamespace AND {OURS}
  JOIN pg_class c ON c.oid = s.stxrelid AND NOT c.relispartition
WHERE {own("pg_statistic_ext", "s.oid")}
"""


def queries(_server_version: int) -> tuple[str, ...]:
    """The family's queries."""
    return (CONSTRAINTS, INDEXES, Rare(STATISTICS, some("pg_statistic_ext")))
