"""Running a script: inside a transaction, many without waiting for each, or outside one, statement by statement.

There is one runner for SQL and one for programs; the executor knows neither by name. Outside a transaction each
statement is noted when it is done, so that a killed process can be gone on from.
"""

from __future__ import annotations

import re
from contextlib import contextmanager, suppress
from itertools import groupby
from typing import TYPE_CHECKING, Protocol

import psycopg
from msgspec import Struct
from psycopg import generators, sql
from psycopg.pq import ExecStatus

from gitmig.ledger import store
from gitmig.migrations.languages.sql import concurrent_index, executable, settings, units, without_block_commits
from gitmig.postgres.run_sql import (
    LEAVES_TRACES,
    REFUSED,
    SAID_LATE,
    ScriptError,
    error_at_commit,
    refuse_failures,
    refuse_flawed,
    run_sql,
    send_sql,
    session_of,
)
from gitmig.rows.reach import Reach, suspect

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    from gitmig.ledger.rows import Unfinished
    from gitmig.migrations.languages import Language, Unit
    from gitmig.migrations.model import Script
    from gitmig.postgres.connection import Connection, Programs

    # Runs a part of a script so that the rows it takes are kept.
    Keep = Callable[["StepScript"], None]

# libpq's pipelines take one statement per message, and no COPY. Without a semicolon but the last, whatever quotes and
# comments there are, it is one statement.
ONE_STATEMENT = re.compile(r"[^;]*;?\s*")
COPY = re.compile(r"\bcopy\b", re.IGNORECASE)
# What could end the transaction is run alone, so that it can be named.
ENDS = re.compile(r"\b(?:commit|rollback|abort|end|begin|start)\b", re.IGNORECASE)
# How many scripts are sent ahead. More would save little, and fill the socket before the first answer is read.
AHEAD = 50


def run_pipelined(connection: Connection, scripts: Sequence[Script]) -> Generator[None, None, None]:
    """Run SQL scripts in order inside the open transaction; asking for the next item waits for the next script.

    Nothing else may be sent before the iterator is exhausted or closed. Raises ScriptError for the script that is
    waited for.
    """
    for is_simple, neighbours in groupby(scripts, _is_simple):
        group = list(neighbours)
        if is_simple:
            for start in range(0, len(group), AHEAD):
                yield from _run_ahead(connection, group[start : start + AHEAD])
        else:
            for script in group:
                run_sql(connection, script)
                yield


def _is_simple(script: Script) -> bool:
    """Whether it is one statement that leaves the session as it was."""
    text = executable(script.text)
    if LEAVES_TRACES.search(text) or COPY.search(text) or ENDS.search(text):
        return False
    return bool(text.strip() and ONE_STATEMENT.fullmatch(text))


def _run_ahead(connection: Connection, scripts: Sequence[Script]) -> Generator[None, None, None]:
    """Send all, then wait for each. After a failure PostgreSQL skips the rest by itself."""
    with session_of(connection, scripts[-1]):
        yield from _pipelined(connection, scripts)


def _pipelined(connection: Connection, scripts: Sequence[Script]) -> Generator[None, None, None]:
    pgconn = connection.pgconn
    texts = [executable(script.text) for script in scripts]
    pgconn.enter_pipeline_mode()
    try:
        for text in texts:
            pgconn.send_query_params(text.encode(), None)
            pgconn.send_flush_request()  # or all answers would come at once, and no script would have a time of its own
        pgconn.pipeline_sync()
        connection.wait(generators.send(pgconn))
        for script, text in zip(scripts, texts):
            refuse_failures(connection, connection.wait(generators.fetch_many(pgconn)), text, script)
            yield
    finally:
        _finish(connection)


def _finish(connection: Connection) -> None:
    """Read what is left to read, up to the mark at the end, so that the connection is of use again."""
    pgconn = connection.pgconn
    with suppress(psycopg.OperationalError):  # the connection broke; whoever waited for a script has been told
        while not connection.closed:
            results = connection.wait(generators.fetch_many(pgconn))
            if any(result.status == ExecStatus.PIPELINE_SYNC for result in results):
                pgconn.exit_pipeline_mode()
                return


class StepScript(Protocol):
    """What runs as a step, or as a part of one: a script, or what stands in for it or completes it."""

    @property
    def text(self) -> str | None:
        """What it sends; None if that is told only when it runs."""

    def run(self) -> None:
        """Run it in the open transaction. Raises ScriptError."""


# PostgreSQL's way of saying "not inside a transaction block": CREATE INDEX CONCURRENTLY, VACUUM, CREATE DATABASE …,
# and a procedure or DO block that commits by itself.
OUTSIDE_ONLY = {"25001", "2D000"}
# After an interruption the outcome of the statement under way is unknown. If running it again finds that what it
# creates is there (duplicate_*) or that what it drops is gone (undefined_*), it had been done.
DONE_BEFORE = {
    "CREATE": {"42P07", "42710", "42P06", "42701", "42723", "42P04"},
    "DROP": {"42P01", "42704", "42703", "42883", "3F000", "3D000"},
}

# Between the statements of a script its own settings stay, the search path among them, by which it names its table:
# what gitmig sends there means the same under every path.
INDEXES = """
    SELECT coalesce(pg_catalog.array_agg(i.indexrelid), '{}') FROM pg_catalog.pg_index i
    WHERE i.indrelid OPERATOR(pg_catalog.=) pg_catalog.to_regclass(%s)
"""
DESCRIBED = """
    SELECT c.relname, i.indisunique,
      ARRAY(SELECT coalesce(a.attname, '') FROM pg_catalog.unnest(i.indkey) WITH ORDINALITY k(attnum, n)
            LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid OPERATOR(pg_catalog.=) i.indrelid
              AND a.attnum OPERATOR(pg_catalog.=) k.attnum AND k.attnum OPERATOR(pg_catalog.<>) 0
            ORDER BY n)
    FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) i.indexrelid
    WHERE i.indexrelid OPERATOR(pg_catalog.=) ANY(%s)
"""
INVALID = """
    SELECT n.nspname, c.relname FROM pg_catalog.pg_index i
    JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) i.indexrelid
    JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
    WHERE i.indrelid OPERATOR(pg_catalog.=) pg_catalog.to_regclass(%s) AND NOT i.indisvalid
      AND NOT i.indexrelid OPERATOR(pg_catalog.=) ANY(%s)
"""


def run_statement_by_statement(
    connection: Connection, script: Script, unfinished: Unfinished, keep: Keep | None = None
) -> None:
    """Run the units of the script that are not done; the ledger's unfinished row follows each of them.

    A unit that PostgreSQL allows in a transaction commits together with its note. For one that it does not, a note is
    written before and after; `started` says that an earlier process got no further than the first of the two. `keep`
    runs those that may take rows away. Raises ScriptError.
    """
    _StatementByStatement(connection, script, keep).go_on(unfinished)


def run_unrecorded(connection: Connection, script: Script) -> None:
    """Run the script outside a transaction where nobody will go on from the middle. Raises ScriptError."""
    refuse_flawed(script)
    with session_of(connection, script), connection.any_path():
        for piece in units(script.text):
            if executable(piece.text) == piece.text:
                send_sql(connection, piece.text, script, piece.offset)
            else:
                with _transaction(connection, script):
                    send_sql(connection, executable(piece.text), script, piece.offset)


@contextmanager
def _transaction(connection: Connection, script: Script) -> Iterator[None]:
    """A transaction in which a unit runs. Raises ScriptError for what is only said when it ends, too."""
    try:
        with connection.transaction():
            yield
    except SAID_LATE as error:
        raise error_at_commit(script, error) from error


class _StatementByStatement:
    """A script outside a transaction, whose units are noted one by one. `indexes` are those a unit's table had."""

    def __init__(self, connection: Connection, script: Script, keep: Keep | None) -> None:
        self._connection = connection
        self._script = script
        self._units = units(script.text)
        self._keep = keep

    def go_on(self, unfinished: Unfinished) -> None:
        """Run what is left. Each unit whose rows are kept has a session of its own, and so has what lies between."""
        position = unfinished.done
        if unfinished.started:
            with self._session(position):
                self._resume(self._units[position], position, unfinished.indexes)
                self._connection.secure_lock()
            position += 1
        rest = range(position, len(self._units))
        for is_kept, neighbours in groupby(rest, lambda place: self._may_take(self._units[place])):
            if is_kept:
                for place in neighbours:
                    self._run_kept(self._units[place], place)
                continue
            first, *others = neighbours
            with self._session(first):
                for place in (first, *others):
                    if not self._run_inside(self._units[place], place):
                        self._run_outside(self._units[place], place)
                    self._connection.secure_lock()

    @contextmanager
    def _session(self, position: int) -> Iterator[None]:
        """The session for the unit there, with what those before it have set."""
        with session_of(self._connection, self._script), self._connection.any_path():
            self._set(position)
            yield

    def _set(self, position: int) -> None:
        for unit in self._units[:position]:
            for setting in settings(unit.text):
                send_sql(self._connection, setting.text, self._script, unit.offset + setting.offset)

    def _may_take(self, unit: Unit) -> bool:
        return self._keep is not None and suspect(unit.text).reach is not Reach.NONE

    def _run_kept(self, unit: Unit, position: int) -> None:
        """Run a unit whose rows are kept; if PostgreSQL does not allow it in a transaction, they cannot be."""
        assert self._keep is not None  # see `_may_take`
        try:
            with _transaction(self._connection, self._script):
                self._keep(_UnitRun(self, unit, position))
                self._note(position + 1)
        except ScriptError as error:
            if error.sqlstate not in OUTSIDE_ONLY:
                raise
            with self._session(position):
                self._run_outside(unit, position)
        self._connection.secure_lock()

    def send_inside(self, unit: Unit, position: int) -> None:
        """Run a unit in the open transaction, in a session of its own, without commits of a block."""
        with session_of(self._connection, self._script):
            self._set(position)
            text = without_block_commits(executable(unit.text))
            send_sql(self._connection, text, self._script, unit.offset)

    def _run_inside(self, unit: Unit, position: int) -> bool:
        """Run the unit in a transaction; False if PostgreSQL does not allow that, and then nothing has happened."""
        try:
            with _transaction(self._connection, self._script):
                send_sql(self._connection, executable(unit.text), self._script, unit.offset)
                self._note(position + 1)
        except ScriptError as error:
            if error.sqlstate in OUTSIDE_ONLY:
                return False
            raise
        return True

    def _run_outside(self, unit: Unit, position: int) -> None:
        indexes = _indexes(self._connection, _table(unit))
        self._note(position, started=True, indexes=indexes)
        self._send(unit, position, indexes)

    def _resume(self, unit: Unit, position: int, indexes: tuple[int, ...]) -> None:
        """Go on with a unit that an earlier process may have run, in part or whole."""
        _drop_invalid(self._connection, _table(unit), indexes)
        if _made_since(self._connection, unit, indexes):
            self._note(position + 1)
            return
        try:
            self._send(unit, position, indexes)
        except ScriptError as error:
            if error.sqlstate not in DONE_BEFORE.get(unit.text.split()[0].upper(), ()):
                raise
            self._note(position + 1)

    def _send(self, unit: Unit, position: int, indexes: tuple[int, ...]) -> None:
        """Run the unit as it is. A failure leaves no invalid index and a note that the unit is still to be done."""
        try:
            send_sql(self._connection, unit.text, self._script, unit.offset)
        except ScriptError:
            if not self._connection.closed:
                _drop_invalid(self._connection, _table(unit), indexes)
                self._note(position)
            raise
        self._note(position + 1)

    def _note(self, done: int, *, started: bool = False, indexes: Sequence[int] = ()) -> None:
        store.advance_unfinished(self._connection, done, started=started, indexes=indexes)


class _UnitRun(Struct, frozen=True):
    """A unit of a script, to be run in the open transaction."""

    run_of: _StatementByStatement
    unit: Unit
    position: int

    @property
    def text(self) -> str:
        """What it sends."""
        return self.unit.text

    def run(self) -> None:
        """Run it. Raises ScriptError."""
        self.run_of.send_inside(self.unit, self.position)


def _indexes(connection: Connection, table: str | None) -> tuple[int, ...]:
    return tuple(connection.value(INDEXES, (table,)))


def _made_since(connection: Connection, unit: Unit, indexes: tuple[int, ...]) -> bool:
    """Whether the table has an index it did not have before the unit, and it is the one the unit makes.

    A name decides. An index without one is compared by its columns, which is what its name would be made of.
    """
    wanted = concurrent_index(unit.text)
    if wanted is None:
        return False
    made = [oid for oid in _indexes(connection, wanted.table) if oid not in indexes]
    for name, unique, columns in connection.execute(DESCRIBED, (made,)).fetchall():
        if wanted.name == name if wanted.name else (wanted.columns, wanted.unique) == (tuple(columns), unique):
            return True
    return False


def _table(unit: Unit) -> str | None:
    index = concurrent_index(unit.text)
    return index.table if index else None


def _drop_invalid(connection: Connection, table: str | None, indexes: tuple[int, ...]) -> None:
    """Drop what a failed CREATE INDEX CONCURRENTLY left behind; `indexes` were there before it."""
    for name in connection.execute(INVALID, (table, list(indexes))).fetchall():
        connection.execute(sql.SQL("DROP INDEX CONCURRENTLY IF EXISTS {}").format(sql.Identifier(*name)))


class Runner(Struct, frozen=True):
    """How scripts of one language are run. All four raise ScriptError.

    `inside` the open transaction; `each` of several there (see `run_pipelined`); `outside` of any, with the
    ledger noting each unit, and rows kept where that can be; `unrecorded` outside where nobody will ever go on from the
    middle, as in a scratch database.
    """

    inside: Callable[[Connection, Script], None]
    each: Callable[[Connection, Sequence[Script]], Generator[None, None, None]]
    outside: Callable[[Connection, Script, Unfinished, Keep | None], None]
    unrecorded: Callable[[Connection, Script], None]


def _run_program(connection: Connection, script: Script) -> None:
    _programs(connection, script).run(connection, script)


def _run_each_program(connection: Connection, scripts: Sequence[Script]) -> Generator[None, None, None]:
    for script in scripts:
        _run_program(connection, script)
        yield


def _run_program_outside(
    connection: Connection, script: Script, unfinished: Unfinished, keep: Keep | None = None
) -> None:
    """Run a program again from its beginning, if an earlier process has not seen its end: it has asked for that.

    It works on a connection of its own: there is nothing that could be kept.
    """
    if unfinished.done == 0:
        store.advance_unfinished(connection, 0, started=True)
        _programs(connection, script).run_outside(connection, script)
        store.advance_unfinished(connection, 1, started=False)


def _run_program_unrecorded(connection: Connection, script: Script) -> None:
    _programs(connection, script).run_outside(connection, script)


def _programs(connection: Connection, script: Script) -> Programs:
    if connection.programs is None:
        message = "a program runs only where gitmig syncs, builds or tries migrations"
        raise ScriptError(sqlstate=REFUSED, message=message, line=script.first_line, statement="")
    return connection.programs


OF_SQL = Runner(inside=run_sql, each=run_pipelined, outside=run_statement_by_statement, unrecorded=run_unrecorded)
OF_PROGRAMS = Runner(
    inside=_run_program, each=_run_each_program, outside=_run_program_outside, unrecorded=_run_program_unrecorded
)


def runner_of(language: Language) -> Runner:
    """The runner of a language."""
    return OF_PROGRAMS if language.is_program else OF_SQL


def run_all(connection: Connection, scripts: Sequence[Script]) -> Generator[None, None, None]:
    """Run scripts of any languages in order inside the open transaction; one is done with every item.

    Nothing else may be sent before the iterator is exhausted or closed. Raises ScriptError.
    """
    for _, neighbours in groupby(scripts, lambda script: script.language.is_program):
        group = list(neighbours)
        yield from runner_of(group[0].language).each(connection, group)


class ScriptRun(Struct, frozen=True):
    """A script that somebody wrote, to be run on a connection; `text` is what its section of the migration says."""

    connection: Connection
    script: Script
    text: str | None

    def run(self) -> None:
        """Run it in the open transaction. Raises ScriptError."""
        runner_of(self.script.language).inside(self.connection, self.script)


class AnswerAhead(Struct, frozen=True):
    """The next of several scripts that were sent together (see `run_all`): it has run when its answer is there."""

    answers: Iterator[None]
    text: str | None

    def run(self) -> None:
        """Wait for the answer. Raises ScriptError."""
        next(self.answers)
