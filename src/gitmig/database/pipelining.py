"""Running many scripts without waiting for each: PostgreSQL goes on with the next while gitmig hears of the last."""

from __future__ import annotations

import re
from contextlib import suppress
from itertools import groupby
from typing import TYPE_CHECKING

import psycopg
from psycopg import generators
from psycopg.pq import ExecStatus

from gitmig.core.languages.sql.transactions import executable
from gitmig.database.sending import LEAVES_TRACES, refuse_failures, run_sql, session_of

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from gitmig.core.migration import Script
    from gitmig.database.connection import Connection

# libpq's pipelines take one statement per message, and no COPY. Without a semicolon but the last, whatever quotes and
# comments there are, it is one statement.
ONE_STATEMENT = re.compile(r"[^;]*;?\s*")
COPY = re.compile(r"\bcopy\b", re.IGNORECASE)
# What could end the transaction is run alone, so that it can be named.
ENDS = re.compile(r"\b(?:commit|rollback|abort|end|begin|start)\b", re.IGNORECASE)
# How many scripts are sent ahead. More would save little, and fill the socket before the first answer is read.
AHEAD = 50


def run_each(connection: Connection, scripts: Sequence[Script]) -> Generator[None, None, None]:
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
