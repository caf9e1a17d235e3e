"""What a step did with rows, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.cli.render import plural
from gitmig.rows.items import Reason

if TYPE_CHECKING:
    from gitmig.rows.items import Kept, Report

SENTENCES = {
    Reason.TAKEN: "a row with this key is there already",
    Reason.ORPHAN: "the row it refers to is not there",
    Reason.ROW_GONE: "its row is gone",
    Reason.CHANGED: "somebody changed the value on the other side as well, and that one is there",
    Reason.UNSURE: "nobody can tell any more whether somebody changed the row since",
    Reason.REFUSED: "PostgreSQL does not take it",
    Reason.NO_PLACE: "there is no such table or column now",
    Reason.LATER: "it has to wait for a commit, or for a row that has to wait",
}


def why(reason: Reason, detail: str | None) -> str:
    """Why a row is still kept, in words; what PostgreSQL said of it says more."""
    if reason is Reason.REFUSED and detail:
        return detail
    return f"{SENTENCES[reason]}: {detail}" if detail else SENTENCES[reason]


def lines(report: Report) -> list[str]:
    """One line for each table, indented below the step's own line."""
    found = [f"      kept {plural(kept.rows, 'row')} of {_what(kept)}{_because(kept.why)}" for kept in report.kept]
    found += [f"      put back {plural(one.rows, 'row')} of {one.table}" for one in report.restored]
    found += [
        f"      {plural(one.rows, 'row')} of {one.table} cannot be put back and stay kept (item {one.item}): "
        f"{why(one.reason, one.detail)}"
        for one in report.staying
        if not one.later  # it is told what became of them once they can be put back
    ]
    return found


def _what(kept: Kept) -> str:
    return f"{kept.table} ({', '.join(kept.columns)})" if kept.columns else str(kept.table)


def _because(detail: str | None) -> str:
    return f", which do not fit the older schema: {detail}" if detail else ""
