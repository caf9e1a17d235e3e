"""GM206: a function body names what the other side drops or renames; PostgreSQL notices when it is called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.check.findings import Severity
from gitmig.check.footprint.touches import Manner, Verb
from gitmig.check.rules.clash import Clash, hits

if TYPE_CHECKING:
    from gitmig.check.effects import Effect

CODE = "GM206"


def judge(gone: Effect, other: Effect) -> Clash | None:
    """Both orders run, and the function fails at its next call."""
    if gone.verb not in {Verb.DROP, Verb.RENAME} or gone.replaced or not hits(gone, other):
        return None
    if other.verb not in {Verb.READ, Verb.WRITE} or other.touch.manner is not Manner.BODY:
        return None
    verb = "drops" if gone.verb is Verb.DROP else "renames"
    return Clash(
        code=CODE,
        severity=Severity.WARNING,
        object=gone.object,
        message=f"{gone.member.label} {verb} {gone.object}, which a function of {other.member.label} still names",
        hint="write the function anew behind both: nothing fails before it is called",
    )
