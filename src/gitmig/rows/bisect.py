"""Doing something to many rows at once although a few of them are refused: the offenders are found by halving."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from gitmig.rows.items import Reason
from gitmig.rows.values import data_table

if TYPE_CHECKING:
    from collections.abc import Callable

    from gitmig.postgres.connection import Connection

# SQLSTATE classes that speak about values: data exception, integrity constraint violation.
ABOUT_DATA = ("22", "23")
# Those that a single row may be refused with: what a function of a constraint raises, too.
ABOUT_A_ROW = (*ABOUT_DATA, "P0")
# A value of an enum that was added in this very transaction: it can be used in the next one.
NOT_YET = "55P04"
# Where so many rows are refused, the rest of the part that is being looked at is not searched any further.
MANY = 500


def is_about_data(sqlstate: str | None) -> bool:
    """Whether other rows would have made a statement work."""
    return (sqlstate or "").startswith(ABOUT_DATA)


def bisect(
    rows: range,
    work: Callable[[range], psycopg.Error | None],
    refuse: Callable[[range, psycopg.Error], None],
    *,
    suspect: Callable[[psycopg.Error], int | None] = lambda _: None,
    most: int | None = None,
) -> None:
    """Work on as many of the numbered rows as go, in order; the others are refused, one by one.

    `work` does it for a part, or returns why it cannot, and then nothing has happened. `suspect` tells which row of the
    part that was, from 0, if PostgreSQL says so. Once `most` are refused, so is what is left, part by part.
    """
    waiting = [rows]
    refused = 0
    while waiting:
        part = waiting.pop()
        error = work(part) if part else None
        if error is not None and (len(part) == 1 or (most is not None and refused >= most)):
            refused += 1
            refuse(part, error)
        elif error is not None:
            waiting += reversed(_split(part, suspect(error)))


def _split(rows: range, suspect: int | None) -> list[range]:
    """Two halves; or what is before the suspect, that row alone, and what follows in two: it may have more of them."""
    if suspect is None:
        return [rows[: len(rows) // 2], rows[len(rows) // 2 :]]
    at = min(suspect, len(rows) - 1)
    middle = (at + 1 + len(rows)) // 2
    return [rows[:at], rows[at : at + 1], rows[at + 1 : middle], rows[middle:]]


class Bisection:
    """Works on rows of a kept copy (alias `k`) that fulfil a condition, as many as go; the others get their reason.

    `work` gets a condition on `k` and does it for the rows that fulfil it.
    """

    def __init__(
        self, connection: Connection, data: str, which: sql.Composable, work: Callable[[sql.Composable], None]
    ) -> None:
        self._connection = connection
        self._data = data
        self._which = sql.SQL("({} AND k.why IS NULL)").format(which)
        self._work = work

    def run(self, rows: range | None = None) -> None:
        """Do it; `rows` are the numbers of all rows, if they are known."""
        if rows is not None:
            bisect(rows, self._try, self._refuse, most=MANY)
            return
        row = self._connection.execute(
            sql.SQL("SELECT min(n), max(n) FROM {} k WHERE {}").format(data_table(self._data), self._which)
        ).fetchone()
        if row and row[0] is not None:
            bisect(range(row[0], row[1] + 1), self._try, self._refuse, most=MANY)

    def _try(self, part: range) -> psycopg.Error | None:
        try:
            with self._connection.transaction():
                self._work(self._rows(part))
        except psycopg.Error as error:
            if error.sqlstate == NOT_YET or (error.sqlstate or "").startswith(ABOUT_A_ROW):
                return error
            raise
        return None

    def _refuse(self, part: range, error: psycopg.Error) -> None:
        reason, detail = _refusal(error)
        self._connection.execute(
            sql.SQL("UPDATE {} k SET why = {}, detail = {} WHERE {}").format(
                data_table(self._data), reason.value, detail, self._rows(part)
            )
        )

    def _rows(self, part: range) -> sql.Composable:
        return sql.SQL("{} AND k.n OPERATOR(pg_catalog.>=) {} AND k.n OPERATOR(pg_catalog.<) {}").format(
            self._which, part.start, part.stop
        )


def _refusal(error: psycopg.Error) -> tuple[Reason, str | None]:
    diag = error.diag
    if error.sqlstate == NOT_YET:
        return Reason.LATER, None
    if isinstance(error, psycopg.errors.ForeignKeyViolation):
        return Reason.ORPHAN, f"foreign key {diag.constraint_name}"
    return Reason.REFUSED, ": ".join(text for text in (diag.message_primary, diag.message_detail) if text) or str(error)
