"""GM203, GM204: one side drops what the other one uses, or both drop the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.check.findings import Severity
from gitmig.check.footprint.touches import Manner, Trait, Verb
from gitmig.check.rules.clash import Clash, hits, in_order, uses

if TYPE_CHECKING:
    from gitmig.check.effects import Effect

USED, TWICE = "GM203", "GM204"
TRANSIENT = {Manner.ONCE, Manner.CHECKED}


def judge(drop: Effect, other: Effect) -> Clash | None:
    """A drop meets every use of the object and of its parts; bodies of functions have a rule of their own."""
    if drop.verb is Verb.ALTER and drop.touch.aspect == "uniqueness":
        return _key_gone(drop, other)
    if drop.verb is not Verb.DROP or not hits(drop, other) or _cannot_fail(other):
        return None
    if other.object == drop.object and other.verb is Verb.DROP:
        return _both(drop, other)
    if other.object == drop.object and other.verb is Verb.CREATE and drop.replaced:
        return None  # two creations: another rule
    return _used(drop, other, _doubt(drop, other))


def _doubt(drop: Effect, other: Effect) -> str | None:
    once = other.verb in {Verb.READ, Verb.WRITE} and other.touch.manner in TRANSIENT
    if (drop.replaced or drop.succeeded) and once:
        return "whether the new definition serves it, too, is not known"
    if other.forgiving and other.verb is not Verb.CREATE:
        return "the other statement forgives that the object is gone"
    return None


def _used(drop: Effect, other: Effect, doubt: str | None) -> Clash:
    how = "makes PostgreSQL drop" if drop.implied else "drops"
    return Clash(
        code=USED,
        severity=Severity.WARNING if doubt else Severity.ERROR,
        object=drop.object,
        message=f"{drop.member.label} {how} {drop.object}, and {uses(other, drop)}",
        hint=f"take what needs {drop.object} out of {other.member.label}, or leave it in place for now",
        doubt=doubt,
    )


def _both(first: Effect, second: Effect) -> Clash | None:
    """Both may forgive; and a side that makes the object again leaves one for the other one to drop."""
    if (first.forgiving and second.forgiving) or (first.replaced and second.replaced):
        return None
    one, two = in_order(first, second)
    return Clash(
        code=TWICE,
        severity=Severity.ERROR,
        object=first.object,
        message=f"{one} and {two} both drop {first.object}",
        hint="take one of the two out: the second one to run finds nothing to drop",
    )


def _key_gone(drop: Effect, other: Effect) -> Clash | None:
    if other.verb is not Verb.READ or other.object != drop.object or not other.has(Trait.FOREIGN):
        return None
    return Clash(
        code=USED,
        severity=Severity.ERROR,
        object=drop.object,
        message=f"{drop.member.label} drops the unique key of {drop.object}, which {other.member.label} refers to",
        hint="keep the key, or refer to another one",
    )


def _cannot_fail(effect: Effect) -> bool:
    """Whether it is looked up later; or goes along with something else, where the drop finds it in the other order."""
    if effect.implied:
        return effect.verb is not Verb.RENAME
    return effect.verb in {Verb.READ, Verb.WRITE} and effect.touch.manner is Manner.BODY
