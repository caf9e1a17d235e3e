"""GM210: one side wants every row to have a value, the other one inserts rows without it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.check.findings import Severity
from gitmig.check.footprint.objects import Kind
from gitmig.check.footprint.touches import Manner, Trait, Verb
from gitmig.check.rules.clash import Clash

if TYPE_CHECKING:
    from gitmig.check.effects import Effect

CODE = "GM210"


def judge(column: Effect, insert: Effect) -> Clash | None:
    """A new NOT NULL column without a default fails on rows that are there, and inserts without it fail behind it."""
    if insert.verb is not Verb.WRITE or insert.touch.aspect != "insert" or insert.touch.manner is not Manner.ONCE:
        return None
    if column.object.kind is not Kind.COLUMN or not insert.object.contains(column.object):
        return None
    new = column.verb is Verb.CREATE and column.has(Trait.REQUIRED)
    tightened = column.verb is Verb.ALTER and column.touch.aspect == "null" and column.touch.value == "not null"
    given = insert.touch.columns
    if not (new or tightened) or (given is not None and column.object.path[-1] in given) or (tightened and not given):
        return None
    return Clash(
        code=CODE,
        severity=Severity.ERROR,
        object=column.object,
        message=f"{column.member.label} makes {column.object} NOT NULL, and {insert.member.label} inserts without it",
        hint=f"give the column a default, or a value in {insert.member.label}",
        doubt=None if new else "the column may have a default",
    )
