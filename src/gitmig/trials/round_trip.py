"""Trying a migration: its up, its down and its up again, and what that says about it.

Nothing stays in the database on which it is tried.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

import psycopg
from msgspec import Struct
from psycopg import sql

from gitmig.execute.build import NeedsCommits, run_confined, run_fresh
from gitmig.postgres.run_sql import SAID_LATE, ScriptError, error_at_commit
from gitmig.rows.constraints import settle_constraints
from gitmig.rows.plant import plant
from gitmig.schema.catalog import read_schema
from gitmig.schema.model import ObjectKind, ObjectName, schema_difference

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gitmig.execute.scratch import ClonableScratch
    from gitmig.migrations.model import Content, Migration, Script
    from gitmig.postgres.connection import Connection
    from gitmig.schema.model import Schema


class Weight(Enum):
    """What an outcome means for whoever asked."""

    FINE = "fine"
    NOTE = "note"
    FINDING = "finding"


class RoundTripOutcome(Enum):
    """How it went, in the words people read."""

    UNDONE = "undone exactly"
    COLUMN_ORDER = "undone but for column order"
    IRREVERSIBLE = "irreversible"
    NOT_UNDONE = "not undone"
    DOWN_FAILS = "down fails"
    DOWN_FAILS_ON_ROWS = "down fails on rows"
    UP_FAILS = "up fails"
    UP_FAILS_ON_ROWS = "up fails on rows"
    SECOND_UP_FAILS = "second up fails"
    SECOND_UP_DIFFERS = "second up gives another schema"

    @property
    def weight(self) -> Weight:
        """Irreversible and column order are meant, or cannot be helped: notes."""
        if self is RoundTripOutcome.UNDONE:
            return Weight.FINE
        return Weight.NOTE if self in {RoundTripOutcome.COLUMN_ORDER, RoundTripOutcome.IRREVERSIBLE} else Weight.FINDING


class Stage(Enum):
    """Which of the three runs."""

    UP = "up"
    DOWN = "down"
    AGAIN = "second up"


class RoundTripFailure(Struct, frozen=True, kw_only=True):
    """A statement that PostgreSQL refused; `row` is the planted row of the table it complained about, as JSON."""

    stage: Stage
    path: str
    line: int
    statement: str
    message: str
    detail: str | None = None
    row: str | None = None


class RoundTrip(Struct, frozen=True, kw_only=True):
    """The schema after the down and after the second up, None where it did not come to that."""

    undone: Schema | None = None
    again: Schema | None = None
    failure: RoundTripFailure | None = None


class Observation(Struct, frozen=True, kw_only=True):
    """One thing to say about a migration; `objects` are those in which two schemas differ that should not."""

    outcome: RoundTripOutcome
    failure: RoundTripFailure | None = None
    objects: tuple[ObjectName, ...] = ()


class RoundTripVerdict(Struct, frozen=True, kw_only=True):
    """Everything there is to say about a migration: at least one finding, the gravest cause first."""

    migration: Migration
    findings: tuple[Observation, ...]

    @property
    def weight(self) -> Weight:
        """That of the weightiest finding."""
        return max((finding.outcome.weight for finding in self.findings), key=list(Weight).index)


def observe(before: Schema, after: Schema, with_rows: RoundTrip, empty: RoundTrip | None) -> tuple[Observation, ...]:
    """What two trials say: one with rows planted before the up and, where that failed, one on empty tables.

    `before` and `after` are the schemas that a fresh database has without and with the migration.
    """
    if with_rows.failure is None or empty is None:
        return (_seen(before, after, with_rows),)
    finding = _seen(before, after, empty)
    if empty.failure is not None and empty.failure.stage is with_rows.failure.stage:
        return (finding,)
    on_rows = Observation(outcome=ON_ROWS[with_rows.failure.stage], failure=with_rows.failure)
    return (on_rows,) if finding.outcome is RoundTripOutcome.UNDONE else (on_rows, finding)


ON_ROWS = {
    Stage.UP: RoundTripOutcome.UP_FAILS_ON_ROWS,
    Stage.DOWN: RoundTripOutcome.DOWN_FAILS_ON_ROWS,
    Stage.AGAIN: RoundTripOutcome.SECOND_UP_FAILS,
}
ALWAYS = {
    Stage.UP: RoundTripOutcome.UP_FAILS,
    Stage.DOWN: RoundTripOutcome.DOWN_FAILS,
    Stage.AGAIN: RoundTripOutcome.SECOND_UP_FAILS,
}


def _seen(before: Schema, after: Schema, trial: RoundTrip) -> Observation:
    if trial.failure is not None:
        return Observation(outcome=ALWAYS[trial.failure.stage], failure=trial.failure)
    if trial.undone is None:
        return Observation(outcome=RoundTripOutcome.IRREVERSIBLE)
    if left := schema_difference(before, trial.undone).names:
        return Observation(outcome=RoundTripOutcome.NOT_UNDONE, objects=left)
    if trial.again is not None and (other := schema_difference(after, trial.again).names):
        return Observation(outcome=RoundTripOutcome.SECOND_UP_DIFFERS, objects=other)
    if moved := _reordered(before, trial.undone):
        return Observation(outcome=RoundTripOutcome.COLUMN_ORDER, objects=moved)
    return Observation(outcome=RoundTripOutcome.UNDONE)


def _reordered(before: Schema, after: Schema) -> tuple[ObjectName, ...]:
    """The tables whose columns stand in another order."""
    orders = {name: text for name, text in before.objects.items() if name.kind is ObjectKind.COLUMN_ORDER}
    found = [name for name, text in orders.items() if after.objects[name] != text]
    return tuple(ObjectName(ObjectKind.TABLE, name.name) for name in sorted(found))


def run_round_trip(
    scratch: ClonableScratch, content: Content, before: Schema, ignore: Sequence[str] = (), *, rows: bool
) -> RoundTrip:
    """Try a migration on a database whose schema is `before`; with `rows` planted before the up.

    The down is not tried where the up fails, nor the second up where the down did not undo. Everything happens in one
    transaction that is rolled back, or on a clone where PostgreSQL does not allow that.
    """
    try:
        with scratch.connection.transaction(force_rollback=True):
            return _try(scratch.connection, content, before, ignore, _run_inside, rows=rows)
    except NeedsCommits:
        with scratch.clone() as connection:
            return _try(connection, content, before, ignore, run_fresh, rows=rows)


def _try(
    connection: Connection,
    content: Content,
    before: Schema,
    ignore: Sequence[str],
    run: Callable[[Connection, Script], None],
    *,
    rows: bool,
) -> RoundTrip:
    if rows:
        with connection.transaction():
            plant(connection)
    undone, stage = None, Stage.UP
    try:
        run(connection, content.up)
        if content.down is None:
            return RoundTrip()
        stage = Stage.DOWN
        run(connection, content.down)
        undone = read_schema(connection, ignore)
        if undone.fingerprint != before.fingerprint:
            return RoundTrip(undone=undone)
        stage = Stage.AGAIN
        run(connection, content.up)
    except ScriptError as error:
        script = content.down if stage is Stage.DOWN and content.down else content.up
        return RoundTrip(undone=undone, failure=failure_of(connection, stage, script, error))
    return RoundTrip(undone=undone, again=read_schema(connection, ignore))


def _run_inside(connection: Connection, script: Script) -> None:
    """Run the script as in a transaction of its own: a savepoint, and the checks that a commit makes."""
    try:
        with connection.transaction():
            run_confined(connection, script)
            settle_constraints(connection)
    except SAID_LATE as error:
        raise error_at_commit(script, error) from error


def failure_of(connection: Connection, stage: Stage, script: Script, error: ScriptError) -> RoundTripFailure:
    """The refusal as it is reported, with the row that stood in the way if there is one."""
    return RoundTripFailure(
        stage=stage,
        path=script.path,
        line=error.line,
        statement=" ".join(error.statement.split()),
        message=error.message,
        detail=error.detail,
        row=_row(connection, error.table) if error.table else None,
    )


def _row(connection: Connection, table: tuple[str, str]) -> str | None:
    """The row that stood in the way, as JSON; None if the table is empty, or was made by the script that failed."""
    query = sql.SQL("SELECT to_jsonb(t)::text FROM {} t LIMIT 1").format(sql.Identifier(*table))
    try:
        with connection.transaction(), connection.among_rows():
            found = connection.value(query)
    except psycopg.errors.UndefinedTable:
        return None
    return None if found is None else str(found)
