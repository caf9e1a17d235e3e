"""GM213: one side changes rows that the other one reads or changes; who runs first decides what they hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.check.findings import Severity
from gitmig.check.footprint.objects import Kind
from gitmig.check.footprint.touches import Manner, Trait, Verb
from gitmig.check.rules.clash import Clash, in_order, uses

if TYPE_CHECKING:
    from gitmig.check.effects import Effect

CODE = "GM213"


def judge(write: Effect, other: Effect) -> Clash | None:
    """The schema is the same either way, the rows perhaps not."""
    if not _at_once(write) or not _at_once(other):
        return None
    if _replaces_called(write, other):
        what = f"{write.member.label} replaces {write.object}, which {other.member.label} calls"
    elif _fires(write, other):
        what = f"{write.member.label} creates {write.object}, and {uses(other, write)}"
    elif write.verb is Verb.WRITE and _meets(write, other):
        what = _both_change(write, other)
    else:
        return None
    return Clash(
        code=CODE,
        severity=Severity.WARNING,
        object=write.object,
        message=what,
        hint="make both give the same rows whoever runs first, or fix their order",
        doubt="the rows decide",
    )


def _both_change(write: Effect, other: Effect) -> str:
    if other.verb is Verb.READ:
        return f"{write.member.label} writes to {write.object}, which {other.member.label} reads to change data"
    one, two = in_order(write, other)
    return f"{one} and {two} both write to {write.object}"


def _at_once(effect: Effect) -> bool:
    return effect.verb not in {Verb.READ, Verb.WRITE} or effect.touch.manner is Manner.ONCE


def _meets(write: Effect, other: Effect) -> bool:
    if not other.changes_data:
        return False
    if other.verb is Verb.READ:
        same = write.object == other.object
        if write.touch.aspect in {"insert", "delete"} and write.object.kind is not Kind.COLUMN:
            return same
        return same and write.touch.aspect == "update"
    return write.object == other.object and write.touch.aspect == other.touch.aspect == "update"


def _fires(trigger: Effect, other: Effect) -> bool:
    made = trigger.verb is Verb.CREATE and trigger.object.kind in {Kind.TRIGGER, Kind.RULE}
    return made and other.verb is Verb.WRITE and other.object.root == trigger.object.root


def _replaces_called(made: Effect, other: Effect) -> bool:
    replaces = made.verb is Verb.CREATE and made.object.kind is Kind.FUNCTION and (made.forgiving or made.replaced)
    return replaces and other.has(Trait.CALLED) and (other.object == made.object or other.object.contains(made.object))
