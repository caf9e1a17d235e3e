"""The SQL that turns one schema into another: pure, and only believed once a fingerprint agrees.

Both schemas are taken apart into items (`taking_apart`, `model`). What was only renamed is renamed (`renames`); for
everything else it is decided what to drop, make or alter (`changes`), each kind by its own rule (`kinds`); then what is
done together (`together`), and in which order (`plan`). Tables and columns are altered in place; whatever has no rows
goes and comes back where something that it needs changes. Nothing is dropped with CASCADE.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gitmig.core.difference.changes import decide
from gitmig.core.difference.kinds.routines import has_text_body
from gitmig.core.difference.plan import Plan
from gitmig.core.difference.renames import renamed
from gitmig.core.difference.taking_apart import taken_apart

if TYPE_CHECKING:
    from gitmig.core.schema import ObjectName, Schema

BODIES_UNSEEN = "SET LOCAL check_function_bodies = off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Statements without semicolons, and the objects that differ for which there is no rule."""

    statements: tuple[str, ...]
    unhandled: tuple[ObjectName, ...]


def difference(found: Schema, wanted: Schema, *, renames: bool = True) -> Difference:
    """What to run in one transaction where the schema is `found`, so that it becomes `wanted`.

    Both should have edges: without them there is no order among the statements. Rows stay wherever PostgreSQL has a
    statement that keeps them; what cannot be kept, as values of a dropped column, is for the caller to save. Without
    `renames` tables and columns that are gone and new ones are two things, however much alike.
    """
    target = taken_apart(wanted.at_the_time_of(found))
    renaming, before = renamed(taken_apart(found), target, rows=renames)
    changes = decide(before, target)
    statements = [*renaming, *Plan(before, target, changes).statements()]
    unseen = [BODIES_UNSEEN] if any(map(has_text_body, statements)) else []
    return Difference(statements=tuple(unseen + statements), unhandled=tuple(sorted(changes.unhandled)))
