"""What depends on what in the common base, so that a drop is known to take more along than it names."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gitmig.core.conflicts.lineage import Lineage, reaches_down
from gitmig.core.footprint.objects import Kind, Object
from gitmig.core.footprint.touches import Manner, Touch, Trait, Verb

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from gitmig.core.conflicts.effects import Effect
    from gitmig.core.footprint.touches import Footprint

# They go with their table or column without being asked for.
PARTS = {Kind.INDEX, Kind.CONSTRAINT, Kind.TRIGGER, Kind.POLICY, Kind.RULE, Kind.SEQUENCE}
KEPT = {Manner.KEY, Manner.VIEW}


class Dependents:
    """Object → what it needs, from the scripts of the base in order."""

    def __init__(self, footprints: Iterable[Footprint]) -> None:
        self._needs: dict[Object, set[Object]] = {}
        self._unique: set[Object] = set()
        self._lineage = Lineage()
        for footprint in footprints:
            self._read(footprint.touches)
            self._lineage.read(footprint.touches)

    def implied_by(self, effect: Effect, known: Sequence[Effect]) -> Iterator[Effect]:
        """The further effects of a drop, of a new type, of a move into another schema; and what follows from names."""
        yield from self._lineage.implied_by(effect, known)
        if effect.verb is Verb.DROP:
            yield from self._dropped_with(effect, known)
        elif effect.verb is Verb.ALTER and effect.touch.aspect == "type":
            for key in self._unique:  # a foreign key need not name the columns of a primary key
                if key.kind is Kind.CONSTRAINT and effect.object in self._needs.get(key, ()):
                    yield replace(effect, touch=replace(effect.touch, object=key), implied=True)
        elif effect.verb is Verb.RENAME and effect.touch.to and effect.touch.to.path[1] != effect.object.path[1]:
            for moved in self._along(effect.object, cascade=False):
                if not effect.object.contains(moved):
                    yield replace(effect, touch=replace(effect.touch, object=moved, to=moved), implied=True)

    def _dropped_with(self, drop: Effect, known: Sequence[Effect]) -> Iterator[Effect]:
        """What goes along, and which columns are no key, which table has no such index any more."""
        named = {e.object for e in known if e.verb is Verb.DROP or (e.verb is Verb.ALTER and e.touch.aspect == "type")}
        for gone in self._along(drop.object, cascade=drop.has(Trait.CASCADE)):
            if gone not in named and not drop.object.contains(gone):
                touch = replace(drop.touch, object=gone, traits=frozenset({Trait.LENIENT}))
                yield replace(drop, touch=touch, implied=True)
        if drop.object in self._unique and not drop.replaced:
            for column in self._needs.get(drop.object, ()):
                yield _alteration(drop, column, "uniqueness")
        if drop.object.kind is Kind.INDEX:
            for table in {Object(Kind.TABLE, need.root) for need in self._needs.get(drop.object, ())}:
                yield _alteration(drop, table, "indexes")

    def _along(self, gone: Object, *, cascade: bool) -> Iterator[Object]:
        seen = {gone}
        waiting = [gone]
        while waiting:
            current = waiting.pop()
            for candidate, needs in self._needs.items():
                if candidate in seen or not (current.contains(candidate) or _hit(current, needs)):
                    continue
                if cascade or current.contains(candidate) or _is_part(candidate, current, needs):
                    seen.add(candidate)
                    waiting.append(candidate)
                    yield candidate

    def _read(self, touches: Sequence[Touch]) -> None:
        for touch in touches:
            if touch.verb is Verb.CREATE:
                needs = _needs(touch, touches)
                if needs or touch.object.kind is not Kind.COLUMN:
                    self._needs[touch.object] = needs
                if Trait.UNIQUE in touch.traits:
                    self._unique.add(touch.object)
            elif touch.verb is Verb.ALTER and touch.aspect == "type":
                self._needs.pop(touch.object, None)
            elif touch.verb is Verb.DROP:
                for gone in [o for o in self._needs if o == touch.object or touch.object.contains(o)]:
                    del self._needs[gone]
            elif touch.verb is Verb.RENAME and touch.to:
                self._rename(touch.object, touch.to)

    def _rename(self, old: Object, new: Object) -> None:
        self._needs = {
            _renamed(made, old, new): {_renamed(need, old, new) for need in needs}
            for made, needs in self._needs.items()
        }
        self._unique = {_renamed(made, old, new) for made in self._unique}


def reaches_further(footprints: Iterable[Footprint]) -> bool:
    """Whether a script may touch more than it names: only then the base has to be read."""
    touches = [touch for footprint in footprints for touch in footprint.touches]
    return reaches_down(touches) or any(
        t.verb is Verb.DROP or t.aspect == "type" or (t.to and t.to.path[1] != t.object.path[1]) for t in touches
    )


def _alteration(drop: Effect, altered: Object, aspect: str) -> Effect:
    touch = replace(drop.touch, verb=Verb.ALTER, object=altered, aspect=aspect, traits=frozenset())
    return replace(drop, touch=touch, implied=True)


def _needs(made: Touch, touches: Iterable[Touch]) -> set[Object]:
    """What the same part of the statement names to stay; a table needs neither its own columns nor what it is like."""
    kept = KEPT if made.object.kind is not Kind.TABLE else {Manner.KEY}  # LIKE and AS are read only once
    needs = {
        touch.object
        for touch in touches
        if (touch.statement, touch.part) == (made.statement, made.part)
        and touch.verb is Verb.READ
        and touch.manner in kept
        and touch.object.root != made.object.path
    }
    if made.object.kind is Kind.COLUMN:
        return {need for need in needs if need.kind is Kind.TYPE}
    return needs | {Object(Kind.TABLE, made.object.root)} if len(made.object.path) > 4 else needs


def _hit(gone: Object, needs: Iterable[Object]) -> bool:
    return any(need == gone or gone.contains(need) for need in needs)


def _is_part(candidate: Object, gone: Object, needs: set[Object]) -> bool:
    """Whether it goes without CASCADE: an index with its table or column, not the foreign key of another table."""
    if candidate.kind is Kind.INDEX:
        return any(need.root == gone.root for need in needs)
    return candidate.kind in PARTS and candidate.root == gone.root


def _renamed(made: Object, old: Object, new: Object) -> Object:
    if made.path[: len(old.path)] == old.path:
        return Object(made.kind, new.path + made.path[len(old.path) :])
    return made
