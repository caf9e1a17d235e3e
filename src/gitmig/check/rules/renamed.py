"""GM205: one side renames what the other one still calls by its old name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.check.findings import Severity
from gitmig.check.footprint.touches import Manner, Verb
from gitmig.check.rules.clash import Clash, hits, in_order, uses

if TYPE_CHECKING:
    from gitmig.check.effects import Effect

CODE = "GM205"


def judge(rename: Effect, other: Effect) -> Clash | None:
    """A rename meets every use under the old name; drops and bodies of functions have rules of their own."""
    if (
        rename.verb is not Verb.RENAME
        or not hits(rename, other)
        or (other.verb is Verb.DROP and (other.object == rename.object))
    ):
        return None
    if rename.returned and rename.touch.to == rename.object:
        return None
    if other.implied or (other.verb in {Verb.READ, Verb.WRITE} and other.touch.manner is Manner.BODY):
        return None
    if rename.forgiving and other.forgiving and other.verb is not Verb.CREATE and rename.touch.to == other.touch.to:
        return None
    new = rename.touch.to
    if other.verb is Verb.RENAME and other.object == rename.object:
        one, two = in_order(rename, other)
        message, hint = f"{one} and {two} both rename {rename.object}", "agree on one name, in one of the two"
    else:
        message = f"{rename.member.label} renames {rename.object} to {new and new.path[-1]}, and {uses(other, rename)}"
        hint = f"let {other.member.label} run first, or write the new name into it"
    doubt = _doubt(rename, other)
    severity = Severity.WARNING if doubt else Severity.ERROR
    return Clash(code=CODE, severity=severity, object=rename.object, message=message, hint=hint, doubt=doubt)


def _doubt(rename: Effect, other: Effect) -> str | None:
    if rename.returned:
        return "it has its old name again in the end, so it matters only what runs in between"
    if other.forgiving and other.verb in {Verb.READ, Verb.WRITE}:  # a change that is left out makes a difference
        return "the other statement forgives that the object is gone"
    return None
