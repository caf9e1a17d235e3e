"""Schemas, extensions, and what hangs on objects of any kind: dependencies on extensions, security labels."""

from __future__ import annotations

from gitmig.schema.catalog.scope import FIRST_OID, NO_ADDRESS, OURS, Rare, address, comment, grants, own, some

SCHEMAS = f"""
SELECT 'schema', quote_ident(n.nspname),
       jsonb_build_array({grants("n.nspacl", "n", "n.nspowner")}, {comment("pg_namespace", "n.oid")})::text,
       {address("pg_namespace", "n.oid")}
FROM pg_namespace n WHERE {OURS} AND {own("pg_namespace", "n.oid")}
"""

# A dump names no version, so that a newer server may bring a newer one, and takes plpgsql for granted.
EXTENSIONS = f"""
SELECT 'extension', quote_ident(e.extname),
       jsonb_build_array(quote_ident(n.nspname), {comment("pg_extension", "e.oid")})::text,
       {address("pg_extension", "e.oid")}
FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.oid >= {FIRST_OID}
"""

# ALTER … DEPENDS ON EXTENSION, which a dump has for these kinds.
EXTENSION_DEPENDENCIES = f"""
SELECT 'extension dependency', i.identity || '.' || quote_ident(e.extname), i.type, {NO_ADDRESS}
FROM pg_extension e
  JOIN pg_depend d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'x',
  pg_identify_object(d.classid, d.objid, d.objsubid) i
"""

SECURITY_LABELS = f"""
SELECT 'security label', i.identity || '.' || quote_ident(l.provider), jsonb_build_array(i.type, l.label)::text,
       {NO_ADDRESS}
FROM pg_seclabel l LEFT JOIN pg_class c ON l.classoid = 'pg_class'::regclass AND c.oid = l.objoid,
  pg_identify_object(l.classoid, l.objoid, l.objsubid) i
WHERE c.relispartition IS NOT TRUE AND NOT EXISTS (
  SELECT FROM pg_depend m WHERE m.deptype = 'e' AND m.classid = l.classoid AND m.objid = l.objoid)
"""


def queries(_server_version: int) -> tuple[str, ...]:
    """The family's queries."""
    return (
        SCHEMAS,
        Rare(EXTENSIONS, some("pg_extension")),
        EXTENSION_DEPENDENCIES,
        Rare(SECURITY_LABELS, some("pg_seclabel", "true")),
    )
