"""GM207: `SELECT *`, `LIKE` and the like take whatever columns there are, and the other side changes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.check.findings import Severity
from gitmig.check.footprint.objects import Kind
from gitmig.check.footprint.touches import Manner, Trait, Verb
from gitmig.check.rules.clash import Clash, uses

if TYPE_CHECKING:
    from gitmig.check.effects import Effect

CODE = "GM207"
MEMBERSHIP = {Verb.CREATE, Verb.DROP, Verb.RENAME}
# What GRANT … ON ALL … and default privileges are about.
GRANTED = {
    "OBJECT_TABLE": {Kind.TABLE, Kind.VIEW},
    "OBJECT_SEQUENCE": {Kind.SEQUENCE},
    "OBJECT_FUNCTION": {Kind.FUNCTION},
    "OBJECT_PROCEDURE": {Kind.FUNCTION},
    "OBJECT_ROUTINE": {Kind.FUNCTION},
    "OBJECT_TYPE": {Kind.TYPE},
}


def judge(whole: Effect, change: Effect) -> Clash | None:
    """What is made of a whole row, or of every table of a schema, depends on the order."""
    if _positional(whole):
        dropped = change.verb is Verb.DROP and change.object.kind is Kind.COLUMN
        return _clash(whole, change, Severity.ERROR) if dropped and whole.object.contains(change.object) else None
    if whole.verb is not Verb.READ or not whole.has(Trait.WHOLE) or whole.touch.manner is Manner.BODY:
        return None
    if not _changes_members(whole, change) or _made_anew(whole, change):
        return None
    stays = whole.object != change.object or change.verb is not Verb.CREATE
    stays = (stays and whole.touch.manner is Manner.VIEW) or (whole.object.kind is Kind.SCHEMA and not change.forgiving)
    return _clash(whole, change, Severity.ERROR if stays else Severity.WARNING)


def _made_anew(whole: Effect, change: Effect) -> bool:
    """Whether both sides make the same of the whole; columns that both add stand there in the order they came in."""
    both_add = whole.widened and change.verb is Verb.CREATE and not change.taken
    return whole.makes in change.remade and not both_add


def _positional(whole: Effect) -> bool:
    insert = whole.verb is Verb.WRITE and whole.touch.aspect == "insert" and whole.object.kind is not Kind.COLUMN
    return insert and whole.touch.columns is None and whole.touch.manner is not Manner.BODY


def _changes_members(whole: Effect, change: Effect) -> bool:
    if whole.object == change.object:
        return _changes_itself(whole, change)
    if not whole.object.contains(change.object) or _follows(whole, change):
        return False
    if whole.object.kind is Kind.SCHEMA:
        moved = change.touch.to is not None and change.touch.to.path[1] != change.object.path[1]
        comes_or_goes = change.verb is Verb.CREATE or moved
        return comes_or_goes and change.object.kind in GRANTED.get(whole.touch.aspect, ())
    aspects = {"type"} | ({"null", *whole.touch.aspect.split()} if whole.touch.aspect.startswith("like") else set())
    if change.object.kind is Kind.CONSTRAINT:
        unknown = not change.touch.aspect and bool(aspects & {"constraints", "indexes"})
        return change.verb in MEMBERSHIP and (unknown or change.touch.aspect in aspects)
    altered = change.verb is Verb.ALTER and change.touch.aspect in aspects
    return change.object.kind is Kind.COLUMN and (change.verb in MEMBERSHIP or altered)


def _follows(whole: Effect, change: Effect) -> bool:
    """What is made of a type follows with CASCADE; a child that leaves its parent keeps its own changes."""
    by_cascade = whole.touch.aspect == "of" and change.has(Trait.CASCADE)
    return by_cascade or (whole.touch.aspect == "detached" and not change.implied)


def _changes_itself(whole: Effect, change: Effect) -> bool:
    """CREATE OR REPLACE VIEW may add columns; CREATE INDEX and DROP INDEX matter to copies of a table."""
    if change.verb is Verb.CREATE:
        return change.object.kind is Kind.VIEW and change.forgiving and not change.replaced
    copies = "indexes" in whole.touch.aspect.split()
    return copies and change.touch.aspect == "indexes" and change.verb in {Verb.READ, Verb.ALTER}


def _clash(whole: Effect, change: Effect, severity: Severity) -> Clash:
    what = "whatever is in" if whole.object.kind is Kind.SCHEMA else "every column of"
    replaced = change.verb is Verb.CREATE and change.object == whole.object
    changes = f"{change.member.label} replaces it" if replaced else uses(change, whole)
    taken = change.object if replaced else whole.object
    return Clash(
        code=CODE,
        severity=severity,
        object=taken,
        message=f"{whole.member.label} takes {what} {taken}, and {changes}",
        hint="name what is meant, one by one, or let one of the two follow the other",
        doubt=None if severity is Severity.ERROR else "whether it matters there is not known",
    )
