"""How an undo is told, and asked about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.cli.observer import Watcher
from gitmig.cli.render import confirm, plural, step_line, tell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitmig.core.plan import Plan
    from gitmig.database.ledger import LastSync
    from gitmig.rows.since import Written

LONGEST = 60  # characters of a row that are shown


class UndoWatcher(Watcher):
    """Shows what was written since the sync that is undone, and asks, unless a person has `agreed` in advance."""

    def __init__(self, *, agreed: bool) -> None:
        super().__init__(may_ask=not agreed, agreed=agreed, command="kept undo")
        self._agreed_before = agreed

    def undoing(self, last: LastSync, written: Sequence[Written]) -> None:
        """Show which rows were written since."""
        when = f"{last.began_at:%Y-%m-%d %H:%M}"
        if not written:
            tell(f"no row was written since the last sync ({when})")
            return
        tell(f"written since the last sync ({when}):")
        for one in written:
            more = ", …" if one.rows > len(one.shown) else ""
            tell(f"  {plural(one.rows, 'row')} of {one.table}: {', '.join(map(_short, one.shown))}{more}")

    def planned(self, plan: Plan) -> bool:
        """Show what will run, and ask."""
        if self._agreed_before:
            return True
        for step in plan.steps:
            tell(step_line(step))
        tell("This takes the database back to what it was before; what has no place there is kept.")
        return confirm("Go on?")


def _short(row: str) -> str:
    return row if len(row) <= LONGEST else f"{row[:LONGEST]}…"
