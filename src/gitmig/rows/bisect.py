"""Doing something to many rows at once although a few of them are refused: the offenders are found by halving."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from gitmig.rows.items import Reason
from gitmig.rows.values import data_table

if TYPE_CHECKING:
    from collections.abc import Callable

    from gitmig.database.connection import Connection

# SQLSTATE classes that speak about values: data exception, integrity constraint violation.
ABOUT_DATA = ("22", "23")
# A value of an enum that was added in this very transaction: it can be used in the next one.
NOT_YET = "55P04"
# Where so many rows are refused, the rest of the part that is being looked at is not searched any further.
MANY = 500


def is_about_data(sqlstate: str | None) -> bool:
    """Whether other rows would have made a statement work."""
    return (sqlstate or "").startswith(ABOUT_DATA)


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
        self._refused = 0

    def run(self) -> None:
        """Do it."""
        row = self._connection.execute(
            sql.SQL("SELECT min(n), max(n) FROM {} k WHERE {}").format(data_table(self._data), self._which)
        ).fetchone()
        if row and row[0] is not None:
            self._run(*row)

    def _run(self, first: int, last: int) -> None:
        rows = sql.SQL("{} AND k.n OPERATOR(pg_catalog.>=) {} AND k.n OPERATOR(pg_catalog.<=) {}").format(
            self._which, first, last
        )
        refusal = self._try(rows)
        if refusal is None:
            return
        if first == last or self._refused >= MANY:
            self._refused += 1
            reason, detail = refusal
            self._connection.execute(
                sql.SQL("UPDATE {} k SET why = {}, detail = {} WHERE {}").format(
                    data_table(self._data), reason.value, detail, rows
                )
            )
            return
        middle = (first + last) // 2
        self._run(first, middle)
        self._run(middle + 1, last)

    def _try(self, rows: sql.Composable) -> tuple[Reason, str | None] | None:
        try:
            with self._connection.transaction():
                self._work(rows)
        except psycopg.Error as error:
            if error.sqlstate == NOT_YET:
                return Reason.LATER, None
            if not is_about_data(error.sqlstate):
                raise
            diag = error.diag
            if isinstance(error, psycopg.errors.ForeignKeyViolation):
                return Reason.ORPHAN, f"foreign key {diag.constraint_name}"
            detail = ": ".join(text for text in (diag.message_primary, diag.message_detail) if text)
            return Reason.REFUSED, detail or str(error)
        return None
