"""The SQL that turns one schema into another: pure, and only believed once a fingerprint agrees.

Both schemas are taken apart into items (`taking_apart`, `model`). What was only renamed is renamed (`moves`,
`renames`); for everything else it is decided what to drop, make or alter (`changes`), each kind by its own rule
(`kinds`); then what is done together (`together`), and in which order (`plan`). Tables and columns are altered in
place; whatever has no rows goes and comes back where something that it needs changes. Nothing is dropped with CASCADE.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from gitmig.core.difference.changes import decide
from gitmig.core.difference.kinds.routines import has_text_body
from gitmig.core.difference.moves import displaced, taken_back
from gitmig.core.difference.plan import Plan
from gitmig.core.difference.renames import renamed
from gitmig.core.difference.taking_apart import taken_apart

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from gitmig.core.renamings import Undo
    from gitmig.core.schema import ObjectName, Schema

BODIES_UNSEEN = "SET LOCAL check_function_bodies = off"
# Statements about these may take rows or values along.
WITH_ROWS = {"table", "foreign table", "column", "sequence", "schema", "enum", "composite type", "domain", "range"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Statements without semicolons, what each is about, and the objects that differ for which there is no rule."""

    work: tuple[tuple[ObjectName, str], ...]
    unhandled: tuple[ObjectName, ...]

    @property
    def statements(self) -> tuple[str, ...]:
        """All of them, in order, with the settings that they need."""
        return _with_settings([text for _, text in self.work])

    def parts(self, owners: Mapping[ObjectName, int]) -> list[tuple[int, tuple[str, ...]]]:
        """The same in several scripts, each with the one of the `owners` whose rows it may take along.

        What takes no rows goes with what does; what nobody owns is the first owner's.
        """
        first = min(owners.values())
        places = [owners.get(name, first) if name.kind in WITH_ROWS else None for name, _ in self.work]
        place = next((place for place in places if place is not None), first)
        owned = []
        for found, (_, text) in zip(places, self.work):
            place = place if found is None else found
            owned.append((place, text))
        groups = groupby(owned, key=lambda one: one[0])
        return [(place, _with_settings([text for _, text in group])) for place, group in groups]


def _with_settings(statements: list[str]) -> tuple[str, ...]:
    return (BODIES_UNSEEN, *statements) if any(map(has_text_body, statements)) else tuple(statements)


def difference(found: Schema, wanted: Schema, *, renames: bool = True, undos: Iterable[Undo] = ()) -> Difference:
    """What to run in one transaction where the schema is `found`, so that it becomes `wanted`.

    Both should have edges: without them there is no order among the statements. Rows stay wherever PostgreSQL has a
    statement that keeps them; what cannot be kept, as values of a dropped column, is for the caller to save.

    `undos` says what scripts, newest first, are known to have called otherwise. Without `renames` all other tables and
    columns that are gone and new ones are two things, however much alike.
    """
    target = taken_apart(wanted.at_the_time_of(found))
    known, before = taken_back(taken_apart(found), target, undos)
    guessed, before = renamed(before, target, rows=renames)
    making_room, before, taken_over = displaced(before, target)
    changes = decide(before, target)
    work = (*known, *guessed, *making_room, *Plan(before, target, changes, taken_over).work())
    return Difference(work=work, unhandled=tuple(sorted(changes.unhandled)))
