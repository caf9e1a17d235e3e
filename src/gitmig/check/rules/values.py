"""GM205 for the values of an enum, which stand in statements as mere texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.check.dependencies import VALUES
from gitmig.check.findings import Severity
from gitmig.check.footprint.touches import Manner, Verb
from gitmig.check.rules.clash import Clash, given, uses

if TYPE_CHECKING:
    from gitmig.check.effects import Effect

CODE = "GM205"


def judge(renamed: Effect, other: Effect) -> Clash | None:
    """Rows and defaults of a column of the enum may name the value."""
    if renamed.verb is not Verb.ALTER or renamed.touch.aspect != VALUES or other.touch.manner is Manner.BODY:
        return None
    default = other.verb is Verb.ALTER and other.object == renamed.object and other.touch.aspect == "default"
    if not default and not given(other, renamed.object):
        return None
    return Clash(
        code=CODE,
        severity=Severity.WARNING,
        object=renamed.object,
        message=f"{renamed.member.label} renames a value of the type of {renamed.object}, and {uses(other, renamed)}",
        hint=f"write the new name into {other.member.label} if it names the value",
        doubt="it depends on the values that are written",
    )
