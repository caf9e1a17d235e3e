"""GM209: one side changes a column's type, the other one builds on the column."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.check.findings import Severity
from gitmig.check.footprint.objects import Kind
from gitmig.check.footprint.touches import Manner, Trait, Verb
from gitmig.check.rules.clash import Clash, uses

if TYPE_CHECKING:
    from gitmig.check.effects import Effect

CODE = "GM209"


def judge(retyped: Effect, other: Effect) -> Clash | None:
    """PostgreSQL refuses to change the type of a column that a view, trigger, policy or generated column names.

    Indexes, checks and foreign keys it makes anew, which fails where the new type cannot be compared as the old one.
    """
    if retyped.verb is not Verb.ALTER or retyped.touch.aspect != "type" or retyped.object != other.object:
        return None
    if other.verb not in {Verb.READ, Verb.WRITE} or other.touch.manner is Manner.BODY:
        return None
    if other.makes in retyped.remade:
        return None
    what = retyped.object if retyped.object.kind is Kind.COLUMN else f"the columns of {retyped.object}"
    stands = other.verb is Verb.READ and _stands(retyped, other)
    return Clash(
        code=CODE,
        severity=Severity.ERROR if stands else Severity.WARNING,
        object=retyped.object,
        message=f"{retyped.member.label} changes the type of {what}, and {uses(other, retyped)}",
        hint="let the change of the type run first, or drop and create again what stands in its way",
        doubt=None if stands else "whether the two types both serve is not known",
    )


def _stands(retyped: Effect, other: Effect) -> bool:
    return other.touch.manner is Manner.VIEW or (retyped.has(Trait.CONVERTED) and other.has(Trait.COMPARED))
