"""What no migration makes and a rebuild must not drop: partitions, ignored objects, other tools' tables, kept rows.

They are made in the new database by statements that are read from the old one's catalogs; their rows come later.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from gitmig.errors import GitmigError
from gitmig.ledger.access import share_as_the_list
from gitmig.rows.store import create_table
from gitmig.rows.tables import read_kept
from gitmig.rows.values import SCHEMA
from gitmig.schema.catalog import read_schema
from gitmig.schema.model import ObjectName
from gitmig.schema.scope import OURS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitmig.postgres.connection import Connection

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
Pending = list[tuple[ObjectName, list[str]]]


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
    every, rest = read_schema(old, foreign=True), read_schema(old, ignore)
    if every == rest:
        return
    there = read_schema(new, foreign=True)
    missing = [name for name in every.objects if name not in rest.objects and name not in there.objects]
    _make_all(new, [(name, texts) for name in missing if (texts := statements(old, name.kind, name.name))])
    there = read_schema(new, foreign=True)
    wrong = [name for name in missing if there.objects.get(name) != every.objects[name]]
    if wrong:
        raise GitmigError(
            f"a rebuild cannot make {wrong[0]} anew, which no migration makes",
            hint="drop it yourself and make it again afterwards; the database is as it was before",
            details=tuple(f"also: {name}" for name in wrong[1:5]),
        )


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
        reason = _made(new, statements(old, "partition", name))
        if reason is not None:
            notes.append(f"partition {name} has no place in the target ({reason}); its rows went to others")
    return notes


def _make_all(new: Connection, pending: Pending) -> None:
    """Make as many as possible, whatever order they depend on each other in."""
    while pending:
        rest = [(name, texts) for name, texts in pending if _made(new, texts) is not None]
        if len(rest) == len(pending):
            return
        pending = rest


def _made(new: Connection, texts: Sequence[str]) -> str | None:
    """None if all the statements ran, else why not, and then none has."""
    try:
        with new.transaction():
            for text in texts:
                new.execute(text.encode())
    except (psycopg.ProgrammingError, psycopg.DataError, psycopg.IntegrityError, psycopg.NotSupportedError) as error:
        return error.diag.message_primary or str(error)
    return None


# How an object is made. Every query takes it as %(name)s, quoted where it has to be. It gives statements, in order.
# The session's search path is empty.
OPTIONS = """coalesce(' WITH (' || array_to_string(c.reloptions, ', ') || ')', '')
    || coalesce((SELECT format(' TABLESPACE %%I', spcname) FROM pg_tablespace WHERE oid = c.reltablespace), '')"""
PARTITIONED = "coalesce(' PARTITION BY ' || pg_get_partkeydef(c.oid), '')"
UNLOGGED = "CASE c.relpersistence WHEN 'u' THEN 'UNLOGGED ' ELSE '' END"
COLUMN = """format('%%I %%s', a.attname, format_type(a.atttypid, a.atttypmod))
    || CASE WHEN a.attcollation <> t.typcollation THEN ' COLLATE ' || a.attcollation::regcollation ELSE '' END
    || CASE a.attidentity WHEN 'a' THEN ' GENERATED ALWAYS AS IDENTITY'
         WHEN 'd' THEN ' GENERATED BY DEFAULT AS IDENTITY' ELSE '' END
    || CASE a.attgenerated WHEN 's' THEN format(' GENERATED ALWAYS AS (%%s) STORED', pg_get_expr(d.adbin, d.adrelid))
         WHEN 'v' THEN format(' GENERATED ALWAYS AS (%%s) VIRTUAL', pg_get_expr(d.adbin, d.adrelid)) ELSE '' END
    || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END"""
PARENTS = """coalesce((SELECT ' INHERITS (' || string_agg(inhparent::regclass::text, ', ' ORDER BY inhseqno) || ')'
    FROM pg_inherits WHERE inhrelid = c.oid), '')"""
TABLE = f"""
SELECT format('CREATE %%sTABLE %%s (%%s)%%s', {UNLOGGED}, c.oid::regclass,
  (SELECT string_agg({COLUMN}, ', ' ORDER BY a.attnum) FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
  {PARENTS} || {PARTITIONED} || {OPTIONS})
FROM pg_class c WHERE c.oid = to_regclass(%(name)s)
"""
PARTITION = f"""
SELECT format('CREATE %%sTABLE %%s PARTITION OF %%s %%s%%s', {UNLOGGED}, c.oid::regclass, i.inhparent::regclass,
  pg_get_expr(c.relpartbound, c.oid), {PARTITIONED} || {OPTIONS})
FROM pg_class c JOIN pg_inherits i ON i.inhrelid = c.oid WHERE c.oid = to_regclass(%(name)s)
"""
SEQUENCE = """format(
    'CREATE SEQUENCE IF NOT EXISTS %%s AS %%s INCREMENT %%s MINVALUE %%s MAXVALUE %%s START %%s CACHE %%s%%s',
    s.seqrelid::regclass, format_type(s.seqtypid, NULL), s.seqincrement, s.seqmin, s.seqmax, s.seqstart, s.seqcache,
    CASE WHEN s.seqcycle THEN ' CYCLE' ELSE '' END)"""
OWNED = """pg_depend o ON o.objid = s.seqrelid AND o.classid = 'pg_class'::regclass AND o.deptype = 'a'
  AND o.refclassid = 'pg_class'::regclass AND o.refobjid = to_regclass(%(name)s)"""
SERIALS = f"SELECT {SEQUENCE} FROM pg_sequence s JOIN {OWNED}"
SERIALS_OWNED = f"""
SELECT format('ALTER SEQUENCE %%s OWNED BY %%s.%%I', s.seqrelid::regclass, o.refobjid::regclass, a.attname)
FROM pg_sequence s JOIN {OWNED} JOIN pg_attribute a ON a.attrelid = o.refobjid AND a.attnum = o.refobjsubid
"""
# A partition has the defaults of its parent already.
DEFAULTS = """
SELECT format('ALTER TABLE ONLY %%s ALTER %%I SET DEFAULT %%s', d.adrelid::regclass, a.attname,
  pg_get_expr(d.adbin, d.adrelid))
FROM pg_attrdef d JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum AND a.attgenerated = ''
WHERE d.adrelid = to_regclass(%(name)s)
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
ROLE = "CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE x.grantee::regrole::text END"
GRANTS = f"""
SELECT format('GRANT %%s ON %%s TO %%s%%s', x.privilege_type, c.oid::regclass, {ROLE},
  CASE WHEN x.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
FROM pg_class c, aclexplode(c.relacl) x WHERE c.oid = to_regclass(%(name)s) AND x.grantee <> c.relowner
"""
COMMENTS = """
SELECT format('COMMENT ON %%s IS %%L', CASE WHEN a.attname IS NULL THEN 'TABLE ' || c.oid::regclass
  ELSE format('COLUMN %%s.%%I', c.oid::regclass, a.attname) END, d.description)
FROM pg_class c JOIN pg_description d ON d.objoid = c.oid AND d.classoid = 'pg_class'::regclass
  LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.objsubid AND d.objsubid > 0
WHERE c.oid = to_regclass(%(name)s)
"""
BELONGINGS = (CONSTRAINTS, INDEXES, TRIGGERS, GRANTS, COMMENTS)
VIEW = """
SELECT format('CREATE VIEW %%s%%s AS %%s', c.oid::regclass,
  coalesce(' WITH (' || array_to_string(c.reloptions, ', ') || ')', ''), pg_get_viewdef(c.oid))
FROM pg_class c WHERE c.oid = to_regclass(%(name)s)
"""
MATERIALIZED_VIEW = """
SELECT format('CREATE MATERIALIZED VIEW %%s AS %%s WITH NO DATA', c.oid::regclass, rtrim(pg_get_viewdef(c.oid), ';'))
FROM pg_class c WHERE c.oid = to_regclass(%(name)s)
"""
KINDS = {
    "schema": ("SELECT 'CREATE SCHEMA IF NOT EXISTS ' || %(name)s",),
    "table": (SERIALS, TABLE, DEFAULTS, SERIALS_OWNED, *BELONGINGS),
    "partition": (PARTITION, *BELONGINGS),
    "sequence": (f"SELECT {SEQUENCE} FROM pg_sequence s WHERE s.seqrelid = to_regclass(%(name)s)", GRANTS),
    "view": (VIEW, TRIGGERS, GRANTS),
    "materialized view": (MATERIALIZED_VIEW, INDEXES, GRANTS),
    "function": ("SELECT pg_get_functiondef(to_regprocedure(%(name)s))",),
    "procedure": ("SELECT pg_get_functiondef(to_regprocedure(%(name)s))",),
    "index": ("SELECT pg_get_indexdef(to_regclass(%(relation)s))",),
}


def statements(old: Connection, kind: str, name: str) -> list[str]:
    """What makes the object, in order; empty if its kind is none of those gitmig can write.

    `name` is as the catalogs' reader has it.
    """
    schema, _, rest = name.partition(".")
    values = {"name": name, "relation": f"{schema}.{rest.rpartition('.')[2]}"}
    found: list[str] = []
    for query in KINDS.get(kind, ()):
        found += filter(None, old.values(query, values))
    return found
