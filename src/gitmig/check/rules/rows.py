"""GM210, GM211, GM213: one side writes rows, and it matters whether the other one has run before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.check.dependencies import DOMAIN, FIRED, REST, UNTRACEABLE
from gitmig.check.effects import Circumstance
from gitmig.check.findings import Severity
from gitmig.check.footprint.model import Action, DependencyKind, NamedKind, Trait
from gitmig.check.footprint.names import NOT_NULL
from gitmig.check.footprint.tables import JOINS_PARTITION
from gitmig.check.footprint.types import NO_NULLS
from gitmig.check.footprint.views import READ_ONLY
from gitmig.check.rules.pairs import given, hits, labels_in_order, uses
from gitmig.check.rules.registry import Conflict, Example, WhenProven, on_pairs, rule

if TYPE_CHECKING:
    from gitmig.check.effects import Effect


@on_pairs
@rule(
    "GM210",
    "value required",
    Severity.ERROR,
    hint="give the column a default, or the rows a value",
    conflict=Example(
        ours="ALTER TABLE comments ADD COLUMN score int NOT NULL;", theirs="INSERT INTO comments (id) VALUES (1);"
    ),
    harmless=Example(
        ours="ALTER TABLE comments ADD COLUMN score int NOT NULL DEFAULT 0;",
        theirs="INSERT INTO comments (id) VALUES (1);",
    ),
    when_proven=WhenProven.UNCERTAIN,
)
def value_required(column: Effect, insert: Effect) -> Conflict | None:
    """One side wants every row to have a value, the other one inserts rows without it, or writes NULL.

    For `SET NOT NULL` on a column that is there, or on its domain, not certain if it is left out: it may have a
    default. Nor for `MERGE`, `UPDATE` and `INSERT … SELECT`, which may find no rows. A column that is NOT NULL and
    loses its default, or its identity, wants a value, too.
    """
    if column.object.kind is not NamedKind.COLUMN or not _writes_at_once(insert, {"insert", "update"}):
        return None
    new = column.action is Action.CREATE and column.has(Trait.REQUIRED)
    tightened = column.action is Action.ALTER and column.aspect in {"null", NO_NULLS} and column.touch.value == NOT_NULL
    bare = column.action is Action.ALTER and column.has(Circumstance.NEEDED)
    if not (new or tightened or bare):
        return None
    if bare:
        return _without_default(column, insert)
    if insert.object == column.object and insert.has(Trait.NULL):
        way, doubt = "writes NULL to it", "it may find no rows" if insert.has(Trait.PERHAPS) else None
    elif _leaves_out(insert, column, new=new):
        way, doubt = "inserts without it", _why_it_may_have_a_value(insert, new=new)
    elif column.aspect == NO_NULLS and insert.object.contains(column.object) and insert.touch.columns is None:
        way, doubt = "inserts by position", "the values decide"
    else:
        return None
    return Conflict(
        object=column.object,
        message=f"{column.label} makes {column.object} NOT NULL, and {insert.label} {way}",
        hint=f"give the column a default, or a value in {insert.label}",
        doubt=doubt,
    )


def _without_default(column: Effect, insert: Effect) -> Conflict | None:
    if not _leaves_out(insert, column, new=False):
        return None
    return Conflict(
        object=column.object,
        message=f"{column.label} takes the default of {column.object}, which is NOT NULL, and {insert.label} inserts "
        "without it",
        hint=f"keep the default, or give the column a value in {insert.label}",
        doubt="it may find no rows" if insert.has(Trait.PERHAPS) else None,
    )


def _leaves_out(insert: Effect, column: Effect, *, new: bool) -> bool:
    """Whether rows are inserted without a value for the column, as far as it is known to have no default."""
    if insert.aspect != "insert" or not insert.object.contains(column.object) or column.has(Circumstance.GIVEN):
        return False
    named = insert.touch.columns
    return new if named is None else column.object.path[-1] not in named


def _why_it_may_have_a_value(insert: Effect, *, new: bool) -> str | None:
    if not new:
        return "the column may have a default"
    return "it may find no rows" if insert.has(Trait.PERHAPS) else None


# What an added constraint of a domain, or a partition beside a default one, means to the table.
FOLLOWED = {DOMAIN: "a constraint to the domain of", REST: "a partition beside the default one to"}


@on_pairs
@rule(
    "GM211",
    "constraint and rows",
    Severity.WARNING,
    hint="look whether the rows that are written keep to the constraint",
    conflict=Example(
        ours="ALTER TABLE posts ADD CONSTRAINT titled CHECK (title <> '');",
        theirs="INSERT INTO posts (id, title) VALUES (1, 'Hello');",
    ),
    harmless=Example(
        ours="ALTER TABLE comments ADD CONSTRAINT signed CHECK (author <> '');",
        theirs="INSERT INTO posts (id, title) VALUES (1, 'Hello');",
    ),
    when_proven=WhenProven.UNCERTAIN,
)
def constraint_and_rows(added: Effect, write: Effect) -> Conflict | None:
    """One side adds a constraint, the other one writes rows that it may refuse.

    Not certain: the values decide. A unique index counts, a constraint of the domain of a column, a partition beside a
    default one, and the bounds of a table that becomes a partition. An error, if it is given a column whose values
    PostgreSQL alone gives from now on. Rows of a published table need a replica identity to be changed.
    """
    if filled := _fills_its_own(added, write):
        return filled
    if not _writes_at_once(write, {"insert", "update", "delete"}):
        return None
    if added.aspect in {"published", UNTRACEABLE} and hits(added, write):
        return _published(added, write)
    if write.object.root != added.object.root or write.aspect == "delete":
        return None
    return _given_always(added, write) or _may_refuse(added, write)


def _fills_its_own(added: Effect, filled: Effect) -> Conflict | None:
    """Rows in a table of the side's own, with values of a domain; in the default partition that it makes."""
    if not filled.has(Circumstance.FILLED):
        return None
    if filled.object.kind is NamedKind.PARTITION:
        beside = added.action is Action.CREATE and added.object.kind is NamedKind.PARTITION
        if not beside or added.object == filled.object or '"is_default"' not in filled.touch.value:
            return None
        what, written = f"adds {added.object}", f"writes rows into the default partition {filled.object.path[-1]}"
    else:
        constraint = added.action is Action.CREATE and added.aspect == DOMAIN
        if not constraint and added.aspect != NO_NULLS:
            return None
        what, written = f"adds a constraint to {filled.object}", "writes rows into a table that has it"
    return Conflict(
        object=filled.object,
        message=f"{added.label} {what}, and {filled.label} {written}",
        doubt="it depends on the values that are written",
    )


def _given_always(column: Effect, write: Effect) -> Conflict | None:
    """Rows that give a value to a column to which PostgreSQL alone gives them."""
    if column.action is not Action.ALTER or not column.has(Trait.ALWAYS) or not given(write, column.object):
        return None
    return Conflict(
        object=column.object,
        message=f"{column.label} has PostgreSQL give {column.object} its values, and {write.label} gives it one",
        hint=f"take the column out of {write.label}, or write OVERRIDING SYSTEM VALUE",
        severity=Severity.ERROR,
    )


def _may_refuse(added: Effect, write: Effect) -> Conflict | None:
    constraint = added.action is Action.CREATE and added.object.kind is NamedKind.CONSTRAINT
    followed = added.action is Action.ALTER and added.aspect in FOLLOWED
    if followed and added.aspect == DOMAIN and not given(write, added.object):
        return None
    unique_index = added.action is Action.READ and added.has(Trait.UNIQUE)
    joins = added.action is Action.READ and added.aspect == JOINS_PARTITION
    if not constraint and not unique_index and not followed and not joins:
        return None
    what = (
        ""
        if constraint
        else f"{FOLLOWED.get(added.aspect, 'the bounds of a partition to' if joins else 'a unique index on')} "
    )
    return Conflict(
        object=added.object,
        message=f"{added.label} adds {what}{added.object}, and {uses(write, added)}",
        doubt="it depends on the values that are written",
    )


def _published(publication: Effect, write: Effect) -> Conflict | None:
    """Rows of a published table can only be changed where the table's replica identity tells which they were."""
    if write.aspect == "insert":
        return None
    table = publication.object
    if publication.aspect == UNTRACEABLE:
        return Conflict(
            object=table,
            message=f"{publication.label} leaves {table}, which is published, without a replica identity, and "
            f"{uses(write, publication)}",
            hint="give the table another replica identity before",
            doubt="what is published may leave such changes out",
        )
    return Conflict(
        object=table,
        message=f"{publication.label} publishes {table}, and {uses(write, publication)}",
        hint="give the table a replica identity, as a primary key, before",
        doubt="the table may have a replica identity",
    )


@on_pairs
@rule(
    "GM213",
    "rows",
    Severity.WARNING,
    hint="make both give the same rows whoever runs first, or fix their order",
    conflict=Example(ours="UPDATE comments SET author = 'x';", theirs="UPDATE comments SET author = 'y';"),
    harmless=Example(ours="UPDATE comments SET author = 'x';", theirs="UPDATE comments SET contents = 'y';"),
    when_proven=WhenProven.UNCERTAIN,
)
def rows(write: Effect, other: Effect) -> Conflict | None:
    """One side writes rows that the other one reads to change data, or both write one column.

    Or a trigger, rule or function comes, goes or changes before or after the rows, a column that a trigger names goes
    or is renamed, or a view no longer takes them. The schema is mostly the same either way, the rows perhaps not: never
    certain.
    """
    if not _at_once(write) or not _at_once(other):
        return None
    if _replaces_called(write, other):
        what = f"{write.label} replaces {write.object}, which {other.label} calls"
    elif _fires(write, other):
        verb = "drops" if write.action is Action.DROP else "creates"
        what = f"{write.label} {verb} {write.object}, and {uses(other, write)}"
    elif write.aspect == FIRED and other.action is Action.WRITE and other.object.root == write.object.root:
        what = f"{write.label} takes a column that a trigger of {write.object} names, and {uses(other, write)}"
    elif _no_longer_takes_rows(write, other):
        what = f"{write.label} makes {write.object} a view that takes no rows by itself, and {uses(other, write)}"
    elif write.action is Action.WRITE and _is_read_or_written(write, other):
        what = _both_change(write, other)
    else:
        return None
    return Conflict(
        object=write.object,
        message=what,
        doubt="the rows decide",
    )


def _writes_at_once(effect: Effect, ways: set[str]) -> bool:
    """Whether rows are written in one of these ways while the migration runs, not when a function is called."""
    at_once = effect.dependency is DependencyKind.TRANSIENT
    return effect.action is Action.WRITE and effect.aspect in ways and at_once


def _both_change(write: Effect, other: Effect) -> str:
    if other.action is Action.READ:
        return f"{write.label} writes to {write.object}, which {other.label} reads to change data"
    one, two = labels_in_order(write, other)
    return f"{one} and {two} both write to {write.object}"


def _at_once(effect: Effect) -> bool:
    return effect.action not in {Action.READ, Action.WRITE} or effect.dependency is DependencyKind.TRANSIENT


def _is_read_or_written(write: Effect, other: Effect) -> bool:
    if not other.has(Circumstance.CHANGES_DATA) or write.object != other.object:
        return False
    whole_row = write.aspect in {"insert", "delete"} and write.object.kind is not NamedKind.COLUMN
    if other.action is Action.READ:
        return whole_row or write.aspect == "update"
    return write.aspect == other.aspect == "update"


def _fires(trigger: Effect, other: Effect) -> bool:
    comes_or_goes = trigger.action in {Action.CREATE, Action.DROP} and trigger.object.kind in {
        NamedKind.TRIGGER,
        NamedKind.RULE,
    }
    return comes_or_goes and other.action is Action.WRITE and other.object.root == trigger.object.root


def _no_longer_takes_rows(view: Effect, other: Effect) -> bool:
    made = view.action is Action.CREATE and view.object.kind is NamedKind.VIEW and view.aspect == READ_ONLY
    return made and other.action is Action.WRITE and other.object.root == view.object.root


def _replaces_called(made: Effect, other: Effect) -> bool:
    replaces = made.action is Action.CREATE and made.object.kind is NamedKind.FUNCTION
    called = other.has(Trait.CALLED) and (other.object == made.object or other.object.contains(made.object))
    return replaces and called and made.gives_way
