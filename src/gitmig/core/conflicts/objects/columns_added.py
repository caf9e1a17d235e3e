"""GM214: both sides add columns to one table; that is fine, and their order will differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.core.conflicts.objects.clash import Clash, in_order
from gitmig.core.findings import Severity
from gitmig.core.footprint.objects import Kind, Object
from gitmig.core.footprint.touches import Verb

if TYPE_CHECKING:
    from gitmig.core.conflicts.effects import Effect

CODE = "GM214"


def judge(first: Effect, second: Effect) -> Clash | None:
    """PostgreSQL appends columns and cannot move them."""
    if not first.verb is second.verb is Verb.CREATE or not first.object.kind is second.object.kind is Kind.COLUMN:
        return None
    if first.object.root != second.object.root or first.object == second.object or first.taken or second.taken:
        return None
    if first.implied or second.implied:
        return None
    one, two = in_order(first, second)
    table = Object(Kind.TABLE, first.object.root)
    return Clash(
        code=CODE,
        severity=Severity.NOTE,
        object=table,
        message=f"{one} and {two} both add columns to {table}: their order depends on who runs first",
        hint="nothing has to be done, unless something relies on the order of columns",
    )
