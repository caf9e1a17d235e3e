"""GM214: both sides add columns to one table; that is fine, and their order will differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.check.findings import Severity
from gitmig.check.footprint.objects import Kind, Object
from gitmig.check.footprint.touches import Verb
from gitmig.check.rules.clash import Clash, in_order

if TYPE_CHECKING:
    from gitmig.check.effects import Effect

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
