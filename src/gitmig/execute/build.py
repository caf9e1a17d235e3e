"""Building a migration set in an empty database, without a ledger: what the schema shall be is measured there.

Roles belong to the whole server: a database made beside the real one neither needs to make them nor may touch them. A
script that creates a role runs on the real database, and the role is there for good; on a fresh build the same
statement would fail, and a DROP ROLE or ALTER ROLE would reach into the databases that people work with. So would what
is said of a database by its name, of tablespaces and of the server's settings. A role that only a scratch database
needed is marked as its own, and goes with it. Of a script that gets at something shared nevertheless, nothing stays.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from gitmig.execute.script import OUTSIDE_ONLY, runner_of
from gitmig.execute.shared_objects import SharedState, may_change_shared
from gitmig.execute.tasks import TOO_MUCH_FOR_ONE
from gitmig.migrations.languages import SharedVerb
from gitmig.postgres.run_sql import SAID_LATE, SHARED_CHANGED, ScriptError, error_at_commit
from gitmig.schema.catalog import read_names, read_schema
from gitmig.schema.noted_renames import MAY_RENAME, renamings

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from gitmig.migrations.languages import SharedStatement
    from gitmig.migrations.model import Script
    from gitmig.postgres.connection import Connection
    from gitmig.schema.model import Schema
    from gitmig.schema.noted_renames import Renaming


# What the names of scratch databases begin with.
SCRATCH = "gitmig_scratch_"

# The names that are there, and whether this database made them.
THERE = """
    SELECT rolname, coalesce(pg_catalog.shobj_description(oid, 'pg_authid') = current_database(), false)
    FROM pg_catalog.pg_roles WHERE rolname = ANY(%s)
"""
MADE = """
    SELECT rolname FROM pg_catalog.pg_roles
    WHERE pg_catalog.shobj_description(oid, 'pg_authid') = ANY(%s)
"""
# Whom a statement means without a name.
SOMEBODY = frozenset({"current_user", "session_user", "current_role", "all"})


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
        may_rename = noted is not None and (script.sql is None or MAY_RENAME.search(script.sql))
        before = read_names(connection) if may_rename else None
        try:
            run_fresh(connection, script)
        except ScriptError as error:
            raise BuildFailed(position=position, script=script, error=error) from error
        if noted is not None:
            noted[position] = tuple(renamings(before, read_names(connection))) if before is not None else ()
        if position in measure_at:
            yield position, read_schema(connection, ignore, edges=True)


def is_about_server(script: Script) -> bool:
    """Whether it has to be run by itself, confined: it changes what the whole server shares, or may do so."""
    return bool(script.language.shared(script.text)) or may_change_shared(script)


class NeedsCommits(Exception):
    """PostgreSQL does not run a script in one transaction with others, or its answer there is not the last word."""


def inside_of(script: Script) -> Script:
    """The same script for the inside of a transaction. Raises NeedsCommits if it needs its own."""
    inside = script.inside()
    if inside is None:
        raise NeedsCommits
    return inside


def run_confined(connection: Connection, script: Script) -> None:
    """Run a script inside the open transaction, without what would touch the server's others.

    Raises ScriptError, NeedsCommits.
    """
    own = _without_others(connection, inside_of(script))
    try:
        with _confined(connection, own):
            runner_of(own.language).inside(connection, own)
    except ScriptError as error:
        if connection.closed or error.sqlstate in TOO_MUCH_FOR_ONE:
            raise NeedsCommits from error
        raise


def run_fresh(connection: Connection, script: Script) -> None:
    """Run a script where nobody else is, in a transaction if PostgreSQL allows it. Raises ScriptError."""
    script = _without_others(connection, script)
    runner, inside = runner_of(script.language), script.inside()
    try:
        if inside is None:
            _run_outside(connection, script)
        else:
            with connection.transaction(), _confined(connection, script):
                runner.inside(connection, inside)
    except SAID_LATE as error:
        raise error_at_commit(script, error) from error
    except ScriptError as error:
        outside = error.sqlstate in OUTSIDE_ONLY or script.in_parts
        if inside is None or not outside or error.sqlstate not in TOO_MUCH_FOR_ONE:
            raise
        _run_outside(connection, script)


def _run_outside(connection: Connection, script: Script) -> None:
    with _confined(connection, script):
        runner_of(script.language).unrecorded(connection, script)


def _is_scratch(connection: Connection) -> bool:
    """A database that shall take the real one's place is none: there, roles may be changed, but not dropped."""
    return connection.info.dbname.startswith(SCRATCH)


@contextmanager
def _confined(connection: Connection, script: Script) -> Iterator[None]:
    """See that a script, run in the block, leaves alone what others on the server have. Raises ScriptError.

    A scratch database marks the roles that are made there.
    """
    if not _is_scratch(connection):
        yield
        return
    before = SharedState.read(connection) if may_change_shared(script) else None
    yield
    made = [s.roles[0] for s in script.language.shared(script.text) if s.verb is SharedVerb.CREATE and s.roles]
    if before is not None:
        after = SharedState.read(connection)
        if changed := next(before.changed(after), None):
            raise ScriptError(
                sqlstate=SHARED_CHANGED,
                message=f"it would change {changed}, which the whole server shares: it is not tried here",
                hint="write the statement as it is, where it can be seen and left out (see docs/security.md); with "
                '`verify = "never"` nothing is built beside',
                line=script.first_line,
                statement="",
            )
        made += before.new_roles(after)
    _claim(connection, made)


def _without_others(connection: Connection, script: Script) -> Script:
    """The script without what would touch what others on the server have, all else at unchanged positions."""
    found = script.language.shared(script.text)
    if not found:
        return script
    verbs = {*SharedVerb} if _is_scratch(connection) else {SharedVerb.CREATE, SharedVerb.DROP}
    names = list({name for statement in found for name in statement.roles})
    owned: dict[str, bool] = dict(connection.execute(THERE, (names,)).fetchall())
    others = SOMEBODY | {name for name, own in owned.items() if not own}
    text = script.text
    for statement in found:
        if statement.verb in verbs and _concerns(statement, others):
            end = statement.offset + statement.length
            text = text[: statement.offset] + _blank(text[statement.offset : end], statement) + text[end:]
        elif statement.verb is SharedVerb.CREATE:
            others = others - set(statement.roles)
    return replace(script, text=text)


def _concerns(statement: SharedStatement, others: Collection[str]) -> bool:
    """Whether somebody else would notice the statement; a membership that involves a role of our own is ours.

    Of a name that is only known when it runs (%I, or nothing) it is only known that a role that is made is new.
    """
    if "%" in statement.roles or not statement.roles:
        return statement.verb is not SharedVerb.CREATE
    which = all if statement.verb is SharedVerb.MEMBER else any
    return which(name in others for name in statement.roles)


def _blank(text: str, statement: SharedStatement) -> str:
    """In a block, a statement has to be in its place."""
    blank = "".join(character if character == "\n" else " " for character in text)
    return f"NULL{blank[4:]}" if statement.in_block else blank


def _claim(connection: Connection, names: Sequence[str]) -> None:
    if not names:
        return
    for role, _ in connection.execute(THERE, (list(names),)).fetchall():  # it may be gone again
        comment = sql.SQL("COMMENT ON ROLE {} IS {}")
        connection.execute(comment.format(sql.Identifier(role), connection.info.dbname))


def drop_claimed(connection: Connection, name: str) -> None:
    """Drop the roles that the database, which is gone, or a copy of it had made for themselves."""
    for role in connection.values(MADE, ([name, f"{name}_copy", f"{name}_clone"],)):
        with suppress(psycopg.errors.DependentObjectsStillExist):  # somebody has come to need it
            connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))
