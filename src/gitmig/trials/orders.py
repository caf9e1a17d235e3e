"""Running several orders of scripts on a scratch database; nothing of it stays."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING

from gitmig.check.bodies import broken, new_faults
from gitmig.check.proof import OrderFailure, OrderResult
from gitmig.execute.build import build, run_confined, run_fresh
from gitmig.execute.scratch import scratch_copy, scratch_database
from gitmig.execute.script import run_all
from gitmig.execute.tasks import TOO_MUCH_FOR_ONE
from gitmig.postgres.run_sql import SAID_LATE, ScriptError
from gitmig.rows.constraints import settle_constraints
from gitmig.schema.catalog import read_schema
from gitmig.trials.bodies import ask_about_bodies

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from gitmig.check.bodies import Bodies, BodyFault
    from gitmig.check.proof import PlannedRun, PlannedScript, RunOrder
    from gitmig.migrations.model import Script
    from gitmig.postgres.connection import Connection, Programs
    from gitmig.schema.model import Schema

    RunScripts = Callable[[Connection, Sequence[PlannedScript]], OrderFailure | None]


def run_orders(
    url: str,
    bootstrap: str,
    foundation: Sequence[Script],
    runs: Mapping[RunOrder, PlannedRun],
    ignore: Sequence[str] = (),
    *,
    programs: Programs | None = None,
) -> tuple[Schema, dict[RunOrder, OrderResult]]:
    """The schema of the foundation, built once on the server of `url`, and what each run on top of it came to.

    Raises BuildFailed if the foundation does not run, GitmigError if the role may not create databases.
    """
    with scratch_database(url, bootstrap, programs) as connection:
        before = _founded(connection, foundation, ignore)
        try:
            return before, {order: _rolled_back(connection, run, ignore) for order, run in runs.items()}
        except _NeedsCommits:
            template = connection.info.dbname
            connection.close()  # a database that is copied has no sessions
        copied = {order: _on_a_copy(url, template, programs, run, ignore) for order, run in runs.items()}
        return before, copied


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


def _rolled_back(connection: Connection, planned: PlannedRun, ignore: Sequence[str]) -> OrderResult:
    """The run in one transaction, which is many times quicker than a database of its own."""
    after: Bodies = {}

    def run(connection: Connection, scripts: Sequence[PlannedScript]) -> OrderFailure | None:
        failure = _together(connection, scripts)
        if failure is None and scripts is planned.ups:
            after.update(ask_about_bodies(connection))
        return failure

    with connection.transaction(force_rollback=True):
        result = _result(connection, planned, ignore, run)
    return replace(result, bodies=_broken_bodies(connection, planned, after)) if broken(after) else result


def _broken_bodies(connection: Connection, planned: PlannedRun, after: Bodies) -> tuple[BodyFault, ...]:
    """What does not work behind the run, and did before it, or behind one of its scripts."""
    seen = []
    with connection.transaction(force_rollback=True):
        for script in planned.ups:
            seen.append(ask_about_bodies(connection))
            _together(connection, [script])
    return tuple(new_faults(seen, after))


def _on_a_copy(
    url: str, template: str, programs: Programs | None, planned: PlannedRun, ignore: Sequence[str]
) -> OrderResult:
    with scratch_copy(url, template, programs) as connection:
        return _result(connection, planned, ignore, _one_by_one)


def _result(connection: Connection, planned: PlannedRun, ignore: Sequence[str], run_scripts: RunScripts) -> OrderResult:
    if failure := run_scripts(connection, planned.ups):
        return OrderResult(failure=failure)
    schema = read_schema(connection, ignore)
    if not planned.downs:
        return OrderResult(schema=schema)
    if failure := run_scripts(connection, planned.downs):
        return OrderResult(schema=schema, revert_failure=failure)
    return OrderResult(schema=schema, reverted=read_schema(connection, ignore))


def _together(connection: Connection, scripts: Sequence[PlannedScript]) -> OrderFailure | None:
    """Run all in the open transaction, which is spoilt after a failure. Raises _NeedsCommits."""
    for planned in scripts:
        script = _inside(planned.script)
        try:
            run_confined(connection, script)
        except ScriptError as error:
            if connection.closed or error.sqlstate in TOO_MUCH_FOR_ONE:
                raise _NeedsCommits from error
            return _failure(planned, error)
    try:
        settle_constraints(connection)  # what a commit would check
    except SAID_LATE as error:
        raise _NeedsCommits from error
    return None


def _one_by_one(connection: Connection, scripts: Sequence[PlannedScript]) -> OrderFailure | None:
    """Run each as a database gets it, with a commit of its own."""
    for planned in scripts:
        try:
            run_fresh(connection, planned.script)
        except ScriptError as error:
            return _failure(planned, error)
    return None


def _inside(script: Script) -> Script:
    inside = script.inside()
    if inside is None:
        raise _NeedsCommits
    return inside


def _failure(planned: PlannedScript, error: ScriptError) -> OrderFailure:
    return OrderFailure(
        label=planned.label,
        direction=planned.direction,
        path=planned.script.path,
        line=error.line,
        statement=" ".join(error.statement.split()),
        message=error.message,
    )
