"""GM216: one side gives a function a namesake with other parameters, the other one calls it by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.core.conflicts.lineage import OVERLOADS
from gitmig.core.conflicts.objects.clash import Clash, uses
from gitmig.core.findings import Severity
from gitmig.core.footprint.touches import Manner, Trait, Verb

if TYPE_CHECKING:
    from gitmig.core.conflicts.effects import Effect

CODE = "GM216"


def judge(added: Effect, call: Effect) -> Clash | None:
    """Which function of a name is meant PostgreSQL decides by the types of the arguments, when the call is read."""
    if added.verb is not Verb.ALTER or added.touch.aspect != OVERLOADS or added.object.root != call.object.root:
        return None
    if call.verb is not Verb.READ or not call.has(Trait.CALLED) or call.touch.manner is Manner.BODY:
        return None
    return Clash(
        code=CODE,
        severity=Severity.WARNING,
        object=added.object,
        message=f"{added.member.label} adds a {added.object} with other parameters, and {uses(call, added)}",
        hint="cast the arguments of the call to the types of the function that is meant",
        doubt="it depends on the types of the arguments which of them is called",
    )
