"""From the changes between two schemas to statements, in an order that works.

`Grouping` says what is done together: a column with its table, a default with its column, a part with what it goes
along with. `ordered` puts the rest into an order in which everything finds what it needs.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from enum import IntEnum
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from gitmig.schema.decompose import claims, described
from gitmig.schema.kinds import DEFINITIONS, RANKS
from gitmig.schema.kinds.columns import Column, Default
from gitmig.schema.kinds.constraints import NOT_VALID, Constraint
from gitmig.schema.kinds.kind import Context, commented
from gitmig.schema.kinds.privileges import grant_changes, initial_grants
from gitmig.schema.kinds.sequences import Sequence, SequenceOwner, could_be_serial, serial_sequence
from gitmig.schema.kinds.tables import Table
from gitmig.schema.kinds.types import Range
from gitmig.schema.model import TABLES, ObjectKind, ObjectName, Tie
from gitmig.schema.names import beside, last

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from gitmig.schema.compare import SchemaChanges
    from gitmig.schema.decompose import Model


T = TypeVar("T")
Rank = TypeVar("Rank", int, str, "tuple[int, int]")


def ordered(nodes: Collection[T], after: Mapping[T, set[T]], priority: Callable[[T], Rank]) -> list[T]:
    """Every node behind those in `after` of it; of several that could be next, the one of the lowest priority.

    Where nodes wait for each other in a ring, the one of the lowest priority does not wait.
    """
    there = set(nodes)
    remaining = {node: (after.get(node, set()) & there) - {node} for node in nodes}
    before: defaultdict[T, list[T]] = defaultdict(list)
    for node, waits in remaining.items():
        for other in waits:
            before[other].append(node)
    keys = {node: (priority(node), number) for number, node in enumerate(remaining)}
    names = list(remaining)
    ready = [keys[node] for node, waits in remaining.items() if not waits]
    heapq.heapify(ready)
    found: list[T] = []
    while remaining:
        key = heapq.heappop(ready) if ready else min(keys[node] for node in remaining)
        node = names[key[1]]
        if node not in remaining:
            continue
        del remaining[node]
        found.append(node)
        for other in before[node]:
            if other in remaining:
                remaining[other].discard(node)
                if not remaining[other]:
                    heapq.heappush(ready, keys[other])
    return found


class Verb(IntEnum):
    """What is done to an item; drops come as early as they can."""

    DROP = 0
    RETIRE = 1  # a type makes room for its successor
    MAKE = 2
    DISCARD = 3  # what made room is dropped


Node: TypeAlias = "tuple[Verb, ObjectName]"


class Grouping:
    """By piece of work, the one that it is done with."""

    def __init__(self, found: Model, wanted: Model, changes: SchemaChanges) -> None:
        self.found, self.wanted, self.changes = found, wanted, changes
        self.leaders: dict[Node, Node] = {}
        self.followers: defaultdict[Node, list[Node]] = defaultdict(list)
        self._let_go_along()
        self._merge_serials()
        self._merge_columns()
        self._merge_constraints_and_defaults()

    def leader(self, node: Node) -> Node:
        """Who does the work of a node; often itself."""
        while node in self.leaders:
            node = self.leaders[node]
        return node

    def pairs(self) -> Iterator[tuple[Node, Node]]:
        """Every node that another one sees to, with that one; sorted."""
        return ((node, self.leader(node)) for node in sorted(self.leaders))

    def _follow(self, node: Node, leader: Node) -> None:
        first, second = self.leader(node), self.leader(leader)
        if first != second:
            self.leaders[first] = second
            self.followers[second] += [first, *self.followers.pop(first, ())]

    def _let_go_along(self) -> None:
        """What is dropped together with something else needs no statement, unless that would have to wait for it."""
        dropped = self.changes.dropped - self.changes.retired
        for name in sorted(dropped, key=lambda one: (RANKS[one.kind], one.name)):
            for needed, tie in self.found.needs.get(name, {}).items():
                if tie is Tie.GOES_ALONG and needed in dropped:
                    if not self._comes_back_to(Verb.DROP, name, needed, self.found, dropped):
                        self._follow((Verb.DROP, name), (Verb.DROP, needed))
                    break

    def _merge_serials(self) -> None:
        made = self.changes.made
        for name in sorted(name for name in made if name.kind is ObjectKind.COLUMN):
            serial = serial_sequence(name.name)
            parts = (
                ObjectName(ObjectKind.SEQUENCE, serial),
                ObjectName(ObjectKind.DEFAULT, name.name),
                ObjectName(ObjectKind.SEQUENCE_OWNER, serial),
            )
            if made.issuperset(parts) and self._could_be_serial(name, serial):
                for part in parts:
                    self._follow((Verb.MAKE, part), (Verb.MAKE, name))

    def _could_be_serial(self, name: ObjectName, serial: str) -> bool:
        column, default = self.wanted.get(Column, name), self.wanted.find(Default, name.name)
        sequence, owner = self.wanted.find(Sequence, serial), self.wanted.find(SequenceOwner, serial)
        if sequence is None or default is None or owner is None or owner.column != name.name:
            return False
        return could_be_serial(name.name, column, default.expression, sequence)

    def _merge_columns(self) -> None:
        made = self.changes.made
        for name in sorted(made):
            if name.kind is ObjectKind.COLUMN:
                for kind in TABLES:
                    if (table := ObjectName(kind, name.parent)) in made:
                        self._follow((Verb.MAKE, name), (Verb.MAKE, table))
            self._merge_into_parents(name)

    def _merge_into_parents(self, name: ObjectName) -> None:
        body = self.wanted.items[name].body
        if isinstance(body, Column | Constraint) and not body.local:
            for needed in self.wanted.needs.get(name, ()):
                if needed.kind == name.kind and needed in self.changes.made and (Verb.MAKE, name) not in self.leaders:
                    self._follow((Verb.MAKE, name), (Verb.MAKE, needed))

    def _merge_constraints_and_defaults(self) -> None:
        """Into the column or the table, unless they need something that needs the table."""
        made = self.changes.made
        for name in sorted(made):
            node = (Verb.MAKE, name)
            constraint = self.wanted.find(Constraint, name.name) if name.kind is ObjectKind.CONSTRAINT else None
            if name.kind in {ObjectKind.DEFAULT, ObjectKind.IDENTITY}:
                whole = ObjectName(ObjectKind.COLUMN, name.name)
            elif constraint and _merges_into_column(constraint):
                whole = ObjectName(ObjectKind.COLUMN, f"{name.parent}.{constraint.not_null_column}")
            elif constraint and _fits_into_a_table(constraint):
                whole = ObjectName(ObjectKind.TABLE, name.parent)
            else:
                continue
            if whole in made and node not in self.leaders:
                work = made | self.changes.altered.keys()
                if not self._comes_back_to(Verb.MAKE, name, whole, self.wanted, work):
                    self._follow(node, (Verb.MAKE, whole))

    def _comes_back_to(
        self, verb: Verb, name: ObjectName, whole: ObjectName, model: Model, work: Collection[ObjectName]
    ) -> bool:
        """Whether what an item needs beside `whole` needs `whole` in turn: they cannot be dealt with together then."""
        goal = self.leader((verb, whole))
        seen: set[ObjectName] = set()
        queue = [one for one in model.needs.get(name, ()) if self.leader((verb, one)) != goal]
        while queue:
            needed = queue.pop()
            if needed in seen or needed not in work:
                continue
            seen.add(needed)
            leader = self.leader((verb, needed))
            if leader == goal:
                return True
            for _, member in (leader, *self.followers.get(leader, ())):
                queue += model.needs.get(member, ())
        return False


def _fits_into_a_table(constraint: Constraint) -> bool:
    """Foreign keys wait for other tables; what is not valid would become it."""
    return not constraint.definition.startswith("FOREIGN KEY") and not constraint.definition.endswith(NOT_VALID)


def _merges_into_column(constraint: Constraint) -> bool:
    return constraint.not_null_column is not None and not constraint.definition.endswith(NOT_VALID)


def names_of_types(model: Model, types: Iterable[ObjectName]) -> frozenset[str]:
    """What these types are called, and the multiranges of those that are ranges."""
    names = [(name.name, model.items[name].body) for name in types]
    return frozenset(
        text for name, body in names for text in (name, *([body.multirange] if isinstance(body, Range) else []))
    )


OLD = "_old"
# What cannot change while something that depends on it is there.
HELD_BY_DEPENDENTS = {ObjectKind.COLUMN, ObjectKind.COMPOSITE_TYPE, ObjectKind.DOMAIN}


class StatementOrder:
    """The nodes of the work, what waits for what, and what is done together."""

    def __init__(
        self, found: Model, wanted: Model, changes: SchemaChanges, taken_over: Mapping[str, str] | None = None
    ) -> None:
        self.found, self.wanted, self.changes = found, wanted, changes
        self.taken_over = taken_over or {}
        self.grouping = Grouping(found, wanted, changes)
        self.after: defaultdict[Node, set[Node]] = defaultdict(set)
        self.context = self._context()
        self._wait()

    def work(self) -> list[tuple[ObjectName, str]]:
        """All statements in order, each with what it is about."""
        nodes = [node for node in self._nodes() if self.grouping.leader(node) == node]
        return [(node[1], text) for node in ordered(nodes, self.after, _priority) for text in self._statements(node)]

    def _nodes(self) -> Iterator[Node]:
        changes = self.changes
        yield from ((Verb.DROP, name) for name in sorted(changes.dropped - changes.retired, reverse=True))
        yield from ((Verb.RETIRE, name) for name in sorted(changes.retired))
        yield from ((Verb.DISCARD, name) for name in sorted(changes.retired))
        yield from ((Verb.MAKE, name) for name in sorted(changes.made | changes.altered.keys()))

    def _context(self) -> Context:
        merged: defaultdict[ObjectName, list[ObjectName]] = defaultdict(list)
        for node, leader in self.grouping.pairs():
            if node[0] is Verb.MAKE:
                merged[leader[1]].append(node[1])
        together = frozenset(name for names in merged.values() for name in names)
        retired = names_of_types(self.found, self.changes.retired)
        return Context(
            found=self.found,
            wanted=self.wanted,
            retired=retired,
            merged=merged,
            together=together,
            taken_over=self.taken_over,
        )

    # What waits for what

    def _wait(self) -> None:
        for name in self.changes.dropped:
            self._wait_to_drop(name)
        for name in self.changes.made | self.changes.altered.keys():
            self._wait_to_make(name)
        for name in self.changes.retired:  # its functions are told by what they take
            for needed in self.found.needs.get(name, {}).keys() & self.changes.retired:
                self._add((Verb.RETIRE, needed), (Verb.RETIRE, name))
        self._wait_for_names()
        self._wait_to_be_logged()
        for new, old in self.taken_over.items():
            self._add((Verb.DROP, ObjectName(ObjectKind.TABLE, old)), (Verb.MAKE, ObjectName(ObjectKind.TABLE, new)))

    def _add(self, node: Node, *others: Node) -> None:
        leader = self.grouping.leader(node)
        self.after[leader] |= {other for other in map(self.grouping.leader, others) if other != leader}

    def _dropping(self, name: ObjectName) -> Node:
        return (Verb.DISCARD if name in self.changes.retired else Verb.DROP, name)

    def _wait_to_drop(self, name: ObjectName) -> None:
        for dependent in self.found.dependents.get(name, ()):
            if dependent in self.changes.dropped:
                self._add(self._dropping(name), self._dropping(dependent))
            elif dependent in self.changes.altered:
                self._add(self._dropping(name), (Verb.MAKE, dependent))

    def _wait_to_make(self, name: ObjectName) -> None:
        node = (Verb.MAKE, name)
        if name in self.changes.retired:
            self._add(node, (Verb.RETIRE, name))
        elif name in self.changes.dropped:
            self._add(node, (Verb.DROP, name))
        for needed in self.wanted.needs.get(name, ()):
            if needed in self.changes.made or needed in self.changes.altered:
                self._add(node, (Verb.MAKE, needed))
        if name in self.changes.altered and name.kind in HELD_BY_DEPENDENTS:
            for dependent in self.found.dependents.get(name, ()):
                if dependent in self.changes.dropped:
                    self._add(node, self._dropping(dependent))

    def _wait_for_names(self) -> None:
        """A new object waits until another one of its name is gone."""
        taken: defaultdict[tuple[str, str], list[ObjectName]] = defaultdict(list)
        for name in self.changes.dropped - self.changes.retired:
            for key in claims(name, self.found.items[name]):
                taken[key].append(name)
        for name in self.changes.made:
            for key in claims(name, self.wanted.items[name]):
                self._add((Verb.MAKE, name), *((Verb.DROP, other) for other in taken[key]))

    def _wait_to_be_logged(self) -> None:
        """At no time may a table that is logged refer to one that is not."""
        changed = {
            name.name: name
            for name in self.changes.altered
            if name.kind is ObjectKind.TABLE
            and self.found.get(Table, name).persistence != self.wanted.get(Table, name).persistence
        }
        for side in (self.found, self.wanted) if changed else ():
            for name, item in side.items.items():
                if isinstance(item.body, Constraint) and item.body.definition.startswith("FOREIGN KEY"):
                    referenced = {
                        needed.parent for needed in side.needs.get(name, ()) if needed.kind is ObjectKind.COLUMN
                    }
                    for other in referenced & changed.keys() - {name.parent}:
                        self._wait_for_reference(name, changed.get(name.parent), changed[other])

    def _wait_for_reference(self, key: ObjectName, table: ObjectName | None, referenced: ObjectName) -> None:
        if key in self.changes.made and key not in self.changes.dropped:
            self._add((Verb.MAKE, key), (Verb.MAKE, referenced))
        elif key in self.changes.dropped:
            self._add((Verb.MAKE, referenced), (Verb.DROP, key))
        elif table and self.wanted.get(Table, table).persistence == "u":
            self._add((Verb.MAKE, referenced), (Verb.MAKE, table))
        elif table:
            self._add((Verb.MAKE, table), (Verb.MAKE, referenced))

    # Statements

    def _statements(self, node: Node) -> Iterator[str]:
        verb, name = node
        word = DEFINITIONS[name.kind].word()
        if verb is Verb.DROP:
            yield from self.found.items[name].body.drop(name, self.context)
        elif verb is Verb.RETIRE:
            for one in sorted(names_of_types(self.found, [name])):
                yield f"ALTER {word} {one} RENAME TO {last(beside(one, OLD))}"
            if isinstance(body := self.found.items[name].body, Range):
                for one, arguments in body.constructors(name.name):
                    yield f"ALTER FUNCTION {one}({arguments}) RENAME TO {last(beside(one, OLD))}"
        elif verb is Verb.DISCARD:
            yield f"DROP {word} {beside(name.name, OLD)}"
        elif name in self.changes.altered:
            yield from self.changes.altered[name]
        else:
            yield from self._make(name)

    def _make(self, name: ObjectName) -> Iterator[str]:
        yield from self.wanted.items[name].body.create(name, self.context)
        for one in (name, *self.context.merged.get(name, ())):
            item = self.wanted.items[one]
            yield from item.body.settings(one, self.context)
            told = described(one, item)
            definition = DEFINITIONS[told.kind]
            initial = initial_grants(definition.RIGHTS, told, item.grants, self.context)
            yield from grant_changes(definition.RIGHTS, told, initial, item.grants)
            if item.comment is not None and one.kind is not ObjectKind.EXTENSION:
                yield commented(definition.subject(told), item.comment)


def _priority(node: Node) -> tuple[int, int]:
    verb, name = node
    rank = RANKS[name.kind]
    return (verb, -rank) if verb is Verb.DROP else (Verb.RETIRE, rank)
