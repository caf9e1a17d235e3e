"""GM207: `SELECT *`, `LIKE` and the like take whatever columns there are, and the other side changes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.core.conflicts.objects.clash import Clash, uses
from gitmig.core.findings import Severity
from gitmig.core.footprint.objects import Kind
from gitmig.core.footprint.touches import Manner, Trait, Verb

if TYPE_CHECKING:
    from gitmig.core.conflicts.effects import Effect

CODE = "GM207"


def judge(whole: Effect, change: Effect) -> Clash | None:
    """What is made of a whole row, or of every table of a schema, depends on the order."""
    if not whole.object.contains(change.object) or not _changes_members(whole, change):
        return None
    positional = whole.verb is Verb.WRITE and whole.touch.aspect == "insert" and whole.touch.columns is None
    if positional and change.verb is Verb.DROP and whole.touch.manner is not Manner.BODY:
        return _clash(whole, change, Severity.ERROR)
    if whole.verb is not Verb.READ or not whole.has(Trait.WHOLE) or whole.touch.manner is Manner.BODY:
        return None
    stays = whole.touch.manner is Manner.VIEW or whole.object.kind is Kind.SCHEMA
    return _clash(whole, change, Severity.ERROR if stays else Severity.WARNING)


def _changes_members(whole: Effect, change: Effect) -> bool:
    if whole.object.kind is Kind.SCHEMA:
        return change.verb is Verb.CREATE and len(change.object.path) < 5
    of_column = change.object.kind is Kind.COLUMN
    retyped = change.verb is Verb.ALTER and change.touch.aspect == "type"
    return of_column and (change.verb in {Verb.CREATE, Verb.DROP, Verb.RENAME} or retyped)


def _clash(whole: Effect, change: Effect, severity: Severity) -> Clash:
    what = "whatever is in" if whole.object.kind is Kind.SCHEMA else "every column of"
    return Clash(
        code=CODE,
        severity=severity,
        object=whole.object,
        message=f"{whole.member.label} takes {what} {whole.object}, and {uses(change, whole)}",
        hint="name what is meant, one by one, or let one of the two follow the other",
        doubt=None if severity is Severity.ERROR else "whether the number of columns matters there is not known",
    )
