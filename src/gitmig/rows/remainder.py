"""What is left of items once their rows went back: which rows stay and why, and what these still wait for."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace
from psycopg import sql

from gitmig.rows.items import Reason
from gitmig.rows.originals import note_what_stands

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitmig.postgres.connection import Connection
    from gitmig.rows.places import Place
    from gitmig.rows.store import Store


def let_followers_wait(connection: Connection, places: Sequence[Place], *, partial: bool) -> None:
    """What needs a row that has to wait waits with it: rows that refer to it, values."""
    waits = sql.SQL(" UNION ALL ").join(
        sql.SQL("SELECT 1 FROM {} WHERE why = {}").format(place.data, Reason.LATER.value) for place in places
    )
    if partial or connection.execute(sql.SQL("{} LIMIT 1").format(waits)).fetchone():
        for place in places:
            connection.execute(
                sql.SQL("UPDATE {} SET why = {} WHERE why IN ({}, {})").format(
                    place.data, Reason.LATER.value, Reason.ORPHAN.value, Reason.ROW_GONE.value
                )
            )


class Refused(NamedTuple):
    """How many rows were refused, and of all reasons the one that is told, with what is known about it.

    That is one for which they are tried again, if any is: rows that wait for nothing wait along with the others.
    """

    rows: int = 0
    reason: Reason | None = None
    detail: str | None = None


NONE_REFUSED = Refused()


def count_refused(connection: Connection, place: Place) -> Refused:
    """How many rows of an item did not go back, and why."""
    found = connection.execute(
        sql.SQL(
            "SELECT why, count(*), (array_agg(detail ORDER BY n))[1] FROM {} WHERE why IS NOT NULL GROUP BY why"
        ).format(place.data)
    ).fetchall()
    if not found:
        return NONE_REFUSED
    reasons = {Reason(why): detail for why, _, detail in found}
    told = min(reasons, key=lambda one: (one is not Reason.LATER, not one.may_pass, one is Reason.CHANGED, one.value))
    return Refused(sum(rows for _, rows, _ in found), told, reasons[told])


def settle(
    connection: Connection, store: Store, place: Place, refused: Refused
) -> tuple[int, Reason | None, str | None]:
    """Forget what was put back; returns how many rows were refused, and why.

    Values of columns that the table does not have yet are kept for a later step.
    """
    if place.missing:
        _keep_missing(store, place)
    left, reason, detail = refused
    if left:
        connection.execute(sql.SQL("DELETE FROM {} WHERE why IS NULL").format(place.data))
    if reason is Reason.REFUSED:
        note_what_stands(connection, store, place)
    later = reason is Reason.LATER
    if later or reason is Reason.ORPHAN:
        store.move_home(place.item)
    store.shrink(place.item, left, None if later else reason, None if later else detail)
    return left, reason, detail


def _keep_missing(store: Store, place: Place) -> None:
    """Turn the rows that went back into an item of their own that holds what they still lack.

    They will be known by their key; where the item had none, by the table's, or by all that has gone back.
    """
    missing = {column.name for column in place.missing}
    key = {pair.kept.name for pair in place.key}
    if not key:
        by_number = {pair.column.number: pair.kept.name for pair in place.pairs}
        key = {by_number[number] for number in place.table.key if by_number.keys() >= {*place.table.key}}
    known = set() if key else {pair.kept.name for pair in place.pairs}
    columns = []
    for column in place.item.columns:
        if column.name in missing:
            columns.append(replace(column, heir=None, image=None, fresh=None, like=False, stood=None))
        elif column.name in key or column.name in known or column.like:
            is_key = column.name in key
            telling = replace(column, heir=column.name, image=None, fresh=None, key=is_key, like=not is_key, stood=None)
            columns.append(telling)
    store.split(place.item, columns)
