"""GM208: both sides alter the same thing in different ways."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.check.findings import Severity
from gitmig.check.footprint.objects import Kind
from gitmig.check.footprint.touches import Verb
from gitmig.check.rules.clash import Clash, in_order, uses

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gitmig.check.effects import Effect

CODE = "GM208"
# CREATE OR REPLACE leaves these alone.
KEPT_BY_REPLACE = ("comment", "owner", " for ")


def judge(first: Effect, second: Effect) -> Clash | None:
    """Alterations of one aspect commute where they are the same; type and default hang together."""
    if _undoes(first, second):
        return _both(first, second, ["privileges"], None)
    if _disables(first, second):
        return _both(first, second, ["enabled"], None)
    if first.verb is not Verb.ALTER or first.object != second.object:
        return None
    if second.verb is Verb.CREATE:
        return _replaced(first, second)
    aspects = _clashing(first, second)
    if not aspects:
        return None
    doubt = None if len(aspects) == 1 else "whether the default goes with both types is not known"
    return _both(first, second, aspects, doubt)


def _clashing(first: Effect, second: Effect) -> list[str]:
    """The aspects in which the two do not commute."""
    if second.verb is not Verb.ALTER or first.implied or second.implied:
        return []
    aspects = {first.touch.aspect, second.touch.aspect}
    once = aspects == {"primary key"} and not (first.forgiving and second.forgiving)
    differ = len(aspects) == 1 and first.touch.value != second.touch.value
    return sorted(aspects) if once or differ or aspects == {"type", "default"} else []


def _both(first: Effect, second: Effect, aspects: Iterable[str], doubt: str | None) -> Clash:
    one, two = in_order(first, second)
    inner = second.object if first.object.contains(second.object) else first.object
    return Clash(
        code=CODE,
        severity=Severity.WARNING if doubt else Severity.ERROR,
        object=inner,
        message=f"{one} and {two} both alter {inner} ({', '.join(aspects)})",
        hint="decide which of the two shall count, and take the other one out",
        doubt=doubt,
    )


def _undoes(first: Effect, second: Effect) -> bool:
    """Whether one grants what the other one revokes, perhaps for all of a schema."""
    privilege, grantee = _privilege(first)
    other, other_grantee = _privilege(second)
    same_object = first.object == second.object or first.object.contains(second.object)
    overlap = privilege == other or "all" in {privilege, other}
    opposite = {first.touch.value[:5], second.touch.value[:5]} == {"grant", "revok"}
    return bool(grantee) and grantee == other_grantee and same_object and overlap and opposite


def _disables(altered: Effect, trigger: Effect) -> bool:
    """Whether one disables all triggers of a table, and the other one makes one there."""
    disables = altered.verb is Verb.ALTER and altered.touch.value in {"AT_DisableTrigAll", "AT_DisableTrigUser"}
    made = trigger.verb is Verb.CREATE and trigger.object.kind is Kind.TRIGGER
    return disables and made and altered.object.contains(trigger.object)


def _privilege(effect: Effect) -> tuple[str, str]:
    """`select for public` → the privilege and who has it; empty for what is no privilege."""
    if effect.verb is not Verb.ALTER:
        return "", ""
    privilege, _, grantee = effect.touch.aspect.partition(" for ")
    return privilege, grantee


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
