"""GM209: one side changes a column's type, the other one builds on the column."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.core.conflicts.objects.clash import Clash, uses
from gitmig.core.findings import Severity
from gitmig.core.footprint.touches import Manner, Verb

if TYPE_CHECKING:
    from gitmig.core.conflicts.effects import Effect

CODE = "GM209"


def judge(retyped: Effect, other: Effect) -> Clash | None:
    """PostgreSQL refuses to change the type of a column that a view, trigger, policy or generated column names."""
    if retyped.verb is not Verb.ALTER or retyped.touch.aspect != "type" or retyped.object != other.object:
        return None
    if other.verb not in {Verb.READ, Verb.WRITE} or other.touch.manner is Manner.BODY:
        return None
    stands = other.verb is Verb.READ and other.touch.manner is Manner.VIEW
    return Clash(
        code=CODE,
        severity=Severity.ERROR if stands else Severity.WARNING,
        object=retyped.object,
        message=f"{retyped.member.label} changes the type of {retyped.object}, and {uses(other, retyped)}",
        hint="let the change of the type run first, or drop and create again what stands in its way",
        doubt=None if stands else "whether the two types both serve is not known",
    )
