"""Functions, procedures, aggregates, and the languages and transforms they are written with."""

from __future__ import annotations

from gitmig.schema.catalog.scope import FIRST_OID, OURS, Rare, address, comment, grants, own, some

# The constructors of a range come with it (deptype i); so does whatever is granted on them, for a dump.
FROM = f"""pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace AND {OURS} AND NOT EXISTS (
  SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype IN ('e', 'i'))"""

# PostgreSQL can write the definition of any routine but an aggregate.
AGGREGATE = """jsonb_build_array(pg_get_function_arguments(p.oid), p.proparallel, a.aggkind,
           nullif(a.aggsortop, 0)::regoperator,
           a.aggtransfn, a.aggtranstype::regtype, a.aggtransspace, a.agginitval,
           a.aggfinalfn, a.aggfinalextra, a.aggfinalmodify, a.aggcombinefn, a.aggserialfn, a.aggdeserialfn,
           a.aggmtransfn, a.aggminvtransfn, nullif(a.aggmtranstype, 0)::regtype, a.aggmtransspace, a.aggminitval,
           a.aggmfinalfn, a.aggmfinalextra, a.aggmfinalmodify)"""
ROUTINES = f"""
SELECT CASE p.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END,
       p.oid::regprocedure::text,
       jsonb_build_array(CASE WHEN p.prokind = 'a' THEN {AGGREGATE} ELSE to_jsonb(pg_get_functiondef(p.oid)) END,
         {grants("p.proacl", "f", "p.proowner")}, {comment("pg_proc", "p.oid")})::text, {address("pg_proc", "p.oid")}
FROM {FROM} LEFT JOIN pg_aggregate a ON a.aggfnoid = p.oid
"""

LANGUAGES = f"""
SELECT 'language', quote_ident(l.lanname), jsonb_build_array(l.lanpltrusted, nullif(l.lanplcallfoid, 0)::regprocedure,
         nullif(l.laninline, 0)::regprocedure, nullif(l.lanvalidator, 0)::regprocedure,
         {grants("l.lanacl", "l", "l.lanowner")}, {comment("pg_language", "l.oid")})::text,
         {address("pg_language", "l.oid")}
FROM pg_language l WHERE l.oid >= {FIRST_OID} AND {own("pg_language", "l.oid")}
"""

TRANSFORMS = f"""
SELECT 'transform', format_type(t.trftype, NULL) || ' ' || quote_ident(l.lanname),
       jsonb_build_array(nullif(t.trffromsql, 0)::regprocedure, nullif(t.trftosql, 0)::regprocedure,
         {comment("pg_transform", "t.oid")})::text, {address("pg_transform", "t.oid")}
FROM pg_transform t JOIN pg_language l ON l.oid = t.trflang WHERE {own("pg_transform", "t.oid")}
"""


def queries(_server_version: int) -> tuple[str, ...]:
    """The family's queries."""
    return (ROUTINES, Rare(LANGUAGES, some("pg_language")), Rare(TRANSFORMS, some("pg_transform")))
