"""GM208: both sides alter the same thing in different ways."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.core.conflicts.objects.clash import Clash, in_order, uses
from gitmig.core.findings import Severity
from gitmig.core.footprint.objects import Kind
from gitmig.core.footprint.touches import Verb

if TYPE_CHECKING:
    from gitmig.core.conflicts.effects import Effect

CODE = "GM208"
# CREATE OR REPLACE leaves these alone.
KEPT_BY_REPLACE = ("comment", "owner", " for ")


def judge(first: Effect, second: Effect) -> Clash | None:
    """Alterations of one aspect commute where they are the same; type and default hang together."""
    if first.verb is not Verb.ALTER or first.object != second.object:
        return None
    if second.verb is Verb.CREATE:
        return _replaced(first, second)
    if second.verb is not Verb.ALTER or first.implied or second.implied:
        return None
    aspects = {first.touch.aspect, second.touch.aspect}
    if len(aspects) == 1:
        once = aspects == {"primary key"} and not (first.forgiving and second.forgiving)
        if first.touch.value == second.touch.value and not once:
            return None
    elif aspects != {"type", "default"}:
        return None
    one, two = in_order(first, second)
    return Clash(
        code=CODE,
        severity=Severity.ERROR if len(aspects) == 1 else Severity.WARNING,
        object=first.object,
        message=f"{one} and {two} both alter {first.object} ({', '.join(sorted(aspects))})",
        hint="decide which of the two shall count, and take the other one out",
        doubt=None if len(aspects) == 1 else "whether the default goes with both types is not known",
    )


def _replaced(altered: Effect, created: Effect) -> Clash | None:
    """CREATE OR REPLACE sets the options of a function or view back."""
    if not created.forgiving or created.object.kind not in {Kind.FUNCTION, Kind.VIEW}:
        return None
    if any(word in altered.touch.aspect for word in KEPT_BY_REPLACE):
        return None
    return Clash(
        code=CODE,
        severity=Severity.ERROR,
        object=altered.object,
        message=f"{created.member.label} replaces {altered.object}, and {uses(altered, created)}",
        hint="write the option into the new definition, too",
    )
