"""Whether a ledger is to be believed: who owns it, may write it, or has attached something to it.

What stands in the ledger runs as whoever syncs. So it is believed only if it belongs to the syncing user, to an
accepted role, or to a superuser, who can do anything anyway. That is read from the catalogs alone, so that nothing of
theirs runs, and judged on plain values. What gitmig makes of a ledger itself is nobody else's.
"""

from __future__ import annotations

import re
import shlex
from enum import Enum
from typing import TYPE_CHECKING

from msgspec import Struct

from gitmig.errors import UntrustedLedger
from gitmig.schema.scope import FIRST_OID

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from gitmig.postgres.connection import Connection

SETTING = "gitmig.ledgerRole"
WHY = "what stands in the ledger runs as you"
MOST = 3  # further findings that are told
SCHEMAS = "('gitmig', 'gitmig_kept')"
KEPT_ITEMS = "gitmig_kept.item"  # the list of kept rows
THERE = "SELECT relnamespace FROM pg_catalog.pg_class WHERE oid = pg_catalog.to_regclass(%s)"
EXISTING = f"SELECT oid FROM pg_catalog.pg_namespace WHERE nspname IN {SCHEMAS}"


class Power(Enum):
    """How a role can decide what stands in the ledger, or what runs when it is read and written."""

    OWNS = "owns"
    MAY = "may"
    # What gitmig never makes, and what changes the meaning of reading and writing. Whoever made it, it is refused.
    SHAPE = "shape"


class Access(Struct, frozen=True, kw_only=True):
    """What a role has of the ledger, or in it. `role` None is PUBLIC.

    `what` names the object as PostgreSQL describes it; of MAY, `rights` are privileges as GRANT writes them and `on` is
    the object as GRANT names it, or "" where a membership gives them.
    """

    power: Power
    role: str | None
    what: str
    rights: str = ""
    on: str = ""


class Distrust(Struct, frozen=True, kw_only=True):
    """One sentence about why the ledger is not believed, further lines, and what to do."""

    message: str
    hint: str
    details: tuple[str, ...] = ()


def refuse_strangers(connection: Connection, accepted: Collection[str]) -> None:
    """Raise UntrustedLedger if a role that is not accepted owns a part of the ledger, may write it, or acts in it.

    To be asked before anything else of the ledger is read, and under the lock, if there is to be one. What is made by
    others later, `is_there` will look at in the same way.
    """
    connection.ledger_roles = tuple(accepted)
    schemas = connection.values(EXISTING)
    if schemas:
        (rows,) = connection.run_prepared((FOUND, (schemas,)))  # under the lock it is asked again
        found = [Access(power=Power(power), role=role, what=what, rights=r, on=on) for power, role, what, r, on in rows]
        if refusal := judge(found, accepted):
            raise UntrustedLedger(refusal.message, hint=refusal.hint, details=refusal.details)
    connection.believed = frozenset(schemas)


def is_there(connection: Connection, table: str) -> bool:
    """Whether there is this table of the ledger. Raises UntrustedLedger if its schema came since, from a stranger.

    A scratch build takes seconds, in which somebody may have made a ledger with views for tables.
    """
    schema = connection.value(THERE, (table,))
    if schema is not None and schema not in connection.believed:
        refuse_strangers(connection, connection.ledger_roles)
    return schema is not None


def judge(found: Sequence[Access], accepted: Collection[str]) -> Distrust | None:
    """Why the ledger is not believed; None if it is.

    `found` leaves out what the syncing user and superusers have, but for SHAPE. What belongs to an accepted role is
    that role's business.
    """
    strange = [one for one in found if one.power is Power.SHAPE or one.role is None or one.role not in accepted]
    if not strange:
        return None
    # whose schema it is says the most: the rest follows from it
    first, *others = sorted(strange, key=lambda one: (not one.what.startswith("schema "), list(Power).index(one.power)))
    more = (f"and {len(others) - MOST} more",) if len(others) > MOST else ()
    return Distrust(
        message=f"{_sentence(first)}, and {WHY}",
        hint=_hint(first),
        details=tuple(f"also: {_sentence(one)}" for one in others[:MOST]) + more,
    )


def _sentence(access: Access) -> str:
    who = "everybody" if access.role is None else f"role {access.role}"
    if access.power is Power.OWNS:
        return f"{who} owns {access.what}"
    if access.power is Power.MAY:
        return f"{who} may {access.what}"
    return f"the ledger has {access.what}, which gitmig did not make ({who} owns that table)"


def _hint(access: Access) -> str:
    accept = f"git config --add {SETTING} {shlex.quote(access.role or '')}"
    if access.power is Power.SHAPE:
        return "drop it; or, to begin anew, drop the schemas gitmig and gitmig_kept, then `gitmig adopt`"
    revoke = f"REVOKE {access.rights} ON {access.on} FROM {_quoted(access.role)}" if access.on else ""
    if access.role is None:
        return f"{revoke} takes that away; `gitmig db psql` leads there"
    if revoke:
        return f"{revoke} takes that away; if you trust the role with it: {accept}"
    return f"if you trust the role with it: {accept}"


def _quoted(role: str | None) -> str:
    """The role as a statement names it; quotes that are not needed do no harm, but look strange."""
    if role is None:
        return "PUBLIC"
    return role if re.fullmatch(r"[a-z_][a-z0-9_]*", role) else '"{}"'.format(role.replace('"', '""'))


# Privileges by which somebody else's words get into the ledger. A foreign key (REFERENCES) deletes and updates along
# with it, and up to PostgreSQL 17 its deferred triggers run as whoever is the user at the COMMIT.
WRITING = "('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER', 'REFERENCES')"


def _class(name: str) -> str:
    return f"'pg_catalog.{name}'::pg_catalog.regclass"


# What hangs on the ledger's tables, by the catalog it stands in, the column that names the table, and a condition.
# Rules and policies are refused whatever they call.
PARTS = " UNION ALL ".join(
    f"SELECT {_class(catalog)}, a.{oid} FROM pg_catalog.{source} a JOIN rel ON rel.oid = a.{table} WHERE {condition}"
    for catalog, source, oid, table, condition in (
        ("pg_class", "pg_class", "oid", "oid", "true"),
        ("pg_class", "pg_index", "indexrelid", "indrelid", "true"),
        ("pg_attrdef", "pg_attrdef", "oid", "adrelid", "true"),
        ("pg_constraint", "pg_constraint", "oid", "conrelid", "true"),
        ("pg_trigger", "pg_trigger", "oid", "tgrelid", "NOT a.tgisinternal"),
    )
)
NONE = "NULL::pg_catalog.oid, NULL::pg_catalog.oid"
# The owner of an object of any kind. What the first superuser owns is not noted there; that is role 10.
OWNER = """coalesce((SELECT s.refobjid FROM pg_catalog.pg_shdepend s
    WHERE s.dbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
    AND s.classid = d.{0}classid AND s.objid = d.{0}objid AND s.objsubid = 0 AND s.deptype = 'o'), 10)"""
FOUND = f"""
WITH ns AS (SELECT oid, nspname, nspowner, nspacl FROM pg_catalog.pg_namespace WHERE oid = ANY ($1)),
rel AS (
    SELECT c.oid, c.relname, n.nspname, c.relkind, c.relowner, c.relacl, c.reltype,
        CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind,
        n.nspname || '.' || pg_catalog.quote_ident(c.relname) AS name
    FROM pg_catalog.pg_class c JOIN ns n ON n.oid = c.relnamespace WHERE c.relkind NOT IN ('i', 'I', 't')
),
part (classid, objid) AS ({PARTS}),
granted (role, kind, name, privilege) AS (
    SELECT a.grantee, 'SCHEMA', nspname::pg_catalog.text, a.privilege_type
    FROM ns, pg_catalog.aclexplode(nspacl) a WHERE a.privilege_type = 'CREATE'
    UNION ALL
    SELECT a.grantee, kind, name, a.privilege_type FROM rel, pg_catalog.aclexplode(relacl) a
    WHERE a.privilege_type IN {WRITING}
    UNION ALL
    SELECT a.grantee, kind, name, a.privilege_type || ' (' || pg_catalog.quote_ident(c.attname) || ')'
    FROM rel, LATERAL (
        SELECT attname, attacl FROM pg_catalog.pg_attribute
        WHERE attrelid = rel.oid AND attnum > 0 AND attacl IS NOT NULL OFFSET 0  -- by its index
    ) c, pg_catalog.aclexplode(c.attacl) a
    WHERE a.privilege_type IN {WRITING}
),
found (power, role, class, object, words, class_2, object_2, rights, target) AS (
    SELECT 'owns', nspowner, {_class("pg_namespace")}::pg_catalog.oid, oid, '', {NONE}, '', '' FROM ns
    UNION ALL
    SELECT 'owns', {OWNER.format("")}, d.classid, d.objid, '', {NONE}, '', ''
    FROM pg_catalog.pg_depend d JOIN ns ON d.refclassid = {_class("pg_namespace")} AND d.refobjid = ns.oid
    UNION ALL
    SELECT 'owns', {OWNER.format("ref")}, d.refclassid, d.refobjid, ', used by ', d.classid, d.objid, '', ''
    FROM part JOIN pg_catalog.pg_depend d ON d.classid = part.classid AND d.objid = part.objid
        AND d.refclassid IN ({_class("pg_proc")}, {_class("pg_type")}, {_class("pg_operator")}, {_class("pg_opclass")})
        AND d.refobjid >= {FIRST_OID}
    UNION ALL
    SELECT 'owns', c.relowner, {_class("pg_constraint")}, o.oid, ', which refers to ', {_class("pg_class")}, rel.oid,
        '', ''
    FROM rel JOIN pg_catalog.pg_depend d ON d.refclassid = {_class("pg_class")} AND d.refobjid = rel.oid
        AND d.classid = {_class("pg_constraint")}
    JOIN pg_catalog.pg_constraint o ON o.oid = d.objid AND o.contype = 'f' AND o.confrelid = rel.oid
    JOIN pg_catalog.pg_class c ON c.oid = o.conrelid
    UNION ALL
    SELECT 'owns', p.proowner, {_class("pg_cast")}, k.oid, '', {NONE}, '', ''
    FROM pg_catalog.pg_cast k JOIN pg_catalog.pg_proc p ON p.oid = k.castfunc
    WHERE k.oid >= {FIRST_OID} AND EXISTS (
        SELECT FROM rel JOIN pg_catalog.pg_type t ON t.oid = rel.reltype
        WHERE t.oid IN (k.castsource, k.casttarget) OR t.typarray IN (k.castsource, k.casttarget))
    UNION ALL
    SELECT 'may', role, {NONE}, 'write the ledger ('
        || pg_catalog.string_agg(privilege, ', ' ORDER BY privilege) || ' on ' || pg_catalog.lower(kind) || ' ' || name
        || ')', {NONE}, pg_catalog.string_agg(privilege, ', ' ORDER BY privilege), kind || ' ' || name
    FROM granted GROUP BY role, kind, name
    UNION ALL
    SELECT 'may', r.oid, {NONE}, 'write every table (a member of pg_write_all_data)', {NONE}, '', ''
    FROM pg_catalog.pg_roles r
    WHERE r.rolcanlogin AND NOT r.rolsuper
        AND pg_catalog.pg_has_role(r.oid, pg_catalog.to_regrole('pg_write_all_data'), 'MEMBER')
    UNION ALL
    SELECT 'shape', relowner, {_class("pg_class")}, rel.oid, '', {NONE}, '', '' FROM rel
    WHERE relkind NOT IN ('r', 'S') AND (nspname = 'gitmig_kept' AND relkind <> 'c'
        OR relname IN ('state', 'applied', 'history', 'unfinished', 'last_sync', 'measured'))
    UNION ALL
    SELECT 'shape', relowner, {_class("pg_rewrite")}, w.oid, '', {NONE}, '', ''
    FROM rel, LATERAL (SELECT oid FROM pg_catalog.pg_rewrite WHERE ev_class = rel.oid OFFSET 0) w
    WHERE relkind IN ('r', 'p')
    UNION ALL
    SELECT 'shape', relowner, {_class("pg_policy")}, p.oid, '', {NONE}, '', ''
    FROM rel JOIN pg_catalog.pg_policy p ON p.polrelid = rel.oid
    UNION ALL
    SELECT 'shape', relowner, {_class("pg_class")}, i.inhparent, ' with the child ', {_class("pg_class")}, i.inhrelid,
        '', ''
    FROM rel JOIN pg_catalog.pg_inherits i ON rel.oid IN (i.inhparent, i.inhrelid)
)
SELECT DISTINCT f.power, r.rolname, pg_catalog.concat(
        pg_catalog.pg_describe_object(f.class, f.object, 0), f.words,
        pg_catalog.pg_describe_object(f.class_2, f.object_2, 0)), f.rights, f.target
FROM found f LEFT JOIN pg_catalog.pg_roles r ON r.oid = f.role
WHERE f.power = 'shape' OR r.oid IS NULL
    OR NOT (r.rolsuper OR r.rolname = ANY (ARRAY[CURRENT_USER, SESSION_USER]))
ORDER BY 1, 3, 2
"""
# The ledger's objects as GRANT names them, and who may do what with them.
OBJECTS = f"""
    SELECT 'SCHEMA' AS kind, nspname, '' AS relname, nspowner AS owner, nspacl AS acl
    FROM pg_catalog.pg_namespace WHERE nspname IN {SCHEMAS}
    UNION ALL
    SELECT CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, n.nspname, c.relname, c.relowner, c.relacl
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname IN {SCHEMAS} AND c.relkind IN ('r', 'S')
"""
NAMES = f"SELECT o.kind, o.nspname, o.relname FROM ({OBJECTS}) o"
GIVEN = f"""
    SELECT DISTINCT o.kind, o.nspname, o.relname, r.rolname FROM ({OBJECTS}) o, pg_catalog.aclexplode(o.acl) a
    LEFT JOIN pg_catalog.pg_roles r ON r.oid = a.grantee
    WHERE a.grantee <> o.owner
"""
BEYOND_THE_LIST = """
    SELECT r.rolname, a.privilege_type FROM pg_catalog.pg_class c, pg_catalog.aclexplode(c.relacl) a
    LEFT JOIN pg_catalog.pg_roles r ON r.oid = a.grantee
    WHERE c.oid = %s::pg_catalog.regclass AND a.grantee <> c.relowner AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_class list, pg_catalog.aclexplode(list.relacl) b
        WHERE list.oid = %s::pg_catalog.regclass AND b.grantee = a.grantee AND b.privilege_type = a.privilege_type
    )
"""
Name = tuple[str, str, str]


def names(connection: Connection) -> frozenset[Name]:
    """What there is of the ledger: kind, schema and name of each object."""
    return frozenset(connection.execute(NAMES.encode()).fetchall())


def make_private(connection: Connection, before: Collection[Name]) -> None:
    """Take back what default privileges gave of the ledger's new objects: of those that are not among `before`.

    To be called in the transaction in which they were made.
    """
    for kind, schema, name, role in connection.execute(GIVEN.encode()).fetchall():
        if (kind, schema, name) not in before:
            _revoke(connection, "ALL", kind, (schema, name) if name else (schema,), role)


def share_as_the_list(connection: Connection, schema: str, name: str) -> None:
    """Take back what default privileges gave of a table with kept rows, but for what its role has of their list.

    To be called in the transaction in which it was made. The rows may be such as row security hides from that role.
    """
    from psycopg import sql

    table = sql.Identifier(schema, name).as_string(connection)
    rows = connection.execute(BEYOND_THE_LIST, (table, KEPT_ITEMS)).fetchall()
    for role, privilege in rows:
        _revoke(connection, privilege, "TABLE", (schema, name), role)


def _revoke(connection: Connection, what: str, kind: str, name: Sequence[str], role: str | None) -> None:
    from psycopg import sql  # not loaded by who only wants to know a ledger's setting

    whom = sql.SQL("PUBLIC") if role is None else sql.Identifier(role)
    connection.execute(
        sql.SQL("REVOKE {} ON {} {} FROM {}").format(sql.SQL(what), sql.SQL(kind), sql.Identifier(*name), whom)
    )
