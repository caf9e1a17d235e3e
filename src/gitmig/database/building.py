"""Building a migration set in an empty database, without a ledger: what the schema shall be is measured there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gitmig.core.renamings import MAY_RENAME, renamings
from gitmig.database.catalogs import read_schema
from gitmig.database.catalogs.identities import read_names
from gitmig.database.piecewise import OUTSIDE_ONLY
from gitmig.database.refusals import TOO_MUCH_FOR_ONE
from gitmig.database.roles import run_confined
from gitmig.database.runners import runner_of
from gitmig.database.sending import SAID_LATE, ScriptError, error_at_commit

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from gitmig.core.migration import Script
    from gitmig.core.renamings import Renaming
    from gitmig.core.schema import Schema
    from gitmig.database.connection import Connection


@dataclass(kw_only=True, eq=False)
class BuildFailed(Exception):
    """A script does not run on a fresh database; `position` counts from 1."""

    position: int
    script: Script
    error: ScriptError


def build(
    connection: Connection,
    ups: Sequence[Script],
    measure_at: Collection[int],
    ignore: Sequence[str] = (),
    *,
    noted: dict[int, tuple[Renaming, ...]] | None = None,
) -> Iterator[tuple[int, Schema]]:
    """Run the up scripts in order; yields position and schema at each of `measure_at`. Raises BuildFailed.

    Position 0 is the empty database. The scripts run when the next item is asked for. What each of them renames is put
    into `noted`.
    """
    if 0 in measure_at:
        yield 0, read_schema(connection, ignore, edges=True)
    for position, script in enumerate(ups, 1):
        may_rename = noted is not None and MAY_RENAME.search(script.text)
        before = read_names(connection) if may_rename else None
        try:
            run_fresh(connection, script)
        except ScriptError as error:
            raise BuildFailed(position=position, script=script, error=error) from error
        if noted is not None:
            noted[position] = tuple(renamings(before, read_names(connection))) if before is not None else ()
        if position in measure_at:
            yield position, read_schema(connection, ignore, edges=True)


def run_fresh(connection: Connection, script: Script) -> None:
    """Run a script where nobody else is, in a transaction if PostgreSQL allows it. Raises ScriptError."""
    run_confined(connection, script, _run)


def _run(connection: Connection, script: Script) -> None:
    runner, inside = runner_of(script.language), script.inside()
    try:
        if inside is None:
            runner.unrecorded(connection, script)
        else:
            with connection.transaction():
                runner.inside(connection, inside)
    except SAID_LATE as error:
        raise error_at_commit(script, error) from error
    except ScriptError as error:
        outside = error.sqlstate in OUTSIDE_ONLY or script.in_parts
        if inside is None or not outside or error.sqlstate not in TOO_MUCH_FOR_ONE:
            raise
        runner.unrecorded(connection, script)
