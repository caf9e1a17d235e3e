"""Views and the like that a side drops, and makes again behind its changes: for the other side they are in no way."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gitmig.core.footprint.objects import Kind
from gitmig.core.footprint.touches import Manner, Verb

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from gitmig.core.conflicts.effects import Effect, Version


def with_remakes(found: Sequence[Effect]) -> Iterator[Effect]:
    """The effects of a side in order; reads know what is made of them, changes of columns what is made anew later.

    If the other side makes the very same, it does not matter whose change comes first: both see all columns in the
    end, and the old version does not stand in the way.
    """
    added = (e for e in found if e.verb is Verb.CREATE and e.object.kind is Kind.COLUMN and not e.taken)
    widened = {effect.object.root for effect in added}
    makers = {_statement(effect): effect for effect in found if effect.verb is Verb.CREATE}
    dropped = {effect.object.path: k for k, effect in enumerate(found) if effect.verb is Verb.DROP}
    again = [
        (k, _version(effect))
        for k, effect in enumerate(found)
        if effect.verb is Verb.CREATE and (effect.replaced or effect.forgiving)
    ]
    for k, effect in enumerate(found):
        if effect.verb is Verb.READ:
            widens = effect.object.root in widened
            yield replace(_building(effect, makers.get(_statement(effect))), widened=widens)
        elif again and effect.object.kind is Kind.COLUMN:
            yield replace(effect, remade=_remade(k, effect, dropped, again))
        else:
            yield effect


def _building(read: Effect, maker: Effect | None) -> Effect:
    """What stays of a read is what is made of it, as long as that is not given up again."""
    if maker is None:
        return read
    passing = maker.freed and maker.object.kind is Kind.VIEW
    touch = replace(read.touch, manner=Manner.ONCE) if passing else read.touch
    return replace(read, touch=touch, makes=_version(maker))


def _remade(
    at: int, change: Effect, dropped: Mapping[tuple[str, ...], int], again: Sequence[tuple[int, Version]]
) -> frozenset[Version]:
    """What comes again behind the change; columns can be added and renamed while a view still stands there."""
    free = change.verb in {Verb.CREATE, Verb.RENAME}
    return frozenset(made for k, made in again if k > at and (free or dropped.get(made[0], at) < at))


def _statement(effect: Effect) -> tuple[str, int, int]:
    return effect.member.path, effect.touch.statement, effect.touch.part


def _version(made: Effect) -> Version:
    return made.object.path, made.touch.value
