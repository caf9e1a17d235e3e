"""GM216: one side gives a function a namesake with other parameters, the other one calls it by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.check.dependencies import OVERLOADS
from gitmig.check.findings import Severity
from gitmig.check.footprint.touches import Manner, Trait, Verb
from gitmig.check.rules.clash import Clash, uses

if TYPE_CHECKING:
    from gitmig.check.effects import Effect

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
