"""Enums, composite types, domains, ranges, base types."""

from __future__ import annotations

from gitmig.schema.catalog.scope import FIRST_OID, OURS, Rare, address, comment, grants, listing, named, own, some

NAME = "quote_ident(n.nspname) || '.' || quote_ident(t.typname)"
FROM = f"pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace AND {OURS} AND {own('pg_type', 't.oid')}"
ADDRESS = address("pg_type", "t.oid")
COMMON = f"{grants('t.typacl', 'T', 't.typowner')}, {comment('pg_type', 't.oid')}"

ENUMS = f"""
SELECT 'enum', {NAME}, jsonb_build_array(
         (SELECT array_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid),
         {COMMON})::text, {ADDRESS}
FROM {FROM} WHERE t.typtype = 'e'
"""

# In a row type, unlike in a table, the order of the attributes counts.
COMPOSITES = f"""
SELECT 'composite type', {NAME}, jsonb_build_array(
         (SELECT jsonb_agg(jsonb_build_array(quote_ident(a.attname), format_type(a.atttypid, a.atttypmod),
              CASE WHEN a.attcollation <> b.typcollation THEN a.attcollation::regcollation END,
              {comment("pg_class", "c.oid", "a.attnum")}) ORDER BY a.attnum)
            FROM pg_attribute a JOIN pg_type b ON b.oid = a.atttypid
            WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
         {COMMON})::text, {ADDRESS}
FROM {FROM} JOIN pg_class c ON c.oid = t.typrelid AND c.relkind = 'c' WHERE t.typtype = 'c'
"""

# The text of a default depends on the search path of whoever wrote it; only base types have nothing better.
DOMAIN_CONSTRAINT = (
    f"jsonb_build_array(o.conname, pg_get_constraintdef(o.oid), {comment('pg_constraint', 'o.oid')})::text"
)
DOMAINS = f"""
SELECT 'domain', {NAME}, jsonb_build_array(format_type(t.typbasetype, t.typtypmod), t.typnotnull,
         coalesce(pg_get_expr(t.typdefaultbin, 0), t.typdefault),
         (SELECT t.typcollation::regcollation FROM pg_type b
            WHERE b.oid = t.typbasetype AND b.typcollation <> t.typcollation),
         {listing(DOMAIN_CONSTRAINT, "pg_constraint o WHERE o.contypid = t.oid AND o.contype IN ({kinds})")},
         {COMMON})::text, {ADDRESS}
FROM {FROM} WHERE t.typtype = 'd'
"""

RANGES = f"""
SELECT 'range', {NAME}, jsonb_build_array(r.rngsubtype::regtype, r.rngcanonical, r.rngsubdiff,
         {named("pg_opclass", "opcname", "opcnamespace", "r.rngsubopc")}, nullif(r.rngcollation, 0)::regcollation,
         r.rngmultitypid::regtype, {COMMON})::text, {ADDRESS}
FROM {FROM} JOIN pg_range r ON r.rngtypid = t.oid WHERE t.typtype = 'r'
"""

# Every type has an array type, which is no object of its own; a pseudo-type is one that was only announced.
BASES = f"""
SELECT 'base type', {NAME}, jsonb_build_array(t.typlen, t.typbyval, t.typcategory, t.typispreferred,
         t.typdelim, t.typinput, t.typoutput, t.typreceive, t.typsend, t.typmodin, t.typmodout, t.typanalyze,
         t.typsubscript, nullif(t.typelem, 0)::regtype, t.typalign, t.typstorage,
         coalesce(pg_get_expr(t.typdefaultbin, 0), t.typdefault), t.typcollation <> 0, {COMMON})::text, {ADDRESS}
FROM {FROM} LEFT JOIN pg_type e ON e.oid = t.typelem AND e.typarray = t.oid
WHERE t.typtype IN ('b', 'p') AND e.oid IS NULL
"""

# An array type is what exactly one other type points to.
MORE_THAN_ARRAYS = f"""
(SELECT count(*) FROM pg_catalog.pg_type WHERE oid >= {FIRST_OID} AND typtype IN ('b', 'p'))
  <> (SELECT count(*) FROM pg_catalog.pg_type WHERE oid >= {FIRST_OID} AND typarray <> 0)
"""


def queries(server_version: int) -> tuple[str, ...]:
    """The family's queries."""
    # NOT NULL of a domain has a name in the catalogs since PostgreSQL 17, and in a dump since 18.
    kinds = "'c', 'n'" if server_version >= 180000 else "'c'"
    return (
        Rare(ENUMS, some("pg_type", f"oid >= {FIRST_OID} AND typtype = 'e'")),
        Rare(COMPOSITES, some("pg_class", f"oid >= {FIRST_OID} AND relkind = 'c'")),
        Rare(DOMAINS.replace("{kinds}", kinds), some("pg_type", f"oid >= {FIRST_OID} AND typtype = 'd'")),
        Rare(RANGES, some("pg_range", f"rngtypid >= {FIRST_OID}")),
        Rare(BASES, MORE_THAN_ARRAYS),
    )
