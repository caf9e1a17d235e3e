"""What a step takes, told from its words before it runs: of that there are snapshots then, and it runs only once. Pure.

Whether it was all is seen when the step has run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field

from gitmig.rows.reach import suspect, takes_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from gitmig.rows.step import PreservedStep
    from gitmig.rows.tables import Column, Table, TableName, Tables

# Bytes. So much is copied although a script might leave all of it alone.
SMALL = 1 << 20


class Foreseen(Struct, frozen=True, kw_only=True):
    """By table (oid), the `columns` of which there have to be snapshots, and among these those that are `dropped`."""

    columns: Mapping[int, tuple[Column, ...]] = field(default_factory=dict)
    dropped: Mapping[int, tuple[Column, ...]] = field(default_factory=dict)


NOTHING_FORESEEN = Foreseen()


def foresee(step: PreservedStep, tables: Tables, *, is_all_named: bool) -> Foreseen:
    """What a step takes from these tables, as far as its words tell; nothing if they do not.

    `is_all_named`: it has to do with no other tables than these. Where it writes rows, its words tell of small tables
    only: nobody knows how many rows it is about.
    """
    side = suspect(step.subject.text)
    if step.subject.renamed:
        return NOTHING_FORESEEN
    found = NOTHING_FORESEEN
    if side.writes:
        columns = _targets(tables, side.targets)
        if sum(tables.by_oid[oid].bytes for oid in columns) <= SMALL:
            found = Foreseen(columns=columns)
    elif is_all_named and not step.due:
        found = _taken(step, tables)
    if step.back and found.columns:
        opposite = _targets(tables, suspect(step.subject.opposite).targets)
        found = Foreseen(columns={**found.columns, **opposite}, dropped=found.dropped)
    return found


def is_target(name: TableName, targets: Collection[tuple[str | None, str]]) -> bool:
    """Whether a script writes to a table of this name, as far as its words tell."""
    return any(table == name.name.lower() and schema in {None, name.schema.lower()} for schema, table in targets)


def _targets(tables: Tables, targets: Collection[tuple[str | None, str]]) -> dict[int, tuple[Column, ...]]:
    return {table.oid: table.stored for table in tables if is_target(table.name, targets)}


def _taken(step: PreservedStep, tables: Tables) -> Foreseen:
    columns: dict[int, tuple[Column, ...]] = {}
    dropped: dict[int, tuple[Column, ...]] = {}
    for name, taken in (takes_of(step.subject.text) or {}).items():
        for table in (table for table in tables if table.filled and _is_called(table, name)):
            lost = tuple(c for c in table.stored if taken is None or c.name in taken.dropped)
            other = () if taken is None else tuple(c for c in table.stored if c.name in taken.retyped)
            key = () if any(column in lost for column in table.key_columns) else table.key_columns
            if lost or other:
                needed = {*key, *lost, *other}
                columns[table.oid] = tuple(c for c in table.stored if not key or c in needed)
            if lost:
                dropped[table.oid] = lost
    return Foreseen(columns=columns, dropped=dropped)


def _is_called(table: Table, name: tuple[str, ...]) -> bool:
    return (table.name.schema, table.name.name)[-len(name) :] == name
