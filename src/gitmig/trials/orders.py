"""Trying several orders of scripts on a scratch database; nothing of it stays."""

from __future__ import annotations

from collections import deque
from itertools import groupby
from typing import TYPE_CHECKING

from gitmig.check.proof import Failure, Result
from gitmig.execute.build import build, run_confined, run_fresh
from gitmig.execute.scratch import scratch_copy, scratch_database
from gitmig.execute.script import run_all
from gitmig.execute.tasks import TOO_MUCH_FOR_ONE
from gitmig.postgres.run_sql import SAID_LATE, ScriptError
from gitmig.rows.constraints import settle_constraints
from gitmig.schema.catalog import read_schema

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from gitmig.check.proof import Attempt, Trial, Way
    from gitmig.migrations.model import Script
    from gitmig.postgres.connection import Connection
    from gitmig.schema.model import Schema

    Run = Callable[[Connection, Sequence[Attempt]], Failure | None]


def run_trials(
    url: str, bootstrap: str, foundation: Sequence[Script], trials: Mapping[Way, Trial], ignore: Sequence[str] = ()
) -> tuple[Schema, dict[Way, Result]]:
    """The schema of the foundation, built once on the server of `url`, and what each trial on top of it came to.

    Raises BuildFailed if the foundation does not run, GitmigError if the role may not create databases.
    """
    with scratch_database(url, bootstrap) as connection:
        before = _founded(connection, foundation, ignore)
        try:
            return before, {way: _rolled_back(connection, trial, ignore) for way, trial in trials.items()}
        except _NeedsCommits:
            template = connection.info.dbname
            connection.close()  # a database that is copied has no sessions
        return before, {way: _on_a_copy(url, template, trial, ignore) for way, trial in trials.items()}


class _NeedsCommits(Exception):
    """PostgreSQL does not run the scripts in one transaction, or its answer there is not the last word."""


def _founded(connection: Connection, scripts: Sequence[Script], ignore: Sequence[str]) -> Schema:
    """Build the foundation, in one transaction if PostgreSQL allows it, as psql -1 does. Raises BuildFailed."""
    try:
        with connection.transaction():
            for about_roles, group in groupby(map(_inside, scripts), lambda s: bool(s.language.roles(s.text))):
                if about_roles:
                    for script in group:
                        run_confined(connection, script)
                else:
                    deque(run_all(connection, list(group)), maxlen=0)
    except (ScriptError, _NeedsCommits, *SAID_LATE):
        ((_, schema),) = build(connection, scripts, measure_at=(len(scripts),), ignore=ignore)
        return schema
    return read_schema(connection, ignore)


def _rolled_back(connection: Connection, trial: Trial, ignore: Sequence[str]) -> Result:
    """The trial in one transaction, which is many times quicker than a database of its own."""
    with connection.transaction(force_rollback=True):
        return _tried(connection, trial, ignore, _together)


def _on_a_copy(url: str, template: str, trial: Trial, ignore: Sequence[str]) -> Result:
    with scratch_copy(url, template) as connection:
        return _tried(connection, trial, ignore, _one_by_one)


def _tried(connection: Connection, trial: Trial, ignore: Sequence[str], run: Run) -> Result:
    if failure := run(connection, trial.there):
        return Result(failure=failure)
    schema = read_schema(connection, ignore)
    if not trial.back:
        return Result(schema=schema)
    if failure := run(connection, trial.back):
        return Result(schema=schema, back_failure=failure)
    return Result(schema=schema, back=read_schema(connection, ignore))


def _together(connection: Connection, attempts: Sequence[Attempt]) -> Failure | None:
    """Run all in the open transaction, which is spoilt after a failure. Raises _NeedsCommits."""
    for attempt in attempts:
        script = _inside(attempt.script)
        try:
            run_confined(connection, script)
        except ScriptError as error:
            if connection.closed or error.sqlstate in TOO_MUCH_FOR_ONE:
                raise _NeedsCommits from error
            return _failure(attempt, error)
    try:
        settle_constraints(connection)  # what a commit would check
    except SAID_LATE as error:
        raise _NeedsCommits from error
    return None


def _one_by_one(connection: Connection, attempts: Sequence[Attempt]) -> Failure | None:
    """Run each as a database gets it, with a commit of its own."""
    for attempt in attempts:
        try:
            run_fresh(connection, attempt.script)
        except ScriptError as error:
            return _failure(attempt, error)
    return None


def _inside(script: Script) -> Script:
    inside = script.inside()
    if inside is None:
        raise _NeedsCommits
    return inside


def _failure(attempt: Attempt, error: ScriptError) -> Failure:
    return Failure(
        label=attempt.label,
        direction=attempt.direction,
        path=attempt.script.path,
        line=error.line,
        statement=" ".join(error.statement.split()),
        message=error.message,
    )
