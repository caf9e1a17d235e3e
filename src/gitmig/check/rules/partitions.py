"""GM215, GM217: partitions of one table, and what the table passes on to them; whether two bounds overlap."""

from __future__ import annotations

import json
import re
from math import gcd
from typing import TYPE_CHECKING, Any

from gitmig.check.findings import Severity
from gitmig.check.footprint.indexes import ONLY
from gitmig.check.footprint.model import Action, NamedKind, Object, Trait
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
    if part.object.kind is not NamedKind.PARTITION or part.object.root != other.object.root:
        return None
    table = Object(NamedKind.TABLE, part.object.root)
    doubt = None
    if part.action is Action.DROP:
        inherits = part.aspect == "inherits"
        if (
            other.action is Action.WRITE
            and other.aspect == "insert"
            and other.object.path == table.path
            and not inherits
        ):
            doubt = "the rows decide"
        elif not _passes_on(other, table, only_checks=inherits):
            return None
        message = f"{part.label} takes {part.object.path[-1]} away from {table}, and {uses(other, part)}"
    elif part.action is Action.CREATE and other.action is Action.READ and other.aspect == ONLY:
        message = f"{part.label} adds a partition to {table}, and {other.label} makes an index on ONLY {table}"
    elif part.action is Action.CREATE and part.aspect == "divided" and other.has(Trait.UNIQUE):
        message = (
            f"{part.label} adds a partition with partitions to {table}, and {other.label} makes a unique key of {table}"
        )
        doubt = "the key may have all columns by which the partition is divided"
    else:
        return None
    severity = Severity.WARNING if doubt else Severity.ERROR
    return Conflict(object=table, message=message, severity=severity, doubt=doubt)


# What is passed on to partitions of what is altered at the table or its columns.
PASSED_ON = {"null", "default", "primary key"}


def _passes_on(change: Effect, table: Object, *, only_checks: bool) -> bool:
    """Whether partitions get it with the table; tables that only inherit get checks and NOT NULL."""
    kind = change.object.kind
    if change.action is Action.READ:
        return change.object == table and change.aspect in {"indexes", ONLY} and not only_checks
    if kind is NamedKind.CONSTRAINT and change.action is not Action.WRITE:
        return not only_checks or change.aspect == "constraints" or change.action is not Action.CREATE
    altered = change.action is Action.ALTER and change.aspect in ({"null"} if only_checks else PASSED_ON)
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
