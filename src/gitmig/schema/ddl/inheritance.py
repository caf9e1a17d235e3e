"""What tables have from their parents, and so changes with these."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from gitmig.schema.names import last, parent

if TYPE_CHECKING:
    from gitmig.schema.ddl.rule import Context
    from gitmig.schema.definitions import Column, Relation
    from gitmig.schema.model import ObjectName


def kept_parents(old: Relation, new: Relation) -> tuple[str, ...]:
    """The parents that stay: those ahead of the first that differs."""
    same = itertools.takewhile(lambda pair: pair[0] == pair[1], zip(old.parents or (), new.parents or ()))
    return tuple(parent for parent, _ in same)


def would_be_local(part: ObjectName, *, local: bool, context: Context) -> bool:
    """Whether a column or constraint belongs to the table itself when its table's parents have been changed.

    Nothing makes it a parent's once it is the table's own.
    """
    old, new = (side.tables.get(parent(part.name)) for side in (context.found, context.wanted))
    kept = kept_parents(old, new) if old and new else ()
    return local or not any(context.wanted.body(part.kind, f"{one}.{last(part.name)}") for one in kept)


def null_is_seen_to(name: str, new: Column, context: Context) -> bool:
    """Whether a constraint with a name, or a parent's column, sees to it whether a column may be null."""
    if name in context.found.not_null or name in context.wanted.not_null:
        return True
    table = context.wanted.tables.get(parent(name))
    for ancestor in (table and table.parents) or ():
        before, after = (side.body("column", f"{ancestor}.{last(name)}") for side in (context.found, context.wanted))
        if before and after and before.not_null != after.not_null and after.not_null == new.not_null:
            return True
    return False
