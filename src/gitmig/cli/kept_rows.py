"""What a step did with rows, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.cli.render import plural

if TYPE_CHECKING:
    from gitmig.core.kept.report import Kept, Report


def lines(report: Report) -> list[str]:
    """One line for each table, indented below the step's own line."""
    found = [f"      kept {plural(kept.rows, 'row')} of {_what(kept)}{_because(kept.why)}" for kept in report.kept]
    found += [f"      put back {plural(one.rows, 'row')} of {one.table}" for one in report.restored]
    found += [
        f"      {plural(one.rows, 'row')} of {one.table} cannot be put back and stay kept (item {one.item}): {one.why}"
        for one in report.staying
        if not one.later  # it is told what became of them once they can be put back
    ]
    return found


def _what(kept: Kept) -> str:
    return f"{kept.table} ({', '.join(kept.columns)})" if kept.columns else str(kept.table)


def _because(why: str | None) -> str:
    return f", which do not fit the older schema: {why}" if why else ""
