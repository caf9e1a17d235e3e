"""Privileges that are not on an object of the schema: defaults for new objects, changes to PostgreSQL's own objects."""

from __future__ import annotations

from gitmig.schema.catalog.scope import BUILDERS, FIRST_OID, NO_ADDRESS, OURS, Rare, granted, some

DEFAULT_PRIVILEGES = f"""
SELECT 'default privileges', concat_ws('.', nullif(d.defaclnamespace, 0)::regnamespace, d.role, d.defaclobjtype),
       jsonb_agg(DISTINCT {granted("d.defaclacl", "d.defaclrole")})::text, {NO_ADDRESS}
FROM (SELECT *, CASE WHEN defaclrole IN {BUILDERS} THEN 'owner' ELSE defaclrole::regrole::text END AS role
        FROM pg_default_acl) d
  LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace
WHERE d.defaclnamespace = 0 OR {OURS}
GROUP BY d.defaclnamespace, d.role, d.defaclobjtype
"""

SYSTEM_OBJECTS = f"""
  SELECT 'pg_proc'::regclass AS catalog, oid, 'f'::"char" AS kind, proacl AS acl, proowner AS owner
    FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace AND proacl IS NOT NULL
  UNION ALL SELECT 'pg_class'::regclass, oid, 'r', relacl, relowner
    FROM pg_class WHERE relnamespace = 'pg_catalog'::regnamespace AND relacl IS NOT NULL
  UNION ALL SELECT 'pg_type'::regclass, oid, 'T', typacl, typowner
    FROM pg_type WHERE typnamespace = 'pg_catalog'::regnamespace AND typacl IS NOT NULL
  UNION ALL SELECT 'pg_language'::regclass, oid, 'l', lanacl, lanowner FROM pg_language WHERE oid < {FIRST_OID}
  UNION ALL SELECT 'pg_namespace'::regclass, oid, 'n', nspacl, nspowner FROM pg_namespace WHERE nspname = 'pg_catalog'
"""
NOW = granted("coalesce(o.acl, acldefault(o.kind, o.owner))", "o.owner")
AT_FIRST = granted("coalesce(p.initprivs, acldefault(o.kind, o.owner))", "o.owner")
# What initdb granted is no change; the cheap comparison goes first.
SYSTEM_PRIVILEGES = f"""
SELECT 'system privileges', i.identity, jsonb_build_array(i.type, {NOW})::text, {NO_ADDRESS}
FROM ({SYSTEM_OBJECTS}) o
  LEFT JOIN pg_init_privs p ON p.classoid = o.catalog AND p.objoid = o.oid AND p.objsubid = 0,
  pg_identify_object(o.catalog, o.oid, 0) i
WHERE o.acl IS DISTINCT FROM p.initprivs AND CASE WHEN o.acl IS DISTINCT FROM p.initprivs THEN {NOW} <> {AT_FIRST} END
  AND NOT EXISTS (SELECT FROM pg_depend m WHERE m.deptype = 'e' AND m.classid = o.catalog AND m.objid = o.oid)
"""


def queries(_server_version: int) -> tuple[str, ...]:
    """The family's queries."""
    return (Rare(DEFAULT_PRIVILEGES, some("pg_default_acl", "true")), SYSTEM_PRIVILEGES)
