"""Holding constraints and triggers back while rows come in, and bringing them back afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from gitmig.core.carrying import Column, Table
from gitmig.database.catalogs.scope import OURS, own
from gitmig.database.rebuild.session import encoding
from gitmig.errors import GitmigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

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
# Per validated foreign key: table, and which of its rows it refuses. The operators are those of the key itself. What a
# temporal key (PostgreSQL 18) refuses cannot be told row by row.
VIOLATIONS = f"""
SELECT n.nspname, c.relname, c.relkind = 'p', quote_ident(o.conname),
  format('(%s) AND NOT EXISTS (SELECT FROM %s r WHERE %s)',
    string_agg(format('t.%I IS NOT NULL', a.attname), CASE o.confmatchtype WHEN 'f' THEN ' OR ' ELSE ' AND ' END),
    (SELECT CASE relkind WHEN 'p' THEN '' ELSE 'ONLY ' END || oid::regclass FROM pg_class WHERE oid = o.confrelid),
    string_agg(format('r.%I OPERATOR(%I.%s) t.%I', ra.attname,
      (SELECT nspname FROM pg_namespace WHERE oid = op.oprnamespace), op.oprname, a.attname), ' AND '))
FROM pg_constraint o {RELATION.format(oid="o.conrelid")}
  CROSS JOIN unnest(o.conkey, o.confkey, o.conpfeqop) k(attnum, rattnum, operator)
  JOIN pg_attribute a ON a.attrelid = o.conrelid AND a.attnum = k.attnum
  JOIN pg_attribute ra ON ra.attrelid = o.confrelid AND ra.attnum = k.rattnum
  JOIN pg_operator op ON op.oid = k.operator
WHERE o.contype = 'f' AND o.convalidated AND o.conparentid = 0 AND {NOT_OF_AN_EXTENSION}
  AND to_jsonb(o) ->> 'conperiod' IS DISTINCT FROM 'true'
GROUP BY o.oid, n.nspname, c.relname, c.relkind, o.conname, o.confmatchtype, o.confrelid
ORDER BY o.oid
"""
COLUMNS = """
SELECT attname, format_type(atttypid, atttypmod), atttypid < 16384 FROM pg_attribute
WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped ORDER BY attnum
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A foreign key: which rows of its table it refuses."""

    table: Table
    name: str
    refused: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What is held back: statements that bring it back, in order, and the foreign keys among it."""

    constraints: tuple[str, ...]
    switches: tuple[str, ...]
    rules: tuple[Rule, ...]


def hold(new: Connection) -> Held:
    """Drop foreign keys and constraints that are not valid; switch triggers and forced row security off."""
    off_and_on = [pair for query in (EVENT_TRIGGERS, TRIGGERS, ROW_SECURITY) for pair in _rows(new, query)]
    rules = tuple(_rule(new, row) for row in _rows(new, VIOLATIONS))
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
    statement = sql.SQL("COPY (DELETE FROM {}{} t WHERE {} RETURNING t.*) TO STDOUT (ENCODING {})").format(
        sql.SQL("" if rule.table.partitioned else "ONLY "),
        sql.Identifier(rule.table.schema, rule.table.name),
        sql.SQL(rule.refused),
        sql.Literal(encoding(new)),
    )
    with new.cursor() as cursor, cursor.copy(statement) as rows:
        lines = [bytes(row) for row in rows]
    columns, reason = rule.table.columns, f"foreign key {rule.name} refuses them"
    return asides.put(rule.table, columns, lines, reason, both=[column.name for column in columns])


def _rule(new: Connection, row: tuple[Any, ...]) -> Rule:
    schema, name, partitioned, constraint, refused = row
    found = new.execute(COLUMNS, (sql.Identifier(schema, name).as_string(new),)).fetchall()
    columns = tuple(Column(name=column, type=kind, portable=portable) for column, kind, portable in found)
    table = Table(schema=schema, name=name, partitioned=partitioned, columns=columns)
    return Rule(table=table, name=constraint, refused=refused)


def _rows(new: Connection, query: str) -> Sequence[tuple[Any, ...]]:
    return new.execute(query.encode()).fetchall()


def _run(new: Connection, statements: Iterable[str]) -> None:
    for statement in statements:
        new.execute(statement.encode())
