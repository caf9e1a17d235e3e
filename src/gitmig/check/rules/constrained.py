"""GM211: one side adds a constraint, the other one writes rows that it may refuse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.check.dependencies import DOMAIN, REST
from gitmig.check.findings import Severity
from gitmig.check.footprint.objects import Kind
from gitmig.check.footprint.touches import Manner, Trait, Verb
from gitmig.check.rules.clash import Clash, given, uses

if TYPE_CHECKING:
    from gitmig.check.effects import Effect

CODE = "GM211"
# What an added constraint of a domain, or a partition beside a default one, means to the table.
FOLLOWED = {DOMAIN: "a constraint to the domain of", REST: "a partition beside the default one to"}


def judge(added: Effect, write: Effect) -> Clash | None:
    """The values decide, so this is never certain."""
    if write.verb is not Verb.WRITE or write.touch.aspect not in {"insert", "update"}:
        return None
    if write.touch.manner is not Manner.ONCE or write.object.root != added.object.root:
        return None
    constraint = added.verb is Verb.CREATE and added.object.kind is Kind.CONSTRAINT
    followed = added.verb is Verb.ALTER and added.touch.aspect in FOLLOWED
    if followed and added.touch.aspect == DOMAIN and not given(write, added.object):
        return None
    unique_index = added.verb is Verb.READ and added.has(Trait.UNIQUE)
    if not constraint and not unique_index and not followed:
        return None
    what = (
        f"{added.object}" if constraint else f"{FOLLOWED.get(added.touch.aspect, 'a unique index on')} {added.object}"
    )
    return Clash(
        code=CODE,
        severity=Severity.WARNING,
        object=added.object,
        message=f"{added.member.label} adds {what}, and {uses(write, added)}",
        hint="look whether the rows that are written keep to the constraint",
        doubt="it depends on the values that are written",
    )
