"""Sending SQL to PostgreSQL, and saying where in a file an error lies."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import errors, generators
from psycopg.pq import ExecStatus

from gitmig.migrations.languages.sql import executable
from gitmig.migrations.parser import Statement, statements
from gitmig.postgres.connection import FAILED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from psycopg.pq.abc import PGresult

    from gitmig.migrations.model import Script
    from gitmig.postgres.connection import Connection

# A script without any of these words, as most that only create tables, leaves the session as it was, unless a function
# that it calls does not. Such ones may be sent ahead of each other's answers; what they leave is reset behind the last.
LEAVES_TRACES = re.compile(
    r"\b(?:set|reset|set_config|temp|temporary|select|insert|update|delete|merge|with|do|call|execute|prepare|listen"
    r"|declare|load|discard|lock|perform)\b",
    re.IGNORECASE,
)

# What is checked late may say when the transaction ends: a constraint, or somebody's constraint trigger.
SAID_LATE = (errors.IntegrityError, errors.RaiseException)

# In the place of an SQLSTATE, and none of PostgreSQL's: gitmig itself refused to send it, or found that it had ended
# the transaction it ran in.
REFUSED = "GM000"
LEFT_TRANSACTION = "GM001"
SHARED_CHANGED = "GM002"  # where a script was only tried, it got at what the whole server shares

# After these nothing further can be tried on the connection or in the transaction, or the statement is not to blame.
HOPELESS = {None, LEFT_TRANSACTION, "57P01", "57P02", "57014", "25006", "40001", "40P01", "53200", "55P03"}

STREAMING = {ExecStatus.COPY_IN, ExecStatus.COPY_OUT, ExecStatus.COPY_BOTH}


@dataclass(kw_only=True, eq=False)
class ScriptError(Exception):
    """PostgreSQL refused a statement of a script.

    `line` is a line of the file the script stands in, `statement` the statement's text, `sqlstate` None if the
    connection broke. `table` (schema and name) and `column` say what it is about, where PostgreSQL does. `said` are the
    last lines that a program wrote to its standard error.
    """

    sqlstate: str | None
    message: str
    detail: str | None = None
    hint: str | None = None
    context: str | None = None
    table: tuple[str, str] | None = None
    column: str | None = None
    line: int
    statement: str
    said: tuple[str, ...] = ()


def run_sql(connection: Connection, script: Script) -> None:
    """Send the whole text in one message, as psql -c does, and find the statement that failed if one does."""
    refuse_flawed(script)
    text = executable(script.text)
    if not text.strip():
        return
    with session_of(connection, script):
        send_sql(connection, text, script, 0)


@contextmanager
def session_of(connection: Connection, script: Script) -> Iterator[None]:
    """Give the session to a script as a new one would be, and take it back, whatever the script left in it.

    Raises ScriptError if it ended the transaction that it ran in: gitmig reads SQL as PostgreSQL does by default, and
    where a setting has it read otherwise, a COMMIT can hide from it.
    """
    connection.begin_script()
    failure: ScriptError | None = None
    try:
        yield
    except ScriptError as error:
        failure = error
    except GeneratorExit:  # of scripts that are sent ahead, all have run
        _take_back(connection, script, None)
        raise
    _take_back(connection, script, failure)
    if failure is not None:
        raise failure


def _take_back(connection: Connection, script: Script, failure: ScriptError | None) -> None:
    if not connection.end_script():
        raise ScriptError(
            sqlstate=LEFT_TRANSACTION,
            message="it ended the transaction in which gitmig ran it",
            detail=failure.message if failure else None,
            hint="leave BEGIN, COMMIT and ROLLBACK to gitmig, or let the script run outside a transaction",
            line=failure.line if failure else script.first_line,
            statement=failure.statement if failure else "",
        ) from failure


def run_computed(connection: Connection, script: Script) -> None:
    """Send SQL that gitmig has computed, as its own: all names but PostgreSQL's are written out. Raises ScriptError."""
    if script.text.strip():
        connection.prepare_path()
        try:
            send_sql(connection, script.text, script, 0)
        finally:
            connection.note_statement(b"")


def refuse_flawed(script: Script) -> None:
    """Raise ScriptError for what must not be sent: a down that ends transactions would end the one that is open.

    Ups were looked at when they were read; downs are not needed until somebody goes back.
    """
    for problem in script.problems:
        line = problem.line or script.first_line
        raise ScriptError(
            sqlstate=REFUSED,
            message=problem.message,
            line=line,
            statement=script.text.split("\n")[line - script.first_line].strip(),
        )


def send_sql(connection: Connection, text: str, script: Script, offset: int) -> None:
    """Send text that stands at `offset` of the script; without parameters, so that `%` stays `%`."""
    pgconn = connection.pgconn
    pgconn.send_query(text.encode())
    refuse_failures(connection, connection.wait(generators.execute(pgconn)), text, script, offset)


def refuse_failures(
    connection: Connection, results: Sequence[PGresult], text: str, script: Script, offset: int = 0
) -> None:
    """Raise ScriptError if one of the text's results, one per statement, says so."""
    for done, result in enumerate(results):
        if result.status in STREAMING:
            connection.close()
            raise _error(script, text, offset, done, errors.FeatureNotSupported("COPY to or from the client"))
        if result.status in FAILED:
            raise _error(script, text, offset, done, errors.error_from_result(result, encoding="utf-8"))


def error_at_commit(script: Script | None, error: errors.Error) -> ScriptError:
    """What a deferred constraint says when the script's transaction ends; a revert that was computed has no script."""
    return ScriptError(
        sqlstate=error.sqlstate,
        message=error.diag.message_primary or str(error),
        detail=error.diag.message_detail,
        hint="a deferred constraint was checked when the transaction ended",
        line=script.first_line if script else 1,
        statement="COMMIT",
        table=_table_of_error(error.diag),
    )


def _error(script: Script, text: str, offset: int, done: int, error: errors.Error) -> ScriptError:
    """Where it happened: PostgreSQL's position if it gives one, else the statement after the `done` ones."""
    every = statements(text)
    statement = every[min(done, len(every) - 1)] if every else Statement(text, 0)
    diag = error.diag
    position = int(diag.statement_position) - 1 if diag.statement_position else statement.offset
    return ScriptError(
        sqlstate=diag.sqlstate or error.sqlstate,
        message=diag.message_primary or str(error).strip(),
        detail=diag.message_detail,
        hint=diag.message_hint,
        context=diag.context,
        column=diag.column_name,
        line=script.first_line + (script.text[:offset] + text[:position]).count("\n"),
        statement=statement.text,
        table=_table_of_error(diag),
    )


def _table_of_error(diag: errors.Diagnostic) -> tuple[str, str] | None:
    return (diag.schema_name, diag.table_name) if diag.schema_name and diag.table_name else None
