"""Which object a name means after renames, drops and creations on one side.

Views and the like that a side drops, and makes again behind its changes: for the other side they are in no way.

What the migrations of one side do together: touch after touch, with names followed through renames.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from gitmig.check.effects import Effect
from gitmig.check.footprint.objects import IN_SCHEMAS, ROUTINE, Kind, Object
from gitmig.check.footprint.touches import Manner, Trait, Verb

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from gitmig.check.dependencies import Dependents
    from gitmig.check.effects import Member, Version
    from gitmig.check.footprint.touches import Touch


Path = tuple[str, ...]


@dataclass
class Identities:
    """Names in use → the object's path in the common base, and whether this side made it itself.

    A table that one side renames is still the same table to the other.
    """

    _known: dict[Path, tuple[Path, bool]] = field(default_factory=dict)

    def resolve(self, named: Object) -> tuple[Object, bool]:
        """The object under its name in the base, and whether it, or what it is a part of, is this side's own."""
        path = self._in_base_schema(named.path)
        for length in range(len(path), 2, -1):
            if found := self._known.get(path[:length]):
                origin, own = found
                return Object(named.kind, origin + path[length:]), own
        return Object(named.kind, path), False

    def create(self, named: Object, *, certain: bool) -> tuple[Object, bool]:
        """Where the new object lies in terms of the base, and whether that is inside of something of its own.

        Not `certain` is a creation that forgives: the object may be one of the base.
        """
        placed, inside = self.place(named)
        if certain:
            self._known[named.path] = (placed.path, True)
        return placed, inside

    def place(self, named: Object) -> tuple[Object, bool]:
        """A name nobody has yet, below its owner as the base calls it."""
        if len(named.path) < 5:
            return Object(named.kind, self._in_base_schema(named.path)), False
        owner, own = self.resolve(Object(named.kind, named.path[:-2]))
        return Object(named.kind, owner.path + named.path[-2:]), own

    def drop(self, named: Object) -> None:
        """The name is free again."""
        self._known.pop(named.path, None)

    def rename(self, old: Object, new: Object) -> None:
        """The object goes on under another name, and its parts with it."""
        origin, own = self.resolve(old)
        for path in [path for path in self._known if path[: len(old.path)] == old.path]:
            self._known[new.path + path[len(old.path) :]] = self._known.pop(path)
        self._known[new.path] = (origin.path, own)

    def _in_base_schema(self, path: Path) -> Path:
        renamed = self._known.get(("schema", path[1])) if path[0] in IN_SCHEMAS else None
        return (path[0], renamed[0][1], *path[2:]) if renamed else path


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
    found = _once(_without_overwritten(with_remakes(composed.finished())))
    if dependents:
        found += [further for effect in found for further in dependents.implied_by(effect, found)]
    return tuple(found)


class _Composition:
    """Goes through the touches of one side in order."""

    def __init__(self) -> None:
        self.found: list[Effect] = []
        self._identities = Identities()
        self._indexed: tuple[str, ...] = ()
        self._dropped: dict[tuple[str, ...], int] = {}
        self._made: dict[tuple[str, ...], int] = {}
        self._stories: dict[tuple[str, ...], list[str]] = defaultdict(list)

    def finished(self) -> list[Effect]:
        """The effects; what the side makes and goes on to change is defined by all of that together."""
        for path, k in self._made.items():
            story = self._stories.get(path)
            if story:
                touch = self.found[k].touch
                self.found[k] = replace(self.found[k], touch=replace(touch, value="; ".join([touch.value, *story])))
        last = {e.object.path: e.touch.to for e in self.found if e.verb is Verb.RENAME}
        kept = [e for e in self.found if e.touch.aspect != "detached" or e.object.path not in self._dropped]
        return [replace(e, returned=True) if _is_back(e, last.get(e.object.path)) else e for e in kept]

    def add(self, member: Member, touch: Touch, *, changes_data: bool) -> None:
        if touch.verb is Verb.CREATE:
            placed, own = self._identities.create(touch.object, certain=Trait.LENIENT not in touch.traits)
        else:
            placed, own = self._identities.resolve(touch.object)
        effect = Effect(touch=replace(touch, object=placed), member=member, changes_data=changes_data)
        if touch.verb is Verb.READ and touch.aspect == "indexes":
            self._indexed = placed.path
        if own:
            self._tell(effect)
        if touch.verb is Verb.RENAME and touch.to:
            self._rename(effect, touch.object, touch.to, own=own)
        elif not own:
            self._add(effect)
        if touch.verb is Verb.DROP:
            self._identities.drop(touch.object)

    def _tell(self, effect: Effect) -> None:
        """Remember what happens to something of the side's own."""
        path = effect.object.path
        if effect.verb in {Verb.DROP, Verb.RENAME} and path in self._made:
            k = self._made[path]
            self.found[k] = replace(self.found[k], freed=True)
        touch = effect.touch
        if touch.verb is not Verb.READ:
            story = (touch.verb.value, *path[3:], touch.aspect, touch.value)
            self._stories[path[:3]].append(" ".join(story))

    def _add(self, effect: Effect) -> None:
        path = effect.object.path
        if effect.verb is Verb.DROP:
            self._dropped[path] = len(self.found)
        elif effect.verb is Verb.CREATE:
            effect = replace(effect, replaced=effect.object.kind is Kind.INDEX and self._on_remade())
            self._made[path] = len(self.found)
            for dropped, k in self._dropped.items():
                if dropped == path:
                    self.found[k] = replace(self.found[k], replaced=True)
                    effect = replace(effect, replaced=True)
                elif path[0] == ROUTINE and dropped[:3] == path[:3]:
                    self.found[k] = replace(self.found[k], succeeded=True)
        self.found.append(effect)

    def _on_remade(self) -> bool:
        """Whether what the last index is on was dropped and made again, so that an index of that name went with it."""
        k = self._made.get(self._indexed)
        return k is not None and self.found[k].replaced

    def _rename(self, effect: Effect, old: Object, new: Object, *, own: bool) -> None:
        """A rename frees one name and takes another one."""
        self._identities.rename(old, new)
        placed, inside = self._identities.place(new)
        if not own:
            self._add(effect)
        if not inside:
            origin = self._definition(effect.object) if own else f"renamed {effect.object}"
            taking = replace(effect.touch, verb=Verb.CREATE, object=placed, to=None, value=origin)
            self._add(replace(effect, touch=taking, taken=not own))

    def _definition(self, made: Object) -> str:
        """What something of the side's own is by now."""
        k = self._made.get(made.path)
        created = self.found[k].touch.value if k is not None else ""
        story = [line for line in self._stories.get(made.path, ()) if not line.startswith(Verb.RENAME.value)]
        return "; ".join([created, *story])


def _is_back(effect: Effect, last: Object | None) -> bool:
    return effect.verb is Verb.RENAME and effect.object == last


def _once(found: Iterable[Effect]) -> list[Effect]:
    """Of the places where a migration reads or writes one thing in one way, the first one is enough."""
    seen: set[tuple[object, ...]] = set()
    kept = []
    for effect in found:
        touch = effect.touch
        if touch.verb in {Verb.READ, Verb.WRITE}:
            how = (
                touch.verb,
                touch.manner,
                touch.traits,
                touch.aspect,
                touch.columns,
                effect.changes_data,
                effect.makes,
            )
            key = (effect.member.path, touch.object, how)
            if key in seen:
                continue
            seen.add(key)
        kept.append(effect)
    return kept


def _without_overwritten(found: Iterable[Effect]) -> list[Effect]:
    """Of several changes of one aspect the last one counts."""
    last: dict[tuple[tuple[str, ...], str], Effect] = {}
    ordered = list(found)
    for effect in ordered:
        if effect.verb is Verb.ALTER:
            last[effect.object.path, effect.touch.aspect] = effect
    return [e for e in ordered if e.verb is not Verb.ALTER or last[e.object.path, e.touch.aspect] is e]
