"""From changes to statements in an order that works."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from gitmig.core.difference.clauses import commented
from gitmig.core.difference.kinds import RANKS, RULES
from gitmig.core.difference.kinds.privileges import grant_changes, initial_grants
from gitmig.core.difference.model import claims, spoken_of
from gitmig.core.difference.names import beside, last
from gitmig.core.difference.order import ordered
from gitmig.core.difference.rule import Context
from gitmig.core.difference.together import Node, Together, Verb
from gitmig.core.schema import ObjectName

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gitmig.core.difference.changes import Changes
    from gitmig.core.difference.model import Model

OLD = "_old"
# What cannot change while something that depends on it is there.
HELD_BY_DEPENDENTS = {"column", "composite type", "domain"}


class Plan:
    """The nodes of the work, what waits for what, and what is done together."""

    def __init__(
        self, found: Model, wanted: Model, changes: Changes, taken_over: Mapping[str, str] | None = None
    ) -> None:
        self.found, self.wanted, self.changes = found, wanted, changes
        self.taken_over = taken_over or {}
        self.together = Together(found, wanted, changes)
        self.after: defaultdict[Node, set[Node]] = defaultdict(set)
        self.context = self._context()
        self._wait()

    def work(self) -> list[tuple[ObjectName, str]]:
        """All statements in order, each with what it is about."""
        nodes = [node for node in self._nodes() if self.together.leader(node) == node]
        return [(node[1], text) for node in ordered(nodes, self.after, _priority) for text in self._statements(node)]

    def _nodes(self) -> Iterator[Node]:
        changes = self.changes
        yield from ((Verb.DROP, name) for name in sorted(changes.dropped - changes.retired, reverse=True))
        yield from ((Verb.RETIRE, name) for name in sorted(changes.retired))
        yield from ((Verb.DISCARD, name) for name in sorted(changes.retired))
        yield from ((Verb.MAKE, name) for name in sorted(changes.made | changes.altered.keys()))

    def _context(self) -> Context:
        merged: defaultdict[ObjectName, list[ObjectName]] = defaultdict(list)
        for node, leader in self.together.pairs():
            if node[0] is Verb.MAKE:
                merged[leader[1]].append(node[1])
        together = frozenset(name for names in merged.values() for name in names)
        retired = frozenset(name.name for name in self.changes.retired)
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
        self._wait_for_names()
        for new, old in self.taken_over.items():
            self._add((Verb.DROP, ObjectName("table", old)), (Verb.MAKE, ObjectName("table", new)))

    def _add(self, node: Node, *others: Node) -> None:
        leader = self.together.leader(node)
        self.after[leader] |= {other for other in map(self.together.leader, others) if other != leader}

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

    # Statements

    def _statements(self, node: Node) -> Iterator[str]:
        verb, name = node
        if verb is Verb.DROP:
            yield from RULES[name.kind].drop(name.name, self.found.items[name].body, self.context)
        elif verb is Verb.RETIRE:
            kind = "DOMAIN" if name.kind == "domain" else "TYPE"
            yield f"ALTER {kind} {name.name} RENAME TO {last(beside(name.name, OLD))}"
        elif verb is Verb.DISCARD:
            yield f"DROP {'DOMAIN' if name.kind == 'domain' else 'TYPE'} {beside(name.name, OLD)}"
        elif name in self.changes.altered:
            yield from self.changes.altered[name]
        else:
            yield from self._make(name)

    def _make(self, name: ObjectName) -> Iterator[str]:
        yield from RULES[name.kind].create(name.name, self.wanted.items[name].body, self.context)
        for one in (name, *self.context.merged.get(name, ())):
            item, rule = self.wanted.items[one], RULES[one.kind]
            yield from rule.settings(one.name, item.body, self.context)
            told = spoken_of(one, item)
            initial = initial_grants(told.kind, told.name, item.grants, self.context)
            yield from grant_changes(told.kind, told.name, initial, item.grants)
            if item.comment is not None and one.kind != "extension":
                yield commented(RULES[told.kind].subject(told.name), item.comment)


def _priority(node: Node) -> tuple[int, int]:
    verb, name = node
    rank = RANKS[name.kind]
    return (verb, -rank) if verb is Verb.DROP else (Verb.RETIRE, rank)
