"""GM212: both sides add a value at the same place of one enum."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.check.findings import Severity
from gitmig.check.footprint.objects import Kind, Object
from gitmig.check.footprint.touches import Verb
from gitmig.check.rules.clash import Clash, in_order

if TYPE_CHECKING:
    from gitmig.check.effects import Effect

CODE = "GM212"


def judge(first: Effect, second: Effect) -> Clash | None:
    """The order in which they run becomes the order in which the values sort."""
    if not first.verb is second.verb is Verb.CREATE or not first.object.kind is second.object.kind is Kind.VALUE:
        return None
    if first.object.root != second.object.root or first.object == second.object:
        return None
    if not first.touch.aspect or first.touch.aspect != second.touch.aspect:
        return None
    one, two = in_order(first, second)
    enum = Object(Kind.TYPE, first.object.root)
    return Clash(
        code=CODE,
        severity=Severity.ERROR,
        object=enum,
        message=f"{one} and {two} both add a value to {enum} {first.touch.aspect}: they sort as they were run",
        hint="say in one of the two BEFORE or AFTER which value it belongs",
    )
