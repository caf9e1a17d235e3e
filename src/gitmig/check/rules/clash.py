"""Two effects that meet, and what a rule says about them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gitmig.check.footprint.objects import OPERATOR, ROUTINE, Kind
from gitmig.check.footprint.touches import Manner, Verb

if TYPE_CHECKING:
    from gitmig.check.effects import Effect
    from gitmig.check.findings import Severity
    from gitmig.check.footprint.objects import Object


VERBS = {
    Verb.CREATE: "creates",
    Verb.DROP: "drops",
    Verb.RENAME: "renames",
    Verb.ALTER: "alters",
    Verb.WRITE: "writes to",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Clash:
    """A finding about one pair of effects. `object` is what it is about; `doubt` why it is not certain."""

    code: str
    severity: Severity
    object: Object
    message: str
    hint: str
    doubt: str | None = None


def hits(first: Effect, second: Effect) -> bool:
    """Whether what happens to the first one's object as a whole happens to the second one's."""
    if first.object == second.object or first.object.contains(second.object):
        return True
    # a call names a function without its signature
    return first.object.path[0] in {ROUTINE, OPERATOR} and second.object.contains(first.object)


def given(write: Effect, column: Object) -> bool:
    """Whether a statement writes a value of its own to the column."""
    if write.verb is not Verb.WRITE or write.object.root != column.root or write.touch.manner is Manner.BODY:
        return False
    by_position = write.touch.aspect == "insert" and write.object.kind is not Kind.COLUMN
    return write.object == column or (by_position and write.touch.columns is None)


def uses(effect: Effect, changed: Effect) -> str:
    """`0002_view builds on it`: what the effect does to what the other one changes, as the end of a sentence."""
    label, verb = effect.member.label, VERBS.get(effect.verb)
    it = "it" if effect.object == changed.object or effect.object.contains(changed.object) else str(effect.object)
    if verb is None and effect.touch.manner in {Manner.BODY, Manner.CHECKED}:
        return f"a function of {label} uses {it}"
    if verb is None:
        verb = "builds on" if effect.touch.manner in {Manner.KEY, Manner.VIEW} else "uses"
    return f"{label} {verb} {it}"


def in_order(first: Effect, second: Effect) -> tuple[str, str]:
    """Both labels in an order that does not depend on whose side is whose."""
    one, two = sorted((first.member.label, second.member.label))
    return one, two
