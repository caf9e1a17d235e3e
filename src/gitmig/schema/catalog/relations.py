"""Tables, partitioned and foreign tables, views and materialized views, with their columns."""

from __future__ import annotations

from gitmig.schema.catalog.scope import (
    NO_ADDRESS,
    OWN_RELATION,
    RELATION,
    RELATIONS,
    address,
    comment,
    grants,
    listing,
    options,
)

# The replica identity is a mark on an index (see `indexes`) or one of two words here. No population: that is data.
COLUMN_NAMES = """(SELECT array_agg(quote_ident(a.attname) ORDER BY a.attnum) FROM pg_attribute a
           WHERE a.attrelid = c.oid AND a.attnum > 0)"""
RELATION_DEFINITIONS = f"""
SELECT CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table'
         ELSE 'table' END,
       {RELATION},
       jsonb_build_array(c.relpersistence, c.relrowsecurity, c.relforcerowsecurity,
         {options("c.reloptions")},
         (SELECT {options("t.reloptions")} FROM pg_class t WHERE t.oid = c.reltoastrelid),
         CASE WHEN c.relreplident IN ('n', 'f') THEN c.relreplident END,
         nullif(c.reloftype, 0)::regtype,
         pg_get_partkeydef(c.oid),
         (SELECT quote_ident(a.amname) FROM pg_am a WHERE a.oid = c.relam),
         (SELECT quote_ident(s.spcname) FROM pg_tablespace s WHERE s.oid = c.reltablespace),
         (SELECT array_agg(i.inhparent::regclass ORDER BY i.inhseqno) FROM pg_inherits i WHERE i.inhrelid = c.oid),
         (SELECT jsonb_build_array(quote_ident(s.srvname), {options("f.ftoptions")})
            FROM pg_foreign_table f JOIN pg_foreign_server s ON s.oid = f.ftserver WHERE f.ftrelid = c.oid),
         CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END,
         CASE WHEN c.relkind IN ('v', 'm') THEN {COLUMN_NAMES} END,
         {grants("c.relacl", "r", "c.relowner")}, {comment("pg_class", "c.oid")})::text, {address("pg_class", "c.oid")}
FROM {RELATIONS} AND c.relkind IN ('r', 'p', 'f', 'v', 'm') WHERE {OWN_RELATION}
"""

# Since 15.20 (November 2026) the server keeps a note of its own among a column's options; pg_dump leaves it out.
NOTE = "'pg_attver=%'"
COLUMN_OPTIONS = f"""CASE WHEN cardinality(a.attoptions) > 1 OR a.attoptions[1] NOT LIKE {NOTE} THEN
           {listing("o.o", f"unnest(a.attoptions) o(o) WHERE o.o NOT LIKE {NOTE}")} END"""
# What a column inherits is in its parents; whether it would stay without them is its own.
COLUMNS = f"""
SELECT 'column', {RELATION} || '.' || quote_ident(a.attname),
       jsonb_build_array(format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated,
         pg_get_expr(d.adbin, d.adrelid), a.attislocal,
         CASE WHEN a.attcollation <> t.typcollation THEN a.attcollation::regcollation END,
         CASE WHEN a.attstorage <> t.typstorage THEN a.attstorage END,
         a.attcompression, nullif(a.attstattarget, -1),
         {COLUMN_OPTIONS},
         CASE WHEN a.attfdwoptions IS NOT NULL THEN {options("a.attfdwoptions")} END,
         {grants("a.attacl", "c", "c.relowner")}, {comment("pg_class", "c.oid", "a.attnum")})::text,
       {address("pg_class", "c.oid", "a.attnum")}
FROM {RELATIONS} AND c.relkind IN ('r', 'p', 'f', 'v', 'm')
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  JOIN pg_type t ON t.oid = a.atttypid
  LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE {OWN_RELATION}
"""

COLUMN_ORDER = f"""
SELECT 'column order', {RELATION},
       (SELECT coalesce(string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum), '')
          FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
       {NO_ADDRESS}
FROM {RELATIONS} AND c.relkind IN ('r', 'p', 'f') WHERE {OWN_RELATION}
"""

# The last column is what a sequence is part of: its column, if it is owned by one.
OWNER = """
  LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('a', 'i')
    AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0
  LEFT JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
  LEFT JOIN pg_class o ON o.oid = d.refobjid
"""
SEQUENCES = f"""
SELECT 'sequence', {RELATION},
       jsonb_build_array(format_type(s.seqtypid, NULL), s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache,
         s.seqcycle, c.relpersistence, d.refobjid::regclass || '.' || quote_ident(a.attname),
         {grants("c.relacl", "s", "c.relowner")}, {comment("pg_class", "c.oid")})::text, {address("pg_class", "c.oid")},
       d.refobjid::regclass || '.' || quote_ident(a.attname)
FROM {RELATIONS} JOIN pg_sequence s ON s.seqrelid = c.oid {OWNER}
WHERE {OWN_RELATION} AND o.relispartition IS NOT TRUE
"""


def queries(_server_version: int) -> tuple[str, ...]:
    """The family's queries."""
    return (RELATION_DEFINITIONS, COLUMNS, COLUMN_ORDER, SEQUENCES)
