"""Doing something to many rows at once although a few of them are refused: the offenders are found by halving."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from gitmig.database.kept.store import data_table

if TYPE_CHECKING:
    from collections.abc import Callable

    from gitmig.database.connection import Connection

# SQLSTATE classes that speak about values: data exception, integrity constraint violation.
ABOUT_DATA = ("22", "23")
# A value of an enum that was added in this very transaction: it can be used in the next one.
NOT_YET = "55P04"
LATER = "it has to wait for a commit, or for a row that has to wait"
ORPHAN = "the row it refers to is not there"
# Where so many rows are refused, the rest of the part that is being looked at is not searched any further.
MANY = 500


def is_about_data(sqlstate: str | None) -> bool:
    """Whether other rows would have made a statement work."""
    return (sqlstate or "").startswith(ABOUT_DATA)


class Chunks:
    """Puts back the rows of a kept copy that wait for it: those that are `gone` from their table, or those that stay.

    `work` gets a condition on `k` and puts the rows back that fulfil it. Rows that are refused get the reason in `why`.
    """

    def __init__(
        self, connection: Connection, data: str, work: Callable[[sql.Composable], None], *, gone: bool
    ) -> None:
        self._connection = connection
        self._data = data
        self._work = work
        self._waiting = sql.SQL("k.gone AND k.why IS NULL" if gone else "NOT k.gone AND k.why IS NULL")
        self._refused = 0

    def run(self, first: int, last: int) -> None:
        """Do as much as goes of the rows numbered `first` to `last`, both included."""
        rows = sql.SQL("{} AND k.n OPERATOR(pg_catalog.>=) {} AND k.n OPERATOR(pg_catalog.<=) {}").format(
            self._waiting, first, last
        )
        why = self._try(rows)
        if why is None:
            return
        if first == last or self._refused >= MANY:
            self._refused += 1
            self._connection.execute(
                sql.SQL("UPDATE {} k SET why = {} WHERE {}").format(data_table(self._data), why, rows)
            )
            return
        middle = (first + last) // 2
        self.run(first, middle)
        self.run(middle + 1, last)

    def _try(self, rows: sql.Composable) -> str | None:
        try:
            with self._connection.transaction():
                self._work(rows)
        except psycopg.Error as error:
            if error.sqlstate == NOT_YET:
                return LATER
            if not is_about_data(error.sqlstate):
                raise
            diag = error.diag
            if isinstance(error, psycopg.errors.ForeignKeyViolation):
                return f"{ORPHAN}: foreign key {diag.constraint_name}"
            return ": ".join(text for text in (diag.message_primary, diag.message_detail) if text) or str(error)
        return None
