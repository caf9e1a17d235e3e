"""What depends on what in the common base, so that an effect is known to reach further than its statement names.

`Dependents` knows what is dropped, altered or moved along; `DependencyLinks` what follows from names: columns of child
tables, rows of functions, columns of types.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from msgspec.structs import replace

from gitmig.check.base_objects import SIGNED, BaseObjects, Link, Links, Made, renamed
from gitmig.check.effects import Circumstance
from gitmig.check.footprint.indexes import ONLY, OWNED_BY, PARTIAL, STATISTICS
from gitmig.check.footprint.model import ROUTINE, Action, DependencyKind, NamedKind, Object, Touch, Trait
from gitmig.check.footprint.names import NOT_NULL
from gitmig.check.footprint.tables import (
    JOINED,
    JOINS_PARTITION,
    LOGGED,
    MERGED,
    MERGED_CHECK,
    NO_IDENTITY,
    OPTION,
    OWN_CHECK,
    PERSISTENCE,
    REFERENCED,
    REFERS,
)
from gitmig.check.footprint.types import NO_NULLS
from gitmig.check.footprint.views import ROW_TRIGGER

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence, Set

    from gitmig.check.effects import Effect
    from gitmig.check.footprint.model import Footprint, ObjectPath


PASSED_ON = {Action.CREATE, Action.DROP, Action.RENAME}
INDEXED = {"indexes", "key", "reference"}  # a table, by an index, the index of a key, or a foreign key
# What is altered at a column of the children, too.
OF_COLUMNS = {"type", "default", "null", "statistics", "storage"}
# Of the columns of a unique key that goes for good, or comes again for the same columns; of a table whose key goes.
UNIQUENESS, REMADE, NO_KEY = "uniqueness", "uniqueness for a while", "no primary key"
PARTLY = "uniqueness of some rows"  # by an index of some rows, which is no key
VALUES, DOMAIN, REST, OVERLOADS = "values", "domain", "rest", "overloads"
COMMENT_OF = "comment of "  # of a part of a table: as what LIKE copies it
FIRED = "named by a trigger"  # of a table: a column that goes
UNTRACEABLE = "untraceable"  # of a published table: its rows cannot be told from each other any more
# They go with their table or column without being asked for.
GO_ALONG = {
    NamedKind.INDEX,
    NamedKind.CONSTRAINT,
    NamedKind.TRIGGER,
    NamedKind.POLICY,
    NamedKind.RULE,
    NamedKind.SEQUENCE,
}
KEPT = {DependencyKind.FOLLOWS, DependencyKind.BLOCKS}


class Dependents:
    """Object → what it needs, from the scripts of the base in order."""

    def __init__(self, footprints: Iterable[Footprint]) -> None:
        self._objects = BaseObjects()
        self._dependency_links = DependencyLinks()
        self._children: dict[ObjectPath, dict[ObjectPath, None]] = defaultdict(dict)
        for footprint in footprints:
            self._read(footprint.touches)
            self._dependency_links.read(footprint.touches)

    def with_base(self, effect: Effect, known: Sequence[Effect]) -> Effect:
        """What the base tells of an effect: what sort of constraint is dropped, whether NOT NULL is anything new."""
        if effect.action is Action.READ and effect.touch.to:
            return self._with_other_end(effect, effect.touch.to, known)
        made = self._objects.get(effect.object)
        if made is None:
            is_new = effect.action is Action.CREATE and effect.forgiving
            return effect.under(Circumstance.NEW) if is_new else effect
        if effect.action is Action.DROP and effect.object.kind is NamedKind.CONSTRAINT and not effect.aspect:
            return effect.with_aspect(made.sort)
        if effect.action is Action.ALTER and effect.aspect == "default" and effect.object.kind is NamedKind.COLUMN:
            loses = made.nullable is False and not effect.has(Trait.GIVEN)
            return effect.under(Circumstance.NEEDED) if loses else effect
        if effect.action is not Action.ALTER or effect.aspect != "null":
            return effect
        own = (e.has(Trait.GIVEN) for e in known if e.object == effect.object and e.aspect == "default")
        if made.given and all(own):
            effect = effect.under(Circumstance.GIVEN)
        unchanged = made.nullable is (effect.touch.value != NOT_NULL)
        return effect.under(Circumstance.UNCHANGED) if unchanged else effect

    def _with_other_end(self, read: Effect, end: Object, known: Sequence[Effect]) -> Effect:
        """Of a foreign key, whether the table at its other end is unlogged; of a new child, what that has already."""
        if read.aspect in {REFERENCED, REFERS}:
            changes = [e.touch.value for e in known if e.aspect == PERSISTENCE and e.object == end]
            made = self._objects.get(end) or Made()
            unlogged = changes[-1] == LOGGED["AT_SetUnLogged"] if changes else made.unlogged or read.has(Trait.UNLOGGED)
            traits = read.touch.traits - {Trait.UNLOGGED} | ({Trait.UNLOGGED} if unlogged else frozenset())
            return replace(read, touch=replace(read.touch, traits=traits))
        if read.aspect in JOINED:
            has = tuple(word for one, made in self._objects.parts(end) for word in _has(one, made))
            return replace(read, touch=replace(read.touch, columns=has))
        return read

    def implied_by(self, effect: Effect, known: Sequence[Effect]) -> Iterator[Effect]:
        """The further effects of a drop, of a new type, of a move into another schema; and what follows from names."""
        for further in self._dependency_links.implied_by(effect, known):
            merges = further.action is Action.CREATE and further.has(Circumstance.MERGES)
            yield further.under(Circumstance.LOCAL) if merges and self._objects.get(further.object) else further
        if effect.aspect == JOINS_PARTITION and effect.touch.to:
            yield from self._keyed_by(effect, effect.touch.to)
        elif effect.action is Action.DROP:
            yield from self._dropped_with(effect, known)
        elif effect.action is Action.ALTER:
            yield from self._altered_with(effect)
        elif effect.action is Action.RENAME and effect.object.kind is NamedKind.INDEX:
            yield from self._renamed_with(effect)
        elif effect.action is Action.RENAME and effect.touch.to and effect.touch.to.path[1] != effect.object.path[1]:
            for moved in self._along(effect.object, cascade=False):
                if not effect.object.contains(moved):
                    new = Object(moved.kind, (moved.path[0], effect.touch.to.path[1], *moved.path[2:]))
                    yield effect.implying(object=moved, to=new)
                    value = f"renamed {moved}"
                    taken = effect.implying(action=Action.CREATE, object=new, to=moved, value=value)
                    yield taken.under(Circumstance.TAKEN)

    def _keyed_by(self, joins: Effect, parent: Object) -> Iterator[Effect]:
        """A table that becomes a partition gets the primary key of its parent."""
        if self._objects.has_primary(parent):
            once = frozenset({Trait.ONCE})
            yield joins.implying(action=Action.ALTER, aspect="primary key", traits=once, to=None)

    def _altered_with(self, effect: Effect) -> Iterator[Effect]:
        if effect.touch.value == NO_IDENTITY:
            yield from self._untraceable(effect, effect.object)
        elif effect.aspect == "owner" and effect.object.kind is NamedKind.TABLE:
            owned = (one for one in self._along(effect.object, cascade=False) if one.kind is NamedKind.SEQUENCE)
            yield from (_alteration(effect, sequence, "owner") for sequence in owned)
        elif effect.aspect == "comment":
            yield from self._commented(effect)
        elif effect.object.kind is NamedKind.INDEX and effect.aspect.startswith(OPTION):  # LIKE copies it
            yield from (_alteration(effect, table, "indexes") for table in self._tables_of(effect.object))
        elif effect.aspect == "type":
            yield from self._keys_with(effect)

    def _keys_with(self, retyped: Effect) -> Iterator[Effect]:
        """The keys of a column: a foreign key need not name the columns of a primary key."""
        for key, needs in self._objects.affected_by(retyped.object):
            made = self._objects.get(key)
            if made and made.unique and key.kind is NamedKind.CONSTRAINT and retyped.object in needs:
                yield retyped.implying(object=key)

    def _commented(self, comment: Effect) -> Iterator[Effect]:
        """The same, of a part that LIKE may copy: checks, indexes, statistics, not the constraint of a key."""
        named = comment.object
        if named.kind is NamedKind.CONSTRAINT:
            made = self._objects.get(named)
            if made is None or made.sort in {"constraints", OWN_CHECK}:
                yield _alteration(comment, named, f"{COMMENT_OF}constraints")
        elif copied := _copied_as(named):
            for table in self._tables_of(named):
                yield _alteration(comment, table.part(named.kind, named.path[-1]), f"{COMMENT_OF}{copied}")

    def _tables_of(self, made: Object) -> set[Object]:
        """The tables of an index or of statistics."""
        return {Object(NamedKind.TABLE, need.root) for need in self._objects.needs(made)}

    def _renamed_with(self, rename: Effect) -> Iterator[Effect]:
        """The constraint of a key has the name of its index."""
        schema, name = rename.object.path[1:3]
        for key in self._objects.unique():
            if key.kind is NamedKind.CONSTRAINT and key.path[1] == schema and key.path[-1] == name and rename.touch.to:
                new = Object(key.kind, (*key.path[:-1], rename.touch.to.path[-1]))
                yield rename.implying(object=key, to=new)

    def _dropped_with(self, drop: Effect, known: Sequence[Effect]) -> Iterator[Effect]:
        """What goes along, and which columns are no key, which table has no such index any more."""
        named = {
            e.object for e in known if e.action is Action.DROP or (e.action is Action.ALTER and e.aspect == "type")
        }
        for gone in self._along(drop.object, cascade=drop.has(Trait.CASCADE)):
            if gone not in named and not drop.object.contains(gone):
                yield drop.implying(object=gone, traits=frozenset({Trait.FORGIVING}))
        dropped = self._objects.get(drop.object) or Made()
        if dropped.unique:
            columns = {need for need in dropped.needs or () if need.kind is NamedKind.COLUMN}
            again = {
                e.touch.columns
                for e in known
                if e.action is Action.CREATE and e.object == drop.object and e.touch.columns
            }
            same = {column.path[-1] for column in columns} in map(set, again)
            for column in columns:
                yield _alteration(drop, column, PARTLY if dropped.partial else REMADE if same else UNIQUENESS)
        if dropped.primary:
            table = Object(NamedKind.TABLE, drop.object.root)
            yield _alteration(drop, table, NO_KEY)
            if not any(e.aspect == "primary key" and e.object == table for e in known):
                yield from self._untraceable(drop, table)
        if copied := _copied_as(drop.object):
            yield from (_alteration(drop, table, copied) for table in self._tables_of(drop.object))

    def _untraceable(self, effect: Effect, table: Object) -> Iterator[Effect]:
        if self._dependency_links.is_published(table):
            yield _alteration(effect, table, UNTRACEABLE)

    def _along(self, gone: Object, *, cascade: bool) -> Iterator[Object]:
        seen = {gone}
        waiting = [gone]
        while waiting:
            current = waiting.pop()
            for candidate, needs in self._objects.affected_by(current):
                if candidate in seen:
                    continue
                if cascade or current.contains(candidate) or _is_part(candidate, current, needs):
                    seen.add(candidate)
                    waiting.append(candidate)
                    yield candidate

    def _read(self, touches: Sequence[Touch]) -> None:
        primary = {(touch.statement, touch.part) for touch in touches if touch.aspect == "primary key"}
        for touch in touches:
            if touch.action is Action.CREATE:
                for one in self._with_children(touch):
                    self._objects.put(one, self._made(touch, touches, primary))
            elif touch.action is Action.ALTER:
                for one in self._with_children(touch):
                    self._alter(touch, one)
            elif touch.action in {Action.DROP, Action.RENAME}:
                self._rename(touch)
            elif touch.action is Action.READ:
                self._tie(touch)

    def _rename(self, touch: Touch) -> None:
        """A name goes, or becomes another one."""
        self._forget_in_children(touch)
        if touch.action is Action.DROP:
            self._objects.drop(touch.object)
        elif touch.to:
            self._objects.rename(touch.object, touch.to)
            if touch.object.path == touch.object.root:
                self._objects.forget_columns(touch.to)  # what its parent gets is not followed any more

    def _tie(self, touch: Touch) -> None:
        """A table gets a parent, or leaves it; a sequence goes with a column from now on, or with none."""
        if touch.aspect == "parent" and touch.to:
            self._children[touch.object.path][touch.to.path] = None
            for column, made in self._objects.parts(touch.object):
                if column.kind is NamedKind.COLUMN:
                    mine = renamed(column, touch.object, touch.to)
                    own = self._objects.get(mine) or made
                    both = {own.nullable, made.nullable}
                    nullable = False if False in both else None if None in both else True
                    self._objects.put(mine, replace(own, nullable=nullable, given=own.given or made.given))
        elif touch.aspect == "detached" and touch.to:
            self._children[touch.to.path].pop(touch.object.path, None)
        elif touch.aspect == OWNED_BY and (sequence := self._objects.get(touch.object)):
            self._objects.put(touch.object, replace(sequence, needs={touch.to} if touch.to else set()))

    def _with_children(self, touch: Touch) -> Iterator[Object]:
        """A column, with those of child tables that get, or follow, it."""
        yield touch.object
        if touch.object.kind is NamedKind.COLUMN and Trait.ALONE not in touch.traits:
            yield from self._in_children(touch.object)

    def _in_children(self, column: Object) -> Iterator[Object]:
        for child in self._children.get(column.root, ()):
            table = Object(NamedKind.TABLE, child)
            one = table.part(NamedKind.COLUMN, column.path[-1])
            yield one
            yield from self._in_children(one)

    def _forget_in_children(self, touch: Touch) -> None:
        """Where a column of a parent goes, or is renamed, it is not known what becomes of those of its children."""
        if touch.object.path == touch.object.root:
            self._children.pop(touch.object.path, None)
        if touch.object.kind is not NamedKind.COLUMN:
            return
        for one in self._in_children(touch.object):
            if made := self._objects.get(one):
                made.nullable = None

    def _made(self, touch: Touch, touches: Iterable[Touch], primary: Set[tuple[int, int]]) -> Made:
        """What is known of a creation; a forgiving one may have found another column."""
        kind = touch.object.kind
        needs = _needs(touch, touches)
        unique = Trait.UNIQUE in touch.traits
        known = kind is NamedKind.COLUMN and Trait.FORGIVING not in touch.traits
        return Made(
            needs=needs if needs or kind is not NamedKind.COLUMN else None,
            unique=unique,
            primary=unique and (touch.statement, touch.part) in primary,
            sort=touch.aspect if kind is NamedKind.CONSTRAINT else "",
            partial=touch.aspect == PARTIAL,
            unlogged=Trait.UNLOGGED in touch.traits,
            value=(touch.columns or ("",))[0] if kind is NamedKind.COLUMN else touch.value,
            nullable=Trait.NOT_NULL not in touch.traits if known else None,
            given=known and Trait.GIVEN in touch.traits,
        )

    def _alter(self, touch: Touch, one: Object) -> None:
        made = self._objects.get(one)
        if made is None:
            return
        if touch.aspect == "type":
            made.needs, made.value = None, ""
        elif touch.aspect == "default":
            made.given = Trait.GIVEN in touch.traits
        elif touch.aspect == "null":
            made.nullable = touch.value != NOT_NULL
        elif touch.aspect == PERSISTENCE:
            made.unlogged = touch.value == LOGGED["AT_SetUnLogged"]


def _needs(made: Touch, touches: Iterable[Touch]) -> set[Object]:
    """What the same part of the statement names to stay; a table needs neither its own columns nor what it is like."""
    kept = (
        KEPT if made.object.kind is not NamedKind.TABLE else {DependencyKind.FOLLOWS}
    )  # LIKE and AS are read only once
    needs = {
        touch.object
        for touch in touches
        if (touch.statement, touch.part) == (made.statement, made.part)
        and touch.action is Action.READ
        and touch.dependency in kept
        and touch.object.root != made.object.path
    }
    if made.object.kind is NamedKind.COLUMN:
        return {need for need in needs if need.kind is NamedKind.TYPE}
    return needs | {Object(NamedKind.TABLE, made.object.root)} if len(made.object.path) > 4 else needs


def _has(one: Object, made: Made) -> Iterator[str]:
    """What a child has, in the words of `already`, so that its parent may get it as well."""
    if one.kind is NamedKind.COLUMN:
        yield f"column {one.path[-1]} {made.value}"
        if made.nullable is False:
            yield f"not null {one.path[-1]}"
    elif one.kind is NamedKind.CONSTRAINT and made.sort == "constraints":
        yield f"check {one.path[-1]} {made.value}"


def already(change: Effect) -> str:
    """What a child has to have so that it needs no change of its parent's; empty if there is no such thing."""
    kind, name, touch = change.object.kind, change.object.path[-1], change.touch
    if kind is NamedKind.COLUMN and change.action is Action.CREATE and not change.has(Circumstance.TAKEN):
        return f"column {name} {(touch.columns or ('',))[0]}"
    if kind is NamedKind.COLUMN and change.aspect == "null" and touch.value == NOT_NULL:
        return f"not null {name}"
    return f"check {name} {touch.value}" if kind is NamedKind.CONSTRAINT and change.action is Action.CREATE else ""


def _copied_as(made: Object) -> str:
    """What LIKE says to copy it with its table; empty if it is no such part."""
    if made.kind is NamedKind.INDEX:
        return "indexes"
    return STATISTICS if made.path[0] == "statistic ext" else ""


def _is_part(candidate: Object, gone: Object, needs: set[Object]) -> bool:
    """Whether it goes without CASCADE: an index with its table or column, not the foreign key of another table."""
    if candidate.kind is NamedKind.INDEX:
        return any(need.root == gone.root for need in needs)
    if candidate.kind is NamedKind.SEQUENCE:
        return any(need == gone or gone.contains(need) for need in needs if need.kind is NamedKind.COLUMN)
    return candidate.kind in GO_ALONG and candidate.root == gone.root


# Checks, which children get as well; the primary key and the triggers for each row, which partitions get.
FOR_CHILDREN = {(Action.CREATE, "constraints"), (Action.CREATE, ROW_TRIGGER), (Action.ALTER, "primary key")}
JOINED_BY = {"parent": Link.CHILD, "of": Link.OF}


class DependencyLinks:
    """Links between the objects of the base, from its scripts in order."""

    def __init__(self) -> None:
        self._links = Links()

    def read(self, touches: Sequence[Touch]) -> None:
        """Go on with the next script."""
        types = _types(touches)
        for function, trigger in _fired(touches):
            self._links.add(Link.FIRES, function, trigger)
        self._name_fields(touches)
        for touch in touches:
            if touch.action is Action.CREATE or touch.aspect == "type":
                self._made(touch, types.get((touch.statement, touch.part), []))
            elif touch.action is Action.DROP:
                self._links.drop(touch.object)
            elif touch.action is Action.RENAME and touch.to:
                self._links.rename(touch.object, touch.to)
            elif touch.action is Action.READ:
                self._joined(touch)

    def _name_fields(self, touches: Sequence[Touch]) -> None:
        """The fields of rows that the functions of a script name; a function made anew may name others."""
        for touch in touches:
            if touch.action is Action.CREATE and touch.object.path[0] == ROUTINE:
                function = Object(NamedKind.FUNCTION, touch.object.root)
                for field in self._links.targets(Link.FIELD, function):
                    self._links.remove(Link.FIELD, function, field)
        for touch in touches:
            if touch.action is Action.READ and touch.object.path[0] == ROUTINE and len(touch.object.path) > SIGNED:
                self._links.add(Link.FIELD, Object(NamedKind.FUNCTION, touch.object.root), touch.object)

    def _joined(self, touch: Touch) -> None:
        """A table joins, or leaves, a parent, a type or a publication."""
        if touch.aspect == "published":
            self._links.add(Link.PUBLISHED, touch.object, touch.object)
        elif touch.aspect in JOINED_BY and touch.to:
            self._links.add(JOINED_BY[touch.aspect], touch.object, touch.to)
        elif touch.aspect == "detached" and touch.to == touch.object:
            self._forget(Link.OF, touch.object)
        elif touch.aspect == "detached" and touch.to:
            for kind in (Link.CHILD, Link.REST, Link.PARTITION):
                self._links.remove(kind, touch.to, touch.object)

    def _forget(self, kind: Link, target: Object) -> None:
        for link in self._links.to(kind, target):
            self._links.remove(*link)

    def implied_by(self, effect: Effect, known: Sequence[Effect]) -> Iterator[Effect]:
        """What an effect does to further objects of the base; `known` are all effects of its side."""
        kind = effect.object.kind
        if kind is NamedKind.COLUMN and (effect.action in PASSED_ON or effect.aspect in OF_COLUMNS):
            yield from self._passed_on(effect)
            yield from self._in_columns(effect)
            yield from self._in_tables(effect)
            yield from self._named_by_triggers(effect, known)
        elif (effect.action, effect.aspect) in FOR_CHILDREN:
            yield from self._passed_on(effect)
        elif kind is NamedKind.VALUE and effect.action is Action.RENAME:
            yield from self._of_columns(effect, VALUES)
            yield from self._in_columns(effect)
        elif kind is NamedKind.CONSTRAINT and effect.aspect == DOMAIN and effect.action is Action.CREATE:
            yield from self._of_columns(effect, DOMAIN)
        elif effect.action is Action.ALTER and effect.aspect == NO_NULLS:
            yield from self._of_columns(effect, NO_NULLS)
        elif kind is NamedKind.PARTITION and effect.action is Action.CREATE:
            table = Object(NamedKind.TABLE, effect.object.root)
            for rest in self._links.targets(Link.REST, table):
                yield _alteration(effect, table, REST)
                yield from (_alteration(effect, one, REST) for one in (rest, *self._descendants(rest)))
        else:
            yield from self._of_relations(effect, known)

    def _of_relations(self, effect: Effect, known: Sequence[Effect]) -> Iterator[Effect]:
        kind = effect.object.kind
        if effect.action is Action.READ and effect.aspect in INDEXED:
            for part in self._descendants(effect.object, Link.PARTITION):
                yield _alteration(effect, part, effect.aspect)
        elif effect.object.path[0] == ROUTINE and kind is NamedKind.COLUMN:
            for trigger in self._links.targets(Link.FIRES, Object(NamedKind.FUNCTION, effect.object.root)):
                table = Object(NamedKind.TABLE, trigger.root)
                yield effect.implying(object=table.part(NamedKind.COLUMN, effect.object.path[-1]))
        elif effect.object.path[0] == ROUTINE:
            yield from self._of_functions(effect, known)
        elif effect.action is Action.DROP:
            for _, parent, part in self._links.to(Link.PARTITION, effect.object):
                name = ".".join(part.path[1:])
                yield effect.implying(object=parent.part(NamedKind.PARTITION, name), traits=frozenset(), aspect="")

    def _passed_on(self, effect: Effect) -> Iterator[Effect]:
        """A table's columns, checks, and row triggers are those of its children, too."""
        if effect.has(Trait.ALONE):
            return
        parent = Object(NamedKind.TABLE, effect.object.root)
        of_partitions = effect.object.kind is not NamedKind.COLUMN and effect.aspect != "constraints"
        for child in self._descendants(parent, Link.PARTITION if of_partitions else Link.CHILD):
            new = effect.touch.to and renamed(effect.touch.to, parent, child)
            passed_on = effect.implying(object=renamed(effect.object, parent, child), to=new)
            is_partition = self._links.has(Link.PARTITION, parent, child)
            yield passed_on if is_partition else passed_on.under(Circumstance.MERGES)

    def _in_columns(self, effect: Effect) -> Iterator[Effect]:
        """What happens to an attribute or value of a type happens to it in the columns of that type."""
        owner = Object(NamedKind.TYPE, effect.object.root)
        for column in self._links.targets(Link.TYPED, owner):
            new = effect.touch.to and renamed(effect.touch.to, owner, column)
            yield effect.implying(object=renamed(effect.object, owner, column), to=new)

    def _in_tables(self, effect: Effect) -> Iterator[Effect]:
        """What happens to an attribute of a type happens, with CASCADE, to the columns of the tables of that type."""
        owner = Object(NamedKind.TYPE, effect.object.root)
        for table in self._links.targets(Link.OF, owner):
            new = effect.touch.to and renamed(effect.touch.to, owner, table)
            yield effect.implying(object=renamed(effect.object, owner, table), to=new)

    def _named_by_triggers(self, gone: Effect, known: Sequence[Effect]) -> Iterator[Effect]:
        """A table of which a trigger names a column that goes, unless the side writes the function anew."""
        if gone.action not in {Action.DROP, Action.RENAME} or gone.has(Circumstance.REPLACED):
            return
        table, name = Object(NamedKind.TABLE, gone.object.root), gone.object.path[-1]
        anew = {e.object.root for e in known if e.action is Action.CREATE and e.object.path[0] == ROUTINE}
        for _, function, _ in self._links.within(Link.FIRES, table):
            fields = {field.path[-1] for field in self._links.targets(Link.FIELD, function)}
            if name in fields and function.path not in anew:
                yield _alteration(gone, table, FIRED)

    def is_published(self, table: Object) -> bool:
        """Whether a publication has it, as far as the scripts tell."""
        return any(one == table or one.contains(table) for one in self._links.sources(Link.PUBLISHED))

    def _of_columns(self, effect: Effect, aspect: str) -> Iterator[Effect]:
        owner = Object(NamedKind.TYPE, effect.object.root)
        yield from (_alteration(effect, column, aspect) for column in self._links.targets(Link.TYPED, owner))

    def _of_functions(self, effect: Effect, side: Sequence[Effect]) -> Iterator[Effect]:
        name = Object(NamedKind.FUNCTION, effect.object.root)
        known = self._links.targets(Link.NAMED, name)
        gone = {other.object for other in side if other.action is Action.DROP}
        if effect.action is Action.CREATE and effect.object not in known and set(known) - gone:
            yield _alteration(effect, name, OVERLOADS)
        elif effect.action is Action.READ and effect.has(Trait.WHOLE):
            for function in known:
                for row in self._links.targets(Link.ROWS, function):
                    yield effect.implying(object=Object(NamedKind.TABLE, row.path))

    def _descendants(self, table: Object, link: Link = Link.CHILD) -> Iterator[Object]:
        seen, waiting = {table}, [table]
        while waiting:
            for child in self._links.targets(link, waiting.pop()):
                if child not in seen:
                    seen.add(child)
                    waiting.append(child)
                    yield child

    def _made(self, made: Touch, types: Iterable[Touch]) -> None:
        kind = made.object.kind
        if kind is NamedKind.COLUMN:
            self._forget(Link.TYPED, made.object)
            for read in types:
                self._links.add(Link.TYPED, read.object, made.object)
        elif kind is NamedKind.FUNCTION:
            self._links.add(Link.NAMED, Object(kind, made.object.root), made.object)
            for read in types:
                if read.aspect == "returns":
                    self._links.add(Link.ROWS, made.object, read.object)
        elif kind is NamedKind.PARTITION and made.to:
            table = Object(NamedKind.TABLE, made.object.root)
            self._links.add(Link.PARTITION, table, made.to)
            if '"is_default"' in made.value:
                self._links.add(Link.REST, table, made.to)


def reaches_further(footprints: Iterable[Footprint]) -> bool:
    """Whether a script may touch more than it names: only then the base has to be read."""
    touches = [touch for footprint in footprints for touch in footprint.touches]
    return reaches_down(touches) or any(
        t.action is Action.DROP
        or t.aspect in {"type", "owner", PERSISTENCE}
        or (t.action is not Action.READ and t.to and t.to.path[1] != t.object.path[1])
        for t in touches
    )


def reaches_down(touches: Sequence[Touch]) -> bool:
    """Whether these touches may mean objects of the base that they do not name."""
    made = {t.object.path for t in touches if t.action is Action.CREATE}
    new = [t.object for t in touches if t.action is Action.CREATE and t.object.root not in made - {t.object.path}]
    columns = [one for one in new if one.kind is NamedKind.COLUMN]
    functions = [one for one in new if one.kind is NamedKind.FUNCTION]
    return (
        _takes_whole(touches, columns)
        or _has_namesakes(touches, made)
        or _is_called(touches, functions)
        or _is_indexed_twice(touches)
        or _is_required(touches)
        or any(map(_hangs, touches))
    )


def _is_required(touches: Sequence[Touch]) -> bool:
    """Whether rows are inserted, and a column is made NOT NULL, which may be so already, or loses its default."""
    inserted = any(t.action is Action.WRITE and t.aspect == "insert" for t in touches)
    return inserted and any(t.action is Action.ALTER and t.aspect in {"null", "default", NO_NULLS} for t in touches)


def _takes_whole(touches: Sequence[Touch], columns: Sequence[Object]) -> bool:
    """Whether something that stays takes every column of what may get more, or of what a function gives.

    Or what columns are like, and comments on parts; or all of a schema, in which something may be there already.
    """
    whole = [t for t in touches if Trait.WHOLE in t.traits]
    if any(t.object.kind is NamedKind.SCHEMA for t in whole):
        return any(t.action is Action.CREATE and Trait.FORGIVING in t.traits for t in touches)
    stays = any(t.dependency is DependencyKind.BLOCKS for t in whole)
    altered = any(t.action is Action.ALTER and t.aspect.startswith(("null", "comment", OPTION)) for t in touches)
    return stays and (bool(columns) or altered or any(t.object.path[0] == ROUTINE for t in touches))


def _has_namesakes(touches: Iterable[Touch], made: Set[ObjectPath]) -> bool:
    """Whether two tables get, or have altered, parts of one name: one may inherit from the other."""
    parts = {
        (t.object.path[3:], t.object.root)
        for t in touches
        if t.object.root not in made
        and (t.action in PASSED_ON or t.aspect in OF_COLUMNS or (t.action, t.aspect) in FOR_CHILDREN)
        and (len(t.object.path) > len(t.object.root) or t.aspect == "primary key")
    }
    return len(parts) > len({name for name, _ in parts})


def _is_called(touches: Iterable[Touch], functions: Iterable[Object]) -> bool:
    """Whether a new function has the name of one that is called."""
    called = {t.object.root for t in touches if Trait.CALLED in t.traits}
    return any(function.root in called for function in functions)


def _is_indexed_twice(touches: Iterable[Touch]) -> bool:
    """Whether two tables get one index: one of them may be a partition of the other one."""
    indexed = {(t.columns, t.object.root) for t in touches if t.action is Action.READ and t.aspect in {*INDEXED, ONLY}}
    return len(indexed) > len({columns for columns, _ in indexed})


def _hangs(touch: Touch) -> bool:
    kind = touch.object.kind
    if (kind is NamedKind.COLUMN and touch.object.path[0] == ROUTINE) or touch.value == NO_IDENTITY:
        return True
    if touch.action is Action.READ and touch.aspect in {*JOINED, MERGED, MERGED_CHECK}:
        return True
    return (touch.action is Action.RENAME and kind in {NamedKind.VALUE, NamedKind.COLUMN, NamedKind.INDEX}) or (
        touch.action is Action.CREATE and (kind is NamedKind.PARTITION or touch.aspect == DOMAIN)
    )


def _types(touches: Iterable[Touch]) -> dict[tuple[int, int], list[Touch]]:
    """Where types are read, by statement and part."""
    found: dict[tuple[int, int], list[Touch]] = defaultdict(list)
    for touch in touches:
        if touch.action is Action.READ and touch.object.kind is NamedKind.TYPE:
            found[touch.statement, touch.part].append(touch)
    return found


def _fired(touches: Sequence[Touch]) -> Iterator[tuple[Object, Object]]:
    """The functions that triggers run, with these."""
    triggers = [t for t in touches if t.action is Action.CREATE and t.object.kind is NamedKind.TRIGGER]
    for made in triggers:
        for touch in touches:
            here = (touch.statement, touch.part) == (made.statement, made.part)
            if here and touch.action is Action.READ and touch.object.path[0] == ROUTINE:
                yield Object(NamedKind.FUNCTION, touch.object.root), made.object


def _alteration(cause: Effect, altered: Object, aspect: str) -> Effect:
    return cause.implying(action=Action.ALTER, object=altered, aspect=aspect, traits=frozenset(), to=None)
