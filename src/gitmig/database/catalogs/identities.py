"""What every object is called that can be renamed, by its address: so that a rename shows as one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.core.schema import ObjectName
from gitmig.database.catalogs.edges import Address
from gitmig.database.catalogs.scope import OURS, RELATION, RELATIONS, address

if TYPE_CHECKING:
    from gitmig.database.connection import Connection

TYPE = "quote_ident(n.nspname) || '.' || quote_ident(t.typname)"
NAMES = f"""
SELECT 'schema', quote_ident(n.nspname), {address("pg_namespace", "n.oid")} FROM pg_namespace n WHERE {OURS}
UNION ALL
SELECT CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table'
         WHEN 'S' THEN 'sequence' ELSE 'table' END, {RELATION}, {address("pg_class", "c.oid")}
FROM {RELATIONS} AND c.relkind IN ('r', 'p', 'f', 'v', 'm', 'S')
UNION ALL
SELECT 'column', {RELATION} || '.' || quote_ident(a.attname), {address("pg_class", "c.oid", "a.attnum")}
FROM {RELATIONS} AND c.relkind IN ('r', 'p', 'f') JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
  AND NOT a.attisdropped
UNION ALL
SELECT 'constraint', {RELATION} || '.' || quote_ident(o.conname), {address("pg_constraint", "o.oid")}
FROM {RELATIONS} JOIN pg_constraint o ON o.conrelid = c.oid AND o.contype <> 't'
UNION ALL
SELECT 'index', {RELATION} || '.' || quote_ident(x.relname), {address("pg_class", "x.oid")}
FROM {RELATIONS} JOIN pg_index i ON i.indrelid = c.oid JOIN pg_class x ON x.oid = i.indexrelid
UNION ALL
SELECT 'trigger', {RELATION} || '.' || quote_ident(t.tgname), {address("pg_trigger", "t.oid")}
FROM {RELATIONS} JOIN pg_trigger t ON t.tgrelid = c.oid AND NOT t.tgisinternal
UNION ALL
SELECT CASE t.typtype WHEN 'e' THEN 'enum' WHEN 'd' THEN 'domain' WHEN 'r' THEN 'range' ELSE 'composite type' END,
       {TYPE}, {address("pg_type", "t.oid")}
FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace AND {OURS} LEFT JOIN pg_class c ON c.oid = t.typrelid
WHERE t.typtype IN ('e', 'd', 'r') OR c.relkind = 'c'
UNION ALL
SELECT CASE p.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END,
       p.oid::regprocedure::text, {address("pg_proc", "p.oid")}
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace AND {OURS}
"""


def read_names(connection: Connection) -> dict[Address, ObjectName]:
    """What everything is called now, as the session sees it, uncommitted changes included."""
    with connection.transaction(force_rollback=True), connection.pipeline():
        cursor = connection.execute(NAMES.encode())
        rows = cursor.fetchall()
    return {Address(*key): ObjectName(kind, name) for kind, name, *key in rows}
