"""Operators, operator classes and families, access methods, casts."""

from __future__ import annotations

from gitmig.schema.catalog.scope import FIRST_OID, OURS, address, comment, listing, named, own

CATALOGS = ("pg_operator", "pg_opclass", "pg_opfamily", "pg_am", "pg_cast")

# An operator that was only announced, as somebody's commutator, has no function yet.
OPERATORS = f"""
SELECT 'operator', o.oid::regoperator::text,
       jsonb_build_array(o.oprcode, o.oprrest, o.oprjoin, nullif(o.oprcom, 0)::regoperator,
         nullif(o.oprnegate, 0)::regoperator, o.oprcanmerge, o.oprcanhash, {comment("pg_operator", "o.oid")})::text,
       {address("pg_operator", "o.oid")}
FROM pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace AND {OURS} AND {own("pg_operator", "o.oid")}
WHERE o.oprcode <> 0
"""

MEMBERS = """(
  SELECT d.refclassid, d.refobjid, 'operator ' || a.amopstrategy || ' ' || a.amopopr::regoperator
    || coalesce(' by ' || {sort_family}, '') AS member
  FROM pg_amop a JOIN pg_depend d ON d.classid = 'pg_amop'::regclass AND d.objid = a.oid
  UNION ALL
  SELECT d.refclassid, d.refobjid, 'function ' || a.amprocnum || ' ' || format_type(a.amproclefttype, NULL) || ', '
    || format_type(a.amprocrighttype, NULL) || ' ' || a.amproc::regprocedure
  FROM pg_amproc a JOIN pg_depend d ON d.classid = 'pg_amproc'::regclass AND d.objid = a.oid) m
""".format(sort_family=named("pg_opfamily", "opfname", "opfnamespace", "a.amopsortfamily"))

OPERATOR_CLASSES = f"""
SELECT 'operator class', quote_ident(n.nspname) || '.' || quote_ident(o.opcname) || ' ' || m.amname,
       jsonb_build_array(o.opcintype::regtype, o.opcdefault, nullif(o.opckeytype, 0)::regtype,
         {named("pg_opfamily", "opfname", "opfnamespace", "o.opcfamily")},
         {listing("m.member", f"{MEMBERS} WHERE m.refclassid = 'pg_opclass'::regclass AND m.refobjid = o.oid")},
         {comment("pg_opclass", "o.oid")})::text, {address("pg_opclass", "o.oid")}
FROM pg_opclass o JOIN pg_am m ON m.oid = o.opcmethod JOIN pg_namespace n ON n.oid = o.opcnamespace
WHERE {OURS} AND {own("pg_opclass", "o.oid")}
"""

# The members that belong to no class of the family.
OPERATOR_FAMILIES = f"""
SELECT 'operator family', quote_ident(n.nspname) || '.' || quote_ident(f.opfname) || ' ' || m.amname,
       jsonb_build_array(
         {listing("m.member", f"{MEMBERS} WHERE m.refclassid = 'pg_opfamily'::regclass AND m.refobjid = f.oid")},
         {comment("pg_opfamily", "f.oid")})::text, {address("pg_opfamily", "f.oid")}
FROM pg_opfamily f JOIN pg_am m ON m.oid = f.opfmethod JOIN pg_namespace n ON n.oid = f.opfnamespace
WHERE {OURS} AND {own("pg_opfamily", "f.oid")}
"""

ACCESS_METHODS = f"""
SELECT 'access method', quote_ident(m.amname),
       jsonb_build_array(m.amhandler, m.amtype, {comment("pg_am", "m.oid")})::text, {address("pg_am", "m.oid")}
FROM pg_am m WHERE m.oid >= {FIRST_OID} AND {own("pg_am", "m.oid")}
"""

# Every range can be cast to its multirange; that comes with the range.
CASTS = f"""
SELECT 'cast', format_type(c.castsource, NULL) || ' AS ' || format_type(c.casttarget, NULL),
       jsonb_build_array(nullif(c.castfunc, 0)::regprocedure, c.castcontext, c.castmethod,
         {comment("pg_cast", "c.oid")})::text, {address("pg_cast", "c.oid")}
FROM pg_cast c WHERE c.oid >= {FIRST_OID} AND {own("pg_cast", "c.oid")}
  AND NOT EXISTS (SELECT FROM pg_range r WHERE r.rngtypid = c.castsource AND r.rngmultitypid = c.casttarget)
"""


def queries(_server_version: int) -> tuple[str, ...]:
    """The family's queries."""
    return (OPERATORS, OPERATOR_CLASSES, OPERATOR_FAMILIES, ACCESS_METHODS, CASTS)
