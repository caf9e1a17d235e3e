"""What is done together: a column with its table, a default with its column, a part with what it goes along with."""

from __future__ import annotations

from collections import defaultdict
from enum import IntEnum
from typing import TYPE_CHECKING, TypeAlias

from gitmig.core.difference.kinds import RANKS
from gitmig.core.difference.kinds.sequences import could_be_serial, serial_sequence
from gitmig.core.difference.names import parent
from gitmig.core.schema import DEFAULT, ObjectName, Tie

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from gitmig.core.difference.changes import Changes
    from gitmig.core.difference.model import Model


class Verb(IntEnum):
    """What is done to an item; drops come as early as they can."""

    DROP = 0
    RETIRE = 1  # a type makes room for its successor
    MAKE = 2
    DISCARD = 3  # what made room is dropped


Node: TypeAlias = "tuple[Verb, ObjectName]"


class Together:
    """By piece of work, the one that it is done with."""

    def __init__(self, found: Model, wanted: Model, changes: Changes) -> None:
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
        for name in sorted(name for name in made if name.kind == "column"):
            sequence, default = ObjectName("sequence", serial_sequence(name.name)), ObjectName(DEFAULT, name.name)
            owner = ObjectName("owner of a sequence", sequence.name)
            items = self.wanted.items
            if (
                {sequence, default, owner} <= made
                and items[owner].body == name.name
                and could_be_serial(name.name, items[name].body, items[default].body, items[sequence].body)
            ):
                for part in (sequence, default, owner):
                    self._follow((Verb.MAKE, part), (Verb.MAKE, name))

    def _merge_columns(self) -> None:
        made = self.changes.made
        for name in sorted(made):
            if name.kind == "column":
                for kind in ("table", "foreign table"):
                    if (table := ObjectName(kind, parent(name.name))) in made:
                        self._follow((Verb.MAKE, name), (Verb.MAKE, table))
                self._merge_into_parents(name)
            elif name.kind == "constraint" and not self.wanted.items[name].body.local:
                self._merge_into_parents(name)

    def _merge_into_parents(self, name: ObjectName) -> None:
        if not self.wanted.items[name].body.local:
            for needed in self.wanted.needs.get(name, ()):
                if needed.kind == name.kind and needed in self.changes.made and (Verb.MAKE, name) not in self.leaders:
                    self._follow((Verb.MAKE, name), (Verb.MAKE, needed))

    def _merge_constraints_and_defaults(self) -> None:
        """Into the column or the table, unless they need something that needs the table."""
        made = self.changes.made
        for name in sorted(made):
            node = (Verb.MAKE, name)
            if name.kind in {DEFAULT, "identity"}:
                whole = ObjectName("column", name.name)
            elif name.kind == "constraint" and (column := self._not_null_column(name)):
                whole = column
            elif name.kind == "constraint" and self._fits_into_a_table(name):
                whole = ObjectName("table", parent(name.name))
            else:
                continue
            if whole in made and node not in self.leaders:
                work = made | self.changes.altered.keys()
                if not self._comes_back_to(Verb.MAKE, name, whole, self.wanted, work):
                    self._follow(node, (Verb.MAKE, whole))

    def _fits_into_a_table(self, name: ObjectName) -> bool:
        """Foreign keys wait for other tables; what is not valid would become it."""
        definition = self.wanted.items[name].body.definition
        return not definition.startswith("FOREIGN KEY") and not definition.endswith(" NOT VALID")

    def _not_null_column(self, name: ObjectName) -> ObjectName | None:
        definition = self.wanted.items[name].body.definition
        if definition.startswith("NOT NULL ") and not definition.endswith(" NOT VALID"):
            column = definition.removeprefix("NOT NULL ").removesuffix(" NO INHERIT")
            return ObjectName("column", f"{parent(name.name)}.{column}")
        return None

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
