"""GM207, GM209, GM212, GM214: columns that come, go or change their type, and the values of enums."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.check.dependencies import COMMENT_OF, DOMAIN, already
from gitmig.check.effects import Circumstance
from gitmig.check.findings import Severity
from gitmig.check.footprint.indexes import STATISTICS
from gitmig.check.footprint.model import Action, DependencyKind, NamedKind, Object, Trait
from gitmig.check.footprint.names import HELD, HELD_INSIDE
from gitmig.check.footprint.tables import IDENTITY, JOINED, JOINS_PARTITION, OWN_CHECK, PERSISTENCE
from gitmig.check.footprint.types import NO_NULLS
from gitmig.check.footprint.views import TRANSITION_TRIGGER
from gitmig.check.rules.pairs import GRANTED, either, labels_in_order, uses
from gitmig.check.rules.registry import Conflict, Example, WhenProven, on_pairs, rule

if TYPE_CHECKING:
    from gitmig.check.effects import Effect

MEMBERSHIP = {Action.CREATE, Action.DROP, Action.RENAME}


# What is so in its parent a child, or partition, has to have when it becomes one.
TAKEN_OVER = {"null", "constraints"}
# Who inherits may have more columns than the parent, and keeps those of its own that the parent loses.
LEFT_ALONE = {(Action.CREATE, "joins a parent"), (Action.DROP, "joined by a child")}


@on_pairs
@rule(
    "GM207",
    "whole rows",
    Severity.ERROR,
    hint="name what is meant, one by one, or let one of the two follow the other",
    conflict=Example(
        ours="CREATE VIEW v AS SELECT * FROM comments;", theirs="ALTER TABLE comments ADD COLUMN score int;"
    ),
    harmless=Example(
        ours="CREATE VIEW v AS SELECT id, contents FROM comments;", theirs="ALTER TABLE comments ADD COLUMN score int;"
    ),
    when_proven=WhenProven.GONE,
)
def whole_rows(whole: Effect, change: Effect) -> Conflict | None:
    """One side takes whatever columns or tables there are, and the other one changes which there are.

    `SELECT *`, `LIKE`, `ATTACH PARTITION`, `NO INHERIT`, views of a function that returns rows, `GRANT … ON ALL TABLES`
    and default privileges do so. An error where that stays, else a warning that is not certain. A view that the other
    side drops and makes again behind its change, just as this side does, is fine.
    """
    if _inserts_by_position(whole):
        dropped = change.action is Action.DROP and change.object.kind is NamedKind.COLUMN
        return _taken_whole(whole, change, None) if dropped and whole.object.contains(change.object) else None
    if whole.action is not Action.READ or not whole.has(Trait.WHOLE) or whole.dependency is DependencyKind.AT_CALL:
        return None
    if not _changes_members(whole, change) or _recreated_alike(whole, change):
        return None
    other_object = whole.object != change.object or change.action is not Action.CREATE
    stays = other_object and (whole.dependency is DependencyKind.BLOCKS or whole.aspect == "copy")
    certain = not change.forgiving or change.has(Circumstance.NEW)
    in_schema = whole.object.kind is NamedKind.SCHEMA and certain
    if change.object.kind is NamedKind.CONSTRAINT and not change.aspect and whole.aspect in JOINED:
        return _taken_whole(whole, change, "it depends on what sort of constraint it is")
    return _taken_whole(whole, change, None if stays or in_schema else "whether it matters there is not known")


def _recreated_alike(whole: Effect, change: Effect) -> bool:
    """Whether both sides make the same of the whole; columns that both add stand there in the order they came in."""
    adds = change.action is Action.CREATE and not change.has(Circumstance.TAKEN)
    return whole.makes in change.recreated and not (adds and whole.has(Circumstance.WIDENED))


def _inserts_by_position(whole: Effect) -> bool:
    insert = whole.action is Action.WRITE and whole.aspect == "insert" and whole.object.kind is not NamedKind.COLUMN
    return insert and whole.touch.columns is None and whole.dependency is not DependencyKind.AT_CALL


def _changes_members(whole: Effect, change: Effect) -> bool:
    if whole.object == change.object:
        return _changes_itself(whole, change)
    if not whole.object.contains(change.object) or _follows(whole, change):
        return False
    if whole.object.kind is NamedKind.SCHEMA:
        return change.object.kind in GRANTED.get(whole.aspect, ()) and _comes_or_goes(whole, change)
    aspects = {"type"} | ({"null", *whole.aspect.split()} if whole.aspect.startswith("like") else set())
    aspects |= {OWN_CHECK} if "constraints" in aspects else set()
    return _changes_part(whole, change, aspects | (TAKEN_OVER if whole.aspect in JOINED else set()))


def _changes_part(whole: Effect, change: Effect, aspects: set[str]) -> bool:
    """Whether a part of the table changes in an aspect that is taken over."""
    if change.aspect.startswith(COMMENT_OF):
        return {"comment", change.aspect.removeprefix(COMMENT_OF)} <= aspects
    if (change.action, whole.aspect) in LEFT_ALONE and change.object.kind is NamedKind.COLUMN:
        return False
    if whole.aspect in JOINED and already(change) in (whole.touch.columns or ()):
        return False  # who joins has it, too
    if change.object.kind is NamedKind.CONSTRAINT:
        unknown = not change.aspect and bool(aspects & {"constraints", "indexes"})
        return change.action in MEMBERSHIP and (unknown or change.aspect in aspects)
    if change.object.kind is NamedKind.TRIGGER:
        return change.aspect == TRANSITION_TRIGGER and whole.aspect in {JOINS_PARTITION, "joins a parent"}
    identity = change.aspect.startswith(IDENTITY) and "default" in aspects
    altered = change.action is Action.ALTER and (change.aspect in aspects or identity)
    return change.object.kind is NamedKind.COLUMN and (change.action in MEMBERSHIP or altered)


def _comes_or_goes(whole: Effect, change: Effect) -> bool:
    """Whether it was made, or is in the schema only now, or no more; default privileges are about what is made."""
    made = change.action is Action.CREATE and not change.has(Circumstance.TAKEN)
    other_schema = change.touch.to is not None and change.touch.to.path[1] != change.object.path[1]
    return made or (other_schema and whole.dependency is not DependencyKind.FOLLOWS)


def _follows(whole: Effect, change: Effect) -> bool:
    """What is made of a type follows with CASCADE; a child that leaves its parent keeps its own changes."""
    by_cascade = whole.aspect == "of" and change.has(Trait.CASCADE)
    keeps = not change.has(Circumstance.IMPLIED) or change.has(Circumstance.LOCAL)
    return by_cascade or (whole.aspect == "detached" and keeps)


def _changes_itself(whole: Effect, change: Effect) -> bool:
    """CREATE OR REPLACE VIEW may add columns; indexes and statistics matter to copies of a table."""
    if whole.aspect.startswith("copy"):
        what = whole.aspect.removeprefix("copy").removeprefix(" of ")
        return change.action is Action.ALTER and (change.aspect == what if what else change.aspect != "comment")
    if change.action is Action.CREATE:
        return change.object.kind is NamedKind.VIEW and change.forgiving and not change.has(Circumstance.REPLACED)
    copied = {"indexes", STATISTICS} & set(whole.aspect.split())
    return change.aspect in copied and change.action in {Action.READ, Action.ALTER}


def _taken_whole(whole: Effect, change: Effect, doubt: str | None) -> Conflict:
    what = "whatever is in" if whole.object.kind is NamedKind.SCHEMA else "every column of"
    replaced = change.action is Action.CREATE and change.object == whole.object
    changes = f"{change.label} replaces it" if replaced else uses(change, whole)
    taken = change.object if replaced else whole.object
    return Conflict(
        object=taken,
        message=f"{whole.label} takes {what} {taken}, and {changes}",
        severity=Severity.WARNING if doubt else Severity.ERROR,
        doubt=doubt,
    )


@on_pairs
@rule(
    "GM209",
    "type of what is built on",
    Severity.WARNING,
    hint="let the change of the type run first, or drop and create again what stands in its way",
    conflict=Example(
        ours="CREATE TYPE writer AS ENUM ('nobody', 'me');\n"
        "ALTER TABLE comments ALTER author DROP DEFAULT, ALTER author TYPE writer USING author::writer;",
        theirs="ALTER TABLE comments ADD CONSTRAINT signed CHECK (author <> '');",
    ),
    harmless=Example(
        ours="CREATE TYPE writer AS ENUM ('nobody', 'me');\n"
        "ALTER TABLE comments ALTER author DROP DEFAULT, ALTER author TYPE writer USING author::writer;",
        theirs="ALTER TABLE comments ADD CONSTRAINT filled CHECK (contents <> '');",
    ),
    when_proven=WhenProven.GONE,
)
def type_of_what_is_built_on(retyped: Effect, other: Effect) -> Conflict | None:
    """One side changes the type of a column, the other one builds on the column.

    An error for what PostgreSQL refuses: views, triggers, policies, generated columns; columns of other tables with
    values of the row type, or of a domain inside of other types. Indexes, checks and foreign keys it recreates, which
    is an error where `USING` converts to another family of types. Else a warning that is not certain.
    """
    if held := _held(retyped, other):
        return held
    if retyped.action is not Action.ALTER or retyped.aspect != "type" or retyped.object != other.object:
        return None
    if other.action not in {Action.READ, Action.WRITE} or other.dependency is DependencyKind.AT_CALL:
        return None
    if other.makes in retyped.recreated:
        return None
    what = retyped.object if retyped.object.kind is NamedKind.COLUMN else f"the columns of {retyped.object}"
    compared = retyped.has(Trait.CONVERTED) and other.has(Trait.COMPARED)
    refused = other.action is Action.READ and (other.dependency is DependencyKind.BLOCKS or compared)
    return Conflict(
        object=retyped.object,
        message=f"{retyped.label} changes the type of {what}, and {uses(other, retyped)}",
        severity=Severity.ERROR if refused else Severity.WARNING,
        doubt=None if refused else "whether the two types both serve is not known",
    )


def _held(change: Effect, holder: Effect) -> Conflict | None:
    """A column of another table has values of the row type, or of a domain inside of another type."""
    if holder.action is not Action.READ or holder.aspect not in {HELD, HELD_INSIDE}:
        return None
    if change.object.root != holder.object.path or not (_rewrites_rows(change) or _looks_inside(change, holder)):
        return None
    doubt = None if holder.aspect == HELD else "it depends on whether a column has that type"
    return Conflict(
        object=holder.object,
        message=f"{holder.label} has values of {holder.object} in a column, and {uses(change, holder)}: PostgreSQL "
        "refuses to rewrite, or to look through, such columns",
        hint=f"let {change.label} run first",
        severity=Severity.WARNING if doubt else Severity.ERROR,
        doubt=doubt,
    )


def _rewrites_rows(change: Effect) -> bool:
    if change.action is Action.CREATE:
        return change.object.kind is NamedKind.COLUMN and change.has(Trait.REWRITES)
    return change.action is Action.ALTER and change.aspect in {"type", PERSISTENCE, "SetAccessMethod"}


def _looks_inside(change: Effect, holder: Effect) -> bool:
    """Whether what is asked of a domain is asked of values that are there, some of them inside of others."""
    inside = holder.has(Trait.CONTAINED) or holder.aspect == HELD_INSIDE
    constraint = change.object.kind is NamedKind.CONSTRAINT and change.aspect == DOMAIN
    return inside and ((constraint and change.action in {Action.CREATE, Action.ALTER}) or change.aspect == NO_NULLS)


@on_pairs
@rule(
    "GM212",
    "enum values",
    Severity.ERROR,
    hint="say in one of the two BEFORE or AFTER which value it belongs",
    conflict=Example(
        base="CREATE TYPE mood AS ENUM ('sad', 'ok');",
        ours="ALTER TYPE mood ADD VALUE 'great';",
        theirs="ALTER TYPE mood ADD VALUE 'superb';",
    ),
    harmless=Example(
        base="CREATE TYPE mood AS ENUM ('sad', 'ok');",
        ours="ALTER TYPE mood ADD VALUE 'great';",
        theirs="ALTER TYPE mood ADD VALUE 'bad' BEFORE 'sad';",
    ),
    when_proven=WhenProven.GONE,
)
def enum_values(first: Effect, second: Effect) -> Conflict | None:
    """Both sides add a value at one place of an enum: the values sort in the order in which they were added."""
    if not first.action is second.action is Action.CREATE:
        return None
    if not first.object.kind is second.object.kind is NamedKind.VALUE:
        return None
    if first.object.root != second.object.root or first.object == second.object:
        return None
    if not first.aspect or first.aspect != second.aspect:
        return None
    one, two = labels_in_order(first, second)
    enum = Object(NamedKind.TYPE, first.object.root)
    return Conflict(
        object=enum,
        message=f"{one} and {two} both add a value to {enum} {first.aspect}: they sort as they were run",
    )


@on_pairs
@rule(
    "GM214",
    "columns of one table",
    Severity.NOTE,
    hint="nothing has to be done, unless something relies on the order of columns",
    conflict=Example(
        ours="ALTER TABLE comments ADD COLUMN score int;", theirs="ALTER TABLE comments ADD COLUMN hidden boolean;"
    ),
    harmless=Example(
        ours="ALTER TABLE comments ADD COLUMN score int;", theirs="ALTER TABLE posts ADD COLUMN hidden boolean;"
    ),
)
def columns_of_one_table(first: Effect, second: Effect) -> Conflict | None:
    """Both sides add columns to a table: they commute, but the order of the columns depends on who is first."""
    if not first.action is second.action is Action.CREATE:
        return None
    if not first.object.kind is second.object.kind is NamedKind.COLUMN:
        return None
    if first.object.root != second.object.root or first.object == second.object:
        return None
    if either(first, second, Circumstance.TAKEN) or either(first, second, Circumstance.IMPLIED):
        return None
    one, two = labels_in_order(first, second)
    table = Object(NamedKind.TABLE, first.object.root)
    return Conflict(
        object=table,
        message=f"{one} and {two} both add columns to {table}: their order depends on who runs first",
    )
