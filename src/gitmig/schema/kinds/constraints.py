"""Constraints of tables; and what tables have from their parents, and so changes with these."""

from __future__ import annotations

import re

from gitmig.schema.kinds.kind import Context, Definition, Instead, Query, Self, Statements, sql
from gitmig.schema.model import ObjectKind, ObjectName
from gitmig.schema.names import default_name
from gitmig.schema.scope import OWN_RELATION, RELATION, RELATIONS

NOT_NULL = re.compile(r'NOT NULL ((?:"(?:[^"]|"")*"|[^ ])+)')
TIMING = re.compile(r" DEFERRABLE| INITIALLY DEFERRED")
NOT_VALID = " NOT VALID"
# How the definitions of constraints begin that have an index.
KEYS = ("PRIMARY KEY", "UNIQUE", "EXCLUDE")


class Constraint(Definition):
    """A constraint of a table.

    A foreign key to a partitioned table has a child for every partition. Constraint triggers are with the triggers.
    """

    definition: str = sql("pg_get_constraintdef(o.oid)")
    local: bool = sql("o.conislocal")

    KIND = ObjectKind.CONSTRAINT
    SPACES = ("constraint",)
    ON_TABLE = True
    QUERY = Query(
        name=f"{RELATION} || '.' || quote_ident(o.conname)",
        of="pg_constraint o",
        source=f"""{RELATIONS} JOIN pg_constraint o ON o.conrelid = c.oid AND o.contype <> 't'
WHERE {OWN_RELATION} AND (o.conparentid = 0 OR o.contype <> 'f')""",
    )

    @property
    def is_key(self) -> bool:
        """Whether it has an index."""
        return self.definition.startswith(KEYS)

    @property
    def not_null_column(self) -> str | None:
        """The column of a not-null constraint; they are objects since PostgreSQL 18."""
        match = NOT_NULL.match(self.definition)
        return match[1] if match else None

    def create(self, name: ObjectName, context: Context) -> Statements:
        if not self.local:
            return
        not_null = NOT_NULL.fullmatch(self.definition)
        if not_null and name.last == default_name(f"{name.parent}.{not_null[1]}", "not_null"):
            yield f"ALTER TABLE {name.parent} ALTER COLUMN {not_null[1]} SET NOT NULL"
        else:
            yield f"ALTER TABLE {name.parent} ADD CONSTRAINT {name.last} {self.definition}"

    def drop(self, name: ObjectName, context: Context) -> Statements:
        if self.local and (column := self.not_null_column):
            yield f"ALTER TABLE {name.parent} ALTER COLUMN {column} DROP NOT NULL"
        elif self.local:
            yield f"ALTER TABLE {name.parent} DROP CONSTRAINT {name.last}"

    def alter(self, old: Self, name: ObjectName, context: Context) -> Statements | Instead:
        if would_be_local(name, local=old.local, context=context) != self.local:
            return Instead.LEAVE
        if not self.local or old.definition == self.definition:
            return ()
        if old.definition == self.definition + NOT_VALID:
            return [f"ALTER TABLE {name.parent} VALIDATE CONSTRAINT {name.last}"]
        before, after = TIMING.sub("", old.definition), TIMING.sub("", self.definition)
        if before == after and self.definition.startswith("FOREIGN KEY"):
            timing = "".join(TIMING.findall(self.definition)) or " NOT DEFERRABLE"
            return [f"ALTER TABLE {name.parent} ALTER CONSTRAINT {name.last}{timing}"]
        return Instead.REPLACE


def would_be_local(part: ObjectName, *, local: bool, context: Context) -> bool:
    """Whether a column or constraint belongs to the table itself when its table's parents have been changed.

    Nothing makes it a parent's once it is the table's own.
    """
    old, new = (side.tables.get(part.parent) for side in (context.found, context.wanted))
    kept = new.kept_parents(old) if old and new else ()
    inherited = (ObjectName(part.kind, f"{one}.{part.last}") for one in kept)
    return local or not any(one in context.wanted.items for one in inherited)
