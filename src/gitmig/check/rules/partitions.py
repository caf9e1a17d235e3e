"""GM215, GM217: partitions of one table, and what the table passes on to them; whether two bounds overlap."""

from __future__ import annotations

import json
import re
from math import gcd
from typing import TYPE_CHECKING, Any

from gitmig.check.dependencies import INDEXED, OF_COLUMNS
from gitmig.check.effects import Circumstance
from gitmig.check.findings import Severity
from gitmig.check.footprint.indexes import ONLY, UNIQUE_KEY
from gitmig.check.footprint.model import Action, NamedKind, Object, Trait
from gitmig.check.footprint.tables import MERGED, MERGED_CHECK
from gitmig.check.footprint.views import OF_TRIGGER
from gitmig.check.rules.pairs import labels_in_order, uses
from gitmig.check.rules.registry import Conflict, Example, WhenProven, on_pairs, rule

if TYPE_CHECKING:
    from gitmig.check.effects import Effect

DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
Bound = dict[str, Any]
LOWEST, HIGHEST = (-1, 0), (1, 0)


@on_pairs
@rule(
    "GM215",
    "partitions",
    Severity.ERROR,
    hint="give the two partitions bounds that do not meet",
    conflict=Example(
        base="CREATE TABLE p (id int) PARTITION BY RANGE (id);",
        ours="CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);",
        theirs="CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (5) TO (15);",
    ),
    harmless=Example(
        base="CREATE TABLE p (id int) PARTITION BY RANGE (id);",
        ours="CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);",
        theirs="CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (10) TO (20);",
    ),
    when_proven=WhenProven.GONE,
)
def partitions(first: Effect, second: Effect) -> Conflict | None:
    """Both sides add partitions to one table, and one row would belong to both.

    A warning that is not certain if the bounds do not tell: what has to be computed, or compared by a collation.
    """
    if not first.action is second.action is Action.CREATE:
        return None
    if not first.object.kind is second.object.kind is NamedKind.PARTITION:
        return None
    if first.object.root != second.object.root or first.object == second.object:
        return None  # two tables of one name: another rule
    overlap = overlapping(json.loads(first.touch.value), json.loads(second.touch.value))
    if overlap is False:
        return None
    one, two = labels_in_order(first, second)
    table = Object(NamedKind.TABLE, first.object.root)
    meet = "the two have" if overlap else "they may have"
    return Conflict(
        object=table,
        message=f"{one} and {two} both add partitions to {table}, and {meet} rows in common",
        severity=Severity.ERROR if overlap else Severity.WARNING,
        doubt=None if overlap else "their bounds are not compared here",
    )


@on_pairs
@rule(
    "GM217",
    "table and partition",
    Severity.ERROR,
    hint="let one of the two follow the other, so that it is known whether the partition has it, too",
    conflict=Example(
        base="CREATE TABLE p (id int) PARTITION BY RANGE (id);\n"
        "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);",
        ours="ALTER TABLE p DETACH PARTITION p1;",
        theirs="CREATE INDEX ON p (id);",
    ),
    harmless=Example(
        base="CREATE TABLE p (id int) PARTITION BY RANGE (id);",
        ours="CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);",
        theirs="CREATE INDEX ON p (id);",
    ),
    when_proven=WhenProven.KEPT,  # a proof does not look at what partitions have of their own
)
def table_and_partition(part: Effect, other: Effect) -> Conflict | None:
    """One side attaches or detaches a partition or child, the other one changes what the table passes on to it.

    Indexes, keys, checks, `NOT NULL` and defaults of a table are made for the partitions that it has by then, and stay
    when these leave, other than its triggers; an index on `ONLY` the table only for those that come later. Rows need a
    partition to go to, which is not certain.
    """
    if _one_index(part, other):
        what = "foreign key" if part.aspect == "reference" else "index"
        article = "a" if part.aspect == "reference" else "an"
        return Conflict(
            object=part.object,
            message=f"{part.label} makes {article} {what} of {part.object} and of the table of which it is a "
            f"partition, and {other.label} makes the same one of {part.object}",
            hint=f"take it out of {other.label}: the {what} of the table is one of its partitions, too",
        )
    if part.object.root != other.object.root:
        return None
    if part.has(Circumstance.LOCAL):
        return _becomes_inherited(part, other)
    if part.aspect in {MERGED, MERGED_CHECK}:
        return _merged(part, other)
    if part.object.kind is NamedKind.PARTITION and part.action is Action.DROP:
        return _part_leaves(part, other)
    return _part_comes(part, other)


def _becomes_inherited(column: Effect, other: Effect) -> Conflict | None:
    """A column of a child that its parent gets as well cannot go, or change by itself, any more."""
    changed = other.action in {Action.DROP, Action.RENAME} or (other.action is Action.ALTER and other.aspect == "type")
    if column.action is not Action.CREATE or other.object != column.object or not changed:
        return None
    return Conflict(
        object=other.object,
        message=f"{column.label} makes {other.object} one with that of its parent, and {uses(other, column)}",
    )


def _part_leaves(part: Effect, other: Effect) -> Conflict | None:
    table = Object(NamedKind.TABLE, part.object.root)
    inherits, dropped = part.aspect == "inherits", part.has(Circumstance.IMPLIED)
    inserts = other.action is Action.WRITE and other.aspect == "insert" and other.object == table and not inherits
    if not inserts and (dropped or not _passes_on(other, table, inherits=inherits)):
        return None
    return Conflict(
        object=table,
        message=f"{part.label} takes {part.object.path[-1]} away from {table}, and {uses(other, part)}",
        severity=Severity.WARNING if inserts else Severity.ERROR,
        doubt="the rows decide" if inserts else None,
    )


def _part_comes(part: Effect, other: Effect) -> Conflict | None:
    table = Object(NamedKind.TABLE, part.object.root)
    made = part.action is Action.CREATE and part.object.kind is NamedKind.PARTITION
    inherits = part.action is Action.READ and part.aspect == "parent"
    if (made or inherits) and other.action is Action.ALTER and other.aspect == "statistics":
        message = f"{part.label} adds a part to {table}, and {uses(other, part)}: only parts that are there get that"
    elif made and other.action is Action.READ and other.aspect == ONLY:
        message = f"{part.label} adds a partition to {table}, and {other.label} makes an index on ONLY {table}"
    elif made and part.aspect == "foreign" and other.action is Action.READ and other.aspect == UNIQUE_KEY:
        message = f"{part.label} adds a foreign table to {table}, and {other.label} makes a unique key of {table}"
    elif made and part.aspect == "divided" and other.aspect == UNIQUE_KEY and not _covers(other, part):
        message = (
            f"{part.label} adds a partition with partitions to {table}, and {other.label} makes a unique key of "
            f"{table} without all columns by which it is divided"
        )
    else:
        return None
    return Conflict(object=table, message=message)


def _merged(child: Effect, other: Effect) -> Conflict | None:
    """A new child has a column or check of its own that the parent gets as well: the two have to be alike."""
    column = child.aspect == MERGED
    names = {other.object.path[-1], *(other.touch.to.path[-1:] if other.touch.to else ())}
    kind = NamedKind.COLUMN if column else NamedKind.CONSTRAINT
    if other.object.kind is not kind or names.isdisjoint(child.touch.columns or ()) or other.has(Trait.ALONE):
        return None
    if not (_unlike_column(child, other) if column else _unlike_check(child, other)):
        return None
    return Conflict(
        object=other.object,
        message=f"{child.label} makes a child of {child.object} with a {kind.value} of its own, "
        f"and {uses(other, child)}",
        hint=f"let the child have the {kind.value} from its parent alone, or let one of the two follow the other",
    )


def _unlike_column(child: Effect, other: Effect) -> bool:
    if other.action is Action.CREATE and not other.has(Circumstance.TAKEN):
        return (other.touch.columns or ("",))[0] != child.touch.value
    overwritten = other.aspect == "default" and child.has(Trait.GIVEN)
    altered = other.action is Action.ALTER and (other.aspect == "type" or overwritten)
    return altered or other.action is Action.RENAME


def _unlike_check(child: Effect, other: Effect) -> bool:
    return other.action is Action.CREATE and other.aspect == "constraints" and other.touch.value != child.touch.value


def _covers(key: Effect, part: Effect) -> bool:
    """Whether a unique key of the table has every column by which a partition is divided: no expression can be one."""
    by = part.touch.columns
    return by is not None and set(by) <= set(key.touch.columns or ())


def _one_index(passed_on: Effect, made: Effect) -> bool:
    """Whether a table's index comes to a partition, which gets the very same: one there already is taken for it."""
    implied = passed_on.action is Action.ALTER and passed_on.aspect in INDEXED and passed_on.has(Circumstance.IMPLIED)
    makes = made.action is Action.READ and made.aspect in {*INDEXED, ONLY} and made.object == passed_on.object
    return implied and makes and passed_on.touch.columns == made.touch.columns


# What tables pass on of what is altered at them or their columns: to tables that inherit, and to partitions.
PASSED_ON = {True: OF_COLUMNS, False: {*OF_COLUMNS, "primary key"}}


def _passes_on(change: Effect, table: Object, *, inherits: bool) -> bool:
    """Whether partitions get it with the table; tables that only inherit get checks and what columns are like."""
    kind = change.object.kind
    if change.action is Action.READ:
        return change.object == table and change.aspect == "indexes" and not inherits
    if kind is NamedKind.CONSTRAINT and change.action is not Action.WRITE:
        if change.has(Trait.ALONE) or change.aspect == OF_TRIGGER:
            return False
        return not inherits or change.aspect == "constraints" or change.action is not Action.CREATE
    altered = change.action is Action.ALTER and change.aspect in PASSED_ON[inherits] and not change.has(Trait.ALONE)
    return altered and (kind is NamedKind.COLUMN or change.object == table)


def overlapping(first: Bound, second: Bound) -> bool | None:
    """Whether two bounds, as the parser has them, have a row in common; None if they do not tell."""
    if "is_default" in first or "is_default" in second:
        return "is_default" in first and "is_default" in second
    if first == second:
        return True
    if first["strategy"] == second["strategy"] == "h":
        common = gcd(first["modulus"], second["modulus"])
        return bool(first.get("remainder", 0) % common == second.get("remainder", 0) % common)
    if first["strategy"] == second["strategy"] == "l":
        return _lists(first["listdatums"], second["listdatums"])
    return _ranges(first, second)


def _lists(first: list[Any], second: list[Any]) -> bool | None:
    if any(value in second for value in first):
        return True
    kinds = {next((key for key in value.get("A_Const", {"": ""})), "") for value in [*first, *second]}
    return False if len(kinds - {"isnull"}) < 2 and kinds <= {"ival", "sval", "boolval", "isnull"} else None


def _ranges(first: Bound, second: Bound) -> bool | None:
    """From the lower end, which belongs to the range, to the upper one, which does not."""
    ends = [_end(bound.get(side, [])) for bound in (first, second) for side in ("lowerdatums", "upperdatums")]
    if any(None in end for end in ends) or len({len(end) for end in ends}) > 1:
        return None
    kinds = [{type(v[1]) for v in column if v[0] == 0} for column in zip(*ends, strict=True)]
    if any(len(kind) > 1 for kind in kinds):
        return None
    lower, upper, other_lower, other_upper = ends
    return bool(lower < other_upper and other_lower < upper)


def _end(values: list[Any]) -> tuple[tuple[int, int | str] | None, ...]:
    return tuple(_value(value) for value in values)


def _value(node: Any) -> tuple[int, int | str] | None:
    """A value that can be compared with others of its kind; days and numbers do not depend on a collation."""
    word = (node.get("ColumnRef", {}).get("fields") or [{}])[0].get("String", {}).get("sval", "")
    if word in {"minvalue", "maxvalue"}:
        return LOWEST if word == "minvalue" else HIGHEST
    constant = node.get("A_Const", {})
    if "ival" in constant:
        return 0, int(constant["ival"].get("ival", 0))
    day = constant.get("sval", {}).get("sval", "")
    return (0, day) if DATE.fullmatch(day) else None
