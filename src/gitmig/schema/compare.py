"""The SQL that turns one schema into another: pure, and only believed once a fingerprint agrees.

Both schemas are taken apart into items (`decompose`). What was only renamed is renamed (`renames`); for everything else
it is decided what to drop, make or alter, each kind by its own definition (`kinds`); then what is done together, and in
which order (`order`). Tables and columns are altered in place; whatever has no rows goes and comes back where something
that it needs changes. Nothing is dropped with CASCADE.
"""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING

from msgspec import Struct, field

from gitmig.schema.decompose import decompose, described
from gitmig.schema.kinds import DEFINITIONS
from gitmig.schema.kinds.columns import Column
from gitmig.schema.kinds.constraints import Constraint
from gitmig.schema.kinds.indexes import Index
from gitmig.schema.kinds.kind import Context, Impact, Instead, commented
from gitmig.schema.kinds.privileges import grant_changes, has_other_grantor
from gitmig.schema.kinds.routines import has_text_body
from gitmig.schema.kinds.sequences import SequenceOwner
from gitmig.schema.kinds.types import EnumType
from gitmig.schema.model import TABLES, TYPES, ObjectKind, ObjectName, Tie
from gitmig.schema.names import literal
from gitmig.schema.order import StatementOrder, names_of_types
from gitmig.schema.renames import STRING, guess_renames, make_room, undo_renames

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from gitmig.schema.decompose import Model, SchemaItem
    from gitmig.schema.kinds.kind import Definition
    from gitmig.schema.model import Schema
    from gitmig.schema.noted_renames import Undo


# What keeps rows, and is therefore never dropped to be made again because of something else.
KEEPERS = TABLES | {ObjectKind.COLUMN, ObjectKind.SEQUENCE, ObjectKind.SCHEMA, ObjectKind.EXTENSION}
# Statements about these may take rows or values along.
WITH_ROWS = TABLES | TYPES | {ObjectKind.COLUMN, ObjectKind.SEQUENCE, ObjectKind.SCHEMA}


class SchemaChanges(Struct, kw_only=True):
    """The work, by item of the found (`dropped`, `altered`) and the wanted model (`made`)."""

    dropped: set[ObjectName] = field(default_factory=set)
    made: set[ObjectName] = field(default_factory=set)
    altered: dict[ObjectName, list[str]] = field(default_factory=dict)
    retired: set[ObjectName] = field(default_factory=set)
    unhandled: set[ObjectName] = field(default_factory=set)


def decide(found: Model, wanted: Model) -> SchemaChanges:
    """What to drop, make and alter, with all that follows from it."""
    return _Decision(found, wanted).run()


class _Decision:
    def __init__(self, found: Model, wanted: Model) -> None:
        self.found, self.wanted = found, wanted
        self.context = Context(found=found, wanted=wanted)
        self.changes = SchemaChanges()
        self.forced: set[ObjectName] = set()  # columns whose type is swapped
        self.queue: list[ObjectName] = []

    def run(self) -> SchemaChanges:
        for name in sorted(self.found.items.keys() - self.wanted.items.keys()):
            self._drop(name)
        for name in sorted(self.wanted.items.keys() - self.found.items.keys()):
            self._make(name)
        for name in sorted(self.found.items.keys() & self.wanted.items.keys()):
            if self.found.items[name] != self.wanted.items[name]:
                self._alter(name)
        self._follow_up()
        for name in [name for name in self.changes.altered if name.kind is ObjectKind.ENUM]:
            if self._is_used_at_once(name):
                self._replace(name)
        self._follow_up()
        self._retire()
        self._leave_what_parents_have()
        return self.changes

    def _leave_what_parents_have(self) -> None:
        """An inherited not-null constraint stays as long as the parent's does, and with it there can be no other."""
        for side, names in ((self.found, self.changes.dropped), (self.wanted, self.changes.made)):
            for column, name in side.not_null.items():
                if name in names and not side.get(Constraint, name).local and not side.needs[name].keys() & names:
                    constraints = {
                        side.not_null[column] for side in (self.found, self.wanted) if column in side.not_null
                    }
                    self.changes.unhandled |= constraints
                    self.changes.dropped -= constraints
                    self.changes.made -= constraints

    def _follow_up(self) -> None:
        while self.queue:
            self._drop_dependents(self.queue.pop())

    def _is_used_at_once(self, enum: ObjectName) -> bool:
        """Whether something that is made needs a label that is new: PostgreSQL lets it be used only after a commit."""
        before, after = (side.get(EnumType, enum).labels for side in (self.found, self.wanted))
        labels = set(after or ()) - set(before or ())
        texts = (
            text
            for dependent in self.wanted.dependents.get(enum, ())
            if dependent in self.changes.made or dependent in self.changes.altered
            for text in self.wanted.items[dependent].body.texts()
        )
        return any(_uses_label(text, label, enum.name) for text in texts for label in labels)

    def _drop(self, name: ObjectName) -> None:
        if not self._is_covered(name, self.found):
            self.changes.unhandled.add(name)
        elif name not in self.changes.dropped:
            self.changes.dropped.add(name)
            self.queue.append(name)

    def _make(self, name: ObjectName) -> None:
        if self._is_covered(name, self.wanted):
            self.changes.made.add(name)
        else:
            self.changes.unhandled.add(name)

    @staticmethod
    def _is_covered(name: ObjectName, model: Model) -> bool:
        return model.items[name].body.is_covered()

    def _replace(self, name: ObjectName) -> None:
        self.changes.altered.pop(name, None)
        self._drop(name)
        if name in self.wanted.items:
            self._make(name)

    def _alter(self, name: ObjectName) -> None:
        if name in self.changes.dropped:
            return
        old, new = self.found.items[name], self.wanted.items[name]
        can_replace = old.body.is_covered() and new.body.is_covered() and not self._is_held(name)
        statements = self._statements(name, old, new)
        if statements is Instead.LEAVE or (statements is Instead.REPLACE and not can_replace):
            self.changes.unhandled.add(name)
        elif statements is Instead.REPLACE:
            self._replace(name)
        else:
            self.changes.altered[name] = statements
            self._move_away(name, new.body.impact(old.body))

    def _is_held(self, name: ObjectName) -> bool:
        """Whether tables, or their partitions, are partitioned by columns of this type."""
        return name.kind in TYPES and any(one.name in self.found.partition_keys for one in self._columns_of(name))

    def _statements(
        self, name: ObjectName, old: SchemaItem[Definition], new: SchemaItem[Definition]
    ) -> list[str] | Instead:
        statements: list[str] = []
        if old.body != new.body or name in self.forced:
            altered = new.body.alter(old.body, name, self.context)
            if isinstance(altered, Instead):
                return altered
            statements += altered
        if has_other_grantor(set(old.grants or ()) ^ set(new.grants or ())):
            return Instead.LEAVE
        told = described(name, new)
        definition = DEFINITIONS[told.kind]
        statements += grant_changes(definition.RIGHTS, told, old.grants, new.grants)
        if old.comment != new.comment:
            statements.append(commented(definition.subject(told), new.comment))
        return statements

    def _move_away(self, name: ObjectName, impact: Impact) -> None:
        """Take away for a while what cannot stay when a column changes."""
        for dependent in self.found.dependents.get(name, ()):
            if impact is not Impact.NONE and self._stands_in_the_way(dependent, impact):
                self._replace(dependent)

    def _stands_in_the_way(self, name: ObjectName, impact: Impact) -> bool:
        body = self.found.items[name].body
        if body.IN_THE_WAY or (isinstance(body, Column) and body.generated):
            return True
        if impact is not Impact.EXPRESSIONS:
            return False
        if isinstance(body, Constraint):
            return body.definition.startswith(("FOREIGN KEY", "CHECK", "EXCLUDE"))
        if name.kind is ObjectKind.INDEX and isinstance(body, Index):
            return " WHERE " in body.definition or "(" in body.definition.partition(" (")[2]
        return name.kind in {ObjectKind.DEFAULT, ObjectKind.STATISTICS}

    def _drop_dependents(self, name: ObjectName) -> None:
        for dependent, tie in self.found.dependents.get(name, {}).items():
            if dependent in self.changes.dropped:
                continue
            if self._has_another_owner(dependent):
                continue
            if tie is Tie.GOES_ALONG or dependent.kind not in KEEPERS or self._is_computed(dependent):
                self._replace(dependent)

    def _has_another_owner(self, name: ObjectName) -> bool:
        """Whether it is a sequence that another column shall own, before the one that owns it now goes."""
        before, after = (side.find(SequenceOwner, name.name) for side in (self.found, self.wanted))
        return name.kind is ObjectKind.SEQUENCE and name in self.wanted.items and None is not after != before

    def _is_computed(self, name: ObjectName) -> bool:
        return name.kind is ObjectKind.COLUMN and bool(self.found.get(Column, name).generated)

    def _retire(self) -> None:
        """Types that are made anew while columns of them stay: the old one makes room and goes when they are moved."""
        replaced = [name for name in self.changes.dropped & self.changes.made if name.kind in TYPES]
        for name in replaced:
            self.forced |= {column for column in self._columns_of(name) if column not in self.changes.dropped}
            if any(column not in self.changes.dropped for column in self._columns_of(name)):
                self._retire_with_needs(name, replaced)
        self.context = Context(
            found=self.found, wanted=self.wanted, retired=names_of_types(self.found, self.changes.retired)
        )
        for column in self.forced:
            if column in self.wanted.items:
                self.changes.altered.pop(column, None)
                self._alter(column)
                self._move_away(column, Impact.EXPRESSIONS)
        self._follow_up()

    def _retire_with_needs(self, name: ObjectName, replaced: Collection[ObjectName]) -> None:
        """What the old type is made of has to stay as long as that."""
        if name not in self.changes.retired:
            self.changes.retired.add(name)
            for needed in self.found.needs.get(name, ()):
                if needed in replaced:
                    self._retire_with_needs(needed, replaced)

    def _columns_of(self, name: ObjectName) -> Iterator[ObjectName]:
        return (one for one in self.found.dependents.get(name, ()) if one.kind is ObjectKind.COLUMN)


def _uses_label(text: str, label: str, enum: str) -> bool:
    """Whether it has the label as a value of the enum, or in an array of it: more than the label may hold it."""
    if f"{literal(label)}::{enum}" in text:
        return True
    inside = literal(label.replace("\\", "\\\\").replace('"', '\\"'))[1:-1]
    return any(inside in array for array in re.findall(rf"({STRING})::{re.escape(enum)}\[\]", text))


BODIES_UNSEEN = "SET LOCAL check_function_bodies = off"


class ComputedDifference(Struct, frozen=True, kw_only=True):
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


def difference(
    found: Schema, wanted: Schema, *, renames: bool = True, undos: Iterable[Undo] = (), added: Collection[str] = ()
) -> ComputedDifference:
    """What to run in one transaction where the schema is `found`, so that it becomes `wanted`.

    Both should have edges: without them there is no order among the statements. Rows stay wherever PostgreSQL has a
    statement that keeps them; what cannot be kept, as values of a dropped column, is for the caller to save.

    `undos` says what scripts, newest first, are known to have called otherwise. Without `renames` all other tables and
    columns that are gone and new ones are two things, however much alike; so is a column of either side that was
    `added`, as the caller knows.
    """
    target = decompose(wanted.at_the_time_of(found))
    known, before = undo_renames(decompose(found), target, undos)
    guessed, before = guess_renames(before, target, rows=renames, added=added)
    making_room, before, taken_over = make_room(before, target)
    changes = decide(before, target)
    work = (*known, *guessed, *making_room, *StatementOrder(before, target, changes, taken_over).work())
    return ComputedDifference(work=work, unhandled=tuple(sorted(changes.unhandled)))
