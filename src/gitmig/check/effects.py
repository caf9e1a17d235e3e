"""What a side's migrations do together to the objects of the common base: effects, from touch after touch.

From top to bottom: the values; `net_effects`, which follows names through renames, drops and creations; what a side
drops and recreates behind its own changes.
"""

from __future__ import annotations

from collections import defaultdict
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeAlias

from msgspec import Struct, field
from msgspec.structs import replace

from gitmig.check.footprint.model import IN_SCHEMAS, ROUTINE, Action, DependencyKind, NamedKind, Object, Trait

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from gitmig.check.dependencies import Dependents
    from gitmig.check.footprint.model import Footprint, ObjectPath, Touch
    from gitmig.migrations.model import Content, Migration, Version

Made: TypeAlias = "tuple[ObjectPath, str]"  # the path of something made, and its definition


class AddedMigration(Struct, frozen=True, kw_only=True):
    """A migration that a side adds, with the footprint of its up script, which begins on `first_line` of the file.

    `blobs` and the checksum of `content` tell whether another branch adds the same.
    """

    label: str
    path: str
    version: Version
    blobs: str
    content: Content
    first_line: int
    footprint: Footprint

    @classmethod
    def of(cls, migration: Migration, content: Content, footprint: Footprint) -> AddedMigration:
        """The migration, once it has been read."""
        return cls(
            label=migration.label,
            path=migration.path,
            version=migration.version,
            blobs=migration.blobs,
            content=content,
            first_line=content.up.first_line,
            footprint=footprint,
        )


class Circumstance(Enum):
    """What is known of an effect that its own touch does not tell: it follows from the rest of the side."""

    REPLACED = "replaced"  # the side both drops and creates the object
    SUCCEEDED = "succeeded"  # it drops a function and makes another one of that name, with other parameters
    FREED = "freed"  # it makes the object and gives the name up again
    RETURNED = "returned"  # it renames the object, and gives it its old name back
    TAKEN = "taken"  # it only gives this name to something that is there, and is what its touch goes `to`
    WIDENED = "widened"  # it adds columns to what this reads
    IMPLIED = "implied"  # PostgreSQL does it along with something else
    MERGES = "merges"  # a child gets it, and it becomes one with the same that the child has
    CHANGES_DATA = "changes data"  # the statement writes rows
    UNCHANGED = "unchanged"  # the base has it like that already
    GIVEN = "given"  # a column that is made NOT NULL has a default, whoever runs first
    NEEDED = "needed"  # a column that loses its default is NOT NULL
    FILLED = "filled"  # the side writes rows into what it makes of this: a table with the type, a new partition
    LOCAL = "local"  # a child has the same by itself
    NEW = "new"  # the base has nothing of the name that this makes, if there is nothing


class Effect(Struct, frozen=True, kw_only=True):
    """A touch whose object is named as in the base.

    `makes`: what the statement makes of what it reads. `recreated`: what the side drops before it changes a column, or
    might as well drop later, and creates again behind the change.
    """

    touch: Touch
    migration: AddedMigration
    circumstances: frozenset[Circumstance] = frozenset()
    makes: Made | None = None
    recreated: frozenset[Made] = frozenset()

    @property
    def label(self) -> str:
        """The migration, as people name it."""
        return self.migration.label

    @property
    def action(self) -> Action:
        """What happens."""
        return self.touch.action

    @property
    def object(self) -> Object:
        """What it happens to."""
        return self.touch.object

    @property
    def aspect(self) -> str:
        """Which side of the object it is about; see Touch."""
        return self.touch.aspect

    @property
    def dependency(self) -> DependencyKind:
        """What stays of it."""
        return self.touch.dependency

    @property
    def forgiving(self) -> bool:
        """Whether the statement also succeeds where the object is not as it expects."""
        return Trait.FORGIVING in self.touch.traits

    @property
    def gives_way(self) -> bool:
        """Whether a creation also succeeds where there is such an object already."""
        return self.forgiving or self.has(Circumstance.REPLACED)

    @property
    def line(self) -> int:
        """The line in the migration's file."""
        return self.migration.first_line + self.touch.line - 1

    def has(self, what: Trait | Circumstance) -> bool:
        """Whether the touch has a trait, or a circumstance holds."""
        return what in self.touch.traits or what in self.circumstances

    def under(self, *circumstances: Circumstance) -> Effect:
        """The same, where these circumstances hold as well."""
        return replace(self, circumstances=self.circumstances.union(circumstances))

    def with_aspect(self, aspect: str) -> Effect:
        """The same, when it is known what it is about."""
        return replace(self, touch=replace(self.touch, aspect=aspect))

    def implying(self, **changes: Any) -> Effect:
        """What PostgreSQL does along with it: the same, but for these fields of the touch."""
        return replace(self, touch=replace(self.touch, **changes)).under(Circumstance.IMPLIED)


def net_effects(migrations: Iterable[AddedMigration], dependents: Dependents | None = None) -> tuple[Effect, ...]:
    """The effects on what is not the side's own, in order.

    What a side makes itself cannot matter to the other one, but for its name. `dependents` tells what goes along when
    an object of the base is dropped.
    """
    net = _NetEffects()
    for migration in migrations:
        writing = {touch.statement for touch in migration.footprint.touches if touch.action is Action.WRITE}
        for touch in migration.footprint.touches:
            effect = Effect(touch=touch, migration=migration)
            net.add(effect.under(Circumstance.CHANGES_DATA) if touch.statement in writing else effect)
    found = _once(_without_overwritten(_with_recreated(net.finished())))
    if dependents:
        found = [dependents.with_base(effect, found) for effect in found]
        found += [further for effect in found for further in dependents.implied_by(effect, found)]
    return tuple(found)


class _NetEffects:
    """Goes through the touches of one side in order."""

    def __init__(self) -> None:
        self.found: list[Effect] = []
        self._names = NameResolution()
        self._indexed: ObjectPath = ()
        self._dropped: dict[ObjectPath, int] = {}
        self._made: dict[ObjectPath, int] = {}
        self._history: dict[ObjectPath, list[str]] = defaultdict(list)
        self._written: set[ObjectPath] = set()  # tables of the side's own, and others
        self._columns: dict[tuple[str, int, int], ObjectPath] = {}  # of own tables, by where they are made

    def finished(self) -> list[Effect]:
        """The effects; what the side makes and goes on to change is defined by all of that together."""
        for path, k in self._made.items():
            if history := self._history.get(path):
                touch = self.found[k].touch
                self.found[k] = replace(self.found[k], touch=replace(touch, value="; ".join([touch.value, *history])))
        last = {e.object.path: e.touch.to for e in self.found if e.action is Action.RENAME}
        kept = [e for e in self.found if e.aspect != "detached" or e.object.path not in self._dropped]
        kept = [e.under(Circumstance.FILLED) if self._is_filled(e) else e for e in kept]
        return [e.under(Circumstance.RETURNED) if _is_back(e, last.get(e.object.path)) else e for e in kept]

    def _is_filled(self, effect: Effect) -> bool:
        """Whether rows are written into a table of the side's own that has the type, or into the new partition."""
        touch = effect.touch
        if touch.action is Action.READ and touch.object.kind is NamedKind.TYPE:
            return self._columns.get(_statement(effect)) in self._written
        is_partition = touch.action is Action.CREATE and touch.object.kind is NamedKind.PARTITION
        return is_partition and bool({touch.object.root, *([touch.to.path] if touch.to else [])} & self._written)

    def add(self, named: Effect) -> None:
        """Take in an effect whose object is named as the script names it."""
        touch = named.touch
        if touch.action is Action.CREATE:
            placed, own = self._names.create(touch.object, certain=Trait.FORGIVING not in touch.traits)
        else:
            placed, own = self._names.resolve(touch.object)
        effect = replace(named, touch=replace(touch, object=placed))
        if touch.action is Action.WRITE and touch.aspect == "insert":
            self._written.add(placed.root)
        if own and touch.action is Action.CREATE and placed.kind is NamedKind.COLUMN:
            self._columns[_statement(effect)] = placed.root
        if touch.action is Action.READ and touch.aspect == "indexes":
            self._indexed = placed.path
        if own:
            self._note_own(effect)
        if touch.action is Action.RENAME and touch.to:
            self._rename(effect, touch.object, touch.to, own=own)
        elif not own:
            self._add(effect)
        if touch.action is Action.DROP:
            self._names.drop(touch.object)

    def _note_own(self, effect: Effect) -> None:
        """Remember what happens to something of the side's own."""
        path = effect.object.path
        if effect.action in {Action.DROP, Action.RENAME} and path in self._made:
            k = self._made[path]
            self.found[k] = self.found[k].under(Circumstance.FREED)
        touch = effect.touch
        if touch.action is not Action.READ:
            history = (touch.action.value, *path[3:], touch.aspect, touch.value)
            self._history[path[:3]].append(" ".join(history))

    def _add(self, effect: Effect) -> None:
        path = effect.object.path
        if effect.action is Action.DROP:
            self._dropped[path] = len(self.found)
        elif effect.action is Action.CREATE:
            if effect.object.kind is NamedKind.INDEX and self._on_recreated():
                effect = effect.under(Circumstance.REPLACED)
            self._made[path] = len(self.found)
            for dropped, k in self._dropped.items():
                if dropped == path:
                    self.found[k] = self.found[k].under(Circumstance.REPLACED)
                    effect = effect.under(Circumstance.REPLACED)
                elif path[0] == ROUTINE and dropped[:3] == path[:3]:
                    self.found[k] = self.found[k].under(Circumstance.SUCCEEDED)
        self.found.append(effect)

    def _on_recreated(self) -> bool:
        """Whether what the last index is on was dropped and made again, so that an index of that name went with it."""
        k = self._made.get(self._indexed)
        return k is not None and self.found[k].has(Circumstance.REPLACED)

    def _rename(self, effect: Effect, old: Object, new: Object, *, own: bool) -> None:
        """A rename frees one name and takes another one."""
        self._names.rename(old, new)
        placed, inside = self._names.place(new)
        if not own:
            self._add(effect)
        if not inside:
            origin = self._definition(effect.object) if own else f"renamed {effect.object}"
            before = None if own else effect.object
            taking = replace(effect.touch, action=Action.CREATE, object=placed, to=before, value=origin)
            taken = replace(effect, touch=taking)
            self._add(taken if own else taken.under(Circumstance.TAKEN))

    def _definition(self, made: Object) -> str:
        """What something of the side's own is by now."""
        k = self._made.get(made.path)
        created = self.found[k].touch.value if k is not None else ""
        history = [line for line in self._history.get(made.path, ()) if not line.startswith(Action.RENAME.value)]
        return "; ".join([created, *history])


def _is_back(effect: Effect, last: Object | None) -> bool:
    return effect.action is Action.RENAME and effect.object == last


def _once(found: Iterable[Effect]) -> list[Effect]:
    """Of the places where a migration reads or writes one thing in one way, the first one is enough."""
    seen: set[tuple[object, ...]] = set()
    kept = []
    for effect in found:
        if effect.action in {Action.READ, Action.WRITE}:
            anywhere = replace(effect.touch, line=0, statement=0, part=0, value="", to=None)
            key = (effect.migration.path, anywhere, effect.circumstances, effect.makes)
            if key in seen:
                continue
            seen.add(key)
        kept.append(effect)
    return kept


def _without_overwritten(found: Iterable[Effect]) -> list[Effect]:
    """Of several changes of one aspect the last one counts."""
    last: dict[tuple[ObjectPath, str], Effect] = {}
    ordered = list(found)
    for effect in ordered:
        if effect.action is Action.ALTER:
            last[effect.object.path, effect.aspect] = effect
    return [e for e in ordered if e.action is not Action.ALTER or last[e.object.path, e.aspect] is e]


class NameResolution(Struct):
    """Names in use → the object's path in the common base, and whether this side made it itself.

    A table that one side renames is still the same table to the other.
    """

    _known: dict[ObjectPath, tuple[ObjectPath, bool]] = field(default_factory=dict)

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

    def _in_base_schema(self, path: ObjectPath) -> ObjectPath:
        renamed = self._known.get(("schema", path[1])) if path[0] in IN_SCHEMAS else None
        return (path[0], renamed[0][1], *path[2:]) if renamed else path


def _with_recreated(found: Sequence[Effect]) -> Iterator[Effect]:
    """The effects of a side in order; reads know what is made of them, changes of columns what is recreated later.

    If the other side makes the very same, it does not matter whose change comes first: both see all columns in the
    end, and the old version does not stand in the way.
    """
    created = [(k, effect) for k, effect in enumerate(found) if effect.action is Action.CREATE]
    columns = [effect for _, effect in created if effect.object.kind is NamedKind.COLUMN]
    widened = {column.object.root for column in columns if not column.has(Circumstance.TAKEN)}
    makers = {_statement(effect): effect for _, effect in created}
    dropped = {effect.object.path: k for k, effect in enumerate(found) if effect.action is Action.DROP}
    again = [(k, _definition_of(effect)) for k, effect in created if effect.gives_way]
    for k, effect in enumerate(found):
        if effect.action is Action.READ:
            read = _building(effect, makers.get(_statement(effect)))
            yield read.under(Circumstance.WIDENED) if effect.object.root in widened else read
        elif again and effect.object.kind is NamedKind.COLUMN:
            yield replace(effect, recreated=_recreated(k, effect, dropped, again))
        else:
            yield effect


def _building(read: Effect, maker: Effect | None) -> Effect:
    """What stays of a read is what is made of it, as long as that is not given up again."""
    if maker is None:
        return read
    passing = maker.has(Circumstance.FREED) and maker.object.kind is NamedKind.VIEW
    touch = replace(read.touch, dependency=DependencyKind.TRANSIENT) if passing else read.touch
    return replace(read, touch=touch, makes=_definition_of(maker))


def _recreated(
    at: int, change: Effect, dropped: Mapping[ObjectPath, int], again: Sequence[tuple[int, Made]]
) -> frozenset[Made]:
    """What comes again behind the change; columns can be added and renamed while a view still stands there."""
    free = change.action in {Action.CREATE, Action.RENAME}
    return frozenset(made for k, made in again if k > at and (free or dropped.get(made[0], at) < at))


def _statement(effect: Effect) -> tuple[str, int, int]:
    return effect.migration.path, effect.touch.statement, effect.touch.part


def _definition_of(made: Effect) -> Made:
    return made.object.path, made.touch.value
