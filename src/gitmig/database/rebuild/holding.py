"""Holding constraints and triggers back while rows come in, and bringing them back afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from gitmig.database.catalogs.scope import OURS, own
from gitmig.database.rebuild.session import encoding
from gitmig.database.rebuild.tables import read_tables
from gitmig.errors import GitmigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gitmig.core.carrying import Table
    from gitmig.database.connection import Connection
    from gitmig.database.rebuild.aside import Aside, Asides

RELATION = f"JOIN pg_class c ON c.oid = {{oid}} JOIN pg_namespace n ON n.oid = c.relnamespace AND {OURS}"
NOT_OF_AN_EXTENSION = own("pg_class", "c.oid")
# Foreign keys, because no order of tables suits them all; and what was declared NOT VALID, because the old rows need
# not obey it. Unlike switching their triggers off, dropping and adding them anew needs no superuser, and adding checks.
CONSTRAINTS = f"""
SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', o.conrelid::regclass, o.conname),
  format('ALTER TABLE %s ADD CONSTRAINT %I %s', o.conrelid::regclass, o.conname, pg_get_constraintdef(o.oid)),
  (SELECT format('COMMENT ON CONSTRAINT %I ON %s IS %L', o.conname, o.conrelid::regclass, description)
    FROM pg_description WHERE objoid = o.oid AND classoid = 'pg_constraint'::regclass)
FROM pg_constraint o {RELATION.format(oid="o.conrelid")}
WHERE (o.contype = 'f' OR o.contype IN ('c', 'n') AND NOT o.convalidated)
  AND o.conparentid = 0 AND o.coninhcount = 0 AND {NOT_OF_AN_EXTENSION}
ORDER BY o.oid
"""
# Statements that switch off, and the ones that bring back the state before.
EVENT_TRIGGERS = """
SELECT format('ALTER EVENT TRIGGER %I DISABLE', evtname), format('ALTER EVENT TRIGGER %I ENABLE%s', evtname,
  CASE evtenabled WHEN 'A' THEN ' ALWAYS' WHEN 'R' THEN ' REPLICA' ELSE '' END)
FROM pg_event_trigger WHERE evtenabled <> 'D' AND (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
"""
TRIGGERS = f"""
SELECT format('ALTER TABLE %s DISABLE TRIGGER %I', t.tgrelid::regclass, t.tgname),
  format('ALTER TABLE %s ENABLE%s TRIGGER %I', t.tgrelid::regclass,
    CASE t.tgenabled WHEN 'A' THEN ' ALWAYS' WHEN 'R' THEN ' REPLICA' ELSE '' END, t.tgname)
FROM pg_trigger t {RELATION.format(oid="t.tgrelid")}
WHERE NOT t.tgisinternal AND t.tgparentid = 0 AND t.tgenabled <> 'D' AND c.relkind IN ('r', 'p')
  AND {NOT_OF_AN_EXTENSION}
"""
ROW_SECURITY = f"""
SELECT format('ALTER TABLE %s NO FORCE ROW LEVEL SECURITY', c.oid::regclass),
  format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', c.oid::regclass)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace AND {OURS} WHERE c.relforcerowsecurity
"""
# Per validated foreign key: whose rows it is about (a partition's are its root's), and which of them it refuses. The
# operators are those of the key itself. What a temporal key (PostgreSQL 18) refuses cannot be told row by row.
VIOLATIONS = f"""
SELECT rn.nspname, root.relname, CASE c.relkind WHEN 'p' THEN '' ELSE 'ONLY ' END || c.oid::regclass,
  quote_ident(o.conname),
  format('(%s) AND NOT EXISTS (SELECT FROM %s r WHERE %s)',
    string_agg(format('t.%I IS NOT NULL', a.attname), CASE o.confmatchtype WHEN 'f' THEN ' OR ' ELSE ' AND ' END),
    (SELECT CASE relkind WHEN 'p' THEN '' ELSE 'ONLY ' END || oid::regclass FROM pg_class WHERE oid = o.confrelid),
    string_agg(format('r.%I OPERATOR(%I.%s) t.%I', ra.attname,
      (SELECT nspname FROM pg_namespace WHERE oid = op.oprnamespace), op.oprname, a.attname), ' AND '))
FROM pg_constraint o {RELATION.format(oid="o.conrelid")}
  JOIN pg_class root ON root.oid = coalesce(pg_partition_root(c.oid), c.oid)
  JOIN pg_namespace rn ON rn.oid = root.relnamespace
  CROSS JOIN unnest(o.conkey, o.confkey, o.conpfeqop) k(attnum, rattnum, operator)
  JOIN pg_attribute a ON a.attrelid = o.conrelid AND a.attnum = k.attnum
  JOIN pg_attribute ra ON ra.attrelid = o.confrelid AND ra.attnum = k.rattnum
  JOIN pg_operator op ON op.oid = k.operator
WHERE o.contype = 'f' AND o.convalidated AND o.conparentid = 0 AND {NOT_OF_AN_EXTENSION}
  AND to_jsonb(o) ->> 'conperiod' IS DISTINCT FROM 'true'
GROUP BY o.oid, c.oid, c.relkind, rn.nspname, root.relname, o.conname, o.confmatchtype, o.confrelid
ORDER BY o.oid
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A foreign key: which rows of its table it refuses. `source` is the table, or its partition, as SQL has it."""

    table: Table
    source: str
    name: str
    refused: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What is held back: statements that bring it back, in order, and the foreign keys among it."""

    constraints: tuple[str, ...]
    switches: tuple[str, ...]
    rules: tuple[Rule, ...]


def unhide(old: Connection) -> None:
    """Suspend forced row security in the old database: in its open transaction, which ends without a commit."""
    suspended = _rows(old, f"{ROW_SECURITY} AND row_security_active(c.oid) AND pg_has_role(c.relowner, 'USAGE')")
    _run(old, [off for off, _ in suspended])


def hold(new: Connection) -> Held:
    """Drop foreign keys and constraints that are not valid; switch triggers and forced row security off."""
    off_and_on = [pair for query in (EVENT_TRIGGERS, TRIGGERS, ROW_SECURITY) for pair in _rows(new, query)]
    tables = {(table.schema, table.name): table for table in read_tables(new)}
    rules = tuple(
        Rule(table=tables[schema, name], source=source, name=constraint, refused=condition)
        for schema, name, source, constraint, condition in _rows(new, VIOLATIONS)
    )
    constraints = _rows(new, CONSTRAINTS)
    with new.transaction():
        _run(new, [off for off, _ in off_and_on] + [drop for drop, _, _ in constraints])
    return Held(
        constraints=tuple(text for _, *texts in constraints for text in texts if text),
        switches=tuple(on for _, on in reversed(off_and_on)),
        rules=rules,
    )


def release(new: Connection, held: Held, asides: Asides) -> list[Aside]:
    """Bring everything back. Rows that a foreign key refuses are set aside, and so are those that refer to them."""
    refused: list[Aside] = []
    if not _added(new, held):
        while found := [aside for rule in held.rules if (aside := _set_violators_aside(new, rule, asides))]:
            refused += found
        if not _added(new, held):
            raise GitmigError(
                "a foreign key of the target refuses rows in a way that gitmig cannot tell apart",
                hint="`gitmig diff` names what differs; correct the rows and run the command again",
            )
    with new.transaction():
        _run(new, held.switches)
    return refused


def _added(new: Connection, held: Held) -> bool:
    """Add the constraints, which checks them; False if a row is refused, and then nothing has happened."""
    try:
        with new.transaction():
            _run(new, held.constraints)
    except psycopg.errors.ForeignKeyViolation:
        return False
    return True


def _set_violators_aside(new: Connection, rule: Rule, asides: Asides) -> Aside | None:
    columns = [column for column in rule.table.columns if column.stored]
    names = [column.name for column in columns]
    statement = sql.SQL("COPY (DELETE FROM {} t WHERE {} RETURNING {}) TO STDOUT (ENCODING {})").format(
        sql.SQL(rule.source),
        sql.SQL(rule.refused),
        sql.SQL(", ").join(sql.Identifier("t", name) for name in names),
        sql.Literal(encoding(new)),
    )
    with new.cursor() as cursor, cursor.copy(statement) as rows:
        lines = [bytes(row) for row in rows]
    return asides.put(rule.table, columns, lines, f"foreign key {rule.name} refuses them", both=names)


def _rows(new: Connection, query: str) -> Sequence[tuple[Any, ...]]:
    return new.execute(query.encode()).fetchall()


def _run(new: Connection, statements: Iterable[str]) -> None:
    for statement in statements:
        new.execute(statement.encode())
