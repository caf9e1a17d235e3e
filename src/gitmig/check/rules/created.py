"""GM201, GM202: both sides create the same object, or replace it by different ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.check.findings import Severity
from gitmig.check.footprint.objects import Kind
from gitmig.check.footprint.touches import Trait, Verb
from gitmig.check.rules.clash import Clash, in_order

if TYPE_CHECKING:
    from gitmig.check.effects import Effect

CREATED, REPLACED = "GM201", "GM202"


def judge(first: Effect, second: Effect) -> Clash | None:
    """Two creations of one name commute where both forgive, and make the same."""
    if not first.verb is second.verb is Verb.CREATE or first.object != second.object:
        return None
    if _apart(first, second):
        return None
    one, two = in_order(first, second)
    made = first.object if first.member.label == one else second.object  # one may be a table, the other one a view
    same = first.touch.value == second.touch.value
    if _gives_way(first) and _gives_way(second):
        if same:
            return None
        return Clash(
            code=REPLACED,
            severity=Severity.ERROR,
            object=made,
            message=f"{one} and {two} make {made} in two versions: the last one to run wins",
            hint="write one version that does what both want, in the migration that is merged last",
        )
    if all(Trait.CHOSEN in effect.touch.traits for effect in (first, second)):
        return None if same else _chosen(first, second)
    advice = "drop one of the two" if same else "keep one of the two, or give one of them another name"
    return Clash(
        code=CREATED,
        severity=Severity.ERROR,
        object=made,
        message=f"{one} and {two} both create {made}",
        hint=f"{advice}: the second one to run fails, or finds another {made.kind.value} than it expects",
    )


def _apart(first: Effect, second: Effect) -> bool:
    """Whether the two do not take each other's name: of all relations, an index alone is no type.

    What follows from two creations, as a partition and a child's column, is created twice where they are.
    """
    follow = (first.implied and second.implied) or first.object.kind is Kind.PARTITION
    one_row_type = {first.object.kind, second.object.kind} == {Kind.INDEX, Kind.TYPE}
    return follow or one_row_type or (first.freed and second.freed)


def _gives_way(effect: Effect) -> bool:
    return effect.forgiving or effect.replaced


def _chosen(first: Effect, second: Effect) -> Clash:
    one, two = in_order(first, second)
    what = "index" if first.object.kind is Kind.INDEX else first.object.kind.value
    return Clash(
        code=CREATED,
        severity=Severity.ERROR,
        object=first.object,
        message=f"{one} and {two} both make an {what} without a name that PostgreSQL calls {first.object.path[-1]}",
        hint="name both: the order in which they run decides which one gets which name",
    )
