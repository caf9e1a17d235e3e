"""What rules about two effects have in common: whether the one is about the other one, and how to say it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.check.footprint.model import OPERATOR, ROUTINE, Action, DependencyKind, NamedKind

if TYPE_CHECKING:
    from gitmig.check.effects import Circumstance, Effect
    from gitmig.check.footprint.model import Object, Trait

VERBS = {
    Action.CREATE: "creates",
    Action.DROP: "drops",
    Action.RENAME: "renames",
    Action.ALTER: "alters",
    Action.WRITE: "writes to",
}

# What GRANT … ON ALL … and default privileges are about.
GRANTED: dict[str, set[NamedKind]] = {
    "OBJECT_TABLE": {NamedKind.TABLE, NamedKind.VIEW},
    "OBJECT_SEQUENCE": {NamedKind.SEQUENCE},
    "OBJECT_FUNCTION": {NamedKind.FUNCTION},
    "OBJECT_PROCEDURE": {NamedKind.FUNCTION},
    "OBJECT_ROUTINE": {NamedKind.FUNCTION},
    "OBJECT_TYPE": {NamedKind.TYPE},
}


def both(first: Effect, second: Effect, what: Trait | Circumstance) -> bool:
    """Whether it holds of both."""
    return first.has(what) and second.has(what)


def either(first: Effect, second: Effect, what: Trait | Circumstance) -> bool:
    """Whether it holds of one of them, or of both."""
    return first.has(what) or second.has(what)


def hits(first: Effect, second: Effect) -> bool:
    """Whether what happens to the first one's object as a whole happens to the second one's."""
    if first.object == second.object or first.object.contains(second.object):
        return True
    # a call names a function without its signature
    by_name = first.object.path[0] in {ROUTINE, OPERATOR} and second.object.path[0] == first.object.path[0]
    return by_name and second.object.contains(first.object)


def given(write: Effect, column: Object) -> bool:
    """Whether a statement writes a value of its own to the column."""
    if (
        write.action is not Action.WRITE
        or write.object.root != column.root
        or write.dependency is DependencyKind.AT_CALL
    ):
        return False
    by_position = write.aspect == "insert" and write.object.kind is not NamedKind.COLUMN
    return write.object == column or (by_position and write.touch.columns is None)


def uses(effect: Effect, changed: Effect) -> str:
    """`0002_view builds on it`: what the effect does to what the other one changes, as the end of a sentence."""
    label, verb = effect.label, VERBS.get(effect.action)
    it = "it" if effect.object == changed.object or effect.object.contains(changed.object) else str(effect.object)
    if verb is None and effect.dependency in {DependencyKind.AT_CALL, DependencyKind.CHECKED}:
        return f"a function of {label} uses {it}"
    if verb is None:
        verb = "builds on" if effect.dependency in {DependencyKind.FOLLOWS, DependencyKind.BLOCKS} else "uses"
    return f"{label} {verb} {it}"


def labels_in_order(first: Effect, second: Effect) -> tuple[str, str]:
    """Both labels in an order that does not depend on whose side is whose."""
    one, two = sorted((first.label, second.label))
    return one, two
