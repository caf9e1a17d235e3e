"""Who can write the ledger, or have it run something: read from the catalogs alone, so that nothing of theirs runs.

What stands in the ledger runs as whoever syncs. So it is believed only if it belongs to the syncing user, to an
accepted role, or to a superuser, who can do anything anyway.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg import sql

from gitmig.database.catalogs.scope import FIRST_OID
from gitmig.errors import UntrustedLedger

if TYPE_CHECKING:
    from collections.abc import Collection

    from gitmig.database.connection import Connection

PUBLIC = "PUBLIC"
SCHEMAS = "('gitmig', 'gitmig_kept')"
# Privileges by which somebody else's words get into the ledger.
WRITING = "('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER')"
# Catalogs of what hangs on a table and may call a function, and where they name the table.
ATTACHED = {
    "pg_class": "oid",
    "pg_attrdef": "adrelid",
    "pg_constraint": "conrelid",
    "pg_trigger": "tgrelid",
    "pg_rewrite": "ev_class",
    "pg_policy": "polrelid",
}
CALLS = " UNION ALL ".join(
    f"""
    SELECT p.proowner,
        'function ' || p.oid::pg_catalog.regprocedure::pg_catalog.text || ', which ' || r.name || ' calls'
    FROM rel r JOIN pg_catalog.{catalog} a ON a.{table} = r.oid
    JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.{catalog}'::pg_catalog.regclass AND d.objid = a.oid
      AND d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.refobjid >= {FIRST_OID}
    JOIN pg_catalog.pg_proc p ON p.oid = d.refobjid"""
    for catalog, table in ATTACHED.items()
)
STRANGERS = f"""
WITH ns AS (SELECT oid, nspname, nspowner, nspacl FROM pg_catalog.pg_namespace WHERE nspname IN {SCHEMAS}),
rel AS (
    SELECT c.oid, c.relowner, c.relacl, n.nspname || '.' || c.relname AS name
    FROM pg_catalog.pg_class c JOIN ns n ON n.oid = c.relnamespace WHERE c.relkind NOT IN ('i', 'I', 'c', 't')
),
found (role, what) AS (
    SELECT nspowner, 'schema ' || nspname FROM ns
    UNION ALL SELECT relowner, 'table ' || name FROM rel
    UNION ALL SELECT a.grantee, 'the right to make something in schema ' || nspname
        FROM ns, pg_catalog.aclexplode(nspacl) a WHERE a.privilege_type = 'CREATE'
    UNION ALL SELECT a.grantee, 'the right to write table ' || name
        FROM rel, pg_catalog.aclexplode(relacl) a WHERE a.privilege_type IN {WRITING}
    UNION ALL SELECT a.grantee, 'the right to write table ' || name
        FROM rel JOIN pg_catalog.pg_attribute c ON c.attrelid = rel.oid, pg_catalog.aclexplode(c.attacl) a
        WHERE a.privilege_type IN {WRITING}
    UNION ALL SELECT p.proowner, 'function ' || p.oid::pg_catalog.regprocedure::pg_catalog.text
        FROM pg_catalog.pg_proc p JOIN ns ON ns.oid = p.pronamespace
    UNION ALL SELECT t.typowner, 'type ' || n.nspname || '.' || t.typname
        FROM pg_catalog.pg_type t JOIN ns n ON n.oid = t.typnamespace
    UNION ALL SELECT o.oprowner, 'operator ' || o.oid::pg_catalog.regoperator::pg_catalog.text
        FROM pg_catalog.pg_operator o JOIN ns ON ns.oid = o.oprnamespace
    UNION ALL SELECT t.typowner, 'type ' || t.oid::pg_catalog.regtype::pg_catalog.text || ' of a column of ' || rel.name
        FROM rel JOIN pg_catalog.pg_attribute c ON c.attrelid = rel.oid AND c.atttypid >= {FIRST_OID}
        JOIN pg_catalog.pg_type t ON t.oid = c.atttypid
        WHERE rel.name OPERATOR(pg_catalog.!~) '^gitmig_kept[.](item|mark)_[0-9]+$'
    UNION ALL SELECT c.relowner, 'table ' || c.oid::pg_catalog.regclass::pg_catalog.text || ', a child of ' || rel.name
        FROM rel JOIN pg_catalog.pg_inherits i ON i.inhparent = rel.oid
        JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid
    UNION ALL {CALLS}
)
SELECT coalesce(r.rolname, '{PUBLIC}'), f.what
FROM found f LEFT JOIN pg_catalog.pg_roles r ON r.oid = f.role
WHERE NOT coalesce(r.rolsuper, false) AND coalesce(r.rolname, '') <> CURRENT_USER AND NOT (r.rolname = ANY (%s))
   OR r.oid IS NULL
ORDER BY (f.what LIKE 'schema %%') DESC, f.what LIMIT 1
"""
# What default privileges of the database gave away while gitmig made a table or schema of its own.
GIVEN_AWAY = f"""
SELECT 'SCHEMA', quote_ident(n.nspname), a.grantee = 0, quote_ident(coalesce(r.rolname, ''))
FROM pg_catalog.pg_namespace n, pg_catalog.aclexplode(n.nspacl) a LEFT JOIN pg_catalog.pg_roles r ON r.oid = a.grantee
WHERE n.nspname IN {SCHEMAS} AND a.grantee <> n.nspowner
UNION
SELECT 'TABLE', quote_ident(n.nspname) || '.' || quote_ident(c.relname), a.grantee = 0,
    quote_ident(coalesce(r.rolname, ''))
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND n.nspname IN {SCHEMAS},
    pg_catalog.aclexplode(c.relacl) a LEFT JOIN pg_catalog.pg_roles r ON r.oid = a.grantee
WHERE a.grantee <> c.relowner AND c.relkind IN ('r', 'S')
"""


def refuse_strangers(connection: Connection, accepted: Collection[str]) -> None:
    """Raise UntrustedLedger if a role that is not accepted owns a part of the ledger, may write it, or acts in it."""
    row = connection.execute(STRANGERS.encode(), (list(accepted),)).fetchone()
    if row is None:
        return
    role, what = row
    if role == PUBLIC:
        raise UntrustedLedger(
            f"everybody has {what}, and what stands in the ledger runs as you",
            hint="revoke it from PUBLIC; `gitmig db psql` leads there",
        )
    verb = "has" if what.startswith("the right") else "owns"
    raise UntrustedLedger(
        f"role {role} {verb} {what}, and what stands in the ledger runs as you",
        hint=f"if you trust that role with it: git config --add gitmig.ledgerRole {role}",
    )


def keep_private(connection: Connection) -> None:
    """Take back what default privileges gave away of the ledger; inside the transaction in which it was made."""
    for kind, name, is_public, role in connection.execute(GIVEN_AWAY.encode()).fetchall():
        whom = PUBLIC if is_public else role
        statement = sql.SQL(f"REVOKE ALL ON {kind} {name} FROM {whom} CASCADE")  # PostgreSQL quoted the names
        connection.execute(statement)
