"""Trying a migration: its up, its down and its up again, without a trace in the database it is tried on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from gitmig.execute.build import run_confined, run_fresh
from gitmig.execute.script import SAID_LATE, ScriptError, error_at_commit, runner_of
from gitmig.execute.tasks import TOO_MUCH_FOR_ONE
from gitmig.migrations.round_trip import Failure, Stage, Trial
from gitmig.rows.constraints import settle_constraints
from gitmig.rows.plant import plant
from gitmig.schema.catalog import read_schema

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gitmig.execute.address import Connection
    from gitmig.execute.scratch import Bench
    from gitmig.migrations.model import Content, Script
    from gitmig.schema.model import Schema


def run_trial(bench: Bench, content: Content, before: Schema, ignore: Sequence[str] = (), *, rows: bool) -> Trial:
    """Try a migration on a database whose schema is `before`; with `rows` planted before the up.

    The down is not tried where the up fails, nor the second up where the down did not undo. Everything happens in one
    transaction that is rolled back, or on a clone where PostgreSQL does not allow that.
    """
    try:
        with bench.connection.transaction(force_rollback=True):
            return _try(bench.connection, content, before, ignore, _run_inside, rows=rows)
    except _NotInside:
        with bench.clone() as connection:
            return _try(connection, content, before, ignore, run_fresh, rows=rows)


class _NotInside(Exception):
    """The script cannot run in the trial's transaction."""


def _try(
    connection: Connection,
    content: Content,
    before: Schema,
    ignore: Sequence[str],
    run: Callable[[Connection, Script], None],
    *,
    rows: bool,
) -> Trial:
    if rows:
        with connection.transaction():
            plant(connection)
    undone, stage = None, Stage.UP
    try:
        run(connection, content.up)
        if content.down is None:
            return Trial()
        stage = Stage.DOWN
        run(connection, content.down)
        undone = read_schema(connection, ignore)
        if undone.fingerprint != before.fingerprint:
            return Trial(undone=undone)
        stage = Stage.AGAIN
        run(connection, content.up)
    except ScriptError as error:
        script = content.down if stage is Stage.DOWN and content.down else content.up
        return Trial(undone=undone, failure=failure_of(connection, stage, script, error))
    return Trial(undone=undone, again=read_schema(connection, ignore))


def _run_inside(connection: Connection, script: Script) -> None:
    """Run the script as in a transaction of its own: a savepoint, and the checks that a commit makes."""
    inside = script.inside()
    if inside is None:
        raise _NotInside
    try:
        with connection.transaction():
            run_confined(connection, inside, runner_of(script.language).inside)
            settle_constraints(connection)
    except ScriptError as error:
        if error.sqlstate in TOO_MUCH_FOR_ONE:
            raise _NotInside from error
        raise
    except SAID_LATE as error:
        raise error_at_commit(script, error) from error


def failure_of(connection: Connection, stage: Stage, script: Script, error: ScriptError) -> Failure:
    """The refusal as it is reported, with the row that stood in the way if there is one."""
    return Failure(
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
            found = connection.execute(query).fetchone()
    except psycopg.errors.UndefinedTable:
        return None
    return str(found[0]) if found else None
