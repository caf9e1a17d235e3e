"""Constraints of tables, and what is said of the indexes of keys."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gitmig.schema.ddl.indexes import settings, storage
from gitmig.schema.ddl.inheritance import would_be_local
from gitmig.schema.ddl.rule import Context, Instead, Rule, Statements, on_parent, option_changes
from gitmig.schema.model import ObjectName
from gitmig.schema.names import default_name, last, parent

if TYPE_CHECKING:
    from gitmig.schema.definitions import Constraint, Index

NOT_NULL = re.compile(r'NOT NULL ((?:"(?:[^"]|"")*"|[^ ])+)')
TIMING = re.compile(r" DEFERRABLE| INITIALLY DEFERRED")
NOT_VALID = " NOT VALID"


def _create(name: str, constraint: Constraint, _context: Context) -> Statements:
    if not constraint.local:
        return
    table, definition = parent(name), constraint.definition
    not_null = NOT_NULL.fullmatch(definition)
    if not_null and last(name) == default_name(f"{table}.{not_null[1]}", "not_null"):
        yield f"ALTER TABLE {table} ALTER COLUMN {not_null[1]} SET NOT NULL"
    else:
        yield f"ALTER TABLE {table} ADD CONSTRAINT {last(name)} {definition}"


def _drop(name: str, constraint: Constraint, _context: Context) -> Statements:
    if not constraint.local:
        return
    if not_null := NOT_NULL.match(constraint.definition):
        yield f"ALTER TABLE {parent(name)} ALTER COLUMN {not_null[1]} DROP NOT NULL"
    else:
        yield f"ALTER TABLE {parent(name)} DROP CONSTRAINT {last(name)}"


def _alter(name: str, old: Constraint, new: Constraint, context: Context) -> Statements | Instead:
    if would_be_local(ObjectName("constraint", name), local=old.local, context=context) != new.local:
        return Instead.LEAVE
    if not new.local or old.definition == new.definition:
        return ()
    if old.definition == new.definition + NOT_VALID:
        return [f"ALTER TABLE {parent(name)} VALIDATE CONSTRAINT {last(name)}"]
    before, after = TIMING.sub("", old.definition), TIMING.sub("", new.definition)
    if before == after and new.definition.startswith("FOREIGN KEY"):
        timing = "".join(TIMING.findall(new.definition)) or " NOT DEFERRABLE"
        return [f"ALTER TABLE {parent(name)} ALTER CONSTRAINT {last(name)}{timing}"]
    return Instead.REPLACE


def _index_settings(name: str, index: Index, _context: Context) -> Statements:
    table_index = f"{parent(parent(name))}.{last(name)}"
    yield from option_changes(f"ALTER INDEX {table_index}", (), storage(index.definition))
    if index.tablespace:
        yield f"ALTER INDEX {table_index} SET TABLESPACE {index.tablespace}"
    yield from settings(name, index)


def _alter_index(name: str, old: Index, new: Index, _context: Context) -> Statements | Instead:
    table_index = f"{parent(parent(name))}.{last(name)}"
    return [
        *option_changes(f"ALTER INDEX {table_index}", storage(old.definition), storage(new.definition)),
        *[f"ALTER INDEX {table_index} SET TABLESPACE {new.tablespace or 'pg_default'}"]
        * (old.tablespace != new.tablespace),
        *[f"REINDEX INDEX {table_index}"] * (old.valid != new.valid),
    ]


def _index_subject(name: str) -> str:
    return f"INDEX {parent(parent(name))}.{last(name)}"


RULES = {
    "constraint": Rule(create=_create, drop=_drop, alter=_alter, subject=on_parent("CONSTRAINT")),
    "index of a key": Rule(
        create=lambda *_: (),
        drop=lambda *_: (),
        alter=_alter_index,
        settings=_index_settings,
        subject=_index_subject,
    ),
}
