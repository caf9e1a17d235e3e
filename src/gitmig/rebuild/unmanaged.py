"""What no migration makes and a rebuild must not drop: partitions, ignored objects, other tools' tables, kept rows.

They are made in the new database as they are in the old one; their rows come later. Whatever is an object of a schema
is made by the computed difference; partitions, which are none, by statements that are read from the old catalogs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from gitmig.errors import GitmigError
from gitmig.execute.repair import computed
from gitmig.ledger.access import share_as_the_list
from gitmig.rows.store import create_table
from gitmig.rows.tables import read_kept
from gitmig.rows.values import SCHEMA
from gitmig.schema.catalog import read_schema
from gitmig.schema.model import ObjectKind, Schema
from gitmig.schema.scope import OURS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitmig.postgres.connection import Connection
    from gitmig.schema.model import ObjectName

# Parents before their parts.
PARTITIONS = f"""
    SELECT c.oid::regclass::text, c.relkind = 'f',
      pg_partition_root(c.oid)::regclass::text
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace AND {OURS}
    WHERE c.relispartition AND c.relkind IN ('r', 'p', 'f')
    ORDER BY (SELECT count(*) FROM pg_partition_ancestors(c.oid)), c.oid
"""
ROOTS = f"""
    SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace AND {OURS}
    WHERE c.relkind = 'p' AND NOT c.relispartition
"""


def make_unmanaged(old: Connection, new: Connection, ignore: Sequence[str]) -> list[str]:
    """Make in the new database what only the old one has and nobody may drop; returns what people should know.

    Raises GitmigError naming what cannot be made. Its rows are carried later, as those of all tables.
    """
    _make_kept_tables(old, new)
    _make_ignored(old, new, ignore)
    return _make_partitions(old, new)


def _make_kept_tables(old: Connection, new: Connection) -> None:
    """The tables of kept rows; a type that the new database does not have is kept as text."""
    there = {table.name for table in read_kept(new)}
    tables = [table for table in read_kept(old) if table.name not in there]
    if tables:
        new.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(SCHEMA)))
    for table in tables:
        try:
            with new.transaction():
                create_table(new, table.name.name, [(column.name, column.type) for column in table.columns])
        except psycopg.ProgrammingError:
            create_table(new, table.name.name, [(c.name, c.type if c.builtin else "text") for c in table.columns])
        share_as_the_list(new, SCHEMA, table.name.name)


def _make_ignored(old: Connection, new: Connection, ignore: Sequence[str]) -> None:
    """What the setting `ignore` names, and other tools' tables, as far as the new database does not have them."""
    every, managed = read_schema(old, edges=True, foreign=True), read_schema(old, ignore)
    unmanaged = {name: text for name, text in every.objects.items() if name not in managed.objects}
    if not unmanaged:
        return
    there = read_schema(new, edges=True, foreign=True)
    wanted = Schema({**unmanaged, **there.objects}, {**every.edges, **there.edges})
    reasons = _make_missing(new, there, wanted)
    made = read_schema(new, foreign=True)
    if wrong := [name for name, text in wanted.objects.items() if made.objects.get(name) != text]:
        first, *others = sorted(wrong, key=lambda name: name not in reasons)
        why = [reasons[first]] if first in reasons else []
        raise GitmigError(
            f"a rebuild cannot make {first} anew, which no migration makes",
            hint="drop it yourself and make it again afterwards; the database is as it was before",
            details=(*why, *(f"also: {name}" for name in others[:4])),
        )


def _make_missing(new: Connection, there: Schema, wanted: Schema) -> dict[ObjectName, str]:
    """Make as much as possible of what is wanted and not there; returns why not, where PostgreSQL refused."""
    reasons: dict[ObjectName, str] = {}
    for name, text in computed(there, wanted, renames=False).work:
        is_filled = name.kind is ObjectKind.MATERIALIZED_VIEW and text.startswith("CREATE ")
        reason = _made(new, [f"{text} WITH NO DATA" if is_filled else text])  # it is refreshed once the rows are there
        if reason is not None:
            reasons.setdefault(name, reason)
    return reasons


def _make_partitions(old: Connection, new: Connection) -> list[str]:
    """Partitions of tables that both databases have; rows of one that does not fit go where the others' do."""
    there = {name for name, *_ in new.execute(PARTITIONS.encode()).fetchall()}
    roots = {*new.values(ROOTS)}
    notes = []
    for name, foreign, root in old.execute(PARTITIONS.encode()).fetchall():
        if name in there or root not in roots:
            continue
        if foreign:
            raise GitmigError(
                f"partition {name} is a foreign table, which a rebuild cannot make anew",
                hint="detach it, and attach it again afterwards; the database is as it was before",
            )
        reason = _made(new, _statements(old, name))
        if reason is not None:
            notes.append(f"partition {name} has no place in the target ({reason}); its rows went to others")
    return notes


def _made(new: Connection, texts: Sequence[str]) -> str | None:
    """None if all the statements ran, else why not, and then none has."""
    try:
        with new.transaction():
            for text in texts:
                new.execute(text.encode())
    except (psycopg.ProgrammingError, psycopg.DataError, psycopg.IntegrityError, psycopg.NotSupportedError) as error:
        return error.diag.message_primary or str(error)
    return None


# How a partition is made. Every query takes its name as %(name)s, quoted where it has to be, and gives statements, in
# order. The session's search path is empty.
PARTITION = """
SELECT format('CREATE %%sTABLE %%s PARTITION OF %%s %%s%%s%%s%%s',
  CASE c.relpersistence WHEN 'u' THEN 'UNLOGGED ' ELSE '' END, c.oid::regclass, i.inhparent::regclass,
  pg_get_expr(c.relpartbound, c.oid), ' PARTITION BY ' || pg_get_partkeydef(c.oid),
  ' WITH (' || array_to_string(c.reloptions, ', ') || ')',
  (SELECT format(' TABLESPACE %%I', spcname) FROM pg_tablespace WHERE oid = c.reltablespace))
FROM pg_class c JOIN pg_inherits i ON i.inhrelid = c.oid WHERE c.oid = to_regclass(%(name)s)
"""
CONSTRAINTS = """
SELECT format('ALTER TABLE %%s ADD CONSTRAINT %%I %%s', conrelid::regclass, conname, pg_get_constraintdef(oid))
FROM pg_constraint WHERE conrelid = to_regclass(%(name)s) AND contype IN ('p', 'u', 'x', 'c', 'f')
  AND coninhcount = 0 AND conparentid = 0 ORDER BY contype = 'f', oid
"""
INDEXES = """
SELECT pg_get_indexdef(i.indexrelid) FROM pg_index i WHERE i.indrelid = to_regclass(%(name)s)
  AND NOT EXISTS (SELECT FROM pg_constraint o WHERE o.conindid = i.indexrelid AND o.contype IN ('p', 'u', 'x'))
  AND NOT EXISTS (SELECT FROM pg_inherits h WHERE h.inhrelid = i.indexrelid)
"""
TRIGGERS = """
SELECT pg_get_triggerdef(oid) FROM pg_trigger
WHERE tgrelid = to_regclass(%(name)s) AND NOT tgisinternal AND tgparentid = 0 ORDER BY oid
"""
# What the parent gives a partition at first need not be what it has.
COLUMNS = """
SELECT format('ALTER TABLE %%s ALTER %%I %%s', c.oid::regclass, a.attname,
  coalesce('SET DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), 'DROP DEFAULT'))
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.oid = to_regclass(%(name)s) AND a.attgenerated = '' AND a.attidentity = ''
UNION ALL
SELECT format('ALTER TABLE %%s ALTER %%I SET NOT NULL', c.oid::regclass, a.attname)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.oid = to_regclass(%(name)s) AND a.attnotnull
"""
REPLICA_IDENTITY = """
SELECT format('ALTER TABLE %%s REPLICA IDENTITY %%s', c.oid::regclass,
  CASE c.relreplident WHEN 'f' THEN 'FULL' WHEN 'n' THEN 'NOTHING' ELSE format('USING INDEX %%I', x.relname) END)
FROM pg_class c LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisreplident
  LEFT JOIN pg_class x ON x.oid = i.indexrelid
WHERE c.oid = to_regclass(%(name)s) AND (c.relreplident IN ('f', 'n') OR x.oid IS NOT NULL)
"""
TRIGGER_STATES = """
SELECT format('ALTER TABLE %%s %%s TRIGGER %%I', tgrelid::regclass,
  CASE tgenabled WHEN 'D' THEN 'DISABLE' WHEN 'A' THEN 'ENABLE ALWAYS' ELSE 'ENABLE REPLICA' END, tgname)
FROM pg_trigger WHERE tgrelid = to_regclass(%(name)s) AND NOT tgisinternal AND tgenabled <> 'O' ORDER BY oid
"""
ROW_SECURITY = """
SELECT format('ALTER TABLE %%s %%s ROW LEVEL SECURITY', c.oid::regclass, what.verb)
FROM pg_class c, (VALUES ('ENABLE', false), ('FORCE', true)) what(verb, is_forced)
WHERE c.oid = to_regclass(%(name)s) AND CASE WHEN what.is_forced THEN c.relforcerowsecurity ELSE c.relrowsecurity END
"""
POLICIES = """
SELECT format('CREATE POLICY %%I ON %%s AS %%s FOR %%s TO %%s%%s%%s', polname, polrelid::regclass,
  CASE WHEN polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
  CASE polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE'
    ELSE 'ALL' END,
  (SELECT string_agg(CASE role WHEN 0 THEN 'PUBLIC' ELSE role::regrole::text END, ', ') FROM unnest(polroles) role),
  ' USING (' || pg_get_expr(polqual, polrelid) || ')', ' WITH CHECK (' || pg_get_expr(polwithcheck, polrelid) || ')')
FROM pg_policy WHERE polrelid = to_regclass(%(name)s) ORDER BY oid
"""
ROLE = "CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE x.grantee::regrole::text END"
GRANTS = f"""
SELECT format('GRANT %%s ON %%s TO %%s%%s', x.privilege_type, c.oid::regclass, {ROLE},
  CASE WHEN x.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
FROM pg_class c, aclexplode(c.relacl) x WHERE c.oid = to_regclass(%(name)s) AND x.grantee <> c.relowner
UNION ALL
SELECT format('GRANT %%s (%%I) ON %%s TO %%s%%s', x.privilege_type, a.attname, c.oid::regclass, {ROLE},
  CASE WHEN x.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0, aclexplode(a.attacl) x
WHERE c.oid = to_regclass(%(name)s) AND x.grantee <> c.relowner
"""
COMMENTS = """
SELECT format('COMMENT ON %%s IS %%L', CASE WHEN a.attname IS NULL THEN 'TABLE ' || c.oid::regclass
  ELSE format('COLUMN %%s.%%I', c.oid::regclass, a.attname) END, d.description)
FROM pg_class c JOIN pg_description d ON d.objoid = c.oid AND d.classoid = 'pg_class'::regclass
  LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.objsubid AND d.objsubid > 0
WHERE c.oid = to_regclass(%(name)s)
"""


def _statements(old: Connection, partition: str) -> list[str]:
    """What makes a partition with what belongs to it alone, in order; `partition` is its quoted name."""
    of_rows = (TRIGGERS, TRIGGER_STATES, ROW_SECURITY, POLICIES)
    queries = (PARTITION, COLUMNS, CONSTRAINTS, INDEXES, REPLICA_IDENTITY, *of_rows, GRANTS, COMMENTS)
    return [text for query in queries for text in old.values(query, {"name": partition})]
