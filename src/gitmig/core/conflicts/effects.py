"""What the migrations of one side do together to the objects of the common base."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gitmig.core.conflicts.identities import Identities
from gitmig.core.footprint.touches import Touch, Trait, Verb

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gitmig.core.conflicts.dependents import Dependents
    from gitmig.core.footprint.objects import Object
    from gitmig.core.footprint.touches import Footprint


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """An added migration, with the footprint of its up script, which begins on `first_line` of the file."""

    label: str
    path: str
    first_line: int
    footprint: Footprint


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """A touch whose object is named as in the base.

    `replaced`: the side both drops and creates the object. `implied`: PostgreSQL drops it along with another one.
    `changes_data`: the statement writes rows.
    """

    touch: Touch
    member: Member
    replaced: bool = False
    implied: bool = False
    changes_data: bool = False

    @property
    def verb(self) -> Verb:
        """What happens."""
        return self.touch.verb

    @property
    def object(self) -> Object:
        """What it happens to."""
        return self.touch.object

    @property
    def forgiving(self) -> bool:
        """Whether the statement also succeeds where the object is not as it expects."""
        return Trait.LENIENT in self.touch.traits

    @property
    def line(self) -> int:
        """The line in the migration's file."""
        return self.member.first_line + self.touch.line - 1

    def has(self, trait: Trait) -> bool:
        """Whether the touch has a trait."""
        return trait in self.touch.traits


def effects(members: Sequence[Member], dependents: Dependents | None = None) -> tuple[Effect, ...]:
    """The effects on what is not the side's own, in order.

    What a side makes itself cannot matter to the other one, but for its name. `dependents` tells what goes along when
    an object of the base is dropped.
    """
    composed = _Composition()
    for member in members:
        writing = {touch.statement for touch in member.footprint.touches if touch.verb is Verb.WRITE}
        for touch in member.footprint.touches:
            composed.add(member, touch, changes_data=touch.statement in writing)
    found = _without_overwritten(composed.found)
    if dependents:
        found += [effect for drop in found if drop.verb is Verb.DROP for effect in dependents.implied_by(drop, found)]
    return tuple(found)


class _Composition:
    """Goes through the touches of one side in order."""

    def __init__(self) -> None:
        self.found: list[Effect] = []
        self._identities = Identities()
        self._dropped: dict[tuple[str, ...], int] = {}

    def add(self, member: Member, touch: Touch, *, changes_data: bool) -> None:
        if touch.verb is Verb.CREATE:
            placed, own = self._identities.create(touch.object, certain=Trait.LENIENT not in touch.traits)
        else:
            placed, own = self._identities.resolve(touch.object)
        effect = Effect(touch=replace(touch, object=placed), member=member, changes_data=changes_data)
        if touch.verb is Verb.RENAME and touch.to:
            self._rename(effect, touch.object, touch.to, own=own)
        elif not own:
            self._add(effect)
        if touch.verb is Verb.DROP:
            self._identities.drop(touch.object)

    def _add(self, effect: Effect) -> None:
        path = effect.object.path
        if effect.verb is Verb.DROP:
            self._dropped[path] = len(self.found)
        elif effect.verb is Verb.CREATE and path in self._dropped:
            k = self._dropped[path]
            self.found[k] = replace(self.found[k], replaced=True)
            effect = replace(effect, replaced=True)
        self.found.append(effect)

    def _rename(self, effect: Effect, old: Object, new: Object, *, own: bool) -> None:
        """A rename frees one name and takes another one."""
        self._identities.rename(old, new)
        placed, inside = self._identities.place(new)
        if not own:
            self._add(effect)
        if not inside:
            taking = replace(effect.touch, verb=Verb.CREATE, object=placed, to=None, value=f"renamed {effect.object}")
            self._add(replace(effect, touch=taking))


def _without_overwritten(found: Iterable[Effect]) -> list[Effect]:
    """Of several changes of one aspect the last one counts."""
    last: dict[tuple[tuple[str, ...], str], Effect] = {}
    ordered = list(found)
    for effect in ordered:
        if effect.verb is Verb.ALTER:
            last[effect.object.path, effect.touch.aspect] = effect
    return [e for e in ordered if e.verb is not Verb.ALTER or last[e.object.path, e.touch.aspect] is e]
