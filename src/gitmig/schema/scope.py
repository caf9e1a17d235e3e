"""Pieces of SQL about the catalogs: what counts as somebody's schema; how privileges, options, comments are written."""

from __future__ import annotations

# A namespace whose objects are somebody's schema; `n` is pg_namespace.
OURS = "n.nspname !~ '^(pg_|gitmig$|gitmig_)' AND n.nspname <> 'information_schema'"
# Objects below are PostgreSQL's own, in catalogs whose objects have no namespace (FirstNormalObjectId).
FIRST_OID = 16384
# The roles a migration runs as. What PostgreSQL notes about them says nothing about the schema.
BUILDERS = """(SELECT datdba FROM pg_database WHERE datname = current_database()
           UNION SELECT oid FROM pg_roles WHERE rolname = current_user)"""


def some(catalog: str, condition: str = f"oid >= {FIRST_OID}") -> str:
    """That there is a row in the catalog, by default one for an object that a user made."""
    return f"EXISTS (SELECT FROM pg_catalog.{catalog} WHERE {condition})"


RELATION = "quote_ident(n.nspname) || '.' || quote_ident(c.relname)"
# Relations that count; every query on their parts starts from here.
RELATIONS = f"pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace AND {OURS} AND NOT c.relispartition"


def own(catalog: str, oid: str) -> str:
    """No member of an extension; what these have is found by an index."""
    return (
        "NOT EXISTS (SELECT FROM pg_depend member WHERE member.refclassid = 'pg_extension'::regclass "
        f"AND member.deptype = 'e' AND member.classid = '{catalog}'::regclass AND member.objid = {oid})"
    )


# What nothing depends on.
NO_ADDRESS = "NULL::oid, NULL::oid, NULL::int"

OWN_RELATION = own("pg_class", "c.oid")


def address(catalog: str, oid: str, part: str = "0") -> str:
    """Three columns: where pg_depend finds the object."""
    return f"'{catalog}'::regclass::oid, {oid}, {part}"


def listing(expression: str, source: str) -> str:
    """An array of text in an order that depends on nothing else; null if it is empty."""
    return f"""(SELECT array_agg({expression} ORDER BY {expression} COLLATE "C") FROM {source})"""


def sorted_options(array: str) -> str:
    """Options as `fillfactor=70`: the order in which they were set means nothing."""
    return listing("o.o", f"unnest({array}) o(o)")


def grants(acl: str, kind: str, owner: str) -> str:
    """Privileges as sorted text, with `owner` for the owner, whoever that is.

    None written down are the same as the defaults written out: both are null.
    """
    by_default = granted(f"acldefault('{kind}', {owner})", owner)
    return f"CASE WHEN {acl} IS NOT NULL THEN nullif({granted(acl, owner)}, {by_default}) END"


def granted(acl: str, owner: str) -> str:
    """Privileges as sorted text; who granted them is named where that is not the owner."""
    line = (
        f"CASE x.grantee WHEN 0 THEN 'PUBLIC' WHEN {owner} THEN 'owner' ELSE x.grantee::regrole::text END || '=' || "
        "x.privilege_type || CASE WHEN x.is_grantable THEN '*' ELSE '' END || "
        f"CASE WHEN x.grantor <> {owner} THEN ' by ' || x.grantor::regrole ELSE '' END"
    )
    rows = listing(line, f"aclexplode({acl}) x")
    return f"coalesce({rows}, '{{}}')"


def comment(catalog: str, oid: str, part: str = "0") -> str:
    """The comment on an object or on one of its parts."""
    return (
        "(SELECT note.description FROM pg_description note WHERE note.objoid = "
        f"{oid} AND note.classoid = '{catalog}'::regclass AND note.objsubid = {part})"
    )


def named(catalog: str, name: str, namespace: str, oid: str) -> str:
    """The name of an object whose kind has no reg* type, schema included."""
    return (
        f"(SELECT named.{namespace}::regnamespace || '.' || quote_ident(named.{name}) "
        f"FROM {catalog} named WHERE named.oid = {oid})"
    )
